"""From what the user names (paths, globs, standard input) to a pair: blocks of prediction, target and weights."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.readers.keys import rows_left_out
    from mse_cli.readers.opening import InputOptions, open_pair
    from mse_cli.readers.sources.address import shown
    from mse_cli.readers.sources.files import files_of
    from mse_cli.readers.text.dialect import Dialect
    from mse_cli.readers.text.grammar import kind

__all__ = [
    "Dialect",
    "InputOptions",
    "files_of",
    "kind",
    "open_pair",
    "rows_left_out",
    "shown",
]

__getattr__ = door(
    __name__,
    {
        "Dialect": "text.dialect",
        "InputOptions": "opening",
        "files_of": "sources.files",
        "kind": "text.grammar",
        "open_pair": "opening",
        "rows_left_out": "keys",
        "shown": "sources.address",
    },
)
