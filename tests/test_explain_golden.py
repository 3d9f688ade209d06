"""The explanation of the house example, whole, in every format and language.

After a change that is meant, look at what ``UPDATE_GOLDEN=1 pytest tests/test_explain_golden.py`` changes in git.
"""

import io
import itertools
import os
import re
from pathlib import Path

import numpy as np
import pytest
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mse_cli import explain as explain_arrays
from mse_cli.explanation import explain
from mse_cli.explanation.case import case_of
from mse_cli.explanation.example import house_example
from mse_cli.explanation.words import TEXTS
from mse_cli.render.lessons import html_page as lesson_html
from mse_cli.render.lessons import latex as lesson_latex
from mse_cli.render.lessons import markdown as lesson_markdown
from mse_cli.render.lessons import terminal as lesson_text
from mse_cli.render.screens.screen import Screen

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = sorted(TEXTS)


def lesson(language):
    return explain(case_of(house_example(language)), language=language)


def drawn(language, width, color="never", *, plain=False):
    screen = Screen(None, color)
    screen.console.width = width
    screen.ascii = plain
    screen.encoding = "ascii" if plain else "utf-8"
    return "".join(lesson_text.render_lesson(lesson(language), screen))


def compare(name, text):
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [80, 120])
def test_terminal(language, width):
    text = drawn(language, width)
    compare(f"explain-{language}-{width}.txt", text)
    assert max(map(cell_len, text.split("\n"))) <= width


def test_terminal_in_colour():
    compare("explain-en-80-color.txt", drawn("en", 80, "always"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_borders_of_tables_and_matrices_stand_below_each_other(language, width):
    lines = drawn(language, width).split("\n")
    table = [line for line in lines if line.strip()[:1] in set("╭│├╰")]
    assert len(table) >= 10
    for border in "│┬┼┴":
        places = {tuple(cell_len(line[:k]) for k, c in enumerate(line) if c == border) for line in table} - {()}
        assert len({place for place in places if len(place) > 1}) == 1, border
    for above, below in itertools.pairwise(lines):
        if "⎡" in above and "⎣" in below:
            ends = [[cell_len(line[:k]) for k, c in enumerate(line) if c in "⎡⎤⎣⎦"] for line in (above, below)]
            assert ends[0] == ends[1]


def test_the_picture_of_the_readme_is_what_the_terminal_shows():
    chosen = explain(case_of(house_example()), sections=frozenset(range(2, 7)))
    screen = Screen(None, "always")
    screen.console.width = 80
    text = "".join(lesson_text.render_lesson(chosen, screen))
    console = Console(record=True, width=82, file=io.StringIO(), legacy_windows=False)
    console.print(Text.from_ansi(f"$ mse explain --steps 2-6\n{text}"))
    fetching = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)  # a picture that fetches nothing
    svg = console.export_svg(title="mse explain", unique_id="mse", code_format=fetching.sub("", CONSOLE_SVG_FORMAT))
    path = GOLDEN / "../../sample_data/explain.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(svg, encoding="utf-8")
    shown = path.read_text(encoding="utf-8")
    # The words and not the frame, which Rich draws a little higher or lower from one version to the next.
    words = re.compile(r">([^<>]*\S[^<>]*)</text>")
    assert words.findall(shown) == words.findall(svg)
    assert shown.count("</text>") > 50
    assert len(shown.encode()) < 100_000
    assert not re.search(r"(url|src|href|import)[^\n]*http", shown)


def test_terminal_in_ascii():
    text = drawn("en", 80, plain=True)
    compare("explain-en-80-ascii.txt", text)
    assert text.isascii()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("suffix", "render"),
    [
        ("md", lesson_markdown.render_lesson),
        ("tex", lesson_latex.render_lesson),
        ("html", lesson_html.render_lesson),
    ],
)
def test_documents(language, suffix, render):
    compare(f"explain-{language}.{suffix}", render(lesson(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_house_numbers_stand_in_every_golden_file(language):
    for path in GOLDEN.glob(f"explain-{language}*"):
        text = path.read_text(encoding="utf-8").replace("<mo>&#x02212;</mo><mn>", "-")
        for number in ("5000000002", "1250000000.5", "-25000", "-0.5", "25000", "0.5", "35355.33906639845"):
            assert number in text, (path.name, number)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_letter_is_left_to_a_mathematical_font(language):
    page = (GOLDEN / f"explain-{language}.html").read_text(encoding="utf-8")
    assert "<mi>A</mi>" not in page
    assert "<mi>&#x003B9;</mi>" not in page  # ι
    assert page.count('<mi class="letter" mathvariant="normal">&#x003B9;</mi>') > 5


def test_a_page_may_end_a_line_between_matrices():
    """A row of wide ones is cut off by the edge of the paper."""
    sides = [np.random.default_rng(seed).normal(size=(9, 9)) for seed in range(2)]
    page = explain_arrays(*sides, weights=np.ones(9))._repr_mimebundle_()["text/html"]
    formulas = re.findall("<math.*?</math>", page)
    assert max(formula.count('class="matrix"') for formula in formulas) == 1
    assert page.count('class="matrix"') > 15
    assert any(formula.count("<mn>") == 1 and "<mrow /><mo>&#x0002B;</mo>" in formula for formula in formulas)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_a_page_begins_with_the_sign_behind_a_formula(language):
    page = (GOLDEN / f"explain-{language}.html").read_text(encoding="utf-8")
    behind = re.findall(r"</math>([，。、；：）,.;:)%]+)(</span>)?", page)
    assert len(behind) > 20
    assert all(kept for _, kept in behind)
