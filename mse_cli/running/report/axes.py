"""Axes with round edges, over the numbers that a picture can show."""

from __future__ import annotations

import math

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.core.tallies.pictures.bins import Axis

OUTER = 0.0005  # of the numbers, at each end, may be left outside
FENCE = 10.0  # × the distance of the quartiles, beyond which numbers are left outside as well, if they are few
FEW, FEWEST = 0.01, 2  # of the numbers; more are no stray ones, as where most of a column is one number
WIDEST, NARROWEST = 2.0**1000, 2.0**-900  # of what is shown: widths and edges stay ordinary numbers
ROUND = (10, 20, 25, 50)  # × a power of ten


def axis_of(numbers: Floats, most_bins: int) -> Axis:
    """An axis of at most so many bins with round edges, over all but the outermost numbers.

    >>> axis_of(np.array([0.03, 0.31, 0.58]), 7).edges.tolist()
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    """
    return round_axis(*_range(numbers), most_bins)


def _range(numbers: Floats) -> tuple[float, float]:
    """From where to where most numbers lie; NaN and ±inf do not count."""
    finite = np.clip(numbers[np.isfinite(numbers)], -WIDEST, WIDEST)
    if not finite.size:
        return 0.0, 0.0
    low, first, third, high = np.quantile(finite, (OUTER, 0.25, 0.75, 1 - OUTER), method="nearest").tolist()
    reach = FENCE * (third - first)
    if reach > 0:
        inside = finite[(finite >= max(low, first - reach)) & (finite <= min(high, third + reach))]
        if finite.size - inside.size > max(FEWEST, FEW * finite.size):
            return low, high
        return float(inside.min()), float(inside.max())
    return low, high


def round_axis(low: float, high: float, most_bins: int) -> Axis:
    """The axis with the most bins, at most so many, whose edges are multiples of 1, 2, 2.5 or 5 times a power of ten.

    >>> round_axis(-3.2, 9.9, 8).edges.tolist(), round_axis(7, 7, 3).edges.tolist()
    ([-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [6.9, 7.0, 7.1])
    """
    largest = max(abs(low), abs(high), NARROWEST)
    if high - low < 4 * math.ulp(largest) * most_bins:  # one number, as far as float64 tells
        width = 10.0 ** (math.floor(math.log10(largest)) - 1) if max(abs(low), abs(high)) else 1.0
        low, high = low - width, high + width
    power = math.floor(math.log10((high - low) / most_bins)) - 1
    while True:
        for factor in ROUND:
            edges = _edges(low, high, factor, power)
            if len(edges) - 1 <= most_bins:
                return Axis(edges)
        power += 1


def _edges(low: float, high: float, factor: int, power: int) -> list[float]:
    """The multiples of factor · 10^power that enclose two numbers."""
    step = _rounded(factor, power)
    first, last = math.floor(low / step), math.ceil(high / step)
    first -= _rounded(first * factor, power) > low  # where the division was rounded
    last += _rounded(last * factor, power) < high
    return [_rounded(k * factor, power) for k in range(first, last + 1)]


def _rounded(number: int, power: int) -> float:
    """The number · 10^power, rounded once."""
    return number / 10**-power if power < 0 else float(number * 10**power)
