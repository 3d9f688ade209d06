"""``mse check`` without a screen: what is wrong with a gradient or a loss that someone else computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from mse_cli.check.conventions import Convention, gradient_conventions, loss_conventions
from mse_cli.check.finding import Finding, Precision
from mse_cli.check.precision import FEW_DIGITS, count_of, is_rounded, most_digits
from mse_cli.core.blocks import Block, Floats, gradient, masked_difference
from mse_cli.core.centred_difference import centred_difference, relative_error
from mse_cli.core.result import Result

ANALYTIC_TOLERANCE, MOST_CELLS = 1e-9, 1000


def check_analytic(block: Block, result: Result) -> Finding:
    """The engine's own gradient against centred differences of the loss, at up to 1000 cells spread over the matrix."""
    right = gradient(block, result.divisor)
    count = block.prediction.size
    cells = {int(k) for k in np.linspace(0, count - 1, min(count, MOST_CELLS))} | {int(np.argmax(np.abs(right)))}
    weights = _weights(block)
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
            fits=_explanations(given, block, result, floor, precision),
        )
    errors = relative_errors(given, right, floor)
    k = int(np.argmax(errors))
    i, j = divmod(k, right.shape[1])
    found = Finding(
        "gradient", float(errors[i, j]), precision, (i + 1, j + 1), float(given[i, j]), float(right[i, j]), given.size
    )
    if found.holds:
        return found
    fits = _explanations(given, block, result, floor, precision) or _in_other_words(given, right, floor, precision)
    return replace(found, fits=fits)


def check_loss(given: float, block: Block, result: Result, precision: Precision) -> Finding:
    """A loss against MSE, and on failure the conventions that fit it."""
    largest = relative_error(given, result.mse)
    found = Finding("loss", largest, precision, given=given, right=result.mse)
    if found.holds:
        return found
    errors, weights = masked_difference(block), _weights(block)
    absolute, plain = (math.fsum((weights * e).ravel()) / result.divisor for e in (np.abs(errors), errors))
    fits = [c.words for c in loss_conventions(result, absolute, plain) if _close(given, c.factor, precision)]
    if result.weighted:
        used = errors if block.used is None else errors[block.used]
        if _close(given, math.fsum((used * used).ravel()) / used.size, precision):
            fits.append("the weights are left out")
    rounded = _is_rounded_to_few(np.array([given]), np.array([result.mse]))
    return replace(found, fits=tuple(fits) or rounded)


def relative_errors(given: Floats, right: Floats, floor: Floats) -> Floats:
    """|given − right| / max(|right|, floor); infinite where a given number is missing.

    >>> relative_errors(np.array([1.5, math.nan]), np.ones(2), np.zeros(2)).tolist()
    [0.5, inf]
    """
    with np.errstate(all="ignore"):
        errors = np.abs(given - right) / np.maximum(np.abs(right), floor)
    return np.where(given == right, 0.0, np.where(np.isnan(errors), np.inf, errors))


def _floor(block: Block, result: Result, precision: Precision) -> Floats:
    """Below this size a cell of the gradient is not held to its own size.

    It is what rounding A and Y themselves may change: 4 roundings of |A| + |Y|, as a share of the tolerance.
    """
    with np.errstate(all="ignore"):
        sizes = np.abs(block.prediction.astype(np.float64)) + np.abs(block.target.astype(np.float64))
        sizes = np.where(_weights(block) > 0, sizes, 0.0)
        if precision.tolerance == 0:
            return np.zeros(block.shape)
        floor: Floats = sizes * _weights(block) * (2 / result.divisor * 4 * precision.rounding / precision.tolerance)
    return floor


def _weights(block: Block) -> Floats:
    """M·W, n×C."""
    weights = np.ones(block.shape) if block.weights is None else np.broadcast_to(block.weights, block.shape)
    return weights if block.used is None else np.where(block.used, weights, 0.0)


def _close(value: float, other: float, precision: Precision) -> bool:
    return relative_error(value, other) <= precision.tolerance


ARRANGEMENTS: dict[str, Callable[[Floats], Floats]] = {
    "": lambda m: m,
    "it is transposed": np.transpose,
    "its columns are off by one (each stands one too far to the right)": lambda m: np.roll(m, 1, axis=1),
    "its columns are off by one (each stands one too far to the left)": lambda m: np.roll(m, -1, axis=1),
    "its rows are off by one (each stands one too low)": lambda m: np.roll(m, 1, axis=0),
    "its rows are off by one (each stands one too high)": lambda m: np.roll(m, -1, axis=0),
    "its columns are in reverse order": np.fliplr,
    "its rows are in reverse order": np.flipud,
}


def _bases(block: Block, result: Result) -> Iterator[tuple[str, Floats]]:
    """What may have been scaled: M·W·E, or what is easily taken for it."""
    errors, weights = masked_difference(block), _weights(block)
    with np.errstate(all="ignore"):
        yield "", errors * weights
        yield "the error is squared (SE, not E)", errors * errors * weights
        yield "it has lost its sign (|A − Y|)", np.abs(errors) * weights
        yield "it has only the sign of A − Y (the gradient of the mean absolute error)", np.sign(errors) * weights
        if result.weighted:
            yield "the weights are left out", errors


@dataclass(frozen=True)
class _Explanation:
    rank: int
    words: str


def _explanations(given: Floats, block: Block, result: Result, floor: Floats, precision: Precision) -> tuple[str, ...]:
    """All known conventions that fit every cell, of those that need the fewest changes."""
    found = []
    for (base_words, base), (order_words, order) in product(_bases(block, result), ARRANGEMENTS.items()):
        arranged = order(base)
        if arranged.shape != given.shape or (order_words and np.array_equal(arranged, base)):
            continue
        for convention, sign in _candidates(given, arranged, result, precision):
            words = [order_words, base_words, "its sign is flipped (Y − A)" if sign < 0 else "", convention.words]
            right = sign * convention.factor * arranged
            scaled_floor = order(floor) * (convention.factor * result.divisor / 2)
            if any(words) and relative_errors(given, right, scaled_floor).max() <= precision.tolerance:
                changes = [word for word in words if word]
                found.append(_Explanation(len(changes), "; ".join(changes)))
    fewest = min((explanation.rank for explanation in found), default=0)
    return tuple(explanation.words for explanation in found if explanation.rank == fewest)


def _candidates(
    given: Floats, arranged: Floats, result: Result, precision: Precision
) -> Iterator[tuple[Convention, int]]:
    """The conventions whose factor the largest cell shows; all others cannot fit."""
    k = int(np.argmax(np.abs(arranged)))
    size = arranged.flat[k]
    if size == 0 or not math.isfinite(size):
        return
    with np.errstate(all="ignore"):
        ratio = float(given.flat[k] / size)
    for convention in gradient_conventions(result):
        for sign in (1, -1):
            if abs(ratio - sign * convention.factor) <= 2 * precision.tolerance * convention.factor:
                yield convention, sign


def _in_other_words(given: Floats, right: Floats, floor: Floats, precision: Precision) -> tuple[str, ...]:
    """What can be said where no convention fits: rounded numbers, or a factor that is none of the known."""
    if rounded := _is_rounded_to_few(given, right):
        return rounded
    k = int(np.argmax(np.abs(right)))
    size = float(right.flat[k])
    factor = float(given.flat[k]) / size if size else math.nan
    if math.isfinite(factor) and factor and relative_errors(given, factor * right, floor).max() <= precision.tolerance:
        return (f"every cell is {factor:.6g} times the right one, which is no known convention",)
    return ()


def _is_rounded_to_few(given: Floats, right: Floats) -> tuple[str, ...]:
    digits = most_digits(given)
    if digits > FEW_DIGITS or not is_rounded(given, right, digits):
        return ()
    return (f"it agrees with the right one rounded to {count_of(digits)}: write more of them, or use --rtol",)
