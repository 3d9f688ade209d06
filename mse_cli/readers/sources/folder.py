"""What lies in a folder: its files, unless which of them count is written elsewhere or others lie below them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from mse_cli.errors import InputError, Place, listed, reason

HIDDEN = (".", "_")  # how names begin of what lies beside shards: _SUCCESS, .part-1.crc
DATA = frozenset([".csv", ".tsv", ".txt", ".npy", ".npz", ".parquet", ".arrow", ".feather", ".gz", ".bz2", ".xz"])
# Formats of tables by the folder that lists their live files, and what that holds.
TABLES = (("_delta_log", "a Delta", ""), ("metadata", "an Iceberg", ".metadata.json"), (".hoodie", "a Hudi", ""))


def file_names(folder: Path, label: str) -> list[str]:
    """The names of the files of a folder, without the hidden ones.

    Raises:
        InputError: if there are none, or to read them alone would leave out or take in too much.
    """
    try:
        entries = list(os.scandir(folder))
        names = [entry.name for entry in entries if entry.is_file() and not entry.name.startswith(HIDDEN)]
        folders = [entry.name for entry in entries if entry.is_dir()]
        for place in (folder, *_tables_above(folder)):
            refuse_table({entry.name: _names_in(entry.path) for entry in os.scandir(place) if entry.is_dir()}, label)
        below = {name: _files_below(folder / name) for name in folders if not name.startswith(HIDDEN)}
        refuse_below(names, below, label)
    except InputError:
        raise
    except OSError as error:
        raise InputError(reason(error), Place(label)) from None
    if not names:
        raise InputError("holds no files", Place(label))
    return names


def _tables_above(folder: Path) -> Iterator[Path]:
    """The folders that a partition of a table, or its folder of data, may be a part of."""
    folder = folder.absolute()
    while folder.name == "data" or "=" in folder.name:
        folder = folder.parent
        yield folder


def _names_in(folder: str) -> Iterator[str]:
    yield from os.listdir(folder)


def _files_below(folder: Path) -> Iterator[str]:
    """The paths of the files in a folder and in those below it, without the hidden ones."""
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(HIDDEN))
        yield from (os.path.join(path, name) for name in sorted(names) if not name.startswith(HIDDEN))


def refuse_table(folders: Mapping[str, Iterable[str]], label: str) -> None:
    """Refuse a folder that is a table of which not all files are live, by the folders in it and what they hold.

    Raises:
        InputError: with the kind of table.
    """
    for name, what, ending in TABLES:
        if name in folders and any(inside.endswith(ending) for inside in folders[name]):
            message = f"is {what} table: which of its files are live is written in {name}/"
            raise InputError(message, Place(label), hint="save the table as a Parquet file first, with what wrote it")


def refuse_below(names: list[str], below: Mapping[str, Iterable[str]], label: str) -> None:
    """Refuse a folder with folders that hold data, by its own files and by the files below each of those.

    Raises:
        InputError: with the pattern that takes them in.
    """
    own = {PurePosixPath(name).suffix for name in names}
    found = {}
    for name, paths in below.items():
        path = next((path for path in paths if not own or PurePosixPath(path).suffix in own | DATA), None)
        if path is not None:
            found[name] = path
    if not found:
        return
    endings = {_ending(name) for name in (*names, *found.values())}
    folder, files = glob.escape(label), "*" + (endings.pop() if len(endings) == 1 else "")
    hint = f"quoted, '{folder}**/{files}' takes them in" + (f", '{folder}{files}' leaves them out" if names else "")
    shown = listed([f"{name}/" for name in sorted(found)], most=3)
    raise InputError(f"holds folders with data of their own: {shown}", Place(label), hint=hint)


def _ending(name: str) -> str:
    """How a name ends, with how it is packed: ``.csv.gz``."""
    path = PurePosixPath(name)
    packed = path.suffix if path.suffix in {".gz", ".bz2", ".xz"} else ""
    return (path.with_suffix("").suffix if packed else path.suffix) + packed
