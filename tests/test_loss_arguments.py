"""What is handed to the functions: read as strictly as files are."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli import (
    MseError,
    MSELoss,
    ParseError,
    ShapeError,
    UsageError,
    mean_squared_error,
    mse_gradient,
    squared_error,
    sum_squared_error,
)

LONG = 2**53 + 1  # which float64 does not hold


def test_reduction_none_is_called_by_its_name():
    with pytest.raises(ValueError, match="squared_error"):
        MSELoss(reduction="none")


# Masked arrays


@settings(deadline=None)
@given(data=st.data(), shape=st.tuples(st.integers(1, 5), st.integers(1, 4)), weighted=st.booleans())
def test_masked_cells_are_left_out(data, shape, weighted):
    size = shape[0] * shape[1]
    cells = st.lists(st.integers(-99, 99), min_size=size, max_size=size)
    bits = st.lists(st.booleans(), min_size=size, max_size=size)
    a, y, w = (np.array(data.draw(cells), dtype=float).reshape(shape) for _ in range(3))
    w = abs(w) if weighted else np.ones(shape)
    masks = [np.array(data.draw(bits)).reshape(shape) for _ in range(2)]
    used = ~(masks[0] | masks[1])
    given_a = np.ma.array(np.where(masks[0], np.nan, a), mask=masks[0])
    given_y = np.ma.array(np.where(masks[1], np.inf, y), mask=masks[1])
    weights = w if weighted else None
    divisor = sum(Fraction(x) for x in w[used].tolist())
    if not used.any() or divisor == 0:
        return
    sse = sum(Fraction(x) for x in (w * (a - y) ** 2)[used].tolist())
    assert sum_squared_error(given_a, given_y, weights=weights) == float(sse)
    assert mean_squared_error(given_a, given_y, weights=weights) == pytest.approx(float(sse / divisor), rel=1e-15)
    cells = squared_error(given_a, given_y, weights=weights)
    assert np.array_equal(np.isnan(cells), ~used)
    wanted = np.where(used, 2 * w * (a - y), 0) / float(divisor)
    assert mse_gradient(given_a, given_y, weights=weights) == pytest.approx(wanted, rel=1e-15)
    loss = MSELoss()
    if not weighted:
        assert loss(given_a, given_y) == pytest.approx(float(sse / divisor), rel=1e-15)
        assert np.array_equal(loss.backward(), mse_gradient(given_a, given_y))


def test_masks_that_would_be_dropped_in_silence_are_refused():
    masked = np.ma.masked_equal([1.0, 9.0], 9)
    for values in ([masked, masked], [[masked], [masked]], {"a": masked}):
        with pytest.raises(ParseError, match="masked cells"):
            mean_squared_error(values, np.zeros((2, 2)))
    with pytest.raises(ParseError, match="every cell is masked"):
        mean_squared_error(np.ma.masked_all(2), [1, 2])
    with pytest.raises(ParseError, match="a weight is masked"):
        mean_squared_error([1, 2], [1, 2], weights=masked)


# Numbers of Python's own


@pytest.mark.parametrize(
    "values",
    [
        [LONG, 1],
        [2**64 - 1, 0],
        [Decimal("0.1"), Decimal(3)],
        [Fraction(1, 3), 3],
        [Decimal(2**53), 0],
        (2**53, 0.0),
        [True, 0],
        [np.int64(LONG), np.int64(0)],
    ],
)
def test_python_numbers_are_exact_or_rounded_once(values):
    cells = [value if isinstance(value, int | np.integer) else float(value) for value in values]
    errors = [float(Fraction(int(cell) if isinstance(cell, np.integer) else cell) - 2**53) for cell in cells]
    assert squared_error(values, [2**53, 2**53]).tolist() == [error**2 for error in errors]
    as_columns = [[value] for value in values]
    assert squared_error(as_columns, [2**53, 2**53]).ravel().tolist() == [error**2 for error in errors]


@pytest.mark.parametrize(
    "values",
    [
        [LONG, 0.5],
        [[LONG, 0.5]],
        (0.5, -LONG),
        [LONG, Decimal("0.5")],
        [LONG, None],
        [2**64 + 1, 0],
        [2**63 + 1, -1],
        [np.int64(LONG), 0.5],
        [np.array([LONG]), np.array([0.5])],
    ],
)
def test_integers_that_would_be_rounded_are_an_error(values):
    with pytest.raises(ParseError, match="would be rounded"):
        sum_squared_error(values, np.zeros(np.shape(values)))


@pytest.mark.parametrize("cell", ["1", "x", 1j, Decimal("1e400"), 10**400, object(), [1, 2], pd.NaT])
def test_what_is_no_number_is_an_error(cell):
    with pytest.raises(MseError):
        mean_squared_error([cell, Decimal(1)], [0, 0])


def test_infinities_of_python_are_those_of_numpy():
    assert mean_squared_error([Decimal("-Infinity"), Decimal(1)], [0, 0]) == np.inf


def test_nothing_is_nan_and_rows_have_one_length():
    for absent in (None, pd.NA, float("nan"), Decimal("NaN")):
        assert np.isnan(squared_error([absent, Decimal(1)], [0, 0])).tolist() == [True, False]
    with pytest.raises(ShapeError, match="different lengths"):
        mean_squared_error([[1, 2], [3]], [1, 2])


# Frames


class Table:
    """Named columns, and no library that is known."""

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]

    def __len__(self):
        return len(next(iter(self._columns.values()), ()))


KINDS = {"pandas": pd.DataFrame, "pyarrow": pa.table, "mapping": dict, "any": lambda columns: Table(**columns)}
FRAMES = pytest.mark.parametrize("frame", KINDS.values(), ids=KINDS.keys())


@FRAMES
def test_columns_are_matched_by_name_as_files_are(frame):
    a = frame({"price": [100.0, 200.0], "rooms": [3, 4]})
    y = frame({"Rooms ": [3, 5], "region": ["north", "south"], "PRICE": [100.5, 200.0]})
    assert squared_error(a, y).tolist() == [[0.25, 0], [0, 1]]
    assert mse_gradient(a, y, weights=[1, 3]).tolist() == [[-0.125, 0], [0, -0.75]]
    loss = MSELoss()
    assert loss.forward(a, y) == 1.25 / 4
    assert loss.backward().tolist() == [[-0.25, 0], [0, -0.5]]
    assert sum_squared_error(a, [[100, 3], [200, 4]]) == 0
    assert sum_squared_error([[100, 3], [200, 4]], a) == 0


@FRAMES
def test_names_that_only_partly_agree_are_an_error(frame):
    with pytest.raises(ParseError, match="number 1 of the prediction and 2 of the target"):
        mean_squared_error(frame({"a": [1], "b": [2]}), frame({"c": [1], "a": [2]}))
    with pytest.raises(ParseError, match="by position these columns"):
        mean_squared_error(frame({"a_hat": [1], "b_hat": [2]}), frame({"b": [1], "a": [2]}))
    with pytest.warns(UserWarning, match="paired by position: 'u' with 'a'"):
        assert sum_squared_error(frame({"u": [1], "v": [2]}), frame({"a": [1], "b": [3]})) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum_squared_error(frame({"u": [1]}), frame({"a": [3]})) == 4


@FRAMES
def test_an_identifier_is_not_taken_for_numbers(frame):
    both = frame({"Id": [1, 2], "y": [1.0, 2.0]})
    with pytest.raises(ParseError, match="'Id' identifies rows"):
        mean_squared_error(both, both)
    assert mean_squared_error(frame({"y": [1.0, 3.0]}), both) == 0.5


@FRAMES
def test_long_integers_in_frames_are_exact_or_an_error(frame):
    whole = frame({"a": np.array([LONG, 1]), "b": np.array([1, 2], dtype=np.int32)})
    assert sum_squared_error(whole, np.array([[2**53, 1], [1, 2]])) == 1
    with pytest.raises(ParseError, match=r"row 1, column 1 \(a\): the integer 9007199254740993 would be rounded"):
        sum_squared_error(frame({"a": np.array([LONG, 1]), "b": [0.5, 1.0]}), np.zeros((2, 2)))
    mixed = frame({"a": np.array([-1]), "b": np.array([2**63 + 1], dtype=np.uint64)})
    with pytest.raises(ParseError, match=r"column 2 \(b\)"):
        sum_squared_error(mixed, np.zeros((1, 2)))


@FRAMES
def test_what_is_no_number_names_its_column(frame):
    with pytest.raises(ParseError, match=r"column 2 \(b\)"):
        mean_squared_error(frame({"a": [1.0], "b": ["x"]}), np.zeros((1, 2)))
    with pytest.raises(ParseError, match=r"column 1 \(t\)"):
        mean_squared_error(frame({"t": np.array(["2020-01-01"], dtype="M8[ns]")}), np.zeros((1, 1)))
    with pytest.raises(ShapeError, match="no cells"):
        mean_squared_error(frame({}), np.zeros((1, 1)))


@FRAMES
def test_decimals_are_rounded_once_and_nothing_is_nan(frame):
    cells = [Decimal("0.1"), Decimal("2.675")]
    assert squared_error(frame({"a": cells}), [0.0, 0.0]).ravel().tolist() == [0.1**2, 2.675**2]
    with_nothing = frame({"a": [Decimal("0.1"), None], "b": [1, 2]})
    assert np.isnan(squared_error(with_nothing, np.zeros((2, 2)))).tolist() == [[False, False], [True, False]]


def test_a_structured_array_is_a_frame():
    a = np.array([(1.0, 2), (3.0, 4)], dtype=[("a", "f8"), ("b", "i8")])
    y = np.array([(2, 1.0), (5, 3.0)], dtype=[("b", "i8"), ("a", "f8")])
    assert squared_error(a, y).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "UInt8", "int64[pyarrow]", "double[pyarrow]"])
def test_nullable_types_of_pandas(dtype):
    whole, some = pd.Series([1, 0], dtype=dtype), pd.Series([1, None], dtype=dtype)
    for make in (lambda column: column, lambda column: pd.DataFrame({"a": column})):
        assert squared_error(make(whole), [0, 0]).ravel().tolist() == [1, 0]
        assert np.isnan(squared_error(make(some), [0, 0])).ravel().tolist() == [False, True]


def test_a_nullable_integer_beside_nothing_is_not_rounded():
    for column in (pd.Series([LONG, None], dtype="Int64"), pa.array([LONG, None])):
        with pytest.raises(ParseError, match="would be rounded"):
            mean_squared_error(column, [0, 0])
        with pytest.raises(ParseError, match=r"column 1 \(a\): the integer 9007199254740993 would be rounded"):
            mean_squared_error({"a": column}, [0, 0])
    assert sum_squared_error(pd.Series([LONG, 1], dtype="Int64"), [2**53, 1]) == 1


def test_decimals_of_arrow_in_pandas():
    column = pd.Series([Decimal("0.1"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
    assert squared_error(column, [0.0, 0.0])[0] == 0.1**2


def test_two_columns_of_one_name():
    a = pd.DataFrame([[1.0, 2.0]], columns=["x", "x"])
    assert sum_squared_error(a, a) == 0
    assert sum_squared_error(a, [[1, 3]]) == 1
    with pytest.raises(ParseError, match="occurs twice"):
        sum_squared_error(a, pd.DataFrame([[1.0, 2.0, 3.0]], columns=["x", "y", "x"]))


def test_indexes_of_the_same_labels_in_another_order_are_an_error():
    a, y = pd.Series([1.0, 2.0], index=["p", "q"]), pd.Series([2.0, 1.0], index=["q", "p"])
    for sides in ((a, y), (a.to_frame("y"), y.to_frame("y")), (a, y.to_frame("y"))):
        with pytest.raises(ParseError, match="same labels in another order") as caught:
            mean_squared_error(*sides)
        assert "reset_index" in caught.value.hint
    assert sum_squared_error(a, y.loc[a.index]) == 0
    assert sum_squared_error(a.reset_index(drop=True), y.reset_index(drop=True)) == 2
    assert sum_squared_error(a, y.set_axis(["x", "z"])) == 2
    assert sum_squared_error(a, y.to_numpy()) == 2
    with pytest.raises(ParseError, match="same labels"):
        mean_squared_error(a, [1, 2], weights=y)


def test_weights_with_names_follow_the_prediction():
    a = pd.DataFrame({"a": [1.0], "b": [2.0]})
    weights = pd.DataFrame({"b": [10.0], "a": [1.0]})
    assert sum_squared_error(a, [[0, 0]], weights=weights) == 41


def test_frames_that_hold_no_rows_yet_say_so():
    class LazyFrame:
        columns = ("a",)

        def collect(self):
            raise AssertionError

    with pytest.raises(UsageError, match="LazyFrame holds no rows yet"):
        mean_squared_error(LazyFrame(), [1])


def test_a_copy_is_kept_for_backward():
    loss, frame = MSELoss(), pd.DataFrame({"a": [1.0, 2.0]})
    loss.forward(frame, [0, 0])
    frame["a"] = 7.0
    assert loss.backward().ravel().tolist() == [1.0, 2.0]
