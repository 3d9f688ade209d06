"""What a Dask cluster costs: ``python tests/benchmarks/cluster.py tasks`` and ``… shards``.

``tasks`` simulates up to 100,000 tasks with a stub for the files: time and the client's memory against their number.
``shards`` reads 300 MB of CSV in 16 files a side with 2 workers, on a local cluster and with ``-j 2``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mse_cli.readers.matrix import Rows, Selection, matrix_of
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.pair import Pair, StreamColumns
from mse_cli.running.backend import backend_for
from mse_cli.running.cluster import ROUNDS, backend_on, connected
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.partitions import PARTITION_CELLS, partitions_of

COUNTS = (1_000, 10_000, 100_000)
SHARDS, ROWS_OF_SHARD, COLUMNS = 16, 120_000, 4
REPEATS = 3


@dataclass(frozen=True)
class Stub:
    """A file of any length whose parts hold one row each."""

    n_rows: int
    label: str = "stub"
    width: int = 4
    use: tuple[int, ...] = (0, 1, 2, 3)
    names: None = None
    notes: tuple[str, ...] = ()
    can_be_cut: bool = True

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """As long as asked for."""
        step = n_cells // n_columns
        return [step] * (self.n_rows // step)

    def part(self, rows: range) -> Stub:
        """As long as asked for."""
        return replace(self, n_rows=len(rows))

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """One row."""
        yield Rows(np.ones((1, len(wanted.columns))))


def measure_tasks() -> None:
    """A table of the number of tasks, the seconds, and the client's largest resident memory."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "scheduler.json"
        for program in (
            ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"],
            ["distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1"],
        ):
            command = [sys.executable, "-m", *program, "--scheduler-file", str(file), "--no-dashboard"]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=folder)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            while not file.exists() or not file.stat().st_size:
                time.sleep(0.1)
        print("tasks     seconds   ms a task   client's largest memory")
        for n_tasks in COUNTS:
            child = subprocess.Popen([sys.executable, __file__, "client", str(file), str(n_tasks)])
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            print(f"{usage.ru_maxrss >> 10} MiB", flush=True)


def run_client(file: str, n_tasks: int) -> None:
    """One run of the client, in a process of its own."""
    import json

    cells = ROUNDS * PARTITION_CELLS  # of a task
    side = matrix_of("stub", (Stub(n_tasks * cells // 4),), "fail")  # type: ignore[arg-type]
    pair = Pair((side, side), StreamColumns(0, 0, 4), StreamColumns(1, 0, 4), "fail")
    assert len(partitions_of(pair, cells)) == n_tasks
    with connected(json.loads(Path(file).read_text())["address"]) as client:
        client.wait_for_workers(2)
        start = time.perf_counter()
        result = evaluate_pair(backend_on(pair, client)).result
        seconds = time.perf_counter() - start
    assert result.shape == (n_tasks, 4)
    print(f"{n_tasks:7,} {seconds:9.1f} {1000 * seconds / n_tasks:11.2f}   ", end="", flush=True)


def measure_shards() -> None:
    """Seconds of both ways, the best of a few; the start of the cluster and of Python is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        for side in "ay":
            (Path(folder) / side).mkdir()
            for k in range(SHARDS):
                rows = random.normal(size=(ROWS_OF_SHARD, COLUMNS))
                np.savetxt(Path(folder) / side / f"part-{k}.csv", rows, delimiter=",", fmt="%.17g")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.csv"))
        specs = f"{folder}/a/", f"{folder}/y/"
        print(f"{size / 1e6:.0f} MB in {SHARDS} files a side, 2 workers")

        def processes() -> object:
            with backend_for(open_pair(*specs, InputOptions()), jobs=2, tell=print) as there:
                return evaluate_pair(there).result

        with connected("local", jobs=2) as client:

            def cluster() -> object:
                return evaluate_pair(backend_on(open_pair(*specs, InputOptions()), client)).result

            runs: dict[str, Callable[[], object]] = {"-j 2": processes, "--dask local -j 2": cluster}
            seconds: dict[str, list[float]] = {name: [] for name in runs}
            results = []
            for _ in range(REPEATS):
                for name, run in runs.items():
                    start = time.perf_counter()
                    results.append(run())
                    seconds[name].append(time.perf_counter() - start)
        assert all(result == results[0] for result in results)
        for name, taken in seconds.items():
            print(f"{name:18} {min(taken):6.2f} s   (all: {', '.join(f'{t:.2f}' for t in taken)})")
        print(f"ratio {min(seconds['--dask local -j 2']) / min(seconds['-j 2']):.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["tasks"]:
        measure_tasks()
    elif sys.argv[1:2] == ["client"]:
        run_client(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:] == ["shards"]:
        measure_shards()
    else:
        sys.exit(__doc__)
