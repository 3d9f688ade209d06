"""Where a command's blocks run: in this process, its threads, worker processes, on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mse_cli.commands.streams import note
from mse_cli.errors import UsageError
from mse_cli.readers.pair import Pair
from mse_cli.running import tallying

if TYPE_CHECKING:
    from mse_cli.running.partitions import Map


class Run(Protocol):
    """A backend, with all that it needs beside the pair, the tallies and who is told how far it is."""

    def __call__(self, pair: Pair, *tallies: tallying.Tally, progress: tallying.Progress | None = None) -> None:
        """Feed every block of the pair to every tally."""


class Running(NamedTuple):
    """The pair as it is read there, and the two ways to work there.

    Attributes:
        pair: The pair.
        run: Feeds its blocks to tallies.
        mapped: Python's ``map``, there.
        in_parts: Whether parts of the pair are worked on at the same time, in a second pass too.
        makes_text: Whether rows are made into text there faster than here.
    """

    pair: Pair
    run: Run
    mapped: Map
    in_parts: bool = False
    makes_text: bool = False


@contextlib.contextmanager
def running(pair: Pair, *, dask: str | None, jobs: int | None, quiet: bool) -> Iterator[Running]:
    """The place that ``--dask`` and ``--jobs`` name, or the size of the files suggests, as long as it is needed.

    Raises:
        UsageError: for ``--jobs`` with a cluster that has its own workers.
    """
    if dask is not None:
        with _on_dask(pair, dask, jobs, quiet=quiet) as there:
            yield there
    elif (n_threads := tallying.threads_for(pair, jobs)) > 1:
        tallying.keep_freed_memory()
        with tallying.in_threads(n_threads) as mapped:
            run = partial(tallying.run_in_parts, mapped=mapped, part_cells=tallying.cells_for(pair, n_threads))
            yield Running(_counted(pair, mapped), run, mapped, in_parts=True)
    elif (n_processes := tallying.processes_for(pair, jobs)) > 1:
        from mse_cli.running.processes import in_processes  # multiprocessing costs start-up time

        with in_processes(n_processes) as mapped:
            run = partial(tallying.run_in_parts, mapped=mapped)
            yield Running(_counted(pair, mapped), run, mapped, in_parts=True, makes_text=True)
    else:
        yield Running(pair, tallying.run_here, tallying.map_here)


def _counted(pair: Pair, mapped: Map) -> Pair:
    from mse_cli.running.partitions import with_counted_rows  # small files are not cut

    return with_counted_rows(pair, mapped)


@contextlib.contextmanager
def _on_dask(pair: Pair, address: str, jobs: int | None, *, quiet: bool) -> Iterator[Running]:
    if jobs is not None and address != "local":
        raise UsageError("--jobs is for this machine; the cluster at --dask ADDRESS has its own workers")
    from mse_cli.running.cluster import connected, map_on_dask, run_on_dask  # Dask costs start-up time

    with connected(address, jobs=jobs) as client:
        if not client.nthreads():
            note(["the Dask scheduler has no workers yet: waiting for some"], quiet=quiet)
        mapped = partial(map_on_dask, client=client)
        yield Running(_counted(pair, mapped), partial(run_on_dask, client=client), mapped)
