"""Which columns of a file are meant, and in which order they stand against the other file's."""

from __future__ import annotations

import re

from mse_cli.errors import ParseError, UsageError, quote

Names = tuple[str, ...]
Positions = tuple[int, ...]  # of columns, 0-based


def parse_columns(spec: str, names: Names | None, width: int) -> tuple[int, ...]:
    """The columns (0-based) that ``--pred``, ``--true``, ``--key`` … name: names, numbers from 1, ranges.

    A header name wins over a number.

    Raises:
        UsageError: if there is no such column, or two of that name.

    >>> parse_columns("b,1,2-3", ("a", "b", "c"), 3)
    (1, 0, 1, 2)
    >>> parse_columns("2020", ("2020", "2021"), 2)
    (0,)
    """
    if names and spec in names:
        return (_position(spec, names),)
    return tuple(column for item in spec.split(",") for column in _parse_item(item.strip(), names, width))


def _parse_item(item: str, names: Names | None, width: int) -> tuple[int, ...]:
    if names and item in names:
        return (_position(item, names),)
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", item)
    if not found:
        listed = ", ".join(quote(name) for name in (names or ())[:12])
        hint = f"the columns are {listed}" if names else f"there is no header; columns are 1 to {width}"
        raise UsageError(f"there is no column {quote(item)}", hint=hint)
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= width:
        raise UsageError(f"there is no column {item}; columns are 1 to {width}")
    return tuple(range(first - 1, last))


def _position(name: str, names: Names) -> int:
    if names.count(name) > 1:
        raise UsageError(f"{names.count(name)} columns are called {quote(name)}", hint="choose by number")
    return names.index(name)


def match_by_name(prediction: Names | None, target: Names | None) -> tuple[int, ...] | None:
    """Where the target's columns must be taken from to stand as the prediction's, ``None`` if as they are.

    Columns are matched by name if both headers hold the same names; by position if none of the names that both
    have stands at another position.

    Raises:
        ParseError: where position and names would give different numbers.

    >>> match_by_name(("a", "b"), ("b", "a")), match_by_name(("p1", "p2"), ("t1", "t2"))
    ((1, 0), None)
    """
    if prediction is None or target is None or prediction == target:
        return None
    hint = "choose the columns with --pred and --true"
    if sorted(prediction) == sorted(target):
        if len(set(prediction)) < len(prediction):
            raise ParseError("the columns stand in another order and a name occurs twice", hint=hint)
        return tuple(target.index(name) for name in prediction)
    for position, name in enumerate(prediction):
        if name in target and (position >= len(target) or target[position] != name):
            raise ParseError(
                f"column {quote(name)} is number {position + 1} of the prediction and "
                f"{target.index(name) + 1} of the target, and not all names agree",
                hint=hint,
            )
    return None
