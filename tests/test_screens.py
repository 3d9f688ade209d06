"""What stays on a terminal's screen: low matrices above the summary, sentences that hang below their first word."""

import contextlib
import io
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from mse_cli.checks.finding import Finding
from mse_cli.checks.precision import Precision, remark
from mse_cli.cli import run
from mse_cli.render.findings import Verdicts, render_findings
from mse_cli.render.screens.messages import note
from mse_cli.render.screens.screen import Screen


class Terminal(io.TextIOWrapper):
    """A terminal of the size that the environment says."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")

    def isatty(self) -> bool:
        return True

    def takes(self) -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        stack.enter_context(contextlib.redirect_stdout(self))
        stack.enter_context(contextlib.redirect_stderr(self))
        return stack

    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Both streams as a terminal of 80 × 24."""
    for name, value in {"COLUMNS": "80", "LINES": "24", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return Terminal()


@pytest.mark.parametrize(("lines", "rows"), [("24", 2), ("40", 6), ("60", 10)])
def test_matrices_are_as_high_as_the_summary_leaves_room(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, rows: int
) -> None:
    monkeypatch.setenv("LINES", lines)
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "p.npy", np.arange(100.0))
    np.save(tmp_path / "t.npy", np.zeros(100))
    with terminal.takes():
        assert run(["compute", "p.npy", "t.npy"]) == 0
    shown = terminal.shown().splitlines()
    assert sum(line.startswith("│  9") or line.startswith("│ 100") for line in shown) == 2 * (rows // 2)
    assert shown[-2].split()[1] == "RMSE"
    assert len(shown) < int(lines) or rows == 2


@pytest.mark.parametrize(("lines", "n_groups", "shown"), [("24", 14, 9), ("20", 8, 5), ("12", 8, 2), ("60", 14, 10)])
def test_a_comparison_has_as_many_groups_as_fit(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, n_groups: int, shown: int
) -> None:
    """Which model is the best, whether that is sure, and where it fails, on one screen."""
    monkeypatch.setenv("LINES", lines)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    for name, error in (("near", 1), ("far", 2)):
        cells = [f"k{i},{i + (3 if name == 'near' and i % n_groups == 1 else error)}" for i in range(280)]
        Path(f"{name}.csv").write_text("\n".join(["id,y", *reversed(cells)]) + "\n")
    rows = [f"k{i},r{i % n_groups:02},{i}" for i in range(280)]
    Path("truth.csv").write_text("\n".join(["id,region,y", *rows]) + "\n")
    with terminal.takes():
        assert run(["compare", "near.csv", "far.csv", "truth.csv", "--key", "id", "--by", "region"]) == 0
    text = terminal.shown()
    assert text.count("│ region r") == shown
    assert len(text.splitlines()) < int(lines) or shown == 2
    assert text.index("region r01") < text.index("region r00")
    assert "near.csv is the best of 2 models." in text
    assert " ".join(text.split()).endswith("Another is better in region r01.")


@pytest.mark.parametrize("lines", ["10", "24", "43", "44", "45", "46", "47"])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5, 100])
def test_a_gap_stands_for_rows_that_are_not_shown(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_rows: int, lines: str
) -> None:
    """One row was shown twice, with a gap between; a gap stood for one row; ten rows and a gap were too many."""
    monkeypatch.setenv("LINES", lines)
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "p.npy", np.arange(1.0, n_rows + 1))
    np.save(tmp_path / "t.npy", np.zeros(n_rows))
    with terminal.takes():
        assert run(["compute", "p.npy", "t.npy"]) == 0
    shown = terminal.shown().splitlines()
    rows = [line.split()[1] for line in shown[4 : shown.index("gradient ∂MSE/∂A = 2·(A − Y) / (N·C)") - 4]]
    if "⋮" in rows:
        assert len(rows) - 1 < n_rows - 1
        assert len(rows) == 3 or len(shown) < int(lines)
    else:
        assert rows == [str(i) for i in range(1, n_rows + 1)]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_a_gap_after_the_last_row_and_column_is_marked(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, form: str
) -> None:
    np.save(tmp_path / "p.npy", np.ones((4, 3)))
    np.save(tmp_path / "t.npy", np.zeros((4, 3)))
    files = [str(tmp_path / name) for name in ("p.npy", "t.npy")]
    assert run(["compute", *files, "--max-rows", "1", "--max-cols", "1", "-f", form]) == 0
    rows = [re.split(r"\s*[│|]\s*", line)[1:-1] for line in capsysbinary.readouterr().out.decode().splitlines()]
    assert rows.count(["⋮", "⋮"]) == 1  # of the summary
    assert rows.count(["⋮", "⋮", "⋮"]) == rows.count(["1", "0.166667", "…"]) == 1
    assert rows.count(["⋮", "⋮", "⋮", "⋮"]) == rows.count(["1", "1", "…", "3"]) == 1


@pytest.mark.parametrize("columns", ["72", "200"])
def test_numbers_of_groups_and_worst_cells_are_not_folded(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """Long ones stood in two lines; they are shortened as far as they stay apart, where they have no room."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.chdir(tmp_path)
    Path("p.csv").write_text("y\n1.1\n2.3\n4.7\n10000000.25\n")
    Path("t.csv").write_text("y,region\n0.3,north\n0.7,south\n0.1,north\n10000000.75,south\n")
    with terminal.takes():
        assert run(["compute", "p.csv", "t.csv", "--by", "region", "--worst", "4", "--summary", "-q"]) == 0
    rows = [re.split(r"\s*│\s*", line)[1:-1] for line in terminal.shown().splitlines()]
    groups = [row for row in rows if row[:1] in (["north"], ["south"])]
    worst = [row for row in rows if len(row) == 6 and row[0].isdecimal()]
    assert [row[0] for row in worst] == ["3", "2", "1", "4"]
    assert worst[3][2:4] == ["10000000.25", "10000000.75"]
    long = columns == "200"
    assert groups[0][3] == ("21.800000000000004" if long else "21.8")
    assert worst[1][4] == ("1.5999999999999999" if long else "1.6")


def test_who_asks_for_rows_gets_them(terminal: Terminal, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.arange(100.0))
    with terminal.takes():
        assert run(["compute", *[str(tmp_path / "p.npy")] * 2, "--max-rows", "50"]) == 0
    assert len(terminal.shown().splitlines()) > 100


def test_a_note_hangs_below_its_first_word_on_a_terminal(terminal: Terminal) -> None:
    with terminal.takes():
        note(["word " * 20], quiet=False)
    assert terminal.shown() == f"note: {'word ' * 14}word\n      {'word ' * 4}word\n"


def test_a_verdict_hangs_below_its_first_word(terminal: Terminal) -> None:
    finding = Finding("gradient", 0.5, Precision(1e-7, why=remark("digits", count="3")), (1, 1), 1.0, 2.0, 4)
    lines = render_findings(Verdicts([finding]), Screen(terminal, "never")).splitlines()
    assert lines[0].startswith("FAIL  gradient: largest relative error 0.5")
    assert all(line.startswith(" " * 6) and line[6] != " " for line in lines[1:])
    assert len(lines) > 2


def test_a_long_table_is_written_row_by_row_and_says_what_a_short_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    y = random.standard_normal((2500, 3)) * [1.0, 1e-200, 1e150]
    np.save("p.npy", y + random.standard_normal(y.shape))
    np.save("t.npy", y)

    def lines(*options: str) -> list[str]:
        assert run(["compute", "p.npy", "t.npy", "--all", *options]) == 0
        return capsysbinary.readouterr().out.decode().splitlines()

    streamed, sizes = lines(), {len(line) for line in lines("--only", "se")[1:]}
    assert len(sizes) == 1
    marked = lines("-f", "markdown")
    monkeypatch.setattr("mse_cli.render.printing.LONGEST_KEPT", 10_000)
    assert marked == lines("-f", "markdown")
    drawn = lines()
    assert [line.split() for line in streamed if "─" not in line] == [line.split() for line in drawn if "─" not in line]
    assert len(streamed) > 5000


def test_the_rows_of_a_long_table_are_called_by_their_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = [f"1e-07|价%s{i}" for i in range(1500)]
    Path("p.csv").write_text("id,x\n" + "".join(f"{key},{i * 1e5}\n" for i, key in enumerate(keys)))
    Path("t.csv").write_text("id,x\n" + "".join(f"{key},0.001\n" for key in keys))
    assert run(["compute", "p.csv", "t.csv", "--key", "id", "--all", "--only", "gradient"]) == 0
    _, _, titles, _, *lines, _ = capsysbinary.readouterr().out.decode().splitlines()
    assert [line.split("│")[1].strip() for line in lines] == keys
    assert len({cell_len(line) for line in (titles, *lines)}) == 1
    assert [float(line.split("│")[2]) for line in lines[:2]] == [
        float(f"{2 * x / 1500:.6g}") for x in (-1e-3, 99999.999)
    ]


@pytest.mark.parametrize("name", ["out.txt", "out.md"])
def test_a_long_table_needs_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", np.zeros((40_000, 4)))
    tracemalloc.start()
    assert run(["compute", "p.npy", "p.npy", "--all", "-j", "1", "-o", name]) == 0
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()
    assert Path(name).read_text().count("\n") > 80_000
    assert "-f csv" in capsys.readouterr().err
