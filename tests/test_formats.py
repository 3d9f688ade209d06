"""Every format reads back to the same float64 bits; tables hold in a pipe, in ASCII and on a narrow terminal."""

from __future__ import annotations

import csv
import fcntl
import gzip
import io
import json
import math
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mse_cli.cli import run
from mse_cli.core.blocks import Block
from mse_cli.core.result import Result
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import UsageError
from mse_cli.render.formats.json_text import matrix_text, render_json
from mse_cli.render.formats.npy_file import npy_header, npy_rows
from mse_cli.render.formats.rows import matrix_rows, render_rows, render_scalars
from mse_cli.running.evaluation import evaluate

Mse = Callable[..., str]
MSE = str(Path(sys.executable).parent / "mse")
MATRICES = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.floats(width=64))
CUTS = st.integers(0, 6)
CELL = r"[^\s─-╿]+"  # what stands between the borders


@pytest.fixture
def mse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Mse:
    """The command line in a folder with 4×2 numbers: what it prints, as text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("x,y\n-4,-3\n-2,-1\n0,1\n2,3\n")
    (tmp_path / "t.csv").write_text("x,y\n0,1\n1,0\n1,0\n0,1\n")

    def call(*arguments: str) -> str:
        assert run(["compute", "p.csv", "t.csv", *arguments]) == 0
        return capsysbinary.readouterr().out.decode()

    return call


def same_bits(found: object, wanted: np.ndarray) -> bool:
    """Whether two matrices are the same float64 numbers; one NaN is as good as another."""
    matrix = np.array(found, dtype=np.float64).reshape(wanted.shape)
    nan = np.isnan(wanted)
    return bool((np.isnan(matrix) == nan).all()) and matrix[~nan].tobytes() == wanted[~nan].tobytes()


def result_of(a: np.ndarray, y: np.ndarray) -> Result:
    sums = Sums(a.shape[1])
    sums.update(Block(0, a, y))
    return sums.finish()


# Bits


@given(matrix=MATRICES, cut=CUTS, delimiter=st.sampled_from(",\t"), names=st.booleans())
def test_a_matrix_as_csv_and_tsv_reads_back(matrix: np.ndarray, cut: int, delimiter: str, names: bool) -> None:
    header = [f'a "{delimiter}{j}\n' for j in range(matrix.shape[1])] if names else None
    text = render_rows([header], delimiter) if header else ""
    text += matrix_rows(matrix[:cut], delimiter) + matrix_rows(matrix[cut:], delimiter)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if header:
        assert rows.pop(0) == header
    assert same_bits([[float(cell) for cell in row] for row in rows], matrix)
    assert all(len(cell) <= len(repr(float(cell))) for row in rows for cell in row)  # the shortest text


@given(matrix=MATRICES, cut=CUTS)
def test_a_matrix_as_json_reads_back_with_null_for_what_is_no_number(matrix: np.ndarray, cut: int) -> None:
    rows = json.loads("".join(matrix_text([matrix[:cut], matrix[cut:]])), parse_constant=pytest.fail)
    found = [[math.nan if cell is None else cell for cell in row] for row in rows]
    assert same_bits(found, np.where(np.isfinite(matrix), matrix, math.nan))


@given(matrix=MATRICES, cut=CUTS)
def test_a_matrix_as_npy_reads_back(matrix: np.ndarray, cut: int) -> None:
    shape = matrix.shape[0], matrix.shape[1]
    data = b"".join([npy_header(shape), npy_rows(matrix[:cut]), npy_rows(matrix[cut:])])
    assert same_bits(np.load(io.BytesIO(data), allow_pickle=False), matrix)


@given(data=st.data(), delimiter=st.sampled_from(",\t"))
def test_scalars_read_back_from_csv_and_json(data: st.DataObject, delimiter: str) -> None:
    a = data.draw(MATRICES)
    result = result_of(a, data.draw(arrays(np.float64, a.shape, elements=st.floats(width=64))))
    header, row = csv.reader(io.StringIO(render_scalars(result, delimiter)), delimiter=delimiter)
    text = dict(zip(header, row, strict=True))
    values = json.loads("".join(render_json(result)), parse_constant=pytest.fail)
    for name in ("loss", "sse", "mse", "rmse", "divisor"):
        wanted = getattr(result, name)
        assert same_bits(float(text[name]), np.array(wanted))
        assert values[name] == (wanted if math.isfinite(wanted) else None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(data=st.data())
def test_what_the_command_writes_reads_back(data: st.DataObject, mse: Mse, tmp_path: Path) -> None:
    a = data.draw(arrays(np.float64, (3, 2), elements=st.floats(width=64)))
    y = data.draw(arrays(np.float64, (3, 2), elements=st.floats(width=64)))
    np.save(tmp_path / "p.npy", a)
    np.save(tmp_path / "t.npy", y)
    files = ["compute", "p.npy", "t.npy", "--missing", "propagate", "-q"]
    saves = ["--save-se", "se.npy", "--save-gradient", "g.csv.gz"]
    assert run([*files, "--only", "se", "-f", "csv", "-o", "se.csv", *saves]) == 0
    assert run([*files, "--only", "gradient", "-f", "json", "-o", "g.json"]) == 0
    assert run([*files, "--only", "gradient", "-f", "npy", "-o", "g.npy"]) == 0
    se, gradient = np.load("se.npy"), np.load("g.npy")
    with np.errstate(all="ignore"):
        assert same_bits(se, (a - y) * (a - y))
    assert same_bits([[float(c) for c in row] for row in csv.reader(Path("se.csv").read_text().splitlines())], se)
    packed = gzip.decompress(Path("g.csv.gz").read_bytes()).decode().splitlines()
    assert same_bits([[float(cell) for cell in row] for row in csv.reader(packed)], gradient)
    written = json.loads(Path("g.json").read_text())
    finite = np.where(np.isfinite(gradient), gradient, np.nan)
    assert same_bits([[math.nan if cell is None else cell for cell in row] for row in written], finite)


# Shapes of the output


def test_every_format_of_every_selection(mse: Mse) -> None:
    scalars = "rows,columns,cells_used,cells_total,divisor,reduction,loss,sse,mse,rmse\n"
    values = "4,2,8,8,8,mean,6.5,52,6.5,2.5495097567963922\n"
    assert mse("-f", "csv") == mse("--summary", "-f", "csv") == scalars + values
    assert mse("-f", "tsv") == (scalars + values).replace(",", "\t")
    assert mse("--only", "mse") == mse("--only", "mse", "--summary") == "6.5\n"
    assert mse("--only", "mse", "-f", "json") == "6.5\n"
    assert mse("--only", "mse", "-f", "csv") == "mse\n6.5\n"
    assert mse("--only", "sse", "-f", "markdown") == "| sse |\n| ---: |\n| 52 |\n"
    assert mse("--only", "se", "-f", "csv") == "x,y\n16,16\n9,1\n1,1\n4,4\n"
    assert mse("--only", "se", "-f", "tsv") == "x\ty\n16\t16\n9\t1\n1\t1\n4\t4\n"
    assert (
        mse("--only", "gradient", "-f", "json")
        == "[[-1.0, -1.0],\n  [-0.75, -0.25],\n  [-0.25, 0.25],\n  [0.5, 0.5]]\n"
    )
    assert "| 1 | -1 | -1 |" in mse("--only", "gradient", "-f", "markdown")
    assert "│   4 │   0.5 │   0.5 │" in mse("--only", "gradient")


def test_json_has_the_keys_of_the_contract(mse: Mse) -> None:
    whole = json.loads(mse("-f", "json", "--worst", "2"))
    partial = whole.pop("partial")
    assert whole == {
        "schema_version": 1,
        "shape": [4, 2],
        "cells_used": 8,
        "cells_total": 8,
        "divisor": 8.0,
        "reduction": "mean",
        "loss": 6.5,
        "sse": 52.0,
        "mse": 6.5,
        "rmse": 2.5495097567963922,
        "columns": [{"name": "x", "sse": 30.0, "mse": 7.5}, {"name": "y", "sse": 22.0, "mse": 5.5}],
        "worst": [
            {"row": 1, "column": "x", "prediction": -4.0, "target": 0.0, "error": -4.0, "share": 16 / 52},
            {"row": 1, "column": "y", "prediction": -3.0, "target": 1.0, "error": -4.0, "share": 16 / 52},
        ],
        "notes": [],
        "se": [[16.0, 16.0], [9.0, 1.0], [1.0, 1.0], [4.0, 4.0]],
        "gradient": [[-1.0, -1.0], [-0.75, -0.25], [-0.25, 0.25], [0.5, 0.5]],
    }
    summary = json.loads(mse("-f", "json", "--summary", "--worst", "2"))
    assert summary == {key: whole[key] for key in whole if key not in {"se", "gradient"}} | {"partial": partial}
    assert "worst" not in json.loads(mse("-f", "json"))


def test_the_reduction_reaches_every_format(mse: Mse) -> None:
    assert json.loads(mse("--reduction", "sum", "-f", "json"))["loss"] == 52.0
    assert mse("--reduction", "sum", "-f", "csv").splitlines()[1].split(",")[5:7] == ["sum", "52"]
    assert "│ loss (sum) │ 52 " in mse("--reduction", "sum")
    assert "| loss (sum) | 52 |" in mse("--reduction", "sum", "-f", "markdown")
    assert mse("--reduction", "sum", "--only", "gradient", "-f", "csv").splitlines()[1] == "-8,-8"
    assert mse("--reduction", "sum", "--only", "mse") == "6.5\n"


def test_the_worst_cells_are_in_every_format(mse: Mse) -> None:
    header, row = csv.reader(mse("-f", "csv", "--worst", "1").splitlines())
    cell = {name.removeprefix("worst.1."): text for name, text in zip(header, row, strict=True) if "worst" in name}
    assert cell == {"row": "1", "column": "x", "prediction": "-4", "target": "0", "error": "-4", "share": repr(16 / 52)}
    assert mse("-f", "tsv", "--worst", "1").count("\t") == 15 * 2
    assert "│   1 │      x │         -4 │      0 │    -4 │      30.77 % │" in mse("--worst", "2", "--summary")
    assert "| 1 | x | -4 | 0 | -4 | 30.77 % |" in mse("--worst", "2", "-f", "markdown")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("r.json", '{"schema'),
        ("r.csv", "rows,"),
        ("r.TSV", "rows\t"),
        ("r.md", "| quant"),
        ("r.txt", "SE"),
        ("r", "SE"),
    ],
)
def test_the_suffix_of_the_output_decides(mse: Mse, tmp_path: Path, name: str, start: str) -> None:
    assert mse("-o", name) == ""
    assert (tmp_path / name).read_text().startswith(start)
    assert mse("-o", name, "--format", "csv") == ""
    assert (tmp_path / name).read_text().startswith("rows,")


@pytest.mark.parametrize(("name", "hint"), [("r.xlsx", "-o takes .csv, .tsv, .json"), ("r.html", "mse report …")])
def test_a_suffix_that_no_format_has_is_an_error(
    mse: Mse, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], name: str, hint: str
) -> None:
    assert run(["compute", "p.csv", "t.csv", "-o", name]) == 2
    said = capsysbinary.readouterr().err.decode()
    assert said.startswith(f"error: -o {name}: no format has such a suffix\nhint: {hint}")
    assert not (tmp_path / name).exists()
    mse("-o", name, "--format", "csv")
    assert (tmp_path / name).exists()


def test_a_packed_output_is_what_the_inner_suffix_says(mse: Mse, tmp_path: Path) -> None:
    mse("-o", "r.json.gz")
    packed = (tmp_path / "r.json.gz").read_bytes()
    assert json.loads(gzip.decompress(packed))["mse"] == 6.5
    mse("-o", "r.json.gz")
    assert (tmp_path / "r.json.gz").read_bytes() == packed  # no time, no name in it


@pytest.mark.parametrize(
    "arguments",
    [
        ["--summary", "--only", "se"], ["-f", "npy"], ["-f", "npy", "--only", "mse"], ["-o", "x.npy"],
        ["--save-se", "x.txt"], ["--save-gradient", "x"], ["--save-se", "x.npy.gz"], ["--digits", "0"],
        ["--worst", "0"], ["--format", "xml"],
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(mse: Mse, tmp_path: Path, arguments: list[str]) -> None:
    before = sorted(tmp_path.iterdir())
    assert run(["compute", "p.csv", "t.csv", *arguments]) == 2
    assert sorted(tmp_path.iterdir()) == before


# The worst cells


def exactly_worst(a: np.ndarray, y: np.ndarray, most: int) -> list[tuple[int, int]]:
    """An oracle: cells by falling |E|, which orders as E² does and never overflows."""
    with np.errstate(all="ignore"):
        errors = np.abs(a - y)
    order = np.argsort(-errors.ravel(), kind="stable")[:most]
    return [(int(i) // a.shape[1] + 1, int(i) % a.shape[1] + 1) for i in order]


@given(data=st.data(), most=st.integers(1, 6), cut=CUTS)
def test_the_worst_cells_are_the_largest_whatever_float64_can_hold(data: st.DataObject, most: int, cut: int) -> None:
    # Powers of two: whichever order rounding gives to squares that nearly tie is as good.
    sides = st.builds(math.ldexp, st.sampled_from([1.0, -1.0]), st.integers(-1073, 1000))
    a = data.draw(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 3)), elements=sides))
    y = np.zeros(a.shape)
    worst = Worst(most)
    for start, stop in ((0, cut), (cut, len(a))):
        worst.update(Block(start, a[start:stop], y[start:stop]))
    sums = Sums(a.shape[1])
    sums.update(Block(0, a, y))
    cells = worst.cells(None, sums.errors.total())
    assert [(cell.row, cell.column) for cell in cells] == exactly_worst(a, y, most)
    assert all(0 <= cell.share <= 1 for cell in cells)


def test_shares_are_right_where_squares_overflow() -> None:
    worst, sums = Worst(2), Sums(1)
    for tally in (worst, sums):
        tally.update(Block(0, np.array([[3e200], [-4e200]]), np.zeros((2, 1))))
    cells = worst.cells(None, sums.errors.total())
    assert [(cell.row, round(cell.share, 12)) for cell in cells] == [(2, 0.64), (1, 0.36)]


def test_a_cell_that_is_no_number_is_the_worst() -> None:
    worst, sums = Worst(2), Sums(1)
    for tally in (worst, sums):
        tally.update(Block(0, np.array([[3e200], [math.nan]]), np.zeros((2, 1))))
    cells = worst.cells(("a",), sums.errors.total())
    assert [cell.row for cell in cells] == [2, 1]
    assert math.isnan(cells[0].share)


def test_evaluate_lists_them_too(mse: Mse) -> None:
    worst = evaluate("p.csv", "t.csv", worst=3).worst
    assert worst is not None
    assert [(cell.row, cell.name) for cell in worst] == [(1, "x"), (1, "y"), (2, "x")]
    with pytest.raises(UsageError):
        evaluate("p.csv", "t.csv", reduction="median")  # type: ignore[arg-type]


# Tables


def command(folder: Path, *arguments: str, **more: str) -> bytes:
    clean = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    environment = clean | {"PYTHONIOENCODING": "utf-8"} | more
    done = subprocess.run([MSE, "compute", *arguments], cwd=folder, env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout


def on_terminal(folder: Path, *arguments: str, columns: int, **more: str) -> str:
    """What the command shows on a terminal of that width."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    clean = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    environment = clean | {"PYTHONIOENCODING": "utf-8", "TERM": "xterm"} | more
    with subprocess.Popen([MSE, "compute", *arguments], cwd=folder, env=environment, stdout=terminal) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(controller, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait() == 0
    os.close(controller)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """3×14 and 3×200 numbers, and two columns whose names could harm a terminal or a table."""
    for columns in (14, 200):
        for side in "pt":
            numbers = np.random.default_rng(ord(side) + columns).normal(size=(3, columns)) * 1e5
            header = ",".join(f"column{j}" for j in range(columns))
            rows = "\n".join(",".join(map(repr, row)) for row in numbers.tolist())
            (tmp_path / f"{side}{columns}.csv").write_text(f"{header}\n{rows}\n")
    for side, number in (("p", "1"), ("t", "3")):
        (tmp_path / f"{side}[red].csv").write_text(f'价格,"[b]x[/b]|\x1b[31m"\n{number},2\n')
    return tmp_path


@pytest.mark.parametrize("columns", [14, 200])
def test_a_pipe_cuts_nothing_and_a_terminal_is_fitted(wide: Path, columns: int) -> None:
    files = (f"p{columns}.csv", f"t{columns}.csv")
    shown = on_terminal(wide, *files, columns=80, TERM="dumb")
    assert max(map(len, shown.splitlines())) <= 80
    cells = re.findall(CELL, command(wide, *files).decode())
    assert set(re.findall(CELL, shown)) <= {*cells, "…", "⋮"}  # no digit is cut
    everything = command(wide, *files, "--all", COLUMNS="80").decode()
    assert f"column{columns // 2}" in everything
    assert len({len(line) for line in everything.split("\n\n")[1].splitlines()[1:]}) == 1
    assert on_terminal(wide, *files, "--all", columns=80, TERM="dumb") == everything


def test_names_are_shown_as_they_are_and_cannot_control_the_terminal(wide: Path) -> None:
    for form in ("table", "markdown"):
        shown = command(wide, "p[red].csv", "t[red].csv", "-f", form).decode()
        assert "\x1b" not in shown
        assert "价格" in shown
        assert ("[b]x[/b]|\\x1b[31m" if form == "table" else r"\[b\]x\[/b\]\|\\x1b\[31m") in shown
    assert command(wide, "p[red].csv", "t[red].csv", "--only", "se", "-f", "csv").decode().splitlines()[1] == "4,0"


def test_wide_characters_stay_aligned(wide: Path) -> None:
    lines = command(wide, "p[red].csv", "t[red].csv", "--only", "se").decode().splitlines()[2:]
    widths = {sum(2 if "\u2e80" <= character <= "\uffff" else 1 for character in line) for line in lines}
    assert len(widths) == 1


def test_an_ascii_stream_gets_aligned_tables_in_ascii(wide: Path) -> None:
    table = command(wide, "p[red].csv", "t[red].csv", PYTHONIOENCODING="ascii").decode("ascii")
    assert r"\u4ef7\u683c" in table
    for part in table.split("\n\n"):
        borders = [line for line in part.splitlines() if line[:1] in "+|"]
        assert len({len(line) for line in borders}) == 1
    markdown = command(wide, "p[red].csv", "t[red].csv", "-f", "markdown", PYTHONIOENCODING="ascii").decode("ascii")
    assert "**SE = (A - Y)^2**" in markdown
    rows = command(wide, "p[red].csv", "t[red].csv", "--only", "se", "-f", "csv", PYTHONIOENCODING="ascii")
    assert rows.decode("utf-8").startswith("价格,")  # for programs, and ours reads UTF-8


COLOR = "\x1b["


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, False),
        ([], {"CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (["--color", "never"], {}, False),
    ],
)
def test_colour_in_a_pipe(wide: Path, arguments: list[str], environment: dict[str, str], colored: bool) -> None:
    assert (COLOR in command(wide, "p14.csv", "t14.csv", *arguments, **environment).decode()) == colored


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_on_a_terminal(wide: Path, arguments: list[str], environment: dict[str, str], colored: bool) -> None:
    shown = on_terminal(wide, "p14.csv", "t14.csv", *arguments, columns=80, **environment)
    assert (COLOR in shown) == colored
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 80


def test_columns_in_the_environment_is_the_width_of_a_terminal(wide: Path) -> None:
    shown = on_terminal(wide, "p200.csv", "t200.csv", columns=200, COLUMNS="60", TERM="dumb")
    assert max(map(len, shown.splitlines())) <= 60
