"""Where blocks run. Each backend is one function: (pair, tallies) → the same tallies, filled."""

from __future__ import annotations

import os
import threading
from typing import Protocol, Self

from mse_cli.engine import Block
from mse_cli.readers.pair import Pair

MOST_THREADS = 4  # beyond, the threads wait for the memory and for the interpreter


class Tally(Protocol):
    """Something that is fed every block in order, or merged from those that were fed the blocks of a part each."""

    def update(self, block: Block) -> None:
        """Take the next block."""

    def new(self) -> Self:
        """An empty one of the same kind."""

    def merge(self, other: Self) -> None:
        """Take in what another one was fed, of the rows that follow."""


def run(pair: Pair, *tallies: Tally, jobs: int | None = None) -> None:
    """In as many threads as help, at most so many."""
    parts = pair.parts(min(jobs or MOST_THREADS, MOST_THREADS, cores()))
    if len(parts) == 1:
        run_here(pair, *tallies)
    else:
        run_in_threads(parts, *tallies)


def run_here(pair: Pair, *tallies: Tally) -> None:
    """In this process, one block after the other."""
    for block in pair.blocks():
        for tally in tallies:
            tally.update(block)


def run_in_threads(parts: list[Pair], *tallies: Tally) -> None:
    """In this process, the parts of a pair at the same time: NumPy works outside Python's lock."""
    from concurrent.futures import ThreadPoolExecutor  # costs start-up time, and small files need no threads

    stop = threading.Event()

    def tallies_of(part: Pair) -> list[Tally]:
        filled = [tally.new() for tally in tallies]
        for block in part.blocks():
            for tally in filled:
                tally.update(block)
            if stop.is_set():
                break
        return filled

    with ThreadPoolExecutor(len(parts)) as pool:
        try:
            for filled in pool.map(tallies_of, parts):  # in order: of several errors, that of the first row is raised
                for tally, more in zip(tallies, filled, strict=True):
                    tally.merge(more)
        finally:
            stop.set()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
