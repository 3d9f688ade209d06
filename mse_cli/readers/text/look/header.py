"""Whether the first row of a text holds names, and which: by what the rows below show, never by a guess."""

from __future__ import annotations

import re
from typing import NamedTuple

from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.text.cells.grammar import PADDING, kind
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.mistakes import (
    UNIT,
    is_marker,
    is_number_gone_wrong,
    may_be_a_name,
    mistake_of,
    not_a_number,
)

POSITION = re.compile(r"([0-9]+)(?:-([0-9]+))?")  # how options name columns without a header
ORDINAL = re.compile(r"[0-9]+(?:st|nd|rd|th)", re.IGNORECASE)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|Q[1-4][ -]?[0-9]{4}|[0-9]{4}[ -]?Q[1-4]")
UNNAMED = re.compile(r"Unnamed: [0-9.]+")  # pandas' index, read back and written again
WORDS = 3  # of a name in a comment; more are a sentence
YES_OR_NO = "--header yes if it holds the columns' names, --header no if it is a row"
OTHER_DELIMITERS = ",;\t|"


class Table(NamedTuple):
    """The first rows of a text as cells.

    Attributes:
        lines: The physical line of each.
        cells: The cells of each.
        texts: Each as it stands.
        delimiter: What separates them.
        decimal: The decimal sign.
        na: Further words for a missing cell.
    """

    lines: list[int]
    cells: list[list[str]]
    texts: list[str]
    delimiter: str
    decimal: str
    na: tuple[str, ...]

    def kind(self, cell: str) -> str:
        """What a cell is."""
        return kind(cell, self.decimal, self.na)

    def names_rows(self) -> bool:
        """Whether the first column is text below the first row, or 0, 1, 2 …, or 1, 2, 3 …."""
        cells = [row[0].strip(PADDING) for row in self.cells[1:]]
        counts = [[str(i) for i in range(start, start + len(cells))] for start in (0, 1)]
        return cells in counts or all(self.kind(cell) == "text" for cell in cells)

    def is_numeric(self, column: int, start: int = 1) -> bool:
        """Whether most cells of a column that are not missing are numbers, from a row on."""
        kinds = [self.kind(row[column]) for row in self.cells[start:] if column < len(row)]
        there = [it for it in kinds if it != "missing"]
        return 2 * sum(it != "text" for it in there) > len(there)


def is_name(cell: str) -> bool:
    """Whether a cell that is no number is plainly a column's name, and not a number gone wrong.

    >>> [is_name(cell) for cell in ("price", "价格", "2m_wind", "1'000", "$5", "#DIV/0!", "true", "O.5")]
    [True, True, True, False, False, False, False, False]
    """
    cell = cell.strip(PADDING)
    if DATE.fullmatch(cell) or ORDINAL.fullmatch(cell):
        return True
    if cell.startswith("#") or cell.lower() in {"true", "false"} or is_number_gone_wrong(cell):
        return False
    first = next((c for c in cell if c.isalnum() or c.isnumeric()), "")
    # 2m_wind is a name, 5kg is not.
    is_word = sum(c.isalpha() for c in cell) > 1 and not mistake_of(cell, decimal=".", delimiter=",")
    return first.isalpha() or is_word


def has_header(table: Table, dialect: Dialect, *, named_above: bool) -> bool:
    """Whether the first row is a header: each column that the rows below show to be numeric has a vote.

    Raises:
        ParseError: if they disagree, or only columns of text hold names.
    """
    if dialect.header != "auto":
        return dialect.header == "yes"
    first = table.cells[0]
    if _holds_asked_name(first, dialect.asked_names):
        return True
    kinds = [table.kind(cell) for cell in first]
    if "text" not in kinds:
        _refuse_default_names(table)
        return False
    plain = (it == "text" and is_name(cell) and not is_marker(cell) for it, cell in zip(kinds, first, strict=True))
    if not named_above and all(plain):
        return True  # whichever column has a vote
    numeric = [i for i in range(len(first)) if table.is_numeric(i)]
    voting = [i for i in numeric if first[i].strip(PADDING)]
    names = [i for i in voting if kinds[i] == "text"]
    others = [i for i in voting if kinds[i] != "text"]
    if named_above and not names:
        return False
    if not numeric:
        names = [i for i, it in enumerate(kinds) if it == "text"]
        others = [i for i, it in enumerate(kinds) if it != "text" and first[i].strip(PADDING)]
    if names and not others:
        if not any(is_name(first[i]) and not is_marker(first[i]) for i in voting):
            _refuse_what_is_no_name(table, names)
        return True
    raise _disagreement(table, names or [kinds.index("text")])


def _holds_asked_name(first: list[str], asked: frozenset[str]) -> bool:
    """Whether an option uses a name that the first row holds, and that is not the number of a column."""
    return any(cell in asked and not _is_position(cell, len(first)) for cell in map(str.strip, first))


def _is_position(text: str, width: int) -> bool:
    found = POSITION.fullmatch(text)
    return found is not None and len(found[0]) < 20 and int(found[2] or found[1]) <= width


def _refuse_what_is_no_name(table: Table, names: list[int]) -> None:
    """Refuse a first row that would be a header if its cells were names.

    Raises:
        ParseError: if one of them is a number gone wrong, or all may mark missing values.
    """
    first = table.cells[0]
    odd = [column for column in names if not is_name(first[column])]
    if len(odd) > 1 and all(may_be_a_name(first[column]) for column in odd):
        error = _odd_cell(table, odd[0])
        raise ParseError(error.message, error.place, hint=f"{error.hint}; --header yes if the first row holds names")
    for column in odd:
        if mistake_of(first[column], decimal=table.decimal, delimiter=table.delimiter) or first[column].startswith("#"):
            raise _odd_cell(table, column)
    if len(table.cells) > 1 and all(is_marker(first[column]) for column in names):
        word = first[names[0]].strip(PADDING)
        raise ParseError(
            f"{quote(word)} names the column, or marks a missing value?",
            Place(line=table.lines[0], column=names[0] + 1),
            hint=f"--header yes if it is a name, --na {word} if it marks a missing value",
        )


def _odd_cell(table: Table, column: int) -> ParseError:
    """The error for a cell of the first row that is neither a number nor a name."""
    cell, place = table.cells[0][column], Place(line=table.lines[0], column=column + 1)
    mistake = mistake_of(cell, decimal=table.decimal, delimiter=table.delimiter)
    if mistake and mistake.what != UNIT:
        error = not_a_number(cell, decimal=table.decimal, delimiter=table.delimiter)
        return ParseError(error.message, place, hint=error.hint)
    what = f"{quote(cell.strip(PADDING))} is neither a number nor plainly a column's name"
    return ParseError(what, place, hint=YES_OR_NO)


def _disagreement(table: Table, names: list[int]) -> ParseError:
    """The error for a first row that may be a header and may be a row."""
    for column in names:
        if not is_name(table.cells[0][column]):
            return _odd_cell(table, column)
    return ParseError(
        f"the first row, {quote(table.texts[0].strip())}, is a header or a row?",
        Place(line=table.lines[0], column=names[0] + 1),
        hint=YES_OR_NO,
    )


def is_default_names(first: list[str]) -> bool:
    """Whether a row is 0, 1, 2 …, perhaps behind an empty cell: what pandas calls columns without names.

    >>> is_default_names(["0", "1"]), is_default_names(["", "0"]), is_default_names(["1", "2"])
    (True, True, False)
    """
    names = [cell.strip(PADDING) for cell in first]
    names = names[1:] if len(names) > 1 and not names[0] else names
    return names == [str(i) for i in range(len(names))]


def _refuse_default_names(table: Table) -> None:
    """Refuse a first row of 0, 1, 2 … over numbers that are no integers, unless it is one column alone."""
    first, below = table.cells[0], table.cells[1:]
    if not below or not is_default_names(first):
        return
    is_index = not first[0].strip(PADDING) and table.names_rows()
    if is_index or (len(first) > 1 and holds_fractions(table)):
        raise ParseError(
            f"the first row, {quote(table.texts[0].strip())}, holds the names that pandas gives, or is a row?",
            Place(line=table.lines[0]),
            hint=YES_OR_NO,
        )


def holds_fractions(table: Table) -> bool:
    """Whether a number below the first row is no integer."""
    cells = (cell for row in table.cells[1:] for cell in row)
    return any(table.kind(cell) == "number" and not cell.strip(PADDING).lstrip("+-").isdecimal() for cell in cells)


def is_of_write_table(table: Table) -> bool:
    """Whether the header is one cell shorter than every row, as R's ``write.table`` writes it."""
    first, below = table.cells[0], table.cells[1:]
    if not below or any(len(row) != len(first) + 1 for row in below) or not below[0][-1].strip(PADDING):
        return False
    if not all(cell.strip(PADDING) and is_name(cell) for cell in first):
        return False
    if any(sign in cell for cell in first for sign in OTHER_DELIMITERS):
        return False
    if '"' not in table.texts[0] and len(table.texts[0].split()) == len(first) + 1:
        return False  # spaces in the header, tabs in the rows
    if all(text.lstrip().startswith('"') and not text.rstrip().endswith('"') for text in table.texts[1:]):
        return True
    return len(below) > 1 and table.names_rows() and below[0][0].strip(PADDING) != "0"


def names_in(comment: list[str], width: int) -> tuple[str, ...] | None:
    """The names that a comment's cells give to so many columns, ``None`` if it is a sentence.

    >>> names_in(["price", "rooms"], 2), names_in(["made by model 7", "run 3"], 2)
    (('price', 'rooms'), None)
    """
    names = tuple(name.strip() for name in comment)
    words = WORDS if width > 1 else 1
    named = all(kind(name) == "text" and is_name(name) and len(name.split()) <= words for name in names)
    return names if len(names) == width == len(set(names)) and named else None


def row_names(names: tuple[str, ...]) -> int:
    """How many columns at the left are an index that pandas or R wrote.

    >>> row_names(("", "Unnamed: 0", "y")), row_names(("y", "")), row_names(("",))
    (2, 0, 0)
    """
    count = 0
    while count < len(names) - 1 and (not names[count] or UNNAMED.fullmatch(names[count])):
        count += 1
    return count


def refuse_second_header(table: Table, start: int) -> None:
    """Refuse a row below the header that holds no number, where the rows below it do: units, or more names.

    Raises:
        ParseError: with its line.
    """
    if len(table.cells) <= start + 1:
        return
    row = table.cells[start]
    if any(table.kind(cell) == "number" for cell in row):
        return
    numeric = [i for i in range(len(row)) if table.is_numeric(i, start + 1)]
    texts = [i for i in numeric if table.kind(row[i]) == "text"]
    if texts and all(is_name(row[i]) and not is_marker(row[i]) for i in texts):
        raise ParseError(
            f"{quote(row[texts[0]].strip(PADDING))} is not a number: a row of units, or a second line of names?",
            Place(line=table.lines[start], column=texts[0] + 1),
            hint=f"if it is one, delete line {table.lines[start]}",
        )
