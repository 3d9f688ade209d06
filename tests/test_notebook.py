"""``mse explain -o lesson.ipynb``: a notebook of the lesson whose cells run from top to bottom."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from mse_cli.cli import run


def executed(path):
    """The text of what each cell gives, in a kernel of its own."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [[o.get("text") or o["data"]["text/plain"] for o in cell.outputs] for cell in cells]
    return [output[0] if output else "" for output in outputs]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notebook_of_the_house_example_runs(language):
    assert run(["explain", "--lang", language, "-o", "lesson.ipynb"]) == 0
    shown = json.loads(Path("lesson.ipynb").read_text(encoding="utf-8"))["cells"][-2]["outputs"][0]["text"]
    outputs = executed("lesson.ipynb")
    assert len(outputs) == 10
    for number, text in enumerate(("5000000002.0", "1250000000.5", "-2.5e+04", "1128125000.45125", "-25000.0"), 3):
        assert text in outputs[number]
    assert outputs[-1] == shown == "1250000000.5\n[[-25000.0, -0.5], [25000.0, 0.5]]\n"


def test_the_notebook_of_files_runs():
    generator = np.random.default_rng(0)
    for name in ("a", "y"):
        np.save(f"{name}.npy", generator.normal(size=(50, 9)))
    assert run(["explain", "a.npy", "y.npy", "-o", "lesson.ipynb"]) == 0
    assert "(7, 5)" in executed("lesson.ipynb")[0]


def test_a_notebook_of_some_sections_runs_too():
    assert run(["explain", "--steps", "6,8", "-f", "ipynb", "-o", "part.ipynb"]) == 0
    assert len(executed("part.ipynb")) == 3


def test_with_weights_it_holds_the_class_alone():
    for name, text in (("a", "1\n2\n"), ("y", "3\n5\n"), ("w", "1\n2\n")):
        Path(f"{name}.csv").write_text(text)
    assert run(["explain", "a.csv", "y.csv", "--weights", "w.csv", "-o", "lesson.ipynb"]) == 0
    assert executed("lesson.ipynb") == [""]
