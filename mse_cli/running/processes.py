"""Worker processes of this machine: for text, which is parsed inside Python's lock.

A worker reads its own rows of the files and sends back sums, or what is to be written. Each has two pipes of its own,
for tasks and for their results, whose other ends only this process holds: each side sees the other's end, whenever it
comes. Errors come back as they are: the rows of a part know their lines in the file.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, Protocol, TypeVar, cast

from mse_cli.errors import MseError, reason
from mse_cli.readers.text import counting  # noqa: F401 - what the workers need is there when they are forked
from mse_cli.running.backend import keep_freed_memory
from mse_cli.running.tallying import Map

with contextlib.suppress(ImportError):
    import simdjson  # noqa: F401 - likewise, also for files that are too small for loading it to pay

T = TypeVar("T")
R = TypeVar("R")

# Of a worker that is not forked; what it fails at is told by the one that waits for it.
PROGRAM = """
import os
try:
    from mse_cli.running.processes import work
    work(0, 1)
finally:
    os._exit(1)
"""
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
PR_SET_PDEATHSIG = 1  # Linux: which signal a process gets when its parent ends
SENT = (MseError, OSError)  # what may go wrong in a task; anything else ends the worker


class Process(Protocol):
    """A process that was started here."""

    def kill(self) -> object:
        """End it."""

    def wait(self) -> object:
        """Wait for its end."""


class Worker(NamedTuple):
    """A worker process, the pipe of its tasks and that of their results."""

    process: Process
    tasks: int
    results: BinaryIO


class Fork:
    """A forked process."""

    def __init__(self, pid: int):
        self._pid = pid

    def kill(self) -> None:
        """End it."""
        os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end."""
        os.waitpid(self._pid, 0)


@contextmanager
def in_processes(n_processes: int) -> Iterator[Map]:
    """A ``map`` in so many worker processes, which end with it; one ``map`` at a time.

    Raises:
        MseError: if a worker ends before its work.
    """
    workers: list[Worker] = []
    # PyArrow's threads, once started, do not survive a fork.
    start = forked if sys.platform == "linux" and sys.modules.get("pyarrow") is None else spawned
    try:
        for _ in range(n_processes):
            with _signals_held(*ENDING):  # until it is known whom to end
                workers.append(_started(start, workers))
        yield Team(workers).map
    except BaseException:
        for worker in workers:
            worker.process.kill()  # what it is at is of no use any more
        raise
    finally:
        for worker in workers:
            os.close(worker.tasks)  # at which it ends
            worker.results.close()
        for worker in workers:
            worker.process.wait()


def _started(start: Callable[[list[Worker]], Worker], others: list[Worker]) -> Worker:
    try:
        return start(others)
    except OSError as error:
        hint = "--jobs J starts fewer, --jobs 1 works without workers"
        raise MseError(f"a worker process cannot be started: {reason(error)}", hint=hint) from None


def forked(others: list[Worker]) -> Worker:
    """A worker as a copy of this process, which is ready in 10 ms where a fresh interpreter takes 200."""
    its_tasks, tasks = os.pipe()
    results, its_results = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of the threads of NumPy's BLAS, which stops them for a fork and which we do not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                for other in others:
                    os.close(other.tasks)
                    os.close(other.results.fileno())
                os.close(tasks)
                os.close(results)
                _end_with(parent)
                work(its_tasks, its_results)
            finally:
                os._exit(1)
    os.close(its_tasks)
    os.close(its_results)
    return Worker(Fork(pid), tasks, open(results, "rb"))


def spawned(others: list[Worker]) -> Worker:
    """A worker as a fresh interpreter, where a fork is not safe or not known."""
    from subprocess import PIPE, Popen  # seldom

    process = Popen([sys.executable, "-c", PROGRAM], stdin=PIPE, stdout=PIPE)  # noqa: S603 - nothing of the user's
    assert process.stdin is not None
    tasks = os.dup(process.stdin.fileno())
    process.stdin.close()
    return Worker(process, tasks, cast(BinaryIO, process.stdout))


def work(tasks: int, results: int) -> None:
    """In a worker: take one task after the other, until there are no more."""
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process
    for name in ENDING[1:]:  # the command's own handlers unwind
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {getattr(signal, name) for name in ENDING})
    with open(tasks, "rb") as received, open(results, "wb") as sent, contextlib.suppress(EOFError):
        while True:
            function, item = pickle.load(received)  # noqa: S301 - from the process that started this one
            pickle.dump(_outcome(function, item), sent, pickle.HIGHEST_PROTOCOL)
            sent.flush()


def _outcome(function: Callable[[T], R], item: T) -> tuple[R | None, Exception | None]:
    try:
        return function(item), None
    except SENT as error:
        return None, error


def _end_with(parent: int) -> None:
    """End when the parent ends, however it ends; without this, a worker would finish its task first."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Team:
    """Workers, each of which is idle or busy with one item."""

    def __init__(self, workers: list[Worker]):
        self._idle = list(workers)
        self._busy: dict[int, tuple[int, Worker]] = {}  # by the pipe of the result: the item's number, who has it

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Python's ``map``, the results in order, a few of them ahead of their use.

        Raises:
            MseError: if a worker ends before its work.
        """
        while self._busy:  # with what another map did not wait for
            self._receive()
        left = deque(enumerate(items))
        outcomes: dict[int, tuple[R, Exception | None]] = {}
        for wanted in range(len(items)):
            self._hand_out(function, left)
            while wanted not in outcomes:
                outcomes.update(self._receive())
                if len(outcomes) <= len(self._idle) + len(self._busy):  # no more than these wait for their turn
                    self._hand_out(function, left)
            result, error = outcomes.pop(wanted)
            if error is not None:
                raise error
            yield result

    def _hand_out(self, function: Callable[[T], R], left: deque[tuple[int, T]]) -> None:
        """An item to each worker that is idle."""
        while self._idle and left:
            number, item = left.popleft()
            worker = self._idle.pop()
            _send(worker.tasks, pickle.dumps((function, item), pickle.HIGHEST_PROTOCOL))
            self._busy[worker.results.fileno()] = number, worker

    def _receive(self) -> list[tuple[int, tuple[R, Exception | None]]]:
        """The outcomes that are there, one at least, each with its item's number."""
        found = []
        for pipe in _ready(self._busy):
            number, worker = self._busy.pop(pipe)
            try:
                found.append((number, pickle.load(worker.results)))  # noqa: S301 - from our own worker
            except (EOFError, pickle.UnpicklingError):
                raise _ended() from None
            self._idle.append(worker)
        return found


def _ready(busy: dict[int, tuple[int, Worker]]) -> list[int]:
    """The pipes in which there is something, one at least."""
    if not hasattr(select, "poll"):  # Windows, where it is waited for the first
        return [min(busy, key=lambda pipe: busy[pipe][0])]
    poll = select.poll()
    for pipe in busy:
        poll.register(pipe, select.POLLIN)
    return [pipe for pipe, _ in poll.poll()]


def _send(pipe: int, data: bytes) -> None:
    """Write a task; a worker that has gone must not end us as a reader of our output that goes away does."""
    left = memoryview(data)
    with _signals_held("SIGPIPE"):
        try:
            while left:
                left = left[os.write(pipe, left) :]
        except OSError:
            if hasattr(signal, "sigpending") and signal.SIGPIPE in signal.sigpending():
                signal.sigwait({signal.SIGPIPE})
            raise _ended() from None


def _ended() -> MseError:
    hint = "was it killed, or is memory short? --jobs 1 works without workers"
    return MseError("a worker process ended before its work was done", hint=hint)


@contextmanager
def _signals_held(*names: str) -> Iterator[None]:
    """Some signals wait until this is over, in what is started here too."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {getattr(signal, name) for name in names})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
