"""The rows of a pair as partitions that can be read anywhere, at the same time: a plan, made without reading the data.

Prediction and target may be cut into files in different ways. A partition is a run of rows; on each side it is the
pieces of the one or two files that hold these rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mse_cli.errors import UsageError
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import File, Matrix
from mse_cli.readers.pair import Pair, Stream, disagreement_of
from mse_cli.readers.sources.files import FileSource, at_once, is_at_hand, is_packed
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.text.text_file import TextFile
from mse_cli.running.tallying import Map, ReadProgress

if TYPE_CHECKING:
    from mse_cli.readers.text.counting import Counted

T = TypeVar("T")

PARTITION_CELLS = 4 << 20  # of arrays: some 50 ms of work, so that handing it out costs little
MOST_COUNTED_AT_ONCE, FEWEST_BATCHES = 16, 8
FEW_CELLS = 1 / 256  # of a partition's: files of so few are read together, for to hand out each would cost more
MOST_PARTITIONS = 100_000  # beyond, they become larger: a scheduler spends about a millisecond on each


def with_counted_rows(pair: Pair, mapped: Map, progress: ReadProgress | None = None) -> Pair:
    """The same pair with all rows counted, so that it can be cut; rows matched by a key cannot, and stay as they are.

    Raises:
        ShapeError: if the two sides do not have the same number of rows; the hint names the file that looks wrong.
        UsageError: for standard input, of which nobody can read a part.
    """
    if is_counted(pair):
        return pair
    whole = next((file.source for file in _files(pair) if not file.source.seekable), None)
    if whole is not None:
        hint = "write it to a file first" if isinstance(whole, Piped) else r"save it with \n as its line end"
        raise UsageError(f"{whole.label} cannot be read in parts", hint=hint)
    pair = replace(pair, streams=tuple(map(_with_absolute_paths, pair.streams)))
    if any(isinstance(stream, Joined) for stream in pair.streams):
        return pair
    counted = iter(_counted([file for file in _files(pair) if isinstance(file, TextFile)], mapped, progress))
    streams = []
    for stream in pair.streams:
        assert isinstance(stream, Matrix)
        files = tuple(next(counted) if isinstance(file, TextFile) else file for file in stream.files)
        streams.append(replace(stream, files=files))
    for stream in streams[1:]:
        if stream.n_rows != streams[0].n_rows:
            raise disagreement_of(streams[0], stream)
    return replace(pair, streams=tuple(streams))


def is_counted(pair: Pair) -> bool:
    """Whether all rows of a pair are counted."""
    return all(stream.n_rows is not None for stream in pair.streams)


def can_be_cut(pair: Pair) -> bool:
    """Whether other processes of this machine can read any run of rows of a pair without those before it.

    Rows matched by a key come with their keys, and to send these from one process to another takes longer than to read
    them.
    """
    if any(isinstance(stream, Joined) for stream in pair.streams):
        return False
    return all(
        isinstance(file.source, FileSource) and not (isinstance(file, TextFile) and is_packed(file.source))
        for file in _files(pair)
    )


def _files(pair: Pair) -> Iterator[File]:
    return itertools.chain.from_iterable(stream.files for stream in pair.streams)


def _with_absolute_paths(stream: Stream) -> Stream:
    """The same, for processes that do not run in this one's directory."""
    if isinstance(stream, Joined):
        first = _with_absolute_paths(stream.first)
        assert isinstance(first, Matrix | Joined)
        return replace(stream, first=first, second=_with_absolute(stream.second))
    return _with_absolute(stream) if isinstance(stream, Matrix) else stream


def _with_absolute(matrix: Matrix) -> Matrix:
    return replace(matrix, files=tuple(map(_file_with_absolute, matrix.files)))


def _file_with_absolute(file: File) -> File:
    source = file.source
    if not isinstance(source, FileSource):
        return file
    return replace(file, source=replace(source, path=source.path.absolute()))  # type: ignore[type-var]


def _counted(texts: list[TextFile], mapped: Map, progress: ReadProgress | None) -> list[TextFile]:
    """The texts with their rows counted, a range each; those with quotes once more from their start."""
    if not texts:
        return []
    from mse_cli.readers.text.counting import Range, count, count_each, ranges_of, with_rows_counted

    at_hand = all(is_at_hand(text.source) for text in texts)
    ranges = list(map(ranges_of, texts)) if at_hand else at_once(ranges_of, texts)  # a look at each file's size
    batches = mapped(count_each, _batches([part for parts in ranges for part in parts if not part.is_small]))
    found = itertools.chain.from_iterable(batches)
    counts = [
        [_reported(count(part) if part.is_small else next(found), progress) for part in parts] for parts in ranges
    ]
    again = [Range(text, text.layout.offset, None) for text, parts in zip(texts, counts, strict=True) if None in parts]
    whole = mapped(count, again)
    complete = [[next(whole)] if None in parts else parts for parts in counts]
    return [
        with_rows_counted(text, [part for part in parts if part is not None])
        for text, parts in zip(texts, complete, strict=True)
    ]


def _reported(part: Counted | None, progress: ReadProgress | None) -> Counted | None:
    """The same, once it is told how many more rows and bytes are counted."""
    if progress and part:
        stored = 0 if part.packed else sum(piece.n_bytes for piece in part.pieces)
        progress(sum(piece.n_rows for piece in part.pieces), stored)
    return part


def _batches(ranges: list[T]) -> list[list[T]]:
    """Several together, if there are many: to hand out a small file costs as much as to count its rows."""
    size = max(1, min(MOST_COUNTED_AT_ONCE, len(ranges) // FEWEST_BATCHES))
    return [ranges[start : start + size] for start in range(0, len(ranges), size)]


def partitions_of(pair: Pair, n_cells: int | None = None) -> list[Pair]:
    """A pair whose rows are counted as partitions of about the same work; the pair itself if it cannot be cut.

    The cuts are where the prediction's files and their pieces end, or those of a side that is cheap to read only
    from its start (compressed, or in an archive); small files are read together.
    """
    matrices = [stream for stream in pair.streams if isinstance(stream, Matrix)]
    if len(matrices) < len(pair.streams):
        return [pair]
    most_cells = max(n_cells or PARTITION_CELLS, (matrices[0].n_rows or 0) * pair.n_columns // MOST_PARTITIONS)
    leading = next((side for side in matrices if not all(file.can_be_cut for file in side.files)), matrices[0])
    few_rows = int(FEW_CELLS * most_cells / max(1, pair.n_columns))
    return [partition(pair, rows) for rows in _together(_cuts(leading, most_cells), few_rows)]


def partition(pair: Pair, rows: range) -> Pair:
    """Only these rows (from 0) of a pair whose rows are counted."""
    streams = tuple(stream.part(rows) for stream in pair.streams if isinstance(stream, Matrix))
    return replace(pair, streams=streams, first_row=rows.start)


def _cuts(matrix: Matrix, most_cells: int) -> Iterator[range]:
    for file, start in zip(matrix.files, matrix.starts, strict=False):
        row = start
        for n_rows in file.grains(matrix.n_columns, most_cells) if file.can_be_cut else [file.n_rows or 0]:
            yield range(row, row + n_rows)
            row += n_rows


def _together(cuts: Iterator[range], few_rows: int) -> Iterator[range]:
    """Runs of rows, one after the other, those that are so few joined.

    >>> list(_together(iter([range(2), range(2, 4), range(4, 5), range(5, 9)]), 4))
    [range(0, 4), range(4, 5), range(5, 9)]
    """
    run = range(0)
    for rows in cuts:
        if len(run) + len(rows) > few_rows and run:
            yield run
            run = rows
        else:
            run = range(run.start if run else rows.start, rows.stop)
    if run:
        yield run


def files_with_rows(pair: Pair) -> list[tuple[str, range]]:
    """The prediction's files by name, and the rows that each holds, of a pair whose rows are counted."""
    side = pair.streams[pair.prediction.stream]
    assert isinstance(side, Matrix)
    bounds = itertools.pairwise(side.starts)
    return [(file.source.label, range(*bound)) for file, bound in zip(side.files, bounds, strict=True)]


def paths_read(pair: Pair) -> list[Path]:
    """The files on this machine that a pair is read from."""
    return [file.source.path for file in _files(pair) if isinstance(file.source, FileSource)]
