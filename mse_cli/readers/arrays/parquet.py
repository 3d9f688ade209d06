"""Parquet files: what their footer says, checked against the file, and their rows through Polars, some at a time.

Format: Apache Parquet, ``parquet.thrift``. The data come first, in groups of rows, in a group column after column, in a
column page after page; the footer tells where.
"""

from __future__ import annotations

import itertools
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from mse_cli.errors import ParseError
from mse_cli.readers.arrays.thrift import CORRUPT, Struct, parse_struct
from mse_cli.readers.sources.address import RemoteSource
from mse_cli.readers.sources.files import Source

if TYPE_CHECKING:
    import polars

END = b"PAR1"
DATA, DICTIONARY, DATA_2 = 0, 2, 3
FIELD_OF_PAGE = {DATA: 5, DICTIONARY: 7, DATA_2: 8}
ENCODINGS = range(10)
LONGEST_PAGE_HEAD = 64 << 10
MOST_PACKED = 1 << 16  # times as long as it is stored: what Zstandard can do to zeros, and more
TAIL_BYTES = 8  # the footer's length and the magic
# A slice is read anew from the start of the page it begins in, so that many small slices would cost more than few large
# ones: 8 MiB of numbers, and of a wide file, whose pages hold 100,000 rows or so, up to 128 MiB.
SLICE_CELLS = 1 << 20
SLICE_ROWS = 16 << 10
MOST_CELLS = 16 << 20


@dataclass(frozen=True)
class Chunk:
    """The pages of a column in a group: where they are in the file (start and end), and the number of their values."""

    span: tuple[int, int]
    n_values: int


@dataclass(frozen=True)
class Group:
    """A group of rows: how many, and what holds each leaf of the schema."""

    n_rows: int
    chunks: tuple[Chunk, ...]


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


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file of which any run of rows can be read.

    Attributes:
        names: The columns' names.
        starts: With which row (from 0) each group of rows begins, and the number of all rows.
    """

    names: tuple[str, ...]
    starts: tuple[int, ...]
    kind: str = "Parquet"
    can_be_cut: bool = True

    @property
    def n_rows(self) -> int:
        """N."""
        return self.starts[-1]

    def frames(self, source: Source, columns: list[int], rows: range) -> Iterator[polars.DataFrame]:
        """These rows of these columns (0-based, in ascending order), some at a time."""
        import polars

        with _open_data(source, columns, rows) as stream:
            for here in slices(rows, self.starts, rows_per_slice(len(columns))):
                stream.seek(0)
                scan = polars.scan_parquet(stream, glob=False, hive_partitioning=False)
                yield scan.select(polars.nth(columns)).slice(here.start, len(here)).collect()


def slices(rows: range, starts: Sequence[int], most: int) -> Iterator[range]:
    """Rows, so many at a time and, where it can be, up to where a group of rows starts: else two would share a page.

    >>> list(slices(range(1, 14), (0, 3, 6, 14), 5))
    [range(1, 6), range(6, 11), range(11, 14)]
    """
    start = rows.start
    while start < rows.stop:
        stop = min(start + most, rows.stop)
        group = starts[bisect_right(starts, stop) - 1]
        if start < group and stop < rows.stop:
            stop = group
        yield range(start, stop)
        start = stop


def rows_per_slice(n_columns: int) -> int:
    """How many rows are read at once.

    >>> rows_per_slice(4), rows_per_slice(1000), rows_per_slice(100_000)
    (262144, 16384, 167)
    """
    return max(1, SLICE_CELLS // n_columns, min(SLICE_ROWS, MOST_CELLS // n_columns))


def open_parquet(source: Source) -> ParquetTable:
    """Check a Parquet file's footer.

    Raises:
        ParseError: if it does not fit the file, or a part of it is encrypted.
    """
    with source.open() as stream:
        footer = read_footer(stream)
    starts = itertools.accumulate((group.n_rows for group in footer.groups), initial=0)
    return ParquetTable(footer.names, tuple(starts))


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
    fields, _ = parse_struct(_read(stream, start, length))
    with _fields_there():
        return _footer(fields, start)


@contextmanager
def _fields_there() -> Iterator[None]:
    """Give words to what a structure without a field, or with one of another type, leads to."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError):
        raise ParseError(CORRUPT) from None


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
    for column in leaves:
        if len(column) == 1 and len(chunks[column[0]][3][3]) == 1 and chunks[column[0]][3][5] != n_rows:
            raise ParseError("the Parquet file's footer is corrupt: a column has not as many values as rows")
    return Group(n_rows, tuple(_chunk(chunk, end) for chunk in chunks if n_rows))


def _chunk(chunk: Struct, end: int) -> Chunk:
    if 8 in chunk or 3 not in chunk:
        raise ParseError("a column of the Parquet file is encrypted", hint="save it without encryption first")
    if 1 in chunk:
        raise ParseError("the Parquet file keeps its data in other files", hint="name those files instead")
    data = chunk[3]
    start = min(data[9], data.get(11) or data[9])  # a dictionary comes before the data; some writers say 0 for none
    stop = start + data[7]
    if not len(END) <= start <= stop <= end or data[6] < 0:
        raise ParseError("the Parquet file is truncated or corrupt: a column is said to lie outside of it")
    return Chunk((start, stop), data[5])


@contextmanager
def _open_data(source: Source, columns: list[int], rows: range) -> Iterator[BinaryIO]:
    """A file that Polars can map into memory, with the pages checked that it will read.

    Of one that lies elsewhere only what is needed is fetched (the footer, and of the groups that hold these rows the
    columns that are read), to its place in an unnamed temporary file of the same length that is otherwise a hole.
    """
    with source.open() as stream:
        footer = read_footer(stream)
        chunks = list(_chunks(footer, columns, rows))
        if not isinstance(source, RemoteSource):
            _check_pages(stream, chunks)
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            ends = [(0, len(END)), (footer.start, stream.seek(0, 2))]
            for start, stop in ends + [chunk.span for chunk in chunks]:
                stream.seek(start)
                copy.seek(start)
                _copy(stream, copy, stop - start)
            copy.flush()
            _check_pages(copy, chunks)
            yield cast(BinaryIO, copy)


def _chunks(footer: Footer, columns: list[int], rows: range) -> Iterator[Chunk]:
    """What holds these columns of the groups that these rows belong to."""
    first = 0
    for group in footer.groups:
        if group.n_rows and first < rows.stop and first + group.n_rows > rows.start:
            for column in columns:
                yield from (group.chunks[leaf] for leaf in footer.leaves[column])
        first += group.n_rows


def _check_pages(stream: BinaryIO, chunks: list[Chunk]) -> None:
    """Refuse pages whose sizes cannot be right: Polars would believe them."""
    for chunk in chunks:
        position, stop = chunk.span
        n_values = 0
        while position < stop and n_values < chunk.n_values:
            stream.seek(position)
            head, length = parse_struct(stream.read(min(LONGEST_PAGE_HEAD, stop - position)))
            with _fields_there():
                packed, count = _page(head)
            position += length + packed
            n_values += count
            if position > stop:
                raise ParseError(CORRUPT)
        if n_values != chunk.n_values:
            raise ParseError(CORRUPT)


def _page(head: Struct) -> tuple[int, int]:
    """How long a page is as it is stored, and how many values of the data it holds (a dictionary holds none)."""
    kind, unpacked, packed = head[1], head[2], head[3]
    fields = head[FIELD_OF_PAGE[kind]]
    sizes = [unpacked, packed, fields[1]]
    if kind == DATA_2:
        sizes += [fields[2], fields[3], fields[5], fields[6], packed - fields[5] - fields[6]]
    encodings = {DATA: (2, 3, 4), DATA_2: (4,), DICTIONARY: (2,)}[kind]
    if min(sizes) < 0 or unpacked > MOST_PACKED * (packed + 1) or not all(fields[i] in ENCODINGS for i in encodings):
        raise ParseError(CORRUPT)
    return packed, 0 if kind == DICTIONARY else fields[1]


def _copy(stream: BinaryIO, copy: BinaryIO, count: int) -> None:
    while count:
        data = stream.read(min(count, 1 << 20))
        if not data:
            raise ParseError("the file became shorter while it was read")
        copy.write(data)
        count -= len(data)
