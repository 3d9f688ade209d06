"""Several models against one target: read side by side, judged on the same cells, ranked."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.running.comparison.comparing import compare_models, gated
    from mse_cli.running.comparison.models import named_model, open_models, short_names
    from mse_cli.running.comparison.standings import Comparison

__all__ = [
    "Comparison",
    "compare_models",
    "gated",
    "named_model",
    "open_models",
    "short_names",
]

__getattr__ = door(
    __name__,
    {
        "Comparison": "standings",
        "compare_models": "comparing",
        "gated": "comparing",
        "named_model": "models",
        "open_models": "models",
        "short_names": "models",
    },
)
