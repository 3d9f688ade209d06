"""NPY: a matrix of float64, written block by block after a header that says its shape."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from mse_cli.engine import Floats


def render_npy(blocks: Iterable[Floats], shape: tuple[int, int]) -> Iterator[memoryview | bytes]:
    """The bytes of an NPY file (format 1.0, little-endian float64, C order).

    >>> data = b"".join(render_npy([np.ones((1, 2)), np.zeros((1, 2))], (2, 2)))
    >>> np.load(io.BytesIO(data)).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    header = io.BytesIO()
    fields: dict[str, Any] = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    yield header.getvalue()
    for block in blocks:
        if len(block):  # a view of nothing cannot be cast
            yield memoryview(np.ascontiguousarray(block, dtype="<f8")).cast("B")  # type: ignore[arg-type]
