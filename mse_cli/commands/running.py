"""Where a command's blocks run: in this process, its threads, worker processes, on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mse_cli import backends
from mse_cli.commands.streams import note
from mse_cli.errors import UsageError
from mse_cli.readers.pair import Pair

if TYPE_CHECKING:
    from mse_cli.readers.parts import Map


class Run(Protocol):
    """A backend, with all that it needs beside the pair, the tallies and who is told how far it is."""

    def __call__(self, pair: Pair, *tallies: backends.Tally, progress: backends.Progress | None = None) -> None:
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
    elif (n_threads := backends.threads_for(pair, jobs)) > 1:
        backends.keep_freed_memory()
        with backends.in_threads(n_threads) as mapped:
            run = partial(backends.run_in_parts, mapped=mapped, part_cells=backends.cells_for(pair, n_threads))
            yield Running(_counted(pair, mapped), run, mapped, in_parts=True)
    elif (n_processes := backends.processes_for(pair, jobs)) > 1:
        from mse_cli.backends_processes import in_processes  # multiprocessing costs start-up time

        with in_processes(n_processes) as mapped:
            run = partial(backends.run_in_parts, mapped=mapped)
            yield Running(_counted(pair, mapped), run, mapped, in_parts=True, makes_text=True)
    else:
        yield Running(pair, backends.run_here, backends.map_here)


def _counted(pair: Pair, mapped: Map) -> Pair:
    from mse_cli.readers.parts import with_counted_rows  # small files are not cut

    return with_counted_rows(pair, mapped)


@contextlib.contextmanager
def _on_dask(pair: Pair, address: str, jobs: int | None, *, quiet: bool) -> Iterator[Running]:
    if jobs is not None and address != "local":
        raise UsageError("--jobs is for this machine; the cluster at --dask ADDRESS has its own workers")
    from mse_cli.backends_dask import connected, map_on_dask, run_on_dask  # Dask costs start-up time

    with connected(address, jobs=jobs) as client:
        if not client.nthreads():
            note(["the Dask scheduler has no workers yet: waiting for some"], quiet=quiet)
        mapped = partial(map_on_dask, client=client)
        yield Running(_counted(pair, mapped), partial(run_on_dask, client=client), mapped)
