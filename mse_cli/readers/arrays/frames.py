"""Parquet and Arrow files, which the extra ``fast`` (Polars) reads, as a side of the loss.

What such a file is called, how many rows and which columns it has is known from its own description; Polars decodes the
columns that are used. Integers stay integers, and nulls are missing cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from re import fullmatch
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.core.blocks import Floats, Mask, Numbers, rows_per_block
from mse_cli.core.missing import check_finite
from mse_cli.errors import ParseError, Place, UsageError, printable, quote
from mse_cli.readers.arrays.frame_columns import (
    TYPES,
    Column,
    any_long,
    column_of,
    common_type,
    is_rounded,
    matrix_of,
    runs_of,
)
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.sources.files import Source, reading

if TYPE_CHECKING:
    import polars

    from mse_cli.readers.arrays.arrow import ArrowTable
    from mse_cli.readers.arrays.parquet import ParquetTable

TEXT = {"String", "Utf8", "Categorical", "Enum"}
INDEX = r"|__index_level_[0-9]+__"  # how pandas calls an index without a name, in CSV and in Parquet
HINT = "give the file twice, as both sides, or cast the column to float64 where you write it"


@dataclass(frozen=True)
class FrameFile:
    """A Parquet or Arrow file, of which only the columns that are used are read; a ``File``.

    Attributes:
        table: What it says of itself.
        which: Which rows of it are read.
    """

    source: Source
    label: str
    names: Names
    width: int
    use: Positions
    notes: tuple[str, ...]
    table: ParquetTable | ArrowTable
    which: range

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.which)

    @property
    def can_be_cut(self) -> bool:
        """Whether several rows' worth of it can be read at the same time, which a pipe does not allow."""
        return self.table.can_be_cut and self.source.seekable

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run of about so many cells holds that is cheap to read on its own."""
        from mse_cli.readers.arrays.parquet import slices  # few files are

        step = max(1, n_cells // n_columns)
        return [len(rows) for rows in slices(self.which, self.table.starts, step)]

    def part(self, rows: range) -> FrameFile:
        """The same with only these rows (from 0)."""
        return replace(self, which=self.which[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order with their keys, some at a time.

        Raises:
            ParseError: for what is no number, is missing or does not fit beside the other columns.
        """
        return Reading(self, wanted).rows()


@dataclass(frozen=True)
class Reading:
    """Some columns of such a file as they are read."""

    file: FrameFile
    wanted: Selection

    @property
    def positions(self) -> Positions:
        """Which columns are read."""
        return self.wanted.columns

    def rows(self) -> Iterator[Rows]:
        """The rows in order with their keys."""
        table, which, key = self.file.table, self.file.which, self.wanted.key
        wanted = sorted({*self.positions, *([] if key is None else [key])})
        first_row = which.start
        with reading(self.file.label), _polars_errors(table.kind):
            for frame in table.frames(self.file.source, wanted, which):
                self._check(frame, wanted)
                stored = dict(zip(wanted, frame.get_columns(), strict=True))
                keys = None if key is None else self._keys(stored[key], key, first_row)
                numbers = {position: column_of(stored[position]) for position in set(self.positions)}
                done = 0
                for chunk in self._chunks([numbers[position] for position in self.positions], first_row):
                    if keys is None:
                        yield Rows(chunk)
                    else:
                        yield Rows(self._as_floats(chunk, first_row + done), keys[done : done + len(chunk)])
                    done += len(chunk)
                first_row += len(frame)
        if first_row != which.stop:
            raise ParseError("the file became shorter while it was read", Place(self.file.label))

    def _keys(self, series: polars.Series, position: int, first_row: int) -> list[str]:
        """The text of the key column."""
        if not (series.dtype.is_integer() or str(series.dtype.base_type()) in TEXT):
            message = f"the column holds {printable(str(series.dtype))}; keys are text or integers"
            raise ParseError(message, self._place(None, position))
        if series.null_count():
            row = first_row + int(np.argmax(series.is_null().to_numpy()))
            raise ParseError("the key is missing", self._place(row, position))
        return [str(key).strip() for key in series.to_list()]

    def _place(self, row: int | None, position: int) -> Place:
        """The place of a cell, by row and column from 0."""
        return Place(row=None if row is None else row + 1, column=position + 1, name=self.file.names[position])

    def _check(self, frame: polars.DataFrame, wanted: list[int]) -> None:
        """Refuse what is no number, and what is not what the file says it holds."""
        if frame.columns != [self.file.names[i] for i in wanted] or any(len(series) != len(frame) for series in frame):
            raise ParseError(f"the {self.file.table.kind} file is corrupt: its columns are not those that it lists")
        for position, dtype in zip(wanted, frame.dtypes, strict=True):
            if position in self.positions and str(dtype.base_type()) not in TYPES:
                kinds = "bool, integers of up to 64 bits, floating point and decimals are"
                message = f"the column holds {printable(str(dtype))}, which is no number; {kinds}"
                raise ParseError(message, self._place(None, position))

    def _chunks(self, columns: list[Column], first_row: int) -> Iterator[Numbers]:
        """Row after row, in pieces that stay near the core."""
        n_rows = len(columns[0].values)
        step = rows_per_block(len(columns))
        for start in range(0, n_rows, step):
            here = [column.rows(start, start + step) for column in columns]
            yield from self._chunk(here, first_row + start)

    def _chunk(self, columns: list[Column], first_row: int) -> Iterator[Numbers]:
        dtype = common_type(columns)
        if dtype.kind != "f" and not any(column.absent is not None for column in columns):
            self._check_signs(columns, dtype, first_row)
            yield matrix_of(columns, dtype)
            return
        numbers = matrix_of(columns, np.dtype(np.float64))
        check_finite(numbers, self.wanted.missing, first_row=first_row, columns=self.positions, names=self.file.names)
        rounded = np.stack([is_rounded(column) for column in columns], axis=1) if any_long(columns) else None
        if rounded is None or not rounded.any():
            yield numbers
            return
        # Rows that cannot be integers.
        floating: Mask = np.logical_or(np.isnan(numbers).any(axis=1), dtype.kind == "f")
        refused = np.argwhere(rounded & floating[:, np.newaxis])
        if len(refused):
            row, column = refused[0].tolist()
            raise self._too_long(columns[column].values[row], first_row + row, column)
        for start, stop in runs_of(floating):
            run = [column.rows(start, stop) for column in columns]
            yield from [numbers[start:stop]] if floating[start] else self._chunk(run, first_row + start)

    def _check_signs(self, columns: list[Column], dtype: np.dtype[np.generic], first_row: int) -> None:
        """Refuse what a signed integer cannot hold."""
        most = 2**63 - 1
        for position, column in enumerate(columns):
            if dtype == np.int64 and column.values.dtype == np.uint64 and (column.values > most).any():
                row = int(np.argmax(column.values > most))
                raise self._too_long(column.values[row], first_row + row, position, "signed integers")

    def _as_floats(self, chunk: Numbers, first_row: int) -> Floats:
        """The same as float64, in which rows that are matched by a key are put side by side."""
        rounded = np.argwhere(is_rounded(Column(chunk, None)))
        if len(rounded):
            row, position = rounded[0].tolist()
            raise self._too_long(chunk[row, position], first_row + row, position, "others by its key")
        return chunk.astype(np.float64, copy=False)

    def _too_long(
        self, value: np.generic, row: int, position: int, others: str = "floats or missing cells"
    ) -> ParseError:
        place = self._place(row, self.positions[position])
        return ParseError(f"{value} would be rounded, since it stands beside {others}", place, hint=HINT)


def open_file(source: Source, *, kind: str, **_: object) -> FrameFile:
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
        use = tuple(i for i in range(len(table.names)) if i not in index)
        if not table.n_rows or not table.names:
            raise ParseError(f"{table.n_rows} rows of {len(table.names)} columns hold no cells")
        if len(set(table.names)) < len(table.names):
            raise ParseError("two columns have the same name")
    listed = ", ".join(quote(table.names[i]) for i in index)
    notes = (f"the column {listed} is taken for pandas' index and dropped",) if listed else ()
    rows = range(table.n_rows)
    return FrameFile(source, source.label, table.names, len(table.names), use, notes, table, rows)


def _open_table(source: Source, kind: str) -> ParquetTable | ArrowTable:
    if kind == "Parquet":
        from mse_cli.readers.arrays.parquet import open_parquet  # few files are

        return open_parquet(source)
    from mse_cli.readers.arrays.arrow import open_arrow

    return open_arrow(source)


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
