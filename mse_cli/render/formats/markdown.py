"""Markdown tables, as GitHub and most others read them."""

from __future__ import annotations

from collections.abc import Sequence

from mse_cli.core.blocks import Floats
from mse_cli.core.result import Excerpt, Result
from mse_cli.render.formats.table import (
    ELLIPSIS,
    VERTICAL,
    columns_shown,
    gradient_title,
    heading,
    se_title,
    summary_rows,
    worst_rows,
)
from mse_cli.render.number_text import exact, middle_left_out, short
from mse_cli.render.printing import Job, Printout
from mse_cli.render.screens.characters import shown_in
from mse_cli.running.evaluation import MatrixName


def whole(job: Job) -> list[str]:
    """The summary and, if rows were kept, the matrices."""
    text = render_markdown(job.evaluation.result, job.files, job.evaluation.excerpt(), job.printout)
    return [shown_in(text, job.printout.encoding)]


def scalar(key: str, value: float) -> str:
    """A number alone, as a table of one cell."""
    return f"| {key} |\n| ---: |\n| {exact(value)} |\n"


def matrix(job: Job, name: MatrixName) -> list[str]:
    """A matrix alone, as much of it as is shown."""
    excerpt = job.evaluation.excerpt()
    assert excerpt is not None
    write = se_markdown if name == "se" else gradient_markdown
    return [shown_in(write(job.evaluation.result, excerpt, job.printout), job.printout.encoding)]


def render_markdown(result: Result, files: Sequence[str], excerpt: Excerpt | None, printout: Printout) -> str:
    """The same as the tables of the terminal: summary, SE with its sums, gradient."""
    parts = [_table(["quantity", "value"], [list(row[:2]) for row in summary_rows(result, files, printout)])]
    if result.worst is not None:
        titles, rows = worst_rows(result)
        parts.append("**worst cells**\n\n" + _table(titles, rows))
    if excerpt is not None:
        parts.append(se_markdown(result, excerpt, printout))
        parts.append(gradient_markdown(result, excerpt, printout))
    return "\n".join(parts)


def se_markdown(result: Result, excerpt: Excerpt, printout: Printout) -> str:
    """SE with the sums of its rows and columns and, in the corner, SSE."""
    return _matrix(se_title(result), result, excerpt, excerpt.squared_error, printout, sums=True)


def gradient_markdown(result: Result, excerpt: Excerpt, printout: Printout) -> str:
    """The gradient of the loss by each cell of the prediction."""
    return _matrix(gradient_title(result), result, excerpt, excerpt.gradient, printout, sums=False)


def _matrix(title: str, result: Result, excerpt: Excerpt, cells: Floats, printout: Printout, *, sums: bool) -> str:
    shown, before = middle_left_out(len(result.columns), columns_shown(result, printout))
    gap = len(shown) < len(result.columns)

    def spaced(texts: list[str], last: str) -> list[str]:
        return [*texts[:before], *([ELLIPSIS] if gap else []), *texts[before:], *([last] if sums else [])]

    rows = []
    for i, row in enumerate(excerpt.rows):
        if i and row != excerpt.rows[i - 1] + 1:
            rows.append([VERTICAL] * (1 + len(shown) + gap + sums))
        texts = [short(cell, printout.digits) for cell in cells[i, shown].tolist()]
        rows.append([str(row + 1), *spaced(texts, short(excerpt.row_sums[i], printout.digits))])
    if sums:
        totals = [short(result.columns[j].sse, printout.digits) for j in shown]
        rows.append(["sum", *spaced(totals, exact(result.sse))])
    return f"**{title}**\n\n" + _table(["row", *spaced([heading(result, j) for j in shown], "sum")], rows)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]
    return "".join("| " + " | ".join(map(_escaped, line)) + " |\n" for line in lines)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in text)
