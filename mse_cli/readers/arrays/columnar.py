"""Parquet and Arrow files, by PyArrow (the extra ``arrow``): only the columns that are used, some rows at a time."""

from __future__ import annotations

import itertools
import json
import os
import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow
from pyarrow import ipc, types
from pyarrow._parquet import ParquetReader  # ParquetFile's own, which takes columns by number, not by name alone

from mse_cli.errors import MseError, ParseError, counted, listed, quote
from mse_cli.readers.arrays.arrow_columns import Reading, Stored, n_elements, rows_at_once
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.sources.files import FileSource, Source, reading
from mse_cli.readers.sources.kinds import ARROW_MAGIC, Kind

BATCH_CELLS = 1 << 18  # of a Parquet file, decoded at once
FEW_LOOKS, MOST_AT_ONCE = 1 << 17, 1 << 12  # at columns, in a footer with so many; columns read at once
BUFFER_BYTES = 1 << 18  # of each column of a group, which is not held whole
FAR_BUFFER_BYTES, FAR_BYTES = 8 << 20, 64 << 20  # the same, and of all columns, where each request takes long
SMALL_FILE = 16 << 20  # bytes: held whole, since with a buffer PyArrow takes up what a damaged page says, up to 2 GiB
MOST_LABELS = 1 << 62
LARGE_GROUP = 4 << 20  # rows: a file of larger groups is not cut, since one can only be read from its start
END, MARK, BATCH = b"ARROW1", -1, 3  # of an Arrow file; before the head of a message, since 0.15; a message's kind
INDEX = re.compile(r"|__index_level_[0-9]+__")  # how pandas calls an index without a name, in CSV and in Parquet
PYARROW_ERRORS = (pyarrow.ArrowException, ArithmeticError, KeyError, MemoryError, OSError, UnicodeError, struct.error)


@dataclass(frozen=True)
class ColumnarFile:
    """A Parquet or Arrow file, of which only the columns that are used are read; a ``File``.

    Attributes:
        kind: Which of the two.
        stored: Where each column stands.
        starts: With which row (from 0) each group of rows or record batch begins, and the number of all rows.
        which: Which rows of it are read.
        floats: Which columns hold floating point and can be read one by one.
        labels: An index of pandas that counts, of which only the bounds are stored.
    """

    source: Source
    label: str
    kind: Kind
    names: Names
    width: int
    use: Positions
    notes: tuple[str, ...]
    stored: tuple[Stored, ...]
    starts: tuple[int, ...]
    which: range
    can_be_cut: bool
    floats: frozenset[int]
    labels: range | None = None

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.which)

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run of whole groups holds that has about so many cells."""
        step, bounds = max(1, n_cells // n_columns), [self.which.start]
        for stop in self.starts:
            if bounds[-1] + step <= stop < self.which.stop:
                bounds.append(stop)
        return [stop - start for start, stop in itertools.pairwise([*bounds, self.which.stop])]

    def at_once(self, columns: Positions) -> int:
        """How many of these columns should be read without the others: of many several, for each takes a new look."""
        several = max(1, min(MOST_AT_ONCE, len(columns) ** 2 // FEW_LOOKS))
        return several if self.floats.issuperset(columns) else 0

    def part(self, rows: range) -> ColumnarFile:
        """The same with only these rows (from 0)."""
        return replace(self, which=self.which[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order with their keys, some at a time; a lone column of float64 without nulls is not copied.

        Raises:
            ParseError: for what is no number, is missing or does not fit beside the other columns.
        """
        what, which = Reading(self.names, self.stored, wanted), self.which
        # With those that are said to be empty, and to the end of the file: what is damaged must not vanish.
        first = min(bisect_left(self.starts, which.start), bisect_right(self.starts, which.start) - 1)
        last = bisect_left(self.starts, which.stop) if which.stop < self.starts[-1] else None
        row, end = self.starts[first], self.starts[-1 if last is None else last]
        batches = _from_parquet if self.kind == "Parquet" else _from_arrow
        with reading(self.label), _pyarrow_errors(self.kind), _opened(self.source) as stream:
            for batch in batches(stream, what, slice(first, last)):
                batch.validate()
                first_row, row = row, row + len(batch)
                if row > end:
                    break
                here = batch[max(0, which.start - first_row) : max(0, which.stop - first_row)]
                yield from what.rows(here.columns, max(first_row, which.start)) if len(here) else ()
                if row >= which.stop < end:
                    return  # in the middle of a group, whose other rows need not be decoded
            if row != end:
                raise ParseError(f"the {self.kind} file is corrupt, or became shorter while it was read")

    def first_rows(self, columns: Positions, most: int) -> list[tuple[str, ...]]:
        """The text of these columns in the first rows, whatever they hold."""
        what, rows = Reading(self.names, self.stored, Selection(columns), as_text=True), list[tuple[str, ...]]()
        batches = _from_parquet if self.kind == "Parquet" else _from_arrow
        with reading(self.label), _pyarrow_errors(self.kind), _opened(self.source) as stream:
            for batch in batches(stream, what, slice(0, None)):
                batch.validate()
                rows += what.texts(batch[: most - len(rows)].columns)
                if len(rows) >= most:
                    break
        return rows


def open_file(source: Source, *, kind: Kind, is_shard: bool = False, **_: object) -> ColumnarFile:
    """Look at what a Parquet or Arrow file says of itself.

    Raises:
        ParseError: if it cannot be right, or the file holds no cells.
    """
    with reading(source.label), _pyarrow_errors(kind), _opened(source) as stream:
        schema, sizes, in_order = _parquet_layout(stream) if kind == "Parquet" else _arrow_layout(stream)
        columns = list(_columns_of(schema))
        names, stored = tuple(name for name, _ in columns), tuple(at for _, at in columns)
        starts = tuple(itertools.accumulate(sizes, initial=0))
        if min(sizes, default=0) < 0:
            raise ParseError(f"the {kind} file is corrupt: it says that there are {min(sizes)} rows")
        if not names or not (starts[-1] or is_shard):
            raise ParseError(f"{counted(starts[-1], 'row')} of {counted(len(names), 'column')} hold no cells")
    index, types_of = _index_of(names, schema), schema.types  # which is made anew at each call
    use = tuple(i for i in range(len(names)) if i not in index) or tuple(index)
    dropped = [quote(names[i]) for i in index if i not in use]
    are = "the column {} is" if len(dropped) == 1 else "the columns {} are"
    notes = (f"{are.format(listed(dropped))} taken for pandas' index and dropped",) if dropped else ()
    can_be_cut = not in_order and source.seekable and max(sizes, default=0) <= LARGE_GROUP
    floats = frozenset(i for i, at in enumerate(stored) if types.is_floating(types_of[at.field]) and not in_order)
    rows, width = range(starts[-1]), len(names)
    labels = _range_in(_pandas(schema), starts[-1])
    return ColumnarFile(
        source, source.label, kind, names, width, use, notes, stored, starts, rows, can_be_cut, floats, labels
    )


def _columns_of(schema: pyarrow.Schema) -> Iterator[tuple[str, Stored]]:
    """The columns by name: each field is one, or one for each element of its lists, if these have one length."""
    for position, field in enumerate(schema):
        size = n_elements(field.type)
        if size is None:
            yield field.name, Stored(position)
        else:
            yield from ((f"{field.name}[{k + 1}]", Stored(position, k)) for k in range(size))


def _pandas(schema: pyarrow.Schema) -> list[Any]:
    """The index as pandas describes it: names of columns, or the bounds of a range."""
    try:
        described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []  # not of pandas, or not in its way
    return described if isinstance(described, list) else []


def _index_of(names: Names, schema: pyarrow.Schema) -> list[int]:
    """Which columns are pandas' index: as it says, those that it names so, or a first one without a name."""
    said = [name for name in _pandas(schema) if isinstance(name, str)]
    return [i for i, name in enumerate(names) if name in said or (INDEX.fullmatch(name) and (name or i == 0))]


def _range_in(described: list[Any], n_rows: int) -> range | None:
    """The range that is the index, if it has a label for each row."""
    if len(described) != 1 or not isinstance(described[0], dict):
        return None
    bounds = [described[0].get(name) for name in ("start", "stop", "step")]
    start, stop, step = (bound if type(bound) is int and abs(bound) <= MOST_LABELS else 0 for bound in bounds)
    labels = range(start, stop, step or 1)
    return labels if len(labels) == n_rows else None


def _parquet_layout(stream: Any) -> tuple[pyarrow.Schema, list[int], bool]:
    """The columns, how many rows each group has, and whether these can only be read in order."""
    reader = ParquetReader()
    reader.open(stream, pre_buffer=False)
    footer = reader.metadata  # of which no chunk of a column may be looked at: PyArrow aborts at some damaged ones
    sizes = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
    if sum(sizes) != footer.num_rows:
        raise ParseError("the Parquet file's footer is corrupt: its groups do not hold as many rows as it says")
    return reader.schema_arrow, sizes, False


def _from_parquet(stream: Any, what: Reading, groups: slice) -> Iterator[pyarrow.RecordBatch]:
    reader, n_fields, buffer_bytes = ParquetReader(), len(what.fields), BUFFER_BYTES
    if stream.seek(0, 2) < SMALL_FILE:
        buffer_bytes = 0
    elif not isinstance(stream, pyarrow.OSFile):
        buffer_bytes = max(BUFFER_BYTES, min(FAR_BUFFER_BYTES, FAR_BYTES // n_fields))
    reader.open(stream, pre_buffer=False, buffer_size=buffer_bytes, page_checksum_verification=True)
    schema = reader.schema_arrow
    what.check_types([schema.field(i) for i in what.fields])
    leaves = list(itertools.accumulate(map(_n_leaves, schema.types), initial=0))
    if leaves[-1] != reader.metadata.num_columns:
        raise ParseError("the Parquet file's footer is corrupt: its schema is not that of its columns")
    chosen, n_rows = [leaves[i] for i in what.fields], max(BATCH_CELLS // n_fields, rows_at_once(n_fields))
    yield from reader.iter_batches(n_rows, list(range(reader.num_row_groups)[groups]), chosen, use_threads=False)


def _n_leaves(kind: pyarrow.DataType) -> int:
    """How many columns, as Parquet counts them, a type is stored in."""
    kind = kind.storage_type if isinstance(kind, pyarrow.BaseExtensionType) else kind
    return sum(_n_leaves(kind.field(i).type) for i in range(kind.num_fields)) if kind.num_fields else 1


def _arrow_layout(stream: Any) -> tuple[pyarrow.Schema, list[int], bool]:
    """The same of an Arrow file, whose messages must be those that its footer lists, and fill it."""
    reader, start, stop = _arrow_reader(stream, []), 0, stream.seek(0, 2)
    is_file = isinstance(reader, ipc.RecordBatchFileReader)
    if is_file:
        stream.seek(stop - len(END) - 4)
        start, stop = 8, stop - len(END) - 4 - struct.unpack("<i", stream.read(4))[0]
    sizes = list(_batch_rows(stream, start, stop))
    if is_file and reader.num_record_batches != len(sizes):
        raise ParseError("the Arrow file is corrupt: its footer does not list the record batches that it holds")
    return reader.schema, sizes, not is_file


def _batch_rows(stream: Any, start: int, stop: int) -> Iterator[int]:
    """How many rows each record batch between these places holds, as the heads of the messages say.

    Format: "Serialization and Interprocess Communication" of the Arrow columnar format; "FlatBuffers Internals".
    """
    while start < stop:
        stream.seek(start)
        mark, length = struct.unpack("<ii", stream.read(8))
        start, length = (start + 8, length) if mark == MARK else (start + 4, mark)
        if not 0 < length <= stop - start:
            break
        stream.seek(start)
        head = stream.read(length)
        (message,) = struct.unpack_from("<I", head)
        kind, (offset, at) = _field(head, message, 1, "<B")[0], _field(head, message, 2, "<I")
        body_bytes = _field(head, message, 3, "<q")[0]
        if body_bytes < 0:
            break
        start += length + body_bytes
        if kind == BATCH:
            yield _field(head, at + offset, 0, "<q")[0]
    if start != stop:
        raise ParseError("the Arrow file is truncated or corrupt: its messages do not fill it")


def _field(head: bytes, table: int, number: int, code: str) -> tuple[int, int]:
    """A field of a FlatBuffer's table, 0 if it is not there, and its place, which the table's list of fields tells."""
    fields = table - struct.unpack_from("<i", head, table)[0]
    listed = 4 + 2 * number < struct.unpack_from("<H", head, fields)[0]
    offset = struct.unpack_from("<H", head, fields + 4 + 2 * number)[0] if listed else 0
    return (struct.unpack_from(code, head, table + offset)[0] if offset else 0), table + offset


def _from_arrow(stream: Any, what: Reading, batches: slice) -> Iterator[pyarrow.RecordBatch]:
    reader = _arrow_reader(stream, what.fields)
    what.check_types(list(reader.schema))
    if isinstance(reader, ipc.RecordBatchFileReader):
        return map(reader.get_batch, range(reader.num_record_batches)[batches])
    return itertools.islice(reader, batches.start, batches.stop)


def _arrow_reader(stream: Any, columns: list[int]) -> Any:
    is_file = stream.read(len(ARROW_MAGIC)) == ARROW_MAGIC
    stream.seek(0)
    options = ipc.IpcReadOptions(included_fields=columns, use_threads=False)
    return (ipc.open_file if is_file else ipc.open_stream)(stream, options=options)


def _opened(source: Source) -> Any:
    """A file as PyArrow reads it, without Python's lock; any other source as it is."""
    return pyarrow.OSFile(os.fsencode(source.path)) if isinstance(source, FileSource) else source.open()


@contextmanager
def _pyarrow_errors(kind: str) -> Iterator[None]:
    """Give words to what PyArrow raises for files that it cannot read."""
    try:
        yield
    except MseError:
        raise
    except PYARROW_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the operating system's
        words = quote(str(error).split("\n", 1)[0])
        raise ParseError(f"the {kind} file is truncated or corrupt, or PyArrow cannot read it: {words}") from None
