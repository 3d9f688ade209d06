"""The slope of the loss at one cell by a centred difference, from the definition of the loss alone."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from fractions import Fraction

from mse_cli.core.exact import rounded


@dataclass(frozen=True)
class Slope:
    """(L(a+h) − L(a−h)) / 2h, and what it is made of.

    Attributes:
        h: How far the cell is moved.
        above: L(a+h), the loss with the cell moved up.
        below: L(a−h).
        value: The slope.
    """

    h: float
    above: float
    below: float
    value: float


def centred_difference(
    prediction: float, target: float, *, sse: float, divisor: float, weight: float = 1.0
) -> Slope | None:
    """The slope of SSE / divisor at one cell of the prediction; ``None`` where a number is not finite.

    (L(a+h) − L(a−h)) / 2h with L = (rest + w·(a − y)²) / D, in rational numbers, each result rounded once. The
    difference is exact for a quadratic whatever h is; h is the power of ten below |a − y| or √L, the larger of them, so
    that a reader can follow the numbers: with a smaller one both losses would seem to be the same.

    >>> centred_difference(300000.0, 350000.0, sse=5000000002.0, divisor=4.0)
    Slope(h=10000.0, above=1025000000.5, below=1525000000.5, value=-25000.0)
    """
    if not all(map(math.isfinite, (prediction, target, sse, divisor, weight))):
        return None
    error = Fraction(prediction) - Fraction(target)
    h = _step(max(abs(error), Fraction(min(math.sqrt(sse / divisor), sys.float_info.max))))
    rest = max(Fraction(0), Fraction(sse) - Fraction(weight) * error**2)
    above, below = ((rest + Fraction(weight) * (error + s) ** 2) / Fraction(divisor) for s in (h, -h))
    return Slope(rounded(h), rounded(above), rounded(below), rounded((above - below) / (2 * h)))


def _step(error: Fraction) -> Fraction:
    """The power of ten at or below an error; 1 for no error."""
    if error == 0:
        return Fraction(1)
    exponent = len(str(error.numerator)) - len(str(error.denominator))
    while Fraction(10) ** exponent > error:
        exponent -= 1
    return Fraction(10) ** exponent


def relative_error(value: float, reference: float) -> float:
    """|value − reference| / |reference|, 0 if they are equal, infinite if the reference alone is 0.

    >>> relative_error(-25000.0, -25000.0), relative_error(1.0, 0.0), relative_error(1.5, 1.0)
    (0.0, inf, 0.5)
    """
    if value == reference:
        return 0.0
    if not (math.isfinite(value) and math.isfinite(reference)) or reference == 0:
        return math.inf
    return rounded(abs(Fraction(value) - Fraction(reference)) / abs(Fraction(reference)))
