"""NPY: a matrix of float64, written block by block after a header that says its shape."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from mse_cli.engine import Floats


def npy_header(shape: tuple[int, int]) -> bytes:
    """What stands before the rows (format 1.0).

    >>> data = npy_header((2, 2)) + npy_rows(np.ones((1, 2))) + npy_rows(np.zeros((1, 2)))
    >>> np.load(io.BytesIO(data)).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    header = io.BytesIO()
    fields: dict[str, Any] = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def npy_rows(block: Floats) -> memoryview:
    """The bytes of some rows: little-endian float64, row after row."""
    return np.ascontiguousarray(block, dtype="<f8").reshape(-1).view(np.uint8).data
