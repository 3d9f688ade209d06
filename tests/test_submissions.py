"""What students hand in: 30-odd wrong gradients and losses, each named, and none named wrongly."""

import json
import math

import numpy as np
import pytest

from mse_cli import check
from mse_cli.checks.words import TEXTS
from mse_cli.cli import run

GENERATOR = np.random.default_rng(16)
# A matrix and a column on which no two conventions coincide.
MATRIX = GENERATOR.normal(2, 3, (8, 3)), GENERATOR.normal(0, 3, (8, 3))
COLUMN = GENERATOR.normal(5, 2, (6, 1)), GENERATOR.normal(3, 2, (6, 1))
SHUFFLE = [3, 0, 6, 1, 7, 5, 2, 4]


def gradients():
    a, y = MATRIX
    e, (n, c) = a - y, a.shape
    g = 2 * e / (n * c)
    one_wrong = g.copy()
    one_wrong[4, 1] *= 1.5
    yield "the factor ½", g / 2, "half"
    yield "the sum", 2 * e, "sum"
    yield "plain A − Y", e, "plain"
    yield "divided by N", 2 * e / n, "per_sample"
    yield "divided by N, ½", e / n, "half_per_sample"
    yield "divided by C", 2 * e / c, "per_column"
    yield "divided by N − 1", 2 * e / (n - 1), "one_less_row"
    yield "divided by N·C − 1", 2 * e / (n * c - 1), "one_less_cell"
    yield "the factor 2 twice", 2 * g, "twice"
    yield "Y − A", -g, "flipped"
    yield "Y − A, ½", -g / 2, "flipped half"
    yield "transposed", g.T, "transposed"
    yield "transposed, the sum", 2 * e.T, "transposed sum"
    yield "rows shuffled", g[SHUFFLE], "rows_shuffled"
    yield "columns shuffled", g[:, [1, 0, 2]], "columns_shuffled"
    yield "rows off by one", np.roll(g, 1, axis=0), "rows_down"
    yield "columns off by one", np.roll(g, 1, axis=1), "columns_right"
    yield "rows reversed", g[::-1], "rows_reversed"
    yield "the truth shuffled", 2 * (a - y[SHUFFLE]) / (n * c), "truth_shuffled"
    yield "SE for E", 2 * e * e / (n * c), "squared"
    yield "SE", e * e, "squared unscaled"
    yield "|A − Y|", np.abs(g), "absolute"
    yield "MAE", np.sign(e) / (n * c), "mae_gradient"
    yield "MAE, the sum", np.sign(e), "mae_gradient undivided"
    yield "MAE, 2·sign", 2 * np.sign(e) / (n * c), "mae_gradient factor_added"
    yield "MAE, divided by N", np.sign(e) / n, "mae_gradient per_sample"
    yield "2·SE", 2 * e * e, "squared undivided"
    yield "|A − Y|, ½", np.abs(g) / 2, "absolute factor_missing"
    yield "RMSE", g / (2 * math.sqrt((e * e).mean())), "rmse_gradient"
    yield "float32", (2 * (a.astype("f4") - y.astype("f4")) / np.float32(n * c)).astype("f8"), "float32"
    yield "float16", (2 * (a.astype("f2") - y.astype("f2")) / np.float16(n * c)).astype("f8"), "float16"
    yield "½, 4 decimals", np.round(g / 2, 4), "half"
    yield "Y − A, 5 decimals", np.round(-g, 5), "flipped"
    yield "rounded to 4 digits", np.array([[float(f"{x:.4g}") for x in row] for row in g]), "rounded"
    yield "rounded to 3 decimals", np.round(g, 3), "rounded"
    yield "one cell wrong", one_wrong, "cells_wrong"
    yield "rows shuffled, ½", g[SHUFFLE] / 2, "rows_shuffled half"
    yield "rows shuffled, Y − A", -g[SHUFFLE], "rows_shuffled flipped"
    yield "the sum, 4 digits", np.array([[float(f"{x:.4g}") for x in row] for row in 2 * e]), "sum"
    yield "another factor", 0.37 * g, "factor"


def column_gradients():
    a, y = COLUMN
    n = len(a)
    yield "N×N", 2 * (a - y.ravel()) / n, "broadcast"
    yield "N×N, the mean", 2 * (a - y.ravel()) / n**2, "broadcast squared_divisor"
    yield "N×N, ½", (a.ravel() - y) / n, "broadcast half"
    yield "N×N, autograd", 2 * (a - y.mean()) / n, "broadcast_mean"
    yield "a row", 2 * (a - y).T / n, "transposed"


def losses():
    a, y = MATRIX
    e, (n, c) = a - y, a.shape
    sse, mse = float((e * e).sum()), float((e * e).mean())
    yield "SSE", sse, "sse"
    yield "½·MSE", mse / 2, "half_mean"
    yield "½·SSE", sse / 2, "half_sum"
    yield "SSE/N", sse / n, "loss_per_sample"
    yield "½·SSE/N", sse / 2 / n, "caffe"
    yield "SSE/C", sse / c, "loss_per_column"
    yield "RMSE", math.sqrt(mse), "rmse"
    yield "the mean of RMSEs", float(np.sqrt((e * e).mean(axis=0)).mean()), "mean_of_rmses"
    yield "the mean of the rows' RMSEs", float(np.sqrt((e * e).mean(axis=1)).mean()), "mean_of_row_rmses"
    yield "√SSE", math.sqrt(sse), "root_sse"
    yield "MAE", float(np.abs(e).mean()), "mae"
    yield "the mean error", float(e.mean()), "mean_error"
    yield "the variance", float(e.var()), "variance"
    yield "the sample variance", float(e.var(ddof=1)), "sample_variance"
    yield "N·C − 1", sse / (n * c - 1), "one_less_cell"
    yield "one column", float((e * e)[:, 1].mean()), "column"
    yield "the sign", -mse, "negative"
    yield "float32", float(np.float32(mse * (1 + 1e-6))), "float32"
    yield "4 digits", float(f"{mse:.4g}"), "rounded"
    yield "½·MSE, 4 digits", float(f"{mse / 2:.4g}"), "half_mean"


def column_losses():
    a, y = COLUMN
    yield "N×N", float(((a - y.ravel()) ** 2).mean()), "broadcast"
    yield "N×N, the sum", float(((a - y.ravel()) ** 2).sum()), "broadcast"


SUBMISSIONS = [
    *((MATRIX, f"gradient: {name}", wrong, codes) for name, wrong, codes in gradients()),
    *((COLUMN, f"gradient: {name}", wrong, codes) for name, wrong, codes in column_gradients()),
    *((MATRIX, f"loss: {name}", wrong, codes) for name, wrong, codes in losses()),
    *((COLUMN, f"loss: {name}", wrong, codes) for name, wrong, codes in column_losses()),
]


def graded(capsys, sides, submission, *arguments):
    """What the command says of a submission, as JSON."""
    for name, side in zip("ay", sides, strict=True):
        np.save(f"{name}.npy", side)
    np.save("g.npy", submission)
    given = ("--loss", repr(submission)) if isinstance(submission, float) else ("--gradient", "g.npy")
    code = run(["check", "a.npy", "y.npy", *given, "-f", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("sides", "name", "wrong", "codes"), SUBMISSIONS, ids=[s[1] for s in SUBMISSIONS])
def test_a_wrong_submission_is_named_and_not_wrongly(tmp_path, monkeypatch, capsys, sides, name, wrong, codes):
    monkeypatch.chdir(tmp_path)
    code, found = graded(capsys, sides, wrong)
    first, engine = found["checks"]
    assert (code, found["passed"], first["passed"], engine["passed"]) == (1, False, False, True)
    assert first["what"] == name.split(":")[0]
    assert [fit["codes"] for fit in first["fits"]] == [codes.split()]
    assert first["section"] in range(1, 10)
    code, chinese = graded(capsys, sides, wrong, "--lang", "zh")
    assert chinese["checks"][0]["fits"][0]["codes"] == codes.split()
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese["checks"][0]["fits"][0]["text"])


@pytest.mark.parametrize("sides", [MATRIX, COLUMN])
def test_a_right_submission_passes_and_is_not_named(tmp_path, monkeypatch, capsys, sides):
    monkeypatch.chdir(tmp_path)
    e = sides[0] - sides[1]
    right = 2 * e / e.size
    for submission in (right, right.astype("f4"), float((e * e).mean()), float(f"{(e * e).mean():.10g}")):
        code, found = graded(capsys, sides, submission)
        assert (code, found["passed"], found["checks"][0]["fits"]) == (0, True, [])


def test_what_fits_nothing_is_not_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for submission in (GENERATOR.normal(size=MATRIX[0].shape), 0.123456789123):
        code, found = graded(capsys, MATRIX, submission)
        assert (code, found["checks"][0]["fits"]) == (1, [])


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda g: g, "rounded"),
        (lambda g: g / 2, "half"),
        (lambda g: g.size * g, "sum"),
        (lambda g: g.T, "transposed"),
        (lambda g: -g.T, "transposed flipped"),
    ],
)
@pytest.mark.parametrize("decimals", [4, 6])
def test_columns_of_other_sizes_rounded_to_decimals_are_named(tmp_path, monkeypatch, capsys, change, codes, decimals):
    monkeypatch.chdir(tmp_path)
    y = GENERATOR.normal(300000, 80000, (12, 2)) * [1, 1e-5]
    a = y + GENERATOR.normal(0, 20000, (12, 2)) * [1, 3e-5]
    right = 2 * (a - y) / a.size
    np.savetxt("g.csv", change(right), fmt=f"%.{decimals}f", delimiter=",")
    for name, side in (("a", a), ("y", y)):
        np.save(f"{name}.npy", side)
    assert run(["check", "a.npy", "y.npy", "--gradient", "g.csv", "-f", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["checks"][0]["fits"]
    assert [fit["codes"] for fit in found] == [codes.split()]
    assert codes != "rounded" or f"few decimals ({decimals})" in found[0]["text"]


def test_errors_far_below_the_numbers_are_not_taken_for_a_shuffled_truth(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    y = GENERATOR.normal(1e9, 1e8, (8, 2))
    code, found = graded(capsys, (y + GENERATOR.normal(size=y.shape), y), GENERATOR.normal(size=y.shape))
    assert (code, found["checks"][0]["fits"]) == (1, [])


@pytest.mark.parametrize(
    ("shape", "factor", "codes"),
    [
        ((6, 1), 1 / 6, ["half"]),
        ((6, 1), 2.0, ["sum"]),
        ((6, 1), 2 / 5, ["one_less_row"]),
        ((1, 6), 2.0, ["sum"]),
        ((1, 6), 1.0, ["plain"]),
        ((2, 1), 2.0, ["sum", "twice"]),
        ((1, 1), 1.0, ["half"]),
        ((1, 1), 4.0, ["twice"]),
        ((2, 2), 1.0, ["plain", "per_sample", "per_column", "twice"]),
    ],
)
def test_nothing_is_named_that_has_no_meaning_for_the_shape(shape, factor, codes):
    a, y = (side.ravel()[: math.prod(shape)].reshape(shape) for side in MATRIX)
    (found, _) = check(a, y, gradient=factor * (a - y)).findings
    assert [[remark.code for remark in fit] for fit in found.fits] == [[code] for code in codes]
    loss = {"half": 0.5, "sum": math.prod(shape)}.get(codes[0])
    if loss:
        found = check(a, y, loss=loss * float(((a - y) ** 2).mean())).findings[0]
        assert found.fits[0][0].code == {"half": "half_mean", "sum": "sse"}[codes[0]]


def test_of_a_prediction_without_errors_nothing_is_named():
    a, _ = MATRIX
    for wrong in ({"gradient": np.ones_like(a)}, {"gradient": a}, {"loss": 1.25}, {"loss": math.nan}):
        found = check(a, a, **wrong).findings[0]
        assert (found.holds, found.fits) == (False, ())
    assert check(a, a, gradient=np.zeros_like(a), loss=0.0).passed
    assert check(*MATRIX, gradient=np.zeros_like(a), loss=0.0).findings[0].fits == ()


def fields(text):
    return {part.split("}")[0] for part in text.split("{")[1:]}


def test_every_language_has_the_same_texts():
    english = TEXTS["en"]
    for texts in TEXTS.values():
        assert list(texts) == list(english)
        assert all(fields(text) == fields(english[key]) for key, text in texts.items())
    assert not any("单元格" in text or "目标值" in text for text in TEXTS["zh"].values())


def test_chinese_on_a_screen(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, side in zip("ay", COLUMN, strict=True):
        np.save(f"{name}.npy", side)
    np.save("g.npy", -2 * (COLUMN[0] - COLUMN[1]) / 6)
    assert run(["check", "a.npy", "y.npy", "--gradient", "g.npy", "--lang", "zh"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip().split()[0][:4] for line in lines] == ["不通过", "给出的是", "符号相反", "逐步讲解", "通过"]
    assert lines[3].endswith("mse explain a.npy y.npy --steps 7")
