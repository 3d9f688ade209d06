"""Parquet and Arrow files, which the extra ``fast`` (Polars) reads, as a side of the loss.

What such a file is called, how many rows and which columns it has is known from its own description; Polars decodes the
columns that are used. Integers stay integers, and nulls are missing cells.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from re import fullmatch
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.engine import Mask, Numbers, rows_per_block
from mse_cli.errors import ParseError, Place, UsageError, printable, quote
from mse_cli.readers.missing import Missing, check_finite
from mse_cli.readers.source import Source, reading

if TYPE_CHECKING:
    import polars

    from mse_cli.readers.arrow import ArrowTable
    from mse_cli.readers.parquet import ParquetTable

TYPES = {
    "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32",
    "Float64", "Decimal", "Null",
}  # fmt: skip
LONG = {np.dtype(np.int64), np.dtype(np.uint64)}
INDEX = r"|__index_level_[0-9]+__"  # how pandas calls an index without a name, in CSV and in Parquet
HINT = "give the file twice, as both sides, or cast the column to float64 where you write it"


@dataclass(frozen=True)
class FrameMatrix:
    """One side of the loss from a Parquet or Arrow file, of which only the columns that are used are read.

    Attributes:
        source: The file.
        table: What it says of itself.
        missing: The policy for missing cells.
        positions: Which columns are read (0-based).
        span: Which rows, if not all.
        is_member: As of a member of an archive: it is none.
    """

    source: Source
    table: ParquetTable | ArrowTable
    missing: Missing
    positions: tuple[int, ...]
    span: range | None = None
    is_member: bool = False

    @property
    def label(self) -> str:
        """The file."""
        return self.source.label

    @property
    def rows(self) -> range:
        """Which rows of the file are read (from 0)."""
        return range(self.table.n_rows) if self.span is None else self.span

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.rows)

    @property
    def can_be_parted(self) -> bool:
        """Whether several rows' worth of it can be read at the same time, which a pipe does not allow."""
        return self.table.can_be_cut and self.source.seekable

    @property
    def files(self) -> tuple[FrameMatrix]:
        """Itself: it is one file."""
        return (self,)

    def grains(self, n_cells: int) -> list[int]:
        """How many rows each run of about so many cells holds that is cheap to read on its own."""
        step = max(1, n_cells // self.n_columns)
        return [len(rows) for rows in slices(self.rows, self.table.starts, step)]

    def part(self, rows: range) -> FrameMatrix:
        """The same with only these rows (from 0)."""
        return replace(self, span=rows)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of the file's columns, whichever of them are read."""
        return self.table.names

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(self.all_names[column] for column in self.positions)

    @property
    def n_columns(self) -> int:
        """C."""
        return len(self.positions)

    @property
    def width(self) -> int:
        """How many columns the file has."""
        return len(self.all_names)

    @property
    def notes(self) -> tuple[str, ...]:
        """Whether an index is left out."""
        listed = ", ".join(quote(self.all_names[i]) for i in _index_of(self.all_names))
        return (f"the column {listed} is taken for pandas' index and dropped",) if listed else ()

    def select(self, columns: tuple[int, ...], key: int | None = None, weights: tuple[int, ...] = ()) -> FrameMatrix:
        """The same with only these columns (0-based); there is no key, and weights are checked in blocks."""
        return self if columns == self.positions else replace(self, positions=columns)

    def chunks(self) -> Iterator[Numbers]:
        """The rows in order, some at a time; each chunk is valid until the next is asked for.

        Raises:
            ParseError: for what is no number, is missing or does not fit beside the other columns.
        """
        wanted = sorted(set(self.positions))
        first_row = self.rows.start
        with reading(self.label), _polars_errors(self.table.kind):
            for frame in self.table.frames(self.source, wanted, self.rows):
                self._check(frame, wanted)
                stored = dict(zip(wanted, map(_column, frame.get_columns()), strict=True))
                columns = [stored[position] for position in self.positions]
                yield from self._chunks(columns, first_row)
                first_row += len(frame)
        if first_row != self.rows.stop:
            raise ParseError("the file became shorter while it was read", Place(self.label))

    def _check(self, frame: polars.DataFrame, wanted: list[int]) -> None:
        """Refuse what is no number, and what is not what the file says it holds."""
        if frame.columns != [self.all_names[i] for i in wanted] or any(len(series) != len(frame) for series in frame):
            raise ParseError(f"the {self.table.kind} file is corrupt: its columns are not those that it lists")
        for name, dtype in frame.schema.items():
            if str(dtype.base_type()) not in TYPES:
                kinds = "bool, integers of up to 64 bits, floating point and decimals are"
                place = Place(column=self.all_names.index(name) + 1, name=name)
                raise ParseError(f"the column holds {printable(str(dtype))}, which is no number; {kinds}", place)

    def _chunks(self, columns: list[Column], first_row: int) -> Iterator[Numbers]:
        """Row after row, in pieces that stay near the core."""
        n_rows = len(columns[0].values)
        step = rows_per_block(len(columns))
        for start in range(0, n_rows, step):
            here = [column.rows(start, start + step) for column in columns]
            yield from self._chunk(here, first_row + start)

    def _chunk(self, columns: list[Column], first_row: int) -> Iterator[Numbers]:
        dtype = _common_type(columns)
        if dtype.kind != "f" and not any(column.absent is not None for column in columns):
            self._check_signs(columns, dtype, first_row)
            yield _matrix(columns, dtype)
            return
        numbers = _matrix(columns, np.dtype(np.float64))
        check_finite(numbers, self.missing, first_row=first_row, columns=self.positions, names=self.all_names)
        rounded = np.stack([_is_rounded(column) for column in columns], axis=1) if _any_long(columns) else None
        if rounded is None or not rounded.any():
            yield numbers
            return
        # Rows that cannot be integers.
        floating: Mask = np.logical_or(np.isnan(numbers).any(axis=1), dtype.kind == "f")
        refused = np.argwhere(rounded & floating[:, np.newaxis])
        if len(refused):
            row, column = refused[0].tolist()
            raise self._too_long(columns[column].values[row], first_row + row, column)
        for start, stop in _runs(floating):
            run = [column.rows(start, stop) for column in columns]
            yield from [numbers[start:stop]] if floating[start] else self._chunk(run, first_row + start)

    def _check_signs(self, columns: list[Column], dtype: np.dtype[np.generic], first_row: int) -> None:
        """Refuse what a signed integer cannot hold."""
        most = 2**63 - 1
        for position, column in enumerate(columns):
            if dtype == np.int64 and column.values.dtype == np.uint64 and (column.values > most).any():
                row = int(np.argmax(column.values > most))
                raise self._too_long(column.values[row], first_row + row, position, "signed integers")

    def _too_long(
        self, value: np.generic, row: int, position: int, others: str = "floats or missing cells"
    ) -> ParseError:
        column = self.positions[position]
        place = Place(row=row + 1, column=column + 1, name=self.all_names[column])
        return ParseError(f"{value} would be rounded, since it stands beside {others}", place, hint=HINT)


@dataclass(frozen=True)
class Column:
    """Some rows of a column: its values, and which of them are missing, ``None`` for none."""

    values: Numbers
    absent: Mask | None

    def rows(self, start: int, stop: int) -> Column:
        """Some of these rows."""
        absent = None if self.absent is None else self.absent[start:stop]
        return Column(self.values[start:stop], absent if absent is not None and absent.any() else None)


def open_frames(source: Source, missing: Missing, *, kind: str) -> FrameMatrix:
    """Check what a Parquet or Arrow file says of itself.

    Raises:
        UsageError: if Polars is not installed.
        ParseError: if the file is not what it says, or holds no cells.
    """
    try:
        import polars  # noqa: F401
    except ImportError:
        message = f"{kind} files are read by Polars, which is not installed"
        raise UsageError(message, Place(source.label), hint="pip install 'mse-cli[fast]'") from None
    with reading(source.label):
        table = _open_table(source, kind)
        index = _index_of(table.names)
        matrix = FrameMatrix(source, table, missing, tuple(i for i in range(len(table.names)) if i not in index))
        if not matrix.n_rows or not matrix.width:
            raise ParseError(f"{matrix.n_rows} rows of {matrix.width} columns hold no cells")
        if len(set(matrix.all_names)) < matrix.width:
            raise ParseError("two columns have the same name")
    return matrix


def _open_table(source: Source, kind: str) -> ParquetTable | ArrowTable:
    if kind == "Parquet":
        from mse_cli.readers.parquet import open_parquet  # few files are

        return open_parquet(source)
    from mse_cli.readers.arrow import open_arrow

    return open_arrow(source)


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


@contextmanager
def _polars_errors(kind: str) -> Iterator[None]:
    """Give words to what Polars raises for files that it cannot read."""
    from polars.exceptions import PanicException, PolarsError

    try:
        yield
    except (PolarsError, PanicException) as error:
        words = quote(str(error).split("\n", 1)[0])
        raise ParseError(f"the {kind} file is corrupt, or Polars cannot read it: {words}") from None


def _index_of(names: tuple[str, ...]) -> list[int]:
    """Which columns are pandas' index: those it names so, or a first one without a name; not all that there are."""
    found = [i for i, name in enumerate(names) if fullmatch(INDEX, name) and (name or i == 0)]
    return found if len(found) < len(names) else []


def _column(series: polars.Series) -> Column:
    """The values of a column in NumPy's own type, with a 0 (or NaN) where one is missing."""
    import polars

    absent = series.is_null().to_numpy() if series.null_count() else None
    if series.dtype.base_type() in {polars.Decimal, polars.Null}:
        # Rounded once, which Polars' own cast does not promise.
        return Column(np.array([np.nan if cell is None else float(cell) for cell in series.to_list()]), absent)
    filler = False if series.dtype == polars.Boolean else 0
    return Column(series.fill_null(filler).to_numpy() if absent is not None else series.to_numpy(), absent)


def _common_type(columns: list[Column]) -> np.dtype[np.generic]:
    """The type of a matrix of these columns: of 64-bit integers if there are any and no floats, else float64."""
    if not _any_long(columns) or any(column.values.dtype.kind == "f" for column in columns):
        return np.dtype(np.float64)
    return np.dtype(np.int64 if any(column.values.dtype.kind == "i" for column in columns) else np.uint64)


def _any_long(columns: list[Column]) -> bool:
    return any(column.values.dtype in LONG for column in columns)


def _matrix(columns: list[Column], dtype: np.dtype[np.generic]) -> Numbers:
    numbers = np.empty((len(columns[0].values), len(columns)), dtype)
    for position, column in enumerate(columns):
        numbers[:, position] = column.values
        if column.absent is not None:
            numbers[column.absent, position] = np.nan
    return numbers


def _is_rounded(column: Column) -> Mask:
    """Which integers float64 cannot hold."""
    values = column.values
    if values.dtype not in LONG:
        return np.zeros(len(values), dtype=bool)
    numbers = values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 2^63 and 2^64, to which the largest are rounded, are no such integers
        back = numbers.astype(values.dtype)
    limit = 2.0**63 if values.dtype == np.int64 else 2.0**64
    rounded: Mask = np.logical_or(numbers >= limit, back != values)
    return rounded


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """The bounds of the rows that follow one another with the same value."""
    bounds = [0, *(np.flatnonzero(np.diff(mask)) + 1).tolist(), len(mask)]
    yield from itertools.pairwise(bounds)
