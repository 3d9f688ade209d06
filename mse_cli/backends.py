"""Where blocks run. Each backend is one function: (pair, tallies) → the same tallies, filled."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Protocol, Self, TypeVar

from mse_cli.engine import Block
from mse_cli.readers.delimited import Parser, TextMatrix, parse_here
from mse_cli.readers.keys import Joined
from mse_cli.readers.pair import Matrix, Pair
from mse_cli.readers.shards import Shards
from mse_cli.readers.source import FileSource

T = TypeVar("T")
R = TypeVar("R")

MOST_THREADS = 4  # beyond, the threads wait for the memory and for the interpreter
LARGE_FOR_POLARS = 32 << 20  # bytes: less is parsed by NumPy before Polars would be loaded
LARGE_TEXT = 8 << 20  # bytes: less is parsed before workers would be ready and have sent it back


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
    parts = pair.parts(min(jobs or MOST_THREADS, MOST_THREADS, cores()))
    if len(parts) == 1:
        run_here(pair, *tallies)
    else:
        run_in_threads(parts, *tallies)


def run_here(pair: Pair, *tallies: Listener) -> None:
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


def map_in_threads(function: Callable[[T], R], items: Sequence[T], *, jobs: int | None = None) -> Iterator[R]:
    """Python's ``map`` in as many threads as help, the results in order."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(jobs or MOST_THREADS, MOST_THREADS, cores())) as pool:
        yield from pool.map(function, items)


@contextmanager
def reading_ahead(pair: Pair, jobs: int | None) -> Iterator[Pair]:
    """The pair with its text files parsed in so many worker processes; by default as many as help."""
    n_bytes = text_bytes(pair)
    jobs = jobs or (cores() if n_bytes >= LARGE_TEXT else 1)
    fast = n_bytes >= LARGE_FOR_POLARS and has_polars()
    if n_bytes == 0 or (jobs == 1 and not fast):
        yield pair
    elif jobs == 1:
        yield _parsed_by(pair, partial(parse_here, fast=True))
    else:
        from mse_cli.readers.workers import parser_in_workers  # multiprocessing costs start-up time

        with parser_in_workers(jobs, fast=fast) as parser:
            yield _parsed_by(pair, parser)


def has_polars() -> bool:
    """Whether the extra ``fast`` is installed."""
    return find_spec("polars") is not None


def could_be_faster(pair: Pair) -> bool:
    """Whether the extra ``fast`` is missing where it would help."""
    return text_bytes(pair) >= LARGE_FOR_POLARS and not has_polars()


def _parsed_by(pair: Pair, parser: Parser) -> Pair:
    return replace(pair, streams=tuple(_with_parser(stream, parser) for stream in pair.streams))


def _with_parser(stream: Matrix, parser: Parser) -> Matrix:
    if isinstance(stream, TextMatrix):
        return replace(stream, parse=parser)
    if isinstance(stream, Shards):
        return replace(stream, parts=tuple(_with_parser(part, parser) for part in stream.parts))  # type: ignore[misc]
    if isinstance(stream, Joined):
        first, second = (_with_parser(side, parser) for side in (stream.first, stream.second))
        return replace(stream, first=first, second=second)  # type: ignore[arg-type]
    return stream


def text_bytes(pair: Pair) -> int:
    """How large the text files are together, as far as they are files."""
    return sum(_text_bytes(stream) for stream in pair.streams)


def _text_bytes(stream: Matrix) -> int:
    if isinstance(stream, TextMatrix) and isinstance(stream.source, FileSource):
        return stream.source.path.stat().st_size
    if isinstance(stream, Shards):
        return sum(map(_text_bytes, stream.parts))
    return sum(map(_text_bytes, (stream.first, stream.second))) if isinstance(stream, Joined) else 0


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
