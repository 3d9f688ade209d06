"""From what the user names (paths, globs, standard input) to a pair: blocks of prediction, target and weights."""

from typing import TYPE_CHECKING

from mse_cli import door

if TYPE_CHECKING:
    from mse_cli.readers.keys import rows_left_out
    from mse_cli.readers.opening import InputOptions, open_pair
    from mse_cli.readers.sources.changes import refuse_changed, stamps_of
    from mse_cli.readers.sources.files import files_of, n_bytes_of
    from mse_cli.readers.text.cells.grammar import kind
    from mse_cli.readers.text.dialect import Dialect

__all__ = [
    "Dialect",
    "InputOptions",
    "files_of",
    "kind",
    "n_bytes_of",
    "open_pair",
    "refuse_changed",
    "rows_left_out",
    "stamps_of",
]

__getattr__ = door(
    __name__,
    {
        "Dialect": "text.dialect",
        "InputOptions": "opening",
        "files_of": "sources.files",
        "kind": "text.cells.grammar",
        "n_bytes_of": "sources.files",
        "open_pair": "opening",
        "refuse_changed": "sources.changes",
        "rows_left_out": "keys",
        "stamps_of": "sources.changes",
    },
)
