"""How a text file is laid out: all that is needed to read its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mse_cli.errors import ParseError, Place
from mse_cli.readers.text.cells.grammar import PADDING, SPREADSHEET_ERROR, kind, sentinels
from mse_cli.readers.text.cells.quoting import split_record

LONGEST_ROW = 8 << 20  # bytes: 450,000 columns of 17 digits; a longer one is not a table and must not fill memory
QUOTED = re.compile(r'"(?:[^"]|"")*+"')


@dataclass(frozen=True)
class Layout:
    """All that is needed to read any piece of a text file; small, and goes to worker processes.

    Attributes:
        delimiter: One character; a space means runs of spaces.
        decimal: The decimal sign.
        width: How many cells each row has, without the empty one after a trailing delimiter.
        trailing: Whether each row ends with a delimiter.
        names: The columns' names, ``None`` without any.
        use: Which cells (0-based) are read as numbers if none are chosen.
        offset: How many bytes stand before the first row and the comments and blank lines above it.
        first_line: The physical line that begins there.
        na: Further words for a missing cell.
        blanks: Whether tabs are spaces.
        empty: Whether the file holds no rows, as one of several may.
        default_names: Whether the first row is a 0 alone, pandas' name for the one column, and may be a header.
        may_be_decimals: Whether each of the first rows is two integers, or one number with a decimal comma.
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
    na: tuple[str, ...] = ()
    blanks: bool = False
    empty: bool = field(default=False, compare=False)
    default_names: bool = field(default=False, compare=False)
    may_be_decimals: bool = field(default=False, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def sentinels(self) -> tuple[float, ...]:
        """Numbers that mean a missing cell."""
        return sentinels(self.na, self.decimal)

    @property
    def leaves_out_blank_lines(self) -> bool:
        """Whether a blank line is nothing; in a file of one column it may be a missing value."""
        return self.width > 1

    def place(self, line: int, column: int) -> Place:
        """The place of a cell, by physical line and 0-based column."""
        name = self.names[column] if self.names and column < len(self.names) else None
        return Place(line=line, column=column + 1, name=name)

    def is_blank(self, record: str) -> bool:
        """Whether a row holds nothing, not even an empty cell beside another."""
        return not record.strip(" " if self.delimiter == "\t" and not self.blanks else PADDING)

    def split(self, record: str) -> list[str]:
        """The cells of a row.

        Raises:
            ParseError: with the column of what cannot be split.
        """
        return split_record(record.replace("\t", " ") if self.blanks else record, self.delimiter)

    def is_like_a_row(self, comment: str, columns: Sequence[int]) -> bool:
        """Whether a line that begins with # is a row as well: as many cells, and these columns numbers or missing."""
        try:
            cells = self.split(comment)
        except ParseError:
            return False
        if len(cells) != self.width + self.trailing:
            return False
        kinds = [kind(cells[column], self.decimal, self.na) for column in columns]
        return "text" not in kinds and "number" in kinds

    def comment_in(self, record: str) -> int | None:
        """The cell (from 0) of a row in which a # may begin a comment.

        Where spaces separate the cells, or none of them has a name, that is any # that begins a cell; else one behind
        a number. What a spreadsheet writes (#N/A) is none.
        """
        bare = QUOTED.sub('""', record) if '"' in record else record
        cells = bare.split() if self.delimiter == " " else bare.split(self.delimiter)
        may_begin = self.delimiter == " " or self.names is None
        for column, cell in enumerate(cells):
            before, sign, _ = cell.partition("#")
            if sign and not before.strip(PADDING):
                if may_begin and not SPREADSHEET_ERROR.fullmatch(cell.strip(PADDING)):
                    return column
            elif sign and before.endswith((" ", "\t")) and kind(before, self.decimal) == "number":
                return column
        return None


def comment_within(line: int, column: int) -> ParseError:
    """The error for a row that holds a # that may begin a comment."""
    return ParseError(
        "text after a # within the row: a comment, or a cell?",
        Place(line=line, column=column + 1),
        hint="delete the comment, or put the cell in double quotes",
    )


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
