"""``mse explain`` on the command line: options, formats, languages, errors."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mse_cli.cli import run


@pytest.fixture(autouse=True)
def english(monkeypatch, tmp_path):
    for name in ("LC_ALL", "LC_MESSAGES", "COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)


def explain(capsys, *arguments):
    code = run(["explain", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def sections(text):
    return [int(number) for number in re.findall(r"^(\d+)  \w", text, re.MULTILINE)]


def test_without_files_it_explains_the_house_example(capsys):
    code, out, err = explain(capsys)
    assert (code, err, sections(out)) == (0, "", list(range(1, 11)))
    for number in ("2.5e9", "5000000002", "1250000000.5", "-25000", "-0.5", "25000", "0.5"):
        assert number in out


@pytest.mark.parametrize(("steps", "expected"), [("3-5", [3, 4, 5]), ("1,9-10", [1, 9, 10]), ("2,4-5,7", [2, 4, 5, 7])])
def test_steps(capsys, steps, expected):
    assert sections(explain(capsys, "--steps", steps)[1]) == expected


def test_the_numbers_of_files_are_those_of_compute(capsys, tmp_path):
    generator = np.random.default_rng(0)
    a, y = generator.normal(size=(300, 20)), generator.normal(size=(300, 20))
    np.save("a.npy", a)
    np.save("y.npy", y)
    out = explain(capsys, "a.npy", "y.npy")[1]
    for only in ("sse", "mse", "rmse"):
        assert run(["compute", "a.npy", "y.npy", "--only", only]) == 0
        assert capsys.readouterr().out.strip() in out


def test_standard_input_can_be_one_of_the_files(tmp_path):
    (tmp_path / "t.csv").write_text("1\n2\n")
    command = [sys.executable, "-m", "mse_cli", "explain", "-", "t.csv", "--steps", "5"]
    done = subprocess.run(command, input=b"2\n4\n", capture_output=True, check=True)
    assert b"2.5" in done.stdout


@pytest.mark.parametrize(
    ("name", "value", "chinese"),
    [
        ("LANG", "zh_CN.UTF-8", True),
        ("LC_ALL", "zh_TW", True),
        ("LC_MESSAGES", "zh_CN", True),
        ("LANG", "de_DE.UTF-8", False),
    ],
)
def test_the_language_is_the_locales(capsys, monkeypatch, name, value, chinese):
    monkeypatch.setenv(name, value)
    assert ("均方误差" in explain(capsys)[1]) == chinese
    assert "均方误差" not in explain(capsys, "--lang", "en")[1]


def in_ascii(*arguments, **variables):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"} | variables
    command = [sys.executable, "-m", "mse_cli", "explain", *arguments]
    return subprocess.run(command, capture_output=True, env=environment, check=False)


def test_an_ascii_stream_gets_ascii_and_no_chinese():
    done = in_ascii(LANG="zh_CN")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"\\u" not in done.stdout
    refused = in_ascii("--lang", "zh")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"cannot show this language" in refused.stderr


@pytest.mark.parametrize(
    ("suffix", "beginning"),
    [("md", "# Mean"), ("tex", "\\documentclass"), ("html", "<!DOCTYPE html>"), ("txt", "Mean"), ("ipynb", "{")],
)
def test_the_suffix_of_the_file_decides_the_format(capsys, tmp_path, suffix, beginning):
    assert explain(capsys, "-o", f"x.{suffix}") == (0, "", "")
    assert (tmp_path / f"x.{suffix}").read_text(encoding="utf-8").startswith(beginning)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--steps", "0-3"), "--steps takes sections from 1 to 10"),
        (("--steps", "5-3"), "--steps takes"),
        (("--steps", "x"), "--steps takes"),
        (("--cell", "1"), "--cell takes a row and a column"),
        (("--cell", "0,1"), "--cell takes"),
        (("--cell", "3,1"), "--cell 3,1: the matrices are 2×2"),
        (("--learning-rate", "nan"), "finite"),
        (("--learning-rate=-0.5",), "above 0"),
        (("--fragment",), "--fragment is about LaTeX and HTML"),
        (("--digits", "0"), "digits"),
        (("--pause",), "--pause waits"),
        (("--pred", "a"), "there is no file"),
        (("p.csv",), "which of its columns"),
    ],
)
def test_wrong_usage_is_an_error(capsys, arguments, message):
    code, out, err = (
        explain(capsys, *arguments, "-o", "x.txt") if "--pause" not in arguments else explain(capsys, *arguments)
    )
    assert (code, out) == (2, "")
    assert message in err
    assert not os.path.exists("x.txt")


def test_names_from_files_are_shown_and_cannot_control_anything(capsys, tmp_path):
    name = "<b>\x1b[31m$x_1$|{y}[bold]%&#~^\\"
    (tmp_path / "p.csv").write_text(f'"{name}",b\n1,2\n', encoding="utf-8")
    (tmp_path / "t.csv").write_text(f'"{name}",b\n3,5\n', encoding="utf-8")
    safe = name.replace("\x1b", "\\x1b")
    assert safe in explain(capsys, "p.csv", "t.csv")[1]
    html = explain(capsys, "p.csv", "t.csv", "-f", "html")[1]
    assert safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html
    assert "<b>" not in html
    latex = explain(capsys, "p.csv", "t.csv", "-f", "latex")[1]
    assert r"\$x\_1\$\textbar{}\{y\}" in latex
    assert r"\$x\_1\$\|{y}\[bold\]" in explain(capsys, "p.csv", "t.csv", "-f", "markdown")[1]


def test_the_name_of_a_file_cannot_control_the_terminal(capsys, tmp_path):
    name = "a\x1b[2J.csv"
    for path in (name, "t.csv"):
        (tmp_path / path).write_text("1\n")
    assert "The prediction A is a\\x1b[2J.csv, the target Y is t.csv." in explain(capsys, name, "t.csv")[1]


def test_a_page_fetches_nothing_and_needs_no_script(capsys):
    html = explain(capsys, "-f", "html")[1].replace("http://www.w3.org/1998/Math/MathML", "")
    assert not re.search(r"<script|https?:|url\(|@import| src=", html)
    assert html.count("<math") > 40


def test_a_page_without_its_library_is_an_error_and_no_file(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    code, out, err = explain(capsys, "-o", "page.html")
    assert (code, out) == (2, "")
    assert "pip install 'mse-cli[html]'" in err
    assert not (tmp_path / "page.html").exists()


def until(terminal, mark):
    """What the program writes up to a mark, or to its end."""
    shown = b""
    while not shown.endswith(mark):
        try:
            piece = os.read(terminal, 1)
        except OSError:  # Linux says so when the other side of a pseudo-terminal is closed
            break
        if not piece:
            break
        shown += piece
    return shown.decode().replace("\r", "")


def test_pause_waits_for_enter_at_a_terminal():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(
            sys.executable,
            [sys.executable, "-m", "mse_cli", "explain", "--pause", "--color", "never", "--steps", "1-3"],
        )
    prompt = "⏎ ".encode()
    shown = []
    for _ in range(2):
        shown.append(until(terminal, prompt))
        os.write(terminal, b"\n")
    shown.append(until(terminal, b"no such mark"))
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [sections(text) for text in shown] == [[1], [2], [3]]


@pytest.mark.parametrize(("style", "whole"), [("html", ("<html", "<body", "<title")), ("latex", ("documentclass",))])
def test_a_fragment_is_without_what_a_whole_document_needs(capsys, style, whole):
    code, out, err = explain(capsys, "--fragment", "-f", style, "--steps", "6")
    assert (code, err) == (0, "")
    assert not [word for word in whole if word in out]
    assert [word for word in whole if word not in explain(capsys, "-f", style, "--steps", "6")[1]] == []


def test_a_fragment_leaves_the_page_around_it_as_it_is(capsys):
    style = re.search(r"<style>(.*?)</style>", explain(capsys, "--fragment", "-f", "html")[1], re.DOTALL)
    selectors = re.findall(r"(?:^|[}{,])\s*([.a-z\[][^{};]*?)(?=\s*[{,])", re.sub(r"\{[^{}]*:[^{}]*\}", "{}", style[1]))
    assert len(selectors) > 20
    assert all(selector.startswith(".mse") for selector in selectors)


def test_digits_are_those_that_are_asked_for(capsys):
    out = explain(capsys, "--digits", "3", "--steps", "5")[1]
    assert "= 1250000000\n" in out
    assert "35400" in out
    assert "35355" not in out


@pytest.mark.parametrize("name", ["lesson.doc", "lesson.pdf", "lesson.json"])
def test_a_suffix_that_no_format_has_is_an_error(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert run(["explain", "-o", name]) == 2
    assert "hint: .txt .md .tex .html .htm .ipynb" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_lines_of_programs_in_latex_fit_the_page_and_run(capsys, tmp_path):
    sides = np.random.default_rng(0).normal(size=(2, 9, 12))
    np.save("a.npy", sides[0])
    np.save("y.npy", sides[1])
    code, out, _ = explain(capsys, "a.npy", "y.npy", "--steps", "10", "-f", "latex")
    assert code == 0
    pieces = re.findall(r"begin\{verbatim\}\n(.*?)\n\\end", out, re.DOTALL)
    assert max(len(line) for piece in pieces for line in piece.split("\n")) <= 88
    Path("run.py").write_text("\n".join(pieces[:2]))
    assert len(out) < 10000
    done = subprocess.run([sys.executable, "run.py"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == pieces[2].split()


def test_what_float64_cannot_hold_is_warned_of(tmp_path, capsys):
    for name, text in (("a", "1e200\n2\n"), ("y", "0\n1\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    assert run(["explain", str(tmp_path / "a.csv"), str(tmp_path / "y.csv"), "--steps", "5"]) == 0
    assert "larger than float64 can hold" in capsys.readouterr().err
