"""Thousands of small files: what each costs beside its bytes."""

import resource
import subprocess
import sys

import numpy as np
import pytest

from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.running.partitions import with_counted_rows

SHARDS, SECONDS = 1000, 8  # on a machine with two cores


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """2 · 1,000 files of 5 kB, as text and as arrays, one error of 2 in all."""
    folder = tmp_path_factory.mktemp("shards")
    rows = np.random.default_rng(0).normal(size=(130, 2))
    for name, shift in ("a", 0.0), ("y", 0.0), ("b", 2.0):
        np.save(folder / f"{name}.npy", rows + shift)
        np.savetxt(folder / f"{name}.csv", rows + shift, delimiter=",", fmt="%.17g", header="p,q", comments="")
    for suffix in "csv", "npy":
        for name in "ay":
            (folder / suffix / name).mkdir(parents=True)
            for k in range(SHARDS):
                source = folder / f"{'b' if (name, k) == ('a', 7) else name}.{suffix}"
                (folder / suffix / name / f"{k}.{suffix}").write_bytes(source.read_bytes())
    return folder


DASK = pytest.param(["--dask", "local", "-j", "2"], marks=pytest.mark.cluster)


@pytest.mark.parametrize("options", [[], ["-j", "2"], DASK], ids=" ".join)
@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_two_thousand_take_seconds(shards, suffix, options):
    """Of the processors, which are two: how long it takes depends on who else works there."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["compute", f"{suffix}/a/", f"{suffix}/y/", *options, "--only", "mse", "-q"]
    done = subprocess.run([sys.executable, "-m", "mse_cli", *command], cwd=shards, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) == pytest.approx(4 / SHARDS)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert spent < SECONDS * (2 if "--dask" in options else 1)


def test_small_files_are_counted_without_a_task(shards):
    asked = []

    def noting(function, items):
        asked.append(len(items))
        return map(function, items)

    pair = with_counted_rows(open_pair(f"{shards}/csv/a/", f"{shards}/csv/y/", InputOptions()), noting)
    assert pair.n_rows == 130 * SHARDS
    assert asked == [0, 0]
