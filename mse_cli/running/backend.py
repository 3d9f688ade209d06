"""The one decision where blocks run: in this process, its threads, worker processes, or on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import NamedTuple, Protocol

from mse_cli.core.exact import is_wide
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import ParseError, UsageError
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import HasColumns, Matrix
from mse_cli.readers.pair import Pair, Stream
from mse_cli.readers.sources.ahead import Ahead, in_threads
from mse_cli.readers.text.parsing import is_installed
from mse_cli.readers.text.text_file import TextFile
from mse_cli.running.partitions import can_be_cut, partition, partitions_of, with_counted_rows
from mse_cli.running.tallying import (
    Map,
    Progress,
    ReadProgress,
    Tally,
    map_here,
    run_here,
    run_in_partitions,
    run_in_stripes,
)

MOST_THREADS = 4  # beyond, the threads wait for the memory and for the interpreter
FEWEST_CELLS = 1 << 20  # of arrays: fewer take no time that a second thread could save
CELLS_A_THREAD = 32 << 20  # of a partition: each begins with fresh memory, and at an error those at work are finished
KEPT_BYTES = 1 << 30  # of freed memory, for the next buffers
LARGEST_KEPT = 32 << 20  # of one buffer; more is not taken by every version of the C library
FAST = ("simdjson", "isal")  # what the extra ``fast`` brings
LARGE_TEXT = 8 << 20  # bytes: less is parsed before workers would be ready

Tell = Callable[[list[str]], None]


class Run(Protocol):
    """Feeds every block of a pair to every tally, and says how far it is."""

    def __call__(self, *tallies: Tally, progress: Progress | None = None) -> None:
        """Run once over all rows."""


class Backend(NamedTuple):
    """Where the blocks of a pair run: the pair as it is read there, and the two ways to work there.

    Attributes:
        pair: The pair.
        run: Feeds its blocks to tallies.
        mapped: Python's ``map``, there.
        in_partitions: Whether partitions are worked on at the same time, in a second pass too.
        makes_text: Whether rows are made into text there faster than here.
    """

    pair: Pair
    run: Run
    mapped: Map
    in_partitions: bool = False
    makes_text: bool = False


@contextlib.contextmanager
def backend_for(
    pair: Pair,
    *,
    dask: str | None = None,
    jobs: int | None = None,
    tell: Tell | None = None,
    progress: ReadProgress | None = None,
) -> Iterator[Backend]:
    """The one that ``--dask`` and ``--jobs`` name, or the size of the files suggests, as long as it is needed.

    Args:
        pair: Prediction and target.
        dask: A scheduler's address, or ``local``.
        jobs: How many may work at once; as many as help if not given.
        tell: Told what the user may want to know; ``None`` where the process is not ours: then it stays one process.
        progress: Told how many more rows are counted.

    Raises:
        UsageError: for ``--jobs`` with a cluster that has its own workers.
    """
    if dask is not None:
        with _on_dask(pair, dask, jobs, tell, progress) as backend:
            yield backend
        return
    if tell is not None:
        keep_freed_memory()
    if (n_threads := threads_for(pair, jobs)) > 1:
        with in_threads(n_threads) as mapped:
            yield _in_stripes_where_it_helps(_in_partitions(pair, mapped, cells_for(pair, n_threads)))
    elif (n_threads := threads_ahead_for(pair, jobs)) > 1:
        if tell is not None:
            keep_freed_memory()
        with in_threads(n_threads) as ahead:
            yield here(_read_ahead(pair, ahead))
    elif tell is not None and (n_processes := processes_for(pair, jobs)) > 1:
        processes = import_module("mse_cli.running.processes")  # multiprocessing costs start-up time
        with processes.in_processes(n_processes) as mapped:
            yield _in_partitions(pair, mapped, progress=progress)._replace(makes_text=True)
    else:
        yield _in_stripes_where_it_helps(here(pair)) if is_wide(pair.n_columns) else here(pair)


def here(pair: Pair) -> Backend:
    """This process, one block after the other."""
    return Backend(pair, partial(run_here, pair), map_here)


def _in_partitions(
    pair: Pair, mapped: Map, n_cells: int | None = None, progress: ReadProgress | None = None
) -> Backend:
    pair = with_counted_rows(pair, mapped, progress)
    return Backend(
        pair, partial(run_in_partitions, partitions_of(pair, n_cells), mapped=mapped), mapped, in_partitions=True
    )


def _in_stripes_where_it_helps(backend: Backend) -> Backend:
    """The same; sums, which need no row whole, some columns at a time; of a wide matrix few rows are shown apart."""
    pair = backend.pair
    width, wide = columns_at_once(pair), is_wide(pair.n_columns)
    if not width:
        return backend
    columns = [slice(start, min(start + width, pair.n_columns)) for start in range(0, pair.n_columns, width)]

    def run(*tallies: Tally, progress: Progress | None = None) -> None:
        first, *others = tallies
        edges = [tally for tally in others if isinstance(tally, Edges) and wide]
        if isinstance(first, Sums) and len(edges) == len(others):
            for each in edges:
                _feed(each, pair)
            try:
                run_in_stripes(pair, first, columns, mapped=backend.mapped, progress=progress)
            except ParseError:
                backend.run(*[tally.new() for tally in tallies])  # raises the first row's
                raise
        else:
            backend.run(*tallies, progress=progress)

    return backend._replace(run=run)


def _feed(edges: Edges, pair: Pair) -> None:
    """Feed them only the rows that they keep."""
    n_rows = pair.n_rows or 0
    for rows in edges.needed(n_rows):
        run_here(partition(pair, rows), edges)
    edges.n_rows = n_rows


def columns_at_once(pair: Pair) -> int:
    """How many columns of a pair should be read without the others; 0 where what is left out, or weights, need all.

    Integers of a table stand beside others by rows: a column alone might be exact where beside floats it is refused.
    """
    if pair.n_columns < 2 or pair.missing == "skip-row" or pair.weights or pair.column_weights is not None:
        return 0
    return min(
        file.at_once(stream.wanted.columns) if isinstance(stream, Matrix) and isinstance(file, HasColumns) else 0
        for stream in pair.streams
        for file in stream.files
    )


@contextlib.contextmanager
def _on_dask(
    pair: Pair, address: str, jobs: int | None, tell: Tell | None, progress: ReadProgress | None
) -> Iterator[Backend]:
    if jobs is not None and address != "local":
        raise UsageError("--jobs is for this machine; the cluster at --dask ADDRESS has its own workers")
    cluster = import_module("mse_cli.running.cluster")  # Dask costs start-up time
    with cluster.connected(address, jobs=jobs, tell=tell) as client:
        yield cluster.backend_on(pair, client, progress)


def threads_for(pair: Pair, jobs: int | None) -> int:
    """How many threads help to read a pair of arrays, at most ``jobs``: NumPy works outside Python's lock."""
    most = min(jobs or MOST_THREADS, MOST_THREADS, cores())
    if most == 1 or not all(file.source.seekable for stream in pair.streams for file in stream.files):
        return 1
    if texts_of(pair):
        return 1  # the parsers of text hold Python's lock
    return max(1, min(most, (pair.n_rows or 0) * pair.n_columns // FEWEST_CELLS))


def threads_ahead_for(pair: Pair, jobs: int | None) -> int:
    """How many threads help to parse the pieces of texts, at most ``jobs``, where the parser leaves Python's lock."""
    if text_bytes(pair) < LARGE_TEXT or not any(map(_is_for_threads, matrices_of(pair))):
        return 1
    return min(jobs or MOST_THREADS, MOST_THREADS, cores())


def _is_for_threads(matrix: Matrix) -> bool:
    return any(isinstance(file, TextFile) and file.is_for_threads(matrix.wanted) for file in matrix.files)


def _read_ahead(pair: Pair, ahead: Ahead) -> Pair:
    """The same with texts that are parsed ahead of their use."""
    return replace(pair, streams=tuple(_ahead(stream, ahead) for stream in pair.streams))


def _ahead(stream: Stream, ahead: Ahead) -> Stream:
    if isinstance(stream, Joined):
        first = _ahead(stream.first, ahead)
        assert isinstance(first, Matrix | Joined)
        return replace(stream, first=first, second=_matrix_ahead(stream.second, ahead), ahead=ahead)
    return _matrix_ahead(stream, ahead) if isinstance(stream, Matrix) else stream


def _matrix_ahead(matrix: Matrix, ahead: Ahead) -> Matrix:
    files = (replace(file, ahead=ahead) if isinstance(file, TextFile) else file for file in matrix.files)
    return replace(matrix, files=tuple(files))


def matrices_of(pair: Pair) -> list[Matrix]:
    """The sides of a pair, each as it is read."""
    return [matrix for stream in pair.streams for matrix in _matrices_in(stream)]


def _matrices_in(stream: Stream) -> list[Matrix]:
    if isinstance(stream, Joined):
        return [*_matrices_in(stream.first), stream.second]
    return [stream] if isinstance(stream, Matrix) else []


def cells_for(pair: Pair, n_threads: int) -> int:
    """How many cells a partition has for so many threads, so that they are busy to the end."""
    n_cells = (pair.n_rows or 0) * pair.n_columns
    rounds = -(-n_cells // (n_threads * CELLS_A_THREAD))
    return -(-n_cells // (n_threads * rounds))


def processes_for(pair: Pair, jobs: int | None) -> int:
    """How many processes help to read a pair with text in it, at most ``jobs``; 1 where they cannot share the work."""
    n_bytes = text_bytes(pair)
    most = jobs or (cores() if n_bytes >= LARGE_TEXT else 1)
    return most if most > 1 and n_bytes and can_be_cut(pair) else 1


def could_be_faster(pair: Pair) -> bool:
    """Whether the extra ``fast`` is missing where it would help."""
    return text_bytes(pair) >= LARGE_TEXT and not all(map(is_installed, FAST))


def text_bytes(pair: Pair) -> int:
    """How large the text files are together, as far as they are files."""
    return sum(text.n_bytes for text in texts_of(pair))


def texts_of(pair: Pair) -> list[TextFile]:
    """The text files of a pair."""
    return [file for stream in pair.streams for file in stream.files if isinstance(file, TextFile)]


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
