"""Gates: limits for the loss and for columns, and a baseline; the exit code, the reason, the JSON."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mse_cli.running.merging.baseline import larger
from tests.conftest import check_refused

FILES = ("compute", "p.csv", "t.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MSE 2.5: 4 in u, 1 in v."""
    (tmp_path / "p.csv").write_text("u,v\n3,2\n")
    (tmp_path / "t.csv").write_text("u,v\n1,1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [
        (["2.5"], []),
        (["2.4"], ["the loss 2.5 is not at most 2.4 (--fail-above)"]),
        (["u=4", "v=1"], []),
        (["2=0.5"], ["the loss of 'v' 1 is not at most 0.5 (--fail-above)"]),
        (
            ["u=3.9", "2", "V=1"],
            [
                "the loss of 'u' 4 is not at most 3.9 (--fail-above)",
                "the loss 2.5 is not at most 2 (--fail-above)",
            ],
        ),
    ],
)
def test_each_limit_is_told_also_quietly_and_stands_in_the_json(folder: Path, mse, limits, reasons):
    options = [word for limit in limits for word in ("--fail-above", limit)]
    done = mse(*FILES, *options, "-q", "-f", "json", "--summary")
    assert done.returncode == bool(reasons)
    assert done.stderr.splitlines() == [f"note: {reason}" for reason in reasons]
    gate = json.loads(done.stdout)["gate"]
    assert gate["passed"] is not bool(reasons)
    assert [set(limit) for limit in gate["limits"]] == [{"of", "limit", "value", "passed"}] * len(limits)
    assert sum(not limit["passed"] for limit in gate["limits"]) == len(reasons)


def test_the_loss_of_a_column_is_that_of_the_reduction(folder: Path, mse):
    (folder / "p.csv").write_text("u,v\n3,2\n3,2\n")
    (folder / "t.csv").write_text("u,v\n1,1\n1,1\n")
    assert mse(*FILES, "--fail-above", "u=4").returncode == 0
    assert mse(*FILES, "--fail-above", "u=4", "--reduction", "sum").returncode == 1
    assert mse(*FILES, "--fail-above", "u=8", "--reduction", "sum").returncode == 0


@pytest.mark.parametrize(
    ("increase", "code"), [("0", 1), ("0%", 1), ("0.4", 1), ("0.5", 0), ("25%", 0), ("24.999%", 1), ("1e3%", 0)]
)
def test_a_baseline_and_how_much_more_is_allowed(folder: Path, mse, increase: str, code: int):
    (folder / "base.json").write_text('{"schema_version": 1, "reduction": "mean", "loss": 2.0, "se": [[1.0]]}')
    done = mse(*FILES, "--only", "mse", "--baseline", "base.json", "--max-increase", increase)
    assert (done.returncode, done.stdout) == (code, "2.5\n")
    assert ("(--max-increase)" in done.stderr) == code


def test_a_result_is_a_baseline_for_itself_and_for_merged_parts(folder: Path, mse):
    mse(*FILES, "--summary", "-o", "base.json")
    gate = ["--baseline", "base.json", "--max-increase", "0%"]
    assert mse(*FILES, *gate).returncode == 0
    assert mse("merge", "base.json", *gate).returncode == 0
    assert "base.json" in mse(*FILES, *gate, "-o", "base.json").stderr  # which must not be overwritten
    (folder / "p.csv").write_text("u,v\nNaN,2\n")
    assert mse(*FILES, *gate, "--missing", "propagate").returncode == 1


@given(loss=st.floats(0, 1e300), percent=st.decimals(0, 1000, places=3))
def test_the_increase_is_that_of_rational_numbers(loss, percent):
    assert larger(loss, f"{percent}%") == float(Fraction(loss) * (1 + Fraction(percent) / 100))


def test_what_cannot_be_a_limit_is_refused_before_the_work(folder: Path, mse):
    (folder / "sum.json").write_text('{"schema_version": 1, "reduction": "sum", "loss": 2.0}')
    (folder / "null.json").write_text('{"schema_version": 1, "reduction": "mean", "loss": null}')
    check_refused(mse(*FILES, "--fail-above", "w=3"), "there is no column 'w'")
    check_refused(mse(*FILES, "--fail-above", "u="), "--fail-above takes a number, or NAME=X")
    check_refused(mse(*FILES, "--fail-above", "nan"), "--fail-above takes a number")
    check_refused(mse(*FILES, "--baseline", "sum.json"), "--baseline and --max-increase go together")
    check_refused(mse(*FILES, "--max-increase", "2%"), "--baseline and --max-increase go together")
    for increase in ("-1", "2 %", "x", "nan", "%"):
        check_refused(mse(*FILES, "--baseline", "sum.json", f"--max-increase={increase}"), "--max-increase takes 2%")
    check_refused(mse(*FILES, "--baseline", "sum.json", "--max-increase", "1"), "sum.json: was computed with --red")
    check_refused(mse(*FILES, "--baseline", "null.json", "--max-increase", "1"), "null.json: its loss is no number")
    check_refused(mse(*FILES, "--baseline", "p.csv", "--max-increase", "1"), "p.csv: is not a JSON result")
    check_refused(mse(*FILES, "--baseline", "no.json", "--max-increase", "1"), "no.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 9}, "its schema_version is 9"),
        ({"models": []}, "is a result of mse compare"),
        ({"loss": None}, "its loss is no number"),
        (None, "is not a JSON result"),
    ],
)
def test_what_is_no_baseline_is_called_so(folder: Path, mse, change, words):
    result = json.loads(mse(*FILES, "-f", "json").stdout)
    (folder / "b.json").write_text("[]" if change is None else json.dumps(result | change))
    done = mse(*FILES, "--baseline", "b.json", "--max-increase", "1%")
    check_refused(done, words)
    assert "hint: a baseline is what" in done.stderr
