"""A second pass in parts: the bytes of one process, whatever is written and wherever its parts are calculated."""

import io
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mse_cli.readers import pair as pairs
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.sources.ahead import in_threads
from mse_cli.readers.text import counting, text_file
from mse_cli.render.formats.npy_file import npy_rows
from mse_cli.render.formats.rows import matrix_rows
from mse_cli.running import backend, second_pass
from mse_cli.running.backend import here
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.partitions import partitions_of, with_counted_rows
from mse_cli.running.processes import in_processes
from mse_cli.running.second_pass import rendered
from mse_cli.running.tallying import map_here

A, Y = np.random.default_rng(2).standard_normal((2, 500, 3))


@pytest.fixture
def files(tmp_path):
    """The same rows as text and as an array."""
    np.savetxt(tmp_path / "a.csv", A, delimiter=",", fmt="%.17g")
    np.save(tmp_path / "y.npy", Y)
    return str(tmp_path / "a.csv"), str(tmp_path / "y.npy")


@pytest.mark.parametrize("place", [lambda: None, lambda: in_threads(3), lambda: in_processes(2)])
@pytest.mark.parametrize("name", ["se", "gradient"])
def test_parts_of_several_blocks_come_in_order(files, monkeypatch, place, name):
    monkeypatch.setattr(pairs, "rows_per_block", lambda n_columns: 7)
    monkeypatch.setattr(second_pass, "HELD_CELLS", 60)
    for module in (text_file, counting):  # several rows of text a piece, several blocks a part
        monkeypatch.setattr(module, "PIECE_BYTES", 1 << 10)
    pair = open_pair(*files, InputOptions())
    evaluation = evaluate_pair(here(pair))
    wanted = (A - Y) ** 2 if name == "se" else (A - Y) / 750
    np.testing.assert_array_equal(np.concatenate(list(evaluation.matrix(name))), wanted)
    counted = with_counted_rows(pair, map_here)
    assert len(partitions_of(counted, 60)) > 10
    done: list[int] = []
    there = place()
    mapped = map_here if there is None else there.__enter__()
    try:
        for render, whole in (
            (npy_rows, wanted.tobytes()),
            (partial(matrix_rows, delimiter=","), matrix_rows(wanted, ",").encode()),
        ):
            texts = rendered(counted, evaluation.of_block(name), render, mapped=mapped, progress=done.append)
            assert b"".join(text.encode() if isinstance(text, str) else bytes(text) for text in texts) == whole
    finally:
        if there is not None:
            there.__exit__(None, None, None)
    assert sum(done) == 2 * 500


def mse(*arguments: str, folder: Path) -> bytes:
    command = [sys.executable, "-m", "mse_cli", "compute", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_the_command_saves_the_same_with_several_jobs(tmp_path, suffix):
    a, y = np.random.default_rng(4).standard_normal((2, 800_000, 4))
    if suffix == "csv":
        a, y = a[:20_000], y[:20_000]
    for name, array in (("a", a), ("y", y)):
        if suffix == "npy":
            np.save(tmp_path / f"{name}.npy", array)
        else:
            np.savetxt(tmp_path / f"{name}.csv", array, delimiter=",", fmt="%.17g")
    pair = f"a.{suffix}", f"y.{suffix}"
    gradients = []
    for jobs in ("1", "2"):
        options = ("--only", "gradient", "-f", "npy", "--save-gradient", "g.csv.gz", "--save-se", "s.npy", "-j", jobs)
        if suffix == "npy":
            options = (*options[:4], "--save-se", "s.npy", "-j", jobs)
        gradients.append(np.load(io.BytesIO(mse(*pair, *options, folder=tmp_path))))
        np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), (a - y) ** 2)
        if suffix == "csv":
            np.testing.assert_array_equal(np.loadtxt(tmp_path / "g.csv.gz", delimiter=","), gradients[-1])
    assert backend.threads_for(open_pair(*(str(tmp_path / name) for name in pair), InputOptions()), 2) == (
        1 if suffix == "csv" or backend.cores() == 1 else 2
    )
    np.testing.assert_array_equal(gradients[0], (a - y) / (a.size / 2))
    np.testing.assert_array_equal(gradients[1], gradients[0])
