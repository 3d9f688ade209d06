"""NPY files and the members of NPZ archives, read in blocks and never unpickled.

Format: NumPy's NEP 1 and ``numpy.lib.format``. The header is checked against the file's size before anything is
allocated; a file that is longer or shorter than its header says is refused, not read in part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Numbers, as_numbers, rows_per_block
from mse_cli.core.exact import is_wide, stripes
from mse_cli.core.missing import check_finite
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError
from mse_cli.readers.arrays.npy_header import Header, read_header
from mse_cli.readers.columns import Positions, are_same
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.sources.files import Source, reading

SHORT_COLUMN = 4 << 10  # bytes, in Fortran order
FORTRAN_BYTES = 16 << 20  # of a block in Fortran order, where each column is a read of its own


@dataclass(frozen=True)
class NpyFile:
    """An NPY file or an NPZ member, read in blocks of whole rows; a ``File``.

    Attributes:
        header: What it says of itself.
        member: Its name in the archive, of an NPZ member.
        rows: Which rows of the array are read (from 0).
    """

    source: Source
    label: str
    header: Header
    member: str | None
    width: int
    use: Positions
    rows: range
    names: None = None
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array, with as many rows as are read."""
        return (self.n_rows, *self.header.shape[1:]) if self.header.shape else ()

    @property
    def can_be_cut(self) -> bool:
        """Whether any run of rows is cheap to read on its own, as of a pipe and in an archive it is not."""
        return self.member is None and self.source.seekable

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """How many rows each run of about so many cells holds."""
        step = max(1, n_cells // n_columns)
        return [min(step, self.n_rows - start) for start in range(0, self.n_rows, step)]

    def at_once(self, columns: Positions) -> int:
        """How many of these columns should be read without the others: of those of a wide array a stripe."""
        is_run = self.can_be_cut and isinstance(columns, range) and is_wide(len(columns))
        return next(stripes(len(columns))).stop if is_run else 0

    def part(self, rows: range) -> NpyFile:
        """Only these rows (from 0)."""
        return replace(self, rows=self.rows[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order, some at a time, not looked at; they are valid until the next are asked for."""
        first_row = self.rows.start
        run = range(self.width)
        if self.can_be_cut and isinstance(wanted.columns, range):
            run = wanted.columns
        chosen = None if are_same(wanted.columns, run) else wanted.columns
        with _open_data(self.source, self.member) as stream, reading(self.label):
            rows_of = _fortran_rows if self.header.fortran else _rows
            for chunk in _converted(rows_of(stream, self.header, self.rows, run)):
                if chosen is not None:
                    chunk = chunk[:, chosen]
                yield Rows(chunk, None, first_row, partial(self._check, wanted.missing, wanted.columns))
                first_row += len(chunk)

    def _check(self, missing: Missing, columns: Positions | None, numbers: Numbers, first_row: int) -> None:
        with reading(self.label):
            check_finite(numbers, missing, first_row=first_row, columns=columns)


def open_file(source: Source, *, is_shard: bool = False, **_: object) -> NpyFile:
    """Check an NPY file's header and size; raises as ``open_array``."""
    return open_array(source, is_shard=is_shard)


def open_array(source: Source, member: str | None = None, *, is_shard: bool = False) -> NpyFile:
    """Check an NPY file's (or an NPZ member's) header and size.

    Raises:
        ParseError: if the two do not agree, or hold something else than a real matrix.
    """
    label = source.label + (f"[{member}]" if member else "")
    with _open_data(source, member) as stream, reading(label):
        header = read_header(stream)
        stream.seek(0, 2)
        _check_size(header, stream.tell() - header.offset, is_shard=is_shard)
    n_rows, width = header.matrix_shape
    return NpyFile(source, label, header, member, width, range(width), range(n_rows))


def _check_size(header: Header, found: int, *, is_shard: bool) -> None:
    if found != header.n_bytes:
        what = "truncated" if found < header.n_bytes else "longer than its header says"
        raise ParseError(
            f"the file is {what}: shape {header.shape} of {header.dtype} needs "
            f"{header.n_bytes} bytes of data, there are {found}"
        )
    if found == 0 and not (is_shard and header.matrix_shape[1]):
        raise ParseError(f"shape {header.shape} holds no cells")


def _rows(stream: BinaryIO, header: Header, rows: range, columns: range) -> Iterator[NDArray[np.generic]]:
    """These columns, side by side, of the rows."""
    width, step = header.matrix_shape[1], rows_per_block(len(columns))
    buffer = np.empty((min(step, len(rows)), len(columns)), dtype=header.dtype)
    for start in rows[::step]:
        raw = buffer[: rows.stop - start]
        for row, run in enumerate(raw, start) if len(columns) < width else [(start, raw)]:
            stream.seek(header.offset + (row * width + columns.start) * header.dtype.itemsize)
            _fill(stream, run)
        yield raw


def _fortran_rows(stream: BinaryIO, header: Header, rows: range, columns: range) -> Iterator[NDArray[np.generic]]:
    """Columns lie one after the other: take a run of rows from each, transposed on the way."""
    size = header.dtype.itemsize
    step = max(rows_per_block(len(columns)), FORTRAN_BYTES // (len(columns) * size))
    buffer = np.empty((len(columns), min(step, len(rows))), dtype=header.dtype)
    for start in rows[::step]:
        raw = buffer[:, : rows.stop - start]
        if len(header.shape) == 2 and header.shape[0] * size <= SHORT_COLUMN:
            _fill_from_short_columns(stream, header, raw, start, columns)
        else:
            _fill_column_by_column(stream, header, raw, start, columns)
        yield raw.T


def _fill_column_by_column(
    stream: BinaryIO, header: Header, raw: NDArray[np.generic], start: int, columns: range
) -> None:
    n_rows, n_columns = header.matrix_shape
    stored_at = np.arange(n_columns).reshape(header.shape[1:], order="F").ravel()[columns.start : columns.stop]
    for column in np.argsort(stored_at).tolist():  # in the order in which they are stored
        stream.seek(header.offset + (int(stored_at[column]) * n_rows + start) * header.dtype.itemsize)
        _fill(stream, raw[column])


def _fill_from_short_columns(
    stream: BinaryIO, header: Header, raw: NDArray[np.generic], start: int, columns: range
) -> None:
    """Many are read whole, whatever is used of them: to go to each would cost more."""
    n_rows, n_bytes = header.shape[0], header.shape[0] * header.dtype.itemsize
    stream.seek(header.offset + columns.start * n_bytes)
    whole = np.empty((max(1, min(len(columns), FORTRAN_BYTES // n_bytes)), n_rows), dtype=header.dtype)
    for first in range(0, len(columns), len(whole)):
        several = whole[: len(columns) - first]
        _fill(stream, several)
        raw[first : first + len(several)] = several[:, start : start + raw.shape[1]]


def _converted(chunks: Iterator[NDArray[np.generic]]) -> Iterator[Numbers]:
    """Each chunk in a type the engine calculates with and row after row, in one buffer: fresh memory costs time."""
    buffer: Numbers | None = None
    for chunk in chunks:
        if chunk.flags.c_contiguous and as_numbers(chunk[:0]).dtype == chunk.dtype:
            yield chunk
            continue
        if buffer is None:
            buffer = np.empty(chunk.shape, dtype=as_numbers(chunk[:0]).dtype)
        numbers = buffer[: len(chunk)]
        with np.errstate(all="ignore"):  # as as_numbers does
            np.copyto(numbers, chunk)
        yield numbers


def _fill(stream: BinaryIO, array: NDArray[np.generic]) -> None:
    buffer = memoryview(cast(Any, array.reshape(-1).view(np.uint8)))
    filled = 0
    while filled < len(buffer):
        count = stream.readinto(buffer[filled:])  # type: ignore[attr-defined]
        if not count:
            raise ParseError("the file became shorter while it was read")
        filled += count


@contextmanager
def _open_data(source: Source, member: str | None) -> Iterator[BinaryIO]:
    if member is None:
        with reading(source.label), source.open() as stream:
            yield stream
        return
    from mse_cli.readers.sources.archive import open_member  # few files are archives

    with open_member(source, member) as stream:
        yield stream
