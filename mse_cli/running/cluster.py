"""The same blocks on a Dask cluster: a task reads its rows of both sides where it runs and sends back sums.

No data goes through the client, which holds the plan and, at any time, a few groups of tasks. A group's sums are
merged on the cluster; the groups' are merged here, in order, so that of several errors that of the first row is
raised. The sums are exact, so any cut and any order of merging gives the same bits.
"""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from multiprocessing import resource_tracker
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, TypeVar

from mse_cli import __version__
from mse_cli.errors import InputError, MseError, Place, UsageError, reason
from mse_cli.readers.pair import Pair
from mse_cli.running import partitions
from mse_cli.running.backend import KEPT_BYTES, LARGEST_KEPT, Backend, Tell, cores
from mse_cli.running.partitions import partitions_of, with_counted_rows
from mse_cli.running.tallying import Progress, ReadProgress, Tally, filled

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

ROUNDS = 2  # times the work of a part on one machine: a task costs the scheduler, the worker and the client some ms
FEW = 64  # tasks whose results come here one by one: merging them on the cluster first would cost more than it saves
GROUP = 16  # tasks whose sums are merged on the cluster
FEWEST_GROUPS = 4  # so that progress is seen and an error ends a run; each costs some 10 ms
SECONDS_TO_CONNECT = 10
SECONDS_WITHOUT_WORKERS = 20.0
SECONDS_BETWEEN_LOOKS = 1.0
VERSION = "mse_cli:__version__"  # read by the standard library: a worker that cannot load what it is sent ends
INSTALL = "mse-cli must be installed, in the same version, where the scheduler and the workers run"
USER = r"[^\s/'\"]*@"  # and password, in an address
# A worker is one thread; and it keeps freed memory, as in ``keep_freed_memory``, all of which Dask would give back.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(LARGEST_KEPT),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
}
SETTINGS = {
    "distributed.nanny.pre-spawn-environ": ENVIRONMENT,  # of a local cluster's workers
    "distributed.comm.timeouts.connect": f"{SECONDS_TO_CONNECT}s",
    "distributed.comm.timeouts.tcp": "12s",  # 11 is the least that Dask takes
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@contextlib.contextmanager
def connected(address: str, *, jobs: int | None = None, tell: Tell | None = None) -> Iterator[Client]:
    """A connection to a scheduler, or to a cluster on this machine (``local``) that ends with it.

    Raises:
        UsageError: if Dask is not installed.
        InputError: if no scheduler answers, no worker comes, or one cannot do the work.
    """
    try:
        import dask
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise UsageError("--dask needs Dask, which is not installed", hint="pip install 'mse-cli[dask]'") from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(_quietly())
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="mse-", ignore_cleanup_errors=True))
        stack.enter_context(dask.config.set(SETTINGS | {"temporary-directory": scratch}))
        try:
            if address != "local":
                get_address_host_port(address)  # a client that fails at this complains once more when it goes
            cluster = stack.enter_context(_local_cluster()) if address == "local" else address
            client = Client(cluster, timeout=SECONDS_TO_CONNECT, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            where = "the local Dask cluster cannot start" if address == "local" else "no Dask scheduler answers"
            name = address if "://" in address else address.rpartition("@")[2]
            raise InputError(f"{where}: {re.sub(USER, '', str(error))}", Place(name)) from None
        stack.callback(client.close, timeout=2)
        if not isinstance(cluster, str):
            cluster.scale(jobs or cores())
            tell = None
        with _words():
            _look_at_workers(client, tell)
        yield client


def _look_at_workers(client: Client, tell: Tell | None) -> None:
    """Wait for the first worker, and see that the workers that there are can do the work."""
    if tell is not None and not client.nthreads():
        tell(["the Dask scheduler has no workers yet: waiting for some"])
    _awaited(client.submit(int, pure=False), client)
    found: dict[str, object] = {}
    with contextlib.suppress(OSError):  # of a worker that has just gone; without the scheduler, what follows fails
        found |= client.run(resolve_name, VERSION, on_error="return")
    try:
        found["the scheduler"] = client.run_on_scheduler(resolve_name, VERSION)
    except (ImportError, AttributeError) as error:
        found["the scheduler"] = error
    for place, version in found.items():
        if isinstance(version, ImportError | AttributeError):
            raise InputError(f"there is no mse-cli at {place} of the Dask cluster", hint=INSTALL)
        if isinstance(version, str) and version != __version__:
            raise InputError(f"mse-cli is {version} at {place} of the Dask cluster, {__version__} here", hint=INSTALL)


@contextlib.contextmanager
def _local_cluster() -> Iterator[Any]:
    """A scheduler without workers: a signal that comes while these start ends the cluster as at any other time."""
    from distributed import LocalCluster

    # Threads and processes inherit what is blocked: Ctrl-C then reaches this thread alone, which ends the workers.
    # What multiprocessing starts on first use would unblock it again: start that now.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with LocalCluster(
            n_workers=0,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # without Bokeh and routes it shows nothing, but it takes a port
            silence_logs=logging.CRITICAL,
            memory_limit=0,  # no limit: a task holds some MiB
        ) as cluster:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield cluster
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what Dask would log and warn of on standard error to itself: what matters becomes an error of ours."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    logging.getLogger("asyncio").addFilter(_is_of_use)  # what Dask's loop says of tasks it dropped may come at the end
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _is_of_use(record: logging.LogRecord) -> bool:
    return "was never retrieved" not in str(record.msg)


def backend_on(pair: Pair, client: Client, progress: ReadProgress | None = None) -> Backend:
    """A cluster as the backend of a pair; its rows are counted there."""
    mapped = partial(map_on_dask, client=client)
    pair = with_counted_rows(pair, mapped, progress)
    return Backend(pair, partial(run_on_dask, pair, client=client), mapped)


def run_on_dask(pair: Pair, *tallies: Tally, client: Client, progress: Progress | None = None) -> None:
    """On a Dask cluster, the parts of a pair at the same time.

    Raises:
        MseError: as reading the blocks here would, or if the cluster is lost.
    """
    parts = partitions_of(pair, ROUNDS * partitions.PARTITION_CELLS)
    size = _group_size(len(parts))
    fill = partial(filled, empty=[tally.new() for tally in tallies])
    for start, merged in zip(range(0, len(parts), size), _grouped(fill, parts, _merged, client), strict=True):
        for tally, more in zip(tallies, _checked(merged), strict=True):
            tally.merge(more)
        if progress:
            progress(sum(part.n_rows or 0 for part in parts[start : start + size]))


def map_on_dask(function: Callable[[T], R], items: Sequence[T], *, client: Client) -> Iterator[R]:
    """Python's ``map`` on a Dask cluster, the results in order.

    Raises:
        MseError: the function's own, where its item stands in order; or if the cluster is lost.
    """
    for group in _grouped(function, items, _listed, client):
        yield from map(_checked, group)


def _merged(parts: list[list[Tally] | MseError]) -> list[Tally]:
    """In a task: the tallies of consecutive parts together."""
    merged = [tally.new() for tally in _checked(parts[0])]
    for part in parts:
        for tally, more in zip(merged, _checked(part), strict=True):
            tally.merge(more)
    return merged


def _listed(results: list[R]) -> list[R]:
    """In a task: the results of a group, as they are."""
    return results


def _attempt(function: Callable[..., R], *arguments: Any) -> R | MseError:
    """In a task: what a function returns, or the error it raises, as a value that keeps its place in the order."""
    try:
        return function(*arguments)
    except MseError as error:
        return error
    except OSError as error:  # else it would be taken for one of the connection
        return InputError(f"a Dask worker failed: {reason(error)}")


def _checked(result: R | MseError) -> R:
    if isinstance(result, MseError):
        raise result
    return result


def _group_size(n_tasks: int) -> int:
    return 1 if n_tasks <= FEW else max(1, min(GROUP, n_tasks // FEWEST_GROUPS))


def _grouped(
    function: Callable[[T], R], items: Sequence[T], collect: Callable[[list[R | MseError]], Any], client: Client
) -> Iterator[Any]:
    """``collect`` of what the function gives for each group of items, in order; a few groups ahead of their use.

    A group of several is collected on the cluster, one of a single item here.
    """
    size = _group_size(len(items))
    groups = (items[i : i + size] for i in range(0, len(items), size))
    flying: deque[Future[Any]] = deque()
    with _words():
        try:
            while True:
                ahead = 2 + 2 * sum(client.nthreads().values()) // size
                for group in islice(groups, max(0, ahead - len(flying))):
                    tasks = client.map(partial(_attempt, function), group, pure=False)
                    flying.append(tasks[0] if size == 1 else client.submit(_attempt, collect, tasks, pure=False))
                if not flying:
                    return
                found = _awaited(flying[0], client)
                yield collect([found]) if size == 1 else found
                flying.popleft()
        finally:
            if flying and client.status == "running":
                client.cancel(list(flying), force=True)


def _awaited(task: Future[R], client: Client) -> R:
    """The result of a task, unless nobody is at work for a while: lost, paused for lack of memory, never started."""
    from distributed import wait

    at_work = time.monotonic()
    while task.status != "error":
        with client.as_current(), contextlib.suppress(TimeoutError):
            wait([task], timeout=SECONDS_BETWEEN_LOOKS)
            # Its worker may have gone since; and what is cut short on its way looks like a lost connection.
            return task.result(timeout=SECONDS_WITHOUT_WORKERS)
        assert client.scheduler is not None
        if client.sync(client.scheduler.ncores_running, workers=None):
            at_work = time.monotonic()
        elif time.monotonic() > at_work + SECONDS_WITHOUT_WORKERS:
            message = f"no Dask worker has been at work for {SECONDS_WITHOUT_WORKERS:g} s"
            raise InputError(message, hint="they cannot start, or all are lost or short of memory: their logs say why")
    return task.result()


@contextlib.contextmanager
def _words() -> Iterator[None]:
    """What Dask raises, as errors that a user can act on."""
    from distributed import CancelledError, KilledWorker

    try:
        yield
    except MseError:
        raise
    except (CancelledError, OSError):
        raise InputError("the connection to the Dask scheduler is lost") from None
    except KilledWorker:
        message = "the Dask cluster's workers die whenever they take up the same rows"
        raise InputError(message, hint="is their memory short? their logs say why") from None
    except MemoryError:
        raise InputError("a Dask worker has not enough memory", hint="give each worker more") from None
    except (ImportError, AttributeError, RuntimeError) as error:
        message = f"the Dask cluster cannot run the tasks: {str(error).splitlines()[0]}"
        raise InputError(message, hint=INSTALL) from None
