"""Markdown tables, as GitHub and most others read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

from mse_cli.render.number_text import exact
from mse_cli.render.printing import EVERYTHING, Job, OnlyListed
from mse_cli.render.screens.characters import shown_in
from mse_cli.render.summary import MATRICES, Listing, lines_of, listings, shown, summary_rows
from mse_cli.running.evaluation import MatrixName

BARE_LINK = re.compile(r"(?i)(?<=www)(?=\.)|(?=://)")


def whole(job: Job) -> Iterator[str]:
    """The same as the tables of the terminal: summary, SE with its sums, gradient."""
    result, printout = job.evaluation.result, job.printout
    rows = summary_rows(result, job.files, printout.most_columns)
    parts = [table(["quantity", "value"], [[row.label, row.text] for row in rows])]
    parts += map(_listing, listings(result, printout.rows_shown).values())
    yield shown_in("\n".join(parts), printout.encoding)
    for name in MATRICES if printout.edge_rows else ():
        yield "\n"
        yield from matrix(job, name)


def listed(job: Job, name: OnlyListed) -> list[str]:
    """The groups or the worst cells alone."""
    return [shown_in(_listing(listings(job.evaluation.result, EVERYTHING)[name]), job.printout.encoding)]


def _listing(listing: Listing) -> str:
    return f"**{listing.title}**\n\n" + table(listing.titles, listing.rows, listing.n_texts)


def scalar(key: str, value: float) -> str:
    """One scalar below its name."""
    return f"| {key} |\n| ---: |\n| {exact(value)} |\n"


def matrix(job: Job, name: MatrixName) -> Iterator[str]:
    """One matrix; row by row where all of very many are asked for."""
    result, excerpt, printout = job.evaluation.result, job.evaluation.excerpt(), job.printout
    assert excerpt is not None  # it was kept: the printout said how many rows
    matrix = shown(name, result, excerpt)
    lines = lines_of(matrix, result, excerpt, printout.digits, printout.most_columns)
    streams = printout.streams_rows and result.shape[0] > len(excerpt.rows)
    yield shown_in(f"**{matrix.title}**\n\n{table(lines.titles, () if streams else lines.rows)}", printout.encoding)
    if streams:
        long_table = import_module("mse_cli.render.formats.long_table")  # few tables are
        for rows in long_table.rows_of(job, name, lambda text: escaped(shown_in(text, printout.encoding))):
            yield "".join(f"| {' | '.join(row)} |\n" for row in rows)
    if matrix.sums:
        yield _line(lines.sums)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], n_texts: int = 1) -> str:
    """Texts below their titles; what follows the first columns, which are text, stands at the right."""
    n_texts = max(1, n_texts)
    return "".join(map(_line, [titles, [*["---"] * n_texts, *["---:"] * (len(titles) - n_texts)], *rows]))


def _line(texts: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, texts))} |\n"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is, and of which GitHub makes no links.

    An address of mail is looked for after backslashes are gone: only a comment, which is not shown, keeps it apart.

    >>> print(escaped("http://a.b www.a.b"), escaped("c@d.e"))
    http\://a.b www\.a.b c\@<!-- -->d.e
    """
    text = "".join("\\" + c if c in "\\`*_[]<>|#$&~@" else c for c in text).replace("\\@", "\\@<!-- -->")
    return BARE_LINK.sub(r"\\", text)
