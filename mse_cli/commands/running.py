"""Where a command's blocks run: in this process, in worker processes, on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from mse_cli import backends
from mse_cli.commands.streams import note
from mse_cli.errors import UsageError
from mse_cli.evaluation import Evaluation
from mse_cli.readers.pair import Pair
from mse_cli.readers.parts import Map, with_counted_rows

CLEARED = "\r\033[K"


@dataclass(frozen=True)
class Running:
    """The pair as it is read there, and the two ways to work there.

    Attributes:
        pair: The pair.
        run: Feeds its blocks to tallies.
        mapped: Python's ``map``, there.
    """

    pair: Pair
    run: backends.Run
    mapped: Map


@contextlib.contextmanager
def running(pair: Pair, *, dask: str | None, jobs: int | None, quiet: bool) -> Iterator[Running]:
    """The place that ``--dask`` and ``--jobs`` name, as long as it is needed.

    Raises:
        UsageError: for ``--jobs`` with a cluster that has its own workers.
    """
    if dask is None:
        with backends.reading_ahead(pair, jobs) as ahead:
            yield Running(ahead, partial(backends.run, jobs=jobs), partial(backends.map_in_threads, jobs=jobs))
        return
    if jobs is not None and dask != "local":
        raise UsageError("--jobs is for this machine; the cluster at --dask ADDRESS has its own workers")
    from mse_cli.backends_dask import connected, map_on_dask, run_on_dask  # Dask costs start-up time

    with connected(dask, jobs=jobs) as client, _progress(quiet=quiet) as progress:
        if not client.nthreads():
            note(["the Dask scheduler has no workers yet: waiting for some"], quiet=quiet)
        mapped = partial(map_on_dask, client=client)
        run = partial(run_on_dask, client=client, progress=progress)
        yield Running(with_counted_rows(pair, mapped), run, mapped)


@contextlib.contextmanager
def saving_shards(folder: str, name: str, there: Running) -> Iterator[Callable[[Evaluation], None]]:
    """A function that writes SE (``se``) or the gradient of an evaluation to a folder, in parallel."""
    from mse_cli.engine import squared_error
    from mse_cli.shard_folder import saving  # most runs save none

    with saving(folder, there.pair, there.mapped) as save:
        yield lambda evaluation: save(squared_error if name == "se" else evaluation.gradient_of_block)


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A line on the terminal that says how many tasks are done, and goes when all are, or at an error."""
    stream = sys.stderr
    if quiet or stream is None or stream.closed or not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return

    def show(done: int, total: int) -> None:
        stream.write(f"\r{done} of {total} tasks" if done < total else CLEARED)
        stream.flush()

    try:
        yield show
    finally:
        stream.write(CLEARED)
        stream.flush()
