"""One side of the loss as it is handed over: its numbers as N×C, its shape, its masked cells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mse_cli.core.arguments.cells import exact_array
from mse_cli.core.arguments.frames import Frame
from mse_cli.core.blocks import Mask, Numbers, as_numbers
from mse_cli.errors import ShapeError


class Given(NamedTuple):
    """What was handed over.

    Attributes:
        numbers: N×C: 0-d is 1×1, length N is N×1, more axes are N × all the rest.
        shape: Its own shape.
        absent: Which cells are masked, ``None`` for none.
    """

    numbers: Numbers
    shape: tuple[int, ...]
    absent: Mask | None = None


def given(values: Any, frame: Frame | None) -> Given:
    """The numbers of an array-like, or of a frame if it is one.

    Raises:
        ParseError: for what is no real number.
        ShapeError: for what holds no cells.

    >>> given(np.ma.masked_equal([1, 9], 9), None).absent.tolist()
    [[False], [True]]
    """
    if frame is not None:
        numbers = frame.matrix(tuple(range(len(frame.names)))) if frame.names else np.zeros((0, 0))
        absent = None
    else:
        absent = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
        numbers = exact_array(values if absent is None else np.ma.filled(values, 0))
    if numbers.size == 0:
        raise ShapeError(f"an array of shape {numbers.shape} holds no cells")
    rows = numbers.shape[0] if numbers.ndim else 1
    matrix = as_numbers(numbers.reshape(rows, -1))
    if absent is None or not absent.any():
        return Given(matrix, numbers.shape)
    return Given(matrix, numbers.shape, np.reshape(absent, matrix.shape))
