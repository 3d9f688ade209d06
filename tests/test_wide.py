"""Matrices of very many columns: the bits and the words of narrow ones, in little memory."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mse_cli.core import exact, result
from mse_cli.core.blocks import Block
from mse_cli.core.result import POLICIES, Columns
from mse_cli.core.tallies.column_sums import row_sums
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import MseError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import backend
from mse_cli.running.backend import backend_for
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.merging import pieces
from mse_cli.running.merging.partial import to_plain

CELLS = st.integers(-3, 3).map(float) | st.floats(-1e200, 1e200) | st.sampled_from([np.nan, np.inf, 1e-170])
MATRICES = arrays.arrays(np.float64, (6, 7), elements=CELLS)
WEIGHTS = st.none() | arrays.arrays(
    np.float64, st.sampled_from([(6, 1), (1, 7), (6, 7)]), elements=st.sampled_from([0.0, 1.0, 0.1, 1e120])
)


def in_stripes(patch):
    """Three columns are wide."""
    patch.setattr(exact, "STRIPE", 2)
    patch.setattr(result, "RUN", 2)
    patch.setattr(pieces, "RUN", 2)
    patch.setattr(backend, "FEWEST_CELLS", 1)
    patch.setattr(backend, "cores", lambda: 2)


def found(a, y, weights, used):
    """All that the sums of a matrix say, with what is kept of its rows."""
    sums, edges = Sums(7), Edges(3, [0, 6])
    for rows in (slice(0, 2), slice(2, 6)):
        here = weights[rows] if weights is not None and len(weights) > 1 else weights
        block = Block(rows.start, a[rows], y[rows], here, None if used is None else used[rows])
        part = sums.new()
        part.update(block)
        sums.merge(part)
        edges.update(block)
    whole = sums.finish(names=tuple("abcdefg"))
    finished = whole.sse, whole.mse, whole.rmse, whole.divisor, whole.overflow, list(whole.columns), whole.names
    kept = edges.block()
    return repr([finished, edges.rows(), kept.prediction.tolist(), kept.target.tolist(), kept.row_sums])


@settings(deadline=None)
@given(MATRICES, MATRICES, WEIGHTS, st.none() | arrays.arrays(bool, (6, 7), fill=st.just(True)))
def test_stripes_of_columns_have_the_bits_of_the_whole(a, y, weights, used):
    narrow = found(a, y, weights, used)
    with pytest.MonkeyPatch.context() as patch:
        in_stripes(patch)
        assert found(a, y, weights, used) == narrow


@given(MATRICES, WEIGHTS)
def test_the_sum_of_a_row_is_that_of_its_cells_rounded_once(a, weights):
    with np.errstate(all="ignore"):
        cells = a * a if weights is None else a * a * weights
    for total, row in zip(row_sums(Block(0, a, np.zeros_like(a), weights)), cells.tolist(), strict=True):
        assert repr(total) == repr(math.fsum(row))


def evaluated(paths, policy, jobs):
    """The result of two files, the rows that are shown, and the JSON; or the error."""
    pair = open_pair(*paths, InputOptions(dialect=Dialect(missing=policy)))
    try:
        with backend_for(pair, jobs=jobs) as there:
            found = evaluate_pair(there, kept=(3, [0, 6]))
    except MseError as error:
        return repr((error.message, error.place))
    excerpt = found.excerpt()
    shown = excerpt.rows, excerpt.row_sums, excerpt.squared_error.tolist(), excerpt.gradient.tolist()
    text = "".join(pieces.pieces(pieces.with_digest({"partial": to_plain(found.tallies)})))
    assert json.loads(text)["partial"]["digest"] == pieces.digest_of_result(text)
    return repr((found.result.sse, list(found.result.columns), found.result.names, shown, text))


@settings(max_examples=60, deadline=None)
@given(
    MATRICES,
    MATRICES,
    st.sampled_from(POLICIES),
    st.sampled_from("CF"),
    st.sampled_from(["<f8", ">f8", "<f4"]),
    st.sampled_from([1, 2]),
)
def test_arrays_are_read_in_stripes_as_they_are_by_rows(tmp_path_factory, a, y, policy, order, dtype, jobs):
    folder = tmp_path_factory.mktemp("wide")
    paths = [str(folder / f"{name}.npy") for name in "ay"]
    with np.errstate(all="ignore"):
        for path, array in zip(paths, (a, y), strict=True):
            np.save(path, np.asarray(array, dtype=dtype, order=order))
    by_rows = evaluated(paths, policy, 1)
    with pytest.MonkeyPatch.context() as patch:
        in_stripes(patch)
        assert evaluated(paths, policy, jobs) == by_rows


def test_columns_are_a_sequence_of_columns():
    losses = [(1.0, 0.5), (2.0, 1.0), (3.0, 1.5)]
    columns = Columns("abc", 3, losses.__getitem__)
    assert [columns[-1]] == columns[2:] == list(columns)[2:]
    assert columns == Columns("abc", 3, losses.__getitem__) != Columns("abd", 3, losses.__getitem__)
    assert columns == tuple(columns)
    assert hash(columns) == hash(tuple(columns))
    with pytest.raises(IndexError):
        columns[3]


PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "mse_cli", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> (20 if sys.platform == "darwin" else 10))
"""


@pytest.mark.parametrize(
    ("order", "asked_for"), [("C", ["--only", "mse"]), ("C", []), ("C", ["--summary", "--format", "json"]), ("F", [])]
)
def test_the_peak_of_a_wide_array_is_a_few_numbers_a_column(tmp_path, asked_for, order):
    """A list with a Python object a column would take several times as much."""
    for name in "ay":
        numbers = np.random.default_rng(ord(name)).normal(size=(8, 200_000)).astype(np.float32)
        np.save(tmp_path / f"{name}.npy", np.asarray(numbers, order=order))
    arguments = ["compute", str(tmp_path / "a.npy"), str(tmp_path / "y.npy"), "--quiet", *asked_for]
    run = subprocess.run([sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 130
