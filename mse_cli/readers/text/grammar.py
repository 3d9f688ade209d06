"""What a cell of a text file means: a number, missing, infinite, or text. The one place that says so."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from typing import Literal

from mse_cli.errors import ParseError, Place, quote

Kind = Literal["number", "missing", "infinite", "text"]

DIGITS = r"[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = {point: re.compile(DIGITS.format(point=re.escape(point))) for point in ".,"}
# In any case; an empty cell is missing as well.
MISSING = frozenset(["", "na", "n/a", "#n/a", "nan", "+nan", "-nan", "null", "none", "<na>"])
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
# A line that begins so is a comment and, as likely, a row whose first cell a spreadsheet could not fill.
SPREADSHEET_ERROR = re.compile(r"#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)(?=$|[ ,;|\t])", re.IGNORECASE)
PADDING = " \t"
ANY_DELIMITER = ",;\t| "  # while it is not known which one it is
EXACT = 2.0**53  # float64 holds every integer up to here
INTEGER = re.compile(r"[+-]?[0-9]{16,}")
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1  # of 64 bits, with or without a sign


def kind(cell: str, decimal: str = ".", na: tuple[str, ...] = ()) -> Kind:
    """What a cell is, spaces and tabs around it allowed; ``na`` are further words for a missing one.

    One of them that is a number means that value, however it is written.

    >>> [kind(cell) for cell in ("1e5", " -.5 ", "NA", "", "-inf", "1_000", "٤")]
    ['number', 'number', 'missing', 'missing', 'infinite', 'text', 'text']
    >>> kind("-999.0", na=("-999",)), kind("-NaN"), kind("?", na=("?",))
    ('missing', 'missing', 'missing')
    """
    cell = cell.strip(PADDING)
    if NUMBER[decimal].fullmatch(cell):
        return "missing" if na and float(cell.replace(",", ".")) in sentinels(na, decimal) else "number"
    if cell in na or cell.lower() in MISSING:
        return "missing"
    return "infinite" if INFINITE.fullmatch(cell) else "text"


@functools.cache
def sentinels(na: tuple[str, ...], decimal: str) -> tuple[float, ...]:
    """The numbers among the words for a missing cell: what reads numbers without their text must look for them."""
    return tuple(float(word.replace(",", ".")) for word in na if NUMBER[decimal].fullmatch(word))


def number(cell: str, decimal: str = ".", na: tuple[str, ...] = ()) -> float:
    """The float64 nearest to what a cell says (as Python's ``float``); NaN where it is missing.

    Raises:
        ParseError: if it is text, or an integer of at most 64 bits that float64 does not hold.

    >>> number("1E-5"), number(" NA "), number("1e400"), number("1,5", decimal=",")
    (1e-05, nan, inf, 1.5)
    """
    what = kind(cell, decimal, na)
    if what == "missing":
        return math.nan
    if what == "text":
        raise ParseError(f"{quote(cell.strip(PADDING))} is not a number")
    value = float(cell.replace(",", "."))
    if abs(value) >= EXACT and not is_exact(cell):
        raise ParseError(
            f"float64 cannot hold the integer {cell.strip(PADDING)} exactly",
            hint="NPY and Parquet keep such integers exact; written with a decimal point it is rounded",
        )
    return value


def is_exact(cell: str) -> bool:
    """Whether float64 holds a number exactly, if it is an integer of at most 64 bits; any other one is rounded.

    >>> is_exact("9007199254740993"), is_exact("9007199254740994"), is_exact("9007199254740993.0")
    (False, True, True)
    """
    cell = cell.strip(PADDING)
    if not INTEGER.fullmatch(cell) or len(cell.lstrip("+-0")) > len(str(LARGEST_INTEGER)):
        return True
    value = int(cell)
    return not SMALLEST_INTEGER <= value <= LARGEST_INTEGER or int(float(value)) == value


def records(
    text: str, first_line: int, delimiter: str | None = None, *, comments: bool = False
) -> Iterator[tuple[int, str]]:
    """The rows of a text with their physical line: line ends inside quotes kept, comments only if they are wanted.

    Raises:
        ParseError: for a line that may be a comment or a row.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    numbered = iter(enumerate(lines, first_line))
    for line, record in numbered:
        if record.startswith("#"):
            _refuse_spreadsheet_error(record, line)
            if comments:
                yield line, record
            continue
        if '"' in record and _is_open(record, delimiter):
            record = _join_quoted(record, numbered, delimiter)
        yield line, record


def _join_quoted(record: str, numbered: Iterator[tuple[int, str]], delimiter: str | None) -> str:
    """A row with the lines that its open quote goes on in; only an odd number of quotes can close it."""
    joined = [record]
    for _, continuation in numbered:
        joined.append(continuation)
        if continuation.count('"') % 2 and not _is_open("\n".join(joined), delimiter):
            break
    return "\n".join(joined)


def _is_open(record: str, delimiter: str | None) -> bool:
    """Whether a quote that begins a cell is not closed.

    >>> [_is_open(record, ",") for record in ('"a', '5" disk,1', '5" disk,"a', '"a"",')]
    [True, False, True, True]
    """
    opening, position = _opening_quote(delimiter), 0
    while found := opening.search(record, position):
        if found["rest"] is not None:
            return True
        position = found.end()
    return False


@functools.cache
def _opening_quote(delimiter: str | None) -> re.Pattern[str]:
    """A quote that begins a cell, with all up to the one that closes it, or with the rest of the row."""
    before = re.escape(ANY_DELIMITER if delimiter is None else delimiter)
    padding = "" if delimiter == " " else "[ ]*" if delimiter == "\t" else "[ \t]*"
    return re.compile(rf'(?:\A|(?<=[{before}])){padding}"(?:[^"]|"")*+(?:"|(?P<rest>\Z))')


def _refuse_spreadsheet_error(record: str, line: int) -> None:
    found = SPREADSHEET_ERROR.match(record)
    if found:
        raise ParseError(
            f"{found[0]!r} begins the line: a comment, or a row whose first cell is missing?",
            Place(line=line, column=1),
            hint=f'put the cell in double quotes ("{found[0]}") if it is a row',
        )


def split_record(record: str, delimiter: str) -> list[str]:
    """The cells of a row, quotes taken off; a space as the delimiter means runs of spaces.

    A quote inside a cell is a character like another.

    Raises:
        ParseError: with the column of a quote that is not closed or is followed by text, or of a tab among spaces.

    >>> split_record('1, "2,5" ,"a ""b"" c",5" disk', ",")
    ['1', '2,5', 'a "b" c', '5" disk']
    >>> split_record("  1.5    -2.25", " ")
    ['1.5', '-2.25']
    """
    if delimiter == " ":
        record = record.strip(" ")
        if "\t" in record:
            column = len(re.findall(" +", record[: record.index("\t")])) + 1
            hint = "--delimiter space takes any run of tabs and spaces for one delimiter"
            raise ParseError("a tab among cells that spaces separate", Place(column=column), hint=hint)
    if '"' not in record:
        return re.split(" +", record) if delimiter == " " else record.split(delimiter)
    return _split_quoted(record, delimiter)


def _split_quoted(record: str, delimiter: str) -> list[str]:
    cell = _cell(delimiter)
    cells: list[str] = []
    position = 0
    while True:
        found = cell.match(record, position)
        if not found:
            raise ParseError("a double quote is not closed or is followed by text", Place(column=len(cells) + 1))
        quoted = found["quoted"]
        cells.append(found["bare"] if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if not found["end"]:
            return cells


@functools.cache
def _cell(delimiter: str) -> re.Pattern[str]:
    separator = " +" if delimiter == " " else re.escape(delimiter)
    padding = "" if delimiter == " " else "[ ]*" if delimiter == "\t" else "[ \t]*"
    bare = rf'(?!{padding}")(?P<bare>[^{re.escape(delimiter)}]*)'
    return re.compile(rf'(?:{padding}"(?P<quoted>(?:[^"]|"")*+)"{padding}|{bare})(?P<end>{separator}|\Z)')
