"""What else is called MSE or its gradient: the known conventions, as factors of the same errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mse_cli.checks.finding import Remark, remark
from mse_cli.core.blocks import Block, masked_difference, weights_of
from mse_cli.core.result import Result

# Left out where they are the sum or the mean under another name.
PER_SAMPLE = ((2.0, "per_sample"), (1.0, "half_per_sample"))
PER_COLUMN = ((2.0, "per_column"), (1.0, "half_per_column"))


@dataclass(frozen=True)
class Convention:
    """One way to scale: its factor, or the loss that comes of it, and what to say when numbers fit it."""

    factor: float
    remark: Remark | None


def gradient_conventions(result: Result) -> tuple[Convention, ...]:
    """Factors of M·W·E that stand for a gradient somewhere; the right one, 2 / Σ M·W, comes first.

    >>> from mse_cli.core.blocks import Block
    >>> from mse_cli.core.tallies.sums import Sums
    >>> import numpy as np
    >>> sums = Sums(1)
    >>> sums.update(Block(0, np.array([[3.0], [1.0]]), np.zeros((2, 1))))
    >>> [convention.factor for convention in gradient_conventions(sums.finish())][:4]
    [1.0, 0.5, 2.0, 1.0]
    """
    (n, c), d, by = result.shape, result.divisor, divisor_words(result)
    found = [
        Convention(2 / d, None),
        Convention(1 / d, Remark("half")),
        Convention(2.0, remark("sum", by=by)),
        *([Convention(1.0, remark("plain", by=by)), Convention(4.0, Remark("twice_sum"))] if d != 1 else ()),
        *([Convention(top / n, remark(code, by=by)) for top, code in PER_SAMPLE] if 1 < n != d else ()),
        *([Convention(top / c, remark(code, by=by)) for top, code in PER_COLUMN] if 1 < c != d else ()),
        Convention(4 / d, Remark("twice")),
        *_without_one(2.0, result),
    ]
    if d != n * c:
        found.append(Convention(2 / (n * c), remark("all_cells", by=by)))
        found.append(Convention(1 / (n * c), remark("half_all_cells", by=by)))
    if result.rmse > 0:
        found.append(Convention(1 / d / result.rmse, Remark("rmse_gradient")))
    return tuple(found)


def loss_conventions(block: Block, result: Result) -> Iterator[Convention]:
    """The values that are called the loss somewhere, the right one left out."""
    (n, c), sse, by = result.shape, result.sse, divisor_words(result)
    yield Convention(sse, remark("sse", by=by))
    yield Convention(result.mse / 2, Remark("half_mean"))
    if result.divisor != 1:
        yield Convention(sse / 2, remark("half_sum", by=by))
    yield Convention(result.rmse, Remark("rmse"))
    if 1 < n != result.divisor:
        yield Convention(sse / n, remark("loss_per_sample", by=by))
        yield Convention(sse / (2 * n), remark("caffe", by=by))
    if 1 < c != result.divisor:
        yield Convention(sse / c, remark("loss_per_column", by=by))
    yield Convention(2 * result.mse, Remark("double"))
    if result.divisor != 1:
        yield Convention(sse**0.5, Remark("root_sse"))
    yield Convention(-result.mse, Remark("negative"))
    yield from _without_one(sse, result)
    if result.divisor != n * c:
        yield Convention(sse / (n * c), remark("all_cells", by=by))
    yield from _of_errors(block, result)
    yield from _of_columns(result)
    if c == 1 < n and block.weights is None and block.used is None:
        yield from _broadcast(block)


def _of_errors(block: Block, result: Result) -> Iterator[Convention]:
    """What is made of the errors in another way than the mean of their squares."""
    errors, weights, d = masked_difference(block), weights_of(block), result.divisor
    absolute, plain = (math.fsum((weights * e).ravel()) / d for e in (np.abs(errors), errors))
    yield Convention(absolute, Remark("mae"))
    yield Convention(plain, Remark("mean_error"))
    if result.cells_used > 1:
        variance = math.fsum((weights * (errors - plain) ** 2).ravel()) / d
        yield Convention(variance, Remark("variance"))
        if not result.weighted:
            yield Convention(variance * d / (d - 1), Remark("sample_variance"))
    if result.weighted:
        used = errors if block.used is None else errors[block.used]
        yield Convention(math.fsum((used * used).ravel()) / used.size, Remark("unweighted"))
    elif block.used is None and min(result.shape) > 1:
        roots = np.sqrt((errors * errors).mean(axis=1))
        yield Convention(math.fsum(roots) / len(roots), Remark("mean_of_row_rmses"))


def _of_columns(result: Result) -> Iterator[Convention]:
    """What is made of the columns' losses."""
    count = len(result.columns)
    if count < 2:
        return
    yield Convention(math.fsum(column.mse**0.5 for column in result.columns) / count, Remark("mean_of_rmses"))
    for j, column in enumerate(result.columns, start=1):
        yield Convention(column.mse, remark("column", column=str(j)))


def _broadcast(block: Block) -> Iterator[Convention]:
    """The mean (and sum) of the N×N squares of every prediction less every truth, without making N×N of them."""
    (n, _), middle = block.shape, float(block.target[0, 0])
    a, y = (side.astype(np.float64).ravel() - middle for side in (block.prediction, block.target))
    squares = math.fsum(a * a) / n + math.fsum(y * y) / n - 2 * (math.fsum(a) / n) * (math.fsum(y) / n)
    for times in (1, n * n, 0.5):
        yield Convention(squares * times, Remark("broadcast"))


def divisor_words(result: Result) -> Remark:
    """What SSE is divided by, in a few words."""
    if result.weighted:
        return Remark("weights")
    return Remark("used" if result.cells_used < result.cells_total else "cells")


def _without_one(top: float, result: Result) -> list[Convention]:
    """Divided by one less, as an unbiased variance is."""
    n, by = result.shape[0], divisor_words(result)
    counts = [("one_less_row", n)] + ([] if n == result.cells_used else [("one_less_cell", result.cells_used)])
    return [Convention(top / (count - 1), remark(code, by=by)) for code, count in counts if count > 2]
