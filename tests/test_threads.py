"""NPY files read by several threads: the same bits, the same rows shown, the same errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mse_cli.core.blocks import Block
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import MseError
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


def fill(paths, jobs, missing="fail"):
    pair = open_pair(*paths, InputOptions(dialect=Dialect(missing=missing)))
    tallies = Sums(pair.n_columns), Edges(5), Worst(4)
    with backend_for(pair, jobs=jobs) as there:
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


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(st.integers(0, 99), min_size=1, max_size=3))
def test_the_first_bad_row_is_named_whichever_thread_meets_one(tmp_path_factory, rows):
    a = np.zeros((100, 3))
    a[rows, 1] = np.nan
    paths = save(tmp_path_factory.mktemp("bad"), a, np.zeros((100, 3)))
    with pytest.MonkeyPatch.context() as patch:
        small_parts(patch)
        with pytest.raises(MseError, match=f"row {min(rows) + 1}, column 2: the cell is missing"):
            fill(paths, 4)


def test_a_mask_is_the_same_in_threads(tmp_path, tiny_parts):
    a = np.arange(300.0).reshape(100, 3)
    a[::7, 1] = np.nan
    paths = save(tmp_path, a, np.zeros((100, 3)))
    assert fill(paths, 4, "skip-row")[0].finish() == fill(paths, 1, "skip-row")[0].finish()
