"""What a cell of a text file means: a number, missing, infinite, or text. The one place that says so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Literal

from mse_cli.errors import ParseError, Place, quote

Kind = Literal["number", "missing", "infinite", "text"]

DIGITS = r"[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = {point: re.compile(DIGITS.format(point=re.escape(point))) for point in ".,"}
MISSING = frozenset(["", "NA", "N/A", "#N/A", "n/a", "NaN", "nan", "null", "NULL", "None"])
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
# A line that begins so is a comment and, as likely, a row whose first cell a spreadsheet could not fill.
SPREADSHEET_ERROR = re.compile(r"#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)(?=$|[ ,;|\t])")
PADDING = " \t"


def kind(cell: str, decimal: str = ".") -> Kind:
    """What a cell is, spaces and tabs around it allowed.

    >>> [kind(cell) for cell in ("1e5", " -.5 ", "NA", "", "-inf", "1_000", "٤")]
    ['number', 'number', 'missing', 'missing', 'infinite', 'text', 'text']
    """
    cell = cell.strip(PADDING)
    if NUMBER[decimal].fullmatch(cell):
        return "number"
    if cell in MISSING:
        return "missing"
    return "infinite" if INFINITE.fullmatch(cell) else "text"


def number(cell: str, decimal: str = ".") -> float:
    """The float64 nearest to what a cell says (as Python's ``float``); NaN where it is missing.

    Raises:
        ParseError: if it is text.

    >>> number("1E-5"), number(" NA "), number("1e400"), number("1,5", decimal=",")
    (1e-05, nan, inf, 1.5)
    """
    what = kind(cell, decimal)
    if what == "missing":
        return math.nan
    if what == "text":
        raise ParseError(f"{quote(cell.strip(PADDING))} is not a number", hint=_number_hint(cell, decimal))
    return float(cell.replace(",", "."))


def _number_hint(cell: str, decimal: str) -> str | None:
    if any(sign in cell for sign in ";|\t"):
        return "--delimiter says what separates the cells"
    return decimal_hint(cell, decimal)


def decimal_hint(cell: str, decimal: str) -> str | None:
    """What to do about a cell that would be a number with the other decimal sign.

    >>> decimal_hint("1,5", ".")
    "if ',' is the decimal sign: --decimal ,"
    """
    other = "," if decimal == "." else "."
    return f"if {other!r} is the decimal sign: --decimal {other}" if kind(cell, other) == "number" else None


def is_name(cell: str) -> bool:
    """Whether a cell that is no number is plainly a column's name, and not a number gone wrong.

    >>> [is_name(cell) for cell in ("price", "价格", "1'000", "$5", "2020-01-01", "#DIV/0!", "true")]
    [True, True, False, False, False, False, False]
    """
    cell = cell.strip(PADDING)
    first = next((c for c in cell if c.isalnum() or c.isnumeric()), "")
    return first.isalpha() and not cell.startswith("#") and cell.lower() not in {"true", "false"}


def records(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """The rows of a text with their physical line: comments left out, line ends inside quotes kept.

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
            continue
        if '"' in record and record.count('"') % 2:
            record = _join_quoted(record, numbered)
        yield line, record


def _join_quoted(record: str, numbered: Iterator[tuple[int, str]]) -> str:
    joined, quotes = [record], record.count('"')
    for _, continuation in numbered:
        joined.append(continuation)
        quotes += continuation.count('"')
        if quotes % 2 == 0:
            break
    return "\n".join(joined)


def _refuse_spreadsheet_error(record: str, line: int) -> None:
    found = SPREADSHEET_ERROR.match(record)
    if found:
        raise ParseError(
            f"{found[0]!r} begins the line: a comment, or a row whose first cell is missing?",
            Place(line=line, column=1),
            hint='put the cell in double quotes ("#N/A") if it is a row',
        )


def split_record(record: str, delimiter: str) -> list[str]:
    """The cells of a row, quotes taken off; a space as the delimiter means runs of spaces.

    Raises:
        ParseError: with the column of a quote that is not closed or stands inside a cell, or of a tab among spaces.

    >>> split_record('1, "2,5" ,"a ""b"" c"', ",")
    ['1', '2,5', 'a "b" c']
    >>> split_record("  1.5    -2.25", " ")
    ['1.5', '-2.25']
    """
    if delimiter == " ":
        record = record.strip(" ")
        if "\t" in record:
            column = len(re.findall(" +", record[: record.index("\t")])) + 1
            raise ParseError("a tab among cells that spaces separate", Place(column=column))
    if '"' not in record:
        return re.split(" +", record) if delimiter == " " else record.split(delimiter)
    return _split_quoted(record, delimiter)


def _split_quoted(record: str, delimiter: str) -> list[str]:
    separator = " +" if delimiter == " " else re.escape(delimiter)
    padding = "" if delimiter == " " else "[ ]*" if delimiter == "\t" else "[ \t]*"
    cell = re.compile(
        rf'(?:{padding}"(?P<quoted>(?:[^"]|"")*+)"{padding}|(?P<bare>[^"{re.escape(delimiter)}]*))(?P<end>{separator}|\Z)'
    )
    cells: list[str] = []
    position = 0
    while True:
        found = cell.match(record, position)
        if not found:
            raise ParseError("a double quote is not closed or stands inside the cell", Place(column=len(cells) + 1))
        quoted = found["quoted"]
        cells.append(found["bare"] if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if not found["end"]:
            return cells
