"""Rows keep their identity: with ``--key`` it stands wherever a row is shown."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.conftest import check_refused

KEYED = ("compute", "p.csv", "t.csv", "--key", "id")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Squared errors, in the order of the predictions: h2 9, h1 1, "a,b" 0, h3 16; target h3 4."""
    (tmp_path / "p.csv").write_text('id,price\nh2,23\nh1,11\n"a,b",5\nh3,44\n')
    (tmp_path / "t.csv").write_text('price,id\n10,h1\n20,h2\n40,h3\n5,"a,b"\n')
    return tmp_path


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_tables_call_rows_by_their_keys(folder: Path, mse):
    table = mse(*KEYED, "--only", "se").stdout
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
    assert rows[0] == ["id", "price", "sum"]
    assert rows[1:5] == [["h2", "9", "9"], ["h1", "1", "1"], ["a,b", "0", "0"], ["h3", "16", "16"]]
    assert rows[-1] == ["sum", "26", "26"]
    short = mse(*KEYED, "--only", "gradient", "--max-rows", "2").stdout
    assert [line.split("│")[1].strip() for line in short.splitlines() if "│" in line] == ["id", "h2", "⋮", "h3"]
    assert "| h1 | 1 |" in mse(*KEYED, "-f", "markdown").stdout


def test_matrices_as_csv_begin_with_the_key(folder: Path, mse):
    assert rows_of(mse(*KEYED, "--only", "se", "-f", "csv").stdout) == [
        ["id", "price"], ["h2", "9"], ["h1", "1"], ["a,b", "0"], ["h3", "16"],
    ]  # fmt: skip
    assert mse(*KEYED, "--only", "gradient", "-f", "tsv").stdout == "id\tprice\nh2\t1.5\nh1\t0.5\na,b\t0\nh3\t2\n"
    mse(*KEYED, "--save-se", "se.csv", "--save-gradient", "g.npy")
    assert (folder / "se.csv").read_text().splitlines()[1] == "h2,9"
    assert np.load(folder / "g.npy").tolist() == [[1.5], [0.5], [0.0], [2.0]]
    (folder / "p.csv").write_text("h2,23\nh1,11\n")
    (folder / "t.csv").write_text("h1,10\nh2,20\n")
    assert mse(*KEYED[:3], "--key", "1", "--header", "no", "--only", "se", "-f", "csv").stdout == "h2,9\nh1,1\n"


def test_worst_cells_have_their_key(folder: Path, mse):
    worst = json.loads(mse(*KEYED, "--worst", "2", "-f", "json").stdout)["worst"]
    assert [(cell["row"], cell["key"]) for cell in worst] == [(4, "h3"), (1, "h2")]
    assert json.loads(mse(*KEYED, "--worst", "2", "--only", "worst", "-f", "json").stdout) == worst
    found = rows_of(mse(*KEYED, "--worst", "2", "--only", "worst", "-f", "csv").stdout)
    assert found[0] == ["row", "key", "column", "prediction", "target", "error", "share"]
    assert [row[:3] for row in found[1:]] == [["4", "h3", "price"], ["1", "h2", "price"]]
    table = mse(*KEYED, "--worst", "1", "--only", "worst").stdout
    assert "│ row │ id │ column │" in table
    assert "│   4 │ h3 │  price │" in table
    mse(*KEYED, "--worst", "2", "--summary", "-f", "json", "-o", "part.json")
    again = [shutil.copy(folder / name, folder / f"again-{name}").name for name in KEYED[1:3]]
    mse("compute", *again, *KEYED[3:], "--worst", "2", "--summary", "-f", "json", "-o", "again.json")
    merged = json.loads(mse("merge", "part.json", "again.json", "-f", "json").stdout)["worst"]
    assert [(cell["row"], cell["key"]) for cell in merged] == [(4, "h3"), (8, "h3")]
    check_refused(mse(*KEYED, "--only", "worst"), "--only worst: how many?")


def test_without_a_key_nothing_is_said_of_one(folder: Path, mse):
    files = ("compute", "p.csv", "t.csv", "--pred", "price", "--true", "price", "--no-key", "--worst", "1")
    assert "key" not in json.loads(mse(*files, "-f", "json").stdout)["worst"][0]
    assert mse(*files, "--only", "worst", "-f", "csv").stdout.startswith("row,column,prediction,")
    assert mse(*files, "--only", "se", "-f", "csv").stdout.startswith("price\n")


def test_explain_names_the_rows(folder: Path, mse):
    lesson = mse("explain", "p.csv", "t.csv", "--key", "id", "--steps", "1,7", "--lang", "en").stdout
    assert "The rows are matched by id; these are shown: h2, h1, a,b, h3." in lesson
    assert "row 4 (h3), column 1 (price)" in lesson
    assert "price, row 1 (h2): the prediction 23 is 3 too high" in lesson
    assert "h2、h1、" in mse("explain", "p.csv", "t.csv", "--key", "id", "--steps", "1", "--lang", "zh").stdout


def test_keys_of_parquet_and_those_that_are_left_out(folder: Path, mse):
    table = pyarrow.table({"id": ["h9", "h3", "h1"], "price": [1.0, 40.0, 10.0]})
    parquet.write_table(table, folder / "t.parquet", row_group_size=1)
    arguments = ("compute", "p.csv", "t.parquet", "--key", "id", "--unmatched", "drop")
    assert mse(*arguments, "--only", "se", "-f", "csv").stdout == "id,price\nh1,1\nh3,16\n"
    assert "│ h3 │" in mse(*arguments, "--only", "gradient").stdout


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(30)), jobs=st.sampled_from(["1", "2"]))
def test_each_row_stands_beside_its_own_key(tmp_path: Path, order: list[int], jobs: str):
    from mse_cli.cli import run

    (tmp_path / "t.csv").write_text("id,y\n" + "".join(f"k{i},{i}\n" for i in range(30)))
    (tmp_path / "p.csv").write_text("id,y\n" + "".join(f"k{i},{3 * i}\n" for i in order))
    files = [str(tmp_path / name) for name in ("p.csv", "t.csv")]
    out = tmp_path / "se.csv"
    assert run(["compute", *files, "--key", "id", "--only", "se", "-o", str(out), "-j", jobs]) == 0
    assert out.read_text() == "id,y\n" + "".join(f"k{i},{4 * i * i}\n" for i in order)
