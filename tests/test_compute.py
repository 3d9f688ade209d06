"""``mse compute`` as a user meets it: the real command in a process, its output, its errors, its exit codes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Run, check_refused

HOUSES = ("price,rooms\n300000,3\n500000,4\n", "price,rooms\n350000,4\n450000,3\n")


@pytest.fixture
def houses(tmp_path: Path) -> tuple[Path, Path]:
    """The house example as two files."""
    paths = tmp_path / "houses_preds.csv", tmp_path / "houses_truth.csv"
    for path, text in zip(paths, HOUSES, strict=True):
        path.write_text(text)
    return paths


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def save(folder: Path, name: str, array: np.ndarray) -> Path:
    np.save(folder / name, array)
    return folder / name


def test_the_house_example_as_tables(mse: Run, houses: tuple[Path, Path]) -> None:
    done = mse("compute", "houses_preds.csv", "houses_truth.csv")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == (Path(__file__).parent / "golden" / "houses.txt").read_text(encoding="utf-8")


def test_the_house_example_as_json(mse: Run, houses: tuple[Path, Path]) -> None:
    found = json.loads(mse("compute", *houses, "--format", "json").stdout)
    assert found["schema_version"] == 1
    assert found["shape"] == [2, 2]
    assert (found["cells_used"], found["cells_total"], found["divisor"]) == (4, 4, 4)
    assert (found["reduction"], found["loss"]) == ("mean", 1250000000.5)
    assert (found["sse"], found["mse"], found["rmse"]) == (5000000002, 1250000000.5, 1250000000.5**0.5)
    assert found["columns"] == [{"name": "price", "sse": 5e9, "mse": 2.5e9}, {"name": "rooms", "sse": 2, "mse": 1}]
    assert found["se"] == [[2.5e9, 1], [2.5e9, 1]]
    assert found["gradient"] == [[-25000, -0.5], [25000, 0.5]]


@pytest.mark.parametrize(
    ("only", "text"), [("mse", "1250000000.5\n"), ("sse", "5000000002\n"), ("rmse", "35355.33906639845\n")]
)
def test_only_prints_a_bare_number(mse: Run, houses: tuple[Path, Path], only: str, text: str) -> None:
    done = mse("compute", *houses, "--only", only)
    assert (done.stdout, done.stderr, done.returncode) == (text, "", 0)


def test_only_a_matrix(mse: Run, houses: tuple[Path, Path]) -> None:
    assert json.loads(mse("compute", *houses, "--only", "se", "-f", "json").stdout) == [[2.5e9, 1], [2.5e9, 1]]
    table = mse("compute", *houses, "--only", "gradient").stdout
    assert "-25000" in table
    assert "SSE" not in table


def test_summary_leaves_the_matrices_out(mse: Run, houses: tuple[Path, Path]) -> None:
    assert json.loads(mse("compute", *houses, "--summary", "-f", "json").stdout).keys().isdisjoint({"se", "gradient"})
    assert "gradient" not in mse("compute", *houses, "--summary").stdout
    check_refused(mse("compute", *houses, "--summary", "--only", "se"), "--summary")


def test_the_sum_reduction(mse: Run, houses: tuple[Path, Path]) -> None:
    found = json.loads(mse("compute", *houses, "--reduction", "sum", "-f", "json").stdout)
    assert (found["loss"], found["reduction"]) == (5000000002, "sum")
    assert found["gradient"] == [[-100000, -2], [100000, 2]]
    assert "loss (sum)" in mse("compute", *houses, "--reduction", "sum").stdout


def test_digits_are_those_of_cells_and_never_of_scalars(mse: Run, tmp_path: Path) -> None:
    a, y = write(tmp_path, "a.csv", "1.23456789\n"), write(tmp_path, "y.csv", "0\n")
    text = mse("compute", a, y, "--digits", "3").stdout
    assert "1.52 " in text
    assert "1.5241578750190519" in text


def test_rows_and_columns_are_elided_in_tables_and_never_in_json(mse: Run, tmp_path: Path) -> None:
    matrix = np.arange(1.0, 401).reshape(20, 20)
    a, y = save(tmp_path, "a.npy", matrix), save(tmp_path, "y.npy", np.zeros((20, 20)))
    text = mse("compute", a, y).stdout
    assert {"⋮", "…"} <= set(text)
    short = mse("compute", a, y, "--only", "se", "--max-rows", "3").stdout
    assert re.findall(r"(?m)^│ +(\S+) │", short) == ["row", "1", "2", "⋮", "20", "sum"]
    assert "…" not in mse("compute", a, y, "--all").stdout
    assert len(json.loads(mse("compute", a, y, "-f", "json").stdout)["se"]) == 20


def test_a_wide_table_in_a_pipe_loses_no_digit(mse: Run, tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).normal(size=(3, 14))
    a, y = save(tmp_path, "a.npy", matrix), save(tmp_path, "y.npy", np.zeros((3, 14)))
    text = mse("compute", a, y, "--max-cols", "14", "--digits", "17").stdout
    for cell in (matrix * matrix).ravel():
        assert f"{cell:.17g}" in text or re.sub(r"e-0?", "e-", f"{cell:.17g}") in text


def test_names_with_brackets_and_ascii_streams(mse: Run, tmp_path: Path) -> None:
    a = write(tmp_path, "a [bold]x.csv", "[red]p,é\n1,2\n")
    y = write(tmp_path, "y.csv", "[red]p,é\n0,0\n")
    text = mse("compute", a.name, y).stdout
    assert "a [bold]x.csv" in text
    assert "[red]p" in text
    done = mse("compute", a.name, y, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "\\xe9" in done.stdout


def test_columns_stand_as_in_the_header(mse: Run, tmp_path: Path) -> None:
    a, y = write(tmp_path, "a.csv", "p;q\n1;2\n"), write(tmp_path, "y.csv", "q;p\n2;0\n")
    done = mse("compute", a, y, "-f", "json")
    assert [column["name"] for column in json.loads(done.stdout)["columns"]] == ["p", "q"]
    assert json.loads(done.stdout)["se"] == [[1, 0]]
    assert "note: the files hold the same columns in another order" in done.stderr
    assert mse("compute", a, y, "-q").stderr == ""


BAD_FILES = {
    "empty": ("", "no data"),
    "text": ("1\nabc\n", "line 2, column 1: 'abc' is not a number"),
    "named": ("p\n1\nabc\n", "line 3, column 1 (p): 'abc' is not a number"),
    "ragged": ("1,2\n3\n", "line 2, column 2: the row has 1 cell, fewer than 2"),
    "nan": ("1\nnan\n", "line 2, column 1: the cell is missing"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files_are_named_with_line_and_column(mse: Run, tmp_path: Path, case: str) -> None:
    text, words = BAD_FILES[case]
    bad, good = write(tmp_path, "bad.csv", text), write(tmp_path, "good.csv", "1\n2\n")
    check_refused(mse("compute", bad, good), "bad.csv", words)
    check_refused(mse("compute", good, bad, "-f", "json"), "bad.csv", words)


def test_files_that_cannot_be_opened(mse: Run, tmp_path: Path) -> None:
    good = write(tmp_path, "good.csv", "1\n")
    check_refused(mse("compute", "nope.csv", good), "nope.csv: no such file")
    check_refused(mse("compute", good, tmp_path), "is a directory")
    check_refused(mse("compute", "no*.csv", good), "no file matches")


def test_nan_in_an_array_is_named_by_row_and_column(mse: Run, tmp_path: Path) -> None:
    a, y = save(tmp_path, "a.npy", np.array([[1.0, 2], [3, np.nan]])), save(tmp_path, "y.npy", np.zeros((2, 2)))
    check_refused(mse("compute", a, y), "a.npy, row 2, column 2: the cell is missing")


@pytest.mark.parametrize(("a", "y"), [((3, 1), (1, 3)), ((3, 2), (2, 3)), ((1, 1), (3, 2)), ((4, 2), (3, 2))])
def test_shapes_are_never_broadcast(mse: Run, tmp_path: Path, a: tuple[int, int], y: tuple[int, int]) -> None:
    shown = [f"{n}×{c}" for n, c in (a, y)]
    arrays = save(tmp_path, "a.npy", np.ones(a)), save(tmp_path, "y.npy", np.ones(y))
    check_refused(mse("compute", *arrays), "shapes differ", *shown)
    for path, array in zip(("a.csv", "y.csv"), arrays, strict=True):
        np.savetxt(tmp_path / path, np.load(array), delimiter=",")
    check_refused(mse("compute", "a.csv", "y.csv"), "shapes differ", *shown)
    check_refused(mse("compute", "a.csv", "y.npy"), "shapes differ", *shown)


def test_a_vector_is_a_column(mse: Run, tmp_path: Path) -> None:
    a, y = save(tmp_path, "a.npy", np.arange(3.0)), save(tmp_path, "y.npy", np.zeros((3, 1)))
    assert mse("compute", a, y, "--only", "sse").stdout == "5\n"


def test_overflow_is_inf_with_a_warning(mse: Run, tmp_path: Path) -> None:
    a, y = write(tmp_path, "a.csv", "1e200\n1\n"), write(tmp_path, "y.csv", "0\n0\n")
    done = mse("compute", a, y, "--only", "sse")
    assert (done.stdout, done.returncode) == ("inf\n", 0)
    assert "warning: " in done.stderr
    assert json.loads(mse("compute", a, y, "-f", "json").stdout)["sse"] is None


def test_help_and_version(mse: Run) -> None:
    for arguments in ((), ("-h",), ("--help",)):
        done = mse(*arguments)
        assert done.returncode == 0
        assert "compute" in done.stdout
    for flag in ("-h", "--help"):
        text = mse("compute", flag).stdout
        assert all(word in text for word in ("Input", "Loss", "Output", "Running", "mse compute preds.csv truth.csv"))
    assert re.fullmatch(r"mse \d+\.\d+\.\d+\n", mse("--version").stdout)


def test_wrong_usage(mse: Run, houses: tuple[Path, Path]) -> None:
    check_refused(mse("compute", *houses, "--only", "loss"), "loss")
    check_refused(mse("compute", *houses, "--sumary"), "--sumary")
    check_refused(mse("compute"), "PREDS")
    check_refused(mse("nonsense"), "nonsense")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    # Started by a small process: a child's peak begins with that of the process it was forked from.
    launcher = """
import os, sys
child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""

    def peak(rows: int) -> int:
        for name in ("a.npy", "y.npy"):
            np.lib.format.open_memmap(tmp_path / name, "w+", np.float64, (rows, 4)).flush()
        command = [sys.executable, "-c", launcher, "-m", "mse_cli", "compute", "a.npy", "y.npy", "--only", "mse"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        loss, report = done.stdout.splitlines()
        code, size = map(int, report.split())
        assert (loss, code) == ("0", 0)
        return size

    small, large = peak(1_000), peak(4_000_000)
    assert large - small < 20 << 20
    assert large < 100 << 20


@pytest.mark.parametrize("command", ["compute -o", "report -o", "explain -o"])
def test_an_output_without_a_name_is_an_error_and_the_folder_stays(mse: Run, tmp_path: Path, command: str) -> None:
    """As ``-o "$UNSET"`` gives it; it once named the working folder, and the file took its place."""
    (tmp_path / "p.csv").write_text("1\n2\n")
    name, option = command.split()
    result = mse(name, "p.csv", "p.csv", option, "")
    assert (result.returncode, result.stdout) == (2, "")
    assert "the name of an output file is empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
