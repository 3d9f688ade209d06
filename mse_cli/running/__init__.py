"""Where blocks run: here, in threads, processes, on a Dask cluster; the second pass; merging parts."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.running.backend import Backend, backend_for, could_be_faster
    from mse_cli.running.evaluation import Evaluation, evaluate_pair, finish
    from mse_cli.running.limits import Limits, check_increase, limits_of
    from mse_cli.running.merging.parts import Part, add_up, origin_of_all, read_parts

__all__ = [
    "Backend",
    "Evaluation",
    "Limits",
    "Part",
    "add_up",
    "backend_for",
    "check_increase",
    "could_be_faster",
    "evaluate_pair",
    "finish",
    "limits_of",
    "origin_of_all",
    "read_parts",
]

__getattr__ = door(
    __name__,
    {
        "Backend": "backend",
        "Evaluation": "evaluation",
        "Limits": "limits",
        "Part": "merging.parts",
        "add_up": "merging.parts",
        "backend_for": "backend",
        "check_increase": "limits",
        "could_be_faster": "backend",
        "evaluate_pair": "evaluation",
        "finish": "evaluation",
        "limits_of": "limits",
        "origin_of_all": "merging.parts",
        "read_parts": "merging.parts",
    },
)
