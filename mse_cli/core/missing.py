"""What NaN, missing cells and infinities mean: the ``--missing`` policies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mse_cli.core.blocks import Mask, Numbers
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, Place

HINT = "--missing skip-cell or skip-row leaves missing values out, --missing propagate lets them through"
INFINITE_HINT = "--missing propagate lets infinities through"


def check_finite(
    numbers: Numbers,
    missing: Missing,
    *,
    first_row: int,
    columns: Sequence[int] | None = None,
    names: tuple[str, ...] | None = None,
) -> None:
    """Refuse what the policy does not allow: infinities unless they propagate, NaN if missing values fail.

    ``columns`` says which columns of the file these are, ``names`` how those of the file are called.

    Raises:
        ParseError: with the row and column of the first such cell.
    """
    cell = refused_cell(numbers, missing)
    if cell is None:
        return
    row, column = cell
    nan = math.isnan(numbers[row, column])
    column_of_file = columns[column] if columns else column
    name = names[column_of_file] if names else None
    place = Place(row=first_row + row + 1, column=column_of_file + 1, name=name)
    what = "missing (NaN)" if nan else "infinite"
    raise ParseError(f"the cell is {what}", place, hint=HINT if nan else INFINITE_HINT)


def refused_cell(numbers: Numbers, missing: Missing) -> tuple[int, int] | None:
    """Row and column (from 0) of the first cell that the policy does not allow.

    >>> refused_cell(np.array([[1.0, 2.0], [np.nan, np.inf]]), "fail")
    (1, 0)
    >>> refused_cell(np.array([[1.0, 2.0], [np.nan, np.inf]]), "skip-cell")
    (1, 1)
    """
    if missing == "propagate" or numbers.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        if math.isfinite(np.add.reduce(numbers, axis=None)):  # a NaN or inf anywhere would be in the sum
            return None
    refused = np.isinf(numbers) if missing != "fail" else ~np.isfinite(numbers)
    return divmod(int(refused.argmax()), numbers.shape[1]) if refused.any() else None


def used_cells(missing: Missing, *sides: Numbers) -> Mask | None:
    """M: which cells all sides have, or ``None`` if all are in use."""
    if missing in {"fail", "propagate"}:
        return None
    absent = np.isnan(sides[0])
    for side in sides[1:]:
        absent |= np.isnan(side)
    if not absent.any():
        return None
    if missing == "skip-row":
        absent = np.broadcast_to(absent.any(axis=1, keepdims=True), absent.shape)
    return ~absent
