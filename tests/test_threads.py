"""NPY files read by several threads: the same bits, the same rows shown, the same errors."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mse_cli.core import missing
from mse_cli.core.blocks import Block
from mse_cli.core.result import POLICIES
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import MseError
from mse_cli.readers import pair
from mse_cli.readers.arrays import npy
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import backend
from mse_cli.running.backend import backend_for
from mse_cli.running.partitions import partitions_of, with_counted_rows

CELLS = st.integers(-3, 3).map(float) | st.floats(-1e150, 1e150)


@given(
    a=arrays.arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=CELLS),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    most=st.integers(1, 9),
)
def test_tallies_merged_from_parts_are_those_of_the_whole(a, cuts, most):
    y = np.zeros_like(a)
    bounds = sorted({0, len(a), *(cut for cut in cuts if cut < len(a))})
    whole, merged = (Sums(a.shape[1]), Edges(most), Worst(most)), (Sums(a.shape[1]), Edges(most), Worst(most))
    for tally in whole:
        tally.update(Block(0, a, y))
    for start, stop in itertools.pairwise(bounds):
        for tally in merged:
            part = tally.new()
            part.update(Block(start, a[start:stop], y[start:stop]))
            tally.merge(part)
    assert merged[0].finish() == whole[0].finish()
    assert merged[1].rows() == whole[1].rows()
    np.testing.assert_array_equal(merged[1].block().prediction, whole[1].block().prediction)
    assert merged[2].found() == whole[2].found()


@pytest.fixture
def tiny_parts(monkeypatch):
    small_parts(monkeypatch)


def small_parts(patch):
    patch.setattr(backend, "FEWEST_CELLS", 1)
    patch.setattr(backend, "CELLS_A_THREAD", 20)
    patch.setattr(backend, "cores", lambda: 4)


def save(folder, a, y):
    np.save(folder / "a.npy", a)
    np.save(folder / "y.npy", y)
    return str(folder / "a.npy"), str(folder / "y.npy")


def fill(paths, jobs, missing="fail", *, with_sums=True):
    sides = open_pair(*paths, InputOptions(dialect=Dialect(missing=missing)))
    tallies = (Sums(sides.n_columns), Edges(5), Worst(4))[0 if with_sums else 1 :]
    with backend_for(sides, jobs=jobs) as there:
        there.run(*tallies)
    return tallies


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", ">f4", "int64", "float16"])
@pytest.mark.parametrize("rows", [1, 8, 100])
def test_threads_give_the_bits_of_one(tmp_path, tiny_parts, dtype, order, rows):
    random = np.random.default_rng(1)
    a, y = (np.asarray(100 * random.standard_normal((rows, 3)), dtype=dtype, order=order) for _ in "ay")
    paths = save(tmp_path, a, y)
    one, several = fill(paths, 1), fill(paths, 4)
    assert several[0].finish() == one[0].finish()
    assert several[1].rows() == one[1].rows()
    np.testing.assert_array_equal(several[1].block().prediction, one[1].block().prediction)
    assert several[2].found() == one[2].found()


def test_parts_cover_all_rows_once(tmp_path, tiny_parts):
    pair = open_pair(*save(tmp_path, np.zeros((100, 3)), np.zeros((100, 3))), InputOptions())
    assert backend.threads_for(pair, None) == 4
    parts = partitions_of(with_counted_rows(pair, map), backend.cells_for(pair, 4))
    assert [row for part in parts for row in range(part.first_row, part.first_row + part.n_rows)] == list(range(100))
    assert 8 <= len(parts) <= 24


def first_refused(a, y, policy):
    """Which cell ``--missing`` must name: of the first such row the prediction's, of a side the first column."""
    if policy == "propagate":
        return None
    refused = {name: ~np.isfinite(x) if policy == "fail" else np.isinf(x) for name, x in (("a", a), ("y", y))}
    cells = [(row, name, column) for name, here in refused.items() for row, column in np.argwhere(here).tolist()]
    return min(cells, default=None)


SPECIAL = st.sampled_from([np.nan, np.inf, -np.inf, 1.7e308, -1.7e308, 0.0])


@settings(max_examples=100, deadline=None)
@given(
    cells=st.lists(st.tuples(st.sampled_from("ay"), st.integers(0, 99), st.integers(0, 2), SPECIAL), max_size=4),
    policy=st.sampled_from(POLICIES),
    jobs=st.sampled_from([1, 4]),
    rows_at_once=st.sampled_from([1, 7, 8, 1000]),
    order=st.sampled_from("CF"),
    rows_of_block=st.sampled_from([3, 10, 1000]),
    with_sums=st.booleans(),
)
@example(  # an infinity that is left out with the cell
    cells=[("a", 5, 1, np.inf), ("y", 5, 1, np.nan)],
    policy="skip-cell",
    jobs=1,
    rows_at_once=8,
    order="C",
    rows_of_block=10,
    with_sums=True,
)
def test_the_first_refused_cell_is_named_whoever_meets_one(
    tmp_path_factory, cells, policy, jobs, rows_at_once, rows_of_block, order, with_sums
):
    sides = {name: np.ones((100, 3), order=order) for name in "ay"}
    for name, row, column, value in cells:
        sides[name][row, column] = value
    paths = save(tmp_path_factory.mktemp("refused"), **sides)
    wanted = first_refused(**sides, policy=policy)
    with pytest.MonkeyPatch.context() as patch:
        small_parts(patch)
        patch.setattr(npy, "rows_per_block", lambda n_columns: rows_at_once)
        patch.setattr(npy, "FORTRAN_BYTES", 0)
        patch.setattr(pair, "rows_per_block", lambda n_columns: rows_of_block)
        if wanted is None:
            fill(paths, jobs, policy, with_sums=with_sums)
            return
        row, name, column = wanted
        with pytest.raises(MseError, match="the cell is") as caught:
            fill(paths, jobs, policy, with_sums=with_sums)
    what = "missing (NaN)" if np.isnan(sides[name][row, column]) else "infinite"
    place = caught.value.place
    assert (place.file, place.row, place.column) == (f"{paths['ay'.index(name)]}", row + 1, column + 1)
    assert what in caught.value.message


@pytest.mark.parametrize("dtype", ["float64", ">f4"])
def test_finite_sides_are_not_looked_at(tmp_path, monkeypatch, dtype):
    paths = save(tmp_path, np.arange(300.0, dtype=dtype).reshape(100, 3), np.zeros((100, 3), dtype=dtype))
    monkeypatch.setattr(missing, "np", None)  # whoever looked would need it
    fill(paths, 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_signalling_nan_is_a_nan_and_no_warning(tmp_path, policy):
    a = np.ones((4, 1), dtype=np.float32)
    a.view(np.uint32)[2] = 0x7F800001
    paths = save(tmp_path, a, np.zeros((4, 1)))
    if policy == "fail":
        with pytest.raises(MseError, match="row 3, column 1: the cell is missing"):
            fill(paths, 1)
    else:
        mse = fill(paths, 1, policy)[0].finish().mse
        assert np.isnan(mse) if policy == "propagate" else mse == 1.0


def test_a_mask_is_the_same_in_threads(tmp_path, tiny_parts):
    a = np.arange(300.0).reshape(100, 3)
    a[::7, 1] = np.nan
    paths = save(tmp_path, a, np.zeros((100, 3)))
    assert fill(paths, 4, "skip-row")[0].finish() == fill(paths, 1, "skip-row")[0].finish()
