"""``MSELoss`` and the four functions, as a student or a program would call them."""

import numpy as np
import pytest

from mse_cli import (
    MSELoss,
    ShapeError,
    mean_squared_error,
    mse_gradient,
    squared_error,
    sum_squared_error,
)

A, Y = [[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]
SMALL_A, SMALL_Y = [[-4, -3], [-2, -1], [0, 1], [2, 3]], [[0, 1], [1, 0], [1, 0], [0, 1]]


def test_the_house_example() -> None:
    assert squared_error(A, Y).tolist() == [[2.5e9, 1], [2.5e9, 1]]
    assert sum_squared_error(A, Y) == 5000000002
    assert mean_squared_error(A, Y) == 1250000000.5
    assert mse_gradient(A, Y).tolist() == [[-25000, -0.5], [25000, 0.5]]


def test_the_small_example() -> None:
    loss = MSELoss()
    assert loss.forward(SMALL_A, SMALL_Y) == 6.5
    assert loss.backward().tolist() == [[-1, -1], [-0.75, -0.25], [-0.25, 0.25], [0.5, 0.5]]
    assert sum_squared_error(SMALL_A, SMALL_Y) == 52


def test_the_sum_reduction() -> None:
    loss = MSELoss(reduction="sum")
    assert loss.forward(A, Y) == 5000000002
    assert loss.backward().tolist() == [[-100000, -2], [100000, 2]]
    with pytest.raises(ValueError, match="'mean' or 'sum'"):
        MSELoss(reduction="none")


def test_the_gradient_agrees_with_centred_differences() -> None:
    rng = np.random.default_rng(0)
    a, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    found = mse_gradient(a, y)
    for i, j in np.ndindex(a.shape):
        step = np.zeros_like(a)
        step[i, j] = 1e-4
        slope = (mean_squared_error(a + step, y) - mean_squared_error(a - step, y)) / 2e-4
        assert found[i, j] == pytest.approx(slope, rel=1e-8)


def test_backward_gives_the_gradient_at_what_forward_saw() -> None:
    loss = MSELoss()
    a = np.array([1.0, 2.0])
    loss.forward(a, [0, 0])
    a[:] = 100
    assert loss.backward().tolist() == [1.0, 2.0]


def test_backward_needs_a_forward() -> None:
    with pytest.raises(RuntimeError, match="forward"):
        MSELoss().backward()


@pytest.mark.parametrize(
    ("a", "y"),
    [(np.zeros((3, 1)), np.zeros((1, 3))), (np.zeros((3, 2)), np.zeros((2, 3))), ([[1.0]], np.zeros((3, 2)))],
)
def test_nothing_is_broadcast(a: np.ndarray, y: np.ndarray) -> None:
    with pytest.raises(ShapeError) as caught:
        mean_squared_error(a, y)
    assert str(np.shape(a)) in str(caught.value)
    assert str(np.shape(y)) in str(caught.value)


def test_shapes_of_any_rank() -> None:
    assert mean_squared_error(3, 1) == 4
    assert mean_squared_error([1, 2, 3], [[0], [0], [0]]) == pytest.approx(14 / 3)
    assert mse_gradient(np.ones((2, 3, 4)), np.zeros((2, 3, 4))).shape == (2, 3, 4)
    assert mse_gradient([1.0, 2.0], [[0.0], [0.0]]).shape == (2,)
    with pytest.raises(ShapeError, match="no cells"):
        mean_squared_error([], [])


def test_weights_of_rows_columns_and_cells() -> None:
    a, y = [[1, 2], [3, 4]], [[0, 0], [0, 0]]
    assert mean_squared_error(a, y, weights=[1, 0]) == 2.5
    assert mean_squared_error(a, y, weights=[[1, 0]]) == 5
    assert mean_squared_error(a, y, weights=[[0, 0], [0, 2]]) == 16
    assert mse_gradient(a, y, weights=[1, 0]).tolist() == [[1, 2], [0, 0]]
    assert squared_error(a, y, weights=[[1, 0]]).tolist() == [[1, 0], [9, 0]]
    assert sum_squared_error(a, y, weights=[2, 1]) == 35


@pytest.mark.parametrize("weights", [[-1, 1], [np.nan, 1], [np.inf, 1], [0, 0], [1, 2, 3], [[1, 2, 3]]])
def test_weights_that_cannot_be_used_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        mean_squared_error([1, 2], [0, 0], weights=weights)


def test_nan_propagates_through_arrays_as_in_numpy() -> None:
    assert np.isnan(mean_squared_error([np.nan, 1], [0, 0]))
    assert np.isnan(mse_gradient([np.nan, 1.0], [0, 0])).tolist() == [True, False]


@pytest.mark.parametrize(
    "weights", [None, [[1e-320], [1.0]], [[1e300, 1e300], [0.0, 1.0]]], ids=["none", "tiny", "huge"]
)
def test_numpys_error_settings_change_nothing(weights: list[list[float]] | None) -> None:
    a = np.array([[np.nan, 1e-200], [1e200, -1.7e308]])
    y = np.array([[0.0, 2e-200], [np.inf, 1.7e308]])

    def everything() -> str:
        loss = MSELoss()
        called = [function(a, y, weights=weights) for function in (squared_error, mean_squared_error, mse_gradient)]
        finite = [function(a[:, 1], y[:, 1], weights=None) for function in (sum_squared_error, mse_gradient)]
        return repr([called, finite, loss.forward(a, y), loss.backward(), mse_gradient(a, y, reduction="sum")])

    with np.errstate(all="ignore"):
        wanted = everything()
    with np.errstate(all="raise"):
        assert everything() == wanted


def test_the_gradient_with_tiny_weights() -> None:
    assert mse_gradient([3.0, 1.0], [1.0, 0.0], weights=[5e-324, 5e-324]).tolist() == [2.0, 1.0]
    assert mse_gradient([3.0, 3.0, 0.0], [0.0, 0.0, 0.0], weights=[5e-324] * 3).tolist() == [2.0, 2.0, 0.0]
    assert mse_gradient([1e300, 1.0], [0.0, 0.0], weights=[1e-300, 1e300]).tolist() == [2e-300, 2.0]
