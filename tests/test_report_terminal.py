"""``mse report`` in the terminal: golden screens, and that one screen holds the answer whatever the shape.

After a change that is meant, look at what ``UPDATE_GOLDEN=1 pytest tests/test_report_terminal.py`` changes in git.
"""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from test_screens import Terminal

from mse_cli import readers
from mse_cli.render.report import terminal
from mse_cli.render.report.characters import ASCII, BLOCKS, CHARACTERS, bar, shaded
from mse_cli.render.screens.screen import Screen
from mse_cli.render.screens.size import Size
from mse_cli.running.backend import here
from mse_cli.running.comparison import open_models
from mse_cli.running.report import Wanted, report_of

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
TUMOURS = ("sample_data/tumours_preds.csv", "sample_data/tumours_truth.csv")
REGIONS = tuple(f"sample_data/regions/{name}.csv" for name in ("linear", "forest", "boost", "truth"))
HOUSES = ("sample_data/houses_preds.csv", "sample_data/houses_truth.csv")


def drawn(
    monkeypatch: pytest.MonkeyPatch,
    files: tuple[str, ...],
    *,
    columns: int = 80,
    lines: int = 24,
    encoding: str = "utf-8",
    color: str = "never",
    column: str | None = None,
    **options: str,
) -> str:
    """The report as a terminal of this size shows it."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    monkeypatch.setattr("sys.stdout", Terminal(encoding))
    inputs = readers.InputOptions(**options)
    pair = open_models(files, inputs).pair if len(files) > 2 else readers.open_pair(*files, inputs)
    detail = terminal.detail_for(shares=pair.n_columns > 1 or "by" in options)
    report = report_of(here(pair), Wanted(detail, column=column), files=files)
    screen = Screen(Terminal(encoding), color, CHARACTERS)
    return terminal.render_report(report, screen, Size(columns, lines))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("regions-100x50", {"files": REGIONS, "columns": 100, "lines": 50, "key": "id", "by": "region"}),
        ("regions-70x24-ascii", {"files": REGIONS, "columns": 70, "encoding": "ascii", "key": "id", "by": "region"}),
        ("regions-80x24-groups", {"files": REGIONS[-2:], "key": "id", "by": "region"}),
        ("tumours-80x24", {}),
        ("tumours-140x50", {"columns": 140, "lines": 50}),
        ("tumours-60x24-ascii", {"columns": 60, "encoding": "ascii"}),
        ("tumours-80x24-color", {"color": "always", "column": "worst_radius"}),
    ],
)
def test_the_screen_is_the_golden_one(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, name: str, options: dict[str, object]
) -> None:
    monkeypatch.chdir(ROOT)
    found = drawn(monkeypatch, **{"files": TUMOURS, **options})  # type: ignore[arg-type]
    path = GOLDEN / f"report-{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")
    if "ascii" in name:
        assert found.isascii()


def test_the_picture_of_the_readme_is_what_the_terminal_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = drawn(monkeypatch, TUMOURS, columns=100, lines=32, color="always")
    console = Console(record=True, width=102, file=io.StringIO(), legacy_windows=False)
    console.print(Text.from_ansi(f"$ mse report tumours_preds.csv tumours_truth.csv\n{text}"))
    fetching = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # a picture that fetches nothing
    svg = console.export_svg(title="mse report", unique_id="mse", code_format=fetching.sub("", CONSOLE_SVG_FORMAT))
    path = ROOT / "sample_data" / "report.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(svg, encoding="utf-8")
    shown = path.read_text(encoding="utf-8")
    # The words and not the frame, which Rich draws a little higher or lower from one version to the next.
    words = re.compile(r">([^<>]*\S[^<>]*)</text>")
    assert words.findall(shown) == words.findall(svg)
    assert not re.search(r"(url|src|href|import)[^\n]*http", shown)


@pytest.mark.parametrize("n_columns", [1, 2, 7, 40, 1000])
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (100, 30), (200, 60)])
def test_one_screen_holds_the_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_columns: int, columns: int, lines: int
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(n_columns)
    y = random.lognormal(size=(50, n_columns)) * 10.0 ** random.integers(-9, 9, n_columns)
    np.save("p.npy", y * random.lognormal(size=y.shape))
    np.save("t.npy", y)
    found = drawn(monkeypatch, ("p.npy", "t.npy"), columns=columns, lines=lines).splitlines()
    assert len(found) < lines
    assert max(map(len, found)) <= columns
    assert sum(line.strip().startswith("worst row") for line in found) == 1
    counts = [int(match[1]) for line in found if (match := re.search(r"│\S* (\d+)(?:  |$)", line))]
    assert sum(counts) == 50


def test_a_pipe_loses_no_name_and_no_group(mse: Run, tmp_path: Path) -> None:
    names = [f"{number}. a region whose name is longer than any screen leaves room for" for number in range(9)]
    rows = [f"{name},{number}.5,{number}" for name, number in zip(names, range(1, 10), strict=True)]
    (tmp_path / "t.csv").write_text("region,p,y\n" + "\n".join(rows))
    shown = mse("report", "t.csv", "--pred", "p", "--true", "y", "--by", "region").stdout
    assert all(name in shown for name in names)
    assert "more:" not in shown


@pytest.mark.parametrize(
    "numbers", [[0.0] * 3, [1e308, -1e308, 0.0], [5e-324, 0.0, 0.0], [1e9, 1e9 + 1e-6, 1e9], [3.0, 3.0, 3.0]]
)
def test_any_numbers_have_a_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, numbers: list[float]) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", numbers)
    np.save("t.npy", np.zeros(3))
    found = drawn(monkeypatch, ("p.npy", "t.npy"))
    assert "errors (A − Y)" in found
    assert "nan" not in found.lower().replace("r² nan", "")  # of a target that does not vary


@pytest.mark.parametrize(("first", "step"), [(1e15, 1.0), (1e6, 1e-7), (-1e300, 1e298), (0.0, 1e299)])
def test_long_numbers_break_no_line_of_a_picture(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: float, step: float
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", first + step * np.arange(30))
    np.save("t.npy", first + step * np.arange(30)[::-1])
    found = drawn(monkeypatch, ("p.npy", "t.npy")).splitlines()
    start = next(i for i, line in enumerate(found) if line.startswith("errors (A"))
    end = next(i for i, line in enumerate(found) if "└" in line)
    assert all(line.count("│") == 2 for line in found[start + 1 : end] if line[:39].strip())
    assert sum("└" in line for line in found) == 1
    assert found[end].rstrip().endswith("─")
    assert len(found[end + 1][40:].split()) == 2
    assert re.search(r"[░▒▓█] \d+\+", found[end + 2])


@pytest.mark.parametrize("columns", range(72, 82))
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_long_names_have_a_line_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, columns: int, encoding: str
) -> None:
    """The three points of a shortened name, and escapes, were not counted: names wrapped; as in a narrow panel."""
    monkeypatch.chdir(tmp_path)
    names = ["id", "群組的價格與房間數量", "a_long_name_of_a_column_as_there_are"]
    rows = [f"row_{i}_of_many_and_a_longer_name,{i},{2 * i}" for i in range(9)]
    Path("p.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    Path("t.csv").write_text(
        "\n".join([",".join([*names, "by"]), *[f"{row.replace(',', ',1')},g{row[4]}" for row in rows]])
    )
    shown = drawn(monkeypatch, ("p.csv", "t.csv"), columns=columns, encoding=encoding, key="id", by="by")
    shown = shown.splitlines()
    assert len(shown) <= 23
    first = next(i for i, line in enumerate(shown) if line.startswith("column "))
    assert all("%" in line for line in shown[first + 1 :] if not line.startswith("worst row"))


@pytest.mark.parametrize("n_groups", [1, 2, 3, 40])
def test_groups_of_one_column_stay_on_the_screen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_groups: int
) -> None:
    """The pictures took their lines."""
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0).normal(size=(300, 2))
    Path("p.csv").write_text("\n".join(["y", *map(str, numbers[:, 0])]) + "\n")
    groups = [f"{number},g{i % n_groups}" for i, number in enumerate(numbers[:, 1])]
    Path("t.csv").write_text("\n".join(["y,group", *groups]) + "\n")
    shown = drawn(monkeypatch, ("p.csv", "t.csv"), by="group").splitlines()
    assert len(shown) <= 23
    assert sum(line.startswith("g") for line in shown) - 1 == min(n_groups, 2 if n_groups > 3 else 3)


def test_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What it divides by is said where it is not the cells used."""
    monkeypatch.chdir(tmp_path)
    for name, numbers in (("p", [1.0, 2.0, 3.0]), ("t", [0.0, 0.0, 0.0]), ("w", [0.5, 0.0, 2.0])):
        np.save(f"{name}.npy", np.array(numbers))
    shown = drawn(monkeypatch, ("p.npy", "t.npy"), weights="w.npy")
    assert "divided by 2.5, the Σ of the weights" in shown
    assert "MSE 7.4" in shown
    assert "divided by" not in drawn(monkeypatch, ("p.npy", "t.npy"))


@pytest.mark.parametrize("columns", [60, 80])
def test_a_prediction_and_its_target_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, columns: int
) -> None:
    """It was "1e15 1e15 -4"."""
    monkeypatch.chdir(tmp_path)
    np.save("t.npy", np.array([1e15 + 4, 5.0]))
    np.save("p.npy", np.array([1e15, 5.0]))
    shown = drawn(monkeypatch, ("p.npy", "t.npy"), columns=columns)
    worst = shown[shown.index("worst row") :].splitlines()[1].split()
    assert worst[2:5] == ["1e15", "1000000000000004", "-4"]


def test_a_name_from_a_file_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.csv").write_text("<b>[red]\x1b[31m\n1\n2\n")
    found = drawn(monkeypatch, ("p.csv", "p.csv"), color="always")
    assert "<b>[red]\\x1b[31m" in found


def test_bars_and_shades() -> None:
    assert bar(1.0, 3, BLOCKS) == "███"
    assert bar(2.0, 3, ASCII) == "###"
    assert shaded(np.zeros((4, 4), dtype=int), 2, ASCII).lines == ["  //", "//  "]
    assert shaded(np.eye(4, dtype=int), 4, BLOCKS).lines == ["   █", "  █ ", " █  ", "█   "]


def test_a_pipe_is_pictured_as_its_file_is(mse: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("x,y\n1,2\n3,4\n-5,9\n")
    (tmp_path / "t.csv").write_text("x,y\n0,2\n3,5\n-1,NA\n")
    options = ("t.csv", "--missing", "skip-cell")
    whole = mse("report", "p.csv", *options)
    piped = mse("report", "-", *options, input=(tmp_path / "p.csv").read_text())
    assert (whole.returncode, piped.returncode) == (0, 0)
    assert whole.stdout.splitlines()[1:] == piped.stdout.splitlines()[1:]
    assert "5 of 6 cells used" in whole.stdout
    assert not re.search(r"\x1b", whole.stdout)


def test_errors_that_are_no_numbers_are_counted(mse: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("x\n1\nNA\ninf\n")
    done = mse("report", "p.csv", "p.csv", "--missing", "propagate")
    assert done.returncode == 0
    assert "2 errors NaN" in done.stdout


def test_models_and_groups_are_reported_the_same_on_dask_and_from_a_pipe(mse: Run) -> None:
    command = ("report", *(str(ROOT / name) for name in REGIONS), "--key", "id", "--by", "region", "-q")
    here = mse(*command)
    assert here.returncode == 0
    assert mse(*command, "--dask", "local", "-j", "2").stdout == here.stdout
    piped = mse(*command[:4], "-", *command[5:], input=(ROOT / REGIONS[-1]).read_text())
    assert piped.stdout.splitlines()[1:] == here.stdout.splitlines()[1:]
