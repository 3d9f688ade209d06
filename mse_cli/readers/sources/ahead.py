"""Work done ahead of its use: Python's ``map`` in a pool, its results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

T = TypeVar("T")
R = TypeVar("R")

END = object()


class Ahead(Protocol):
    """Python's ``map``, done ahead: the results in order, an error where its item stands."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """``function`` of each item."""


def not_ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Python's own ``map``."""
    return map(function, items)


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


@contextmanager
def in_threads(n_threads: int) -> Iterator[Ahead]:
    """A ``map`` in so many threads of this process."""
    with pool_of(n_threads) as pool:
        yield partial(ordered, pool=pool, ahead=n_threads + 1)


@contextmanager
def pool_of(n_threads: int) -> Iterator[Executor]:
    """So many threads, which are waited for unless something went wrong: one may wait for a silent server."""
    from concurrent.futures import ThreadPoolExecutor  # costs start-up time, and small files need no threads

    pool = ThreadPoolExecutor(n_threads)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def read_ahead(items: Iterator[T]) -> Iterator[T]:
    """Items that come from a slow source, got in a thread while those before them are used.

    >>> list(read_ahead(iter("abcdef")))
    ['a', 'b', 'c', 'd', 'e', 'f']
    """
    with in_threads(1) as ahead:
        coming = ahead(lambda _: next(items, END), count())
        yield from cast(Iterator[T], takewhile(lambda item: item is not END, coming))
