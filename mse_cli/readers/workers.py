"""Text files parsed in worker processes: the pieces that one process would cut, ahead of their use and in order.

A worker reads its own range of the file and sends back numbers, or nothing where the range cannot be shown to be
such a piece (a line end may be inside quotes) or does not parse. From there on this process reads the file alone,
so that there is one place that words an error, and it knows the line. Nothing can differ from one process.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from mse_cli.errors import MseError, ParseError
from mse_cli.readers import pieces
from mse_cli.readers.delimited import Parser, Rows, TextMatrix, parse_here, parse_piece
from mse_cli.readers.layout import LONGEST_ROW, Layout
from mse_cli.readers.pieces import Cut, Piece, each_line_is_a_row
from mse_cli.readers.source import FileSource, open_text

Parsed = tuple[int, Rows]  # how many lines, and what they hold; its first line counts as line 1
SEARCH_BYTES = 1 << 16


@contextmanager
def parser_in_workers(jobs: int, *, fast: bool = False) -> Iterator[Parser]:
    """A parser of text files that uses so many worker processes, which end with it; ``fast`` as in ``parse_piece``."""
    # A fork is ready in 10 ms, a fresh interpreter in 200; but Polars' threads, once started, do not survive a fork.
    method = "fork" if sys.platform == "linux" and "polars" not in sys.modules else "spawn"
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context(method), initializer=_live_quietly)
    try:
        with warnings.catch_warnings(), _signals_held():
            # Python 3.12 warns of the threads of NumPy's BLAS, which stops them for a fork and which we do not use.
            warnings.simplefilter("ignore", DeprecationWarning)
            pool.submit(os.getpid)
        yield partial(parse_ahead, pool=pool, look_ahead=jobs + 1, fast=fast)
    except BaseException:
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()  # what they are at is of no use any more
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes and threads that are started here are not hit by Ctrl-C, nor killed by a pipe that others have left.

    The pool's own threads write to pipes of workers that may be gone; that must not end us as a reader of our output
    that goes away does.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, which has no such signals either
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGPIPE})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live_quietly() -> None:
    """In a worker: leave Ctrl-C to the main process, end when that ends, however it ends, and use one processor."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):  # the command's own handlers raise, which the pool would take for a result
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def parse_ahead(
    matrix: TextMatrix, pool: ProcessPoolExecutor, look_ahead: int, *, fast: bool = False
) -> Iterator[Rows]:
    """The rows of a text file in order, with up to so many pieces parsed or being parsed in advance.

    Raises:
        MseError: as ``parse_here`` raises them, or if a worker ends before its work.
    """
    if not can_be_cut(matrix):
        yield from parse_here(matrix)
        return
    first_line = matrix.start.first_line
    pending: deque[tuple[Cut, Future[Parsed | None]]] = deque()
    ranges = _ranges(matrix)
    try:
        while True:
            while len(pending) < look_ahead and (following := next(ranges, None)):
                start, stop = following
                work = pool.submit(parse_range, _path(matrix), matrix.layout, start.offset, stop, fast=fast)
                pending.append((start, work))
            if not pending:
                return
            start, work = pending.popleft()
            parsed = work.result()
            if parsed is None:
                yield from parse_here(matrix, start._replace(first_line=first_line))
                return
            n_lines, rows = parsed
            yield rows if rows.blank_line is None else rows._replace(blank_line=rows.blank_line + first_line - 1)
            first_line += n_lines
    except BrokenProcessPool:
        hint = "was it killed, or is memory short? --jobs 1 works without workers"
        raise MseError("a worker process ended before its work was done", hint=hint).within(matrix.label) from None
    finally:
        for _, work in pending:
            work.cancel()


def parse_range(path: Path, layout: Layout, start: int, stop: int, *, fast: bool = False) -> Parsed | None:
    """In a worker: the rows of a range of a file, or ``None`` for what the main process must look at."""
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            if os.fstat(stream.fileno()).st_size < stop:
                return None
            data = stream.read(stop - start)
        if not each_line_is_a_row(data):
            return None
        return data.count(b"\n"), parse_piece(Piece(1, data), layout, fast=fast)
    except (ParseError, OSError):
        return None


def can_be_cut(matrix: TextMatrix) -> bool:
    """Whether any range of the file can be read at once: a plain file, not a pipe, not compressed."""
    if not isinstance(matrix.source, FileSource) or not matrix.source.path.is_file():
        return False
    with open_text(matrix.source) as stream:
        return isinstance(stream, io.BufferedReader)


def _path(matrix: TextMatrix) -> Path:
    assert isinstance(matrix.source, FileSource)
    return matrix.source.path


def _ranges(matrix: TextMatrix) -> Iterator[tuple[Cut, int]]:
    """The pieces that ``cut_pieces`` makes of a file without quotes, found without reading it all."""
    cut, size = matrix.start, pieces.PIECE_BYTES
    with _path(matrix).open("rb") as stream:
        n_bytes = stream.seek(0, os.SEEK_END)
        read_to = cut.read_to
        while read_to < n_bytes:
            read_to = min(read_to + size, n_bytes)
            end = _last_line_end(stream, cut.offset, read_to)
            if end:
                yield cut, end
                cut = Cut(end, 0, read_to)
            if read_to - cut.offset > LONGEST_ROW:
                break
        if cut.offset < n_bytes:
            yield cut, n_bytes if read_to == n_bytes else n_bytes + 1  # a row too long is for the main process


def _last_line_end(stream: BinaryIO, start: int, stop: int) -> int:
    """The offset after the last line end of a range of the file, 0 if there is none."""
    while start < stop:
        block = max(start, stop - SEARCH_BYTES)
        stream.seek(block)
        end = stream.read(stop - block).rfind(b"\n") + 1
        if end:
            return block + end
        stop = block
    return 0
