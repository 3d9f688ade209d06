"""Exact mean squared error, its gradient and every step between.

>>> from mse_cli import MSELoss
>>> loss = MSELoss()
>>> loss.forward([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
1250000000.5
>>> loss.backward().tolist()
[[-25000.0, -0.5], [25000.0, 0.5]]
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mse_cli.errors import InputError, MseError, ParseError, ShapeError, UsageError

if TYPE_CHECKING:
    from mse_cli.core.loss import MSELoss, mean_squared_error, mse_gradient, squared_error, sum_squared_error
    from mse_cli.core.result import Result
    from mse_cli.running.evaluation import evaluate

__version__ = "0.1.0"

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

# What needs NumPy is imported when it is first used: `mse --version` and `mse --help` need none of it.
HOMES = dict.fromkeys(("MSELoss", "mean_squared_error", "mse_gradient", "squared_error"), "core.loss")
HOMES |= {"sum_squared_error": "core.loss", "evaluate": "running.evaluation", "Result": "core.result"}


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
