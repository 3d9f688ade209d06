"""The loss on arrays in memory: ``MSELoss`` and four functions, with the engine's own arithmetic."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mse_cli.core.arguments.array_likes import Given, given
from mse_cli.core.arguments.frames import Frame, check_indexes, frame_of, in_order_of, matched
from mse_cli.core.blocks import Block, Floats, check_weights, gradient
from mse_cli.core.blocks import squared_error as squared_error_of_block
from mse_cli.core.matching import have_same_axes
from mse_cli.core.result import REDUCTIONS, Reduction, Result
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import ParseError, ShapeError


class MSELoss:
    """Mean (or sum) of squared errors with its gradient, as an autograd-free layer.

    forward: MSE = Σ (A−Y)² / (N·C), or SSE = Σ (A−Y)² with ``reduction="sum"``.
    backward: ∂MSE/∂A = 2·(A−Y)/(N·C), or ∂SSE/∂A = 2·(A−Y).

    Args:
        reduction: ``"mean"`` or ``"sum"``; what other libraries call ``"none"`` is ``squared_error``.

    Raises:
        ValueError: if the reduction is another one.

    Source:
        CMU 11-785, homework 1, ``mytorch.nn.MSELoss``; PyTorch's ``torch.nn.MSELoss`` agrees.

    >>> loss = MSELoss()
    >>> loss.forward([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
    1250000000.5
    >>> loss.backward().tolist()
    [[-25000.0, -0.5], [25000.0, 0.5]]
    """

    def __init__(self, reduction: Reduction = "mean"):
        if reduction not in REDUCTIONS:
            cells = "; squared_error(A, Y) gives the cells" if str(reduction) == "none" else ""
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r}{cells}")
        self.reduction: Reduction = reduction
        self._block: tuple[Block, tuple[int, ...]] | None = None

    def forward(self, A: ArrayLike, Y: ArrayLike) -> float:  # noqa: N803 - the formula's letters
        """The loss of prediction A against target Y, two array-likes of one shape.

        Raises:
            ShapeError: (a ValueError) if the shapes differ; they are never broadcast.
        """
        block, shape = block_of(A, Y, None)
        # Copies: whoever changes A in place between the two calls still gets the gradient at A.
        sides = block.prediction.copy(), block.target.copy()
        self._block = Block(0, *sides, used=block.used), shape
        return _finish(block, self.reduction).loss

    def backward(self) -> Floats:
        """∂loss/∂A at the arrays of the last ``forward``, in the shape of A, float64.

        Raises:
            RuntimeError: if ``forward`` was not called before.
        """
        if self._block is None:
            raise RuntimeError("call forward(A, Y) before backward()")
        return _gradient(*self._block, self.reduction)

    __call__ = forward


def squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """SE = (A−Y) ⊙ (A−Y), each cell multiplied by its weight if there are weights.

    Args:
        prediction: A, N×C (or N, read as N×1), any real type; masked cells are left out, as those of Y are. A
            DataFrame (pandas, Polars, anything with named columns) is read column by column.
        target: Y, the same shape; of two DataFrames the columns are matched by name.
        weights: Non-negative, N×C or N×1 (or N, one a row) or 1×C (one a column).

    Returns:
        An array in the shape of A, float64, in the target's unit squared; NaN where a cell is masked.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.
        ParseError: for what is no real number, and for what would be rounded or paired in silence.

    >>> squared_error([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]).tolist()
    [[2500000000.0, 1.0], [2500000000.0, 1.0]]
    """
    block, shape = block_of(prediction, target, weights)
    cells = squared_error_of_block(block)
    with np.errstate(all="ignore"):
        return (cells if block.weights is None else cells * block.weights).reshape(shape)


def sum_squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """SSE = Σ W·(A−Y)², rounded once; arguments and errors as of ``squared_error``.

    >>> sum_squared_error([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
    5000000002.0
    """
    return _finish(block_of(prediction, target, weights)[0]).sse


def mean_squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """MSE = Σ W·(A−Y)² / Σ W, which is SSE / (N·C) without weights; arguments as of ``squared_error``.

    >>> mean_squared_error([[-4, -3], [-2, -1], [0, 1], [2, 3]], [[0, 1], [1, 0], [1, 0], [0, 1]])
    6.5
    >>> mean_squared_error([0, 5], [1, 1], weights=[3, 1])
    4.75
    """
    return _finish(block_of(prediction, target, weights)[0]).mse


def mse_gradient(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Floats:
    """∂MSE/∂A = 2·W·(A−Y) / Σ W, or 2·W·(A−Y) for ``reduction="sum"``, in the shape of A.

    >>> mse_gradient([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]).tolist()
    [[-25000.0, -0.5], [25000.0, 0.5]]
    """
    return _gradient(*block_of(prediction, target, weights), reduction)


def _gradient(block: Block, shape: tuple[int, ...], reduction: Reduction) -> Floats:
    whole = block.weights is None and block.used is None
    divisor = float(block.prediction.size) if whole else _finish(block).divisor
    return gradient(block, divisor, reduction).reshape(shape)


def block_of(prediction: Any, target: Any, weights: Any) -> tuple[Block, tuple[int, ...]]:
    """The arguments as one block, and the shape of A."""
    check_indexes(prediction, target, weights)
    a_frame, y_frame = frame_of(prediction), frame_of(target)
    if a_frame is not None and y_frame is not None:
        of_a, of_y, note = matched(a_frame, y_frame)
        a, y = Given(of_a, of_a.shape), Given(of_y, of_y.shape)
        if note is not None:
            warnings.warn(note, stacklevel=4)
    else:
        a, y = given(prediction, a_frame), given(target, y_frame)
    if a.numbers.shape != y.numbers.shape or not have_same_axes(a.shape, y.shape):
        raise ShapeError(
            f"the prediction has shape {a.shape}, the target {y.shape}; they must agree, nothing is broadcast"
        )
    masks = [side.absent for side in (a, y) if side.absent is not None]
    used = ~np.logical_or.reduce(masks) if masks else None
    if used is not None and not used.any():
        raise ParseError("every cell is masked: there is nothing to compute from")
    return Block(0, a.numbers, y.numbers, _weight_matrix(weights, a_frame, a), used), a.shape


def _weight_matrix(weights: Any, of_a: Frame | None, a: Given) -> Floats | None:
    if weights is None:
        return None
    shape = a.numbers.shape
    frame = frame_of(weights)
    found = given(weights if frame is None else in_order_of(of_a, frame), None)
    if found.absent is not None:
        raise ParseError("a weight is masked: whether its cell counts is not known", hint="a weight of 0 leaves it out")
    matrix = check_weights(found.numbers.astype(np.float64))
    fits = matrix.shape in {shape, (shape[0], 1), (1, shape[1])}
    if not fits or not have_same_axes(found.shape, a.shape, rows=len(matrix) != 1):
        raise ShapeError(f"weights of shape {found.shape} fit neither rows, columns nor cells of {a.shape}")
    if not matrix.any():
        raise ParseError("all weights are 0")
    return matrix


def _sums(block: Block) -> Sums:
    sums = Sums(block.shape[1])
    sums.update(block)
    return sums


def _finish(block: Block, reduction: Reduction = "mean") -> Result:
    return _sums(block).finish(reduction)
