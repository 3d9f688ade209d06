"""The arithmetic against exact rational numbers: every type, hostile magnitudes, any way the rows arrive."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mse_cli.core.blocks import (
    BLOCK_CELLS,
    MOST_CELLS,
    Block,
    as_numbers,
    difference,
    gradient,
    rows_per_block,
    squared_error,
)
from mse_cli.core.result import Result
from mse_cli.core.tallies.column_sums import row_sums
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import ParseError, ShapeError

TYPES = ("float64", "float32", "float16", "uint8", "int16", "int64", "uint64", ">f8", ">i8", ">u4")
PAIRS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: st.tuples(*(st.sampled_from(TYPES).flatmap(lambda t: _matrices(t, shape)) for _ in "AY"))
)


def _matrices(dtype: str, shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    kind = np.dtype(dtype)
    elements = hnp.from_dtype(kind, allow_nan=False, allow_infinity=False) if kind.kind == "f" else hnp.from_dtype(kind)
    return hnp.arrays(kind, shape, elements=elements)


def result_of(a: np.ndarray, y: np.ndarray, reduction: str = "mean") -> Result:
    sums = Sums(a.shape[1])
    sums.update(Block(0, as_numbers(a), as_numbers(y)))
    return sums.finish(reduction)


def exact(value: object) -> Fraction:
    return Fraction(int(value)) if isinstance(value, int | np.integer) else Fraction(float(value))


def nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def check_close(found: float, wanted: Fraction, ulps: int = 4) -> None:
    limit = nearest(wanted)
    if math.isinf(found) or math.isinf(limit):
        assert found == limit or wanted > Fraction(math.nextafter(math.inf, 0)) * (1 - Fraction(1, 2**50))
    else:
        assert abs(Fraction(found) - wanted) <= ulps * Fraction(math.ulp(limit))


@settings(max_examples=300)
@given(PAIRS)
def test_mse_is_within_4_ulp_of_the_exact_result(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, y = pair
    squares = [[(exact(p) - exact(t)) ** 2 for p, t in zip(*rows, strict=True)] for rows in zip(a, y, strict=True)]
    result = result_of(a, y)
    check_close(result.mse, sum(map(sum, squares)) / a.size)
    for j, column in enumerate(result.columns):
        check_close(column.mse, sum(row[j] for row in squares) / len(squares))


@given(PAIRS)
def test_sse_is_the_sum_of_the_se_cells_rounded_once(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, y = pair
    errors = difference(as_numbers(a), as_numbers(y))
    with np.errstate(all="ignore"):
        cells = errors * errors
    if cells.max() > 1e300:  # the sum may overflow: see the tests of overflow
        return
    result = result_of(a, y)
    assert result.sse == math.fsum(cells.ravel().tolist())
    assert [column.sse for column in result.columns] == [math.fsum(column) for column in cells.T.tolist()]


@given(PAIRS)
def test_a_difference_is_exact_before_it_is_rounded(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, y = pair
    found = difference(as_numbers(a), as_numbers(y))
    for error, p, t in zip(found.ravel(), a.ravel(), y.ravel(), strict=True):
        wanted = exact(p) - exact(t)
        if math.isfinite(error):
            # Integers against floats are off the nearest by less than a thousandth of an ulp at most.
            assert abs(Fraction(float(error)) - wanted) <= Fraction(math.ulp(error)) * Fraction(501, 1000)
        else:
            assert abs(wanted) > Fraction(math.nextafter(math.inf, 0))


@settings(max_examples=300)
@given(PAIRS, st.sampled_from(["mean", "sum"]))
def test_the_gradient_is_the_formula_rounded(pair: tuple[np.ndarray, np.ndarray], reduction: str) -> None:
    a, y = pair
    found = gradient(Block(0, as_numbers(a), as_numbers(y)), a.size, reduction)
    for cell, p, t in zip(found.ravel().tolist(), a.ravel(), y.ravel(), strict=True):
        wanted = 2 * (exact(p) - exact(t)) / (a.size if reduction == "mean" else 1)
        limit = nearest(abs(wanted))
        if math.isinf(limit):
            assert abs(cell) == math.inf
        else:
            assert abs(Fraction(cell) - wanted) <= 2 * Fraction(math.ulp(limit))


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 50), st.integers(1, 3)), elements=st.floats(-1e150, 1e150)),
    st.data(),
)
def test_the_same_bits_for_any_way_the_rows_arrive(a: np.ndarray, data: st.DataObject) -> None:
    y = np.zeros_like(a)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(a)))))
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, len(a)], strict=True):
        sums = Sums(a.shape[1])
        sums.update(Block(start, a[start:stop], y[start:stop]))
        parts.append(sums)
    merged = parts[0]
    for part in data.draw(st.permutations(parts[1:])):
        merged = part + merged
    assert merged.finish() == result_of(a, y)
    assert result_of(np.asfortranarray(a), y) == result_of(a, y)


def test_blocks_of_a_large_matrix_add_up_to_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    a, y = rng.normal(size=(50_000, 3)), rng.normal(size=(50_000, 3))
    sums = Sums(3)
    for start in range(0, len(a), 7_001):
        sums.update(Block(start, a[start : start + 7_001], y[start : start + 7_001]))
    assert sums.finish() == result_of(a, y)
    assert sums.finish().sse == math.fsum(((a - y) ** 2).ravel())


def test_a_large_cell_does_not_swallow_small_ones() -> None:
    a = np.ones((100_000, 1))
    a[0] = 1e8
    assert result_of(a, np.zeros_like(a)).sse == float(10_000_000_000_099_999)


def test_small_types_neither_wrap_nor_stick() -> None:
    def mse(a: int, y: int, dtype: str) -> float:
        return result_of(np.array([[a]], dtype), np.array([[y]], dtype)).mse

    assert mse(0, 255, "uint8") == 65025
    assert mse(-128, 127, "int8") == 65025
    assert mse(300, 0, "float16") == 90000
    assert mse(2**53 + 1, 2**53, "int64") == 1
    assert mse(0, 2**64 - 1, "uint64") == float(2**64 - 1) ** 2
    assert mse(-(2**63), 2**63 - 1, "int64") == float(2**64 - 1) ** 2


def test_a_small_integer_against_a_float_keeps_the_float() -> None:
    assert difference(np.array([2.0**-24]), np.array([-1])).tolist() == [1 + 2.0**-24]
    assert difference(np.array([2**60 + 1]), np.array([2.0**60 + 512])).tolist() == [-511]
    assert difference(np.array([2**63 - 1]), np.array([np.inf])).tolist() == [-np.inf]


def test_the_sum_of_many_equal_cells_is_right() -> None:
    a = np.full((1_000_000, 2), 0.1)
    result = result_of(a, np.zeros_like(a))
    for column in result.columns:
        assert abs(Fraction(column.mse) / Fraction(0.1) ** 2 - 1) < Fraction(1, 10**15)


def test_a_mean_that_float64_can_hold_is_right_where_the_sum_or_a_square_overflows() -> None:
    a = np.full((4, 1), 1.2e154)
    result = result_of(a, np.zeros_like(a))
    assert (result.sse, result.mse, result.overflow) == (math.inf, 1.2e154 * 1.2e154, False)
    a = np.array([[1.4e154], [0.0], [0.0], [0.0]])
    result = result_of(a, np.zeros_like(a))
    check_close(result.mse, Fraction(1.4e154) ** 2 / 4)
    assert result.overflow
    a = np.array([[1e200], [1e200]])
    result = result_of(a, np.zeros_like(a))
    assert (result.mse, result.rmse) == (math.inf, 1e200)


def test_a_gradient_that_float64_can_hold_is_right_where_the_error_overflows() -> None:
    a, y = np.array([[1.5e308], [0.0]]), np.array([[-1.5e308], [0.0]])
    assert gradient(Block(0, a, y), divisor=2).tolist() == [[math.inf], [0.0]]
    a, y = np.vstack([a, a]), np.vstack([y, y])
    assert gradient(Block(0, a, y), divisor=4).tolist() == [[1.5e308], [0.0], [1.5e308], [0.0]]


TINY = st.floats(0, 1e-300, exclude_min=True) | st.sampled_from([5e-324, 2.0**-1022, 2.0**-1021, 3 * 2.0**-1074])
SCALES = st.floats(0, 1e-290) | st.floats(0, 1e300) | TINY


@settings(max_examples=300, deadline=None)
@given(
    hnp.arrays(np.float64, (3, 2), elements=st.floats(allow_nan=False, allow_infinity=False)),
    hnp.arrays(np.float64, (3, 2), elements=st.floats(-1, 1) | st.floats(-1.7e308, 1.7e308)),
    hnp.arrays(np.float64, (3, 2), elements=SCALES) | hnp.arrays(np.float64, (3, 1), elements=TINY),
)
def test_a_gradient_that_float64_can_hold_is_right_at_any_scale(a: np.ndarray, y: np.ndarray, w: np.ndarray) -> None:
    divisor = nearest(sum(Fraction(float(x)) for x in np.broadcast_to(w, a.shape).ravel()))
    if divisor in {0, math.inf}:
        return
    found = gradient(Block(0, a, y, w), divisor)
    rows = [gradient(Block(i, a[i : i + 1], y[i : i + 1], w[i : i + 1]), divisor) for i in range(3)]
    assert np.array_equal(np.vstack(rows), found)  # whatever stands beside a cell
    for cell, p, t, x in zip(*(m.ravel().tolist() for m in (found, a, y, np.broadcast_to(w, a.shape))), strict=True):
        wanted = 2 * Fraction(x) * (Fraction(p) - Fraction(t)) / Fraction(divisor)
        limit = nearest(abs(wanted))
        if abs(wanted) < Fraction(math.nextafter(math.inf, 0)) * (1 - Fraction(1, 2**50)):
            assert abs(Fraction(cell) - wanted) <= 3 * Fraction(math.ulp(limit))
        else:
            assert abs(cell) >= limit * (1 - 2.0**-50)


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(np.float64, (4, 2), elements=st.floats()),
    hnp.arrays(np.float64, (4, 2), elements=st.floats()),
    st.none() | hnp.arrays(np.float64, (4, 1), elements=st.floats(0, 1.7e308)),
    st.none() | hnp.arrays(np.bool_, (4, 2)),
)
def test_numpys_error_settings_change_nothing(
    a: np.ndarray, y: np.ndarray, w: np.ndarray | None, used: np.ndarray | None
) -> None:
    def everything() -> str:
        block = Block(0, a, y, w, used)
        sums, edges, worst = Sums(2), Edges(3), Worst(3)
        for tally in (sums, edges, worst):
            tally.update(block)
            tally.merge(tally.new())
        total = (sums + sums).errors.total()
        shown = [worst.cells(None, total), edges.block().prediction.tolist(), gradient(edges.block(), 3.0).tolist()]
        try:
            shown.append(sums.finish())
        except ParseError as error:
            shown.append(error.message)
        gradients = [gradient(block, divisor).tolist() for divisor in (1e-310, 1.0, 1e308)]
        return repr([shown, gradients, squared_error(block).tolist(), row_sums(block), total.rounded()])

    with np.errstate(all="ignore"):
        wanted = everything()
    with np.errstate(all="raise"):
        assert everything() == wanted


@given(
    hnp.arrays(np.float64, (5, 2), elements=st.floats(-1e200, 1e200)),
    hnp.arrays(np.float64, (5, 2), elements=st.floats(0, 1e200)),
)
def test_weights_multiply_the_squares_and_the_divisor(a: np.ndarray, w: np.ndarray) -> None:
    if not w.any():
        return
    sums = Sums(2)
    sums.update(Block(0, a, np.zeros_like(a), weights=w))
    result = sums.finish()
    total = sum(Fraction(float(x)) for x in w.ravel())
    terms = sum(Fraction(float(x)) * Fraction(float(e)) ** 2 for x, e in zip(w.ravel(), a.ravel(), strict=True))
    assert result.divisor == nearest(total)
    check_close(result.mse, terms / total)


def test_masked_cells_count_nowhere_whatever_stands_in_them() -> None:
    a = np.array([[1.0, math.nan], [math.inf, 4.0]])
    used = np.array([[True, False], [False, True]])
    block = Block(0, a, np.zeros((2, 2)), used=used)
    sums = Sums(2)
    sums.update(block)
    result = sums.finish()
    assert (result.cells_used, result.divisor, result.sse, result.mse) == (2, 2.0, 17.0, 8.5)
    assert [column.mse for column in result.columns] == [1.0, 16.0]
    assert gradient(block, result.divisor).tolist() == [[1.0, 0.0], [0.0, 4.0]]


def test_types_that_are_no_real_numbers_are_refused() -> None:
    for array in (np.array([1j]), np.array(["1"]), np.array([None]), np.array(["2020"], "M8[Y]")):
        with pytest.raises(ParseError, match="not real numbers"):
            as_numbers(array)


def test_parts_of_other_widths_do_not_merge() -> None:
    with pytest.raises(ShapeError, match="2 and 3 columns"):
        Sums(2) + Sums(3)


def test_a_block_is_whole_lanes_and_fits_the_cache() -> None:
    for n_columns in (1, 2, 3, 7, 100, 1023, 1024, 1025, 10**6):
        rows = rows_per_block(n_columns)
        assert rows >= (8 if n_columns < 10**6 else 1)
        assert rows * n_columns <= (BLOCK_CELLS if n_columns <= BLOCK_CELLS // 8 else MOST_CELLS)
