"""Tables for a notebook, which has no style sheet of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], n_texts: int = 1) -> str:
    """Texts below their titles, if there are any; what follows the first columns, which are text, stands at the right.

    >>> table([], [["R² of <b>", "0.5"]], n_texts=2)
    '<table><tr><td style="text-align:left">R² of &lt;b&gt;</td><td style="text-align:left">0.5</td></tr></table>'
    """
    lines = [_line("th", titles, n_texts)] if titles else []
    return "".join(["<table>", *lines, *(_line("td", row, n_texts) for row in rows), "</table>"])


def _line(tag: str, cells: Sequence[str], n_texts: int) -> str:
    sides = ("left" if k < n_texts else "right" for k in range(len(cells)))
    shown = zip(cells, sides, strict=True)
    return (
        "<tr>" + "".join(f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for cell, side in shown) + "</tr>"
    )
