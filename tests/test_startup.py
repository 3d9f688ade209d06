"""What each kind of call loads, and no more: most of a small run's time is importing."""

import json
import subprocess
import sys

import pytest

NOT_NEEDED = {"numpy", "rich", "pyarrow", "simdjson", "pydantic", "multiprocessing", "concurrent", "email", "unittest"}
FILES = ["sample_data/houses_preds.csv", "sample_data/houses_truth.csv"]
CORE = """
cli commands commands.options core core.result errors meter readers readers.text readers.text.dialect render
render.files render.files.destination render.files.swapping render.number_text render.printing render.screens
render.screens.characters render.screens.messages render.screens.progress render.screens.size
"""
COMPUTE = """
commands.compute commands.options.groups commands.options.losses core.blocks core.exact core.labels core.matching
core.missing core.tallies core.tallies.column_sums core.tallies.edges core.tallies.groups core.tallies.products
core.tallies.stats core.tallies.sums core.tallies.worst readers.columns readers.identifiers readers.key_search
readers.key_search.key_index readers.key_search.packed_keys readers.keys readers.matrix readers.opening readers.pair
readers.side readers.sources readers.sources.ahead readers.sources.changes readers.sources.files
readers.sources.folder readers.sources.kinds readers.sources.pipe readers.sources.remote
readers.sources.remote.address readers.sources.remote.words readers.sources.unpacking readers.text.cells
readers.text.cells.grammar readers.text.cells.quoting readers.text.layout readers.text.line_ends readers.text.look
readers.text.look.delimiter readers.text.look.first_rows readers.text.look.head readers.text.look.header
readers.text.mistakes readers.text.parsing readers.text.parsing.numpy_rows readers.text.parsing.strict
readers.text.pieces readers.text.text_file readers.weights running running.backend running.evaluation running.limits
running.partitions running.tallying
"""
HELP = """
checks commands.check commands.compare commands.compute commands.explain commands.merge commands.options.groups
commands.options.losses commands.report explanation readers.sources readers.sources.folder readers.sources.remote
readers.sources.remote.address readers.sources.remote.words render.lessons running running.comparison running.report
"""
TABLE = """
render.formats render.formats.table render.screens.screen render.summary
"""
PROGRAM = """
import json, sys
from mse_cli.cli import run
code = run(sys.argv[1:])
sys.stderr.write(json.dumps([code, sorted(sys.modules)]))
"""


def loaded(*arguments: str, root) -> set[str]:
    """The modules that are loaded after a command."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, cwd=root, text=True, check=True)
    code, modules = json.loads(done.stderr)
    assert code == 0
    return set(modules)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--version"], set()),
        (["--help"], {"rich"}),
        (["compute", "--help"], {"rich"}),
        (["compute", *FILES, "--only", "mse"], {"numpy"}),
        (["compute", *FILES, "--summary", "--format", "json"], {"numpy"}),
        (["compute", *FILES], {"numpy", "rich"}),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value),
)
def test_a_call_loads_what_it_needs_and_no_more(pytestconfig, arguments, needed):
    modules = loaded(*arguments, root=pytestconfig.rootpath)
    assert {name for name in NOT_NEEDED if name in modules} == needed


@pytest.mark.parametrize(
    ("arguments", "ours"),
    [
        (["--version"], ""),
        (["--help"], HELP),
        (["compute", *FILES, "--only", "mse"], COMPUTE),
        (["compute", *FILES], f"{COMPUTE} {TABLE}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_of_our_own_modules_a_call_loads_these(pytestconfig, arguments, ours):
    modules = loaded(*arguments, root=pytestconfig.rootpath)
    found = {name.removeprefix("mse_cli.") for name in modules if name.startswith("mse_cli.")}
    assert found == {*CORE.split(), *ours.split()}


def test_rare_needs_are_not_loaded_for_one_number(pytestconfig):
    program = "import sys, numpy, typer; print(*sys.modules)"
    anyway = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    rare = {"tempfile", "zipfile", "fractions", "secrets", "importlib.metadata", "concurrent.futures", "ssl"}
    assert not rare.difference(anyway) & loaded("compute", *FILES, "--only", "mse", root=pytestconfig.rootpath)


def test_the_package_alone_loads_neither_numpy_nor_the_command_line():
    program = "import sys, mse_cli; print(*{'numpy', 'typer', 'rich'} & set(sys.modules)); mse_cli.MSELoss; print(*{"
    program += "'numpy', 'typer', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["", "numpy", ""]


def test_every_public_name_is_there():
    import mse_cli

    assert all(hasattr(mse_cli, name) for name in mse_cli.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mse_cli.nonsense  # noqa: B018


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    import mse_cli

    assert mse_cli.__version__ == version("mse-cli")
