"""A report for the terminal: how good and where bad on one screen, what is worst below it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mse_cli.core.result import Result, WorstCell
from mse_cli.core.tallies.pictures.bins import Counts
from mse_cli.errors import counted, printable
from mse_cli.render.files.destination import STANDARD_OUTPUT
from mse_cli.render.number_text import exact, short
from mse_cli.render.report.characters import ASCII, BLOCKS, CHARACTERS, Shapes, bar, shaded
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.screen import Screen
from mse_cli.render.screens.size import Size, size_of
from mse_cli.render.summary import column_label
from mse_cli.running.report.report import Detail, Report, share_of

MOST_COLUMNS = 1
WIDEST, SIDE_BY_SIDE = 120, 72  # columns of pictures; from which two stand beside each other
LONGEST_NAME, GAP = 24, 2
AROUND, AROUND_SHARES = 10, 13  # lines of everything but the pictures; with the columns' shares
FEWEST_LINES, MOST_LINES, FRAME = 11, 28, 4  # of pictures; of what stands around a density
FEWEST_SHARES, MOST_SHARES = 2, 12
PIPE = Size(100, 36)
TITLES = ("worst row", "column", "prediction", "target", "error", "share")


def detail_for(n_columns: int) -> Detail:
    """As many bins as a picture on standard output has room for."""
    size = _size(sys.stdout)
    lines, width = _lines(size, n_columns), _panel(min(size.columns, WIDEST))
    return Detail(errors=lines - 3, values=max(8, min(width - 9, 4 * (lines - FRAME))))


def write(report: Report, path: str | None, color: ColorChoice) -> bytes:
    """As standard output, or a file, can show it."""
    stream = sys.stdout if path in STANDARD_OUTPUT else None
    screen = Screen(stream, color, CHARACTERS)
    return render_report(report, screen, _size(stream)).encode(screen.encoding, "backslashreplace")


def _size(stream: TextIO | None) -> Size:
    return size_of(stream) if stream is not None and stream.isatty() else PIPE


def _lines(size: Size, n_columns: int) -> int:
    """How many lines the pictures have, so that all else fits below them."""
    return max(FEWEST_LINES, min(MOST_LINES, size.lines - (AROUND_SHARES if n_columns > 1 else AROUND)))


def _panel(width: int) -> int:
    return (width - GAP) // 2 if width >= SIDE_BY_SIDE else width


def render_report(report: Report, screen: Screen, size: Size) -> str:
    """The summary, the pictures of one column, the columns' shares of SSE, the worst cells."""
    result, width = report.result, min(size.columns, WIDEST)
    shapes = ASCII if screen.ascii else BLOCKS
    text = screen.draw(_summary(report, screen, width), Text(), _pictures(report, screen, shapes, width, size))
    worst = result.worst or ()
    left = size.lines - 1 - text.count("\n") - 1  # of the prompt, and the worst cells' titles
    if len(result.columns) > 1:
        left -= 2  # the shares' title, and what is left out
        most = max(FEWEST_SHARES, min(MOST_SHARES, left - min(len(worst), left // 2)))
        shares = screen.draw(_shares(report, screen, shapes, width, most))
        text, left = text + shares, left - shares.count("\n") + 2
    return text + screen.draw(_worst(worst[: max(1, left)], screen, narrow=width < SIDE_BY_SIDE))


def _summary(report: Report, screen: Screen, width: int) -> Group:
    """The sides, how much was compared, and the scalars in full precision."""
    result = report.result
    used = "all" if result.cells_used == result.cells_total else f"{result.cells_used} of {result.cells_total}"
    facts = [screen.text(f"{result.shape[0]} × {result.shape[1]}, {used} cells used")]
    facts += [screen.text(f"{it.label} ") + screen.text(exact(it.value), "bold") for it in result.scalars()]
    lines = [screen.text(" against ".join(printable(name) for name in report.files), "bold"), Text()]
    for fact in facts:
        if lines[-1] and len(lines[-1]) + 3 + len(fact) > width:
            lines.append(Text())
        lines[-1] += Text("   " if lines[-1] else "") + fact
    return Group(*lines)


def _pictures(report: Report, screen: Screen, shapes: Shapes, width: int, size: Size) -> RenderableType:
    """The histogram of errors and the density, beside each other where there is room."""
    counts, panel = report.pictures[0], _panel(width)
    name = _name(report.result, counts.plan.column)
    lines = _lines(size, len(report.result.columns))
    panels = (_histogram(counts, name, screen, shapes, panel), _density(counts, screen, shapes, panel, lines))
    if panel == width:
        return Group(panels[0], Text(), panels[1])
    row = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
    row.add_column(width=panel)
    row.add_column()
    row.add_row(*panels)
    return row


def _name(result: Result, column: int) -> str:
    """What a picture's title says of its column, shortened; nothing if there is only one."""
    if len(result.columns) == 1 and result.columns[0].name is None:
        return ""
    return " of " + shortened(column_label(result, column))


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """A name that leaves room for others."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _histogram(counts: Counts, name: str, screen: Screen, shapes: Shapes, width: int) -> Group:
    """A bar for each bin of errors, named by its lower edge; what lies outside is counted."""
    edges, numbers = counts.plan.errors.edges.tolist(), counts.errors.tolist()
    labels = [exact(edge) for edge in edges[:-1]]
    rows = list(zip(labels, numbers[1:-1], strict=True))
    if numbers[0]:
        rows.insert(0, (f"< {labels[0]}", numbers[0]))
    if numbers[-1]:
        rows.append((f"> {exact(edges[-1])}", numbers[-1]))
    margin, digits = max(len(label) for label, _ in rows), max(len(str(count)) for _, count in rows)
    room, most = max(1, width - margin - digits - 3), max(max(numbers), 1)
    lines = [screen.text(f"errors (A − Y){name}", "bold")]
    for label, count in rows:
        drawn = f"{bar(count / most, room, shapes)} {count}"
        lines.append(Text.assemble(screen.text(f"{label:>{margin}} {shapes.side}", "dim"), screen.text(drawn, "cyan")))
    if counts.no_number:
        lines.append(screen.text(f"{counted(counts.no_number, 'error')} NaN", "dim"))
    return Group(*lines)


def _density(counts: Counts, screen: Screen, shapes: Shapes, width: int, lines: int) -> Group:
    """Predicted (upwards) against actual (to the right), darker where more cells are, with the diagonal."""
    inside = counts.density[1:-1, 1:-1]
    edges = [exact(edge) for edge in counts.plan.values.edges.tolist()]
    picture = shaded(inside, lines - FRAME, shapes)
    margin = min(max(len(edges[0]), len(edges[-1])), width // 3)
    each = max(1, min(2, (width - margin - 1) // len(inside)))
    labels = [edges[-1], *[""] * (len(picture.lines) - 2), edges[0]]
    drawn = [screen.text("predicted against actual", "bold")]
    for label, line in zip(labels, picture.lines, strict=False):
        wide = "".join(character * each for character in line)
        cells = screen.text(wide, "cyan")
        cells.highlight_regex(f"{shapes.diagonal}+", "magenta")
        drawn.append(Text.assemble(screen.text(f"{label:>{margin}}{shapes.side}", "dim"), cells))
    span = len(inside) * each
    drawn.append(screen.text(" " * margin + shapes.corner + shapes.floor * span, "dim"))
    drawn.append(screen.text(" " * (margin + 1) + edges[0] + edges[-1].rjust(max(1, span - len(edges[0]))), "dim"))
    drawn.append(screen.text(_legend(counts, picture.steps), "dim"))
    return Group(*drawn)


def _legend(counts: Counts, steps: dict[str, int]) -> str:
    total, inside = int(counts.density.sum()), int(counts.density[1:-1, 1:-1].sum())
    shades = "  ".join(f"{ink} {least}+" for ink, least in steps.items()) if inside else ""
    return shades + (f"  {total - inside} outside" if total > inside else "")


def _shares(report: Report, screen: Screen, shapes: Shapes, width: int, most: int) -> Group:
    """The columns with the largest parts of SSE, each with a bar and its MSE."""
    result, ranked = report.result, report.ranked()
    shown = ranked[:most] if len(ranked) > most + 1 else ranked
    table = Table.grid(padding=(0, GAP, 0, 0))
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(overflow="fold")
    for j in shown:
        share = share_of(result, j)
        numbers = "  ".join(f"{it.label} {short(it.value, 6)}" for it in result.columns[j].scalars() if it.label)
        drawn = bar(0.0 if math.isnan(share) else share, width // 4, shapes)
        table.add_row(
            screen.text(shortened(column_label(result, j))),
            screen.text(percent(share)),
            screen.text(drawn.ljust(width // 4), "cyan"),
            screen.text(numbers),
        )
    lines: list[RenderableType] = [screen.text("share of SSE", "bold"), table]
    if len(shown) < len(ranked):
        rest = math.fsum(share_of(result, j) for j in ranked[len(shown) :])
        lines.append(screen.text(f"{counted(len(ranked) - len(shown), 'more column')}: {percent(rest)}", "dim"))
    return Group(*lines)


def percent(share: float) -> str:
    """A part of the whole.

    >>> percent(0.98765), percent(1e-7), percent(float("nan"))
    ('98.8 %', '<0.1 %', '–')
    """
    if math.isnan(share):
        return "–"
    return "<0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _worst(cells: Sequence[WorstCell], screen: Screen, *, narrow: bool) -> Table:
    """The worst cells; their numbers to a few digits, so that they stand beside each other."""
    digits, longest, gap = (5, LONGEST_NAME // 2, 1) if narrow else (8, LONGEST_NAME, GAP)
    table = Table.grid(padding=(0, gap, 0, 0))
    for _ in TITLES:
        table.add_column(justify="right", overflow="fold")
    table.add_row(*(screen.text(title, "bold") for title in TITLES))
    for cell in cells:
        numbers = [short(x, digits) for x in (cell.prediction, cell.target, cell.error)]
        name = shortened(printable(cell.name) if cell.name else str(cell.column), longest)
        table.add_row(*map(screen.text, (str(cell.row), name, *numbers, percent(cell.share))))
    return table
