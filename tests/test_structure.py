"""The house as a test: seven rooms, one a floor; imports point downwards, doors stay narrow, light things light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mse_cli"
MODULES = sorted(PACKAGE.rglob("*.py"))

# The tower, from the ground: what stands on one line does not know each other.
TOWER = (
    "errors meter",
    "core",
    "readers",
    "running",
    "explanation checks",
    "render",
    "commands",
    "cli",
    "__main__",
)
# The same inside the rooms that have wings.
INSIDE = {
    "core": ("result exact matching labels", "blocks", "missing centred_difference tallies arguments", "loss"),
    "readers": (
        "columns key_search",
        "sources",
        "matrix",
        "text arrays pair side",
        "keys identifiers",
        "weights",
        "opening",
    ),
    "readers/arrays": ("npy_header held arrow_columns", "npy", "values npz columnar"),
    "explanation": ("words formula one_step", "lesson case", "steps example", "sections"),
    "checks": ("finding", "words precision", "conventions", "explanations", "diagnosis", "checking"),
    "readers/key_search": ("packed_keys", "key_index"),
    "readers/text": (
        "cells dialect line_ends",
        "mistakes",
        "layout",
        "pieces",
        "look",
        "parsing",
        "text_file",
        "counting",
    ),
    "readers/text/cells": ("grammar", "quoting"),
    "readers/text/look": ("head", "delimiter first_rows", "header"),
    "running": (
        "tallying",
        "partitions merging",
        "backend",
        "processes cluster evaluation",
        "second_pass limits comparison",
        "report",
    ),
    "running/report": ("axes", "report"),
    "render": (
        "number_text python_words screens",
        "files",
        "printing",
        "summary",
        "formats lessons findings",
        "shard_folder comparisons",
        "report interactive",
    ),
    "commands": ("options usage", "compute compare report explain check merge"),
    "commands/options": ("losses", "groups"),
}
MOST_ROOMS, MOST_BEHIND_A_DOOR = 12, 8
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
MOST_IMPORTS_INSIDE_FUNCTIONS = 24


def name_of(path: Path) -> str:
    """A module's dotted name below the package; a room's ``__init__`` goes by the room's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(path: Path) -> set[str]:
    """The dotted names below the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("mse_cli.") for name in found if name.startswith("mse_cli.")}


def floors_of(order: tuple[str, ...]) -> dict[str, int]:
    return {name: floor for floor, names in enumerate(order) for name in names.split()}


def upward(order: tuple[str, ...], inside: str = "") -> Iterator[str]:
    """The imports between the rooms of a room that do not point downwards."""
    floors = floors_of(order)
    before = inside.replace("/", ".") + "." if inside else ""
    for path in MODULES:
        here = name_of(path)
        if not here.startswith(before) or here == "__init__":
            continue
        room = here.removeprefix(before).split(".")[0]
        assert room in floors, f"{here} has no floor"
        for other in imported(path):
            if other.startswith(before):
                below = other.removeprefix(before).split(".")[0]
                if below in floors and below != room and floors[below] >= floors[room]:
                    yield f"{here} imports {other}"


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def length(function: ast.FunctionDef) -> int:
    """Lines of a function's body, without its signature and its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_imports_point_only_downwards() -> None:
    assert list(upward(TOWER)) == []


@pytest.mark.parametrize("room", INSIDE)
def test_inside_a_room_too(room: str) -> None:
    assert list(upward(INSIDE[room], room)) == []


def test_few_rooms_and_few_files_behind_each_door() -> None:
    assert (
        len([entry for entry in PACKAGE.iterdir() if entry.suffix in ("", ".py") and entry.name[:2] != "__"])
        <= MOST_ROOMS
    )
    for door in {path.parent for path in MODULES} - {PACKAGE}:
        files = [path.name for path in door.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MOST_BEHIND_A_DOOR, (door, files)


def test_files_and_functions_are_short() -> None:
    for path in MODULES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE, path
        for function in functions(path):
            assert length(function) <= LONGEST_FUNCTION, (path, function.name)


def test_few_imports_stand_inside_functions() -> None:
    inside = {
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert len(inside) <= MOST_IMPORTS_INSIDE_FUNCTIONS, sorted(inside)


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    assert not {path.stem for path in MODULES if not path.stem.startswith("__")} & set(sys.stdlib_module_names)


def test_only_the_renderers_and_commands_know_rich_and_typer() -> None:
    for path in MODULES:
        names = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        top = {name.split(".")[0] for name in names}
        room = name_of(path).split(".")[0]
        assert "click" not in top, path
        if room != "render":
            assert "rich" not in top, path
        if room not in {"commands", "cli"}:
            assert "typer" not in top, path


def test_importing_the_package_loads_neither_typer_nor_rich() -> None:
    code = "import sys, mse_cli; print(sorted({'typer', 'rich', 'pyarrow', 'dask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
