"""The cells with the largest weighted squared errors of the blocks that pass."""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np

from mse_cli.core.blocks import Block, Floats, Mask, masked_difference
from mse_cli.core.exact import Integers, Total, rounded, scaled, significands
from mse_cli.core.result import WorstCell

NO_NUMBER, ZERO = 1 << 20, -(1 << 20)  # exponents above and below those of all numbers
SMALLEST_EXACT = 2.0**-1000  # above, float64 does not round a square for being small


class Cell(NamedTuple):
    """One cell as ``Worst`` keeps it: the larger tuple is the worse cell, and of equals the earlier.

    Its weighted squared error is mantissa · 2^exponent with 0.5 ≤ mantissa < 1, so that cells keep their order where
    float64 cannot hold that number; NaN and ±inf stand above all others.
    """

    exponent: int
    mantissa: float
    minus_row: int
    minus_column: int
    prediction: float
    target: float
    error: float
    key: str | None = None

    @property
    def term(self) -> float:
        """The weighted squared error as float64 holds it."""
        try:
            return math.ldexp(self.mantissa, self.exponent)
        except OverflowError:
            return math.inf


class Worst:
    """The ``most`` cells with the largest weighted squared error, the first of equals first.

    >>> worst = Worst(1)
    >>> worst.update(Block(0, np.array([[1.0, -3.0]]), np.zeros((1, 2))))
    >>> worst.cells(("a", "b"), Total({0: [10.0]}))[0]
    WorstCell(row=1, column=2, name='b', prediction=-3.0, target=0.0, error=-3.0, share=0.9, key=None)
    """

    def __init__(self, most: int):
        self.most = most
        self._heap: list[Cell] = []

    def update(self, block: Block) -> None:
        """Consider every cell of the next block."""
        errors = masked_difference(block)
        factors = [errors, errors]
        if block.weights is not None:
            factors.append(np.broadcast_to(block.weights, block.shape))
        with np.errstate(all="ignore"):
            terms = math.prod(factors[1:], start=factors[0])
            considered = terms >= 0 if self._least is None else self._may_exceed(terms, self._least)
        considered |= np.isnan(terms)
        if block.used is not None:
            considered &= block.used
        candidates = np.flatnonzero(considered)
        exponents, mantissas = _sizes([factor.reshape(-1)[candidates] for factor in factors])
        # The largest; among equals the first, as a stable order by falling size gives them.
        for i in np.lexsort((-mantissas, -exponents))[: self.most].tolist():
            self._consider(block, errors, int(candidates[i]), int(exponents[i]), float(mantissas[i]))

    @property
    def _least(self) -> float | None:
        """The smallest term that is kept, if no more are kept than that."""
        return self._heap[0].term if len(self._heap) == self.most else None

    def _may_exceed(self, terms: Floats, least: float) -> Mask:
        """Which terms may be larger than the least that is kept: where float64 is exact, those that are."""
        exact = SMALLEST_EXACT < least < math.inf
        return terms > least if exact else terms >= least

    def _consider(self, block: Block, errors: Floats, flat: int, exponent: int, mantissa: float) -> None:
        row, column = divmod(flat, block.shape[1])
        prediction, target = float(block.prediction[row, column]), float(block.target[row, column])
        error = float(errors[row, column])
        key = None if block.keys is None else block.keys[row]
        self.consider(Cell(exponent, mantissa, -(block.first_row + row), -column, prediction, target, error, key))

    def new(self) -> Worst:
        """An empty one of the same kind."""
        return Worst(self.most)

    def consider(self, cell: Cell) -> None:
        """Keep a cell if it is among the worst."""
        if len(self._heap) < self.most:
            heapq.heappush(self._heap, cell)
        elif cell[:4] > self._heap[0][:4]:
            heapq.heapreplace(self._heap, cell)

    def found(self) -> list[Cell]:
        """The cells that are kept, the worst first."""
        return sorted(self._heap, key=lambda cell: cell[:4], reverse=True)

    def merge(self, other: Worst, *, rows_before: int = 0) -> None:
        """Consider the cells of another one, whose rows are counted from so many rows further down."""
        for cell in other.found():
            self.consider(cell._replace(minus_row=cell.minus_row - rows_before))

    def cells(self, names: tuple[str | None, ...] | None, sse: Total) -> tuple[WorstCell, ...]:
        """The cells found, the worst first, each with its share of SSE."""
        return tuple(
            WorstCell(
                row=1 - cell.minus_row,
                column=1 - cell.minus_column,
                name=names[-cell.minus_column] if names else None,
                prediction=cell.prediction,
                target=cell.target,
                error=cell.error,
                share=_share(cell, sse),
                key=cell.key,
            )
            for cell in self.found()
        )


def _sizes(factors: list[Floats]) -> tuple[Integers, Floats]:
    """The product of the factors as 2^exponent · mantissa; what is no number is larger than every number."""
    finite = np.logical_and.reduce([np.isfinite(factor) for factor in factors])
    mantissas, exponents = significands([np.where(finite, factor, 0.0) for factor in factors])
    exponents = np.where(mantissas == 0, ZERO, exponents)
    return np.where(finite, exponents, NO_NUMBER), np.where(finite, mantissas, 0.5)


def _share(cell: Cell, sse: Total) -> float:
    """The cell's weighted squared error / SSE, from the exact numbers where float64 cannot hold them."""
    whole = sse.rounded()
    if cell.exponent == NO_NUMBER or sse.special:
        return math.nan if cell.exponent == NO_NUMBER or math.isnan(whole) else 0.0
    if math.isfinite(whole):
        return cell.term / whole if whole else 0.0
    return rounded(scaled(cell.mantissa, cell.exponent) / sse.exact())
