"""One step of gradient descent: by what it multiplies an error, and the loss after it."""

from __future__ import annotations

from fractions import Fraction
from typing import overload

import numpy as np

from mse_cli.core.blocks import Block, Floats, masked_difference, weights_of
from mse_cli.core.exact import rounded
from mse_cli.core.tallies.sums import Sums


class AfterOneStep:
    """The sums of a matrix whose prediction has moved against its gradient: A − η·∂L/∂A.

    >>> after = AfterOneStep(1, divisor=1.0, learning_rate=0.25)
    >>> after.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    >>> after.sums.finish().mse
    1.0
    """

    def __init__(self, n_columns: int, *, divisor: float, learning_rate: float):
        self.sums = Sums(n_columns)
        self.divisor = divisor
        self.learning_rate = learning_rate

    def update(self, block: Block) -> None:
        """Take the next block."""
        errors = masked_difference(block)
        weights = 1.0 if block.weights is None else weights_of(block)
        with np.errstate(all="ignore"):
            moved = np.where(errors == 0, 0.0, errors * left_of_error(weights, self.divisor, self.learning_rate))
        self.sums.update(Block(block.first_row, moved, np.zeros_like(moved), block.weights, block.used))


@overload
def left_of_error(weights: float, divisor: float, learning_rate: float) -> float: ...
@overload
def left_of_error(weights: Floats, divisor: float, learning_rate: float) -> Floats: ...
def left_of_error(weights: float | Floats, divisor: float, learning_rate: float) -> float | Floats:
    """By what a step multiplies an error: 1 − 2·η·w / Σ M·W, and 0 where that takes the whole error away.

    >>> left_of_error(1.0, 6.0, 3.0), left_of_error(1.0, 4.0, 0.1)
    (0.0, 0.95)
    """
    if isinstance(weights, float):
        return rounded(1 - 2 * Fraction(learning_rate) * Fraction(weights) / Fraction(divisor))
    left: Floats = 1.0 - 2.0 * learning_rate * weights / divisor
    return left
