"""Some rows of a matrix, drawn by their numbers alone: the same ones for any cut into blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import Block, Floats, masked_difference

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / φ: the multiples of it, mod 2^64, are spread evenly
STEP_ROWS = 32 * 1024
LAST = np.uint64(2**64 - 1)


class Sample:
    """At most ``most`` rows, those whose number has the smallest rank; all of them if there are no more.

    A row's rank is the fractional part of its number times 2/(1 + √5): no period in the data can hide from it.

    >>> sample = Sample(3, 1)
    >>> for i in range(9):
    ...     sample.update(Block(i, np.full((1, 1), float(i)), np.zeros((1, 1))))
    >>> sample.column(0)[0].tolist()
    [0.0, 5.0, 2.0]
    """

    def __init__(self, most: int, n_columns: int):
        self.most = most
        self._ranks = np.empty(0, dtype=np.uint64)
        self._n_columns = n_columns
        self._rows: Floats = np.empty((3, 0, n_columns))  # prediction, target, error
        self._waiting: list[tuple[NDArray[np.uint64], Floats]] = []
        self._n_waiting = 0
        self._steps: NDArray[np.uint64] | None = None

    def update(self, block: Block) -> None:
        """Keep what belongs to the sample of the next block."""
        for start in range(0, block.shape[0], STEP_ROWS):
            self._take(block.rows(start, start + STEP_ROWS))

    def _take(self, block: Block) -> None:
        if self._steps is None:
            self._steps = np.arange(STEP_ROWS, dtype=np.uint64) * GOLDEN
        first = np.uint64(block.first_row * int(GOLDEN) & int(LAST))
        ranks = self._steps[: block.shape[0]] + first
        bound = self._ranks[-1] if len(self._ranks) == self.most else LAST
        chosen = np.flatnonzero(ranks < bound)
        if len(chosen) > self.most:
            chosen = chosen[np.argpartition(ranks[chosen], self.most - 1)[: self.most]]
        if len(chosen):
            self._keep(ranks[chosen], _rows_of(block, chosen))

    def _keep(self, ranks: NDArray[np.uint64], rows: Floats) -> None:
        """Have some rows wait until they are as many as are kept: sorting takes longer than finding them."""
        self._waiting.append((ranks, rows))
        self._n_waiting += len(ranks)
        if self._n_waiting >= self.most:
            self._sort()

    def _sort(self) -> None:
        all_ranks, all_rows = zip((self._ranks, self._rows), *self._waiting, strict=True)
        ranks = np.concatenate(all_ranks)
        kept = np.argsort(ranks)[: self.most]
        self._ranks, self._rows = ranks[kept], np.concatenate(all_rows, axis=1)[:, kept]
        self._waiting.clear()
        self._n_waiting = 0

    def new(self) -> Sample:
        """An empty one of the same kind."""
        return Sample(self.most, self._n_columns)

    def merge(self, other: Sample) -> None:
        """Take in what another one has kept."""
        other._sort()
        self._keep(other._ranks, other._rows)

    def column(self, number: int) -> tuple[Floats, Floats, Floats]:
        """A, Y and A − Y of one column of the rows, NaN where a cell is not in use."""
        self._sort()
        prediction, target, error = self._rows[:, :, number]
        return prediction, target, error


def _rows_of(block: Block, chosen: NDArray[np.intp]) -> Floats:
    used = None if block.used is None else block.used[chosen]
    some = Block(0, block.prediction[chosen], block.target[chosen], used=used)
    rows = np.stack([some.prediction, some.target, masked_difference(some)]).astype(np.float64)
    if used is not None:
        rows[:, ~used] = np.nan
    return rows
