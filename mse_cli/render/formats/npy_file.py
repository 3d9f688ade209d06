"""NPY: a matrix of float64, written block by block after a header that says its shape."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.render.printing import Job
from mse_cli.running.evaluation import MatrixName
from mse_cli.running.second_pass import matrix_as

if TYPE_CHECKING:
    from typing_extensions import Buffer


def matrix(job: Job, name: MatrixName) -> Iterator[Buffer]:
    """A matrix as a file."""
    yield npy_header(job.evaluation.result.shape)
    yield from matrix_as(npy_rows, name, job.evaluation, job.backend, job.progress)


def npy_header(shape: tuple[int, int]) -> bytes:
    """What stands before the rows (format 1.0).

    >>> data = b"".join([npy_header((2, 2)), npy_rows(np.ones((1, 2))), npy_rows(np.zeros((1, 2)))])
    >>> np.load(io.BytesIO(data)).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    header = io.BytesIO()
    fields: dict[str, Any] = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def npy_rows(block: Floats) -> Buffer:
    """Some rows as they are written: little-endian float64, row after row."""
    return cast("Buffer", np.ascontiguousarray(block, dtype="<f8"))  # which can be sent by a worker, as a view cannot
