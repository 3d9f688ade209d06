"""What is wrong with a gradient or a loss that someone else computed: known conventions, and how exact numbers are."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.checks.checking import check_pair, open_gradient
    from mse_cli.checks.finding import Precision
    from mse_cli.checks.precision import precision_of_text

__all__ = [
    "Precision",
    "check_pair",
    "open_gradient",
    "precision_of_text",
]

__getattr__ = door(
    __name__,
    {
        "Precision": "finding",
        "check_pair": "checking",
        "open_gradient": "checking",
        "precision_of_text": "precision",
    },
)
