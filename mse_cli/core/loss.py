"""The loss on arrays in memory: ``MSELoss`` and four functions, with the engine's own arithmetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mse_cli.core.blocks import Block, Floats, Numbers, as_numbers, check_weights, gradient
from mse_cli.core.blocks import squared_error as squared_error_of_block
from mse_cli.core.result import REDUCTIONS, Reduction, Result
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import ParseError, ShapeError


class MSELoss:
    """Mean (or sum) of squared errors with its gradient, as an autograd-free layer.

    forward: MSE = Σ (A−Y)² / (N·C), or SSE = Σ (A−Y)² with ``reduction="sum"``.
    backward: ∂MSE/∂A = 2·(A−Y)/(N·C), or ∂SSE/∂A = 2·(A−Y).

    Args:
        reduction: ``"mean"`` or ``"sum"``.

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
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r}")
        self.reduction: Reduction = reduction
        self._sides: tuple[NDArray[np.generic], NDArray[np.generic]] | None = None

    def forward(self, A: ArrayLike, Y: ArrayLike) -> float:  # noqa: N803 - the formula's letters
        """The loss of prediction A against target Y, two array-likes of one shape.

        Raises:
            ShapeError: (a ValueError) if the shapes differ; they are never broadcast.
        """
        # Copies: whoever changes A in place between the two calls still gets the gradient at A.
        self._sides = np.array(A), np.array(Y)
        return _evaluate(*self._sides, reduction=self.reduction).loss

    def backward(self) -> Floats:
        """∂loss/∂A at the arrays of the last ``forward``, in the shape of A, float64.

        Raises:
            RuntimeError: if ``forward`` was not called before.
        """
        if self._sides is None:
            raise RuntimeError("call forward(A, Y) before backward()")
        return mse_gradient(*self._sides, reduction=self.reduction)

    __call__ = forward


def squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """SE = (A−Y) ⊙ (A−Y), each cell multiplied by its weight if there are weights.

    Args:
        prediction: A, N×C (or N, read as N×1), any real type.
        target: Y, the same shape.
        weights: Non-negative, N×C or N×1 (or N, one a row) or 1×C (one a column).

    Returns:
        An array in the shape of A, float64, in the target's unit squared.

    Raises:
        ShapeError: if the shapes differ; nothing is broadcast.

    >>> squared_error([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]).tolist()
    [[2500000000.0, 1.0], [2500000000.0, 1.0]]
    """
    block, shape = _block(prediction, target, weights)
    cells = squared_error_of_block(block)
    with np.errstate(all="ignore"):
        return (cells if block.weights is None else cells * block.weights).reshape(shape)


def sum_squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """SSE = Σ W·(A−Y)², rounded once; arguments and errors as of ``squared_error``.

    >>> sum_squared_error([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
    5000000002.0
    """
    return _evaluate(prediction, target, weights).sse


def mean_squared_error(prediction: ArrayLike, target: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """MSE = Σ W·(A−Y)² / Σ W, which is SSE / (N·C) without weights; arguments as of ``squared_error``.

    >>> mean_squared_error([[-4, -3], [-2, -1], [0, 1], [2, 3]], [[0, 1], [1, 0], [1, 0], [0, 1]])
    6.5
    >>> mean_squared_error([0, 5], [1, 1], weights=[3, 1])
    4.75
    """
    return _evaluate(prediction, target, weights).mse


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
    block, shape = _block(prediction, target, weights)
    divisor = float(block.prediction.size)
    if block.weights is not None:
        divisor = _sums(block).finish().divisor
    return gradient(block, divisor, reduction).reshape(shape)


def as_matrix(values: ArrayLike) -> Numbers:
    """An array-like as an N×C matrix: 0-d is 1×1, length N is N×1, more axes are N × all the rest."""
    array = np.asarray(values)
    if array.size == 0:
        raise ShapeError(f"an array of shape {array.shape} holds no cells")
    return as_numbers(array.reshape(array.shape[0] if array.ndim else 1, -1))


def _block(prediction: ArrayLike, target: ArrayLike, weights: ArrayLike | None) -> tuple[Block, tuple[int, ...]]:
    a, y = as_matrix(prediction), as_matrix(target)
    if a.shape != y.shape:
        raise ShapeError(
            f"the prediction has shape {np.shape(prediction)}, the target {np.shape(target)}; "
            "they must agree, nothing is broadcast"
        )
    return Block(0, a, y, _weight_matrix(weights, a.shape)), np.shape(prediction)


def _weight_matrix(weights: ArrayLike | None, shape: tuple[int, ...]) -> Floats | None:
    if weights is None:
        return None
    matrix = check_weights(as_matrix(weights).astype(np.float64))
    if matrix.shape not in {shape, (shape[0], 1), (1, shape[1])}:
        raise ShapeError(f"weights of shape {np.shape(weights)} fit neither rows, columns nor cells of {shape}")
    if not matrix.any():
        raise ParseError("all weights are 0")
    return matrix


def _sums(block: Block) -> Sums:
    sums = Sums(block.shape[1])
    sums.update(block)
    return sums


def _evaluate(
    prediction: ArrayLike,
    target: ArrayLike,
    weights: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Result:
    return _sums(_block(prediction, target, weights)[0]).finish(reduction)
