"""Exact mean squared error, its gradient and every step between.

>>> from mse_cli import MSELoss
>>> loss = MSELoss()
>>> loss.forward([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
1250000000.5
>>> loss.backward().tolist()
[[-25000.0, -0.5], [25000.0, 0.5]]
"""

from mse_cli.errors import InputError, MseError, ParseError, ShapeError, UsageError
from mse_cli.evaluate import evaluate
from mse_cli.loss import (
    MSELoss,
    mean_squared_error,
    mse_gradient,
    squared_error,
    sum_squared_error,
)
from mse_cli.result import Result

__all__ = [
    "InputError",
    "MSELoss",
    "MseError",
    "ParseError",
    "Result",
    "ShapeError",
    "UsageError",
    "evaluate",
    "mean_squared_error",
    "mse_gradient",
    "squared_error",
    "sum_squared_error",
]
