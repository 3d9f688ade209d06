"""``mse check``: right numbers pass, and wrong ones are told which convention they follow."""

import math

import numpy as np
import pytest

from mse_cli import check as check_arrays
from mse_cli.checks import diagnosis as check_module
from mse_cli.checks.diagnosis import check_analytic, check_gradient, check_loss
from mse_cli.checks.finding import Precision
from mse_cli.checks.precision import SINGLE
from mse_cli.checks.words import TEXTS, explained
from mse_cli.cli import run
from mse_cli.core.blocks import Block, gradient
from mse_cli.core.tallies.sums import Sums

HOUSE = (np.array([[300000.0, 3], [500000, 4]]), np.array([[350000.0, 4], [450000, 3]]))


def told(found, language="en"):
    return tuple(explained(fit, TEXTS[language]) for fit in found.fits)


def matrices(seed, shape=(7, 3), scale=1.0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape) * scale, generator.normal(size=shape) * scale


def computed(a, y, weights=None):
    block = Block(0, a, y, weights)
    sums = Sums(a.shape[1])
    sums.update(block)
    return block, sums.finish()


def wrong_gradients(a, y):
    """Each wrong gradient with a part of the words that must be among those it is told."""
    n, c = a.shape
    e = a - y
    right = 2 * e / (n * c)
    rmse = math.sqrt((e * e).mean())
    return {
        "half": (right / 2, "the factor 2 is missing"),
        "per sample": (2 * e / n, "divided by N instead of N·C"),
        "half per sample": (e / n, "divided by N instead of N·C, and the factor 2 is missing"),
        "sum": (2 * e, "the gradient of the sum SSE"),
        "per column": (2 * e / c, "divided by C instead of N·C"),
        "half per column": (e / c, "divided by C instead of N·C, and the factor 2 is missing"),
        "plain": (e, "plain A − Y"),
        "flipped": (-right, "its sign is flipped (Y − A)"),
        "flipped half": (-right / 2, "its sign is flipped (Y − A)"),
        "squared": (2 * e * e / (n * c), "the error is squared"),
        "transposed": (right.T, "transposed"),
        "off by one column": (np.roll(right, 1, axis=1), "columns are off by one"),
        "off by one row": (np.roll(right, 1, axis=0), "rows are off by one"),
        "twice": (2 * right, "the factor 2 is there twice"),
        "RMSE": (right / (2 * rmse), "the gradient of RMSE"),
        "MAE": (np.sign(e) / (n * c), "mean absolute error"),
        "absolute": (np.abs(right), "lost its sign"),
    }


@pytest.mark.parametrize("kind", list(wrong_gradients(*HOUSE)))
@pytest.mark.parametrize("sides", [HOUSE, matrices(0), matrices(1, (4, 4), 1e6), matrices(2, (30, 5), 1e-6)])
def test_a_wrong_gradient_is_told_its_convention(kind, sides):
    given, words = wrong_gradients(*sides)[kind]
    block, result = computed(*sides)
    found = check_gradient(given, block, result, Precision())
    if np.array_equal(given, gradient(block, result.divisor)):
        assert found.holds  # with two rows or columns some of these conventions are the right one
        return
    assert not found.holds
    assert found.largest > found.precision.tolerance
    if kind == "off by one column" and sides is HOUSE:
        words = "columns"  # with two columns, one to the right and reversed are the same
    if kind == "off by one row" and sides is HOUSE:
        words = "its sign is flipped"  # the house's errors are ±: rows exchanged are the flipped sign
    assert any(words in fit for fit in told(found)), told(found)


@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (1, 1), (2, 2)])
def test_where_conventions_coincide_all_are_named_but_those_of_one_row_or_column(shape):
    a, y = matrices(5, shape)
    block, result = computed(a, y)
    n, c = shape
    for factor in {1.0, 2.0, 2 / n, 2 / c, 1 / n, 1 / c, 1 / (n * c), 4 / (n * c)} - {2 / (n * c)}:
        found = check_gradient(factor * (a - y), block, result, Precision())
        same = [
            k for k, f in enumerate((1 / (n * c), 2.0, 1.0, 2 / n, 1 / n, 2 / c, 1 / c, 4 / (n * c))) if f == factor
        ]
        parts = ("(the gradient of ½·MSE)", "sum SSE", "plain", "(per sample)", "N instead of N·C, and", "(per column)")
        parts += ("C instead of N·C, and", "there twice")
        empty = [k for k in range(2, 7) if k > 2 or n == c] if 1 in (n, c) else []  # the sum or the mean
        for k in same:
            assert any(parts[k] in fit for fit in told(found)) == (k not in empty), (shape, factor, told(found))


@pytest.mark.parametrize("seed", range(3))
def test_where_none_fits_it_says_so_and_shows_the_worst_cell(seed):
    a, y = matrices(seed)
    block, result = computed(a, y)
    given = gradient(block, result.divisor)
    given *= 1 + np.random.default_rng(9).uniform(0.1, 0.2, given.shape)
    given[4, 1] *= 3
    found = check_gradient(given, block, result, Precision())
    assert (found.fits, found.cell) == ((), (5, 2))
    assert found.largest > 2


def test_an_unknown_factor_is_named():
    block, result = computed(*matrices(0))
    found = check_gradient(0.37 * gradient(block, result.divisor), block, result, Precision())
    assert told(found) == ("every cell is 0.37 times the right one, which is no known convention",)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_float32_noise_passes(scale):
    a, y = matrices(3, (200, 4), scale)
    y[0] = a[0] * (1 + 1e-9)  # in float32 nothing is left of this difference
    given = (2 * (a.astype(np.float32) - y.astype(np.float32)) / np.float32(a.size)).astype(np.float64)
    block, result = computed(a, y)
    single = Precision(1e-4, SINGLE)
    assert check_gradient(given, block, result, single).holds
    assert not check_gradient(given, block, result, Precision()).holds
    assert not check_gradient(given / 2, block, result, single).holds


def test_an_error_in_a_small_column_is_not_hidden_by_a_large_one():
    block, result = computed(*HOUSE)
    given = gradient(block, result.divisor)
    given[1, 1] = 0.501
    found = check_gradient(given, block, result, Precision(1e-4, SINGLE))
    assert (found.holds, found.cell) == (False, (2, 2))


def test_the_error_of_what_fails_is_relative_to_the_right_number():
    for given, right, largest in ((1.0, 0.0, math.inf), (3e-9, 1e-9, 2.0)):
        a, y = [[3.0, 1.0 + right]], [[3.0, 1.0]]
        (found, _) = check_arrays(a, y, gradient=np.array([[0.0, given]])).findings
        assert found.cell == (1, 2)
        assert found.largest == pytest.approx(largest, rel=1e-6)


def test_a_missing_number_fails():
    block, result = computed(*HOUSE)
    given = gradient(block, result.divisor)
    given[0, 1] = math.nan
    found = check_gradient(given, block, result, Precision())
    assert (found.largest, found.cell) == (math.inf, (1, 2))


def test_weights_that_are_left_out_are_named():
    a, y = matrices(4, (6, 2))
    w = np.arange(1.0, 7.0).reshape(-1, 1)
    block, result = computed(a, y, w)
    assert check_gradient(2 * w * (a - y) / (2 * w.sum()), block, result, Precision()).holds
    found = check_gradient(2 * (a - y) / (2 * w.sum()), block, result, Precision())
    assert told(found) == ("the weights are left out",)
    divided = check_gradient(2 * w * (a - y) / 12, block, result, Precision())
    assert "it is divided by N·C instead of the sum of the weights" in told(divided)
    assert told(check_loss(float(((a - y) ** 2).mean()), block, result, Precision())) == ("the weights are left out",)


def test_the_analytic_gradient_passes_and_a_spoiled_engine_fails(monkeypatch):
    for exponent in range(-6, 10):
        assert check_analytic(*computed(*matrices(exponent + 6, (40, 30), 10.0**exponent))).holds
    monkeypatch.setattr(check_module, "gradient", lambda block, divisor: 1.00000001 * gradient(block, divisor))
    found = check_analytic(*computed(*matrices(0)))
    assert not found.holds
    assert 0.9e-8 < found.largest < 1.1e-8


def wrong_losses(a, y):
    n, c = a.shape
    e = a - y
    sse = float((e * e).sum())
    return {
        "SSE": (sse, "it is SSE"),
        "half": (sse / (2 * n * c), "½·MSE"),
        "half sum": (sse / 2, "½·SSE"),
        "RMSE": (math.sqrt(sse / (n * c)), "RMSE"),
        "per sample": (sse / n, "per sample"),
        "Caffe": (sse / (2 * n), "Caffe"),
        "per column": (sse / c, "SSE/C"),
        "MAE": (float(np.abs(e).mean()), "mean absolute error"),
        "unbiased": (sse / (n * c - 1), "the number of cells − 1"),
        "length": (math.sqrt(sse), "√SSE"),
    }


@pytest.mark.parametrize("kind", list(wrong_losses(*HOUSE)))
@pytest.mark.parametrize("sides", [HOUSE, matrices(0), matrices(2, (30, 5), 1e-6)])
def test_a_wrong_loss_is_told_its_convention(kind, sides):
    given, words = wrong_losses(*sides)[kind]
    n, c = sides[0].shape
    block, result = computed(*sides)
    found = check_loss(given, block, result, Precision())
    if kind == "Caffe" and n * c == 2 * n:
        assert found.holds  # with two columns ½·SSE/N is SSE/(N·C)
    else:
        assert not found.holds
        assert any(words in fit for fit in told(found)), told(found)


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("price,rooms\n300000,3\n500000,4\n")
    (tmp_path / "t.csv").write_text("price,rooms\n350000,4\n450000,3\n")
    return tmp_path


def check(capsys, *arguments):
    code = run(["check", "p.csv", "t.csv", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_right_numbers_pass(house, capsys):
    (house / "g.csv").write_text("rooms,price\n-0.5,-25000\n0.5,25000\n")
    code, out, err = check(capsys, "--gradient", "g.csv", "--loss", "1250000000.5")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["PASS", "PASS", "PASS"]


def test_nothing_to_check_is_an_error(house, capsys):
    code, out, err = check(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("error: there is nothing to check\nhint: give what was computed: --gradient FILE")


def test_a_failure_names_the_cell_and_the_convention_and_exits_with_1(house, capsys):
    (house / "g.csv").write_text("-12500,-0.25\n12500,0.25\n")
    code, out, _ = check(capsys, "--gradient", "g.csv", "--loss", "35355.33906639845")
    assert code == 1
    assert out.splitlines() == [
        "FAIL  loss: relative error 1; tolerance 1e-7",
        "      given 35355.33906639845, right is 1250000000.5",
        "      it is RMSE, the root of MSE",
        "      or: it is the mean of the rows' RMSEs: the root is taken of the mean, not the mean of roots",
        "      step by step: mse explain p.csv t.csv --steps 5",
        "FAIL  gradient: largest relative error 0.5 at row 1, column 1 (price); cells compared: 4; "
        "tolerance 0.0001 (the numbers have few digits, at most 3)",
        "      given -12500, right is -25000",
        "      the factor 2 is missing (the gradient of ½·MSE)",
        "      step by step: mse explain p.csv t.csv --steps 9",
        "PASS  analytic gradient: largest relative error 0; cells compared: 4, against centred differences; "
        "tolerance 1e-9",
    ]


def test_the_tolerance_fits_the_numbers_and_is_said(house, capsys):
    right = np.array([[-25000, -0.5], [25000, 0.5]])
    for dtype, words in (("f2", "float16"), ("f4", "float32"), ("f8", "1e-7\n")):
        np.save("g.npy", right.astype(dtype))
        code, out, _ = check(capsys, "--gradient", "g.npy")
        assert (code, words in out.splitlines(keepends=True)[0]) == (0, True)
    np.save("g.npy", right * (1 + 1e-6))
    assert check(capsys, "--gradient", "g.npy")[0] == 1
    assert check(capsys, "--gradient", "g.npy", "--rtol", "1e-5")[0] == 0


def test_pass_never_stands_beside_a_number_that_contradicts_it(house, capsys):
    np.save("g.npy", np.array([[-25000, -0.5], [25000, 0.5]]) * (1 + 1.0004e-3))
    code, out, _ = check(capsys, "--gradient", "g.npy", "--rtol", "1e-3")
    line = out.splitlines()[0]
    assert (code, line[:4]) == (1, "FAIL")
    assert float(line.split("relative error ")[1].split(" at ")[0]) > 1e-3


def test_rounded_numbers_are_told_that_they_are_rounded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("1\n2\n4\n")
    (tmp_path / "t.csv").write_text("1.5\n2.25\n3\n")
    (tmp_path / "g.csv").write_text("-0.33\n-0.17\n0.67\n")
    code, out, _ = check(capsys, "--gradient", "g.csv", "--loss", "0.44")
    assert code == 1
    assert out.count("it agrees with the right one rounded to few digits (2)") == 2


def test_a_transposed_gradient_of_another_shape(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("1,2\n3,5\n4,7\n")
    (tmp_path / "t.csv").write_text("0,0\n0,0\n0,0\n")
    np.save("g.npy", (2 * np.array([[1.0, 2], [3, 5], [4, 7]]) / 6).T)
    code, out, _ = check(capsys, "--gradient", "g.npy")
    assert code == 1
    assert "      it is transposed\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--loss", "abc"), "--loss takes a number, not 'abc'"),
        (("--loss", "1_000"), "--loss takes a number"),
        (("--loss", "NA"), "--loss takes a number, not 'NA'"),
        (("--rtol", "2"), "--rtol takes a number from 0 to 1"),
        (("--gradient", "none.csv"), "none.csv: no such file"),
        (("--gradient", "wide.csv"), "the shapes differ"),
    ],
)
def test_wrong_usage_is_an_error(house, capsys, arguments, message):
    (house / "wide.csv").write_text("1,2,3\n4,5,6\n")
    code, out, err = check(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err


def test_an_infinite_loss_cannot_be_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("1e200\n")
    (tmp_path / "t.csv").write_text("0\n")
    code, out, err = check(capsys, "--loss", "1")
    assert (code, out) == (2, "")
    assert "not a finite number" in err
