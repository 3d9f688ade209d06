"""The README's commands do what it says: each is run, and what it prints is compared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = re.compile(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)")
BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
EXAMPLE = re.compile(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)")
# Of each section, the commands and what they print; later ones use files that earlier ones write.
SECTIONS = {
    title: [(found[1], found[2]) for block in BLOCK.findall(text) for found in EXAMPLE.finditer(block)]
    for title, text in SECTION.findall("## Beginning\n" + README)
}
EXAMPLES = {title: examples for title, examples in SECTIONS.items() if examples}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the sample data, and ``mse`` first on the path."""
    folder = tmp_path
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    (folder / "bin").mkdir()
    for name, arguments in (("mse", "-m mse_cli"), ("python", ""), ("python3", "")):
        command = folder / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        command.chmod(0o755)
    return folder


@pytest.mark.parametrize("title", EXAMPLES)
def test_commands_print_what_the_readme_shows(folder: Path, title: str) -> None:
    for command, output in EXAMPLES[title]:
        check_example(folder, command, output)


def check_example(folder: Path, command: str, output: str) -> None:
    """Hold what a command prints against what is shown; a line of three dots stands for any lines."""
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    pattern = ".*?".join(re.escape(part) for part in re.split(r"(?m)^\.\.\.\n", output))
    assert re.fullmatch(pattern, done.stdout.decode(), re.DOTALL), f"{command}\n{done.stdout.decode()}"


def test_the_readme_has_examples_and_its_two_commands() -> None:
    assert sum(map(len, EXAMPLES.values())) >= 6
    for mark, end in (("first", "houses_truth.csv"), ("test", "pytest -q -n auto")):
        command = re.search(rf"<!-- {mark} command -->\n```bash\n(.*)\n```\n", README)
        assert command
        assert command[1].endswith(end)


def test_the_python_examples_run() -> None:
    for code in re.findall(r"(?ms)^```python\n(.*?)^```$", README):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_the_recipe_of_a_job_that_keeps_a_baseline(folder: Path) -> None:
    recipe = README[README.index("- name: fetch the baseline") :].split("```")[0]
    scripts = [step.replace("\n          ", "\n") for step in re.findall(r"run: \|\n((?: {10}.*\n)+)", recipe)]
    gh = folder / "bin" / "gh"  # knows of one run as soon as there is a baseline
    gh.write_text(
        '#!/bin/sh\n[ ! -f kept.json ] || case "$2" in list) echo 7;; download) cp kept.json baseline.json;; esac\n'
    )
    gh.chmod(0o755)
    (folder / "truth.csv").write_text("id,region,price\na,north,1\nb,south,2\n")

    def job(predictions: str) -> list[int]:
        (folder / "preds.csv").write_text("id,price\n" + predictions)
        (folder / "baseline.json").unlink(missing_ok=True)
        environment = os.environ | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": "summary.md",
            "GITHUB_WORKFLOW": "loss",
        }
        codes = []
        for script in scripts:
            done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, check=False)
            codes.append(done.returncode)
            if done.returncode:
                return codes
        shutil.copy(folder / "baseline.json", folder / "kept.json")
        return codes

    assert job("b,3\na,1\n") == [0, 0, 0]
    assert job("a,1\nb,3\n") == [0, 0, 0]
    assert job("a,1\nb,4\n") == [0, 1]
    assert (folder / "summary.md").read_text().count("| quantity | value |") == 3
