"""What ``mse merge`` needs of a part: its exact sums as plain data, there and back without a rounding.

A sum is a list of floats whose exact sum it is, for each bucket (a power of two that all of them are scaled by), so
that parts add up to the same bits however the rows were cut.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from mse_cli.core.exact import Total
from mse_cli.core.tallies.column_sums import ColumnSums
from mse_cli.core.tallies.groups import Groups
from mse_cli.core.tallies.products import ProductSums
from mse_cli.core.tallies.stats import Stats
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import NO_NUMBER, ZERO, Cell, Worst
from mse_cli.errors import ParseError
from mse_cli.running.merging.origin import NOWHERE, Origin
from mse_cli.running.merging.pieces import digest_of, in_runs
from mse_cli.running.tallying import Tallies

Plain = dict[str, Any]
T = TypeVar("T")
BUCKETS = {str(bucket): bucket for bucket in range(-8, 9)}  # E²·W spans about ±3
LARGEST_TERM = 2.0**1000
MOST_CELLS, LONGEST_WORD = 2**53, 1000
LONGEST_SUM = 100  # floats; a sum of squares has fewer than 45 that do not overlap
SPECIAL = ("0.0", "nan", "inf")  # of a sum of squares
SIGNED = (*SPECIAL, "-inf")  # of other products
NO_NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}  # JSON has no such numbers


def to_plain(tallies: Tallies, origin: Origin = NOWHERE) -> Plain:
    """The sums of a part, what else was asked for, and where they come from, as JSON can hold them.

    >>> import numpy as np
    >>> from mse_cli.core.blocks import Block
    >>> sums = Sums(1)
    >>> sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    >>> to_plain(Tallies(sums))["errors"]
    [{'0': [4.0], 'special': 0.0}]
    """
    sums, worst, stats, groups = tallies
    content = {
        "rows": sums.n_rows,
        "cells_used": in_runs(sums.n_columns, lambda columns: sums.cells_used[columns].tolist()),
        "errors": _plain_totals(sums.errors),
        "weights": None if sums.weights is None else _plain_totals(sums.weights),
        "overflow": sums.overflow,
    }
    return content | {
        "worst": None if worst is None else _plain_worst(worst),
        "stats": None if stats is None else list(map(_plain_totals, stats.sums)),
        "groups": None if groups is None else _plain_groups(groups),
        "options": dict(origin.options),
        "parts": origin.parts or [digest_of([*origin.inputs, content])[:16]],
    }


def from_plain(plain: object, n_columns: int) -> Tallies:
    """The tallies of a part.

    Raises:
        ParseError: if it is not what ``to_plain`` makes for so many columns.
    """
    sums = Sums(n_columns)
    sums.n_rows = _whole(_get(plain, "rows"), 1, MOST_CELLS // n_columns)
    sums.cells_used[:] = _several(_get(plain, "cells_used"), n_columns, lambda n: _whole(n, 0, sums.n_rows))
    sums.errors = ColumnSums.of(_several(_get(plain, "errors"), n_columns, partial(_total, specials=SPECIAL)))
    weights = _get(plain, "weights")
    sums.weights = (
        None if weights is None else ColumnSums.of(_several(weights, n_columns, partial(_total, specials=SPECIAL[:1])))
    )
    sums.overflow = _get(plain, "overflow") is True
    worst, stats, groups = (_get(plain, name, optional=name != "worst") for name in ("worst", "stats", "groups"))
    return Tallies(
        sums,
        None if worst is None else _worst(worst, sums.n_rows, n_columns),
        None if stats is None else _stats(stats, n_columns),
        None if groups is None else _groups(groups, sums),
    )


def origin_in(plain: object) -> Origin:
    """Where a part comes from.

    Raises:
        ParseError: if it is not what ``to_plain`` makes.
    """
    options, parts = _get(plain, "options"), _get(plain, "parts")
    if not isinstance(options, dict) or not all(value is None or _is_word(value) for value in options.values()):
        raise _damaged()
    if not isinstance(parts, list) or not parts or not all(map(_is_word, parts)):
        raise _damaged()
    return Origin(options, parts=tuple(parts))


def _is_word(plain: object) -> bool:
    return isinstance(plain, str) and len(plain) <= LONGEST_WORD


def _plain_totals(sums: ColumnSums | ProductSums) -> Any:
    def some(columns: slice) -> list[Plain]:
        return [
            {**{str(bucket): parts for bucket, parts in total.buckets.items()}, "special": _plain_float(total.special)}
            for total in sums.totals(columns)
        ]

    return in_runs(sums.n_columns, some)


def _plain_worst(worst: Worst) -> Plain:
    cells = worst.found()
    return {"most": worst.most, "cells": in_runs(len(cells), lambda some: list(map(_plain_cell, cells[some])))}


def _plain_float(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _plain_cell(cell: Cell) -> list[float | str | None]:
    return [*(_plain_float(value) for value in cell[:-1]), cell.key]


def _plain_groups(groups: Groups) -> Plain:
    """Groups by their texts, and of each kind of sum one a group, in this order."""
    return {
        "by": groups.by,
        "texts": list(groups.places),
        "rows": groups.rows.tolist(),
        "cells_used": groups.cells_used.tolist(),
        "errors": _plain_totals(groups.errors),
        "weights": None if groups.weights is None else _plain_totals(groups.weights),
    }


def _groups(plain: object, sums: Sums) -> Groups:
    by, texts, weights = (_get(plain, name) for name in ("by", "texts", "weights"))
    groups = Groups(tuple(_texts(by, len(by) if isinstance(by, list) else 0)))
    places = {tuple(_texts(text, len(groups.by))): i for i, text in enumerate(texts if isinstance(texts, list) else ())}
    if not by or not places or len(places) != len(texts):
        raise _damaged()
    n, most_cells = len(places), sums.n_rows * sums.n_columns
    groups.places = places
    groups.rows = np.array(_several(_get(plain, "rows"), n, lambda k: _whole(k, 0, sums.n_rows)), dtype=np.int64)
    cells = _several(_get(plain, "cells_used"), n, lambda k: _whole(k, 0, most_cells))
    groups.cells_used = np.array(cells, dtype=np.int64)
    groups.errors = ColumnSums.of(_several(_get(plain, "errors"), n, partial(_total, specials=SPECIAL)))
    read_weight = partial(_total, specials=SPECIAL[:1])
    groups.weights = None if weights is None else ColumnSums.of(_several(weights, n, read_weight))
    if groups.rows.sum() != sums.n_rows or groups.cells_used.sum() != sums.cells_used.sum():
        raise _damaged()
    return groups


def _texts(plain: object, count: int) -> list[str]:
    texts = _several(plain, count, str)
    if texts != plain:
        raise _damaged()
    return texts


def _stats(plain: object, n_columns: int) -> Stats:
    stats = Stats(n_columns)
    read = partial(_total, specials=SIGNED)
    stats.sums = tuple(ProductSums.of(_several(sums, n_columns, read)) for sums in _several(plain, 4, list))
    return stats


def _worst(plain: object, n_rows: int, n_columns: int) -> Worst:
    worst = Worst(_whole(_get(plain, "most"), 1, 2**62))
    cells = _get(plain, "cells")
    if not isinstance(cells, list) or len(cells) > worst.most:
        raise _damaged()
    for values in cells:
        worst.consider(_cell(values, n_rows, n_columns))
    return worst


def _cell(plain: object, n_rows: int, n_columns: int) -> Cell:
    if not isinstance(plain, list) or not len(Cell._fields) - 1 <= len(plain) <= len(Cell._fields):
        raise _damaged()
    exponent, mantissa, minus_row, minus_column, prediction, target, error = plain[: len(Cell._fields) - 1]
    key = plain[-1] if len(plain) == len(Cell._fields) else None
    if not (key is None or isinstance(key, str)):
        raise _damaged()
    if not (0.5 <= _float(mantissa) < 1 or (_float(mantissa) == 0 and exponent == ZERO)):
        raise _damaged()
    return Cell(
        _whole(exponent, ZERO, NO_NUMBER),
        _float(mantissa),
        _whole(minus_row, 1 - n_rows, 0),
        _whole(minus_column, 1 - n_columns, 0),
        _float(prediction),
        _float(target),
        _float(error),
        key,
    )


def _total(plain: object, specials: tuple[str, ...]) -> Total:
    special = _float(_get(plain, "special"))
    if str(special) not in specials or not isinstance(plain, dict):
        raise _damaged()
    signed = specials == SIGNED
    return Total({_bucket(key): _terms(it, signed=signed) for key, it in plain.items() if key != "special"}, special)


def _bucket(key: str) -> int:
    if key not in BUCKETS:
        raise _damaged()
    return BUCKETS[key]


def _terms(plain: object, *, signed: bool) -> list[float]:
    if not isinstance(plain, list) or len(plain) > LONGEST_SUM:
        raise _damaged()
    terms = [_float(term) for term in plain]
    if not all(abs(term) < LARGEST_TERM for term in terms) or (math.fsum(terms) < 0 and not signed):
        raise _damaged()
    return terms


def _get(plain: object, key: str, *, optional: bool = False) -> Any:
    if not isinstance(plain, dict) or (key not in plain and not optional):
        raise _damaged()
    return plain.get(key)


def _several(plain: object, count: int, read: Callable[[Any], T]) -> list[T]:
    if not isinstance(plain, list) or len(plain) != count:
        raise _damaged()
    return [read(item) for item in plain]


def _whole(plain: object, least: int, most: int) -> int:
    if type(plain) is not int or not least <= plain <= most:
        raise _damaged()
    return plain


def _float(plain: object) -> float:
    if isinstance(plain, str) and plain in NO_NUMBERS:
        return NO_NUMBERS[plain]
    if isinstance(plain, bool) or not isinstance(plain, int | float) or not abs(plain) <= sys.float_info.max:
        raise _damaged()
    return float(plain)


def _damaged() -> ParseError:
    return ParseError("its 'partial' is damaged or was written by another version")
