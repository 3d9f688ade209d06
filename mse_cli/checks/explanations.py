"""What explains a wrong gradient: where its cells stand, what was scaled, by which factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mse_cli.checks.conventions import Convention, gradient_conventions
from mse_cli.checks.finding import Explanation, Precision, Remark, remark
from mse_cli.checks.precision import FEW_DIGITS, HALF, SINGLE, are_floats, most_decimals, most_digits, rounded_as
from mse_cli.core.blocks import Block, Floats, difference, masked_difference, weights_of
from mse_cli.core.result import Result

MEANINGFUL_DIGITS = 4  # fewer fit too much
SHORT_FLOATS = {"float16": Precision(1e-2, HALF), "float32": Precision(1e-4, SINGLE)}  # what they agree to
UNSCALED = {"plain": "unscaled"}
BARE = UNSCALED | {"half": "factor_missing", "sum": "undivided"}  # it is the gradient neither of ½·MSE nor of SSE
# What factors are called where something else than A − Y is scaled.
OTHERWISE = {
    "unweighted": UNSCALED,
    "broadcast_mean": UNSCALED,
    "squared": BARE,
    "absolute": BARE,
    "mae_gradient": {"sum": "undivided", "twice": "factor_added"},
}
NOT_OF_MAE = {"half", "plain", "twice_sum", "half_per_sample", "half_per_column", "half_all_cells", "rmse_gradient"}
ARRANGEMENTS: dict[str, Callable[[Floats], Floats]] = {
    "": lambda m: m,
    "transposed": np.transpose,
    "columns_right": lambda m: np.roll(m, 1, axis=1),
    "columns_left": lambda m: np.roll(m, -1, axis=1),
    "rows_down": lambda m: np.roll(m, 1, axis=0),
    "rows_up": lambda m: np.roll(m, -1, axis=0),
    "columns_reversed": np.fliplr,
    "rows_reversed": np.flipud,
}


def explanations(
    given: Floats, block: Block, result: Result, floor: Floats, precision: Precision, least: float = 0.0
) -> tuple[Explanation, ...]:
    """All known conventions that fit every cell, of those that need the fewest changes.

    A cell below its ``floor``, or below ``least``, is held to that instead of its own size.
    """
    found: list[Explanation] = []
    for (base_code, base), (order_code, order) in product(_bases(block, result), ARRANGEMENTS.items()):
        arranged = order(base)
        if arranged.shape != given.shape or (order_code and np.array_equal(arranged, base)):
            continue
        below = order(floor) if floor.shape == base.shape else np.zeros(given.shape)
        for convention, sign in _candidates(given, arranged, result, precision):
            scale = _said_of(base_code, convention.remark)
            if convention.remark and not scale:
                continue
            codes = [order_code, base_code, "flipped" if sign < 0 else ""]
            changes = (*(Remark(code) for code in codes if code), *filter(None, [scale]))
            right = sign * convention.factor * arranged
            scaled = np.maximum(below * (convention.factor * result.divisor / 2), least)
            if changes and relative_errors(given, right, scaled).max() <= precision.tolerance:
                found.append(changes)
    fewest = min(map(len, found), default=0)
    return tuple(dict.fromkeys(changes for changes in found if len(changes) == fewest))


def _said_of(base: str, scale: Remark | None) -> Remark | None:
    """What a factor is called where it is not A − Y that it scales; nothing where it has no meaning there.

    >>> _said_of("squared", Remark("half")), _said_of("mae_gradient", Remark("half"))
    (Remark(code='factor_missing', values=()), None)
    """
    if scale is None or not base or (base == "mae_gradient" and scale.code in NOT_OF_MAE):
        return None if base else scale
    return scale._replace(code=OTHERWISE[base].get(scale.code, scale.code))


def relative_errors(given: Floats, right: Floats, floor: Floats) -> Floats:
    """|given − right| / max(|right|, floor); infinite where a given number is missing.

    >>> relative_errors(np.array([1.5, math.nan]), np.ones(2), np.zeros(2)).tolist()
    [0.5, inf]
    """
    with np.errstate(all="ignore"):
        errors = np.abs(given - right) / np.maximum(np.abs(right), floor)
    return np.where(given == right, 0.0, np.where(np.isnan(errors), np.inf, errors))


def _bases(block: Block, result: Result) -> Iterator[tuple[str, Floats]]:
    """What may have been scaled: M·W·E, or what is easily taken for it."""
    errors, weights = masked_difference(block), weights_of(block)
    with np.errstate(all="ignore"):
        yield "", errors * weights
        yield "squared", errors * errors * weights
        yield "absolute", np.abs(errors) * weights
        yield "mae_gradient", np.sign(errors) * weights / 2  # it has no factor 2 that could be missing
        if result.weighted:
            yield "unweighted", errors
        elif result.shape[1] == 1 < result.shape[0] and block.used is None:
            yield "broadcast_mean", block.prediction - np.float64(math.fsum(block.target.ravel()) / len(block.target))


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


def broadcast_explanations(given: Floats, block: Block, precision: Precision) -> tuple[Explanation, ...]:
    """The N×N matrix of every prediction less every truth, and the factors with which it is met."""
    n, a, y = len(given), block.prediction.astype(np.float64), block.target.astype(np.float64)
    size = float(np.abs(a).max() + np.abs(y).max())
    floor = np.full(given.shape, size * 8 * precision.rounding / max(precision.tolerance, 1e-300))
    scales: tuple[tuple[float, Explanation], ...] = (
        (2 / n, ()),
        (2 / (n * n), (Remark("squared_divisor"),)),
        (1 / n, (Remark("half"),)),
        (2.0, (remark("sum", by=Remark("cells")),)),
        (1.0, (remark("plain", by=Remark("cells")),)),
    )
    return tuple(
        (Remark("broadcast"), *([Remark("flipped")] if sign < 0 else []), *changes)
        for matrix in (a - y.T, a.T - y)
        for factor, changes in scales
        for sign in (1, -1)
        if relative_errors(given, sign * factor * matrix, factor * floor).max() <= precision.tolerance
    )


def in_other_words(
    given: Floats, right: Floats, block: Block, result: Result, floor: Floats, precision: Precision
) -> Explanation:
    """What can be said where no convention fits: rows in another order, a factor, a few cells wrong."""
    words = _shuffled(given, right, block, result, floor, precision)
    words = words or _unknown_factor(given, right, floor, precision)
    if words:
        return words
    wrong = int((relative_errors(given, right, floor) > precision.tolerance).sum())
    few = max(1, given.size // 4)
    return (remark("cells_wrong", count=str(wrong), total=str(given.size)),) if wrong <= few < given.size else ()


def coarse_explanations(
    given: Floats, block: Block, result: Result, floor: Floats, precision: Precision
) -> tuple[Explanation, ...]:
    """The conventions that fit numbers which were rounded to few digits or few decimals."""
    digits, decimals = most_digits(given), most_decimals(given)
    if digits < MEANINGFUL_DIGITS or min(digits, decimals) > FEW_DIGITS:
        return ()
    coarse = coarser(given, precision)
    least = 0.5 * 10.0**-decimals / (coarse.tolerance or math.inf)  # below it only the decimals can agree
    return explanations(given, block, result, floor, coarse, least)


def coarser(given: Floats, precision: Precision) -> Precision:
    """How exactly numbers agree that were rounded to the digits they have; as before for few or many digits.

    >>> coarser(np.array([0.1234]), Precision()).tolerance, coarser(np.array([0.12]), Precision()).tolerance
    (0.0005, 1e-07)
    """
    digits = most_digits(given)
    if not MEANINGFUL_DIGITS <= digits <= FEW_DIGITS:
        return precision
    return replace(precision, tolerance=max(precision.tolerance, 0.5 * 10.0 ** (1 - digits)))


def rounded_to_few(given: Floats, right: Floats) -> Explanation:
    """Whether numbers are the right ones rounded to few digits or few decimals."""
    places = rounded_as(given, right)
    return () if places is None else (remark("rounded", places=places),)


def as_short_floats(given: Floats, right: Floats, floor: Callable[[Precision], Floats]) -> Explanation:
    """Whether numbers are such as float16 or float32 holds, and as far from the right ones as its arithmetic comes."""
    if most_digits(given) <= FEW_DIGITS:
        return ()
    for code, precision in SHORT_FLOATS.items():
        if are_floats(given, code):
            close = relative_errors(given, right, floor(precision)).max() <= precision.tolerance
            return (Remark(code),) if close else ()
    return ()


def _unknown_factor(given: Floats, right: Floats, floor: Floats, precision: Precision) -> Explanation:
    k = int(np.argmax(np.abs(right)))
    size = float(right.flat[k])
    factor = float(given.flat[k]) / size if size else math.nan
    fits = math.isfinite(factor) and factor and given.size > 1
    if fits and relative_errors(given, factor * right, floor).max() <= precision.tolerance:
        return (remark("factor", factor=f"{factor:.6g}"),)
    return ()


def _shuffled(
    given: Floats, right: Floats, block: Block, result: Result, floor: Floats, precision: Precision
) -> Explanation:
    """The right rows or columns in another order, or those that come of the truth's rows in another order."""
    if not np.isfinite(given).all() or len(given) < 2:
        return ()
    for scale, changes in _scales(given, right, result, precision):
        scaled, below = scale * right, abs(scale) * floor
        if _are_close(_by_rows(given), _by_rows(scaled), below[_order(scaled)], precision):
            return (Remark("rows_shuffled"), *changes)
        if given.shape[1] > 1 and _are_close(
            _by_rows(given.T), _by_rows(scaled.T), below.T[_order(scaled.T)], precision
        ):
            return (Remark("columns_shuffled"), *changes)
    if block.weights is not None or block.used is not None:
        return ()
    errors, truth = given * (given.size / 2), block.target.astype(np.float64)
    row_of = np.empty(len(truth), dtype=np.intp)
    row_of[_order(block.prediction - errors)] = _order(truth)
    other = difference(block.prediction, block.target[row_of])
    sizes = np.abs(block.prediction.astype(np.float64)) + np.abs(truth[row_of])
    close = _are_close(errors, other, sizes * (4 * precision.rounding / max(precision.tolerance, 1e-300)), precision)
    return (Remark("truth_shuffled"),) if close else ()


def _scales(given: Floats, right: Floats, result: Result, precision: Precision) -> Iterator[tuple[float, Explanation]]:
    """By what the right gradient may have been multiplied, as the largest size shows it, wherever it stands."""
    ratio = float(np.abs(given).max() / (np.abs(right).max() or math.nan))
    for convention in gradient_conventions(result):
        scale = convention.factor * result.divisor / 2
        if abs(ratio - scale) <= 2 * precision.tolerance * scale:
            changes = () if convention.remark is None else (convention.remark,)
            yield from ((scale, changes), (-scale, (Remark("flipped"), *changes)))


def _order(matrix: Floats) -> NDArray[np.intp]:
    """The rows in the order of their first cells, then of the second and so on."""
    return np.lexsort(matrix.T[::-1])


def _by_rows(matrix: Floats) -> Floats:
    return matrix[_order(matrix)]


def _are_close(given: Floats, right: Floats, floor: Floats, precision: Precision) -> bool:
    return bool(relative_errors(given, right, floor).max() <= precision.tolerance)
