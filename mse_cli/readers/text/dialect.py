"""What the user says of text files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mse_cli.core.result import Missing
from mse_cli.errors import UsageError, quote

HeaderChoice = Literal["auto", "yes", "no"]
NO_DELIMITER = '"#+-_\r\n0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'


@dataclass(frozen=True)
class Dialect:
    """What the user says of a text file; ``None`` is found from the data."""

    header: HeaderChoice = "auto"
    delimiter: str | None = None
    decimal: str = "."
    missing: Missing = "fail"

    def __post_init__(self) -> None:
        """Refuse a dialect in which a number could be read in two ways."""
        if self.delimiter == self.decimal:
            raise UsageError("the delimiter and the decimal sign cannot be the same character")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in NO_DELIMITER):
            raise UsageError(
                f"{quote(self.delimiter)} cannot be a delimiter", hint="one character, or: auto, tab, space"
            )
