"""What separates the cells of a text file, and what its decimal sign is, from its first rows."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.text.cells.grammar import DIGITS, NUMBER, PADDING, kind
from mse_cli.readers.text.cells.quoting import split_record
from mse_cli.readers.text.look.head import Row
from mse_cli.readers.text.mistakes import ONE_GROUP, OTHER_SIGNS

DELIMITERS = (",", ";", "\t", "|", " ")
SAMPLE = 100  # rows that the delimiter is found from
INTEGERS = re.compile(r"[ \t]*[+-]?[0-9]+[ \t]*,[ \t]*([0-9]+)[ \t]*")  # two in a row, or one decimal
DECIMALS = re.compile(r"[ \t]*[+-]?[0-9]*,[0-9]+[ \t]*")
BLANKS_HINT = "--delimiter space takes any run of tabs and spaces for one delimiter"


class Delimiter(NamedTuple):
    """What separates the cells, and whether tabs are taken for spaces."""

    sign: str
    blanks: bool = False


SUPERFLUOUS = re.compile(rb"(?m)^[ \t]*[+-]?[0-9]+[ \t]*,[ \t]*0[0-9]+[ \t]*$")


def find_delimiter(rows: list[Row], decimal: str = "auto", na: tuple[str, ...] = ()) -> Delimiter:
    r"""The delimiter under which most cells are numbers; a comma if there is one column.

    Raises:
        ParseError: if two do equally well, or tabs and spaces are mixed.

    >>> [find_delimiter([Row(1, a), Row(2, b)]).sign for a, b in [("a;b", "1;2"), ("1.5,\t-2", "2,3"), ("my x", "1")]]
    [';', ',', ',']
    """
    texts = [row.text for row in rows[:SAMPLE]]
    data = "\n".join(row.strip() for row in texts[1:] or texts)
    scores = {
        delimiter: _score(texts, delimiter, decimal, na)
        for delimiter in DELIMITERS
        if delimiter != decimal and delimiter in data
    }
    if not scores:  # a delimiter in the header alone is one: its rows are cut short
        of_header = [sign for sign in DELIMITERS if sign in texts[0] and sign not in (" ", decimal)]
        return Delimiter(of_header[0] if of_header else "," if decimal != "," else ";")
    best = max(scores.values())
    fits = best.like_the_rows and best.one_width and best.numbers == 1
    if not fits and _are_runs_of_blanks(rows[:SAMPLE]):
        return Delimiter(" ", blanks=True)
    winners = [delimiter for delimiter, score in scores.items() if score == best]
    if winners == [" "] and best.numbers < 1:  # words with spaces between, as in Jan 1 2000?
        winners += [sign for sign, score in scores.items() if sign != " " and score.one_width and score.in_first]
    elif " " in winners and len(winners) > 1:
        winners.remove(" ")  # spaces beside a delimiter that fits as well are padding
    if len(winners) > 1 and best.numbers > 0:
        raise ParseError(
            f"the cells could be separated by {' or '.join(map(quote, winners))}", hint="choose with --delimiter"
        )
    return Delimiter(winners[0])


class Score(NamedTuple):
    """How well a delimiter fits; the first of these that differs between two decides.

    Attributes:
        like_the_rows: Whether the first row has as many cells as most others.
        numbers: The share of the other rows' cells that are numbers (with either decimal sign) or missing.
        one_width: Whether all rows have as many cells.
        foreign: Minus how many cells that are no numbers hold another delimiter.
        in_first: Whether the first row has the delimiter.
    """

    like_the_rows: bool
    numbers: float
    one_width: bool
    foreign: int
    in_first: bool


def _score(rows: list[str], delimiter: str, decimal: str, na: tuple[str, ...]) -> Score:
    split = [_split_or_whole(row, delimiter) for row in rows]
    n_cells = sum(map(len, split[1:] or split))
    plain = _of_numbers(delimiter, "." if decimal == "auto" else decimal).fullmatch
    odd = [cells for row, cells in zip(rows, split, strict=True) if not plain(row)]  # few, in most files
    first_is_odd = len(split) > 1 and not plain(rows[0])
    texts = [cell for cells in odd[first_is_odd:] for cell in cells if not _fits(cell, decimal, na)]
    widths = [len(row) for row in split]
    below = widths[1:] or widths
    usual = max(set(below), key=lambda width: (below.count(width), width))
    trails = usual > 1 and widths[0] == usual - 1 and all(not row[-1].strip() for row in split[1:])
    return Score(
        widths[0] == usual or trails,
        1 - len(texts) / n_cells,
        len(set(widths)) == 1,
        -sum(any(sign in cell for sign in DELIMITERS[:-1]) for cell in texts),
        widths[0] > 1,
    )


@functools.cache
def _of_numbers(delimiter: str, decimal: str) -> re.Pattern[str]:
    """A row of plain numbers: each of its cells is one, without a look at any."""
    number = DIGITS.format(point=re.escape(decimal))
    if delimiter == " ":
        return re.compile(f" *+{number}(?: ++{number})* *+")
    return re.compile(f" *+{number} *+(?:{re.escape(delimiter)} *+{number} *+)*")


def _fits(cell: str, decimal: str, na: tuple[str, ...]) -> bool:
    return kind(cell, "." if decimal == "auto" else decimal, na) != "text" or kind(cell, ",") == "number"


def _split_or_whole(row: str, delimiter: str) -> list[str]:
    try:
        return split_record(row, delimiter)
    except ParseError:
        return [row]


def _are_runs_of_blanks(rows: list[Row]) -> bool:
    """Whether tabs and spaces are the same: only so has every row as many cells, and most of them numbers.

    Raises:
        ParseError: if some rows have tabs alone between their cells and others spaces alone.
    """
    signs = [{"\t", " "} & set(row.text.strip()) for row in rows]
    if len(set[str]().union(*signs)) < 2 or any(sign in row.text for row in rows for sign in ';|"'):
        return False
    cells = [row.text.split() for row in rows]
    numbers = [kind(cell) != "text" or kind(cell, ",") == "number" for row in cells[1:] or cells for cell in row]
    if len({len(row) for row in cells}) != 1 or 2 * sum(numbers) < len(numbers):
        return False
    if all(" " not in cell or OTHER_SIGNS.fullmatch(cell.strip()) for row in rows for cell in row.text.split("\t")):
        return False
    for row, there in zip(rows, signs, strict=True):
        if there != signs[0]:
            raise ParseError(
                "tabs and spaces are mixed: some rows have one between their cells, some the other",
                Place(line=row.line),
                hint=BLANKS_HINT,
            )
    return len(signs[0]) == 2


def find_decimal(cells: Iterable[str]) -> str:
    """The decimal sign of cells that no comma separates: a comma, if some cell can only be read so.

    >>> [find_decimal(cells) for cells in (["0,5", "1"], ["1,234"], ["0,500"], ["1.5"])]
    [',', '.', ',', '.']
    """
    commas = [cell for cell in cells if "," in cell and NUMBER[","].fullmatch(cell.strip(PADDING))]
    return "," if any(not ONE_GROUP["."].fullmatch(cell.strip(PADDING)) for cell in commas) else "."


def refuse_decimals_as_integers(rows: list[Row]) -> bool:
    """Whether all rows are two integers, so that each may be one number with a decimal comma.

    Raises:
        ParseError: if the second of one begins with a 0 that an integer does not need.

    >>> refuse_decimals_as_integers([Row(1, "1,5"), Row(2, "2,50")])
    True
    """
    odd = None
    for row in rows:
        found = INTEGERS.fullmatch(row.text)
        if not found:
            return False
        if odd is None and len(found[1]) > 1 and found[1][0] == "0":
            odd = row
    if odd is not None:
        raise _one_or_two(rows, odd, "two integers")
    return True


def refuse_later_decimals(data: bytes, first_line: int) -> None:
    """The same of later rows, of which only those are looked at that settle it.

    Raises:
        ParseError: with the line.
    """
    found = SUPERFLUOUS.search(data)
    if found is not None:
        row = Row(first_line + data.count(b"\n", 0, found.start()), found[0].decode())
        raise _one_or_two([row], row, "two integers")


def _one_or_two(rows: list[Row], row: Row, other: str) -> ParseError:
    """The error for a row that may be one number, with a decimal comma or, if all may be so, with thousands."""
    in_groups = all(ONE_GROUP["."].fullmatch(row.text.strip()) for row in rows)
    what, cure = ("thousands separator", "write it without one") if in_groups else ("decimal comma", "--decimal ,")
    return ParseError(
        f"{quote(row.text.strip())} is one number with a {what}, or {other}?",
        Place(line=row.line, column=2),
        hint=f"{cure} if it is one number, --delimiter , if it is two",
    )


def refuse_one_column(rows: list[Row]) -> None:
    """Refuse rows below a header of one name each of which may be one number.

    Raises:
        ParseError: at the first.

    >>> refuse_one_column([Row(2, "a,5")])
    """
    if all(DECIMALS.fullmatch(row.text) for row in rows):
        raise _one_or_two(rows, rows[0], "two cells below a header of one")
