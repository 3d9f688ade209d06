"""What else is called MSE or its gradient: the known conventions, as factors of the same errors."""

from __future__ import annotations

from dataclasses import dataclass

from mse_cli.core.result import Result


@dataclass(frozen=True)
class Convention:
    """One way to scale: its factor and what to say when numbers fit it."""

    factor: float
    words: str


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
    (n, c), d = result.shape, result.divisor
    found = [
        Convention(2 / d, ""),
        Convention(1 / d, "the factor 2 is missing (the gradient of ½·MSE)"),
        Convention(2.0, f"it is not divided by {divisor_words(result)} (the gradient of the sum SSE)"),
        Convention(1.0, f"it is plain A − Y: no factor 2, not divided by {divisor_words(result)}"),
        Convention(2 / n, f"it is divided by N instead of {divisor_words(result)} (per sample)"),
        Convention(1 / n, f"it is divided by N instead of {divisor_words(result)}, and the factor 2 is missing"),
        Convention(2 / c, f"it is divided by C instead of {divisor_words(result)} (per column)"),
        Convention(1 / c, f"it is divided by C instead of {divisor_words(result)}, and the factor 2 is missing"),
        Convention(4 / d, "the factor 2 is there twice"),
        Convention(4.0, "the factor 2 is there twice, and it is not divided"),
        *_without_one(2.0, result),
    ]
    if d != n * c:
        found.append(Convention(2 / (n * c), f"it is divided by N·C instead of {divisor_words(result)}"))
        found.append(Convention(1 / (n * c), f"divided by N·C instead of {divisor_words(result)}, factor 2 missing"))
    if result.rmse > 0:
        found.append(Convention(1 / d / result.rmse, "it is the gradient of RMSE, not of MSE"))
    return tuple(found)


def loss_conventions(result: Result, mean_absolute_error: float, mean_error: float) -> tuple[Convention, ...]:
    """The values that are called the loss somewhere, the right one left out."""
    (n, c), sse = result.shape, result.sse
    by = divisor_words(result)
    found = [
        Convention(sse, f"it is SSE: not divided by {by}"),
        Convention(result.mse / 2, "it is ½·MSE"),
        Convention(sse / 2, f"it is ½·SSE: not divided by {by}"),
        Convention(result.rmse, "it is RMSE, the root of MSE"),
        Convention(sse / n, f"it is SSE/N (per sample): divided by N instead of {by}"),
        Convention(sse / (2 * n), f"it is ½·SSE/N (Caffe's): divided by 2·N instead of {by}"),
        Convention(sse / c, f"it is SSE/C: divided by C instead of {by}"),
        Convention(2 * result.mse, "it is 2·MSE"),
        Convention(sse**0.5, "it is √SSE, the length of the error"),
        Convention(mean_absolute_error, "it is the mean absolute error (MAE): the errors are not squared"),
        Convention(mean_error, "it is the mean error: the errors are not squared"),
        Convention(-result.mse, "its sign is flipped"),
        *_without_one(sse, result),
    ]
    if result.divisor != n * c:
        found.append(Convention(sse / (n * c), f"it is divided by N·C instead of {by}"))
    return tuple(found)


def divisor_words(result: Result) -> str:
    """What SSE is divided by, in a few words."""
    if result.weighted:
        return "the sum of the weights"
    return "the number of cells used" if result.cells_used < result.cells_total else "N·C"


def _without_one(top: float, result: Result) -> list[Convention]:
    """Divided by one less, as an unbiased variance is."""
    n, cells = result.shape[0], result.cells_used
    by = divisor_words(result)
    return [
        Convention(top / (count - 1), f"it is divided by {name} − 1 instead of {by}")
        for name, count in (("N", n), ("the number of cells", cells))
        if count > 2
    ]
