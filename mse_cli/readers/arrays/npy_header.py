"""The header of an NPY file or an NPZ member: NumPy's NEP 1 and ``numpy.lib.format``, never evaluated."""

from __future__ import annotations

import ast
import math
import re
import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from mse_cli.errors import ParseError, quote

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes, as NumPy's own limit: beyond, parsing it could crash the interpreter
MOST_AXES = 64
# As NumPy writes them, and by name; np.dtype would also take 'f8,f8' and warn of old aliases.
REAL_TYPE = re.compile(r"[<>|=]?(?:\?|[biuf][0-9]{1,2}|bool|(?:u?int|float)[0-9]{1,3})")
LONGDOUBLE = re.compile(r"[<>|=]?f(?:10|12|16)|[<>|=]?g|float(?:80|96|128)|longdouble")
UNKNOWN_TO_NUMPY = re.compile(r"[<>|=]?(V1|V2|f1)")  # how it writes those of ml_dtypes, which JAX and others use
PYTHON_2_LONG = re.compile(r"(?<=[0-9])L(?=\s*[,)])")  # a size in a file of Python 2 may be 3L


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
