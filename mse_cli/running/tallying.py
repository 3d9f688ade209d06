"""Where blocks run: in this process, or as parts that a ``Map`` works on: threads, worker processes, a cluster.

A ``Map`` is Python's ``map``, done elsewhere, its results in order. Sums are exact and merge in any way, so that the
place changes no bit.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from mse_cli.core.blocks import Block
from mse_cli.readers.pair import Pair
from mse_cli.readers.text.delimited import LARGE_FOR_POLARS, TextMatrix, has_polars

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from mse_cli.running.partitions import Map

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int], None]  # told how many more rows are done

MOST_THREADS = 4  # beyond, the threads wait for the memory and for the interpreter
FEWEST_CELLS = 1 << 20  # of arrays: fewer take no time that a second thread could save
CELLS_A_THREAD = 32 << 20  # of a part: each part begins with fresh memory, and at an error those at work are finished
KEPT_BYTES = 1 << 30  # of freed memory, for the next buffers
LARGEST_KEPT = 32 << 20  # of one buffer; more is not taken by every version of the C library
LARGE_TEXT = 8 << 20  # bytes: less is parsed before workers would be ready


class Listener(Protocol):
    """Something that is fed every block in order."""

    def update(self, block: Block) -> None:
        """Take the next block."""


class Tally(Listener, Protocol):
    """A listener that can also be merged from those that were fed the blocks of a part each."""

    def new(self) -> Self:
        """An empty one of the same kind."""

    def merge(self, other: Self) -> None:
        """Take in what another one was fed, of the rows that follow."""


class Run(Protocol):
    """A backend, with all that it needs beside the pair and the tallies."""

    def __call__(self, pair: Pair, *tallies: Tally) -> None:
        """Feed every block of the pair to every tally."""


def run(pair: Pair, *tallies: Tally, jobs: int | None = None) -> None:
    """In as many threads as help, at most so many."""
    n_threads = threads_for(pair, jobs)
    if n_threads == 1:
        run_here(pair, *tallies)
        return
    with in_threads(n_threads) as mapped:
        run_in_parts(pair, *tallies, mapped=mapped, part_cells=cells_for(pair, n_threads))


def run_here(pair: Pair, *tallies: Listener, progress: Progress | None = None) -> None:
    """In this process, one block after the other."""
    for block in pair.blocks():
        for tally in tallies:
            tally.update(block)
        if progress:
            progress(block.shape[0])


def run_in_parts(
    pair: Pair, *tallies: Tally, mapped: Map, part_cells: int | None = None, progress: Progress | None = None
) -> None:
    """Wherever ``mapped`` works, parts of a pair at the same time; of several errors the first row's is raised."""
    from mse_cli.running.partitions import parts_of, with_counted_rows  # small files are not cut

    parts = parts_of(with_counted_rows(pair, mapped), part_cells)
    fill = partial(filled, empty=[tally.new() for tally in tallies])
    for part, merged in zip(parts, mapped(fill, parts), strict=True):
        for tally, more in zip(tallies, merged, strict=True):
            tally.merge(more)
        if progress:
            progress(part.n_rows or 0)


def filled(part: Pair, empty: list[Tally]) -> list[Tally]:
    """The tallies of a part, without the scratch space that they were filled in."""
    working, merged = [tally.new() for tally in empty], [tally.new() for tally in empty]
    run_here(part, *working)
    for tally, more in zip(merged, working, strict=True):
        tally.merge(more)
    return merged


def ordered(function: Callable[[T], R], items: Iterable[T], *, pool: Executor, ahead: int) -> Iterator[R]:
    """Python's ``map`` in a pool, the results in order, at most so many of them ahead of their use."""
    left = iter(items)
    pending: deque[Future[R]] = deque()
    try:
        while True:
            pending.extend(pool.submit(function, item) for item in islice(left, ahead - len(pending)))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        for work in pending:
            work.cancel()


def map_here(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Python's own ``map``."""
    return map(function, items)


@contextmanager
def in_threads(n_threads: int) -> Iterator[Map]:
    """A ``map`` in so many threads of this process."""
    from concurrent.futures import ThreadPoolExecutor  # costs start-up time, and small files need no threads

    with ThreadPoolExecutor(n_threads) as pool:
        yield partial(ordered, pool=pool, ahead=n_threads + 1)


def threads_for(pair: Pair, jobs: int | None) -> int:
    """How many threads help to read a pair of arrays, at most ``jobs``: NumPy works outside Python's lock."""
    most = min(jobs or MOST_THREADS, MOST_THREADS, cores())
    if most == 1 or not all(file.source.seekable for stream in pair.streams for file in stream.files):
        return 1
    if texts_of(pair):
        return 1  # two threads with Polars take as long as one, which has its threads
    return max(1, min(most, (pair.n_rows or 0) * pair.n_columns // FEWEST_CELLS))


def cells_for(pair: Pair, n_threads: int) -> int:
    """How many cells a part has for so many threads, so that they are busy to the end."""
    n_cells = (pair.n_rows or 0) * pair.n_columns
    rounds = -(-n_cells // (n_threads * CELLS_A_THREAD))
    return -(-n_cells // (n_threads * rounds))


def processes_for(pair: Pair, jobs: int | None) -> int:
    """How many processes help to read a pair with text in it, at most ``jobs``; 1 where they cannot share the work."""
    n_bytes = text_bytes(pair)
    most = jobs or (cores() if n_bytes >= LARGE_TEXT else 1)
    if most == 1 or n_bytes == 0:
        return 1
    from mse_cli.running.partitions import can_be_cut  # small files are not cut

    return most if can_be_cut(pair) else 1


def keep_freed_memory() -> None:
    """Have the C library keep what large buffers leave, for the next: fresh pages cost as much as what fills them.

    It is for processes that are ours: the command and its workers, not one that uses the package.
    """
    if sys.platform == "linux":
        import ctypes  # NumPy has loaded it

        m_trim_threshold, m_mmap_threshold = -1, -3
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(m_mmap_threshold, LARGEST_KEPT)
            mallopt(m_trim_threshold, KEPT_BYTES)


def could_be_faster(pair: Pair) -> bool:
    """Whether the extra ``fast`` is missing where it would help."""
    return text_bytes(pair) >= LARGE_FOR_POLARS and not has_polars()


def text_bytes(pair: Pair) -> int:
    """How large the text files are together, as far as they are files."""
    return sum(text.n_bytes for text in texts_of(pair))


def texts_of(pair: Pair) -> list[TextMatrix]:
    """The text files of a pair."""
    return [file for stream in pair.streams for file in stream.files if isinstance(file, TextMatrix)]


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
