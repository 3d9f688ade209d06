"""What a check finds: plain, frozen data, as a ``Result`` is."""

from __future__ import annotations

import math
from dataclasses import dataclass

DOUBLE = 2.0**-53  # the unit roundoff of float64


@dataclass(frozen=True)
class Precision:
    """How exactly the given numbers can be expected to agree.

    Attributes:
        tolerance: The largest relative error that passes.
        rounding: The unit roundoff of the arithmetic they come from.
        why: Why the tolerance is not the usual one, or nothing.
    """

    tolerance: float = 1e-7
    rounding: float = DOUBLE
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """Whether numbers agree.

    Attributes:
        what: What was checked.
        largest: The largest relative error.
        precision: With the tolerance that it was held against.
        cell: Where the largest relative error is (row and column from 1), if it is in a matrix.
        given: The number there, and what is ``right``.
        right: The right number there.
        count: How many cells were compared.
        fits: What explains the difference, each a known convention that fits all numbers.
    """

    what: str
    largest: float
    precision: Precision
    cell: tuple[int, int] | None = None
    given: float = math.nan
    right: float = math.nan
    count: int = 1
    fits: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """PASS or FAIL: the largest relative error against the tolerance, nothing else."""
        return self.largest <= self.precision.tolerance
