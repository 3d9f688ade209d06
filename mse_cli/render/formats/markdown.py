"""Markdown tables, as GitHub and most others read them."""

from __future__ import annotations

from collections.abc import Sequence

from mse_cli.core.blocks import Floats
from mse_cli.core.result import Excerpt, Result
from mse_cli.render.formats.table import (
    ELLIPSIS,
    VERTICAL,
    TableOptions,
    gradient_title,
    heading,
    se_title,
    summary_rows,
    worst_rows,
)
from mse_cli.render.numbers import exact, middle_left_out, short


def render_markdown(result: Result, files: Sequence[str], excerpt: Excerpt | None, options: TableOptions) -> str:
    """The same as the tables of the terminal: summary, SE with its sums, gradient."""
    parts = [_table(["quantity", "value"], [list(row[:2]) for row in summary_rows(result, files, options)])]
    if result.worst is not None:
        titles, rows = worst_rows(result)
        parts.append("**worst cells**\n\n" + _table(titles, rows))
    if excerpt is not None:
        parts.append(se_markdown(result, excerpt, options))
        parts.append(gradient_markdown(result, excerpt, options))
    return "\n".join(parts)


def se_markdown(result: Result, excerpt: Excerpt, options: TableOptions) -> str:
    """SE with the sums of its rows and columns and, in the corner, SSE."""
    return _matrix(se_title(result), result, excerpt, excerpt.squared_error, options, sums=True)


def gradient_markdown(result: Result, excerpt: Excerpt, options: TableOptions) -> str:
    """The gradient of the loss by each cell of the prediction."""
    return _matrix(gradient_title(result), result, excerpt, excerpt.gradient, options, sums=False)


def _matrix(title: str, result: Result, excerpt: Excerpt, cells: Floats, options: TableOptions, *, sums: bool) -> str:
    shown, before = middle_left_out(len(result.columns), options.columns(result))
    gap = len(shown) < len(result.columns)

    def spaced(texts: list[str], last: str) -> list[str]:
        return [*texts[:before], *([ELLIPSIS] if gap else []), *texts[before:], *([last] if sums else [])]

    rows = []
    for i, row in enumerate(excerpt.rows):
        if i and row != excerpt.rows[i - 1] + 1:
            rows.append([VERTICAL] * (1 + len(shown) + gap + sums))
        texts = [short(cell, options.digits) for cell in cells[i, shown].tolist()]
        rows.append([str(row + 1), *spaced(texts, short(excerpt.row_sums[i], options.digits))])
    if sums:
        totals = [short(result.columns[j].sse, options.digits) for j in shown]
        rows.append(["sum", *spaced(totals, exact(result.sse))])
    return f"**{title}**\n\n" + _table(["row", *spaced([heading(result, j) for j in shown], "sum")], rows)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]
    return "".join("| " + " | ".join(map(_escaped, line)) + " |\n" for line in lines)


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in text)
