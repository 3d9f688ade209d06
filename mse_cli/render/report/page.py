"""A report as one page: HTML with figures in it, nothing fetched, no script, light and dark, fit for printing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from mse_cli import __version__
from mse_cli.core.exact import Integers
from mse_cli.core.result import Scalar
from mse_cli.core.tallies.pictures.bins import Axis, Counts
from mse_cli.errors import counted, printable
from mse_cli.render.comparisons.texts import Limits, closing, detail_lines, model_lines
from mse_cli.render.lessons.html_page import page
from mse_cli.render.number_text import exact
from mse_cli.render.report.figure import DETAIL, PICTURES, Palette, inline, outside_of
from mse_cli.render.report.texts import DIGITS, model_title, percent, report_title
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.summary import by_share, column_label, listings, summary_rows
from mse_cli.running.report.report import Detail, Report, share_of

MOST_COLUMNS, MOST_MODELS, MOST_LISTED = 12, 6, 24  # with pictures; in the tables of columns and groups
# Colours that the page's own take the place of, so that pictures follow light and dark.
PALETTE = Palette(ink="#010203", line="#010204", accent="#2f74d8")
THEMED = {"#010203": "var(--ink)", "#010204": "var(--soft)"}
OWN_STYLE = """
body { max-width: 76rem; }
@media screen { html { font-size: 100%; } }
.mse { --ink: currentColor; }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem; }
.mse figure { margin: 0; min-width: 0; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
.mse figcaption, .mse details { font-size: .9rem; color: var(--soft); }
.mse details { margin: 0; padding: 0; border: 0; max-height: 20rem; overflow: auto; }
.mse summary > * { font-size: 1em; }
.mse table { font-size: .85rem; }
.mse td { overflow-wrap: anywhere; min-width: 7.5rem; } .mse th { overflow-wrap: normal; }
.mse td.number { min-width: 0; }
.mse td.number, .part { white-space: nowrap; }
.mse td.number, .mse th.number { text-align: right; font-variant-numeric: tabular-nums; }
.mse td.number, .mse th.number { padding: .45rem .6rem .45rem .3rem; }
.share { display: inline-block; height: .7em; background: #2f74d8; border-radius: .15em; }
code { overflow-wrap: anywhere; }
@media print { details:not([open]) { display: none; } * { print-color-adjust: exact; }
  h2, tr:first-child { break-after: avoid; } tr { break-inside: avoid; }
  .table { overflow: visible; } .mse table { font-size: .64rem; }
  .mse td, .mse th { padding: .15rem .25rem; min-width: 0; } .mse td.number { overflow-wrap: anywhere; }
  .mse td.number { white-space: normal; } }
"""


def detail_for(*, shares: bool) -> Detail:
    """That of the figures."""
    return DETAIL


def write(report: Report, path: str | None, color: ColorChoice) -> bytes:
    """The whole page."""
    return render_page(report).encode("utf-8")


def render_page(report: Report) -> str:
    """Summary, columns, pictures, worst cells, and how it was made."""
    title = escape(f"Report: {report_title(report)}")
    parts = [_summary(report), _comparison(report), _columns(report), _groups(report)]
    parts += [*_pictures(report), _worst(report), _made(report)]
    return page(title, "\n".join(part for part in parts if part), style=OWN_STYLE)


def _section(heading: str, *parts: str) -> str:
    return "\n".join(["<section>", f"<h2>{escape(heading)}</h2>", *parts, "</section>"])


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table of cells that are HTML; after so many columns of text come numbers."""

    def cells(tag: str, line: Sequence[str]) -> str:
        classes = ("" if k < texts else ' class="number"' for k in range(len(line)))
        return (
            "<tr>" + "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(classes, line, strict=True)) + "</tr>"
        )

    head = [cells("th", titles)] if titles else []
    return "\n".join(['<div class="table"><table>', *head, *(cells("td", row) for row in rows), "</table></div>"])


def _summary(report: Report) -> str:
    rows = summary_rows(report.result, report.files, 0 if len(report.result.columns) > 1 else 1)
    return _section("Summary", _table((), ([escape(row.label), escape(row.text)] for row in rows), texts=2))


def _comparison(report: Report) -> str:
    """The models, their columns and groups, and which can be told apart."""
    if report.comparison is None:
        return ""
    limits, n_models = Limits(DIGITS, MOST_LISTED, MOST_LISTED), len(report.comparison.models)
    tables = [model_lines(report.comparison, DIGITS), detail_lines(report.comparison, limits, n_models)]
    drawn = [_table(*_escaped(lines.titles, lines.rows)) for lines in tables if lines.rows]
    return _section(f"{n_models} models, the best first", *drawn, f"<p>{escape(closing(report.comparison))}</p>")


def _escaped(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    return [escape(title) for title in titles], [[escape(text) for text in row] for row in rows]


def _groups(report: Report) -> str:
    """The loss of each group, the largest share first."""
    found = listings(report.result, MOST_LISTED).get("groups")
    if found is None:
        return ""
    titles, rows = _escaped(found.titles, found.rows)
    for row, i in zip(rows, by_share(report.result.groups)[:MOST_LISTED], strict=False):
        row[-1] = _share(report.result.groups[i].share)
    for row in (titles, *rows):
        row.insert(found.n_texts, row.pop())  # a share stands beside the name, as with columns
    return _section("Groups", _table(titles, rows, texts=found.n_texts + 1))


def _columns(report: Report) -> str:
    """What is said of each column, those with the largest shares first."""
    result, ranked = report.result, report.ranked()
    if len(ranked) == 1:
        return ""
    labels = [it.label or it.key.upper() for it in result.columns[0].scalars()]
    rows = [
        [escape(column_label(result, j)), _share(share_of(result, j)), *_numbers(result.columns[j].scalars())]
        for j in ranked[:MOST_LISTED]
    ]
    rest = f"<p>{counted(len(ranked) - MOST_LISTED, 'more column')}.</p>" if len(ranked) > MOST_LISTED else ""
    return _section("Columns", _table(["column", "share of SSE", *map(escape, labels)], rows, texts=2), rest)


def _numbers(scalars: Iterable[Scalar]) -> list[str]:
    return [exact(scalar.value) for scalar in scalars]


def _share(share: float) -> str:
    width = 0.0 if math.isnan(share) else 6 * share
    bar = f'<span class="share" style="width:{width:.3g}rem"></span>'
    return f'<span class="part">{bar} {escape(percent(share))}</span>'


def _pictures(report: Report) -> Iterable[str]:
    """For each column that is pictured three figures, each with its numbers as text."""
    for k, (counts, model) in enumerate(report.pictures):
        name = column_label(report.result, counts.plan.column)
        if report.comparison:
            name += f", {model_title(report.comparison.models[model], counts.plan.column)}"
        figures = [_figure(counts, name, title, 3 * k + i) for i, title in enumerate(PICTURES)]
        alone = len(report.result.columns) == 1 and not report.comparison
        heading = "Pictures" if alone else f"Pictures of {name}"
        yield _section(heading, '<div class="pictures">', *figures, "</div>")
    left = len(report.result.columns) - sum(model == 0 for _, model in report.pictures)
    if left:
        yield f"<p>{counted(left, 'more column')} without pictures: --column NAME pictures one.</p>"


def _figure(counts: Counts, name: str, title: str, number: int) -> str:
    drawn = inline(counts, PICTURES[title], PALETTE, number)
    for color, themed in THEMED.items():
        drawn = drawn.replace(color, themed)
    shown, lines = _numbers_of(counts, title)
    said = f"{title}, {int(shown.sum())} cells{outside_of(shown)}"
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(f"{name}: {said}; its numbers follow")}" ', 1)
    numbers = "".join(f"<li>{line}</li>" for line in lines)
    return (
        f"<figure>{drawn}<figcaption>{said}</figcaption>"
        f"<details><summary>the numbers</summary><ul>{numbers}</ul></details></figure>"
    )


def _numbers_of(counts: Counts, title: str) -> tuple[Integers, list[str]]:
    """What a figure shows, and the same in words."""
    values, errors = counts.plan.values, counts.plan.errors
    if title == "histogram of errors":
        return counts.errors, _bins(counts.errors, errors)
    if title == "predicted against actual":
        return counts.density, _grid(counts.density, values, values, "actual", "predicted")
    return counts.spread, _grid(counts.spread, values, errors, "predicted", "error")


def _bins(counts: Integers, axis: Axis) -> list[str]:
    """Each bin that is not empty, and what lies outside."""
    return [f"{_range(axis, k)}: {count}" for k, count in enumerate(counts.tolist()) if count]


def _grid(counts: Integers, first: Axis, second: Axis, one: str, other: str) -> list[str]:
    """The bins of the second axis that are not empty, for each bin of the first."""
    return [
        f"{one} {_range(first, k)}: {other} {'; '.join(_bins(row, second))}"
        for k, row in enumerate(counts)
        if row.any()
    ]


def _range(axis: Axis, position: int) -> str:
    """The place of a position in words."""
    edges = axis.edges.tolist()
    if position == 0:
        return f"below {exact(edges[0])}"
    if position > axis.n_bins:
        return f"above {exact(edges[-1])}"
    return f"{exact(edges[position - 1])} to {exact(edges[position])}"


def _worst(report: Report) -> str:
    worst = listings(report.result, MOST_LISTED)["worst"]
    return _section("Worst cells", _table(*_escaped(worst.titles, worst.rows), texts=0))


def _made(report: Report) -> str:
    """The command, the version, and every note."""
    command = f"<p><code>{escape(report.command)}</code></p>" if report.command else ""
    notes = "".join(f"<li>{escape(printable(note))}</li>" for note in report.result.notes)
    listed = f"<ul>{notes}</ul>" if notes else ""
    return _section("How this was made", command, f"<p>mse {__version__}</p>", listed)
