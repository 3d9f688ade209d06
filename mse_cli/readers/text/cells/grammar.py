"""What a cell of a text file means: a number, missing, infinite, or text. The one place that says so."""

from __future__ import annotations

import functools
import math
import re
from typing import Literal

from mse_cli.errors import ParseError, quote

Kind = Literal["number", "missing", "infinite", "text"]

DIGITS = r"[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = {point: re.compile(DIGITS.format(point=re.escape(point))) for point in ".,"}
# In any case; an empty cell is missing as well.
MISSING = frozenset(["", "na", "n/a", "#n/a", "nan", "+nan", "-nan", "null", "none", "<na>"])
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
# A line that begins so is a comment and, as likely, a row whose first cell a spreadsheet could not fill.
SPREADSHEET_ERROR = re.compile(r"#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)(?=$|[ ,;|\t])", re.IGNORECASE)
PADDING = " \t"
EXACT = 2.0**53  # float64 holds every integer up to here
INTEGER = re.compile(r"[+-]?[0-9]{16,}")
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1  # of 64 bits, with or without a sign


def kind(cell: str, decimal: str = ".", na: tuple[str, ...] = ()) -> Kind:
    """What a cell is, spaces and tabs around it allowed; ``na`` are further words for a missing one.

    One of them that is a number means that value, however it is written.

    >>> [kind(cell) for cell in ("1e5", " -.5 ", "NA", "", "-inf", "1_000", "٤")]
    ['number', 'number', 'missing', 'missing', 'infinite', 'text', 'text']
    >>> kind("-999.0", na=("-999",)), kind("-NaN"), kind("?", na=("?",))
    ('missing', 'missing', 'missing')
    """
    cell = cell.strip(PADDING)
    if NUMBER[decimal].fullmatch(cell):
        return "missing" if na and float(cell.replace(",", ".")) in sentinels(na, decimal) else "number"
    if cell in na or cell.lower() in MISSING:
        return "missing"
    return "infinite" if INFINITE.fullmatch(cell) else "text"


@functools.cache
def sentinels(na: tuple[str, ...], decimal: str) -> tuple[float, ...]:
    """The numbers among the words for a missing cell: what reads numbers without their text must look for them."""
    return tuple(float(word.replace(",", ".")) for word in na if NUMBER[decimal].fullmatch(word))


def number(cell: str, decimal: str = ".", na: tuple[str, ...] = ()) -> float:
    """The float64 nearest to what a cell says (as Python's ``float``); NaN where it is missing.

    Raises:
        ParseError: if it is text, or an integer of at most 64 bits that float64 does not hold.

    >>> number("1E-5"), number(" NA "), number("1e400"), number("1,5", decimal=",")
    (1e-05, nan, inf, 1.5)
    """
    what = kind(cell, decimal, na)
    if what == "missing":
        return math.nan
    if what == "text":
        raise ParseError(f"{quote(cell.strip(PADDING))} is not a number")
    value = float(cell.replace(",", "."))
    if abs(value) >= EXACT and not is_exact(cell):
        raise ParseError(
            f"float64 cannot hold the integer {cell.strip(PADDING)} exactly",
            hint="NPY and Parquet keep such integers exact; written with a decimal point it is rounded",
        )
    return value


def is_exact(cell: str) -> bool:
    """Whether float64 holds a number exactly, if it is an integer of at most 64 bits; any other one is rounded.

    >>> is_exact("9007199254740993"), is_exact("9007199254740994"), is_exact("9007199254740993.0")
    (False, True, True)
    """
    cell = cell.strip(PADDING)
    if not INTEGER.fullmatch(cell) or len(cell.lstrip("+-0")) > len(str(LARGEST_INTEGER)):
        return True
    value = int(cell)
    return not SMALLEST_INTEGER <= value <= LARGEST_INTEGER or int(float(value)) == value
