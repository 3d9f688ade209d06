"""The tables of ``mse compute`` for people: SE with its sums, the gradient and, where the eye rests, the summary."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module

from rich.console import Group
from rich.table import Table

from mse_cli.core.result import Excerpt, Result
from mse_cli.render.printing import EVERYTHING, Job, OnlyListed, Printout
from mse_cli.render.screens.screen import Screen
from mse_cli.render.summary import MATRICES, Lines, Listing, Shown, lines_of, listings, shown, summary_rows
from mse_cli.running.evaluation import MatrixName

NARROWEST_COLUMN = 4  # characters: one digit, its padding and a border
LISTED_DIGITS = (12, 9, 6)  # of groups and worst cells where a line does not hold all: the first that fit
PROMPT, LINES_AROUND = 1, 13  # lines: the shell's; titles, borders and sums of both matrices


def whole(job: Job) -> Iterator[str]:
    """If rows were kept, the matrices; then the summary, which stays on the screen when the prompt comes back."""
    result, excerpt = job.evaluation.result, job.evaluation.excerpt()
    screen = _screen(job.printout)
    answers = [text for name in listings(result, 0) for text in listed(job, name)]
    answers.append(screen.draw(_summary(job, screen)))
    if excerpt is not None:
        if screen.lines is not None and job.printout.most_rows is None:
            excerpt = _lower(excerpt, screen.lines - PROMPT - sum(1 + text.count("\n") for text in answers))
        for name in MATRICES:
            yield from _drawn(job, name, excerpt, screen)
            yield "\n"
    yield "\n".join(answers)


def _lower(excerpt: Excerpt, lines: int) -> Excerpt:
    """Only so many rows of it that both matrices fit into so many lines, but two at least."""
    most = max(2, (lines - LINES_AROUND) // len(MATRICES) - 1)  # and a line that marks the gap
    without_gap = len(excerpt.rows) == 1 + excerpt.rows[-1]
    return excerpt if len(excerpt.rows) <= most + without_gap else excerpt.shortened(most)


def matrix(job: Job, name: MatrixName) -> Iterator[str]:
    """One matrix."""
    excerpt = job.evaluation.excerpt()
    assert excerpt is not None  # it was kept: the printout said how many rows
    return _drawn(job, name, excerpt, _screen(job.printout))


def _drawn(job: Job, name: MatrixName, excerpt: Excerpt, screen: Screen) -> Iterator[str]:
    """A matrix in one piece, or row by row where all of very many are asked for."""
    if job.printout.streams_rows and job.evaluation.result.shape[0] > len(excerpt.rows):
        long_table = import_module("mse_cli.render.formats.long_table")  # few tables are
        yield from long_table.pieces(job, name, excerpt, screen)
    else:
        result = job.evaluation.result
        yield screen.draw(_fitted(shown(name, result, excerpt), result, excerpt, job.printout, screen))


def listed(job: Job, name: OnlyListed) -> list[str]:
    """The groups or the worst cells; to fewer digits where a line of a terminal is too short and they tell as much."""
    screen, whole = _screen(job.printout), listings(job.evaluation.result, job.printout.rows_shown)[name]
    shown = whole
    for digits in LISTED_DIGITS:
        if screen.fits(_listing(shown, screen)):
            break
        fewer = listings(job.evaluation.result, job.printout.rows_shown, digits)[name]
        if _n_different(fewer) != _n_different(whole):
            break
        shown = fewer
    return [screen.draw(_listing(shown, screen))]


def _n_different(listing: Listing) -> list[int]:
    """How many texts are told apart, beside each other and below each other."""
    return [len(set(texts)) for texts in (*listing.rows, *zip(*listing.rows, strict=True))]


def _screen(printout: Printout) -> Screen:
    stream = sys.stdout if printout.to_standard_output else None
    return Screen(stream, printout.color, fitted=printout.most_columns != EVERYTHING)


def _summary(job: Job, screen: Screen) -> Table:
    """The scalars of a result, in full precision."""
    table = screen.table(header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in summary_rows(job.evaluation.result, job.files, job.printout.most_columns):
        table.add_row(screen.text(row.label), screen.text(row.text, "bold" if row.bold else ""))
    return table


def _listing(listing: Listing, screen: Screen) -> Group:
    """What has the largest share of SSE."""
    table = screen.table()
    for k, title in enumerate(listing.titles):
        table.add_column(screen.text(title), justify="left" if k < listing.n_texts else "right", overflow="fold")
    for row in listing.rows:
        table.add_row(*map(screen.text, row))
    return _titled(listing.title, table, screen)


def _fitted(matrix: Shown, result: Result, excerpt: Excerpt, printout: Printout, screen: Screen) -> Group:
    """The matrix with as many columns as were asked for, or as the screen is wide: no digit is cut."""
    possible = 1 + screen.console.width // NARROWEST_COLUMN
    for most in range(min(printout.most_columns, len(result.columns), possible), 0, -1):
        table = _table(lines_of(matrix, result, excerpt, printout.digits, most), screen, sums=matrix.sums)
        if screen.fits(table):
            break
    return _titled(matrix.title, table, screen)


def _table(lines: Lines, screen: Screen, *, sums: bool) -> Table:
    table = screen.table(footer=sums)
    for k, (title, total) in enumerate(zip(lines.titles, lines.sums, strict=True)):
        in_corner = sums and k == len(lines.titles) - 1
        table.add_column(
            screen.text(title),
            footer=screen.text(total, "bold" if in_corner else ""),
            justify="right",
            style="dim" if k == 0 else "cyan" if in_corner else "",
            overflow="ellipsis" if k == 0 else "fold",
        )
    for row in lines.rows:
        table.add_row(*map(screen.text, row))
    return table


def _titled(title: str, table: Table, screen: Screen) -> Group:
    return Group(screen.text(title, "bold"), table)  # a title of the table's own would wrap at its width
