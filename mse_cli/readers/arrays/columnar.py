"""Parquet and Arrow files, which PyArrow reads: only the columns that are used, some rows at a time.

Integers stay integers, and nulls are missing cells. Whatever PyArrow raises is an error about the file.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import numpy as np

from mse_cli.core.blocks import Numbers, rows_per_block
from mse_cli.core.missing import check_finite
from mse_cli.errors import MseError, ParseError, Place, UsageError, printable, quote
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.sources.address import RemoteSource
from mse_cli.readers.sources.files import FileSource, Source, reading
from mse_cli.readers.sources.kinds import ARROW_MAGIC

try:
    import pyarrow
    from pyarrow import ipc, parquet, types

    from mse_cli.readers.arrays.column_values import (
        KINDS,
        Column,
        TooLongError,
        column_of,
        exact_runs,
        is_number,
        matrix_of,
        would_round,
    )
except ImportError:  # the extra is missing: ``open_file`` says so
    pyarrow = None

BATCH_CELLS = 1 << 18  # decoded at once
BUFFER_BYTES = 1 << 18  # of each column's pages: they are not held whole
MAGIC_BYTES = 8  # of an Arrow file, with its padding
LARGE_GROUP = 16 << 20  # cells: a file with larger groups of rows is read from the start of one, so it is not cut
INDEX = re.compile(r"|__index_level_[0-9]+__")  # how pandas calls an index without a name
HINT = "give the file twice, as both sides, or cast the column to float64 where you write it"


@dataclass(frozen=True)
class ColumnarFile:
    """A Parquet or Arrow file; a ``File``.

    Attributes:
        kind: Which of the two.
        starts: With which row (from 0) each group of rows or record batch begins, and the number of all rows.
        leaves: Of Parquet, which leaf of the schema each column begins with: nested ones have several.
        which: Which rows are read.
        floats: Which columns hold floating point.
    """

    source: Source
    label: str
    kind: Literal["Parquet", "Arrow"]
    names: Names
    width: int
    use: Positions
    notes: tuple[str, ...]
    starts: tuple[int, ...]
    leaves: tuple[int, ...]
    which: range
    floats: frozenset[int]

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.which)

    @property
    def can_be_cut(self) -> bool:
        """Whether any run of its rows is cheap to read on its own, as in a huge group of rows it is not."""
        largest = max(stop - start for start, stop in itertools.pairwise(self.starts))
        return self.source.seekable and largest * len(self.use) <= LARGE_GROUP

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run of whole groups holds that has about so many cells."""
        step, bounds = max(1, n_cells // n_columns), [self.which.start]
        for stop in [*self.starts[bisect_right(self.starts, self.which.start) :], self.which.stop]:
            if stop == self.which.stop or bounds[-1] + step <= stop < self.which.stop:
                bounds.append(stop)
        return [stop - start for start, stop in itertools.pairwise(bounds) if stop > start]

    def part(self, rows: range) -> ColumnarFile:
        """Only these rows (from 0)."""
        return replace(self, which=self.which[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order with their keys, some at a time.

        Raises:
            ParseError: for what is no number, is missing or does not fit beside the other columns.
        """
        first_row = self.which.start
        with reading(self.label), _pyarrow_errors(self.kind):
            for batch in self._batches(wanted):
                keys = None if wanted.key is None else self._keys(batch[wanted.key], wanted.key, first_row)
                numbers = {position: self._column(batch[position], position) for position in set(wanted.columns)}
                columns = [numbers[position] for position in wanted.columns]
                n_rows = len(next(iter(batch.values())))
                for start in range(0, n_rows, step := rows_per_block(len(columns))):
                    here = [column.rows(start, start + step) for column in columns]
                    yield from self._rows(here, keys and keys[start : start + step], first_row + start, wanted)
                first_row += n_rows
        if first_row != self.which.stop:
            raise ParseError("the file became shorter while it was read", Place(self.label))

    def first_rows(self, columns: Positions, most: int) -> list[tuple[str, ...]]:
        """The text of these columns in the first rows."""
        found: list[tuple[str, ...]] = []
        with reading(self.label), _pyarrow_errors(self.kind):
            for batch in self.part(range(min(most, self.n_rows)))._batches(Selection(columns)):
                texts = [["" if it is None else str(it).strip() for it in batch[i].to_pylist()] for i in columns]
                found += zip(*texts, strict=True)
        return found

    def _batches(self, wanted: Selection) -> Iterator[dict[int, Any]]:
        """The rows, in batches that have been checked: the arrays of the columns that are read."""
        positions = sorted({*wanted.columns, *(() if wanted.key is None else (wanted.key,))})
        first, last = bisect_right(self.starts, self.which.start) - 1, bisect_left(self.starts, self.which.stop)
        row = self.starts[first]
        with _opened(self.source) as stream:
            if self.kind == "Parquet":
                file = _parquet(stream)
                size, leaves = max(1, BATCH_CELLS // len(positions)), [self.leaves[i] for i in positions]
                batches = file.reader.iter_batches(size, list(range(first, last)), leaves, use_threads=False)
            else:
                batches = itertools.islice(_record_batches(stream, positions, first), last - first)
            for batch in batches:
                if row >= self.which.stop:
                    break
                batch.validate()
                if batch.num_columns != len(positions):
                    raise ParseError(f"the {self.kind} file is corrupt: its columns are not those that it lists")
                here = slice(max(0, self.which.start - row), max(0, self.which.stop - row))
                row += len(batch)
                if len(part := batch[here]):
                    yield dict(zip(positions, part.columns, strict=True))

    def _column(self, array: Any, position: int) -> Column:
        if not is_number(array.type):
            message = f"the column holds {printable(str(array.type))}, which is no number; {KINDS}"
            raise ParseError(message, self._place(None, position))
        return column_of(array)

    def _keys(self, array: Any, position: int, first_row: int) -> list[str]:
        """The text of the key column."""
        kind = array.type.value_type if types.is_dictionary(array.type) else array.type
        tests = (types.is_string, types.is_large_string, types.is_string_view, types.is_integer)
        if not any(test(kind) for test in tests):
            message = f"the column holds {printable(str(array.type))}; keys are text or integers"
            raise ParseError(message, self._place(None, position))
        array.validate(full=True)
        keys = array.to_pylist()
        if None in keys:
            raise ParseError("the key is missing", self._place(first_row + keys.index(None), position))
        return [str(key).strip() for key in keys]

    def _rows(self, columns: list[Column], keys: list[str] | None, first_row: int, wanted: Selection) -> Iterator[Rows]:
        """Some rows as matrices of one type, which with keys is float64: they are put beside others."""
        numbers = self._floats(columns, first_row, wanted)
        try:
            for chunk in exact_runs(columns, numbers):
                if keys is None:
                    yield Rows(chunk)
                    first_row += len(chunk)
                    continue
                for row, position in np.argwhere(would_round(chunk))[:1].tolist():
                    raise TooLongError(chunk[row, position], row, position, "others by its key")
                yield Rows(chunk.astype(np.float64, copy=False), keys[: len(chunk)])
                keys, first_row = keys[len(chunk) :], first_row + len(chunk)
        except TooLongError as error:
            place = self._place(first_row + error.row, wanted.columns[error.column])
            message = f"{error.value} would be rounded, since it stands beside {error.others}"
            raise ParseError(message, place, hint=HINT) from None

    def _floats(self, columns: list[Column], first_row: int, wanted: Selection) -> Numbers | None:
        """The rows as float64, held against the policy for missing cells; ``None`` where they are all integers."""
        if all(column.values.dtype.kind != "f" and column.absent is None for column in columns):
            return None
        numbers = matrix_of(columns, np.dtype(np.float64))
        check_finite(numbers, wanted.missing, first_row=first_row, columns=wanted.columns, names=self.names)
        return numbers

    def _place(self, row: int | None, position: int) -> Place:
        """The place of a cell, by row and column from 0."""
        return Place(row=None if row is None else row + 1, column=position + 1, name=self.names[position])


def open_file(source: Source, *, kind: Literal["Parquet", "Arrow"], **_: object) -> ColumnarFile:
    """Look at what a Parquet or Arrow file says of itself.

    Raises:
        UsageError: if PyArrow is not installed.
        ParseError: if the file is not what it says, or holds no cells.
    """
    if pyarrow is None:
        message = f"{kind} files are read by PyArrow, which is not installed"
        raise UsageError(message, Place(source.label), hint="pip install 'mse-cli[arrow]'")
    with reading(source.label), _pyarrow_errors(kind):
        schema, sizes, leaves = _parquet_groups(source) if kind == "Parquet" else _arrow_batches(source)
        starts, names = tuple(itertools.accumulate(sizes, initial=0)), tuple(schema.names)
        if not starts[-1] or not names:
            raise ParseError(f"{starts[-1]} rows of {len(names)} columns hold no cells")
    index = _index_of(names)
    listed = ", ".join(quote(names[i]) for i in index)
    notes = (f"the column {listed} is taken for pandas' index and dropped",) if listed else ()
    use = tuple(i for i in range(len(names)) if i not in index)
    floats = frozenset(i for i, field in enumerate(schema) if types.is_floating(field.type))
    return ColumnarFile(
        source, source.label, kind, names, len(names), use, notes, starts, leaves, range(starts[-1]), floats
    )


def _parquet(stream: Any) -> Any:
    return parquet.ParquetFile(stream, buffer_size=BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True)


def _parquet_groups(source: Source) -> tuple[Any, list[int], tuple[int, ...]]:
    with _opened(source) as stream, _parquet(stream) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        if min(sizes, default=0) < 0 or sum(sizes) != file.metadata.num_rows:
            raise ParseError("the Parquet file's footer is corrupt: its groups do not hold as many rows as it says")
        leaves = tuple(itertools.accumulate(map(_count_leaves, file.schema_arrow.types), initial=0))
        if leaves[-1] != file.metadata.num_columns:
            raise ParseError("the Parquet file holds columns that PyArrow does not know")
        return file.schema_arrow, sizes, leaves[:-1]


def _count_leaves(kind: Any) -> int:
    """How many columns of the file a column of such a type is stored as."""
    kind = kind.storage_type if isinstance(kind, pyarrow.BaseExtensionType) else kind
    return sum(_count_leaves(kind.field(i).type) for i in range(kind.num_fields)) or 1


def _arrow_batches(source: Source) -> tuple[Any, list[int], tuple[int, ...]]:
    with _opened(source) as stream:
        schema = _reader(stream, []).schema
    if not schema.names:
        return schema, [], ()
    with _opened(source) as stream:
        sizes = [len(batch) for batch in _record_batches(stream, [0])]
    if not isinstance(source, RemoteSource) and _count_batches(source) != len(sizes):
        raise ParseError("the Arrow file is corrupt: it holds other record batches than it lists")
    return schema, sizes, ()


def _count_batches(source: Source) -> int:
    """How many record batches follow one another in the file, whatever its footer or a reader that skips some says."""
    with pyarrow.memory_map(str(source.path)) if isinstance(source, FileSource) else source.open() as stream:
        if stream.read(len(ARROW_MAGIC)) != ARROW_MAGIC:
            stream.seek(0)
        else:
            stream.seek(MAGIC_BYTES)
        found = [message.type for message in ipc.MessageReader.open_stream(stream)]
    if not {*found} <= {"schema", "dictionary", "record batch"}:
        raise ParseError("the Arrow file is corrupt: a message is neither of its kinds")
    return found.count("record batch")


def _opened(source: Source) -> Any:
    """A file as PyArrow reads it without Python's lock; any other source as it is."""
    return pyarrow.OSFile(str(source.path)) if isinstance(source, FileSource) else source.open()


def _reader(stream: Any, columns: list[int]) -> Any:
    options = ipc.IpcReadOptions(included_fields=columns, use_threads=False)
    is_file = stream.read(len(ARROW_MAGIC)) == ARROW_MAGIC
    stream.seek(0)
    return (ipc.open_file if is_file else ipc.open_stream)(stream, options=options)


def _record_batches(stream: Any, columns: list[int], first: int = 0) -> Iterator[Any]:
    reader = _reader(stream, columns)
    if isinstance(reader, ipc.RecordBatchFileReader):
        return (reader.get_batch(i) for i in range(first, reader.num_record_batches))
    return itertools.islice(cast("Iterator[Any]", reader), first, None)


@contextmanager
def _pyarrow_errors(kind: str) -> Iterator[None]:
    """Give words to what PyArrow raises for files that it cannot read."""
    try:
        yield
    except (MseError, FileNotFoundError):
        raise
    except (pyarrow.ArrowException, ArithmeticError, KeyError, MemoryError, OSError, TypeError, UnicodeError) as error:
        words = quote(str(error).split("\n", 1)[0])
        raise ParseError(f"the {kind} file is truncated or corrupt, or PyArrow cannot read it: {words}") from None


def _index_of(names: Names) -> list[int]:
    """Which columns are pandas' index: those it names so, or a first one without a name; not all that there are."""
    found = [i for i, name in enumerate(names) if INDEX.fullmatch(name) and (name or i == 0)]
    return found if len(found) < len(names) else []
