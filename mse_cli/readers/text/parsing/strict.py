"""The strict parser of text rows: each cell by the grammar, or an error at its physical line and column."""

from __future__ import annotations

import math

import numpy as np

from mse_cli.core.labels import labels_of_rows
from mse_cli.core.missing import HINT, INFINITE_HINT
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.cells.grammar import kind, number
from mse_cli.readers.text.cells.quoting import records
from mse_cli.readers.text.layout import Layout, comment_within, decode
from mse_cli.readers.text.mistakes import mistake_of, not_a_number


def parse_strictly(data: bytes, first_line: int, layout: Layout, wanted: Selection) -> tuple[Rows, int | None]:
    """Whole rows, and the line of a blank at their end.

    Raises:
        ParseError: with the physical line and the column.
    """
    text = decode(data, first_line=first_line)
    rows: list[list[float]] = []
    keys: list[str] = []
    groups: list[list[str]] = []
    blank: int | None = None
    for line, record in records(text, first_line, layout.delimiter, comments="#" in text):
        if record.startswith("#"):
            _refuse_row(record, line, layout, wanted)
            continue
        if layout.is_blank(record):
            blank = blank or (None if layout.leaves_out_blank_lines else line)
            continue
        if blank is not None:
            raise blank_line(blank)
        cells = _cells(record, line, layout, wanted)
        rows.append(_numbers(cells, line, layout, wanted))
        if wanted.key is not None:
            keys.append(cells[wanted.key].strip())
        groups.append([cells[column].strip() for column in wanted.by])
    numbers = np.array(rows, dtype=np.float64).reshape(len(rows), len(wanted.columns))
    return Rows(numbers, keys, labels=labels_of_rows(groups) if wanted.by else None), blank


def _refuse_row(comment: str, line: int, layout: Layout, wanted: Selection) -> None:
    """Refuse a comment that is as likely a row whose identifier begins with #.

    Raises:
        ParseError: with its line.
    """
    if layout.is_like_a_row(comment, wanted.columns):
        raise ParseError(
            f"{quote(comment)} is a comment, or a row that begins with #?",
            Place(line=line, column=1),
            hint="put the first cell in double quotes if it is a row; delete the line if it is a comment",
        )


def blank_line(line: int) -> ParseError:
    """The error for a blank line that rows follow."""
    hint = "delete it; a missing value in a file of one column is written NA"
    return ParseError("a blank line between rows", Place(line=line), hint=hint)


def _cells(record: str, line: int, layout: Layout, wanted: Selection) -> list[str]:
    """The cells of a row, as many as there should be."""
    if "#" in record and (column := layout.comment_in(record)) is not None:
        raise comment_within(line, column)
    try:
        cells = layout.split(record)
    except ParseError as error:
        place = layout.place(line, (error.place.column or 1) - 1)
        raise ParseError(error.message, place, hint=error.hint) from None
    if layout.trailing:
        _drop_last(cells, line, layout)
    if len(cells) == layout.width:
        return cells
    for column, cell in enumerate(cells[: layout.width]):  # a cell that tells more than the row's width
        if column in wanted.columns:
            _number(cell, layout, wanted.missing, line, column)
    raise _ragged(record, len(cells), line, layout)


def _ragged(record: str, found: int, line: int, layout: Layout) -> ParseError:
    """The error for a row of another width, or for a cell that was cut in two."""
    if layout.width == 1 and mistake_of(record, decimal=layout.decimal, delimiter=""):
        told = not_a_number(record, decimal=layout.decimal, delimiter="")
        return ParseError(told.message, layout.place(line, 0), hint=told.hint)
    verb = "more" if found > layout.width else "fewer"
    return ParseError(
        f"the row has {found} cell{'s' if found != 1 else ''}, {verb} than {layout.width}",
        layout.place(line, min(found, layout.width)),
        hint=_width_hint(found, line, layout),
    )


def _drop_last(cells: list[str], line: int, layout: Layout) -> None:
    """Take off the empty cell after the delimiter at the end of every row; without it the row may be cut short."""
    if len(cells) == layout.width + 1 and not cells[-1].strip():
        cells.pop()
    elif len(cells) == layout.width:
        hint = "every row before it ends with one; is the row cut short?"
        raise ParseError(
            "the delimiter at the end of the row is missing", layout.place(line, len(cells) - 1), hint=hint
        )


def _width_hint(found: int, line: int, layout: Layout) -> str | None:
    if line == layout.first_line and layout.names and found == layout.width + 1:
        return "if the rows begin with a name of their own, give that column a header cell"
    if layout.trailing and found == layout.width + 1:
        return "every row before it ends with a delimiter: a column that is empty at first needs a name in a header"
    return None


def _numbers(cells: list[str], line: int, layout: Layout, wanted: Selection) -> list[float]:
    for column in wanted.weights:
        _check_weight(cells[column], layout, wanted.missing, line, column)
    return [_number(cells[column], layout, wanted.missing, line, column) for column in wanted.columns]


def _check_weight(cell: str, layout: Layout, missing: Missing, line: int, column: int) -> None:
    value = _number(cell, layout, missing, line, column)
    if not 0 <= value < math.inf:
        what = "missing" if math.isnan(value) else f"{value!r}, not a finite number of at least 0"
        raise ParseError(f"the weight is {what}", layout.place(line, column))


def _number(cell: str, layout: Layout, missing: Missing, line: int, column: int) -> float:
    try:
        value = number(cell, layout.decimal, layout.na)
    except ParseError as error:
        known = kind(cell, layout.decimal) != "text"
        told = error if known else not_a_number(cell, decimal=layout.decimal, delimiter=layout.delimiter)
        raise ParseError(told.message, layout.place(line, column), hint=told.hint) from None
    if math.isfinite(value) or missing == "propagate":
        return value
    if math.isnan(value):
        if missing == "fail":
            raise ParseError("the cell is missing", layout.place(line, column), hint=HINT)
        return value
    what = "infinite" if "n" in cell.lower() else "too large for float64"
    raise ParseError(f"the cell is {what}", layout.place(line, column), hint=INFINITE_HINT)
