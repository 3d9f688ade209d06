"""``mse compare``: the same cells for every model, ranks, paired differences, gates, every format."""

import csv
import io
import itertools
import json
import math
import random

import numpy as np
import pandas
import pytest
from conftest import check_refused

import mse_cli
from mse_cli.errors import InputError, MseError, ParseError, ShapeError, UsageError
from mse_cli.readers.opening import InputOptions
from mse_cli.running.comparison.models import open_models

N = 60


@pytest.fixture
def made(tmp_path):
    """Three models and their truth, as CSV with a key in four orders and as NPY."""
    rng = np.random.default_rng(5)
    y = rng.normal(size=(N, 2)) * [1000, 1]
    sides = {"truth": y} | {
        name: y + rng.normal(size=(N, 2)) * s for name, s in (("far", 30), ("near", 3), ("close", 3.2))
    }
    random.seed(4)
    for name, side in sides.items():
        np.save(tmp_path / f"{name}.npy", side)
        rows = list(enumerate(side.tolist()))
        random.shuffle(rows)
        lines = [f"k{i},{price!r},{rooms!r}" for i, (price, rooms) in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,price,rooms", *lines]) + "\n")
    return sides


def in_json(mse, *arguments):
    done = mse("compare", *arguments, "-f", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_hand(sides, names, reference):
    """Difference, standard error and rows better of each model, from NumPy."""
    losses = {name: ((sides[name] - sides["truth"]) ** 2).sum(axis=1) for name in {*names, reference}}
    for name in names:
        d = (losses[name] - losses[reference]) / 2
        yield name, d.mean(), d.std(ddof=1) / math.sqrt(len(d)), int((d < 0).sum())


@pytest.mark.parametrize("kind", ["npy", "csv"])
def test_models_are_ranked_and_compared_with_the_best(mse, made, kind):
    key = ["--key", "id"] if kind == "csv" else []
    names = ["far", "near", "close"]
    found = in_json(mse, *(f"{name}.{kind}" for name in [*names, "truth"]), *key)
    mses = {name: ((made[name] - made["truth"]) ** 2).mean() for name in names}
    order = sorted(names, key=mses.get)
    assert [(model["model"], model["rank"]) for model in found["models"]] == [
        (f"{name}.{kind}", rank) for rank, name in enumerate(order, 1)
    ]
    assert (found["best"], found["baseline"], found["cells_used"]) == (f"{order[0]}.{kind}", None, 2 * N)
    right = {name: figures for name, *figures in by_hand(made, names, order[0])}
    for name, model in zip(order, found["models"], strict=True):
        assert model["mse"] == pytest.approx(mses[name], rel=1e-13)
        assert model["ratio"] == pytest.approx(mses[name] / mses[order[0]], rel=1e-13)
        figures = ("difference", "standard_error", "rows_better")
        if name == order[0]:
            assert [model[figure] for figure in (*figures, "low", "high")] == [None] * 5
            continue
        assert [model[figure] for figure in figures] == pytest.approx(right[name], rel=1e-12)
        half = 1.959964 * model["standard_error"]
        assert (model["low"], model["high"]) == pytest.approx((model["difference"] - half, model["difference"] + half))
        assert [column["name"] for column in model["columns"]] == (["price", "rooms"] if kind == "csv" else [None] * 2)


def test_each_model_has_the_numbers_of_compute(mse, made):
    found = in_json(mse, "far.npy", "near.npy", "truth.npy")
    for model in found["models"]:
        alone = json.loads(mse("compute", model["model"], "truth.npy", "--summary", "-f", "json").stdout)
        assert [model[key] for key in ("loss", "sse", "mse", "rmse")] == [
            alone[key] for key in ("loss", "sse", "mse", "rmse")
        ]
        assert model["columns"] == alone["columns"]


def test_the_same_bits_for_any_order_of_rows_format_and_worker(mse, made):
    files = ("far", "near", "close", "truth")
    found = [in_json(mse, *(f"{name}.npy" for name in files))]
    found += [in_json(mse, *(f"{name}.csv" for name in files), "--key", "id")]
    found += [in_json(mse, *(f"{name}.npy" for name in files), "-j", str(jobs)) for jobs in (1, 2)]
    figures = [[{**model, "model": None, "columns": None} for model in it["models"]] for it in found]
    assert all(other == figures[0] for other in figures)


@pytest.mark.parametrize("policy", ["skip-cell", "skip-row"])
def test_what_is_missing_in_one_model_is_left_out_for_all(mse, made, tmp_path, policy):
    sides = {name: side.copy() for name, side in made.items()}
    sides["far"][3, 0] = sides["near"][4, 1] = sides["near"][5, 0] = sides["truth"][6] = np.nan
    for name, side in sides.items():
        np.save(tmp_path / f"{name}.npy", side)
    check_refused(mse("compare", "far.npy", "near.npy", "close.npy", "truth.npy"), "missing (NaN)")
    done = mse("compare", "far.npy", "near.npy", "close.npy", "truth.npy", "--missing", policy, "-f", "json")
    found = json.loads(done.stdout)
    absent = np.isnan(np.stack(list(sides.values()))).any(axis=0)
    absent = absent.any(axis=1, keepdims=True) | absent if policy == "skip-row" else absent
    assert found["cells_used"] == int((~absent).sum())
    assert f"{absent.sum()} cells left out for every model" in done.stderr
    for model in found["models"]:
        errors = (sides[model["model"][:-4]] - sides["truth"])[~absent]
        assert model["mse"] == pytest.approx((errors**2).mean(), rel=1e-13)


def test_weights_count_in_every_figure(mse, made, tmp_path):
    weights = np.random.default_rng(1).integers(0, 4, size=N).astype(float)
    np.save(tmp_path / "w.npy", weights)
    found = in_json(mse, "far.npy", "near.npy", "truth.npy", "--weights", "w.npy")
    repeated = {name: np.repeat(side, weights.astype(int), axis=0) for name, side in made.items()}
    (_, difference, *_) = next(by_hand(repeated, ["far"], "near"))
    d = ((made["far"] - made["truth"]) ** 2 - (made["near"] - made["truth"]) ** 2).sum(axis=1) * weights
    w, n = 2 * weights, (weights > 0).sum()
    error = math.sqrt(n / (n - 1) * ((d - difference * w) ** 2).sum()) / w.sum()
    far = found["models"][1]
    assert (far["difference"], far["standard_error"]) == pytest.approx((difference, error), rel=1e-12)


def test_rows_without_a_match_are_left_out_everywhere(mse, made, tmp_path):
    keep = (tmp_path / "near.csv").read_text().splitlines(keepends=True)
    (tmp_path / "near.csv").write_text(
        "".join(line for line in keep if not line.startswith(("k1,", "k2,"))) + "extra,1,2\n"
    )
    files = ("far.csv", "near.csv", "close.csv", "truth.csv", "--key", "id")
    check_refused(mse("compare", *files), "do not hold the same keys", "'extra' only in near.csv")
    done = mse("compare", *files, "--unmatched", "drop", "-f", "json")
    found = json.loads(done.stdout)
    assert found["shape"] == [N - 2, 2]
    for name, n in (("far", "2 rows"), ("truth", "2 rows"), ("close", "2 rows"), ("near", "1 row")):
        assert f"{name}.csv: {n} left out" in done.stderr
    here = {name: np.delete(side, [1, 2], axis=0) for name, side in made.items()}
    assert found["models"][0]["mse"] == pytest.approx(((here["near"] - here["truth"]) ** 2).mean(), rel=1e-12)


def test_columns_are_matched_by_name_for_each_model(mse, tmp_path):
    (tmp_path / "y.csv").write_text("price,rooms\n10,1\n20,2\n")
    (tmp_path / "a.csv").write_text("price,rooms\n11,1\n20,2\n")
    (tmp_path / "b.csv").write_text("rooms,price\n1,10\n2,23\n")
    done = mse("compare", "a.csv", "b.csv", "y.csv", "-f", "json")
    assert [column["mse"] for column in json.loads(done.stdout)["models"][1]["columns"]] == [4.5, 0.0]
    assert "matched by name" in done.stderr
    (tmp_path / "b.csv").write_text("rooms\n1\n2\n")
    check_refused(mse("compare", "a.csv", "b.csv", "y.csv"), "predict different columns", "b.csv")


def test_identifiers_of_models_are_held_against_each_other(mse, tmp_path):
    (tmp_path / "y.csv").write_text("price\n10\n20\n")
    (tmp_path / "a.csv").write_text("id,price\n7,11\n8,20\n")
    (tmp_path / "b.csv").write_text("id,price\n8,21\n7,10\n")
    check_refused(mse("compare", "a.csv", "b.csv", "y.csv", "--pred", "price"), "id")


def test_models_may_be_columns_of_a_table(mse, tmp_path):
    (tmp_path / "t.csv").write_text("linear,forest,y,w\n1,2,3,1\n5,4,4,3\n")
    found = in_json(mse, "t.csv", "--pred", "linear,forest", "--true", "y", "--weight-column", "w")
    assert [(model["model"], model["mse"]) for model in found["models"]] == [("forest", 0.25), ("linear", 7 / 4)]
    assert mse("compare", "t.csv", "--pred", "1-2", "--true", "y", "--only", "best").stdout == "forest\n"
    check_refused(mse("compare", "t.csv", "--pred", "linear", "--true", "y"), "one model")
    check_refused(mse("compare", "t.csv", "--pred", "linear,linear", "--true", "y"), "given twice")
    check_refused(mse("compare", "t.csv", "--pred", "linear,forest", "--true", "y,w"), "--true names one")
    check_refused(mse("compare", "t.csv"), "which of its columns are the models")
    np.savez(tmp_path / "t.npz", a=np.eye(3), b=np.zeros((3, 3)), y=np.eye(3) * 3)
    assert in_json(mse, "t.npz", "--pred", "a,b", "--true", "y")["best"] == "a"


def test_globs_and_folders_are_a_model_each(mse, made, tmp_path):
    for name in ("near", "far", "truth"):
        (tmp_path / name).mkdir()
        for k, rows in enumerate(np.array_split(made[name], 3)):
            np.save(tmp_path / name / f"part-{k}.npy", rows)
    found = in_json(mse, "near/", "far/*.npy", "truth/")
    assert [model["model"] for model in found["models"]] == ["near/", "far/*.npy"]
    assert found["shape"] == [N, 2]


def test_one_file_may_be_standard_input(mse, made, tmp_path):
    text = (tmp_path / "truth.csv").read_text()
    files = ("near.csv", "far.csv", "-", "--key", "id", "--only", "best")
    assert mse("compare", *files, input=text).stdout == "near.csv\n"
    check_refused(mse("compare", "-", "far.csv", "-", input=text), "standard input")


def test_wrong_usage_is_told(mse, made):
    check_refused(mse("compare", "near.npy", "truth.npy"), "one model")
    check_refused(mse("compare", "near.npy", "near.npy", "truth.npy"), "given twice")
    check_refused(mse("compare", "near.npy", "far.npy", "truth.npy", "--baseline", "close.npy"), "none of the models")
    check_refused(mse("compare", "near.npy", "far.npy", "truth.npy", "--max-increase", "2%"), "--max-increase")
    for wrong in ("much", "nan", "%", "", "-1"):
        given = ("--baseline", "far.npy", "--max-increase", wrong)
        check_refused(mse("compare", "near.npy", "far.npy", "truth.npy", *given), "--max-increase takes 2% or a number")
    check_refused(mse("compare", "near.npy", "far.npy", "truth.npy", "-f", "npy"), "NPY")
    check_refused(mse("compare", "near.npy", "far.npy", "truth.npy", "-o", "near.npy", "-f", "csv"), "is an input")
    assert mse("compare", "near.npy", "far.npy", "missing.npy").returncode == 2


@pytest.mark.parametrize(
    ("first", "increase", "code"),
    [
        ("near.npy", "0", 0),
        ("far.npy", "2%", 1),
        ("far.npy", "1000000%", 0),
        ("far.npy", "1e9", 0),
    ],
)
def test_the_first_other_model_must_not_be_worse_by_more(mse, made, first, increase, code):
    files = [first, "close.npy", "truth.npy"]
    done = mse("compare", *files, "--baseline", "close.npy", "--max-increase", increase, "-f", "json", "-q")
    assert done.returncode == code
    found = json.loads(done.stdout)
    assert (found["baseline"], found["gate"]["passed"]) == ("close.npy", code == 0)
    assert ("--max-increase" in done.stderr) == (code == 1)
    (limit,) = found["gate"]["limits"]
    assert (limit["value"] <= limit["limit"]) == (code == 0)


def test_a_baseline_is_what_the_others_are_compared_with(mse, made):
    found = in_json(mse, "far.npy", "near.npy", "close.npy", "truth.npy", "--baseline", "far.npy")
    right = {name: figures for name, *figures in by_hand(made, ["near", "close"], "far")}
    for model in found["models"]:
        name = model["model"][:-4]
        figures = [model[figure] for figure in ("difference", "standard_error", "rows_better")]
        assert figures == ([None] * 3 if name == "far" else pytest.approx(right[name], rel=1e-12))
    assert found["models"][0]["ratio"] == 1


def test_csv_has_a_row_for_each_model(mse, made, tmp_path):
    found = in_json(mse, "far.npy", "near.npy", "close.npy", "truth.npy")["models"]
    done = mse("compare", "far.npy", "near.npy", "close.npy", "truth.npy", "-o", "out.csv")
    assert (done.stdout, done.returncode) == ("", 0)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    for row, model in zip(rows, found, strict=True):
        assert row["model"] == model["model"]
        for key in ("mse", "rmse", "ratio", "difference", "standard_error", "low", "high", "rows_better"):
            assert (float(row[key]) if row[key] else None) == model[key]
        assert [float(row[f"mse.{j}"]) for j in (1, 2)] == [column["mse"] for column in model["columns"]]
    assert (
        mse("compare", "far.npy", "near.npy", "truth.npy", "--only", "best", "-f", "csv").stdout == "best\nnear.npy\n"
    )
    assert (
        json.loads(mse("compare", "far.npy", "near.npy", "truth.npy", "--only", "best", "-f", "json").stdout)
        == "near.npy"
    )


def test_tables_say_what_to_make_of_it(mse, made):
    text = mse("compare", "far.npy", "near.npy", "close.npy", "truth.npy").stdout
    models = [line.split("│")[1].strip() for line in text.splitlines() if "│" in line]
    assert models[1] == "near.npy"
    assert text.splitlines()[-1].startswith("near.npy is the best of 3 models. Not distinguishable from it")
    assert "far.npy" not in text.splitlines()[-1]
    assert text.count(" *") == 2
    assert "cells used 120 of 120" in text
    marked = mse("compare", "far.npy", "near.npy", "close.npy", "truth.npy", "-f", "markdown").stdout
    assert marked.startswith("| model | MSE | RMSE | × best | difference | 95 % interval | closer on |\n| --- | ---: |")
    summed = mse("compare", "far.npy", "near.npy", "truth.npy", "--reduction", "sum", "--digits", "3").stdout
    assert "SSE" in summed


def test_groups_of_each_model_are_those_of_compute(mse, made, tmp_path):
    rows = (tmp_path / "truth.csv").read_text().splitlines()
    text = [rows[0] + ",region", *(f"{row},{['north', 'south', ''][k % 3]}" for k, row in enumerate(rows[1:]))]
    (tmp_path / "truth.csv").write_text("\n".join(text) + "\n")
    options = ("truth.csv", "--key", "id", "--by", "region")
    found = in_json(mse, "far.csv", "near.csv", "close.csv", *options)
    for model in found["models"]:
        alone = json.loads(mse("compute", model["model"], *options, "--summary", "-f", "json").stdout)
        assert model["groups"] == alone["groups"]
    assert [group["group"] for group in found["models"][0]["groups"]] == [
        {"region": it} for it in (None, "north", "south")
    ]
    text = mse("compare", "far.csv", "near.csv", "close.csv", *options).stdout
    assert "│ MSE of           │ rows │" in text
    assert "│ region (missing) │   20 │" in text
    assert text.count(" *") == 5
    assert "⋮ 1 more" in mse("compare", "far.csv", "near.csv", *options, "--max-rows", "2").stdout


def test_a_table_is_waited_for_as_long_as_other_files(monkeypatch):
    asked = []

    def resolve(spec, *, keep, timeout):
        asked.append(timeout)
        raise ParseError("far away")

    monkeypatch.setattr("mse_cli.readers.opening.resolve", resolve)
    for files in (["https://127.0.0.1:9/table.csv"], ["https://127.0.0.1:9/a.csv", "b.csv", "t.csv"]):
        with pytest.raises(ParseError, match="far away"):
            open_models(files, InputOptions(pred="a,b", true="y", timeout=0.5))
    assert asked == [0.5, 0.5]


def test_groups_of_a_table(mse, tmp_path):
    (tmp_path / "t.csv").write_text("linear,forest,y,region\n1,2,3,a\n5,4,4,b\n")
    found = in_json(mse, "t.csv", "--pred", "linear,forest", "--true", "y", "--by", "region")
    assert [[group["mse"] for group in model["groups"]] for model in found["models"]] == [[1.0, 0.0], [4.0, 1.0]]


def test_few_rows_equal_losses_and_a_perfect_model(mse, tmp_path):
    y = np.arange(10.0)
    for name, side in {"y": y, "a": y + 1, "b": y - 1, "exact": y}.items():
        np.save(tmp_path / f"{name}.npy", side)
    text = mse("compare", "a.npy", "b.npy", "y.npy").stdout
    assert "equally good" in text
    assert "b.npy has the same loss as it in every row" in text
    assert "With 10 rows, fewer than 30, there are no intervals" in text
    found = in_json(mse, "a.npy", "exact.npy", "y.npy")
    assert [(model["rank"], model["ratio"]) for model in found["models"]] == [(1, None), (2, None)]
    assert [found["models"][1][key] for key in ("difference", "standard_error", "low", "high")] == [
        1.0,
        0.0,
        None,
        None,
    ]
    assert "MSE is 0" in mse("compare", "a.npy", "exact.npy", "y.npy").stdout


def test_names_are_as_short_as_tells_them_apart(mse, made, tmp_path):
    for folder, name in (("x", "near"), ("y", "far")):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "p.npy", made[name])
    text = mse("compare", tmp_path / "x/p.npy", tmp_path / "y/p.npy", "truth.npy").stdout
    assert "│ x/p.npy │" in text
    assert str(tmp_path) not in text.replace("truth.npy", "")
    found = in_json(mse, tmp_path / "x/p.npy", "y/p.npy", "truth.npy", "--baseline", "x/p.npy")
    assert found["baseline"] == str(tmp_path / "x/p.npy")


def test_infinite_losses_come_last(mse, made, tmp_path):
    far = made["far"].copy()
    far[0, 0] = np.nan
    np.save(tmp_path / "far.npy", far)
    found = in_json(mse, "far.npy", "near.npy", "close.npy", "truth.npy", "--missing", "propagate")
    assert [model["model"] for model in found["models"]][2] == "far.npy"
    assert [found["models"][2][key] for key in ("mse", "difference", "low")] == [None] * 3
    assert found["models"][1]["low"] is not None
    nothing = in_json(mse, "far.npy", "truth.npy", "truth.npy".replace("truth", "far"), "--missing", "propagate")
    assert nothing["best"] is None
    only = ("far.npy", "./far.npy", "truth.npy", "--missing", "propagate", "--only", "best")
    check_refused(mse("compare", *only, "-q"), "there is no best one")
    assert mse("compare", *only, "-f", "json").stdout == "null\n"
    gate = ("--missing", "propagate", "--baseline", "far.npy", "--max-increase", "2%")
    done = mse("compare", "near.npy", "far.npy", "truth.npy", *gate, "-q", "-f", "json")
    assert (done.returncode, json.loads(done.stdout)["gate"]["limits"][0]["limit"]) == (1, None)


def test_what_is_no_number_is_not_shown_as_left_out(mse, tmp_path):
    (tmp_path / "t.csv").write_text("g,y\n[b],1\nn,2\nn,4\n")
    (tmp_path / "a.csv").write_text("y\n1\n2\n3\n")
    (tmp_path / "b.csv").write_text("y\nNaN\n2\n9\n")
    files = ("compare", "a.csv", "b.csv", "t.csv", "--by", "g", "--missing", "propagate")

    def cells(*options):
        return [line.replace(" *", "").split("│")[1:-1] for line in mse(*files, *options).stdout.splitlines()]

    rows = [[cell.strip() for cell in line] for line in cells()]
    assert ["g [b]", "1", "0", "nan"] in rows
    assert not any("⋮" in row for row in rows)
    assert ["⋮ 1 more", "⋮", "⋮", "⋮"] in [[cell.strip() for cell in line] for line in cells("--max-rows", "1")]


@pytest.fixture
def texts(made, tmp_path):
    for name in ("far", "near", "truth"):
        rows = np.tile(made[name], (200, 1)).tolist()
        (tmp_path / f"{name}.txt").write_text("\n".join(f"{a!r},{b!r}" for a, b in rows) + "\n")
    return "far.txt", "near.txt", "truth.txt"


def test_text_in_processes_gives_the_same_bits(mse, texts):
    assert in_json(mse, *texts, "-j", "3") == in_json(mse, *texts, "-j", "1")


@pytest.mark.cluster
def test_and_so_does_dask(mse, texts):
    assert in_json(mse, *texts, "--dask", "local", "-j", "2") == in_json(mse, *texts)
    rows = ("far.csv", "near.csv", "close.csv", "truth.csv", "--key", "id")
    assert in_json(mse, *rows, "--dask", "local", "-j", "1") == in_json(mse, *rows)


class TestInPython:
    def test_arrays_give_what_files_give(self, mse, made, tmp_path):
        arrays = mse_cli.compare({name: made[name] for name in ("far", "near")}, made["truth"])
        files = mse_cli.compare(
            {name: str(tmp_path / f"{name}.npy") for name in ("far", "near")}, tmp_path / "truth.npy"
        )
        assert [(s.model, s.result, s.difference) for s in arrays.models] == [
            (s.model, s.result, s.difference) for s in files.models
        ]
        found = in_json(mse, "far.npy", "near.npy", "truth.npy")
        assert [s.result.mse for s in arrays.models] == [model["mse"] for model in found["models"]]

    def test_of_many_rows_too(self):
        rng = np.random.default_rng(0)
        y, a, b = rng.normal(size=(3, 300_000))
        found = mse_cli.compare({"a": a, "b": b}, y, baseline="a")
        d = (b - y) ** 2 - (a - y) ** 2
        other = next(s for s in found.models if s.model == "b").difference
        assert other.value == pytest.approx(d.mean(), rel=1e-12)
        assert other.standard_error == pytest.approx(d.std(ddof=1) / math.sqrt(len(d)), rel=1e-12)

    def test_masked_and_missing_cells_are_left_out_for_all(self):
        a = np.ma.masked_equal([[1.0], [9.0], [3.0]], 9)
        b = [[2.0], [2.0], [math.nan]]
        found = mse_cli.compare({"a": a, "b": b}, [[1.0], [1.0], [1.0]], missing="skip-cell")
        assert [(s.model, s.result.cells_used, s.result.mse) for s in found.models] == [("a", 1, 0.0), ("b", 1, 1.0)]
        assert found.notes == ("2 cells left out for every model: missing in one of them or in the target",)
        with pytest.raises(ParseError, match="missing"):
            mse_cli.compare({"a": a, "b": b}, [[1.0], [1.0], [1.0]])

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (({"a": [1.0]}, [1.0]), UsageError),
            (([[1.0], [2.0]], [1.0]), UsageError),
            (({"a": [1.0], "b": [1.0]}, None), UsageError),
            (({1: [1.0], "1": [1.0], "b": [2.0]}, [1.0]), UsageError),
            (({"a": [1.0], "b": "missing.csv"}, [1.0]), InputError),
            (({"a": [1.0], "b": [1.0, 2.0]}, [1.0]), ShapeError),
            (({"a": [1.0], "b": ["x"]}, [1.0]), MseError),
        ],
    )
    def test_what_does_not_belong_together_is_refused(self, arguments, error):
        with pytest.raises(error):
            mse_cli.compare(*arguments)

    def test_options_of_files_are_refused_for_arrays(self):
        with pytest.raises(UsageError, match="there is no column 'id'"):
            mse_cli.compare({"a": [1.0], "b": [2.0]}, [1.0], key="id")
        with pytest.raises(UsageError, match="key needs a column of keys"):
            mse_cli.compare({"a": [1.0], "b": [2.0]}, [1.0], key="1")
        with pytest.raises(UsageError, match="none of the models"):
            mse_cli.compare({"a": [1.0], "b": [2.0]}, [1.0], baseline="c")

    def test_frames_are_matched_by_name_in_one_order(self):
        y = pandas.DataFrame({"p": [1.0, 2.0], "q": [3.0, 4.0]})
        found = mse_cli.compare({"a": y + 1, "b": y}, y)
        assert [s.model for s in found.models] == ["b", "a"]
        other = mse_cli.compare({"a": y + 1, "b": y[["q", "p"]]}, y)
        assert [(s.model, s.result) for s in other.models] == [(s.model, s.result) for s in found.models]
        with pytest.raises(ShapeError, match="predict different columns"):
            mse_cli.compare({"a": y + 1, "b": y[["q"]]}, y)

    def test_arrays_and_files_go_together(self, made, tmp_path):
        both = mse_cli.compare({"far": made["far"], "near": tmp_path / "near.npy"}, tmp_path / "truth.npy")
        arrays = mse_cli.compare({name: made[name] for name in ("far", "near")}, made["truth"])
        assert both == arrays

    def test_groups_are_named_in_a_frame_or_labelled(self, made):
        regions = ["north", None, "<b>"] * (N // 3)
        truth = pandas.DataFrame(made["truth"], columns=["price", "rooms"])
        models = {name: truth * 0 + made[name] for name in ("far", "near")}
        named = mse_cli.compare(models, truth.assign(region=regions), by="region")
        assert [group.texts for group in named.models[0].result.groups] == [("",), ("<b>",), ("north",)]
        series = pandas.Series(regions, name="region")
        for labels in (series, series.astype("category"), series.to_frame(), {"region": regions}):
            assert mse_cli.compare(models, truth, by=labels).models == named.models
        arrays = {name: made[name] for name in models}
        alone = mse_cli.compare(arrays, made["truth"], by=np.array(regions, dtype=object))
        assert alone.models[0].result.by == ("by",)
        assert alone.models[0].result.groups == named.models[0].result.groups
        for standing in named.models:
            one = mse_cli.evaluate(models[standing.model], truth, by=series, stats=True)
            assert (one.groups, one.columns[0].mse) == (standing.result.groups, standing.result.columns[0].mse)
            assert one.stats.bias == pytest.approx((models[standing.model] - truth).to_numpy().mean(), rel=1e-12)

    @pytest.mark.parametrize(
        ("by", "words"),
        [
            (["a"] * (N - 1), f"by has {N - 1} labels for {N} rows"),
            (["price", "rooms"] * (N // 2), "labels of rows are called like columns"),
            ([["a"]] * N, "each row has one label"),
            (7, "'7' is no column of labels"),
            (b"price", "is no column of labels"),
            ({"a": ["x"] * N, "b": ["x"]}, "columns of different lengths"),
            ("regoin", "there is no column 'regoin'"),
        ],
    )
    def test_labels_that_belong_to_no_rows_are_refused(self, made, by, words):
        truth = pandas.DataFrame(made["truth"], columns=["price", "rooms"])
        with pytest.raises(MseError, match=words):
            mse_cli.compare({"a": truth, "b": truth}, truth, by=by)

    def test_labels_stand_at_positions(self, made, tmp_path):
        files = [str(tmp_path / f"{name}.csv") for name in ("far", "truth")]
        with pytest.raises(UsageError, match="not at their keys"):
            mse_cli.evaluate(*files, key="id", by=["a"] * N)
        with pytest.raises(ShapeError, match="by is 3×0"):
            mse_cli.evaluate(*files, pred_columns="price", true_columns="price", no_key=True, by=["a"] * 3)

    def test_it_shows_itself_as_the_command_prints_it(self, mse, made):
        found = mse_cli.compare({f"{name}.npy": made[name] for name in ("far", "near")}, made["truth"])
        printed = mse("compare", "far.npy", "near.npy", "truth.npy").stdout
        assert str(found) == printed.rstrip("\n").replace("truth.npy", "the target")
        bundle = mse_cli.compare({"<b>": made["far"], "near": made["near"]}, made["truth"])._repr_mimebundle_()
        assert bundle["text/html"].count("<table>") == 2
        assert "<b>" not in bundle["text/html"]
        assert "near is the best of 2 models" in bundle["text/html"]
        assert bundle["text/markdown"].startswith("| model | MSE |")


def test_every_pair_of_models_is_compared_as_if_alone(made):
    names = ("far", "near", "close")
    for a, b in itertools.permutations(names, 2):
        alone = mse_cli.compare({a: made[a], b: made[b]}, made["truth"], baseline=b)
        among = mse_cli.compare({name: made[name] for name in names}, made["truth"], baseline=b)
        figures = [next(s.difference for s in found.models if s.model == a) for found in (alone, among)]
        assert figures[0] == figures[1]


def test_warnings_stand_in_the_notes_and_are_not_of_infinite_inputs(mse, tmp_path):
    (tmp_path / "y.csv").write_text("p\n0\n0\n")
    for name, cell, words in (("square", "1e200", "the square of an error"), ("sum", "1.3e154", "the sum of the")):
        (tmp_path / f"{name}.csv").write_text(f"p\n{cell}\n{cell}\n")
        for command in (["compute"], ["compare", f"{name}.csv"]):
            done = mse(*command, f"{name}.csv" if command == ["compute"] else "y.csv", "y.csv", "-f", "json")
            (note,) = [note for note in json.loads(done.stdout)["notes"] if words in note]
            assert f"warning: {note}" in done.stderr
    (tmp_path / "inf.csv").write_text("p\ninf\n1\n")
    done = mse("compute", "inf.csv", "y.csv", "--missing", "propagate", "-f", "json")
    assert (done.stderr, json.loads(done.stdout)["notes"]) == ("", [])


def test_groups_of_some_models_alone_are_told(mse, tmp_path):
    (tmp_path / "a.csv").write_text("seg,p\nx,1\ny,2\n")
    (tmp_path / "b.csv").write_text("p\n1\n3\n")
    for files in (["a.csv", "b.csv"], ["b.csv", "a.csv"]):
        done = mse("compare", *files, "b.csv", "--by", "seg")
        check_refused(done, "--by seg: neither b.csv nor the target has that")
    assert mse("compare", "a.csv", "a.csv", "b.csv", "--by", "seg").returncode == 2  # a model of one name, twice
