"""Numbers as text: exact where a program may read them, short where a person does."""

from __future__ import annotations

import math

FEWEST_EXACT = 15  # significant digits that float64 holds of any number


def exact(value: float) -> str:
    """The shortest text that reads back to the same float64.

    >>> exact(5000000002.0), exact(1250000000.5), exact(1e22), exact(float("nan"))
    ('5000000002', '1250000000.5', '1e+22', 'nan')
    """
    return repr(value).removesuffix(".0")


def short(value: float, digits: int) -> str:
    """A number to so many significant digits.

    >>> short(2.5e9, 6), short(-25000.0, 6), short(1 / 3, 3), short(1e-7, 6)
    ('2.5e9', '-25000', '0.333', '1e-7')
    """
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def as_written(value: float, digits: int) -> str:
    """A number to so many significant digits, less those that would only show how float64 holds it.

    >>> as_written(-193.496, 17), as_written(1 / 3, 17), as_written(1 / 3, 3)
    ('-193.496', '0.3333333333333333', '0.333')
    """
    while digits > FEWEST_EXACT and float(f"{value:.{digits - 1}g}") == value:
        digits -= 1
    return short(value, digits)


def json_number(value: float) -> str:
    """A JSON number that reads back to the same float64; null for what JSON cannot say.

    >>> json_number(0.1), json_number(float("inf"))
    ('0.1', 'null')
    """
    return repr(value) if math.isfinite(value) else "null"


def json_value(value: float | None) -> float | None:
    """The same as a value for a library that writes JSON.

    >>> json_value(0.1), json_value(float("nan")), json_value(None)
    (0.1, None, None)
    """
    return None if value is None or not math.isfinite(value) else value


def middle_left_out(count: int, most: int) -> tuple[list[int], int]:
    """Which of ``count`` things are shown if at most ``most`` are, and how many of these stand before the gap.

    >>> middle_left_out(10, 4), middle_left_out(3, 4)
    (([0, 1, 8, 9], 2), ([0, 1, 2], 3))
    """
    if count <= most:
        return list(range(count)), count
    before = most - most // 2
    return [*range(before), *range(count - most // 2, count)], before
