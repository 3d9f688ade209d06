"""Bins are NumPy's, to the cell, and the same for any cut, any number of workers and any format."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mse_cli import readers
from mse_cli.core.blocks import Block
from mse_cli.core.tallies.pictures.bins import Axis, Bins, Counts, Plan
from mse_cli.core.tallies.pictures.sample import Sample
from mse_cli.errors import UsageError
from mse_cli.running.backend import backend_for
from mse_cli.running.comparison import open_models
from mse_cli.running.report.axes import axis_of, round_axis
from mse_cli.running.report.report import Detail, Report, Wanted, column_of, report_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64) | st.integers(-20, 20).map(lambda i: i / 10)
MATRICES = arrays(np.float64, st.tuples(st.integers(1, 60), st.just(2)), elements=NUMBERS)
ENDS = st.floats(-1e300, 1e300)


def counted(plan: Plan, a: np.ndarray, y: np.ndarray, cuts: list[int] = []) -> Counts:  # noqa: B006 - only read
    """The counts of a matrix that comes in blocks, each in a tally of its own."""
    whole = Bins([plan])
    for start, stop in zip([0, *cuts], [*cuts, len(a)], strict=True):
        part = whole.new()
        part.update(Block(start, a[start:stop], y[start:stop]))
        whole.merge(part)
    return whole.counts[0]


@given(low=ENDS, high=ENDS, most=st.integers(2, 50))
def test_edges_are_round_rising_and_reach_from_end_to_end(low: float, high: float, most: int) -> None:
    low, high = sorted((low, high))
    axis = round_axis(low, high, most)
    assert axis.n_bins <= most
    assert (np.diff(axis.edges) > 0).all()
    assert axis.edges[0] <= low <= high <= axis.edges[-1]
    if -1e12 < low < high < 1e12 and high - low > 1e-3:
        assert all(len(repr(edge).replace("-", "").replace(".", "").strip("0")) <= 17 for edge in axis.edges.tolist())


@given(a=MATRICES, most=st.integers(2, 40), data=st.data())
def test_counts_are_those_of_numpy_on_the_same_edges(a: np.ndarray, most: int, data: st.DataObject) -> None:
    y = data.draw(arrays(np.float64, a.shape, elements=NUMBERS))
    with np.errstate(all="ignore"):
        e = (a - y)[:, 1]
    plan = Plan(1, axis_of(e, most), axis_of(np.concatenate([a[:, 1], y[:, 1]]), most))
    counts = counted(plan, a, y, sorted(data.draw(st.lists(st.integers(0, len(a)), max_size=3))))
    edges, values = plan.errors.edges, plan.values.edges
    assert counts.errors[1:-1].tolist() == np.histogram(e, edges)[0].tolist()
    assert counts.errors[0] == (e < edges[0]).sum()
    assert counts.errors[-1] == (e > edges[-1]).sum()
    assert counts.density[1:-1, 1:-1].tolist() == np.histogram2d(y[:, 1], a[:, 1], [values, values])[0].tolist()
    there = np.isfinite(e)
    spread = np.histogram2d(a[there, 1], e[there], [values, edges])[0]
    assert counts.spread[1:-1, 1:-1].tolist() == spread.tolist()
    assert counts.errors.sum() == counts.density.sum() == counts.spread.sum() == len(a)


@given(step=st.sampled_from([0.1, 0.05, 0.2, 1e-7, 3.0, 1e15]), first=st.integers(-60, 60), n=st.integers(1, 50))
def test_a_number_on_an_edge_is_in_the_bin_above(step: float, first: int, n: int) -> None:
    axis = Axis([step * k for k in range(first, first + n + 1)])
    near = np.array([math.nextafter(edge, side) for edge in axis.edges.tolist() for side in (-math.inf, math.inf)])
    numbers = np.concatenate([axis.edges, near])
    positions = axis.positions(numbers)
    inside = (positions >= 1) & (positions <= n)
    assert np.bincount(positions[inside] - 1, minlength=n).tolist() == np.histogram(numbers, axis.edges)[0].tolist()


def test_an_axis_holds_all_but_few_numbers_even_where_most_are_the_same() -> None:
    rare = np.concatenate([np.linspace(-0.01, 0.01, 900), np.linspace(10, 90, 100)])
    assert axis_of(rare, 20).edges[-1] >= 89
    stray = np.append(np.linspace(-1, 1, 50), 1e9)
    assert axis_of(stray, 20).edges[-1] <= 2


def test_cells_that_are_not_used_and_nan_are_in_no_bin() -> None:
    a, y = np.array([[1.0], [math.nan], [3.0], [math.inf]]), np.array([[1.0], [2.0], [1.0], [0.0]])
    bins = Bins([Plan(0, Axis([-1.0, 0.0, 1.0]), Axis([0.0, 2.0, 4.0]))])
    bins.update(Block(0, a, y, used=np.array([[True], [True], [False], [True]])))
    (counts,) = bins.counts
    assert counts.errors.tolist() == [0, 0, 1, 1]
    assert counts.no_number == 1


@given(cuts=st.lists(st.integers(0, 5000), max_size=4))
def test_the_sample_is_the_same_for_any_cut(cuts: list[int]) -> None:
    a = np.arange(10_000.0).reshape(5000, 2)
    whole, parts = Sample(50, 2), Sample(50, 2)
    whole.update(Block(0, a, 0 * a))
    bounds = [0, *sorted(cuts), 5000]
    for start, stop in itertools.pairwise(bounds):
        part = parts.new()
        part.update(Block(start, a[start:stop], 0 * a[start:stop]))
        parts.merge(part)
    assert whole.column(1)[0].tobytes() == parts.column(1)[0].tobytes()
    assert len(set(whole.column(0)[2])) == 50


def test_the_sample_has_no_period() -> None:
    sample = Sample(1000, 1)
    phases = (np.arange(200_000) % 256).astype(float)[:, None]
    for start in range(0, 200_000, 7000):
        sample.update(Block(start, phases[start : start + 7000], 0 * phases[start : start + 7000]))
    assert len(set(sample.column(0)[2])) > 240


@pytest.fixture
def matrices(tmp_path: Path) -> dict[str, list[Path]]:
    """The same numbers as NPY, CSV and Parquet."""
    import pyarrow
    import pyarrow.parquet

    random = np.random.default_rng(3)
    y = random.standard_normal((400_000, 3)) * [1, 10, 100]
    a = y + random.standard_normal(y.shape)
    found: dict[str, list[Path]] = {"npy": [], "csv": [], "parquet": []}
    for name, matrix in {"a": np.round(a, 2), "y": np.round(y, 2)}.items():
        for suffix, paths in found.items():
            paths.append(tmp_path / f"{name}.{suffix}")
        np.save(found["npy"][-1], matrix)
        np.savetxt(found["csv"][-1], matrix, "%.2f", ",")
        table = pyarrow.table({f"x{j}": matrix[:, j] for j in range(3)})
        pyarrow.parquet.write_table(table, found["parquet"][-1], row_group_size=90_000)
    return found


def reported(files: list[Path], jobs: int | None = None) -> Report:
    pair = readers.open_pair(*map(str, files), readers.InputOptions())
    with backend_for(pair, jobs=jobs, tell=lambda _: None) as backend:
        return report_of(backend, Wanted(Detail(20, 12), columns=2))


def test_the_picture_is_the_same_for_any_format_and_any_number_of_workers(matrices: dict[str, list[Path]]) -> None:
    wanted = reported(matrices["npy"], 1)
    assert [counts.plan.column for counts, _ in wanted.pictures] == wanted.ranked()[:2]
    for files, jobs in [("npy", 2), ("npy", None), ("csv", 2), ("csv", 1), ("parquet", None)]:
        found = reported(matrices[files], jobs)
        for (counts, _), (other, _) in zip(wanted.pictures, found.pictures, strict=True):
            assert counts.plan.values.edges.tolist() == other.plan.values.edges.tolist()
            assert counts.errors.tolist() == other.errors.tolist()
            assert counts.density.tobytes() == other.density.tobytes()
            assert counts.spread.tobytes() == other.spread.tobytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_models_are_counted_on_the_same_axes_the_best_first(tmp_path: Path, jobs: int) -> None:
    random = np.random.default_rng(5)
    y = random.standard_normal((300_000, 2)) * [1, 10]
    models = {name: np.round(y + random.standard_normal(y.shape) * size, 3) for name, size in SIZES.items()}
    for name, numbers in {**models, "y": y}.items():
        np.save(tmp_path / f"{name}.npy", numbers)
    names = [str(tmp_path / f"{name}.npy") for name in (*models, "y")]
    opened = open_models(names, readers.InputOptions())
    with backend_for(opened.pair, jobs=jobs, tell=lambda _: None) as backend:
        found = report_of(backend, Wanted(Detail(20, 12), columns=2, models=2), files=tuple(names))
    assert found.comparison is not None
    assert [standing.name for standing in found.comparison.models] == ["near.npy", "fair.npy", "far.npy"]
    assert [(counts.plan.column, model) for counts, model in found.pictures] == [(1, 0), (0, 0), (1, 1)]
    assert found.pictures[0].counts.plan is found.pictures[2].counts.plan
    assert found.result.stats is not None
    assert found.files == (names[1], names[-1])
    for counts, model in found.pictures:
        j, name = counts.plan.column, ("near", "fair")[model]
        errors = models[name][:, j] - y[:, j]
        assert counts.errors[1:-1].tolist() == np.histogram(errors, counts.plan.errors.edges)[0].tolist()
        assert counts.errors.sum() == len(y)


SIZES = {"far": 3.0, "near": 1.0, "fair": 2.0}


def test_a_column_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="no such column") as raised:
        column_of("3", ["a", "<b>"])
    assert raised.value.hint == "there are a, <b>"
    with pytest.raises(UsageError) as raised:
        column_of("0", [None, None])
    assert raised.value.hint == "they are 1 to 2"
