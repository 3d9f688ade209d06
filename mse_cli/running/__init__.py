"""Where blocks run: here, in threads, processes, on a Dask cluster; the second pass; merging parts."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.running.backend import Backend, backend_for, could_be_faster
    from mse_cli.running.changes import refuse_changed, stamps_of
    from mse_cli.running.evaluation import Evaluation, evaluate_pair, finish
    from mse_cli.running.merging.parts import Part, add_up, origin_of_all, read_parts

__all__ = [
    "Backend",
    "Evaluation",
    "Part",
    "add_up",
    "backend_for",
    "could_be_faster",
    "evaluate_pair",
    "finish",
    "origin_of_all",
    "read_parts",
    "refuse_changed",
    "stamps_of",
]

__getattr__ = door(
    __name__,
    {
        "Backend": "backend",
        "Evaluation": "evaluation",
        "Part": "merging.parts",
        "add_up": "merging.parts",
        "backend_for": "backend",
        "could_be_faster": "backend",
        "evaluate_pair": "evaluation",
        "finish": "evaluation",
        "origin_of_all": "merging.parts",
        "read_parts": "merging.parts",
        "refuse_changed": "changes",
        "stamps_of": "changes",
    },
)
