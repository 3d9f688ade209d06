"""A whole matrix, SE or the gradient, in a second pass: its partitions at the same time, written in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from mse_cli.core.blocks import Block, Floats
from mse_cli.readers.pair import Pair
from mse_cli.running.backend import Backend
from mse_cli.running.evaluation import Evaluation, MatrixName
from mse_cli.running.partitions import partitions_of
from mse_cli.running.tallying import Map, Progress

T = TypeVar("T")

HELD_CELLS = 1 << 20  # of a partition that waits to be written


def matrix_as(
    render: Callable[[Floats], T],
    name: MatrixName,
    evaluation: Evaluation,
    backend: Backend | None,
    progress: Progress | None,
) -> Iterator[T]:
    """What ``render`` makes of a matrix: of its partitions at the same time, or of one block after the other."""
    if backend is None or not backend.in_partitions:
        return map(render, evaluation.matrix(name, progress))
    return rendered(backend.pair, evaluation.of_block(name), render, mapped=backend.mapped, progress=progress)


def rendered(
    pair: Pair,
    of_block: Callable[[Block], Floats],
    render: Callable[[Floats], T],
    *,
    mapped: Map,
    progress: Progress | None = None,
) -> Iterator[T]:
    """What ``render`` makes of ``of_block`` of each block, in order.

    Args:
        pair: The rows, counted; what a few partitions are rendered to is held in memory.
        of_block: SE or the gradient of a block.
        render: Rows as they are written.
        mapped: Where the partitions are calculated.
        progress: Told how many more rows are written.
    """
    partitions = partitions_of(pair, HELD_CELLS)
    work = partial(_rendered, of_block=of_block, render=render)
    for partition, pieces in zip(partitions, mapped(work, partitions), strict=True):
        yield from pieces
        if progress:
            progress(partition.n_rows or 0)


def _rendered(partition: Pair, *, of_block: Callable[[Block], Floats], render: Callable[[Floats], T]) -> list[T]:
    return [render(of_block(block)) for block in partition.blocks()]
