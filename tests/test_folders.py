"""Folders of files: what counts is not always what lies there."""

import gzip
import json
from pathlib import Path

import fsspec
import numpy as np
import pytest
from conftest import check_refused

from mse_cli import InputError, evaluate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("t.csv", "y\n1\n")
    return tmp_path


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


@pytest.mark.parametrize(
    ("log", "name", "kind"),
    [
        ("p/_delta_log/00.json", "p/", "Delta"),
        ("p/metadata/v1.metadata.json", "p/", "Iceberg"),
        ("p/.hoodie/x", "p/", "Hudi"),
        ("metadata/v1.metadata.json", "data/", "Iceberg"),
        ("_delta_log/0.json", "year=1/data/", "Delta"),
    ],
)
def test_a_table_whose_live_files_are_listed_is_refused(folder, log, name, kind):
    write(name + "a.csv", "y\n1\n")
    write(log, "{}")
    with pytest.raises(InputError, match=f"^{name}: is an? {kind} table"):
        evaluate(name, "t.csv")


def test_a_folder_called_metadata_is_one_like_another(folder):
    write("p/a.csv", "y\n1\n")
    write("p/metadata/readme.md", "")
    assert evaluate("p/", "t.csv").mse == 0


@pytest.mark.parametrize("own", ["a.csv", "a.csv.gz", None])
@pytest.mark.parametrize("below", ["b.csv", "deep/er/b.csv"])
def test_folders_that_hold_data_are_refused_and_both_hints_lead_where_they_say(folder, mse, own, below):
    if own:
        if own.endswith(".gz"):
            (folder / "p").mkdir()
            (folder / "p" / own).write_bytes(gzip.compress(b"y\n3\n"))
        else:
            write(f"p/{own}", "y\n3\n")
    write(f"p/sub/{below}", "y\n5\n")
    done = mse("compute", "p/", "t.csv")
    check_refused(done, "p/: holds folders with data of their own: sub/")
    hinted = done.stderr.split("'")[1::2]
    assert len(hinted) == (2 if own else 1)
    write("both.csv", "y\n0\n0\n" if own else "y\n0\n")
    assert evaluate(hinted[0], "both.csv").sse == 25 + 9 * bool(own)
    if own:
        assert evaluate(hinted[1], "t.csv").sse == 4


@pytest.mark.parametrize("beside", ["logs/x.log", ".hidden/a.csv", "_hidden/a.csv", "empty/.keep", "pictures/a.png"])
def test_folders_without_data_do_not_matter(folder, beside):
    write("p/a.csv", "y\n1\n")
    write(f"p/{beside}", "y\n5\n")
    assert evaluate("p/", "t.csv").mse == 0


def test_folders_afar_are_held_to_the_same(folder):
    there = fsspec.filesystem("memory")
    for name in ("one/a.csv", "one/sub/b.csv", "two/a.csv", "two/_delta_log/0.json", "three/a.csv"):
        there.pipe(f"/folders/{name}", b"y\n1\n")
    with pytest.raises(InputError, match="holds folders with data") as caught:
        evaluate("memory://folders/one/", "t.csv")
    hinted = caught.value.hint.split("'")[1::2]
    write("both.csv", "y\n0\n0\n")
    assert [evaluate(hinted[0], "both.csv").sse, evaluate(hinted[1], "t.csv").sse] == [2, 0]
    with pytest.raises(InputError, match="Delta"):
        evaluate("memory://folders/two/", "t.csv")
    assert evaluate("memory://folders/three/", "t.csv").mse == 0


@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (2, 3, 4), (2, 1, 2, 1)])
def test_matrices_are_saved_in_the_shape_of_the_prediction(folder, mse, shape):
    rng = np.random.default_rng(0)
    a, y = rng.normal(size=shape), rng.normal(size=shape)
    np.save("a.npy", a)
    np.save("y.npy", np.asfortranarray(y))
    done = mse("compute", "a.npy", "y.npy", "--save-se", "se.npy", "--save-gradient", "g.npy", "--only", "sse")
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load("se.npy"), (a - y) ** 2)
    assert np.load("g.npy").shape == shape
    assert mse("compute", "a.npy", "y.npy", "--only", "gradient", "-o", "only.npy").returncode == 0
    assert np.array_equal(np.load("only.npy"), np.load("g.npy"))
    assert mse("check", "a.npy", "y.npy", "--gradient", "g.npy").returncode == 0


def test_a_table_and_chosen_columns_are_saved_as_they_are_read(folder, mse):
    np.save("a.npy", np.zeros((2, 3, 4)))
    assert mse("compute", "t.csv", "t.csv", "--save-se", "se.npy", "--only", "mse").returncode == 0
    assert np.load("se.npy").shape == (1, 1)
    assert mse("compute", "a.npy", "a.npy", "--pred", "1-2", "--true", "3,4", "--save-se", "se.npy").returncode == 0
    assert np.load("se.npy").shape == (2, 2)


def test_each_shard_has_the_shape_of_its_own_file(folder, mse):
    (folder / "a").mkdir()
    np.save("a/0.npy", np.ones((2, 3, 4)))
    np.save("a/1.npy", np.ones((1, 3, 4)))
    np.save("y.npy", np.zeros((3, 3, 4)))
    assert mse("compute", "a/", "y.npy", "--save-gradient", "g/", "--summary").returncode == 0
    assert [np.load(f"g/{k}.npy").shape for k in (0, 1)] == [(2, 3, 4), (1, 3, 4)]


@pytest.mark.parametrize("policy", ["skip-cell", "skip-row"])
def test_where_every_cell_is_missing_the_file_is_named(folder, mse, policy):
    write("none.csv", "y\nNA\n")
    check_refused(mse("compute", "t.csv", "none.csv", "--missing", policy), "none.csv: every cell is missing")
    check_refused(mse("compute", "none.csv", "t.csv", "--missing", policy), "none.csv: every cell is missing")
    check_refused(mse("compute", "-", "t.csv", "--missing", policy, input="y\nNA\n"), "every cell is missing", "t.csv")


def test_notes_are_in_json_and_only_there_if_quiet(folder, mse):
    write("p.csv", "b,a\n1,2\n")
    write("y.csv", "# made by hand\na,b\n2,1\n")
    said = mse("compute", "p.csv", "y.csv", "--summary", "-f", "json")
    quiet = mse("compute", "p.csv", "y.csv", "--summary", "-f", "json", "-q")
    notes = json.loads(said.stdout)["notes"]
    assert said.stderr == "".join(f"note: {note}\n" for note in notes)
    assert len(notes) == 2
    assert quiet.stderr == ""
    assert quiet.stdout == said.stdout
    assert json.loads(mse("compute", "t.csv", "t.csv", "--summary", "-f", "json").stdout)["notes"] == []
