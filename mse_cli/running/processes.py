"""Worker processes of this machine: for text, which NumPy's parser reads inside Python's lock.

A worker reads its own rows of the files and sends back sums, or what is to be written. Errors come back as they are:
the rows of a part know their lines in the file.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mse_cli.errors import MseError
from mse_cli.readers.sources.ahead import ordered
from mse_cli.readers.text import counting  # noqa: F401 - what the workers need is there when they are forked
from mse_cli.running.backend import keep_freed_memory

if TYPE_CHECKING:
    from mse_cli.running.tallying import Map

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def in_processes(n_processes: int) -> Iterator[Map]:
    """A ``map`` in so many worker processes, which end with it.

    Raises:
        MseError: if a worker ends before its work.
    """
    # A fork is ready in 10 ms, a fresh interpreter in 200; but PyArrow's threads, once started, do not survive a fork.
    method = "fork" if sys.platform == "linux" and sys.modules.get("pyarrow") is None else "spawn"
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(n_processes, multiprocessing.get_context(method), initializer=_live_quietly)
    try:
        with warnings.catch_warnings(), _signals_held():
            # Python 3.12 warns of the threads of NumPy's BLAS, which stops them for a fork and which we do not use.
            warnings.simplefilter("ignore", DeprecationWarning)
            pool.submit(os.getpid)
        yield partial(_map, pool=pool, ahead=n_processes + 1)
    except BaseException:
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()  # what they are at is of no use any more
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _map(function: Callable[[T], R], items: Sequence[T], *, pool: ProcessPoolExecutor, ahead: int) -> Iterator[R]:
    try:
        yield from ordered(function, items, pool=pool, ahead=ahead)
    except BrokenProcessPool:
        hint = "was it killed, or is memory short? --jobs 1 works without workers"
        raise MseError("a worker process ended before its work was done", hint=hint) from None


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
    keep_freed_memory()
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
