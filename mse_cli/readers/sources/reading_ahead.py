"""Items that come from a slow source, got in a thread while those before them are used."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")

MOST_AHEAD = 3
END = object()


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, a few of them ready before they are asked for.

    >>> list(ahead(iter("abcdef")))
    ['a', 'b', 'c', 'd', 'e', 'f']
    """
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, cast(T, END)) for _ in range(MOST_AHEAD))
        try:
            while (item := coming.popleft().result()) is not END:
                coming.append(pool.submit(next, items, cast(T, END)))
                yield item
        finally:
            for work in coming:
                work.cancel()
