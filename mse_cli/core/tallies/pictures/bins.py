"""How many cells of a column lie where: counts in bins of errors, of targets and predictions, for pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mse_cli.core.blocks import Block, Floats, Numbers, difference
from mse_cli.core.exact import Integers

PIECE_ROWS = 32 * 1024


class Axis:
    """The edges of bins of one width; a bin holds its lower edge, the last one both.

    Position 0 is below the first edge, n + 1 above the last.

    >>> Axis([0.0, 0.1, 0.2, 0.3]).positions(np.array([-1.0, 0.0, 0.1, 0.25, 0.3, np.inf])).tolist()
    [0, 1, 2, 3, 3, 4]
    """

    def __init__(self, edges: Sequence[float]):
        self.edges = np.array(edges)
        self.n_bins = n = len(edges) - 1
        # The numbers from which on each position begins; nothing is as large as NaN.
        self._starts = np.array([-math.inf, *edges[:-1], math.nextafter(edges[-1], math.inf), math.nan])
        self._scale = n / (edges[-1] - edges[0])
        width = (edges[-1] - edges[0]) / n
        self._doubt = n * 2.0**-49 + 4 * math.ulp(max(abs(edges[0]), abs(edges[-1]))) / width

    def positions(self, numbers: Floats) -> Integers:
        """The position of each number; by arithmetic, and by comparison where that is in doubt."""
        with np.errstate(all="ignore"):
            scaled = np.subtract(numbers, self.edges[0])
            np.multiply(scaled, self._scale, out=scaled)
            np.maximum(scaled, -1.0, out=scaled)
            np.minimum(scaled, self.n_bins, out=scaled)
            scaled += 1.0
            found: Integers = scaled.astype(np.int64)
            scaled -= np.rint(scaled)
            doubtful = np.flatnonzero(np.abs(scaled, out=scaled) <= self._doubt)
        if len(doubtful):
            near, values = found[doubtful], numbers[doubtful]
            near -= values < self._starts[near]
            near += values >= self._starts[near + 1]
            found[doubtful] = near
        return found


class Plan(NamedTuple):
    """What is counted of a column (from 0): its errors along one axis, its targets and predictions along another."""

    column: int
    errors: Axis
    values: Axis


class Counts:
    """The cells of one column, counted.

    Attributes:
        plan: The column and the axes.
        errors: How many errors lie at each position.
        density: How many cells have their target at a position (rows) and their prediction at another (columns).
        spread: How many have their prediction at a position (rows) and their error at another (columns).
        no_number: How many have an error that is NaN, and stand nowhere.
    """

    def __init__(self, plan: Plan):
        self.plan = plan
        across, along = plan.errors.n_bins + 2, plan.values.n_bins + 2
        self.errors = np.zeros(across, dtype=np.int64)
        self.density = np.zeros((along, along), dtype=np.int64)
        self.spread = np.zeros((along, across), dtype=np.int64)
        self.no_number = 0

    def update(self, block: Block) -> None:
        """Count the column's cells in the next block, in pieces that stay in the processor's cache."""
        for start in range(0, block.shape[0], PIECE_ROWS):
            self._update(block.rows(start, start + PIECE_ROWS), finite=block.finite)

    def _update(self, block: Block, *, finite: bool) -> None:
        j = self.plan.column
        prediction, target = block.prediction[:, j], block.target[:, j]
        if block.used is not None:
            prediction, target = prediction[block.used[:, j]], target[block.used[:, j]]
        errors = difference(prediction, target)
        if not finite and np.isnan(errors).any():
            there = ~np.isnan(errors)
            self.no_number += len(errors) - int(there.sum())
            prediction, target, errors = prediction[there], target[there], errors[there]
        self._count(_floats(prediction), _floats(target), errors)

    def _count(self, prediction: Floats, target: Floats, errors: Floats) -> None:
        axes = self.plan
        across, along = len(self.errors), len(self.density)
        error, value = axes.errors.positions(errors), axes.values.positions(prediction)
        spread = np.bincount(value * across + error, minlength=along * across).reshape(along, across)
        self.spread += spread
        self.errors += spread.sum(axis=0)
        actual = axes.values.positions(target)
        actual *= along
        actual += value
        self.density += np.bincount(actual, minlength=along * along).reshape(along, along)

    def merge(self, other: Counts) -> None:
        """Take in what another one has counted."""
        self.errors += other.errors
        self.density += other.density
        self.spread += other.spread
        self.no_number += other.no_number


class Bins:
    """The counts of several columns.

    >>> bins = Bins([Plan(0, Axis([-1.0, 0.0, 1.0]), Axis([0.0, 5.0, 10.0]))])
    >>> bins.update(Block(0, np.array([[1.0], [9.0]]), np.array([[0.5], [2.0]])))
    >>> bins.counts[0].errors.tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, plans: Sequence[Plan]):
        self.counts = [Counts(plan) for plan in plans]

    def update(self, block: Block) -> None:
        """Count the next block."""
        for counts in self.counts:
            counts.update(block)

    def new(self) -> Bins:
        """An empty one of the same kind."""
        return Bins([counts.plan for counts in self.counts])

    def merge(self, other: Bins) -> None:
        """Take in what another one has counted."""
        for counts, more in zip(self.counts, other.counts, strict=True):
            counts.merge(more)


def _floats(numbers: Numbers) -> Floats:
    return numbers.astype(np.float64, copy=False)
