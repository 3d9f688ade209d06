"""A matrix that is already in memory, as a side of a pair: the built-in example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mse_cli.core.blocks import Numbers
from mse_cli.readers.pair import Pair, Part

HOUSES = ("price", "rooms")
PREDICTED, ACTUAL = ((300000.0, 3.0), (500000.0, 4.0)), ((350000.0, 4.0), (450000.0, 3.0))


@dataclass(frozen=True)
class HeldMatrix:
    """An N×C array under a name."""

    label: str
    array: Numbers
    names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[()]:
        """None."""
        return ()

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.array)

    @property
    def n_columns(self) -> int:
        """C."""
        return int(self.array.shape[1])

    def chunks(self) -> Iterator[Numbers]:
        """All rows at once."""
        yield self.array


def house_example() -> Pair:
    """Two houses, their price and their rooms, predicted and actual.

    >>> block, = house_example().blocks()
    >>> (block.prediction - block.target).tolist()
    [[-50000.0, -1.0], [50000.0, 1.0]]
    """
    sides = HeldMatrix("prediction", np.array(PREDICTED), HOUSES), HeldMatrix("target", np.array(ACTUAL), HOUSES)
    return Pair(sides, Part(0, 0, 2), Part(1, 0, 2), "fail", HOUSES)
