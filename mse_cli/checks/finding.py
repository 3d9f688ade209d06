"""What a check finds: plain, frozen data, as a ``Result`` is; the words for it are in ``check/words``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

DOUBLE = 2.0**-53  # the unit roundoff of float64
Checked = Literal["gradient", "loss", "analytic gradient"]


class Remark(NamedTuple):
    """Something to say: its name, which is the same for programs and in every language, and what its sentence needs."""

    code: str
    values: tuple[tuple[str, str | Remark], ...] = ()


Explanation: TypeAlias = tuple[Remark, ...]  # several changes at once: transposed, and the factor 2 missing


def remark(code: str, **values: str | Remark) -> Remark:
    """A remark with its values.

    >>> remark("digits", count="3").code
    'digits'
    """
    return Remark(code, tuple(values.items()))


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
    why: Remark | None = None


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

    what: Checked
    largest: float
    precision: Precision = field(default_factory=Precision)
    cell: tuple[int, int] | None = None
    given: float = math.nan
    right: float = math.nan
    count: int = 1
    fits: tuple[Explanation, ...] = ()

    @property
    def holds(self) -> bool:
        """PASS or FAIL: the largest relative error against the tolerance, nothing else."""
        return self.largest <= self.precision.tolerance

    @property
    def section(self) -> int:
        """Which section of ``mse explain`` is about what was found: the last change, which matters most."""
        usual = {"loss": 5, "gradient": 6, "analytic gradient": 8}[self.what]
        return SECTIONS.get(self.fits[0][-1].code, usual) if self.fits else usual


# Where `mse explain` is about more than the loss (5) or the gradient (6).
SECTIONS = {
    code: section
    for section, codes in {
        3: "squared absolute mae mae_gradient mean_error",
        4: "sse root_sse broadcast broadcast_mean",
        7: "flipped",
        9: "half sum plain unscaled factor_missing undivided factor_added per_sample half_per_sample half_mean "
        "half_sum loss_per_sample caffe",
    }.items()
    for code in codes.split()
}
