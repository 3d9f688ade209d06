"""NPY files and the members of NPZ archives, read in blocks and never unpickled.

Format: NumPy's NEP 1 and ``numpy.lib.format``. The header is checked against the file's size before anything is
allocated; a file that is longer or shorter than its header says is refused, not read in part.
"""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Numbers, as_numbers, rows_per_block
from mse_cli.core.exact import STRIPE
from mse_cli.core.missing import check_finite
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, quote
from mse_cli.readers.columns import Positions, are_same
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.sources.files import Source, reading

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes, as NumPy's own limit: beyond, parsing it could crash the interpreter
MOST_AXES = 64
# As NumPy writes them, and by name; np.dtype would also take 'f8,f8' and warn of old aliases.
REAL_TYPE = re.compile(r"[<>|=]?(?:\?|[biuf][0-9]{1,2}|bool|(?:u?int|float)[0-9]{1,3})")
LONGDOUBLE = re.compile(r"[<>|=]?f(?:10|12|16)|[<>|=]?g|float(?:80|96|128)|longdouble")
UNKNOWN_TO_NUMPY = re.compile(r"[<>|=]?(V1|V2|f1)")  # how it writes those of ml_dtypes, which JAX and others use
PYTHON_2_LONG = re.compile(r"(?<=[0-9])L(?=\s*[,)])")  # a size in a file of Python 2 may be 3L
SHORT_COLUMN = 4 << 10  # bytes, in Fortran order
LONG_RUN = 1024  # columns, for which it pays to read nothing else of a row
FORTRAN_BYTES = 16 << 20  # of a block in Fortran order, where each column is a read of its own


class Header(NamedTuple):
    """What an NPY header says, and where the data begins."""

    dtype: np.dtype[np.generic]
    fortran: bool
    shape: tuple[int, ...]
    offset: int

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """N×C: 0-d is 1×1, 1-D of length N is N×1, more axes are N × all the rest."""
        return (self.shape[0] if self.shape else 1), math.prod(self.shape[1:])

    @property
    def n_bytes(self) -> int:
        """How long the data must be."""
        return math.prod(self.shape) * self.dtype.itemsize


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

    def reads_apart(self, columns: Positions) -> bool:
        """Whether these columns, and any run of them, are cheap to read without the others: many side by side."""
        return self.can_be_cut and isinstance(columns, range) and len(columns) > STRIPE

    def part(self, rows: range) -> NpyFile:
        """Only these rows (from 0)."""
        return replace(self, rows=self.rows[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """The rows in order, some at a time, not looked at; they are valid until the next are asked for."""
        first_row = self.rows.start
        run = range(self.width)
        if self.can_be_cut and isinstance(wanted.columns, range) and len(wanted.columns) >= LONG_RUN:
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


def read_header(stream: BinaryIO) -> Header:
    """Read and check a header; never evaluates it.

    Raises:
        ParseError: if it is not one that NumPy writes for a real array.
    """
    start = stream.read(len(MAGIC) + 2)
    if len(start) < len(MAGIC) + 2 or not start.startswith(MAGIC):
        raise ParseError("the NPY file is truncated in its header")
    version = start[-2], start[-1]
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise ParseError(f"NPY format {version[0]}.{version[1]} is not known; 1.0 to 3.0 are")
    size_format = "<H" if version == (1, 0) else "<I"
    length_bytes = _read_exactly(stream, struct.calcsize(size_format))
    length = int(struct.unpack(size_format, length_bytes)[0])
    if length > LONGEST_HEADER:
        raise ParseError(f"the NPY header claims {length} bytes; no real array needs that")
    text = _read_exactly(stream, length)
    try:
        described = text.decode("utf-8" if version == (3, 0) else "latin-1").strip()
        fields = ast.literal_eval(PYTHON_2_LONG.sub("", described))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ParseError("the NPY header is not a plain dictionary") from None
    dtype, fortran, shape = _check_fields(fields)
    return Header(dtype, fortran, shape, len(start) + len(length_bytes) + length)


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise ParseError("the NPY file is truncated in its header")
    return data


def _check_fields(fields: object) -> tuple[np.dtype[np.generic], bool, tuple[int, ...]]:
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise ParseError("the NPY header does not have exactly descr, fortran_order and shape")
    descr, fortran, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    if type(fortran) is not bool:
        raise ParseError("the NPY header's fortran_order is neither True nor False")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ParseError("the NPY header's shape is not a tuple of sizes")
    if len(shape) > MOST_AXES:
        raise ParseError(f"the NPY header's shape has {len(shape)} axes; NumPy allows {MOST_AXES}")
    return _real_dtype(descr), fortran, shape


def _real_dtype(descr: object) -> np.dtype[np.generic]:
    kinds = "bool, integers and floating point are read"
    if isinstance(descr, str):
        _refuse_by_name(descr)
    if isinstance(descr, str) and not REAL_TYPE.fullmatch(descr):
        raise ParseError(f"holds {quote(descr)}, not real numbers; {kinds}")
    if not isinstance(descr, str):
        raise ParseError(f"holds records or something else that is not a number; {kinds}")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError):
        raise ParseError(f"the NPY header's type {quote(descr)} is not known") from None
    return dtype


def _refuse_by_name(descr: str) -> None:
    """Refuse types of numbers that are not read, each by its name.

    Raises:
        ParseError: for longdouble, and for what NumPy writes of types that it does not know.
    """
    if LONGDOUBLE.fullmatch(descr):
        raise ParseError(
            f"holds longdouble ({quote(descr)}), whose bytes mean different numbers on different machines",
            hint="save it as float64: array.astype(numpy.float64)",
        )
    found = UNKNOWN_TO_NUMPY.fullmatch(descr)
    if found:
        name = "bfloat16" if found[1] == "V2" else "float8" if found[1] == "f1" else "float8 (or int4, float4)"
        raise ParseError(
            f"holds {name}, by its header {quote(descr)}: NumPy's files do not say what its bytes mean",
            hint="save it as float32: array.astype(numpy.float32)",
        )


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
    whole = np.empty((min(len(columns), FORTRAN_BYTES // n_bytes), n_rows), dtype=header.dtype)
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
