"""Blocks fed to tallies: in this process, or partitions of a pair wherever a ``Map`` works on them.

A ``Map`` is Python's ``map``, done elsewhere, its results in order. Sums are exact and merge in any way, so that the
place changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol, Self, TypeVar

from mse_cli.core.blocks import Block
from mse_cli.core.tallies.groups import Groups
from mse_cli.core.tallies.stats import Stats
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.readers.pair import Pair

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int], None]  # told how many more rows are done
ReadProgress = Callable[[int, int], None]  # and for how many bytes that were read


class Listener(Protocol):
    """Something that is fed every block in order."""

    def update(self, block: Block) -> None:
        """Take the next block."""


class Tally(Listener, Protocol):
    """A listener that can also be merged from those that were fed the blocks of a partition each."""

    def new(self) -> Self:
        """An empty one of the same kind."""

    def merge(self, other: Self) -> None:
        """Take in what another one was fed, of the rows that follow."""


class Tallies(NamedTuple):
    """What is found out about the rows: always their sums, the rest where it is asked for."""

    sums: Sums
    worst: Worst | None = None
    stats: Stats | None = None
    groups: Groups | None = None

    def asked_for(self) -> list[Tally]:
        """Those that there are."""
        return [tally for tally in self if tally is not None]

    def update(self, block: Block) -> None:
        """Feed each the next block."""
        for tally in self.asked_for():
            tally.update(block)

    def new(self) -> Tallies:
        """Empty ones of the same kinds."""
        sums, worst, stats, groups = self
        return Tallies(sums.new(), worst and worst.new(), stats and stats.new(), groups and groups.new())

    def merge(self, other: Tallies) -> None:
        """Take in what others were fed, of the rows that follow."""
        self.sums.merge(other.sums)
        if self.worst and other.worst:
            self.worst.merge(other.worst)
        if self.stats and other.stats:
            self.stats.merge(other.stats)
        if self.groups and other.groups:
            self.groups.merge(other.groups)


class Map(Protocol):
    """Python's ``map`` over one list, done elsewhere: the results in order, an error where its item stands."""

    def __call__(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """``function`` of each item."""


def run_here(pair: Pair, *tallies: Listener, progress: Progress | None = None) -> None:
    """In this process, one block after the other."""
    for block in pair.blocks():
        for tally in tallies:
            tally.update(block)
        if progress:
            progress(block.shape[0])


def run_in_partitions(
    partitions: Sequence[Pair], *tallies: Tally, mapped: Map, progress: Progress | None = None
) -> None:
    """Wherever ``mapped`` works, partitions at the same time; of several errors the first row's is raised."""
    fill = partial(filled, empty=[tally.new() for tally in tallies])
    for partition, found in zip(partitions, mapped(fill, partitions), strict=True):
        for tally, more in zip(tallies, found, strict=True):
            tally.merge(more)
        if progress:
            progress(partition.n_rows or 0)


def run_in_stripes(
    pair: Pair, sums: Sums, stripes: Sequence[slice], *, mapped: Map, progress: Progress | None = None
) -> None:
    """Some columns at a time over all rows, wherever ``mapped`` works: little of a wide row is held."""
    n_rows, done = pair.n_rows or 0, 0
    for stripe, found in zip(stripes, mapped(partial(_summed, pair), stripes), strict=True):
        sums.add_to(stripe, found)
        if progress:
            done, before = n_rows * stripe.stop // pair.n_columns, done
            progress(done - before)
    sums.n_rows += n_rows


def _summed(pair: Pair, stripe: slice) -> Sums:
    sums = Sums(stripe.stop - stripe.start)
    run_here(pair.columns(stripe), sums)
    sums.errors.settle()
    return sums


def filled(partition: Pair, empty: list[Tally]) -> list[Tally]:
    """The tallies of a partition, without the scratch space that they were filled in."""
    working, merged = [tally.new() for tally in empty], [tally.new() for tally in empty]
    run_here(partition, *working)
    for tally, more in zip(merged, working, strict=True):
        tally.merge(more)
    return merged


def map_here(function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Python's own ``map``."""
    return map(function, items)
