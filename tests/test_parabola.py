"""The loss over the traced prediction as a picture: the places stand where the numbers say, in every format."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mse_cli.cli import run
from mse_cli.explanation import explain
from mse_cli.explanation.case import case_of
from mse_cli.explanation.example import house_example
from mse_cli.explanation.lesson import Parabola
from mse_cli.readers import InputOptions, open_pair
from mse_cli.render.lessons.curve import AFTER, LOWEST, NOW, as_lines, as_svg, as_tikz


def parabola_of(case) -> Parabola | None:
    parts = explain(case, sections=frozenset({7})).steps[0].parts
    return next((part for part in parts if isinstance(part, Parabola)), None)


def place_of(lines: list[str], mark: str) -> tuple[int, int]:
    return next((line.index(mark), k) for k, line in enumerate(lines) if mark in line)


def test_the_places_of_the_house_example() -> None:
    parabola = parabola_of(case_of(house_example()))
    assert (parabola.now, parabola.after) == (-1.0, -0.95)
    lines = as_lines(parabola, 60, ascii_only=False)
    assert place_of(lines, NOW) == (0, 0)
    assert place_of(lines, LOWEST) == (30, 11)
    assert place_of(lines, AFTER) == (round(0.025 * 59), round((1 - 0.95**2) * 11))
    assert 'cx="20.0" cy="20.0" r="6" fill="var(--traced)"' in as_svg(parabola, "")
    assert r"\fill[magenta] (-1.0000,1.0000)" in as_tikz(parabola, "magenta")


def test_the_legend_tells_places_apart_and_the_lesson_shows_inputs_whole(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.csv").write_text("123456789.12345679\n0.5\n")
    (tmp_path / "y.csv").write_text("123456789\n0.25\n")
    pair = [str(tmp_path / name) for name in ("a.csv", "y.csv")]
    assert run(["explain", *pair, "--cell", "1,1", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "a₁₁ = 123456789.12345679" in shown
    assert "= 123456789.12345679 − 123456789 =" in shown
    assert "now: a₁₁ = 123456789.12," in shown
    assert "after the step: a₁₁ = 123456789.11," in shown


def test_losses_that_differ_little_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One cell of very many moves the loss little: all three were 0.25."""
    truth = np.arange(300_000.0)
    np.save(tmp_path / "y.npy", truth)
    np.save(tmp_path / "a.npy", truth + 0.5)
    pair = [str(tmp_path / name) for name in ("a.npy", "y.npy")]
    assert run(["explain", *pair, "--steps", "7", "--lang", "en"]) == 0
    places = capsys.readouterr().out.split("● now:")[1].splitlines()[:3]
    assert len({line.split("MSE = ")[1] for line in places}) == 3


def test_a_step_that_is_too_long_ends_on_the_other_side() -> None:
    parabola = parabola_of(case_of(house_example(), learning_rate=6.0))
    assert parabola.after == 1.0
    assert parabola.now == -0.5


@pytest.mark.parametrize("factor", [1.0, 1e-160, 1e150])
def test_the_legend_has_the_losses_of_that_cell_alone(tmp_path: Path, factor: float) -> None:
    a, y = np.array([[1.0, 2.0], [4.0, 8.0]]) * factor, np.array([[1.0, 3.0], [5.0, 2.0]]) * factor
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "y.npy", y)
    case = case_of(open_pair(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), InputOptions()))
    assert case.cell == (1, 1)
    parabola = parabola_of(case)
    exact = [[Fraction(x) for x in row] for row in (a - y).tolist()]
    exact[1][1] = Fraction(0)
    lowest = float(sum(x * x for row in exact for x in row) / 4)
    loss = parabola.legend[2].parts[-1].items[-1].value
    assert loss == pytest.approx(lowest, rel=1e-12)


@pytest.mark.parametrize("numbers", [[[1.0]], [[1e308, 0.0]], [[0.0, 5e-324]]])
def test_there_is_none_where_nothing_can_be_drawn(tmp_path: Path, numbers: list[list[float]]) -> None:
    a = np.array(numbers)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "y.npy", -a if a.max() > 1 else a)
    case = case_of(open_pair(str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), InputOptions()))
    assert parabola_of(case) is None


def test_a_page_says_it_in_words_too(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["explain", "--steps", "7", "-f", "html"]) == 0
    page = capsysbinary.readouterr().out.decode()
    label = re.search(r'<svg class="parabola" role="img" aria-label="([^"]+)"', page)
    assert label
    assert "now: a₁₁ = 300000, MSE = 1.25e9; after the step: a₁₁ = 302500" in label[1]


@pytest.mark.parametrize("arguments", [(), ("--fragment",)])
def test_every_colour_of_the_picture_is_one_that_the_page_has(capsysbinary, arguments: tuple[str, ...]) -> None:
    assert run(["explain", "--steps", "7", "-f", "html", *arguments]) == 0
    page = capsysbinary.readouterr().out.decode()
    used, known = set(re.findall(r"var\((--\w+)\)", page)), set(re.findall(r"(--\w+):", page))
    assert "--traced" in used
    assert used <= known
