"""The loss of each group of rows: sums as exact as those of all rows, mergeable whatever groups a part holds."""

from __future__ import annotations

import math

import numpy as np

from mse_cli.core.blocks import Block, Floats, masked_difference
from mse_cli.core.exact import LARGEST_ORDINARY, Total, rounded
from mse_cli.core.labels import Codes
from mse_cli.core.result import Group
from mse_cli.core.tallies.column_sums import ColumnSums
from mse_cli.core.tallies.sums import loses_bits, mean_of, root_of_mean
from mse_cli.errors import UsageError, listed, quote

MOST_GROUPS = 100_000
Texts = tuple[str, ...]


class Groups:
    """Exact sums of the rows that share the text of some columns.

    >>> from mse_cli.core.labels import labels_of_rows
    >>> groups = Groups(("region",))
    >>> labels = labels_of_rows([["north"], ["south"], ["north"]])
    >>> groups.update(Block(0, np.array([[1.0], [5.0], [2.0]]), np.zeros((3, 1)), labels=labels))
    >>> [(group.texts, group.rows, group.sse) for group in groups.finish(Total({0: [30.0]}))]
    [(('north',), 2, 5.0), (('south',), 1, 25.0)]
    """

    def __init__(self, by: tuple[str, ...]):
        self.by = by
        self.places: dict[Texts, int] = {}
        self.rows = np.zeros(0, dtype=np.int64)
        self.cells_used = np.zeros(0, dtype=np.int64)
        self.errors = ColumnSums(0)  # Σ M·W·E² of each group
        self.weights: ColumnSums | None = None  # Σ M·W, once there are weights
        self._last: tuple[tuple[Texts, ...], Codes] | None = None

    def update(self, block: Block) -> None:
        """Add the rows of the next block to their groups."""
        labels = block.labels
        assert labels is not None
        if self._last is None or self._last[0] is not labels.texts:  # which many blocks share
            self._last = labels.texts, self._placed(labels.texts)
        groups = self._last[1][labels.codes]
        rows = np.bincount(groups, minlength=len(self.places))
        self.rows += rows
        if block.used is None:
            self.cells_used += rows * block.shape[1]
        else:
            self.cells_used += np.bincount(groups, block.used.sum(axis=1), len(self.places)).astype(np.int64)
        with np.errstate(all="ignore"):
            self._add(block, groups)

    def _placed(self, texts: tuple[Texts, ...]) -> Codes:
        """The place of each group, of those that are new at the end.

        Raises:
            UsageError: if there are more than anybody would look at.
        """
        places = [self.places.setdefault(text, len(self.places)) for text in texts]
        n_groups, n_before = len(self.places), len(self.rows)
        if n_groups > MOST_GROUPS:
            raise _too_many(self.by, texts[-1])
        if n_groups > n_before:
            more = np.zeros(n_groups - n_before, dtype=np.int64)
            self.rows, self.cells_used = (np.concatenate([counts, more]) for counts in (self.rows, self.cells_used))
            before = np.arange(n_before)
            self.errors = self.errors.placed(before, n_groups)
            self.weights = self.weights and self.weights.placed(before, n_groups)
        return np.array(places, dtype=np.intp)

    def _add(self, block: Block, groups: Codes) -> None:
        errors, factors = masked_difference(block), list[Floats]()
        terms = errors * errors
        if block.weights is not None:
            weights = np.broadcast_to(block.weights, block.shape)
            factors = [weights if block.used is None else weights * block.used]
            terms *= factors[0]
        if terms.max(initial=0.0) < LARGEST_ORDINARY and not (factors and loses_bits(terms, errors, factors[0])):
            self.errors.add_grouped(terms, groups)
        else:
            smallest = {} if factors else {"smallest_bucket": 0}
            self.errors.add_product(errors, errors, *factors, columns=groups.repeat(block.shape[1]), **smallest)
        if factors:
            self.weights = self.weights or ColumnSums(len(self.places))
            if factors[0].max(initial=0.0) < LARGEST_ORDINARY:
                self.weights.add_grouped(factors[0], groups)
            else:
                self.weights.add_product(factors[0], columns=groups.repeat(block.shape[1]))

    def new(self) -> Groups:
        """An empty one of the same kind."""
        return Groups(self.by)

    def merge(self, other: Groups) -> None:
        """Take in what another one has summed, exactly."""
        places = self._placed(tuple(other.places))
        self.rows[places] += other.rows
        self.cells_used[places] += other.cells_used
        self.errors += other.errors.placed(places, len(self.places))
        if other.weights is not None:
            self.weights = self.weights or ColumnSums(len(self.places))
            self.weights += other.weights.placed(places, len(self.places))

    def finish(self, sse: Total) -> tuple[Group, ...]:
        """The loss of each group, in the order of their texts; ``sse`` is that of all rows."""
        errors = self.errors.totals()
        weights = None if self.weights is None else self.weights.totals()
        found = []
        for texts, place in sorted(self.places.items()):
            if not self.rows[place]:  # of a key that the other file has not
                continue
            total, cells = errors[place], int(self.cells_used[place])
            divisor = cells if weights is None else weights[place].exact()
            mse = mean_of(total, divisor)
            rmse, share = root_of_mean(total, divisor, mse), _share(total, sse)
            found.append(Group(texts, int(self.rows[place]), cells, total.rounded(), mse, rmse, share))
        return tuple(found)


def _share(part: Total, sse: Total) -> float:
    """A group's part of SSE, from the exact sums where float64 cannot hold them."""
    whole = sse.rounded()
    if part.special or sse.special:
        return math.nan if part.special or math.isnan(whole) else 0.0
    if math.isfinite(whole):
        return part.rounded() / whole if whole else 0.0
    return rounded(part.exact() / sse.exact())


def _too_many(by: tuple[str, ...], texts: Texts) -> UsageError:
    columns = listed([quote(name) for name in by])
    hint = f"is it an identifier (--key), or a number such as {quote(' '.join(texts))}? --by takes what recurs in rows"
    return UsageError(f"--by {columns} makes more than {MOST_GROUPS:,} groups", hint=hint)
