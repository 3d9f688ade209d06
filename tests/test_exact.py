"""Exact sums: against ``math.fsum`` and rational numbers, for any order, any cut and any magnitudes."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mse_cli.core.exact import ColumnSums, Expansion, Total

TERMS = st.floats(0, 2.0**500, allow_subnormal=True)
ANY = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.floats(-1e290, 1e290), min_size=1))
def test_an_expansion_holds_the_exact_sum(values: list[float]) -> None:
    total = Expansion()
    for value in values:
        total.add(np.array([value]))
    assert sum(Fraction(float(part[0])) for part in total.parts) == sum(map(Fraction, values))


@given(st.lists(st.tuples(TERMS, TERMS, TERMS), min_size=1), st.data())
def test_column_sums_are_exact_for_any_cut(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    matrix = np.array(rows)
    cut = data.draw(st.integers(0, len(rows)))
    sums, rest = ColumnSums(3), ColumnSums(3)
    if cut:
        sums.add(matrix[:cut])
    if cut < len(rows):
        rest.add(matrix[cut:])
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


def test_a_sum_goes_through_pickle_and_merges() -> None:
    sums = ColumnSums(1)
    sums.add(np.array([[0.1], [0.2]]))
    copy = pickle.loads(pickle.dumps(sums))
    copy += sums
    assert copy.totals()[0].exact() == 2 * (Fraction(0.1) + Fraction(0.2))


def test_the_sum_of_totals_is_rounded_once() -> None:
    total = Total.of([Total({0: [1.0]}), Total({0: [2.0**-53]}), Total({0: [2.0**-80]})])
    assert total.rounded() == 1.0 + 2.0**-52


@pytest.mark.parametrize("magnitudes", [(0, 0), (-30, 0), (-400, 400)], ids=["alike", "some bits apart", "far apart"])
def test_many_terms_of_any_magnitude_are_summed_exactly(magnitudes: tuple[int, int]) -> None:
    random = np.random.default_rng(7)
    matrix = random.random((30_000, 2)) * 2.0 ** random.integers(*magnitudes, (30_000, 2), endpoint=True)
    sums = ColumnSums(2)
    sums.add(matrix)
    for column, total in zip(matrix.T.tolist(), sums.totals(), strict=True):
        assert total.exact() == sum(map(Fraction, column))
