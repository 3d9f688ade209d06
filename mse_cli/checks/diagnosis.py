"""``mse check`` without a screen: what is wrong with a gradient or a loss that someone else computed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mse_cli.checks.conventions import Convention, loss_conventions
from mse_cli.checks.explanations import (
    as_short_floats,
    broadcast_explanations,
    coarse_explanations,
    coarser,
    explanations,
    in_other_words,
    relative_errors,
    rounded_to_few,
)
from mse_cli.checks.finding import Explanation, Finding, Precision
from mse_cli.core.blocks import Block, Floats, gradient, weights_of
from mse_cli.core.centred_difference import centred_difference, relative_error
from mse_cli.core.result import Result

ANALYTIC_TOLERANCE, MOST_CELLS = 1e-9, 1000


def check_analytic(block: Block, result: Result) -> Finding:
    """The engine's own gradient against centred differences of the loss, at up to 1000 cells spread over the matrix."""
    right = gradient(block, result.divisor)
    count = block.prediction.size
    cells = {int(k) for k in np.linspace(0, count - 1, min(count, MOST_CELLS))} | {int(np.argmax(np.abs(right)))}
    weights = weights_of(block)
    largest, worst, compared = -1.0, 0, 0
    for k in sorted(cells):
        i, j = divmod(k, block.shape[1])
        slope = centred_difference(
            block.prediction[i, j].item(),
            block.target[i, j].item(),
            sse=result.sse,
            divisor=result.divisor,
            weight=float(weights[i, j]),
        )
        if slope is None:
            continue  # a missing cell
        compared += 1
        difference = relative_error(float(right[i, j]), slope.value)
        if difference > largest:
            largest, worst = difference, k
    i, j = divmod(worst, block.shape[1])
    precision = Precision(ANALYTIC_TOLERANCE)
    return Finding("analytic gradient", largest, precision, (i + 1, j + 1), right=float(right[i, j]), count=compared)


def check_gradient(given: Floats, block: Block, result: Result, precision: Precision) -> Finding:
    """A gradient against the analytic one, and on failure the conventions that fit it.

    Args:
        given: The gradient to check, N×C or C×N.
        block: The whole matrices.
        result: Their loss.
        precision: How exactly they should agree.
    """
    right = gradient(block, result.divisor)
    floor = _floor(block, result, precision)
    if given.shape != right.shape:
        return Finding(
            "gradient",
            math.inf,
            precision,
            count=given.size,
            fits=_of_another_shape(given, block, result, floor, precision),
        )
    errors = relative_errors(given, right, floor)
    # What does not pass is told against the right number itself: nobody sees the floor.
    errors = np.where(errors > precision.tolerance, relative_errors(given, right, np.zeros(right.shape)), errors)
    k = int(np.argmax(errors))
    i, j = divmod(k, right.shape[1])
    found = Finding(
        "gradient", float(errors[i, j]), precision, (i + 1, j + 1), float(given[i, j]), float(right[i, j]), given.size
    )
    if found.holds:
        return found
    fits = explanations(given, block, result, floor, precision)
    rounded = () if fits else rounded_to_few(given, right)
    if not fits and not rounded:
        fits = coarse_explanations(given, block, result, floor, precision)
    if fits:
        return replace(found, fits=fits)
    words = rounded or as_short_floats(given, right, lambda precision: _floor(block, result, precision))
    words = words or in_other_words(given, right, block, result, floor, precision)
    return replace(found, fits=(words,) if words else ())


def _of_another_shape(
    given: Floats, block: Block, result: Result, floor: Floats, precision: Precision
) -> tuple[Explanation, ...]:
    n, c = block.shape
    if c == 1 and given.shape == (n, n):
        fits = broadcast_explanations(given, block, precision)
        return fits or broadcast_explanations(given, block, coarser(given, precision))
    fits = explanations(given, block, result, floor, precision)
    return fits or coarse_explanations(given, block, result, floor, precision)


def check_loss(given: float, block: Block, result: Result, precision: Precision) -> Finding:
    """A loss against MSE, and on failure the conventions that fit it."""
    largest = relative_error(given, result.mse)
    found = Finding("loss", largest, precision, given=given, right=result.mse)
    if found.holds:
        return found
    numbers = np.array([given]), np.array([result.mse])
    conventions = [c for c in loss_conventions(block, result) if c.remark]
    fits = _fitting(given, conventions, precision)
    if not fits:
        words = rounded_to_few(*numbers) or as_short_floats(*numbers, lambda _: np.zeros(1))
        fits = (words,) if words else _fitting(given, conventions, coarser(numbers[0], precision))
    return replace(found, fits=fits)


def _fitting(given: float, conventions: list[Convention], precision: Precision) -> tuple[Explanation, ...]:
    """The conventions whose loss it is, each once."""
    return tuple(dict.fromkeys((c.remark,) for c in conventions if c.remark and _close(given, c.factor, precision)))


def _floor(block: Block, result: Result, precision: Precision) -> Floats:
    """Below this size a cell of the gradient is not held to its own size.

    It is what rounding A and Y themselves may change: 4 roundings of |A| + |Y|, as a share of the tolerance.
    """
    with np.errstate(all="ignore"):
        sizes = np.abs(block.prediction.astype(np.float64)) + np.abs(block.target.astype(np.float64))
        sizes = np.where(weights_of(block) > 0, sizes, 0.0)
        if precision.tolerance == 0:
            return np.zeros(block.shape)
        floor: Floats = sizes * weights_of(block) * (2 / result.divisor * 4 * precision.rounding / precision.tolerance)
    return floor


def _close(value: float, other: float, precision: Precision) -> bool:
    return relative_error(value, other) <= precision.tolerance
