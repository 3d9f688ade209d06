"""What is kept of the blocks as they pass, besides the sums: the first and last rows, and the worst cells."""

from __future__ import annotations

import heapq
import math

import numpy as np

from mse_cli.engine import Block, masked_difference
from mse_cli.result import WorstCell


class Edges:
    """The first and the last rows of a matrix, at most ``most`` together; all of them if there are no more.

    >>> edges = Edges(4)
    >>> for i in range(9):
    ...     edges.update(Block(i, np.full((1, 1), i + 0.5), np.zeros((1, 1))))
    >>> edges.rows(), edges.block().prediction.ravel().tolist()
    ((0, 1, 7, 8), [0.5, 1.5, 7.5, 8.5])
    """

    def __init__(self, most: int):
        self.most = most
        self.n_rows = 0
        self._first: list[Block] = []
        self._last: list[Block] = []

    def update(self, block: Block) -> None:
        """Keep what may be shown of the next block."""
        n = block.shape[0]
        if self.n_rows < self.most:
            self._first.append(_copied(block.rows(0, min(n, self.most - self.n_rows))))
        self.n_rows += n
        if n and self.most > 1:
            self._last.append(_copied(block.rows(max(0, n - self.most // 2), n)))
            while sum(b.shape[0] for b in self._last[1:]) >= self.most // 2:
                self._last.pop(0)

    def rows(self) -> tuple[int, ...]:
        """The numbers of the rows that are kept, from 0."""
        if self.n_rows <= self.most:
            return tuple(range(self.n_rows))
        tail = self.most // 2
        return (*range(self.most - tail), *range(self.n_rows - tail, self.n_rows))

    def block(self) -> Block:
        """The rows that are kept, one below the other."""
        if self.n_rows <= self.most:
            return _stacked(self._first)
        tail = self.most // 2
        head = _stacked(self._first).rows(0, self.most - tail)
        if not tail:
            return head
        last = _stacked(self._last)
        return _stacked([head, last.rows(last.shape[0] - tail, last.shape[0])])


class OneRow:
    """One row of a matrix, by its number from 0.

    >>> row = OneRow(2)
    >>> row.update(Block(0, np.arange(4.0).reshape(4, 1), np.zeros((4, 1))))
    >>> row.block.prediction.tolist()
    [[2.0]]
    """

    def __init__(self, number: int):
        self.number = number
        self.block: Block | None = None

    def update(self, block: Block) -> None:
        """Keep the row if it is in the next block."""
        inside = self.number - block.first_row
        if 0 <= inside < block.shape[0]:
            self.block = _copied(block.rows(inside, inside + 1))


def with_row(edges: Edges, row: OneRow) -> tuple[tuple[int, ...], Block]:
    """The rows that the edges have kept and one more: their numbers in the whole matrix, and the rows."""
    rows, block = edges.rows(), edges.block()
    if row.block is None or row.number in rows:
        return rows, block
    before = sum(number < row.number for number in rows)
    parts = [block.rows(0, before), row.block, block.rows(before, len(rows))]
    return (*rows[:before], row.number, *rows[before:]), _stacked(parts)


def _copied(block: Block) -> Block:
    """A block that stays as it is when the reader's buffers are used again."""
    return Block(
        block.first_row,
        block.prediction.copy(),
        block.target.copy(),
        None if block.weights is None else np.broadcast_to(block.weights, block.shape).copy(),
        None if block.used is None else block.used.copy(),
    )


def _stacked(blocks: list[Block]) -> Block:
    weights = [b.weights for b in blocks if b.weights is not None]
    used = [np.ones(b.shape, dtype=bool) if b.used is None else b.used for b in blocks]
    return Block(
        blocks[0].first_row,
        np.concatenate([b.prediction for b in blocks]),
        np.concatenate([b.target for b in blocks]),
        np.concatenate(weights) if weights else None,
        np.concatenate(used) if any(b.used is not None for b in blocks) else None,
    )


class Worst:
    """The ``most`` cells with the largest weighted squared error, the first of equals first.

    >>> worst = Worst(1)
    >>> worst.update(Block(0, np.array([[1.0, -3.0]]), np.zeros((1, 2))))
    >>> worst.cells(("a", "b"), sse=10.0)[0]
    WorstCell(row=1, column=2, name='b', prediction=-3.0, target=0.0, error=-3.0, share=0.9)
    """

    def __init__(self, most: int):
        self.most = most
        self._heap: list[tuple[float, int, int, float, float, float]] = []

    def update(self, block: Block) -> None:
        """Consider every cell of the next block."""
        errors = masked_difference(block)
        with np.errstate(all="ignore"):
            terms = errors * errors if block.weights is None else errors * errors * block.weights
        terms = np.where(np.isnan(terms), math.inf, terms).reshape(-1)
        if block.used is not None:
            terms[~block.used.reshape(-1)] = -1.0
        least = self._heap[0][0] if len(self._heap) == self.most else -0.5
        candidates = np.flatnonzero(terms > least)
        if len(candidates) > self.most:
            # The largest; among equals the first, as a stable order by falling size gives them.
            order = np.argsort(-terms[candidates], kind="stable")
            candidates = candidates[order[: self.most]]
        for flat in candidates.tolist():
            self._consider(block, errors, flat, float(terms[flat]))

    def _consider(self, block: Block, errors: np.ndarray, flat: int, term: float) -> None:
        row, column = divmod(flat, block.shape[1])
        cell = (
            term,
            -(block.first_row + row),  # a later cell is the smaller of two equals
            -column,
            float(block.prediction[row, column]),
            float(block.target[row, column]),
            float(errors[row, column]),
        )
        if len(self._heap) < self.most:
            heapq.heappush(self._heap, cell)
        else:
            heapq.heappushpop(self._heap, cell)

    def cells(self, names: tuple[str, ...] | None, sse: float) -> tuple[WorstCell, ...]:
        """The cells found, the worst first, each with its share of SSE."""
        return tuple(
            WorstCell(
                row=1 - row,
                column=1 - column,
                name=names[-column] if names else None,
                prediction=prediction,
                target=target,
                error=error,
                share=term / sse if sse else 0.0,
            )
            for term, row, column, prediction, target, error in sorted(self._heap, reverse=True)
        )
