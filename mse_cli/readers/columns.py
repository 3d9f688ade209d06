"""Which columns of a file an option names."""

from __future__ import annotations

import re
from operator import eq

from mse_cli.core.matching import Names as Names
from mse_cli.core.matching import comparable
from mse_cli.errors import UsageError, listed, quote

Positions = tuple[int, ...] | range  # of columns, 0-based; a range where there may be millions
MOST_LISTED = 12
FILE = re.compile(r"(?i)/|\.(?:csv|tsv|txt|npy|npz|parquet|arrow|feather|gz|bz2|xz)$")


def parse_columns(spec: str, names: Names | None, width: int) -> Positions:
    """The columns (0-based) that ``--pred``, ``--true``, ``--key`` … name: names, numbers from 1, ranges.

    A header name wins over a number; case and surrounding spaces count only where two names differ in them.

    Raises:
        UsageError: if there is no such column, or two of that name.

    >>> parse_columns("b,1,2-3", ("a", "b", "c"), 3)
    (1, 0, 1, 2)
    >>> parse_columns("2020", ("2020", "2021"), 2), parse_columns("ID", ("id", "y"), 2)
    ((0,), (0,))
    """
    whole = _named(spec, names)
    if whole is not None:
        return (whole,)
    return tuple(column for item in spec.split(",") for column in _parse_item(item.strip(), names, width))


def are_same(columns: Positions, others: Positions) -> bool:
    """Whether these are the same columns, however they are held."""
    return columns == others or (len(columns) == len(others) and all(map(eq, columns, others)))


def check_distinct(names: Names) -> None:
    """Refuse columns whose names do not tell them apart where groups are told by them.

    Raises:
        UsageError: for two of one name.
    """
    again = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if again is not None:
        raise UsageError(f"two columns that group the rows are called {quote(again)}", hint="rename one of them")


def _parse_item(item: str, names: Names | None, width: int) -> Positions:
    named = _named(item, names)
    if named is not None:
        return (named,)
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", item)
    if not found:
        if FILE.search(item):
            hint = "columns are named here; files are arguments: PREDS TRUTH"
            raise UsageError(f"there is no column {quote(item)}", hint=hint)
        hint = _names_hint(item, names) if names else f"there is no header; columns are {_numbers(width)}"
        raise UsageError(f"there is no column {quote(item)}", hint=hint)
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= width:
        raise UsageError(f"there is no column {item}; columns are {_numbers(width)}")
    return tuple(range(first - 1, last))


def _numbers(width: int) -> str:
    return f"1 to {width}" if width > 1 else "only 1"


def _named(name: str, names: Names | None) -> int | None:
    """Where the column of this name is, ``None`` without one."""
    if not names:
        return None
    if name not in names:
        (name,), names = comparable((name,), names)
    if names.count(name) > 1:
        raise UsageError(f"{names.count(name)} columns are called {quote(name)}", hint="choose by number")
    return names.index(name) if name in names else None


def _names_hint(item: str, names: Names) -> str:
    """The name that was meant, or those that there are."""
    import difflib  # only for a name that is not there

    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(name.strip().casefold(), name)
    near = difflib.get_close_matches(item.casefold(), plain, n=1)
    if near:
        return f"did you mean {quote(plain[near[0]])}?"
    return f"the columns are {listed([quote(name) for name in names], MOST_LISTED)}"


def one(column: int | None) -> Positions:
    """A column that an option may name, as columns."""
    return () if column is None else (column,)
