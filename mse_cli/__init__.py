"""Exact mean squared error, its gradient and every step between.

>>> from mse_cli import MSELoss
>>> loss = MSELoss()
>>> loss.forward([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]])
1250000000.5
>>> loss.backward().tolist()
[[-25000.0, -0.5], [25000.0, 0.5]]
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mse_cli.errors import InputError, MseError, ParseError, ShapeError, UsageError

if TYPE_CHECKING:
    from mse_cli.core.loss import MSELoss, mean_squared_error, mse_gradient, squared_error, sum_squared_error
    from mse_cli.core.result import Result
    from mse_cli.render.findings import Verdicts
    from mse_cli.render.interactive import Explanation, check, compare, evaluate, explain
    from mse_cli.running.comparison.standings import Comparison

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "Explanation",
    "InputError",
    "MSELoss",
    "MseError",
    "ParseError",
    "Result",
    "ShapeError",
    "UsageError",
    "Verdicts",
    "check",
    "compare",
    "evaluate",
    "explain",
    "mean_squared_error",
    "mse_gradient",
    "squared_error",
    "sum_squared_error",
]


def door(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__``: each name is loaded from its module when it is first used.

    So laziness stands where a room begins: `mse --version` and `mse --help` need no NumPy.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return load


__getattr__ = door(
    __name__,
    {
        "Comparison": "running.comparison.standings",
        "Explanation": "render.interactive",
        "MSELoss": "core.loss",
        "Result": "core.result",
        "Verdicts": "render.findings",
        "check": "render.interactive",
        "compare": "render.interactive",
        "evaluate": "render.interactive",
        "explain": "render.interactive",
        "mean_squared_error": "core.loss",
        "mse_gradient": "core.loss",
        "squared_error": "core.loss",
        "sum_squared_error": "core.loss",
    },
)
