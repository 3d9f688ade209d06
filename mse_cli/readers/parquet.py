"""Parquet files: what their footer says, checked against the file, and their rows through Polars, some at a time.

Format: Apache Parquet, ``parquet.thrift``. The data come first, in groups of rows, in a group column after column, in a
column page after page; the footer tells where.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from mse_cli.errors import ParseError
from mse_cli.readers.remote import RemoteSource
from mse_cli.readers.source import Source
from mse_cli.readers.thrift import Struct, parse_struct

if TYPE_CHECKING:
    import polars

END = b"PAR1"
TAIL_BYTES = 8  # the footer's length and the magic
# A slice is read anew from the start of the page it begins in, so that many small slices would cost more than few large
# ones: 16 MiB of numbers, and of a wide file, whose pages hold 100,000 rows or so, up to 128 MiB.
SLICE_CELLS = 2 << 20
SLICE_ROWS = 16 << 10
MOST_CELLS = 16 << 20


@dataclass(frozen=True)
class Group:
    """A group of rows: how many, and where each leaf of the schema lies in the file (start, end)."""

    n_rows: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Footer:
    """What a footer says.

    Attributes:
        names: The columns' names.
        leaves: Which leaves of the schema belong to each column (several if it is nested).
        groups: The groups of rows, in order.
        start: Where the footer begins.
    """

    names: tuple[str, ...]
    leaves: tuple[range, ...]
    groups: tuple[Group, ...]
    start: int

    @property
    def n_rows(self) -> int:
        """N."""
        return sum(group.n_rows for group in self.groups)


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file of which any run of rows can be read."""

    names: tuple[str, ...]
    n_rows: int
    kind: str = "Parquet"
    can_be_cut: bool = True

    def frames(self, source: Source, columns: list[int], rows: range) -> Iterator[polars.DataFrame]:
        """These rows of these columns (0-based, in ascending order), some at a time."""
        import polars

        with _open_data(source, columns, rows) as stream:
            for start in rows[:: rows_per_slice(len(columns))]:
                stream.seek(0)
                scan = polars.scan_parquet(stream, glob=False, hive_partitioning=False)
                count = min(rows_per_slice(len(columns)), rows.stop - start)
                yield scan.select(polars.nth(columns)).slice(start, count).collect()


def rows_per_slice(n_columns: int) -> int:
    """How many rows are read at once.

    >>> rows_per_slice(4), rows_per_slice(1000), rows_per_slice(100_000)
    (524288, 16384, 167)
    """
    return max(1, SLICE_CELLS // n_columns, min(SLICE_ROWS, MOST_CELLS // n_columns))


def open_parquet(source: Source) -> ParquetTable:
    """Check a Parquet file's footer.

    Raises:
        ParseError: if it does not fit the file, or a part of it is encrypted.
    """
    with source.open() as stream:
        footer = read_footer(stream)
    return ParquetTable(footer.names, footer.n_rows)


def read_footer(stream: BinaryIO) -> Footer:
    """What the footer of a Parquet file says.

    Raises:
        ParseError: if it cannot be that of this file.
    """
    size = stream.seek(0, 2)
    tail = _read(stream, max(0, size - TAIL_BYTES), TAIL_BYTES)
    length = int.from_bytes(tail[:4], "little")
    start = size - TAIL_BYTES - length
    if tail[4:] != END or start < len(END):
        raise ParseError("the Parquet file is truncated or corrupt: it does not end in a footer")
    fields = parse_struct(_read(stream, start, length))
    try:
        return _footer(fields, start)
    except (KeyError, TypeError, AttributeError, IndexError):  # fields that are not there or of another type
        raise ParseError("the Parquet file's footer is corrupt") from None


def _read(stream: BinaryIO, start: int, count: int) -> bytes:
    stream.seek(start)
    data = stream.read(count)
    if len(data) < count:
        raise ParseError("the Parquet file is truncated")
    return data


def _footer(fields: Struct, start: int) -> Footer:
    names, leaves = _columns(fields[2])
    groups = tuple(_group(group, leaves, start) for group in fields[4])
    if sum(group.n_rows for group in groups) != fields[3] or fields[3] < 0:
        raise ParseError(f"the Parquet file's footer is corrupt: it says {fields[3]} rows, and the groups hold others")
    return Footer(names, leaves, groups, start)


def _columns(schema: list[Struct]) -> tuple[tuple[str, ...], tuple[range, ...]]:
    """The columns of the table, below the schema's root, and which leaves of the tree are theirs."""
    names, leaves = [], []
    position, leaf = 1, 0
    for _ in range(schema[0].get(5, 0)):
        names.append(schema[position][4].decode("utf-8", "replace"))
        first, open_nodes = leaf, 1
        while open_nodes:
            children = schema[position].get(5, 0)
            open_nodes += children - 1
            leaf += children == 0
            position += 1
        leaves.append(range(first, leaf))
    if position != len(schema):
        raise ParseError("the Parquet file's footer is corrupt: its schema is no tree")
    return tuple(names), tuple(leaves)


def _group(group: Struct, leaves: tuple[range, ...], end: int) -> Group:
    n_rows, chunks = group[3], group[1]
    if n_rows < 0 or len(chunks) != sum(map(len, leaves)):
        raise ParseError("the Parquet file's footer is corrupt: a group of rows does not hold every column")
    spans = tuple(_span(chunk, end) for chunk in chunks)
    for column in leaves:
        if len(column) == 1 and len(chunks[column[0]][3][3]) == 1 and chunks[column[0]][3][5] != n_rows:
            raise ParseError("the Parquet file's footer is corrupt: a column has not as many values as rows")
    return Group(n_rows, spans)


def _span(chunk: Struct, end: int) -> tuple[int, int]:
    """Where the pages of a column lie."""
    if 8 in chunk or 3 not in chunk:
        raise ParseError("a column of the Parquet file is encrypted", hint="save it without encryption first")
    if 1 in chunk:
        raise ParseError("the Parquet file keeps its data in other files", hint="name those files instead")
    data = chunk[3]
    start = min(data[9], data.get(11) or data[9])  # a dictionary comes before the data; some writers say 0 for none
    stop = start + data[7]
    if not len(END) <= start <= stop <= end or data[6] < 0:
        raise ParseError("the Parquet file is truncated or corrupt: a column is said to lie outside of it")
    return start, stop


@contextmanager
def _open_data(source: Source, columns: list[int], rows: range) -> Iterator[BinaryIO]:
    """A file that Polars can map into memory.

    Of one that lies elsewhere only what is needed is fetched (the footer, and of the groups that hold these rows the
    columns that are read), to its place in an unnamed temporary file of the same length that is otherwise a hole.
    """
    with source.open() as stream:
        if not isinstance(source, RemoteSource):
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            for start, stop in _needed(read_footer(stream), stream.seek(0, 2), columns, rows):
                stream.seek(start)
                copy.seek(start)
                _copy(stream, copy, stop - start)
            copy.flush()
            yield cast(BinaryIO, copy)


def _needed(footer: Footer, size: int, columns: list[int], rows: range) -> Iterator[tuple[int, int]]:
    yield 0, len(END)
    yield footer.start, size
    first = 0
    for group in footer.groups:
        if first < rows.stop and first + group.n_rows > rows.start:
            for column in columns:
                yield from (group.spans[leaf] for leaf in footer.leaves[column])
        first += group.n_rows


def _copy(stream: BinaryIO, copy: BinaryIO, count: int) -> None:
    while count:
        data = stream.read(min(count, 1 << 20))
        if not data:
            raise ParseError("the file became shorter while it was read")
        copy.write(data)
        count -= len(data)
