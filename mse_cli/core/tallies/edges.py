"""The first and last rows of the blocks that pass, and single rows: what a table or a lesson shows of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mse_cli.core.blocks import Block
from mse_cli.core.tallies.column_sums import row_sums


class Edges:
    """The first and the last rows of a matrix, at most ``most`` together; all of them if there are no more.

    >>> edges = Edges(4)
    >>> for i in range(9):
    ...     edges.update(Block(i, np.full((1, 1), i + 0.5), np.zeros((1, 1))))
    >>> edges.rows(), edges.block().prediction.ravel().tolist()
    ((0, 1, 7, 8), [0.5, 1.5, 7.5, 8.5])
    """

    def __init__(self, most: int, columns: list[int] | None = None):
        self.most, self.columns = most, columns  # of a wide matrix only these are kept, and the sums of whole rows
        self.n_rows = 0
        self._first: list[Block] = []
        self._last: list[Block] = []

    def update(self, block: Block) -> None:
        """Keep what may be shown of the next block."""
        n = block.shape[0]
        if self.n_rows < self.most:
            self._first.append(_copied(block.rows(0, min(n, self.most - self.n_rows)), self.columns))
        self.n_rows += n
        if n and self.most > 1:
            self._last.append(_copied(block.rows(max(0, n - self.most // 2), n), self.columns))
            self._forget()

    def new(self) -> Edges:
        """An empty one of the same kind."""
        return Edges(self.most, self.columns)

    def merge(self, other: Edges) -> None:
        """Take in what another one has kept of the rows that follow."""
        if self.n_rows < self.most:
            self._first = [_stacked([*self._first, *other._first]).rows(0, self.most)] if other._first else self._first
        self.n_rows += other.n_rows
        self._last += other._last
        self._forget()

    def _forget(self) -> None:
        """Drop the blocks that the last rows no longer reach into."""
        while len(self._last) > 1 and sum(b.shape[0] for b in self._last[1:]) >= self.most // 2:
            self._last.pop(0)

    def needed(self, n_rows: int) -> list[range]:
        """Which of so many rows (from 0) are enough to be fed: the first and the last."""
        head = range(min(n_rows, self.most))
        tail = range(max(head.stop, n_rows - self.most // 2), n_rows)
        return [rows for rows in (head, tail) if rows]

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


def _copied(block: Block, columns: list[int] | None = None) -> Block:
    """A block that stays as it is when the reader's buffers are used again, perhaps of some columns alone."""
    sums = None if columns is None else row_sums(block)
    block = block if columns is None else replace(block.columns(columns), keys=block.keys)
    return Block(
        block.first_row,
        block.prediction.copy(),
        block.target.copy(),
        None if block.weights is None else np.broadcast_to(block.weights, block.shape).copy(),
        None if block.used is None else block.used.copy(),
        keys=None if block.keys is None else list(block.keys),
        row_sums=sums,
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
        keys=None if blocks[0].keys is None else [key for b in blocks for key in b.keys or ()],
        row_sums=None if blocks[0].row_sums is None else [total for b in blocks for total in b.row_sums or ()],
    )
