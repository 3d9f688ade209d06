"""What the user says of text files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mse_cli.core.result import Missing, check_choice
from mse_cli.errors import UsageError, quote

HeaderChoice = Literal["auto", "yes", "no"]
DecimalChoice = Literal["auto", ".", ","]
HEADERS: tuple[HeaderChoice, ...] = get_args(HeaderChoice)
DECIMALS: tuple[DecimalChoice, ...] = get_args(DecimalChoice)
NO_DELIMITER = '"#+-_\r\n0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'


@dataclass(frozen=True)
class Dialect:
    """What the user says of a text file; ``None`` and ``auto`` are found from the data.

    Attributes:
        header: Whether the first row holds names.
        delimiter: What separates the cells.
        decimal: The decimal sign.
        missing: What missing cells do.
        na: Further words for a missing cell.
        asked_names: What the user calls columns: a first row that holds one of these is a header.
        is_shard: Whether it is one of several files, which may hold no rows.
    """

    header: HeaderChoice = "auto"
    delimiter: str | None = None
    decimal: DecimalChoice = "auto"
    missing: Missing = "fail"
    na: tuple[str, ...] = ()
    asked_names: frozenset[str] = frozenset()
    is_shard: bool = False

    def __post_init__(self) -> None:
        """Refuse a dialect in which a number could be read in two ways, and words that mean nothing."""
        check_choice("header", self.header, HEADERS)
        check_choice("decimal", self.decimal, DECIMALS)
        if self.delimiter == self.decimal:
            raise UsageError("the delimiter and the decimal sign cannot be the same character")
        if self.delimiter is not None and (len(str(self.delimiter)) != 1 or str(self.delimiter) in NO_DELIMITER):
            raise UsageError(
                f"{quote(str(self.delimiter))} cannot be a delimiter", hint="one character, or: auto, tab, space"
            )


def words_of(na: str | Sequence[str]) -> tuple[str, ...]:
    """Words for a missing cell, one alone too.

    >>> words_of("-"), words_of(["n/a", "."])
    (('-',), ('n/a', '.'))
    """
    words = (na,) if isinstance(na, str) else tuple(na)
    if not all(isinstance(word, str) for word in words):
        raise UsageError(f"na is one or more words, not {na!r}")
    return words
