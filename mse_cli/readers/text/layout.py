"""How a text file is laid out: its delimiter, its header, which of its columns hold the matrix."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, NamedTuple

from mse_cli.errors import ParseError, Place, quote
from mse_cli.readers.sources.kinds import refuse_other_formats
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.grammar import decimal_hint, is_name, kind, records, split_record

DELIMITERS = (",", ";", "\t", "|", " ")
LOOK_BYTES = 256 << 10  # of the beginning that tells the layout: a millisecond, which thousands of shards take each
SAMPLE = 100  # rows that the delimiter is found from
LONGEST_ROW = 8 << 20  # bytes: 450,000 columns of 17 digits; a longer one is not a table and must not fill memory
BOM = b"\xef\xbb\xbf"
ROW = re.compile(rb"(?m)^(?![#\r\n]).*+\n")


@dataclass(frozen=True)
class Layout:
    """All that is needed to read any piece of a text file; small, and goes to worker processes.

    Attributes:
        delimiter: One character; a space means runs of spaces.
        decimal: The decimal sign.
        width: How many cells each row has, without the empty one after a trailing delimiter.
        trailing: Whether each row ends with a delimiter.
        names: The header's cells, ``None`` without a header.
        use: Which cells (0-based) are read as numbers if none are chosen.
        offset: How many bytes stand before the first row.
        first_line: The physical line of the first row.
        notes: What the user should know about how the file was read.
    """

    delimiter: str
    decimal: str
    width: int
    trailing: bool
    names: tuple[str, ...] | None
    use: tuple[int, ...]
    offset: int
    first_line: int
    notes: tuple[str, ...] = field(default=(), compare=False)

    def place(self, line: int, column: int) -> Place:
        """The place of a cell, by physical line and 0-based column."""
        name = self.names[column] if self.names and column < len(self.names) else None
        return Place(line=line, column=column + 1, name=name)

    def is_blank(self, record: str) -> bool:
        """Whether a row holds nothing, not even an empty cell beside another."""
        return not record.strip(" " if self.delimiter == "\t" else " \t")


class Row(NamedTuple):
    """A row of the sample: its physical line and its text."""

    line: int
    text: str


def find_layout(stream: BinaryIO, dialect: Dialect) -> Layout:
    """Find out from the beginning of a text file how it is laid out.

    Raises:
        ParseError: if it is no text, holds no rows, or could be read in two ways.
    """
    head = _head(stream)
    mark = len(BOM) if head.startswith(BOM) else 0
    text = decode(head[mark:], first_line=1)
    rows = [Row(line, record) for line, record in islice(records(text, 1), SAMPLE)]
    if not text.strip() or not rows:
        raise ParseError("the file holds no data")
    _refuse_blank(rows[0])
    sample = [row for row in rows if row.text.strip()]
    delimiter = dialect.delimiter or find_delimiter([row.text for row in sample], dialect.decimal)
    cells = _split_first(sample, delimiter)
    has_header = _has_header(cells[0], sample[0].line, dialect)
    if has_header and len(rows) == 1:
        raise ParseError("the file holds a header and no rows", hint="--header no if its first line is a row")
    first = rows[1] if has_header else rows[0]
    _refuse_blank(first)
    return _layout(
        dialect,
        delimiter,
        header=cells[0] if has_header else None,
        rows=cells[1:] if has_header else cells,
        offset=mark + _offset_of_line(head[mark:], first.line),
        first_line=first.line,
    )


def _layout(
    dialect: Dialect,
    delimiter: str,
    *,
    header: list[str] | None,
    rows: list[list[str]],
    offset: int,
    first_line: int,
) -> Layout:
    notes = []
    trailing = _has_trailing_delimiter(header, rows)
    if trailing:
        notes.append("the delimiter at the end of every row is dropped")
    width = len(header or rows[0])
    if trailing and width == len(rows[0]):
        width -= 1
    names = tuple(name.strip() for name in header[:width]) if header else None
    use = tuple(range(width))
    if names and not names[0] and width > 1:
        use = use[1:]
        notes.append("the first column has no name: taken for row names and dropped")
    return Layout(
        delimiter=delimiter,
        decimal=dialect.decimal,
        width=width,
        trailing=trailing,
        names=names,
        use=use,
        offset=offset,
        first_line=first_line,
        notes=tuple(notes),
    )


def _head(stream: BinaryIO) -> bytes:
    """The first bytes, cut at a line end; more if the first two rows do not fit."""
    head = stream.read(LOOK_BYTES)
    refuse_other_formats(head)
    while len(head) >= LOOK_BYTES and sum(1 for _ in islice(ROW.finditer(head), 2)) < 2:
        if len(head) > 2 * LONGEST_ROW:
            raise ParseError(f"no two rows in the first {len(head) >> 20} MiB: not a table")
        more = stream.read(LOOK_BYTES)
        if not more:
            return head
        head += more
    return head if len(head) < LOOK_BYTES else head[: head.rfind(b"\n") + 1]


def decode(data: bytes, *, first_line: int) -> str:
    r"""Text of a piece with \n as the line end.

    Raises:
        ParseError: with the line, for what is not UTF-8, and for NUL, stray CR and a BOM inside.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        raise ParseError(
            f"the byte 0x{data[error.start]:02x} is not UTF-8", Place(line=line), hint="save the file as UTF-8"
        ) from None
    text = text.replace("\r\n", "\n")
    for character, what in (("\0", "a NUL byte"), ("\r", "a carriage return"), ("\ufeff", "a BOM")):
        position = text.find(character)
        if position >= 0:
            line = first_line + text.count("\n", 0, position)
            raise ParseError(f"{what} inside the text", Place(line=line))
    return text


def find_delimiter(rows: list[str], decimal: str) -> str:
    r"""The delimiter under which most cells are numbers; a comma if there is one column.

    Raises:
        ParseError: if two do equally well.

    >>> find_delimiter(["a;b", "1;2"], "."), find_delimiter(["1.5,\t-2"], "."), find_delimiter(["my price", "1"], ".")
    (';', ',', ',')
    """
    data = rows[1:] or rows
    scores = {
        delimiter: _score(rows, delimiter, decimal)
        for delimiter in DELIMITERS
        if delimiter != decimal and any(delimiter in row.strip() for row in data)
    }
    if not scores:  # a delimiter in the header alone is one: its rows are cut short
        of_header = [sign for sign in DELIMITERS if sign in rows[0] and sign not in (" ", decimal)]
        return of_header[0] if of_header else "," if decimal != "," else ";"
    best = max(scores.values())
    winners = [delimiter for delimiter, score in scores.items() if score == best]
    if " " in winners and len(winners) > 1:
        winners.remove(" ")  # spaces beside a delimiter that fits as well are padding
    if len(winners) > 1 and best[0] > 0:
        raise ParseError(
            f"the cells could be separated by {' or '.join(map(quote, winners))}", hint="choose with --delimiter"
        )
    return winners[0]


def _score(rows: list[str], delimiter: str, decimal: str) -> tuple[float, bool, bool]:
    """How well a delimiter fits; the first of these that differs between two decides.

    The share of the data's cells that are numbers (with either decimal sign) or missing; whether all rows have one
    width; whether the first row has the delimiter.
    """
    split = [_split_or_whole(row, delimiter) for row in rows]
    cells = [cell for row in split[1:] or split for cell in row]
    fits = sum(kind(cell, decimal) != "text" or kind(cell, ",") == "number" for cell in cells)
    return fits / len(cells), len({len(row) for row in split}) == 1, len(split[0]) > 1


def _split_or_whole(row: str, delimiter: str) -> list[str]:
    try:
        return split_record(row, delimiter)
    except ParseError:
        return [row]


def _split_first(sample: list[Row], delimiter: str) -> list[list[str]]:
    """The cells of the sample's rows up to the first that cannot be split (an error when it is read)."""
    cells: list[list[str]] = []
    for row in sample:
        try:
            cells.append(split_record(row.text, delimiter))
        except ParseError as error:
            if len(cells) < 2:
                raise ParseError(
                    error.message, Place(line=row.line, column=error.place.column), hint=error.hint
                ) from None
            break
    return cells


def _has_header(cells: list[str], line: int, dialect: Dialect) -> bool:
    if dialect.header != "auto":
        return dialect.header == "yes"
    text = [i for i, cell in enumerate(cells) if kind(cell, dialect.decimal) == "text"]
    if text and not any(is_name(cells[i]) for i in text):
        raise ParseError(
            f"{quote(cells[text[0]].strip())} is neither a number nor plainly a column's name",
            Place(line=line, column=text[0] + 1),
            hint=decimal_hint(cells[text[0]], dialect.decimal)
            or "--header yes if the first line holds names, --header no if it holds numbers",
        )
    return bool(text)


def _has_trailing_delimiter(header: list[str] | None, rows: list[list[str]]) -> bool:
    width = len(rows[0])
    if width < 2 or any(len(row) != width or row[-1].strip() for row in rows):
        return False
    if header is None or (len(header) == width and not header[-1].strip()):
        return True
    return len(header) == width - 1 and bool(header[-1].strip())


def _refuse_blank(row: Row) -> None:
    if not row.text.strip():
        raise ParseError("a blank line before the rows", Place(line=row.line), hint="delete it")


def _offset_of_line(data: bytes, line: int) -> int:
    """How many bytes stand before a physical line."""
    stream = io.BytesIO(data)
    return sum(len(stream.readline()) for _ in range(line - 1))
