"""Exact sums: against ``math.fsum`` and rational numbers, for any order, any cut and any magnitudes."""

import itertools
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli.core import exact
from mse_cli.core.blocks import Block
from mse_cli.core.exact import Expansion, Lanes, Total
from mse_cli.core.tallies.sums import ColumnSums, Sums

ANY = st.floats(allow_nan=False, allow_infinity=False)
TERMS = st.floats(0, 2.0**500, allow_subnormal=True)

# Errors whose squares are tiny or huge, alike or far apart, of one scale or of one that changes with the rows.
KINDS = {
    "alike": lambda random, n, c: random.standard_normal((n, c)),
    "with zeros": lambda random, n, c: random.standard_normal((n, c)) * (random.random((n, c)) < 0.3),
    "zeros alone": lambda random, n, c: np.zeros((n, c)),
    "integers": lambda random, n, c: random.integers(-9, 9, (n, c)).astype(float),
    "heavy tails": lambda random, n, c: random.standard_cauchy((n, c)),
    "far apart": lambda random, n, c: np.exp(30 * random.standard_normal((n, c))),
    "columns far apart": lambda random, n, c: random.standard_normal((n, c)) * 2.0 ** random.integers(-250, 250, c),
    "rising": lambda random, n, c: random.standard_normal((n, c)) * 2.0 ** np.linspace(-530, 250, n)[:, None],
    "falling": lambda random, n, c: random.standard_normal((n, c)) * 2.0 ** np.linspace(250, -530, n)[:, None],
    "in steps": lambda random, n, c: random.standard_normal((n, c)) * 2.0 ** (60 * (np.arange(n)[:, None] // 40 % 3)),
    "outliers": lambda random, n, c: np.where(random.random((n, c)) < 0.01, 1e70, 1) * random.standard_normal((n, c)),
    "smallest": lambda random, n, c: random.integers(0, 9, (n, c)) * 2.0**-537,
    "below powers of two": lambda random, n, c: np.nextafter(2.0 ** random.integers(-20, 20, (n, c)), 0),
    "last bits": lambda random, n, c: (
        (1 + 2.0**-52) ** random.integers(0, 9, (n, c)) * 2.0 ** random.integers(-60, 60, c)
    ),
}


def squares(kind: str, seed: int, shape: tuple[int, int]) -> tuple[np.ndarray, list[Fraction]]:
    """Errors of a kind, and the exact sum of each column of their squares as float64 holds these."""
    errors = KINDS[kind](np.random.default_rng(seed), *shape)
    with np.errstate(all="ignore"):
        cells = errors * errors
    return errors, [sum(map(Fraction, column)) for column in cells.T.tolist()]


def summed(errors: np.ndarray, start: int = 0, stop: int | None = None) -> Sums:
    sums = Sums(errors.shape[1])
    sums.update(Block(start, errors[start:stop], np.zeros_like(errors[start:stop])))
    return sums


def exact_sums(sums: Sums | ColumnSums) -> list[Fraction]:
    return [total.exact() for total in (sums.errors if isinstance(sums, Sums) else sums).totals()]


@given(st.lists(st.floats(-1e290, 1e290), min_size=1))
def test_an_expansion_holds_the_exact_sum(values: list[float]) -> None:
    total = Expansion()
    for value in values:
        total.add(np.array([value]))
    assert sum(Fraction(float(part[0])) for part in total.parts) == sum(map(Fraction, values))


@given(st.lists(st.tuples(st.floats(-1e270, 1e270), st.integers(0, 3)), min_size=1))
def test_cells_of_any_sign_are_added_to_their_columns(cells: list[tuple[float, int]]) -> None:
    total = Expansion()
    total.add_cells(np.array([value for value, _ in cells]), np.array([column for _, column in cells]), 4)
    for column in range(4):
        wanted = sum(Fraction(value) for value, j in cells if j == column)
        assert sum(Fraction(float(part[column])) for part in total.parts) == wanted


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_sums_of_squares_are_exact_for_any_magnitudes_cut_and_order(data: st.DataObject) -> None:
    n_columns = data.draw(st.sampled_from([1, 2, 3, 7, 20]))
    n_rows = data.draw(st.integers(1, 1 + 600 // n_columns))
    errors, wanted = squares(
        data.draw(st.sampled_from(list(KINDS))), data.draw(st.integers(0, 99)), (n_rows, n_columns)
    )
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, n_rows), max_size=4))), n_rows]
    with pytest.MonkeyPatch.context() as patch:  # lanes so few and short that all that can happen to them does
        patch.setattr(exact, "LANE_WIDTH", data.draw(st.sampled_from([1, 4, 8, 64])))
        patch.setattr(exact, "LANE_CELLS", data.draw(st.sampled_from([8, 64, 256])))
        patch.setattr(exact, "MOST_TAKEN", data.draw(st.sampled_from([1, 3, 1000])))
        patch.setattr(exact, "MOST_ASIDE", data.draw(st.sampled_from([1, 2, 16])))
        patch.setattr(exact, "ALIKE", data.draw(st.sampled_from([1, 20])))
        whole, in_turn = summed(errors), Sums(n_columns)
        parts = [summed(errors, *bounds) for bounds in itertools.pairwise(cuts)]
        for start, stop in itertools.pairwise(cuts):
            in_turn.update(Block(start, errors[start:stop], np.zeros_like(errors[start:stop])))
        merged = Sums(n_columns)
        for part in data.draw(st.permutations(parts)):
            merged.merge(part)
    for sums in (whole, in_turn, merged):
        assert exact_sums(sums) == wanted
        assert sums.finish() == whole.finish()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(300_000, 1), (100_000, 3), (3_000, 100), (20, 2_000)], ids=str)
def test_large_matrices_are_summed_as_fsum_does(kind: str, shape: tuple[int, int]) -> None:
    errors = KINDS[kind](np.random.default_rng(1), *shape)
    result = summed(errors).finish()
    with np.errstate(all="ignore"):
        cells = errors * errors
    assert result.sse == math.fsum(cells.ravel().tolist())
    for j in range(0, shape[1], 1 + shape[1] // 100):
        assert result.columns[j].sse == math.fsum(cells[:, j].tolist())


@pytest.mark.parametrize("term", [1 - 2.0**-53, 2.0**-1 + 2.0**-53], ids=["leading bits", "rests"])
def test_the_integers_of_a_lane_are_emptied_before_they_overflow(monkeypatch, term: float) -> None:
    monkeypatch.setattr(exact, "LANE_WIDTH", 1)
    monkeypatch.setattr(exact, "LANE_CELLS", 8)
    expansion = Expansion()
    lanes = Lanes(1, expansion)
    lanes.room(8)[:] = term / 4  # makes σ twice as large as eight such terms
    assert lanes.take(8)
    for _ in range(5000):
        lanes.room(8)[:] = term * 3.5 / 4
        assert lanes.take(8)
    lanes.empty()
    found = sum(Fraction(float(part[0])) for part in expansion.parts)
    assert found == 8 * Fraction(term / 4) + 40_000 * Fraction(term * 3.5 / 4)


@pytest.mark.parametrize("n_small", [1, 2, 62])
@pytest.mark.parametrize("ulps", [0.5, 1.5, 4.5, 5.5, 6.5, 2.0**40 + 0.5, 0.9 * 2.0**-48, 0.7 * 2.0**-48])
@pytest.mark.parametrize("towards", [0, 1])
def test_rests_of_almost_half_an_ulp_add_up_exactly(monkeypatch, ulps: float, n_small: int, towards: int) -> None:
    monkeypatch.setattr(exact, "LANE_WIDTH", 3)
    monkeypatch.setattr(exact, "LANE_CELLS", 63)
    expansion = Expansion()
    lanes = Lanes(1, expansion)
    large, term = 1 / 21, math.nextafter(ulps * 2.0**-50, towards)  # 2^-50 is an ulp of the σ that large terms make
    for n in (0, n_small):
        room = lanes.room(63)
        room[:n], room[n:] = term, large
        assert lanes.take(63)
    lanes.empty()
    wanted = n_small * Fraction(term) + (126 - n_small) * Fraction(large)
    assert sum(Fraction(float(part[0])) for part in expansion.parts) == wanted


@pytest.mark.parametrize("bad", [math.nan, math.inf, 2.0**512, 1.7e308])
@pytest.mark.parametrize("how_many", [1, 4, 4096])  # 4 of them could cancel in integers of 64 bits
def test_terms_that_are_not_ordinary_are_refused_whole(bad: float, how_many: int) -> None:
    sums = ColumnSums(2)
    sums.lanes.room(3000)[:] = 0.1
    assert sums.lanes.take(3000)
    room = sums.lanes.room(5000)
    room[:] = 0.1
    room.reshape(-1)[-1 : -2 * how_many : -2] = bad
    assert not sums.lanes.take(5000)
    assert exact_sums(sums) == [3000 * Fraction(0.1)] * 2


@given(st.lists(st.tuples(TERMS, TERMS, TERMS), min_size=1), st.data())
def test_column_sums_are_exact_for_any_cut(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    matrix = np.array(rows)
    cut = data.draw(st.integers(0, len(rows)))
    sums, rest = ColumnSums(3), ColumnSums(3)
    sums.add_product(matrix[:cut])
    rest.add_product(matrix[cut:])
    sums += rest
    for column, total in zip(matrix.T.tolist(), sums.totals(), strict=True):
        assert total.exact() == sum(map(Fraction, column))
        assert total.rounded() == math.fsum(column)


@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=20))
def test_products_that_float64_cannot_hold_are_summed(factors: list[tuple[float, float]]) -> None:
    a, b = (np.abs(np.array([pair[i] for pair in factors])).reshape(-1, 1) for i in (0, 1))
    sums = ColumnSums(1)
    sums.add_product(a, b)
    wanted = sum(Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a[:, 0], b[:, 0], strict=True))
    # Each product is rounded to 53 bits, whatever its magnitude; the sum is exact.
    assert abs(sums.totals()[0].exact() - wanted) <= wanted / 2**53


def test_nan_and_infinity_outweigh_every_number() -> None:
    sums = ColumnSums(2)
    sums.add_product(np.array([[math.nan, 1.0], [2.0, math.inf]]), np.ones((2, 2)))
    first, second = sums.totals()
    assert math.isnan(first.rounded())
    assert second.rounded() == math.inf


def test_sums_at_work_go_through_pickle_and_merge() -> None:
    errors, wanted = squares("far apart", 5, (700, 3))
    sums = summed(errors, 0, 400)
    copy = pickle.loads(pickle.dumps(sums))
    copy.merge(summed(errors, 400))
    assert exact_sums(copy) == wanted


def test_merged_sums_do_not_carry_the_room_they_were_made_in() -> None:
    sums, empty = summed(np.random.default_rng(2).standard_normal((100_000, 4))), Sums(4)
    empty.merge(sums)
    assert len(pickle.dumps(empty)) < 3000


def test_the_sum_of_totals_is_rounded_once() -> None:
    total = ColumnSums.of([Total({0: [1.0]}), Total({0: [2.0**-53]}), Total({0: [2.0**-80]})]).total()
    assert total.rounded() == 1.0 + 2.0**-52
