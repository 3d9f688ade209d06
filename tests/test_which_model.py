"""Whole calls of ``evaluate`` and ``compare`` against rational numbers, and against SciPy, scikit-learn and pandas."""

import math
import random
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import r2_score

import mse_cli
from mse_cli.core.result import Result
from mse_cli.readers.opening import InputOptions
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running.backend import Backend
from mse_cli.running.comparison.comparing import compare_models
from mse_cli.running.comparison.models import open_models
from mse_cli.running.comparison.standings import root
from mse_cli.running.partitions import partitions_of, with_counted_rows
from mse_cli.running.tallying import map_here, run_in_partitions

MODELS = ("far", "near", "odd")
SIDES = (*MODELS, "truth")
ULPS = 4 * 2.0**-52
TUMOURS = Path(__file__).parents[1] / "sample_data"


class Case(NamedTuple):
    """Files of the sides, and what a row of each holds by its key."""

    cells: dict[str, dict[str, list[float | None]]]
    weights: dict[str, float]
    groups: dict[str, str]
    options: dict[str, str | None]
    files: list[str]


@st.composite
def cases(draw: st.DrawFn, *, keyed: bool) -> dict:
    return {
        "seed": draw(st.integers(0, 2**32)),
        "n_rows": draw(st.integers(2, 45)),
        "n_columns": draw(st.integers(1, 3)),
        "policy": draw(st.sampled_from(["fail", "skip-cell", "skip-row"])),
        "weighted": draw(st.booleans()),
        "unmatched": draw(st.booleans()) if keyed else False,
        "scale": draw(st.sampled_from([1.0, 1e-9, 1e9])),
        "keyed": keyed,
    }


def made(folder: Path, drawn: dict) -> Case:
    """The files of a case, their rows in orders of their own where a key says which is which."""
    rng = random.Random(drawn["seed"])
    n, columns = drawn["n_rows"], range(drawn["n_columns"])
    keys = [f"k{i}" for i in range(n)]
    truth = {key: [drawn["scale"] * rng.choice([1e3, 1.0]) * rng.gauss(5, 1) for _ in columns] for key in keys}
    cells: dict[str, dict[str, list[float | None]]] = {"truth": dict(truth)}
    for name, spread in (("far", 2.0), ("near", 1.0), ("odd", rng.choice([0.0, 1.01]))):
        cells[name] = {key: [y + drawn["scale"] * spread * rng.gauss(0, 1) for y in truth[key]] for key in keys}
    if drawn["policy"] != "fail":
        for side in cells.values():
            side.update({key: [None if rng.random() < 0.05 else x for x in row] for key, row in side.items()})
    if drawn["unmatched"]:
        for side in cells.values():
            del side[rng.choice(list(side))]
    weights = {key: rng.choice([0.0, 0.5, 1.0, 0.1]) if drawn["weighted"] else 1.0 for key in keys}
    groups = {key: rng.choice(["", "north", "south "]) for key in keys}
    for name, side in cells.items():
        order = list(side)
        if drawn["keyed"]:
            rng.shuffle(order)
        head = ["id", *(f"x{j}" for j in columns), *(["w", "g"] if name == "truth" else [])]
        rows = [[k, *side[k], *([weights[k], groups[k]] if name == "truth" else [])] for k in order]
        lines = [",".join("" if x is None else x if isinstance(x, str) else repr(x) for x in row) for row in rows]
        (folder / f"{name}.csv").write_text("\n".join([",".join(head), *lines]) + "\n")
    names = ",".join(f"x{j}" for j in columns)
    options = {
        "missing": drawn["policy"],
        "weight_column": "w" if drawn["weighted"] else None,
        "by": "g",
        **({"key": "id"} if drawn["keyed"] else {}),
        **({"unmatched": "drop"} if drawn["unmatched"] else {}),
        "pred_columns": names,
        "true_columns": names,
    }
    return Case(cells, weights, groups, options, [str(folder / f"{name}.csv") for name in SIDES])


def used(case: Case, models: tuple[str, ...]) -> dict[str, list[int]]:
    """Which cells of each row count where these models are judged."""
    sides = [case.cells[name] for name in (*models, "truth")]
    found = {}
    for key in (key for key in sides[0] if all(key in side for side in sides)):
        here = [j for j in range(len(sides[0][key])) if all(side[key][j] is not None for side in sides)]
        found[key] = here if len(here) == len(sides[0][key]) or case.options["missing"] != "skip-row" else []
    return found


def loss_of(case: Case, model: str, key: str, columns: list[int]) -> Fraction:
    """Σ W·SE of a row, from the SE cells as float64 holds them."""
    a, y, w = case.cells[model][key], case.cells["truth"][key], Fraction(case.weights[key])
    return sum(
        (w * square(a[j] - y[j], weighted=case.options["weight_column"] is not None) for j in columns), Fraction()
    )


def square(error: float, *, weighted: bool) -> Fraction:
    """Of errors that are weighted SE is not rounded before the weight."""
    return Fraction(error) ** 2 if weighted else Fraction(error * error)


def check_result(case: Case, model: str, result: Result, rows: dict[str, list[int]]) -> None:
    """The loss and that of each group."""
    weight = {key: Fraction(case.weights[key]) * len(columns) for key, columns in rows.items()}
    loss = {key: loss_of(case, model, key, columns) for key, columns in rows.items()}
    total = sum(loss.values())
    assert result.divisor == pytest.approx(float(sum(weight.values())), rel=ULPS)
    assert result.sse == pytest.approx(float(total), rel=ULPS)
    assert result.mse == pytest.approx(float(total / sum(weight.values())), rel=ULPS)
    assert [group.texts[0] for group in result.groups] == sorted({case.groups[key].strip() for key in rows})
    for group in result.groups:
        here = [key for key in rows if case.groups[key].strip() == group.texts[0]]
        sse, divisor = (sum(of[key] for key in here) for of in (loss, weight))
        assert (group.rows, group.cells_used) == (len(here), sum(len(rows[key]) for key in here))
        assert group.sse == pytest.approx(float(sse), rel=ULPS)
        assert group.share == pytest.approx(float(sse / total) if total else 0.0, rel=ULPS)
        assert math.isnan(group.mse) if not divisor else group.mse == pytest.approx(float(sse / divisor), rel=ULPS)


def check_statistics(case: Case, model: str, result: Result, rows: dict[str, list[int]]) -> None:
    """Bias, variance of the error and R² of each column."""
    for j, column in enumerate(result.columns):
        here = [key for key, columns in rows.items() if j in columns and case.weights[key]]
        w = [Fraction(case.weights[key]) for key in here]
        y = [Fraction(case.cells["truth"][key][j]) for key in here]
        e = [Fraction(case.cells[model][key][j] - case.cells["truth"][key][j]) for key in here]
        if not here:
            assert math.isnan(column.stats.bias)
            continue
        bias, mean = (sum(map(Fraction.__mul__, w, x)) / sum(w) for x in (e, y))
        variance = sum(k * (x - bias) ** 2 for k, x in zip(w, e, strict=True)) / sum(w)
        sst = sum(k * (x - mean) ** 2 for k, x in zip(w, y, strict=True))
        sse = sum(k * x * x for k, x in zip(w, e, strict=True))
        assert column.stats.bias == pytest.approx(float(bias), rel=ULPS)
        assert column.stats.error_variance == pytest.approx(float(variance), rel=ULPS)
        if sst:
            assert column.stats.r2 == pytest.approx(float(1 - sse / sst), rel=ULPS)


def check_comparison(case: Case, found: mse_cli.Comparison) -> None:
    """Ranks, ratios, and each difference with its standard error."""
    rows = used(case, MODELS)
    losses = {model: [loss_of(case, model, key, columns) for key, columns in rows.items()] for model in MODELS}
    weights = [Fraction(case.weights[key]) * len(columns) for key, columns in rows.items()]
    n, best = sum(w > 0 for w in weights), min(map(sum, losses.values()))
    assert sum(losses[found.models[0].model]) == best
    for standing in found.models:
        check_result(case, standing.model, standing.result, rows)
        own = sum(losses[standing.model])
        assert standing.rank == 1 + sum(sum(loss) < own for loss in losses.values())
        assert standing.ratio == (pytest.approx(float(own / best), rel=ULPS) if best else None)
        if standing is found.reference:
            assert standing.difference is None
            continue
        d = [a - b for a, b in zip(losses[standing.model], losses[found.reference.model], strict=True)]
        mean, difference = sum(d) / sum(weights), standing.difference
        assert difference.value == pytest.approx(float(mean), rel=ULPS)
        assert difference.rows_better == sum(x < 0 for x in d)
        assert difference.same == (not any(d))
        if n < 2:
            assert difference.standard_error is None
            continue
        spread = sum((x - mean * w) ** 2 for x, w in zip(d, weights, strict=True))
        error = root(Fraction(n, n - 1) * spread) / float(sum(weights))
        assert difference.standard_error == pytest.approx(error, rel=1e-12, abs=float(best) * 1e-15)
        if n < 30:
            assert (difference.low, difference.high) == (None, None)
        else:
            half = 1.959964 * difference.standard_error
            assert (difference.low, difference.high) == (difference.value - half, difference.value + half)


def is_empty(case: Case, rows: dict[str, list[int]]) -> bool:
    return not any(case.weights[key] and columns for key, columns in rows.items())


@pytest.mark.parametrize("keyed", [True, False])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whole_calls_give_what_rational_numbers_give(tmp_path, keyed, data):
    case = made(tmp_path, data.draw(cases(keyed=keyed)))
    models = dict(zip(MODELS, case.files[:-1], strict=True))
    if not is_empty(case, used(case, MODELS)):
        check_comparison(case, mse_cli.compare(models, case.files[-1], **case.options))
    rows = used(case, ("far",))
    if not is_empty(case, rows):
        result = mse_cli.evaluate(models["far"], case.files[-1], **case.options, stats=True)
        check_result(case, "far", result, rows)
        check_statistics(case, "far", result, rows)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=cases(keyed=False), n_cells=st.integers(1, 60))
def test_a_comparison_has_the_same_bits_for_any_cut(tmp_path, drawn, n_cells):
    case = made(tmp_path, drawn)
    if is_empty(case, used(case, MODELS)):
        return
    sides = {name: np.array(list(cells.values()), dtype=float) for name, cells in case.cells.items()}
    weights = np.array(list(case.weights.values())) if drawn["weighted"] else None
    labels, y = list(case.groups.values()), sides.pop("truth")
    held = mse_cli.compare(sides, y, weights=weights, by={"g": labels}, missing=drawn["policy"])
    whole = mse_cli.compare(dict(zip(MODELS, case.files[:-1], strict=True)), case.files[-1], **case.options)
    options = InputOptions(
        case.options["pred_columns"],
        case.options["true_columns"],
        weight_column=case.options["weight_column"],
        by="g",
        dialect=Dialect(missing=drawn["policy"]),
    )
    pair = with_counted_rows(open_models(case.files, options, MODELS).pair, map_here)
    run = partial(run_in_partitions, partitions_of(pair, n_cells), mapped=map_here)
    cut = compare_models(Backend(pair, run, map_here), MODELS)
    for other in (held, cut):
        assert [bits_of(s) for s in other.models] == [bits_of(s) for s in whole.models]


def bits_of(standing) -> str:
    result = standing.result
    return repr((standing.model, standing.rank, standing.ratio, standing.difference, result.sse, result.groups))


def check_against_peers(models: dict[str, np.ndarray], y: np.ndarray, labels: np.ndarray) -> None:
    first, second = models
    found = mse_cli.compare(models, y, baseline=second, by=labels)
    standing = next(s for s in found.models if s.model == first)
    of_rows = [((models[name] - y) ** 2).mean(axis=1) for name in models]
    peer = stats.ttest_rel(*of_rows)
    assert standing.difference.value == pytest.approx((of_rows[0] - of_rows[1]).mean(), rel=1e-9)
    assert standing.difference.standard_error == pytest.approx(stats.sem(of_rows[0] - of_rows[1]), rel=1e-10)
    ratio = standing.difference.value / standing.difference.standard_error
    assert ratio == pytest.approx(peer.statistic, rel=1e-9)
    means = pandas.Series(of_rows[0]).groupby(labels).mean()
    assert {group.texts[0]: group.mse for group in standing.result.groups} == pytest.approx(means.to_dict(), rel=1e-10)
    result = mse_cli.evaluate(models[first], y, stats=True)
    r2 = r2_score(y, models[first], multioutput="raw_values")
    assert [column.stats.r2 for column in result.columns] == pytest.approx(r2.tolist(), rel=1e-10)


def test_peers_agree_on_the_tumours():
    a, y = (np.loadtxt(TUMOURS / f"tumours_{side}.csv", delimiter=",", skiprows=1) for side in ("preds", "truth"))
    kind = np.array(["malignant", "benign"])[load_breast_cancer().target]
    assert len(kind) == len(y)
    check_against_peers({"linear": a, "mean": np.broadcast_to(y.mean(axis=0), y.shape)}, y, kind)


def test_peers_agree_on_many_rows():
    rng = np.random.default_rng(14)
    y = rng.normal(size=(200_000, 4)) * [1, 10, 100, 1000]
    models = {"first": y + rng.normal(size=y.shape), "second": y + rng.normal(size=y.shape) * 1.01}
    check_against_peers(models, y, np.array([f"g{i}" for i in range(1000)])[rng.integers(0, 1000, len(y))])
