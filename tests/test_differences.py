"""Paired differences of models: against rational arithmetic, the same bits for any cut, whatever the magnitudes."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mse_cli.core.blocks import Block
from mse_cli.core.tallies import differences as tallies
from mse_cli.core.tallies.differences import EachModel, PairedDifferences, leading_sums
from mse_cli.core.tallies.sums import Sums
from mse_cli.running.comparison.comparing import pairs_of
from mse_cli.running.comparison.standings import FEWEST_ROWS, QUANTILE, root, standings
from mse_cli.running.tallying import Tallies

PLAIN = st.integers(-4, 4).map(float) | st.floats(-1e6, 1e6)
WIDE = st.sampled_from([0.0, 1.0, -3.0, 1e-80, 3e-80, 1e75, -2e75]) | st.floats(-1e75, 1e75)


@st.composite
def models(draw, cells=PLAIN, most_rows=40):
    """Three models beside a target, perhaps with weights and a mask."""
    n, c = draw(st.integers(1, most_rows)), draw(st.integers(1, 5))
    sides = [np.array(draw(st.lists(cells, min_size=n * c, max_size=n * c))).reshape(n, c) for _ in range(4)]
    weights, used = None, None
    if draw(st.booleans()):
        shape = draw(st.sampled_from([(n, c), (n, 1), (1, c)]))
        size = shape[0] * shape[1]
        values = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0, 0.1]), min_size=size, max_size=size)
        weights = np.array(draw(values)).reshape(shape)
    if draw(st.booleans()):
        used = np.array(draw(st.lists(st.booleans(), min_size=n * c, max_size=n * c))).reshape(n, c)
    return Block(0, sides[0], sides[3], weights, used, others=(sides[1], sides[2]))


def rows_of(block):
    """Of each row the exact loss of each model, and the exact weight."""
    weights = np.ones(block.shape) if block.weights is None else np.broadcast_to(block.weights, block.shape)
    used = np.ones(block.shape, dtype=bool) if block.used is None else block.used
    losses = []
    for model in (block.prediction, *block.others):
        cells = (model - block.target) ** 2
        cells = cells if block.weights is None else cells * weights
        losses.append(
            [sum((Fraction(x) for x in row[use].tolist()), Fraction(0)) for row, use in zip(cells, used, strict=True)]
        )
    return losses, [
        sum((Fraction(x) for x in row[use].tolist()), Fraction(0)) for row, use in zip(weights, used, strict=True)
    ]


def tallied(block, bounds=None):
    whole = PairedDifferences(pairs_of(3, None))
    for start, stop in pairwise(bounds or (0, len(block.prediction))):
        part = whole.new()
        part.update(block.rows(start, stop))
        whole.merge(part)
    return whole


def check_against_fractions(block):
    losses, weights = rows_of(block)
    found, divisor = tallied(block), sum(weights)
    assert found.n_rows == sum(w > 0 for w in weights)
    if divisor == 0:
        return
    for pair, (a, b) in enumerate(found.pairs):
        d = [x - y for x, y in zip(losses[a], losses[b], strict=True)]
        mean = sum(d) / divisor
        right = root(sum((x - mean * w) ** 2 for x, w in zip(d, weights, strict=True)))
        unseen = max(x + y for x, y in zip(losses[a], losses[b], strict=True)) * Fraction(2) ** -100  # by two floats
        lost = root(sum(x * x for x in d)) + abs(float(mean)) * root(sum(w * w for w in weights))
        assert abs(root(found.squares(pair, divisor)) - right) <= 1e-12 * right + 2**-50 * lost + math.sqrt(
            len(d)
        ) * float(unseen)
        if any(0 < abs(x) <= unseen for x in d):
            continue
        assert found.closer[:, pair].tolist() == [sum(x < 0 for x in d), sum(x > 0 for x in d)]


@settings(max_examples=100, deadline=None)
@given(models())
def test_the_spread_of_the_differences_is_that_of_rational_arithmetic(block):
    check_against_fractions(block)


@settings(max_examples=60, deadline=None)
@given(models(cells=WIDE, most_rows=6))
def test_whatever_the_magnitudes(block):
    check_against_fractions(block)


@pytest.mark.parametrize("scale", [1e-81, 1e76])
def test_squares_that_float64_cannot_hold(scale):
    rng = np.random.default_rng(2)
    sides = rng.normal(size=(4, 50, 2)) * scale
    check_against_fractions(Block(0, sides[0], sides[3], others=(sides[1], sides[2])))
    check_against_fractions(Block(0, sides[0], sides[3], np.full((50, 1), 0.3), others=(sides[1], sides[2])))


@settings(max_examples=60, deadline=None)
@given(block=models(), data=st.data(), step=st.sampled_from([3, 9, 16 * 1024]))
def test_any_cut_gives_the_same_bits(block, data, step):
    n = len(block.prediction)
    bounds = sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=4))})
    with pytest.MonkeyPatch.context() as patch:
        whole = tallied(block)
        patch.setattr(tallies, "CELLS", step)
        parts = tallied(block, bounds)
    assert parts.n_rows == whole.n_rows
    assert (parts.closer == whole.closer).all()
    assert [parts.squares(pair, 7) for pair in range(3)] == [whole.squares(pair, 7) for pair in range(3)]


def test_a_single_row_of_many_columns_adds_as_among_others():
    """NumPy's own sums take another order where there is one row."""
    rng = np.random.default_rng(5)
    sides = [rng.normal(size=(4, 1000)) * 10.0 ** rng.integers(-8, 8, (4, 1000)) for _ in range(3)]
    block = Block(0, sides[0], sides[1], others=(sides[2],))
    whole, parts = PairedDifferences(((0, 1),)), PairedDifferences(((0, 1),))
    whole.update(block)
    for row in range(4):
        parts.update(block.rows(row, row + 1))
    assert whole.squares(0, 3) == parts.squares(0, 3)


def test_nothing_cancels_where_all_differences_are_alike():
    rng = np.random.default_rng(1)
    tiny = rng.normal(size=(500, 1)) * 1e-9
    y = np.zeros((500, 1))
    block = Block(0, 1000 + tiny, y, others=(np.ones((500, 1)), y))
    check_against_fractions(block)
    same = Block(0, np.full((50, 1), 0.1), y[:50], others=(np.full((50, 1), 0.3), y[:50]))
    assert [tallied(same).squares(pair, 50) for pair in range(3)] == [0, 0, 0]


def test_the_smaller_of_two_losses_is_told_by_the_last_bit():
    a = np.array([[1.0, 1e-9, 1.0]])
    b = np.array([[1.0, 0.0, 1.0]])
    found = PairedDifferences(((0, 1), (1, 0)))
    found.update(Block(0, a, np.zeros((1, 3)), others=(b,)))
    assert found.closer.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("cell", [math.nan, math.inf, 1e200])
def test_what_is_no_number_leaves_no_interval(cell):
    y = np.zeros((40, 1))
    a, b = y + 1, y + 2
    a[3] = cell
    block = Block(0, a, y, others=(b, y + 3))
    models = EachModel([Tallies(Sums(1)) for _ in range(3)])
    models.update(block)
    assert not block.finite
    found = standings(models.tallies, tallied(block), [(name, name) for name in "abc"], None)
    by_name = {standing.model: standing for standing in found.models}
    assert [standing.rank for standing in found.models] == [1, 2, 3]
    assert found.best is by_name["b"]
    assert by_name["a"].difference.low is None
    assert by_name["c"].difference.low is not None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), max_size=50).map(lambda cells: np.array([cells, cells[::-1]])))
@example(np.zeros((2, 0)))
@example(np.array([[2.0**890, 1.0, 2.0**-1000, -(2.0**890)]] * 2))
def test_leading_sums_are_exact(values):
    values = values * 2.0**-100
    found = sum((Fraction(float(part[0])) for part in leading_sums(values)), Fraction(0))
    assert found == sum(map(Fraction, values[0].tolist()), Fraction(0))


def test_standings_by_hand():
    y = np.zeros((FEWEST_ROWS, 1))
    a = np.where(np.arange(FEWEST_ROWS) % 2 == 0, 1.0, 3.0)[:, np.newaxis]
    block = Block(0, y + 4, y, others=(a, y + 4))
    models = EachModel([Tallies(Sums(1)) for _ in range(3)])
    models.update(block)
    names = [("far", "far"), ("near", "near"), ("as far", "as far")]
    found = standings(models.tallies, tallied(block), names, ("y",))
    assert [(standing.model, standing.rank) for standing in found.models] == [("near", 1), ("far", 2), ("as far", 2)]
    far = found.models[1]
    assert (far.ratio, far.difference.value, far.difference.rows_better) == (16 / 5, 11.0, 0)
    error = math.sqrt(16 / (FEWEST_ROWS - 1))
    assert far.difference.standard_error == pytest.approx(error, rel=1e-15)
    assert far.difference.high == far.difference.value + QUANTILE * far.difference.standard_error
    assert far.difference.is_clear
    against = standings(models.tallies, tallied(block), names, ("y",), baseline=0)
    assert against.reference.model == "far"
    assert [standing.difference and standing.difference.same for standing in against.models] == [False, None, True]
    assert against.models[0].difference.rows_better == FEWEST_ROWS
