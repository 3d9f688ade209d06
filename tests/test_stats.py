"""Bias, variance of the error and R² against rational numbers, for any cut of the rows, and against scikit-learn."""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import r2_score

from mse_cli import evaluate
from mse_cli.core.blocks import Block
from mse_cli.core.result import Statistics
from mse_cli.core.tallies.stats import Stats
from mse_cli.core.tallies.sums import Sums

PLAIN = st.floats(-1e9, 1e9, width=32).map(float)
ANY = st.floats(-1e150, 1e150)  # of which the squares of differences are numbers still
WEIGHTS = st.floats(0, 8) | st.sampled_from([0.0, 1e-200, 1e40])


def fed(blocks: list[Block]) -> list[Statistics]:
    """What the tally says of each column and, last, of all; each block is fed to a tally of its own, then merged."""
    n_columns = blocks[0].shape[1]
    sums, stats = Sums(n_columns), Stats(n_columns)
    for block in blocks:
        for whole in (sums, stats):
            part = whole.new()
            part.update(block)
            whole.merge(part)
    result = stats.added_to(sums.finish(), sums)
    return [*(column.stats for column in result.columns), result.stats]


def expected(a: np.ndarray, y: np.ndarray, w: np.ndarray, used: np.ndarray) -> list[tuple[Fraction | None, ...]]:
    """The same by the formulas, in rational numbers; ``None`` for what is not one."""
    sums = []
    for j in range(a.shape[1]):
        rows = np.flatnonzero(used[:, j])
        weights = [Fraction(w[i, j]) for i in rows]
        errors, targets = (
            [Fraction(float(a[i, j] - y[i, j])) for i in rows],
            [Fraction(int(y[i, j])) if y.dtype.kind == "i" else Fraction(y[i, j]) for i in rows],
        )
        total = sum(weights)
        mean = sum(map(Fraction.__mul__, weights, targets)) / total if total else 0
        sst = sum(k * (t - mean) ** 2 for k, t in zip(weights, targets, strict=True))
        sums.append((weights, errors, sst))
    weights, errors = ([x for column in sums for x in column[k]] for k in (0, 1))
    sums.append((weights, errors, sum(column[2] for column in sums)))
    return [statistics_of(*it) for it in sums]


def statistics_of(weights: list[Fraction], errors: list[Fraction], sst: Fraction) -> tuple[Fraction | None, ...]:
    total = sum(weights)
    if not total:
        return None, None, None
    bias = sum(map(Fraction.__mul__, weights, errors)) / total
    variance = sum(k * (e - bias) ** 2 for k, e in zip(weights, errors, strict=True)) / total
    sse = sum(k * e * e for k, e in zip(weights, errors, strict=True))
    return bias, variance, 1 - sse / sst if sst else None


def check(found: list[Statistics], wanted: list[tuple[Fraction | None, ...]]) -> None:
    for statistics, values in zip(found, wanted, strict=True):
        for name, got, exact in zip(Statistics._fields, statistics, values, strict=True):
            if exact is None:
                assert math.isnan(got) or (name == "r2" and got == -math.inf)
            else:
                assert got == as_float(exact), (name, got, float(exact))  # within 4 ulp are promised: it is none


def as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@pytest.mark.parametrize("elements", [PLAIN, ANY], ids=["plain", "any"])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_statistics_are_those_of_rational_numbers_for_any_cut(elements, data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 3)))
    a, y = (data.draw(arrays(np.float64, shape, elements=elements)) for _ in range(2))
    w = data.draw(st.none() | arrays(np.float64, shape, elements=WEIGHTS))
    used = data.draw(st.none() | arrays(np.bool_, shape))
    cuts = sorted(data.draw(st.sets(st.integers(1, shape[0] - 1)))) if shape[0] > 1 else []
    whole = Block(0, a, y, w, used)
    blocks = [whole.rows(start, stop) for start, stop in zip([0, *cuts], [*cuts, shape[0]], strict=True)]
    all_used = np.ones(shape, bool) if used is None else used
    check(fed(blocks), expected(a, y, np.ones(shape) if w is None else w, all_used))


def test_what_cancels_is_exact_and_the_same_bits_for_any_cut():
    random = np.random.default_rng(0)
    y = 1e9 + random.uniform(-1e-3, 1e-3, size=(5000, 3))
    a = y + random.normal(size=y.shape) * 1e-4
    found = fed([Block(0, a, y)])
    check(found, expected(a, y, np.ones(y.shape), np.ones(y.shape, bool)))
    assert 0.9 < found[-1].r2 < 1
    whole = Block(0, a, y)
    assert fed([whole.rows(i, i + 613) for i in range(0, 5000, 613)]) == found
    weights = random.uniform(0, 2, size=(5000, 1))
    found = fed([Block(0, a, y, weights)])
    check(found, expected(a, y, np.broadcast_to(weights, y.shape), np.ones(y.shape, bool)))


def test_targets_that_float64_does_not_hold_count_as_they_are():
    y = np.array([[2**62 + 1], [2**62 + 2], [2**62 + 5]])
    a = y + np.array([[1], [0], [-1]])
    check(fed([Block(0, a, y)]), expected(a, y, np.ones(y.shape), np.ones(y.shape, bool)))


def test_numbers_far_apart_in_one_block():
    y = np.array([[2.0**k] for k in range(-140, 140, 4)])
    a = y * 3
    check(fed([Block(0, a, y)]), expected(a, y, np.ones(y.shape), np.ones(y.shape, bool)))


@pytest.mark.parametrize(
    ("a", "y", "statistics"),
    [
        ([1.0, 3.0], [2.0, 2.0], (0.0, 1.0, -math.inf)),  # targets that do not vary
        ([2.0, 2.0], [2.0, 2.0], (0.0, 0.0, math.nan)),
        ([math.inf, 1.0], [1.0, 2.0], (math.nan, math.nan, math.nan)),
        ([1.0, 2.0], [math.nan, 2.0], (math.nan, math.nan, math.nan)),
    ],
)
def test_what_has_no_statistics(a, y, statistics):
    found = fed([Block(0, np.array([a]).T, np.array([y]).T)])
    assert [repr(tuple(it)) for it in found] == [repr(statistics)] * 2


def test_they_stand_in_every_format_and_merge(mse, tmp_path: Path):
    random = np.random.default_rng(3)
    y = random.normal(size=(300, 2)) + 1e6
    a = y + random.normal(size=y.shape)
    for name, rows in (("", slice(None)), ("1", slice(0, 77)), ("2", slice(77, None))):
        for side, matrix in (("p", a), ("t", y)):
            np.savetxt(
                tmp_path / f"{side}{name}.csv", matrix[rows], delimiter=",", header="u,v", comments="", fmt="%.17g"
            )
    result = json.loads(mse("compute", "p.csv", "t.csv", "--stats", "-f", "json", "--summary").stdout)
    in_python = evaluate(str(tmp_path / "p.csv"), str(tmp_path / "t.csv"), stats=True)
    assert tuple(result[name] for name in Statistics._fields) == tuple(in_python.stats)
    assert [column["r2"] for column in result["columns"]] == [column.stats.r2 for column in in_python.columns]
    csv = mse("compute", "p.csv", "t.csv", "--stats", "-f", "csv").stdout.splitlines()
    assert csv[0].endswith(",rmse,bias,error_variance,r2")
    assert csv[1].split(",")[-1] == repr(result["r2"])
    table = mse("compute", "p.csv", "t.csv", "--stats", "--summary").stdout
    assert f"│ R²                  │ {result['r2']!r}" in table
    assert f"R² of v             │ {result['columns'][1]['r2']!r}" in table
    for part in "12":
        mse("compute", f"p{part}.csv", f"t{part}.csv", "--stats", "-f", "json", "--summary", "-o", f"{part}.json")
    for form in ("json", "csv", "markdown"):
        whole = mse("compute", "p.csv", "t.csv", "--stats", "--summary", "-f", form).stdout
        merged = mse("merge", "1.json", "2.json", "-f", form).stdout
        if form == "markdown":
            whole = "\n".join(line for line in whole.splitlines() if ".csv" not in line) + "\n"
        if form == "json":  # of which each tells where it comes from
            whole, merged = (json.loads(text) for text in (whole, merged))
            for result in (whole, merged):
                del result["partial"]["parts"], result["partial"]["digest"]
        assert merged == whole
    mse("compute", "p2.csv", "t2.csv", "-f", "json", "--summary", "-o", "2.json")
    refused = mse("merge", "1.json", "2.json")
    assert refused.returncode == 2
    assert "2.json: was computed with neither, 1.json with --stats" in refused.stderr


def test_scikit_learn_says_the_same():
    random = np.random.default_rng(5)
    y = random.normal(size=(2000, 3)) * [1, 10, 1000]
    a = y + random.normal(size=y.shape)
    w = random.uniform(size=(2000, 1))
    for weights in (None, w):
        *columns, _ = fed([Block(0, a, y, weights)])
        theirs = r2_score(y, a, multioutput="raw_values", sample_weight=None if weights is None else w[:, 0])
        np.testing.assert_allclose([column.r2 for column in columns], theirs, rtol=1e-12)
