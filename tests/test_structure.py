"""The architecture as a test: imports point only downwards, and light things stay light."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mse_cli"

# Modules and folders by floor; a module may import from floors below its own and, inside a folder, its neighbours.
FLOORS = {
    "errors": 0,
    "result": 0,
    "exact": 0,
    "engine": 1,
    "sums": 2,
    "excerpt": 2,
    "loss": 3,
    "explain": 3,
    "partial": 3,
    "check": 4,
    "readers": 4,
    "render": 5,
    "backends": 5,
    "destination": 5,
    "backends_dask": 6,
    "backends_processes": 6,
    "whole_matrix": 6,
    "shard_folder": 6,
    "evaluation": 6,
    "examination": 7,
    "inspection": 7,
    "__init__": 7,
    "commands": 8,
    "cli": 9,
    "__main__": 10,
}


def room(path: Path) -> str:
    """The module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The rooms of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("mse_cli.")}


def test_every_module_has_a_floor() -> None:
    rooms = {room(path) for path in PACKAGE.rglob("*.py")}
    assert rooms <= FLOORS.keys()


def test_imports_point_only_downwards() -> None:
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in PACKAGE.rglob("*.py")
        for other in imports(path)
        if other in FLOORS and other != room(path) and FLOORS[other] >= FLOORS[room(path)]
    ]
    assert upwards == []


def test_only_the_renderers_and_commands_know_rich_and_typer() -> None:
    for path in PACKAGE.rglob("*.py"):
        names = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        top = {name.split(".")[0] for name in names}
        assert "click" not in top, path
        if room(path) != "render":
            assert "rich" not in top, path
        if room(path) not in {"commands", "cli"}:
            assert "typer" not in top, path


def test_importing_the_package_loads_neither_typer_nor_rich() -> None:
    code = "import sys, mse_cli; print(sorted({'typer', 'rich', 'polars', 'dask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
