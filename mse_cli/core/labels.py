"""Groups of rows, by the text of one column or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]


class Labels(NamedTuple):
    """Which group each of some rows is in: the place of its texts, one of each column, among those that occur.

    Texts may be there twice, and a column's missing cell is an empty one.
    """

    codes: Codes
    texts: tuple[tuple[str, ...], ...]

    def cut(self, start: int, stop: int) -> Labels:
        """Those of rows ``start`` to ``stop``."""
        return Labels(self.codes[start:stop], self.texts)

    def take(self, rows: Codes | NDArray[np.bool_]) -> Labels:
        """Those of these rows."""
        return Labels(self.codes[rows], self.texts)


def labels_of_rows(rows: Iterable[Sequence[str]]) -> Labels:
    """From the texts of each row.

    >>> labels = labels_of_rows([["north", "1"], ["south", "1"], ["north", "1"]])
    >>> labels.codes.tolist(), labels.texts
    ([0, 1, 0], (('north', '1'), ('south', '1')))
    """
    found: dict[tuple[str, ...], int] = {}
    codes = [found.setdefault(tuple(texts), len(found)) for texts in rows]
    return Labels(np.array(codes, dtype=np.intp), tuple(found))


def labels_of_columns(columns: Iterable[Labels | Sequence[str]]) -> Labels:
    """From several columns of the same rows, each as its text or by the groups that it alone makes.

    >>> labels_of_columns([Labels(np.array([0, 1, 0]), (("a",), ("b",))), ["x", "x", "x"]]).texts
    (('a', 'x'), ('b', 'x'))
    """
    first, *others = (it if isinstance(it, Labels) else labels_of_rows((text,) for text in it) for it in columns)
    for more in others:
        both, codes = np.unique(first.codes * len(more.texts) + more.codes, return_inverse=True)
        pairs = (divmod(code, len(more.texts)) for code in both.tolist())
        first = Labels(codes.astype(np.intp), tuple((*first.texts[i], *more.texts[k]) for i, k in pairs))
    return first


def below_each_other(parts: Sequence[Labels]) -> Labels | None:
    """Those of parts that follow one another; ``None`` without any."""
    if not parts:
        return None
    texts = tuple(dict.fromkeys(text for part in parts for text in part.texts))
    place = {text: i for i, text in enumerate(texts)}
    codes = [np.array([place[text] for text in part.texts], dtype=np.intp)[part.codes] for part in parts]
    return Labels(np.concatenate(codes), texts)
