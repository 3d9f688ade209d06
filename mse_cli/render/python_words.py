"""Errors of calls from Python: options by the names that they have there, and the hint where a traceback shows it."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mse_cli.errors import MseError

P = ParamSpec("P")
R = TypeVar("R")
NAMES = {"pred": "pred_columns", "true": "true_columns"}
FLAGS = frozenset({"no_key", "stats"})
# What follows an option in a sentence and is not its value.
WORDS = "and|or|if|to|is|are|matches|takes|choose|chooses|leave|names|needs|makes|exclude|go|pairs|waits|leaves"
VALUE = r"""\$?(?:'[^']*'|"[^"]*")+|[^\s();:'"]*[^\s();:,.'"]|,"""
OPTION = re.compile(rf"--([a-z]+(?:-[a-z]+)*)(?:[ =](?!(?:{WORDS})\b)({VALUE}))?")
PLACEHOLDERS = frozenset({"COL", "COLS", "FILE"})
NUMBERS = frozenset({"loss", "rtol", "worst"})  # what is no text


def in_python(text: str) -> str:
    r"""A sentence about options as one about arguments.

    >>> in_python("--missing skip-cell or skip-row leaves missing values out")
    "missing='skip-cell' or skip-row leaves missing values out"
    >>> in_python("--key 'house no' matches the rows by it, --key 1 too; --delimiter , or --delimiter $'\x01'")
    "key='house no' matches the rows by it, key='1' too; delimiter=',' or delimiter='\x01'"
    >>> in_python("--pred COLS --true COLS, or --no-key; --cell 9,9: the matrices are 4×2")
    'pred_columns=COLS true_columns=COLS, or no_key=True; cell=(9, 9): the matrices are 4×2'
    """
    return OPTION.sub(lambda found: _argument(found[1].replace("-", "_"), found[2]), text)


def _argument(option: str, value: str | None) -> str:
    name = NAMES.get(option, option)
    if option in FLAGS:
        return f"{name}=True" + (f" {value}" if value else "")
    if value is None:
        return name
    if option == "cell":
        return f"{name}=({value.replace(',', ', ')})"
    if value in PLACEHOLDERS or option in NUMBERS:
        return f"{name}={value}"
    return f"{name}=" + (value[1:] if value.startswith("$") else repr(shlex.split(value)[0]))


def speaking_python(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose errors speak of its arguments and carry the hint as a note."""

    @functools.wraps(function)
    def called(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return function(*arguments, **options)
        except MseError as error:
            hint = error.hint and in_python(error.hint)
            said = type(error)(in_python(error.message), error.place, hint=hint)
            if hint:
                said.add_note(f"hint: {hint}")
            raise said from None

    return called
