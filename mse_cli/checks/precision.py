"""How exactly numbers can be expected to agree with the right ones: by their type, or by the digits they have."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from mse_cli.checks.finding import DOUBLE, Precision, Remark, remark

Floats = NDArray[np.float64]

SINGLE, HALF = 2.0**-24, 2.0**-11  # unit roundoffs, as DOUBLE
SINGLES = remark("float32_numbers")
FIRST = 1000  # numbers
FEW_DIGITS = 9  # of a decimal number: a float32 is written with up to so many


def precision_of_types(types: Iterable[np.dtype[np.generic]], rtol: float | None = None) -> Precision:
    """What the types of arrays say about their numbers.

    >>> precision_of_types([np.dtype("f4")]).tolerance
    0.0001
    """
    smallest = min((dtype.itemsize for dtype in types if dtype.kind == "f"), default=8)
    if smallest == 2:
        return _precision(rtol, 1e-2, HALF, remark("float16_numbers"))
    return _precision(rtol, 1e-4, SINGLE, SINGLES) if smallest == 4 else _precision(rtol)


def precision_of_numbers(numbers: Floats, rtol: float | None = None) -> Precision:
    """What numbers that were read from text show of their precision.

    >>> precision_of_numbers(np.array([0.25, 1 / 3])).tolerance, precision_of_numbers(np.array([0.333])).tolerance
    (1e-07, 0.0001)
    """
    digits = most_digits(numbers)
    if digits <= FEW_DIGITS:
        return _precision(rtol, 1e-4, SINGLE, remark("digits", count=str(digits)))
    return _precision(rtol, 1e-4, SINGLE, SINGLES) if are_floats(numbers, "float32") else _precision(rtol)


def precision_of_text(text: str, rtol: float | None = None) -> Precision:
    """What one decimal number shows of its precision; its trailing zeros count.

    >>> precision_of_text("0.3333").why.code, precision_of_text("1250000000.5").why
    ('number_digits', None)
    """
    digits = len(text.strip().lower().split("e")[0].replace(".", "").strip("+-").lstrip("0") or "0")
    if digits > FEW_DIGITS or not math.isfinite(float(text)):
        return _precision(rtol)
    return _precision(rtol, 1e-4, SINGLE, remark("number_digits", count=str(digits)))


def _precision(
    rtol: float | None, tolerance: float = 1e-7, rounding: float = DOUBLE, why: Remark | None = None
) -> Precision:
    return Precision(tolerance, rounding, why) if rtol is None else Precision(rtol, rounding)


def are_floats(numbers: Floats, dtype: str) -> bool:
    """Whether float16 or float32 holds all of the numbers exactly."""
    with np.errstate(all="ignore"):
        return np.array_equal(numbers.astype(dtype), numbers)


def rounded_as(given: Floats, right: Floats) -> Remark | None:
    """To what the right numbers were rounded to give these: significant digits, or decimals.

    >>> rounded_as(np.array([12345.679, 0.001]), np.array([12345.6789, 0.0012])).code
    'decimals'
    """
    digits, decimals = most_digits(given), most_decimals(given)
    off = np.abs(given - right)
    with np.errstate(all="ignore"):
        last = 10.0 ** (np.floor(np.log10(np.abs(right))) + 1 - digits)
    if 0 < digits <= FEW_DIGITS and (off <= 0.5001 * last).all():
        return remark("significant", count=str(digits))
    if digits and decimals <= FEW_DIGITS and (off <= 0.5001 * 10.0**-decimals).all():
        return remark("decimals", count=str(decimals)) if decimals else remark("whole")
    return None


def most_digits(numbers: Floats) -> int:
    """How many significant digits the numbers need at most; whether there are few decides, not how many more.

    >>> most_digits(np.array([-25000.0, 0.125]))
    3
    """
    return _most(_digits, numbers)


def most_decimals(numbers: Floats) -> int:
    """How many digits stand behind the decimal point at most, likewise.

    >>> most_decimals(np.array([-25000.0, 0.125]))
    3
    """
    return _most(_decimals, numbers)


def _most(count: Callable[[float], int], numbers: Floats) -> int:
    """The largest count; the first numbers tell most that are not rounded, and rounded ones recur."""
    if (most := max(map(count, numbers.flat[:FIRST].tolist()), default=0)) > FEW_DIGITS:
        return most
    return max(map(count, np.unique(numbers).tolist()), default=0)


def _digits(number: float) -> int:
    """How many significant digits a number has."""
    return len(repr(abs(number)).split("e")[0].replace(".", "").strip("0")) if math.isfinite(number) else 0


def _decimals(number: float) -> int:
    """How many digits stand behind the decimal point of a number."""
    mantissa, _, exponent = repr(number).partition("e")
    return max(0, len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0))
