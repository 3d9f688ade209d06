"""Which columns and axes of two sides belong together: the same rule for files, DataFrames and arrays."""

from __future__ import annotations

import re
from collections import Counter
from itertools import takewhile
from typing import NamedTuple

from mse_cli.errors import ParseError, listed, quote

Names = tuple[str, ...]
WHOLE_NAME = frozenset(["id", "index", "key", "row", "rownames", "row.names", "obs"])
ENDING = re.compile(r"(?i:[_\- ]id)|(?<=.)Id|(?<=[a-z])ID")
CHOOSE = "choose the columns with --pred and --true"
IN_ANOTHER_ORDER = "the files hold the same columns in another order: matched by name"


def is_identifier(name: str) -> bool:
    """Whether a column that both sides hold under this name identifies rows.

    >>> [is_identifier(name) for name in ("ID", "row.names", "house_id", "PassengerId", "paid", "Idaho", "rooms")]
    [True, True, True, True, False, False, False]
    """
    name = name.strip()
    return name.lower() in WHOLE_NAME or any(found.end() == len(name) for found in ENDING.finditer(name))


class Match(NamedTuple):
    """How the target's columns stand beside the prediction's.

    Attributes:
        order: Where the target's columns must be taken from; ``None`` as they are.
        note: What the user should know of it.
    """

    order: tuple[int, ...] | None = None
    note: str | None = None


def match_names(prediction: Names | None, target: Names | None) -> Match:
    """How two headers belong together.

    Columns are matched by name if the target has all names of the prediction, else by position if none of the names
    that both have stands at another position. Case and surrounding spaces do not count, unless two names of a side
    differ only in them.

    Raises:
        ParseError: where position and names would give different numbers.

    >>> match_names(("a", "B"), ("b", "a")).order, match_names(("a",), ("id", "a")).order
    ((1, 0), (1,))
    >>> match_names(("p1", "p2"), ("a", "b"))
    Match(order=None, note="columns are paired by position: 'p1' with 'a', 'p2' with 'b'")
    """
    if prediction is None or target is None:
        return Match()
    a, y = comparable(prediction, target)
    if a == y:
        return Match()
    if sorted(a) == sorted(y):
        return Match(_order(a, y, prediction), IN_ANOTHER_ORDER)
    if len(a) < len(y) and set(a) <= set(y):
        order = _order(a, y, prediction)
        unused = [quote(name) for i, name in enumerate(target) if i not in order]
        return Match(order, f"columns are matched by name; those of the target that are not used: {listed(unused)}")
    _refuse_moved(a, y, prediction)
    if len(a) != len(y) or len(a) == 1:
        return Match()  # of one column the names say nothing
    return Match(note=_by_position(a, y, prediction, target))


def comparable(*sides: Names) -> list[Names]:
    """The names of each side as they are compared with the others'.

    >>> comparable((" Price", "rooms"), ("ROOMS",))
    [('price', 'rooms'), ('rooms',)]
    >>> comparable(("x", "X"), ("X ",))
    [('x', 'X'), ('X ',)]
    """
    plain = [tuple(name.strip().casefold() for name in names) for names in sides]
    if all(len(set(folded)) == len(set(names)) for folded, names in zip(plain, sides, strict=True)):
        return plain
    return list(sides)


def have_same_axes(one: tuple[int, ...], other: tuple[int, ...], *, rows: bool = True) -> bool:
    """Whether two arrays of more than two axes agree in every one, axes of length 1 at the end aside.

    ``rows`` says whether the first axis counts: one row of weights may stand for all.

    >>> have_same_axes((2, 3, 4), (2, 4, 3)), have_same_axes((2, 12), (2, 3, 4)), have_same_axes((2, 3, 1), (2, 3))
    (False, True, True)
    """
    one, other = (shape[: _last_long_axis(shape)] for shape in (one, other))
    return min(len(one), len(other)) <= 2 or one == other or (not rows and one[1:] == other[1:])


def _last_long_axis(shape: tuple[int, ...]) -> int:
    """How many axes there are without those of length 1 at the end."""
    return max((k for k, size in enumerate(shape, 1) if size != 1), default=0)


def _order(a: Names, y: Names, shown: Names) -> tuple[int, ...]:
    """Where each name of the prediction stands in the target."""
    of_a, of_y = Counter(a), Counter(y)
    for name, as_given in zip(a, shown, strict=True):
        if of_a[name] > 1 or of_y[name] > 1:
            message = f"the name {quote(as_given)} occurs twice, and the columns do not stand in one order"
            raise ParseError(message, hint=CHOOSE)
    position = {name: i for i, name in enumerate(y)}
    return tuple(position[name] for name in a)


def _refuse_moved(a: Names, y: Names, shown: Names) -> None:
    """Refuse names that both sides have, at another position, beside others that only one has."""
    first = {name: i for i, name in reversed(list(enumerate(y)))}
    for position, name in enumerate(a):
        if name in first and (position >= len(y) or y[position] != name):
            raise ParseError(
                f"column {quote(shown[position])} is number {position + 1} of the prediction and "
                f"{first[name] + 1} of the target, and not all names agree",
                hint=CHOOSE,
            )


def _by_position(a: Names, y: Names, prediction: Names, target: Names) -> str:
    """The note that columns of other names are paired by position.

    Raises:
        ParseError: if their names say that they stand in another order.
    """
    other = [i for i in range(len(a)) if a[i] != y[i]]
    pairs = listed([f"{quote(prediction[i])} with {quote(target[i])}" for i in other])
    if _is_crossed([a[i] for i in other], [y[i] for i in other]):
        raise ParseError(f"by position these columns would be paired, by their names others: {pairs}", hint=CHOOSE)
    return f"columns are paired by position: {pairs}"


def _is_crossed(a: list[str], y: list[str]) -> bool:
    """Whether names of two sides, none of which agree, say that the columns stand in another order.

    >>> _is_crossed(["price_pred", "rooms_pred"], ["rooms", "price"]), _is_crossed(["p2", "p1"], ["t1", "t2"])
    (True, True)
    >>> _is_crossed(["yhat1", "yhat2"], ["a", "b"]), _is_crossed(["price_pred", "rooms_pred"], ["price", "rooms"])
    (False, False)
    """
    if _contain_in_order(a, y) or _contain_in_order(y, a):
        return False
    own, others = _own_parts(a), _own_parts(y)
    moved = own != others and sorted(own) == sorted(others) and len(set(own)) == len(own)
    return moved or _contain_elsewhere(a, y) or _contain_elsewhere(y, a)


def _contain_in_order(longer: list[str], shorter: list[str]) -> bool:
    return all(name in long for long, name in zip(longer, shorter, strict=True))


def _contain_elsewhere(longer: list[str], shorter: list[str]) -> bool:
    """Whether each name contains one of the other side that stands at another position."""
    return len(longer) > 1 and all(
        any(name and name in long for k, name in enumerate(shorter) if k != i) for i, long in enumerate(longer)
    )


def _own_parts(names: list[str]) -> list[str]:
    """The names without what all of a side begin and end with.

    >>> _own_parts(["price_pred", "rooms_pred"]), _own_parts(["y_1", "y_2"])
    (['price', 'rooms'], ['1', '2'])
    """
    start = _common_start(names)
    rest = [name[start:] for name in names]
    end = _common_start([name[::-1] for name in rest])
    return [name[: len(name) - end] for name in rest]


def _common_start(names: list[str]) -> int:
    """How many characters all of them begin with."""
    pairs = zip(min(names), max(names), strict=False)  # in order, what is between begins so too
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
