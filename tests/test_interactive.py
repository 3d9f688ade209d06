"""``explain``, ``check`` and ``evaluate`` in Python: arrays, frames and paths give what the command gives."""

import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mse_cli import MseError, ParseError, ShapeError, UsageError, check, compare, evaluate, explain, mse_gradient
from mse_cli.cli import run

A, Y = [[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]
NAMES = ["price", "rooms"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name, side in (("p", A), ("t", Y)):
        pd.DataFrame(side, columns=NAMES).to_csv(f"{name}.csv", index=False)
        np.save(f"{name}.npy", np.array(side))


FORMS = {
    "lists": lambda side: side,
    "arrays": np.array,
    "float32": lambda side: np.array(side, dtype="f4"),
    "pandas": lambda side: pd.DataFrame(side, columns=NAMES),
    "nullable": lambda side: pd.DataFrame(side, columns=NAMES).convert_dtypes(),
    "PyArrow": lambda side: pa.table({name: [row[j] for row in side] for j, name in enumerate(NAMES)}),
    "Decimals": lambda side: [[Decimal(cell) for cell in row] for row in side],
}


@pytest.mark.parametrize("form", FORMS)
def test_all_that_holds_the_house_gives_its_numbers(form):
    a, y = FORMS[form](A), FORMS[form](Y)
    result = evaluate(a, y)
    assert (result.sse, result.mse, result.shape) == (5000000002.0, 1250000000.5, (2, 2))
    assert "1250000000.5" in str(result)
    assert "RMSE  = " not in repr(explain(a, y))
    assert "1250000000.5" in repr(explain(a, y))
    assert check(a, y, gradient=mse_gradient(a, y), loss=1250000000.5).passed


def test_paths_and_arrays_go_together():
    assert evaluate("p.csv", Path("t.npy")).mse == evaluate("p.csv", np.array(Y)).mse == 1250000000.5
    assert evaluate(A, "t.csv").names == ("price", "rooms")
    assert check("p.csv", Y, loss=1250000000.5).passed


def test_columns_are_matched_by_name_and_chosen():
    a, y = pd.DataFrame(A, columns=NAMES), pd.DataFrame(Y, columns=NAMES)
    assert evaluate(a, y[["rooms", "price"]]).sse == 5000000002.0
    both = a.assign(city=["x", "z"], truth=y["rooms"])
    assert evaluate(both, pred_columns="rooms", true_columns="truth").sse == 2.0
    with pytest.raises(ParseError, match="city"):
        evaluate(both, both)


@pytest.mark.parametrize(
    ("a", "y", "error", "words"),
    [
        ([[1.0]], [[1.0, 2.0]], ShapeError, "1×1"),
        (np.zeros((2, 3, 4)), np.zeros((2, 4, 3)), ShapeError, "axes"),
        ([[float("nan")]], [[1.0]], ParseError, "missing"),
        ([["x"]], [[1.0]], ParseError, "number|U1"),
        ([[2**53 + 1, 0.5]], [[1, 2]], ParseError, "rounded"),
        (pd.DataFrame(A, index=[1, 2]), pd.DataFrame(Y, index=[2, 1]), ParseError, "another order"),
        (np.ma.masked_equal([[1.0, 9.0]], 9), [[float("nan"), 1.0]], ParseError, "missing"),
        (np.ma.masked_equal([[1.0, 9.0]], 9), "t.csv", UsageError, "masked"),
        ("none.csv", Y, MseError, "no such file"),
    ],
)
def test_what_cannot_be_read_is_an_error(a, y, error, words):
    for function in (evaluate, explain, lambda a, y: check(a, y, loss=1.0)):
        with pytest.raises(error, match=words):
            function(a, y)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": (0, 1)}, "cell"),
        ({"cell": "1,2"}, "cell"),
        ({"cell": (1, 2, 3)}, "cell"),
        ({"steps": "3-5"}, "steps"),
        ({"steps": {11}}, "steps"),
        ({"steps": 3}, "steps"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": "0.1"}, "learning_rate"),
        ({"learning_rate": None}, "learning_rate"),
        ({"digits": True}, "digits"),
        ({"steps": []}, "steps"),
        ({"missing": "skip"}, "missing is one of"),
        ({"digits": 0}, "digits"),
        ({"digits": 2.5}, "digits"),
        ({"lang": "zh_CN"}, "lang"),
    ],
)
def test_wrong_choices_of_a_lesson_are_errors(options, words):
    with pytest.raises(UsageError, match=words):
        explain(A, Y, **options)
    assert explain(A, Y, cell=np.array([1, 2]), steps=[7], learning_rate=np.float32(1), digits=3).lesson.steps


def test_what_is_handed_over_is_explained_or_refused():
    for options in ({"target": Y}, {"weights": [1, 2]}, {"key": "id"}):
        with pytest.raises(UsageError, match="no prediction"):
            explain(**options)


@pytest.mark.parametrize("options", [{"missing": "drop"}, {"rtol": "x"}, {"rtol": True}, {"rtol": [0.1]}])
def test_wrong_choices_of_a_check_are_errors(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        check([[1.0, float("nan")]], [[2.0, 3.0]], **{"missing": "skip-cell", "loss": 1.0} | options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": "x"}, "header is one of"),
        ({"decimal": "x"}, "decimal is one of"),
        ({"delimiter": 5}, "delimiter"),
        ({"worst": "x"}, "worst"),
        ({"worst": 0}, "worst"),
        ({"worst": 1.5}, "worst"),
        ({"pred_columns": ["price"]}, "columns"),
        ({"true_columns": 1}, "columns"),
        ({"key": 5}, "columns"),
        ({"weight_column": 5}, "columns"),
    ],
)
def test_wrong_choices_of_an_evaluation_are_errors(options, words):
    with pytest.raises(UsageError, match=words):
        evaluate("p.csv", "t.csv", **options)


def test_one_word_for_a_missing_cell_is_one_word():
    for name, text in (("x", "a\n9\n-99\n"), ("z", "a\n7\n5\n")):
        Path(f"{name}.csv").write_text(text)
    assert evaluate("x.csv", "z.csv", na="-99", missing="skip-cell").sse == 4.0
    assert compare({"m": "x.csv", "n": "z.csv"}, "z.csv", na="-99", missing="skip-cell").models[1].result.sse == 4.0
    with pytest.raises(UsageError, match="na is one or more words"):
        evaluate("x.csv", "z.csv", na=[1])


@pytest.mark.parametrize("loss", ["abc", [1.5], np.array([1.5, 2]), True, {}, 10**400])
def test_a_loss_that_is_no_number_is_an_error(loss):
    with pytest.raises(UsageError, match="loss"):
        check(A, Y, loss=loss)
    with pytest.raises(UsageError, match="lang"):
        check(A, Y, loss=1.0, lang="fr")


def test_masked_cells_are_left_out():
    result = evaluate(np.ma.masked_equal([[1.0, 9.0], [3.0, 4.0]], 9), [[0.0, 1.0], [1.0, 1.0]])
    assert (result.cells_used, result.sse) == (3, 14.0)
    assert evaluate([[1.0, np.nan]], [[0.0, 5.0]], missing="skip-cell").sse == 1.0


def test_weights_are_given_likewise():
    assert evaluate(A, Y, weights=[1, 0]).sse == evaluate([A[0]], [Y[0]]).sse
    with pytest.raises(MseError, match="-1"):
        evaluate(A, Y, weights=[[-1], [1]])


def test_large_integers_stay_exact():
    assert evaluate(np.array([[2**53 + 1]]), np.array([[2**53]])).sse == 1.0


def test_check_says_what_the_command_says(capsys):
    wrong = np.array(mse_gradient(A, Y)) / 2
    np.save("g.npy", wrong)
    assert run(["check", "p.csv", "t.csv", "--gradient", "g.npy", "--loss", "2500000001"]) == 1
    printed = capsys.readouterr().out
    verdicts = check("p.csv", "t.csv", gradient=wrong, loss=2500000001)
    assert not verdicts.passed
    assert str(verdicts) == printed.rstrip().replace("mse explain p.csv t.csv", "mse explain …")
    assert "梯度" in str(check(A, Y, gradient=wrong, lang="zh"))
    with pytest.raises(UsageError, match="nothing to check"):
        check(A, Y)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "object"])
def test_a_series_is_a_gradient(dtype):
    a, y = pd.Series([1.0, 2.0, 5.0]), pd.Series([2.0, 4.0, 3.0])
    right = 2 * (a - y) / 3
    assert check(a, y, gradient=right.astype(dtype)).passed
    assert not check(a, y, gradient=(right / 2).astype(dtype)).passed


def test_the_type_of_a_gradient_says_how_exact_it_is():
    right = mse_gradient(A, Y) * (1 + 1e-6)
    assert check(A, Y, gradient=right.astype("f4")).passed
    assert not check(A, Y, gradient=right).passed
    assert check(A, Y, gradient=right, rtol=1e-5).passed
    assert check(A, Y, loss=np.float32(1250000000.5)).passed


def test_an_explanation_is_what_the_command_writes(capsys, tmp_path):
    assert run(["explain", "p.csv", "t.csv", "--steps", "5", "-f", "html", "--fragment"]) == 0
    page = capsys.readouterr().out
    bundle = explain("p.csv", "t.csv", steps={5})._repr_mimebundle_()
    assert bundle["text/html"] == page
    assert set(bundle) == {"text/html", "text/markdown", "text/plain"}
    assert "<html" not in page
    assert "<script" not in page
    explain(steps={5}).save(Path("lesson.md"))
    assert Path("lesson.md").read_text(encoding="utf-8").startswith("# Mean squared error")
    assert "卧室数" in repr(explain(lang="zh"))


def test_names_stand_in_a_lessons_markdown_as_they_are():
    a = pd.DataFrame([[1.0, 2.0]], columns=["&lt;b&gt;", "~~x~~"])
    text = explain(a, a + 1, lang="en", steps=[1])._repr_mimebundle_()["text/markdown"]
    assert r"The columns: \&lt;b\&gt;, \~\~x\~\~." in text


def test_without_the_library_of_pages_there_is_markdown(monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert set(explain(A, Y)._repr_mimebundle_()) == {"text/markdown", "text/plain"}


def test_results_and_verdicts_show_themselves():
    bundle = evaluate(A, pd.DataFrame(Y, columns=NAMES), by=["<b>", "c"])._repr_mimebundle_()
    assert ">1250000000.5</td>" in bundle["text/html"]
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "| MSE | 1250000000.5 |" in bundle["text/markdown"]
    assert bundle["text/plain"].splitlines()[-3].split()[:4] == ["by", "rows", "cells", "used"]
    verdicts = check(A, Y, loss=0)._repr_mimebundle_()
    assert "few digits: 1)" in verdicts["text/plain"]
    assert verdicts["text/plain"] in verdicts["text/markdown"]
    html = check(pd.DataFrame(A, columns=["<b>", "c"]), Y, gradient=[[0, 0], [0, 1.0]])._repr_mimebundle_()["text/html"]
    assert "<b>)" not in html
    assert "FAIL" in html


def test_a_users_program_is_typed(tmp_path):
    (tmp_path / "user.py").write_text(
        "import mse_cli\n"
        "from mse_cli import MSELoss, check, evaluate, explain\n"
        "loss: float = MSELoss().forward([[1.0]], [[2.0]])\n"
        "mse: float = evaluate([[1.0]], [[2.0]]).mse\n"
        "passed: bool = mse_cli.check([[1.0]], [[2.0]], loss=1.0).passed\n"
        "explain([[1.0]], [[2.0]]).save('lesson.html')\n"
        "wrong: str = check([[1.0]], [[2.0]]).passed\n"
        "explain([[1.0]], lang='fr')\n"
    )
    root = Path(__file__).parents[1]  # whose options and cache are used: reading NumPy's stubs takes long
    options = ["--config-file", str(root / "pyproject.toml"), "--cache-dir", str(root / ".mypy_cache")]
    command = [sys.executable, "-m", "mypy", *options, "user.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line.split(":")[1] for line in done.stdout.splitlines() if "error" in line and "user.py" in line]
    assert errors == ["7", "8"], done.stdout


def test_an_error_speaks_python_and_its_hint_stands_in_the_traceback():
    with pytest.raises(ParseError) as error:
        explain([[math.nan]], [[1.0]])
    assert error.value.__notes__ == ["hint: " + error.value.hint]
    assert error.value.hint.startswith("missing='skip-cell' or skip-row leaves")
    frames = pd.DataFrame({"id": [1, 2], "a": [1.0, 2.0]})
    for function in (lambda: evaluate(frames, frames), lambda: compare({"a": frames, "b": frames}, frames)):
        with pytest.raises(ParseError, match="'id'") as error:
            function()
        assert "key='id' matches the rows" in error.value.hint
        assert "--" not in error.value.hint


@pytest.mark.parametrize(
    ("option", "value"),
    [("header", "maybe"), ("decimal", "x"), ("missing", "x"), ("unmatched", "x"), ("reduction", "x"), ("worst", 0)],
)
def test_a_word_that_is_no_choice_is_named(option, value):
    with pytest.raises(UsageError, match=f"^{option} is .* not {value!r}$"):
        evaluate([[1.0]], [[2.0]], **{option: value})
