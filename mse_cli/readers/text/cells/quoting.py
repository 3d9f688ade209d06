"""The rows of a text and the cells of a row: where double quotes begin and end, and what they hide."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from mse_cli.errors import ParseError, Place
from mse_cli.readers.text.cells.grammar import SPREADSHEET_ERROR

ANY_DELIMITER = ",;\t| "  # while it is not known which one it is


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
