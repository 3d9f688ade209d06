"""Results → text, one small file per format. The only place that imports Rich, and only where something is drawn."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.render.findings import Verdicts, write_findings
    from mse_cli.render.lessons import write_lesson
    from mse_cli.render.report import writer_for
    from mse_cli.render.shard_folder import saving

__all__ = [
    "Verdicts",
    "saving",
    "write_findings",
    "write_lesson",
    "writer_for",
]

__getattr__ = door(
    __name__,
    {
        "Verdicts": "findings",
        "saving": "shard_folder",
        "write_findings": "findings",
        "write_lesson": "lessons",
        "writer_for": "report",
    },
)
