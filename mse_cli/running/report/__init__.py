"""What people look at: bins for pictures, each column's share of the loss; plain data, no screen."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.running.report.report import Report, Wanted, report_of

__all__ = ["Report", "Wanted", "report_of"]

__getattr__ = door(__name__, {"Report": "report", "Wanted": "report", "report_of": "report"})
