"""Which row is which: columns that identify rows, and whether those of two sides agree.

Rows belong together by position unless ``--key`` says otherwise. Where a column of both sides says otherwise too, that
is not overlooked: the first rows are compared before the long work starts.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol, runtime_checkable

from mse_cli.core.matching import comparable, is_identifier, match_names
from mse_cli.errors import ParseError, Place, listed, printable, quote
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import File, Matrix
from mse_cli.readers.side import Side

COMPARED = 1000  # rows
MIDNIGHT = " 00:00:00"
KEPT_APART = -1  # the number of an index that is no column: pandas' counting one, of which only its bounds are stored
WITHOUT_A_NAME = re.compile(r"|Unnamed: [0-9]+(?:\.[0-9]+)?|__index_level_[0-9]+__")


class Shared(NamedTuple):
    """A column that both sides have: where it is in each."""

    name: str
    prediction: int
    target: int


@runtime_checkable
class HoldsText(Protocol):
    """A file whose columns can be looked at as text, as those of arrays, which have no names, need not be."""

    def first_rows(self, columns: Positions, most: int) -> list[tuple[str, ...]]:
        """The text of these columns in the first rows."""


def shared_columns(a_side: Side, y_side: Side) -> list[Shared]:
    """The columns that both sides hold, each once, under one name."""
    a_names, y_names = a_side.first.names, y_side.first.names
    if not a_names or not y_names:
        return []
    a, y = comparable(a_names, y_names)
    once_in_a, once_in_y = _once(a), _once(y)
    both = [name for name in once_in_a if name in once_in_y and not WITHOUT_A_NAME.fullmatch(name)]
    return [Shared(a_names[once_in_a[name]], once_in_a[name], once_in_y[name]) for name in both]


def _once(names: Names) -> dict[str, int]:
    """Where the names are that occur once."""
    found: dict[str, int] = {}
    again = set()
    for i, name in enumerate(names):
        if found.setdefault(name, i) != i:
            again.add(name)
    return {name: i for name, i in found.items() if name not in again}


def identifiers_among(side: Side, columns: Positions, shared: set[int]) -> list[int]:
    """Which of these columns identify rows, of which ``shared`` are those that both sides hold under one name."""
    names = side.first.names
    if not names:
        return []
    leading = next((i for i, name in enumerate(names) if name), len(names))  # levels of an index, which has no names
    return [
        i
        for i in columns
        if (WITHOUT_A_NAME.fullmatch(names[i]) if names[i] else i < leading) or _is_named(names[i], i, shared)
    ]


def _is_named(name: str, position: int, shared: set[int]) -> bool:
    return position in shared and is_identifier(name)


def choose_columns(
    a_side: Side,
    y_side: Side,
    a_others: tuple[int | None, ...],
    y_others: tuple[int | None, ...],
    *,
    by_position: bool,
) -> tuple[Positions, Positions, tuple[str, ...]]:
    """The columns of A and of Y, one beside the other, and what the user should know of the choice.

    Args:
        a_side: The prediction.
        y_side: The target.
        a_others: The column of the prediction that rows are matched by, if they are, and those that group them.
        y_others: The target's, the column of weights, and those that group.
        by_position: Whether the user said that rows are not matched by any column.

    Raises:
        ParseError: for an identifier among the columns, if the user said nothing of how rows are matched.
    """
    a, y = a_side.columns(leave_out=a_others), y_side.columns(leave_out=y_others)
    shared = shared_columns(a_side, y_side)
    in_a = [] if a_side.chosen else identifiers_among(a_side, a, {pair.prediction for pair in shared})
    in_y = [] if y_side.chosen else identifiers_among(y_side, y, {pair.target for pair in shared})
    notes: tuple[str, ...] = ()
    if by_position or a_others[0] is not None:
        a, y = (tuple(i for i in all_ if i not in ids) for all_, ids in ((a, in_a), (y, in_y)))
        notes = _left_out(a_side, in_a) + _left_out(y_side, in_y)
    elif in_a:
        raise taken_for_a_number(a_side, in_a[0], matched=in_a[0] in [pair.prediction for pair in shared])
    if not (a_side.chosen and y_side.chosen):  # else the user has said which column stands against which
        order, note = match_names(a_side.names(a), y_side.names(y))
        y = y if order is None else tuple(y[i] for i in order)
        notes += () if note is None else (note,)
    taken = [i for i in in_y if i in y]
    if taken:
        raise taken_for_a_number(y_side, taken[0], matched=taken[0] in [pair.target for pair in shared])
    return a, y, notes


def _left_out(side: Side, columns: list[int]) -> tuple[str, ...]:
    names = listed([quote(name) for name in side.names(tuple(columns)) or ()])
    return (f"{side.label}: identifiers are not compared: {names} left out",) if columns else ()


def taken_for_a_number(side: Side, column: int, *, matched: bool = False) -> ParseError:
    """The error for an identifier among the columns of a matrix; ``matched`` if rows can be matched by it."""
    name = (side.first.names or ())[column]
    match = f"--key {shlex.quote(name)} matches the rows by it; " if matched and name else ""
    shown = quote(name) if name else f"{column + 1}, which has no name,"
    message = f"column {shown} identifies rows: it is not taken for numbers to compare"
    return ParseError(message, Place(side.label), hint=f"{match}--pred and --true choose the other columns")


def compare_rows(a_side: Side, y_side: Side, a: Positions, y: Positions) -> tuple[str, ...]:
    """Hold the first rows' identifiers that are not among the columns used, ``a`` and ``y``, against each other.

    Returns:
        A note if other columns that both sides hold differ.

    Raises:
        ParseError: if identifiers do.
    """
    pairs = _compared(a_side, y_side)
    if pairs:
        used_a, used_y = frozenset(a), frozenset(y)
        pairs = [it for it in pairs if it.prediction not in used_a and it.target not in used_y]
    if not pairs:
        return ()
    a_rows = _first_rows(a_side.matrix, tuple(pair.prediction for pair in pairs))
    y_rows = _first_rows(y_side.matrix, tuple(pair.target for pair in pairs))
    differ = []
    for k, pair in enumerate(pairs):
        of_a, of_y = ([[row[k] for row in rows] for rows in side] for side in (a_rows, y_rows))
        is_index = pair.prediction not in a_side.first.use or pair.target not in y_side.first.use
        if is_index and (identifies_nothing(of_a) or identifies_nothing(of_y)) and not _are_shuffled(of_a, of_y):
            continue
        cells = zip(itertools.chain(*of_a), itertools.chain(*of_y), strict=False)
        other = next(((row, *both) for row, both in enumerate(cells, 1) if not _same(*both)), None)
        if other is None:
            continue
        if is_index or is_identifier(pair.name):
            raise _other_rows(a_side, y_side, pair, other)
        differ.append(quote(pair.name))
    if not differ:
        return ()
    are = "column {} differs" if len(differ) == 1 else "columns {} differ"
    return (f"{are.format(listed(differ))} between the two files, whose rows are paired by position all the same",)


def _compared(a_side: Side, y_side: Side) -> list[Shared]:
    """What stands for the same on both sides: the indexes without a name, and columns of one name."""
    unnamed = zip(*(_unnamed(side) for side in (a_side, y_side)), strict=False)
    return [Shared("", *positions) for positions in unnamed] + shared_columns(a_side, y_side)


def _unnamed(side: Side) -> list[int]:
    use, names = side.first.use, side.first.names or ()
    if _labels_of(side.first) is not None:
        return [KEPT_APART]
    return [i for i, name in enumerate(names) if (name or i not in use) and WITHOUT_A_NAME.fullmatch(name)]


def _first_rows(matrix: Matrix, columns: Positions) -> list[list[tuple[str, ...]]]:
    """The text of these columns in the first rows, for each file that holds some of them."""
    found: list[list[tuple[str, ...]]] = []
    left = COMPARED
    for file in matrix.files:
        if left <= 0:
            break
        rows = _rows_of(file, columns, left)
        found.append(rows)
        left -= len(rows)
    return found


def _rows_of(file: File, columns: Positions, most: int) -> list[tuple[str, ...]]:
    if not isinstance(file, HoldsText):
        return []
    if columns[0] != KEPT_APART:
        return file.first_rows(columns, most)
    labels: list[tuple[str, ...]] = [(str(label),) for label in (_labels_of(file) or ())[:most]]
    if len(columns) == 1:
        return labels
    rows = zip(labels, file.first_rows(columns[1:], most), strict=False)
    return [label + row for label, row in rows]


def _labels_of(file: File) -> range | None:
    """An index of pandas that is no column."""
    labels: range | None = getattr(file, "labels", None)
    return labels


def identifies_nothing(files: list[list[str]]) -> bool:
    """Whether an index only counts from 0 or 1, in each file on its own or from file to file, or is empty.

    >>> identifies_nothing([["0", "1"], ["2", "3"]]), identifies_nothing([["1", "2"], ["1", "2"]])
    (True, True)
    >>> identifies_nothing([["17", "4"]])
    False
    """
    following = None
    for cells in files:
        if not any(cells):
            continue
        first = int(cells[0]) if re.fullmatch("[0-9]{1,18}", cells[0]) else None
        if first is None or first not in (0, 1, following):
            return False
        following = first + len(cells)
        if cells != [str(i) for i in range(first, following)]:
            return False
    return True


def _are_shuffled(files: list[list[str]], others: list[list[str]]) -> bool:
    """Whether two indexes, one of which only counts, hold the same in another order."""
    one, other = list(itertools.chain(*files)), list(itertools.chain(*others))
    return one != other and Counter(one) == Counter(other)


def _same(cell: str, other: str) -> bool:
    """Whether two identifiers are one, perhaps in another spelling: 7, 007 and 7.0; a day, and its midnight."""
    if cell.removesuffix(MIDNIGHT) == other.removesuffix(MIDNIGHT):
        return True
    try:
        return Decimal(cell) == Decimal(other)
    except InvalidOperation:
        return False


def _other_rows(a_side: Side, y_side: Side, pair: Shared, other: tuple[int, str, str]) -> ParseError:
    row, of_a, of_y = other
    name = f" ({quote(pair.name)[1:-1]})" if pair.name else ""
    message = (
        f"the two files' rows are not the same: by its identifier{name} row {row} is {quote(of_a)} in "
        f"{printable(a_side.label)} and {quote(of_y)} in {printable(y_side.label)}"
    )
    key = _key_of(a_side, y_side, pair)
    match = f"--key {shlex.quote(key)} matches the rows by it; " if key else ""
    return ParseError(message, hint=f"{match}--no-key pairs them by position all the same")


def _key_of(a_side: Side, y_side: Side, pair: Shared) -> str | None:
    """What ``--key`` calls a column of both files; ``None`` if nothing does."""
    if pair.name or KEPT_APART in (pair.prediction, pair.target):
        return pair.name or None
    number = str(pair.prediction + 1)
    taken = any(number in (side.first.names or ()) for side in (a_side, y_side))
    return None if pair.prediction != pair.target or taken else number
