"""The first look at a text file, which tells its layout: its delimiter, its decimal sign, its header, its columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import BinaryIO, NamedTuple

from mse_cli.errors import ParseError, Place
from mse_cli.readers.text.cells.quoting import split_record
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.layout import Layout, comment_within
from mse_cli.readers.text.look.delimiter import (
    SAMPLE,
    Delimiter,
    find_decimal,
    find_delimiter,
    refuse_decimals_as_integers,
    refuse_one_column,
)
from mse_cli.readers.text.look.head import Head, Row, head_of, read_head
from mse_cli.readers.text.look.header import (
    Table,
    has_header,
    holds_fractions,
    is_default_names,
    is_of_write_table,
    names_in,
    refuse_second_header,
    row_names,
)

ONE_COLUMN_BLANK = "delete it; a missing value in a file of one column is written NA"
WRAPPED = "as Fortran wraps long ones: write one line a row, with a format, or recl=1000000 when opening the file"


def find_layout(stream: BinaryIO, dialect: Dialect) -> Layout:
    """Find out from the beginning of a text file how it is laid out.

    Raises:
        ParseError: if it is no text, holds no rows, or could be read in two ways.
    """
    head = read_head(stream, dialect.delimiter)
    if not head.rows:
        if dialect.is_shard:
            return _empty(dialect, None, ",")
        raise ParseError("the file holds no data")
    delimiter = _delimiter(head.rows, dialect)
    if b'"' in head.data or (delimiter.sign == "\t" and head.blanks):
        head = head_of(head.data, head.mark, delimiter.sign, whole=head.whole)  # now it is known which begin a cell
    table = _table(head.rows[:SAMPLE], delimiter, dialect)
    if _tells_little(table, dialect):
        table = _table(head.rows, delimiter, dialect)
    return _layout(head, table, delimiter, dialect)


def _delimiter(rows: list[Row], dialect: Dialect) -> Delimiter:
    if dialect.delimiter is not None:
        return Delimiter(dialect.delimiter, blanks=dialect.delimiter == " ")
    return find_delimiter(rows, dialect.decimal, dialect.na)


def _table(rows: list[Row], delimiter: Delimiter, dialect: Dialect) -> Table:
    """The rows up to the first that cannot be split (an error when it is read), and their decimal sign."""
    bare = Layout(delimiter.sign, ".", 0, False, None, (), 0, 1, blanks=delimiter.blanks)
    cells: list[list[str]] = []
    for row in rows:
        if delimiter.sign == " " and "#" in row.text and (column := bare.comment_in(row.text)) is not None:
            raise comment_within(row.line, column)
        try:
            cells.append(bare.split(row.text))
        except ParseError as error:
            if len(cells) < 2:
                place = Place(line=row.line, column=error.place.column)
                raise ParseError(error.message, place, hint=error.hint) from None
            break
    decimal: str = dialect.decimal
    if decimal == "auto":
        comma = delimiter.sign != "," and any("," in row.text for row in rows)
        decimal = find_decimal(cell for row in cells for cell in row) if comma else "."
    lines, texts = [row.line for row in rows[: len(cells)]], [row.text for row in rows[: len(cells)]]
    return Table(lines, cells, texts, delimiter.sign, decimal, dialect.na)


class Names(NamedTuple):
    """What the columns are called, and where that is written.

    Attributes:
        header: Whether the first row is a header.
        names: The names, ``None`` without any.
        of_r: Whether the header is one cell shorter than the rows.
        from_comment: Whether the names stand in a comment above the first row.
    """

    header: bool
    names: tuple[str, ...] | None
    of_r: bool = False
    from_comment: bool = False


def _names(head: Head, table: Table, dialect: Dialect) -> Names:
    """The header, or the names above the first row."""
    first = tuple(table.cells[0])
    auto = dialect.delimiter is None and dialect.decimal == "auto"
    if auto and table.delimiter == "," and len(first) == 1 and [len(row) for row in table.cells[1:2]] == [2]:
        refuse_one_column(head.rows[1:])
    if dialect.header != "no" and is_of_write_table(table):
        return Names(header=True, names=("", *first), of_r=True)
    above = _names_above(head, table)
    if has_header(table, dialect, named_above=above is not None):
        return Names(header=True, names=first)
    return Names(header=False, names=above, from_comment=above is not None)


def _names_above(head: Head, table: Table) -> tuple[str, ...] | None:
    """The names in a comment directly above the first row."""
    comment = next((row for row in head.comments if row.line == table.lines[0] - 1), None)
    if comment is None:
        return None
    text = comment.text.lstrip("#").strip()
    try:
        cells = text.split() if table.delimiter == " " else split_record(text, table.delimiter)
    except ParseError:
        return None
    return names_in(cells, len(table.cells[0]))


def _tells_little(table: Table, dialect: Dialect) -> bool:
    """Whether more rows must be looked at to tell what the first is, how wide the rows are, what a comma is."""
    first, last = table.cells[0], table.cells[-1]
    kinds = {table.kind(cell) for cell in first if cell}
    if ("text" in kinds and len(kinds) > 1) or is_default_names(first) or len({len(row) for row in table.cells}) > 1:
        return True
    return not last[-1].strip() or (dialect.decimal == "auto" and table.delimiter != ",")


def _layout(head: Head, table: Table, delimiter: Delimiter, dialect: Dialect) -> Layout:
    found = _names(head, table, dialect)
    start = int(found.header)
    if len(table.cells) == start:
        if dialect.is_shard:
            return _empty(dialect, found.names, delimiter.sign)
        hint = "put the first cell in double quotes where lines that begin with # are rows" if head.comments else None
        raise ParseError("the file holds a header and no rows", hint=hint or "--header no if its first line is a row")
    may_be_decimals = _refuse_misread_rows(head, table, dialect, start)
    trailing = _has_trailing_delimiter(table.cells[0] if found.header else None, table.cells[start:])
    width = len(found.names or table.cells[0])
    if trailing and width == len(table.cells[start]):
        width -= 1
    _refuse_blank_lines(head, table, width)
    names = tuple(name.strip() for name in found.names[:width]) if found.names else None
    first_line = table.lines[0] + (table.texts[0].count("\n") + 1 if found.header else 0)
    return Layout(
        delimiter=delimiter.sign,
        decimal=table.decimal,
        width=width,
        trailing=trailing,
        names=names,
        use=tuple(range(row_names(names) if names else 0, width)),
        offset=head.offset_of(first_line),
        first_line=first_line,
        na=dialect.na,
        blanks=delimiter.blanks,
        default_names=_may_be_default_name(table, dialect, width),
        may_be_decimals=may_be_decimals,
        notes=tuple(_notes(head, table, dialect, found, trailing=trailing)),
    )


def _may_be_default_name(table: Table, dialect: Dialect, width: int) -> bool:
    """Whether a row of one cell is a 0 over numbers that are no integers: what the other file holds decides."""
    return dialect.header == "auto" and width == 1 and is_default_names(table.cells[0]) and holds_fractions(table)


def _empty(dialect: Dialect, names: tuple[str, ...] | None, delimiter: str) -> Layout:
    """The layout of one of several files that holds no rows, and perhaps a header."""
    names = tuple(name.strip() for name in names) if names else None
    width = len(names or ())
    use = tuple(range(row_names(names) if names else 0, width))
    return Layout(delimiter, ".", width, False, names, use, 0, 1, na=dialect.na, empty=True)


def _refuse_misread_rows(head: Head, table: Table, dialect: Dialect, start: int) -> bool:
    """Refuse rows that can be read, but in another way than they are meant; whether they may be decimals.

    Raises:
        ParseError: with the line.
    """
    if start:
        refuse_second_header(table, start)
    elif dialect.delimiter is None and dialect.decimal == "auto" and table.delimiter == ",":
        return refuse_decimals_as_integers(head.rows)
    if table.delimiter == " ":
        _refuse_wrapped(table, start)
    return False


def _refuse_wrapped(table: Table, start: int) -> None:
    """Refuse rows each of which goes on in the next line, so that their widths repeat."""
    widths = [len(row) for row in table.cells[start:]]
    if len(set(widths)) == 1:
        return
    for period in range(2, min(len(widths), SAMPLE) // 2 + 1):
        one = widths[:period]
        if len(set(one[:-1])) == 1 and one[-1] <= one[0] and widths == list(islice(cycle(one), len(widths))):
            raise ParseError(
                f"the rows have {one[0]} and {one[-1]} cells in turn: a row that goes on in the next line?",
                Place(line=table.lines[start + period - 1]),
                hint=WRAPPED,
            )


def _has_trailing_delimiter(header: list[str] | None, rows: list[list[str]]) -> bool:
    width = len(rows[0])
    if width < 2 or any(len(row) == width and row[-1].strip() for row in rows):
        return False
    if header is None or (len(header) == width and not header[-1].strip()):
        return True
    return len(header) == width - 1 and bool(header[-1].strip())


def _refuse_blank_lines(head: Head, table: Table, width: int) -> None:
    if head.blanks and width == 1 and head.blanks[0] < table.lines[-1]:
        where = "before the rows" if head.blanks[0] < table.lines[0] else "between rows"
        raise ParseError(f"a blank line {where}", Place(line=head.blanks[0]), hint=ONE_COLUMN_BLANK)


def _notes(head: Head, table: Table, dialect: Dialect, found: Names, *, trailing: bool) -> Iterator[str]:
    """What was decided for the user."""
    if trailing:
        yield "the delimiter at the end of every row is dropped"
    index = row_names(found.names) if found.header and found.names else 0
    if found.of_r:
        what = "the header is one cell shorter than the rows, as R writes it: the first column is"
    else:
        what = "the first column has no name:" if index == 1 else f"the first {index} columns have no names:"
    if index:
        yield f"{what} taken for row names and dropped"
    if found.from_comment:
        yield f"the columns' names are those of the comment in line {table.lines[0] - 1}"
    if table.decimal == "," and dialect.decimal == "auto":
        yield "the comma is taken for the decimal sign"
    if table.delimiter == " " and dialect.delimiter is None and any("\t" in text.strip() for text in table.texts):
        yield "tabs and spaces are mixed: any run of them is taken for one delimiter"
    if head.comments:
        yield _counted(len(head.comments), "line that begins with #", "left out as a comment", head)
    if head.blanks:
        yield _counted(len(head.blanks), "blank line", "left out", head)


def _counted(count: int, what: str, done: str, head: Head) -> str:
    """A note that counts; only the beginning of a long file is counted.

    >>> whole = Head(b"", 0, [], [], [], True)
    >>> _counted(1, "blank line", "left out", whole), _counted(2, "blank line", "left out", whole)
    ('1 blank line is left out', '2 blank lines are left out')
    """
    if count > 1:
        what = what.replace("line", "lines", 1).replace("begins", "begin")
        done = done.replace("a comment", "comments")
    at_least = "" if head.whole else "at least "
    return f"{at_least}{count} {what} {'is' if count == 1 else 'are'} {done}"
