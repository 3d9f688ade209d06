"""The document of ``mse explain -f latex``, set by pdflatex and by XeLaTeX; run with ``pytest -m tex``."""

import shutil
import subprocess

import numpy as np
import pytest

from mse_cli.cli import run

pytestmark = pytest.mark.tex
PAGE = r"""\documentclass{article}\usepackage{amsmath,color}
\begin{document}\input{part.tex}\end{document}
"""


def set_by(engine, folder, name):
    """The text of the PDF that comes of a document."""
    assert shutil.which(engine), f"this test needs {engine}"
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    log = (folder / f"{name}.log").read_text(errors="replace")
    assert "Missing character" not in log
    command = ["pdftotext", "-enc", "UTF-8", f"{name}.pdf", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex"])
@pytest.mark.parametrize(("language", "words"), [("en", "gradient"), ("zh", "梯度")])
def test_both_programs_set_the_document(tmp_path, engine, language, words):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(50, 12)) * 1e-9)
    np.save(tmp_path / "y.npy", np.random.default_rng(1).normal(size=(50, 12)) * 1e-9)
    for name, files in (("house", []), ("large", [str(tmp_path / "a.npy"), str(tmp_path / "y.npy")])):
        assert run(["explain", *files, "--lang", language, "-o", str(tmp_path / f"{name}.tex")]) == 0
        text = set_by(engine, tmp_path, name)
        assert words in text
        assert "class MSELoss" in text
    text = set_by(engine, tmp_path, "house")
    assert "1250000000.5" in text
    assert "mse compute --reduction sum" in text


def test_a_fragment_stands_in_another_document(tmp_path):
    assert run(["explain", "--steps", "6", "--fragment", "-o", str(tmp_path / "part.tex")]) == 0
    text = (tmp_path / "part.tex").read_text()
    assert "documentclass" not in text
    (tmp_path / "page.tex").write_text(PAGE)
    assert "25000" in set_by("pdflatex", tmp_path, "page")
