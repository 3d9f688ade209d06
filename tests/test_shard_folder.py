"""``--save-gradient DIR/``: shards cut as the prediction's, complete or absent."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet as pq
import pytest
from conftest import Run, check_refused
from pyarrow import feather

CUTS = [0, 10, 40, 60]


@pytest.fixture
def errors(tmp_path: Path) -> np.ndarray:
    """Prediction and target as shards, the prediction in one CSV and two NPY files; A − Y."""
    a, y = np.random.default_rng(0).normal(size=(2, 60, 2))
    for side in ("a", "y"):
        (tmp_path / side).mkdir()
    np.savetxt(tmp_path / "a" / "part-1.csv", a[:10], delimiter=",", fmt="%.17g")
    np.save(tmp_path / "a" / "part-2.npy", a[10:40])
    np.save(tmp_path / "a" / "part-10.npy", a[40:])
    np.save(tmp_path / "y" / "all.npy", y)
    return a - y


def save(mse: Run, *more: str):
    return mse("compute", "a/", "y/", "--only", "mse", "--save-gradient", "g/", *more)


def check(folder: Path, gradient: np.ndarray) -> None:
    """The folder holds the three shards and nothing else."""
    names = ["part-1.npy", "part-2.npy", "part-10.npy"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    for name, start, stop in zip(names, CUTS, CUTS[1:], strict=False):
        shard = np.load(folder / name)
        assert shard.dtype == np.float64
        np.testing.assert_array_equal(shard, gradient[start:stop])


def test_the_gradient_goes_into_shards_cut_as_the_prediction(mse: Run, tmp_path, errors):
    done = save(mse, "--save-se", "se/")
    assert (done.returncode, done.stderr) == (0, "")
    check(tmp_path / "g", errors / 60)
    se = np.concatenate([np.load(tmp_path / "se" / f"part-{k}.npy") for k in (1, 2, 10)])
    np.testing.assert_array_equal(se, errors**2)


def test_a_rerun_after_a_failure_overwrites_cleanly(mse: Run, tmp_path, errors):
    folder = tmp_path / "g"
    folder.mkdir()
    (folder / "part-2.npy").write_bytes(b"from an earlier run")
    (folder / ".part-1.npy.0badcafe.part").write_bytes(b"from a run that was killed")
    assert save(mse).returncode == 0
    check(folder, errors / 60)


@pytest.mark.parametrize("existed", [False, True])
def test_after_an_error_the_folder_is_as_it_was(mse: Run, tmp_path, errors, existed):
    folder = tmp_path / "g"
    if existed:
        folder.mkdir()
        (folder / "part-2.npy").write_bytes(b"before")
    y = np.load(tmp_path / "y" / "all.npy")
    y[-1, 0] = np.nan
    np.save(tmp_path / "y" / "all.npy", y)
    check_refused(save(mse), "all.npy, row 60, column 1: the cell is missing")
    assert [path.name for path in tmp_path.glob("g/*")] == (["part-2.npy"] if existed else [])
    assert not existed or (folder / "part-2.npy").read_bytes() == b"before"
    assert folder.exists() == existed


def lose_a_file_and(write, path: Path) -> None:
    path.unlink()
    write(lambda block: block.prediction - block.target, lambda n_rows: None)


def test_an_error_in_the_second_pass_leaves_nothing(tmp_path, errors):
    from mse_cli.errors import InputError
    from mse_cli.readers.opening import InputOptions, open_pair
    from mse_cli.render.shard_folder import saving

    pair = open_pair(f"{tmp_path}/a/", f"{tmp_path}/y/", InputOptions())
    with pytest.raises(InputError, match=r"part-10\.npy: no such file"), saving(f"{tmp_path}/g/", pair, map) as write:
        lose_a_file_and(write, tmp_path / "a" / "part-10.npy")
    assert not (tmp_path / "g").exists()


def test_folders_that_are_refused(mse: Run, tmp_path, errors):
    other = tmp_path / "g"
    other.mkdir()
    (other / "old.npy").touch()
    check_refused(save(mse), "holds 'old.npy', which is none of its shards")
    (tmp_path / "b").mkdir()
    np.save(tmp_path / "b" / "x.npy", np.zeros((60, 2)))
    check_refused(mse("compute", "b/", "y/", "--save-gradient", "b/"), "b/x.npy: is an input: it would be overwritten")
    check_refused(mse("compute", "b/", "y/", "--save-gradient", "no/where/"), "no/where/: cannot be written")
    check_refused(mse("compute", "b/", "y/", "--save-gradient", "b/x.npy/"), "b/x.npy/: is an input")
    (tmp_path / "b" / "x.csv").write_text("1,2\n")
    check_refused(mse("compute", "b/x.*", "b/x.*", "--save-gradient", "new/"), "have the same name")
    for name in ("k", "l"):
        (tmp_path / f"{name}.csv").write_text("id,v\na,1\n")
    check_refused(mse("compute", "k.csv", "l.csv", "--key", "id", "--save-se", "new/"), "--key")
    assert not (tmp_path / "new").exists()


def write_npy(path: Path, rows: np.ndarray) -> None:
    np.save(path.with_suffix(".npy"), rows)


def write_csv(path: Path, rows: np.ndarray) -> None:
    np.savetxt(path.with_suffix(".csv"), rows, delimiter=",", header="a,b", comments="")


def write_parquet(path: Path, rows: np.ndarray) -> None:
    pq.write_table(pyarrow.table({"a": rows[:, 0], "b": rows[:, 1]}), path.with_suffix(".parquet"))


def write_arrow(path: Path, rows: np.ndarray) -> None:
    feather.write_feather(pyarrow.table({"a": rows[:, 0], "b": rows[:, 1]}), str(path.with_suffix(".arrow")))


@pytest.mark.parametrize("write", [write_npy, write_csv, write_parquet, write_arrow])
def test_a_file_without_rows_has_a_shard_without_rows(mse: Run, tmp_path, write):
    for side, shift in (("a", 0.5), ("y", 0.0)):
        (tmp_path / side).mkdir()
        for k, n_rows in enumerate([0, 2, 0, 1]):
            write(tmp_path / side / f"{k}", np.arange(n_rows * 2.0).reshape(n_rows, 2) + shift)
    for more in ([], ["-j", "2"]):
        done = mse("compute", "a/", "y/", "--save-se", "se/", "--only", "mse", *more)
        assert (done.stdout, done.returncode) == ("0.25\n", 0), done.stderr
        assert (
            f"{next((tmp_path / 'a').glob('0.*')).relative_to(tmp_path)}: holds no rows (so in 2 files)" in done.stderr
        )
        assert [np.load(path).shape for path in sorted((tmp_path / "se").iterdir())] == [(0, 2), (2, 2), (0, 2), (1, 2)]
    assert mse("compute", "se/", "se/", "--only", "mse").stdout == "0\n"
    check_refused(mse("compute", "a/[02].*", "y/[02].*"), "holds no rows")
    check_refused(mse("compute", "a/0.*", "y/0.*"), "no")
