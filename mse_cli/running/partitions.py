"""The rows of a pair as parts that can be read anywhere, at the same time: a plan, made without reading the data.

Prediction and target may be cut into files in different ways. A part is a run of rows; on each side it is the pieces
of the one or two files that hold these rows.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from mse_cli.core.blocks import Numbers
from mse_cli.errors import UsageError
from mse_cli.readers.arrays.npy import NpyMatrix
from mse_cli.readers.pair import Matrix, Pair, disagreement_of
from mse_cli.readers.sources.files import FileSource, is_packed
from mse_cli.readers.text.delimited import LARGE_FOR_POLARS, TextMatrix

if TYPE_CHECKING:
    from mse_cli.readers.arrays.frames import FrameMatrix
    from mse_cli.readers.text.counted_text import CountedText

T = TypeVar("T")
R = TypeVar("R")

PART_CELLS = 4 << 20  # of a part of arrays: some 50 ms of work, so that handing it out costs little
MOST_OPENED_AT_ONCE = 16
MOST_COUNTED_AT_ONCE, FEWEST_BATCHES = 16, 8
MOST_PARTS = 100_000  # beyond, parts become larger: a scheduler spends about a millisecond on each


@dataclass(frozen=True)
class Stack:
    """Files of known row counts, rows after rows, as one matrix of which any run of rows can be read."""

    label: str
    files: tuple[NpyMatrix | FrameMatrix | CountedText, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def starts(self) -> list[int]:
        """The row with which each file begins, and the number of all rows."""
        return list(itertools.accumulate((file.n_rows for file in self.files), initial=0))

    @property
    def n_rows(self) -> int:
        """N."""
        return self.starts[-1]

    @property
    def n_columns(self) -> int:
        """C."""
        return self.files[0].n_columns

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names, the same in every file."""
        return self.files[0].names

    def part(self, rows: range) -> Stack:
        """The same with only these rows (from 0)."""
        first = bisect_right(self.starts, rows.start) - 1
        files = []
        for file, start in zip(self.files[first:], self.starts[first:], strict=False):
            if start >= rows.stop:
                break
            here = range(max(rows.start - start, 0), min(rows.stop - start, file.n_rows))
            if here:
                files.append(file.part(here))
        return replace(self, files=tuple(files))

    def chunks(self) -> Iterator[Numbers]:
        """The rows of all files in order."""
        for file in self.files:
            yield from file.chunks()


class Map(Protocol):
    """Python's ``map`` over one list, done elsewhere: the results in order, an error where its item stands."""

    def __call__(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """``function`` of each item."""


def with_counted_rows(pair: Pair, mapped: Map) -> Pair:
    """The same pair with all rows counted, so that it can be cut; rows matched by a key cannot, and stay as they are.

    Raises:
        ShapeError: if the two sides do not have the same number of rows; the hint names the file that looks wrong.
        UsageError: for standard input, of which nobody can read a part.
    """
    from mse_cli.readers.keys import Joined  # what large files alone need costs start-up time

    if all(isinstance(stream, Stack) for stream in pair.streams):
        return pair
    pair = replace(pair, streams=tuple(map(_with_absolute_paths, pair.streams)))
    files = [stream.files for stream in pair.streams]
    if not all(file.source.seekable for file in itertools.chain(*files)):
        raise UsageError("standard input cannot be read in parts", hint="write it to a file first")
    if any(isinstance(stream, Joined) for stream in pair.streams):
        return pair
    counted = iter(_counted([file for file in itertools.chain(*files) if isinstance(file, TextMatrix)], mapped))
    stacks = tuple(
        Stack(
            stream.label,
            tuple(next(counted) if isinstance(file, TextMatrix) else file for file in found),
            stream.notes,
        )
        for stream, found in zip(pair.streams, files, strict=True)
    )
    for stack in stacks[1:]:
        if stack.n_rows != stacks[0].n_rows:
            raise disagreement_of(stacks[0], stack)
    return replace(pair, streams=stacks)


def can_be_cut(pair: Pair) -> bool:
    """Whether other processes of this machine can read any run of rows of a pair without those before it.

    Rows matched by a key come with their keys, and to send these from one process to another takes longer than to read
    them.
    """
    from mse_cli.readers.keys import Joined

    if any(isinstance(stream, Joined) for stream in pair.streams):
        return False
    files = list(itertools.chain(*(stream.files for stream in pair.streams)))
    return all(isinstance(file.source, FileSource) for file in files) and not any(
        is_packed(file.source) for file in files if isinstance(file, TextMatrix)
    )


def _with_absolute_paths(stream: Matrix) -> Matrix:
    """The same, for processes that do not run in this one's directory."""
    from mse_cli.readers.keys import Joined
    from mse_cli.readers.shards import Shards

    if isinstance(stream, Joined):
        first, second = (_with_absolute_paths(side) for side in (stream.first, stream.second))
        return replace(stream, first=first, second=second)  # type: ignore[arg-type]
    if isinstance(stream, Shards):
        return replace(stream, files=tuple(map(_with_absolute_paths, stream.files)))  # type: ignore[arg-type]
    source = getattr(stream, "source", None)
    if not isinstance(source, FileSource):
        return stream
    return replace(stream, source=replace(source, path=source.path.absolute()))  # type: ignore[type-var]


def _counted(texts: list[TextMatrix], mapped: Map) -> list[CountedText]:
    """The texts with their rows counted, a range each; those with quotes once more from their start."""
    if not texts:
        return []
    from concurrent.futures import ThreadPoolExecutor  # what only texts need costs start-up time

    from mse_cli.readers.text.counted_text import CountedText
    from mse_cli.readers.text.counting import Range, count, count_each, ranges_of

    with ThreadPoolExecutor(MOST_OPENED_AT_ONCE) as pool:  # a look at each file's size
        ranges = list(pool.map(ranges_of, texts))
    found = itertools.chain.from_iterable(mapped(count_each, _batches(list(itertools.chain(*ranges)))))
    counts = [list(itertools.islice(found, len(parts))) for parts in ranges]
    again = [Range(text, text.layout.offset, None) for text, parts in zip(texts, counts, strict=True) if None in parts]
    whole = mapped(count, again)
    complete = [[next(whole)] if None in parts else parts for parts in counts]
    counted = [
        CountedText.of(text, [part for part in parts if part is not None])
        for text, parts in zip(texts, complete, strict=True)
    ]
    fast = sum(span.n_bytes for text in counted for span in text.spans) >= LARGE_FOR_POLARS
    return [replace(text, fast=fast) for text in counted]


def _batches(ranges: list[T]) -> list[list[T]]:
    """Several together, if there are many: to hand out a small file costs as much as to count its rows."""
    size = max(1, min(MOST_COUNTED_AT_ONCE, len(ranges) // FEWEST_BATCHES))
    return [ranges[start : start + size] for start in range(0, len(ranges), size)]


def parts_of(pair: Pair, part_cells: int | None = None) -> list[Pair]:
    """A pair whose rows are counted as parts of about the same work; the pair itself if it cannot be cut.

    The cuts are where the prediction's files and their pieces end, or those of a side that is cheap to read only
    from its start (compressed, or in an archive).
    """
    stacks = [stream for stream in pair.streams if isinstance(stream, Stack)]
    if len(stacks) < len(pair.streams):
        return [pair]
    most_cells = max(part_cells or PART_CELLS, stacks[0].n_rows * pair.n_columns // MOST_PARTS)
    leading = next((stack for stack in stacks if not all(file.can_be_parted for file in stack.files)), stacks[0])
    return [part_of(pair, rows) for rows in _cuts(leading, most_cells)]


def part_of(pair: Pair, rows: range) -> Pair:
    """Only these rows (from 0) of a pair whose rows are counted."""
    streams = tuple(stream.part(rows) for stream in pair.streams if isinstance(stream, Stack))
    return replace(pair, streams=streams, first_row=rows.start)


def shards_of(pair: Pair) -> list[tuple[str, range]]:
    """The prediction's files by name, and the rows that each holds."""
    stack = pair.streams[pair.prediction.stream]
    assert isinstance(stack, Stack)
    bounds = itertools.pairwise(stack.starts)
    return [(file.source.label, range(*bound)) for file, bound in zip(stack.files, bounds, strict=True)]


def files_read(pair: Pair) -> list[Path]:
    """The files on this machine that a pair whose rows are counted is read from."""
    files = [file for stream in pair.streams if isinstance(stream, Stack) for file in stream.files]
    return [file.source.path for file in files if isinstance(file.source, FileSource)]


def _cuts(stack: Stack, most_cells: int) -> Iterator[range]:
    for file, start in zip(stack.files, stack.starts, strict=False):
        row = start
        for n_rows in file.grains(most_cells) if file.can_be_parted else [file.n_rows]:
            yield range(row, row + n_rows)
            row += n_rows
