"""Whoever follows a hint gets the right number, or another true error; never a wrong number."""

import io
import re
import shlex
import sys
from unittest import mock

import pytest

from mse_cli import cli

# The prediction, options, words of the hint, options that follow it, how many zeros stand against it, the SSE of that
# or words of the next error.
OPTIONS = [
    ("y\n1\n?\n", (), "--na '?'", "--na '?'", 2, "--missing"),
    ("y\n1\n?\n", ("--na", "?"), "--missing skip-cell", "--missing skip-cell", 2, 1.0),
    ("y\n1\n-\n", ("--missing", "skip-cell"), "--na=-", "--na=-", 2, 1.0),
    ("y\n1\nmissing\n", ("--missing", "skip-cell"), "--na missing", "--na missing", 2, 1.0),
    ("missing\n1\n", ("--missing", "skip-cell"), "--na missing", "--na missing", 2, 1.0),
    ("missing\n1\n2\n", (), "--header yes", "--header yes", 2, 5.0),
    ("y\n1,5\n2,5\n", (), "--decimal ,", "--decimal ,", 2, 8.5),
    ("y\n1\n2,5\n", (), "--decimal ,", "--decimal ,", 2, 7.25),
    ("1,5\n2,05\n", (), "--decimal ,", "--decimal ,", 2, 6.4525),
    ("1,5\n2,05\n", (), "--delimiter ,", "--delimiter ,", 2, "shapes differ"),
    ("1.0\x012.0\n3.0\x014.0\n", ("--pred", "1"), r"--delimiter $'\x01'", "--delimiter \x01", 2, 10.0),
    ("1.0  2.0\n3.0\t4.0\n", ("--pred", "1"), "--delimiter space", "--delimiter space", 2, 10.0),
    ("s1\t0.5\ns2\t0.5\n", ("--pred", "2"), "--header no", "--header no", 2, 0.5),
    ("city,2020\nx,1\ny,2\n", ("--pred", "2"), "--header yes", "--header yes", 2, 5.0),
    ("0,1\n1.5,2\n", ("--pred", "1"), "--header no", "--header no", 2, 2.25),
    ("0,1\n1.5,2\n1,1\n", ("--pred", "0"), "--header yes", "--header yes", 2, 3.25),
    ("a,Jan 1 2000,5\nb,Feb 2 2001,6\n", ("--pred", "3", "--header", "no"), "--delimiter", "--delimiter ,", 2, 61.0),
]
# What people write in the place of 1.5, the words that name it, the cell as the hint would have it.
CELLS = [
    ("1.5D0", "Fortran's D exponent", "1.5E0"),
    ("1.5d+00", "Fortran's D exponent", "1.5e+00"),
    ("−1.5", "U+2212 (minus sign)", "-1.5"),
    ("–1.5", "U+2013 (en dash)", "-1.5"),
    ("1.5\u200b", "U+200B", "1.5"),
    ("\u00a01.5", "U+00A0", "1.5"),
    ("１.5", "U+FF11", "1.5"),
    ("١٢", "U+0661", "12"),
    ("[1.5]", "brackets", "1.5"),
    ("[1.5", "brackets", "1.5"),
    ("1.5]", "brackets", "1.5"),
    ("tensor(1.5)", "brackets", "1.5"),
    ("tensor([1.5])", "brackets", "1.5"),
    ("np.float64(1.5)", "brackets", "1.5"),
    ("3:1.5", "LIBSVM", "1.5"),
    ("1.5%", "percent", "1.5"),
    ("$1.5", "currency", "1.5"),
    ("1.5 €", "currency", "1.5"),
    ("(1.5)", "parentheses", "-1.5"),
    ("1.5 kg", "unit", "1.5"),
    ("1.O", "a letter for a digit", "1.0"),
    ("1,500", "thousands", "1500"),
    ("1,234,567.5", "thousands", "1234567.5"),
    ("1.234.567", "thousands", "1234567"),
    ("1 500", "thousands", "1500"),
    ("1'500", "thousands", "1500"),
    ("1_500", "thousands", "1500"),
    ("1\u202f500", "thousands", "1500"),
    ("0x1F", "hexadecimal", "31"),
    ("1.#INF", "Windows", "inf"),
    ("1.#QNAN", "Windows", "NaN"),
    ("****", "Fortran's mark", "1.5"),
    ("'1.5'", "quotes", "1.5"),
    ("true", "truth value", "1"),
    ("2020-01-01", "a date", None),
    ("12:30", "a time", "12.5"),
    ("1.5 # checked", "comment", "1.5"),
    ("1+2j", "complex", None),
    ("#DIV/0!", "spreadsheet", None),
    ("9007199254740993", "float64 cannot hold", "9007199254740993.0"),
]


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    """The SSE of a prediction against a target, or the error with its hint; in this process, which is much faster."""
    monkeypatch.chdir(tmp_path)

    def run(prediction, *options, truth="0\n0\n"):
        (tmp_path / "p.csv").write_text(prediction, encoding="utf-8")
        (tmp_path / "t.csv").write_text(truth, encoding="utf-8")
        texts = {name: io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for name in ("stdin", "stdout", "stderr")}
        with mock.patch.multiple(sys, **texts):
            code = cli.run(["compute", "p.csv", "t.csv", "--only", "sse", *options])
            sys.stdout.flush()
            sys.stderr.flush()
        out, err = (texts[name].buffer.getvalue().decode() for name in ("stdout", "stderr"))
        assert (code, out == "") in {(0, False), (2, True)}
        return float(out) if code == 0 else err

    return run


@pytest.mark.parametrize(("prediction", "given", "hint", "followed", "zeros", "result"), OPTIONS)
def test_an_option_that_a_hint_names_leads_on(outcome, prediction, given, hint, followed, zeros, result):
    truth = "y\n" * ("yes" in followed) + "0\n" * zeros
    error = outcome(prediction, *given, truth=truth)
    assert hint in error.partition("hint: ")[2]
    # The later of an option that is given twice counts.
    after = outcome(prediction, *given, *shlex.split(followed), truth=truth)
    assert after == result if isinstance(result, float) else result in after


@pytest.mark.parametrize("where", ["x\n1\n{}\n", 'x;y\n1;2\n"{}";3\n', "{}\n2\n"])
@pytest.mark.parametrize(("cell", "words", "instead"), CELLS)
def test_a_cell_that_is_no_number_is_called_what_it_is(outcome, cell, words, instead, where):
    given = ("--pred", "1", "--true", "1") if ";" in where else ()
    error = outcome(where.format(cell), *given)
    assert isinstance(error, str), (where, error)
    first = where.startswith("{}")
    if first and (cell in {"2020-01-01", "#DIV/0!"} or "," in cell or " " in cell):
        return  # a name, a comment or two cells, as a whole first row: the other places show it
    if cell == "#DIV/0!" and "x\n1" in where:
        assert "in double quotes" in error
        return
    assert words in error, error
    assert "--header" not in error
    if instead is not None:
        after = outcome(where.format(instead), *given)
        assert isinstance(after, float) or "--missing" in after


def test_the_hint_about_a_second_line_of_names_leads_on(outcome):
    error = outcome("speed\nm/s\n1\n2\n")
    line = int(re.search(r"delete line (\d+)", error)[1])
    lines = "speed\nm/s\n1\n2\n".splitlines(keepends=True)
    del lines[line - 1]
    assert outcome("".join(lines)) == 5


def test_the_hint_about_quotes_leads_on(outcome):
    text, truth = "id,y\n#1,5\n#2,6\n", "id,y\n#1,0\n#2,0\n".replace("#", '"#').replace(",0", '",0')
    assert "in double quotes" in outcome(text, "--key", "id", truth=truth)
    assert outcome(text.replace("#1", '"#1"').replace("#2", '"#2"'), "--key", "id", truth=truth) == 61


def test_the_hint_about_blank_lines_leads_on(outcome):
    assert "written NA" in outcome("1\n\n2\n")
    assert "--missing" in outcome("1\nNA\n2\n")
    assert outcome("1\nNA\n2\n", "--missing", "skip-cell", truth="0\n0\n0\n") == 5
