"""``key=`` in Python: rows of DataFrames matched as those of files are."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mse_cli import ParseError, UsageError, check, evaluate, explain
from mse_cli.cli import run

A = {"id": ["a", "b", "c"], "p": [1, 2, 3]}
Y = {"id": ["b", "a", "c"], "p": [4.0, 0.0, 3.5]}
G = {"id": ["c", "b", "a"], "p": [-1 / 3, -4 / 3, 2 / 3]}


def structured(columns):
    return np.rec.fromarrays([np.array(column) for column in columns.values()], names=list(columns))


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table, dict, structured])
def test_rows_are_matched_by_a_column_of_both(make):
    a, y, g = map(make, (A, Y, G))
    assert evaluate(a, y, key="id").sse == 5.25
    assert "matched by id; these are shown: a, b, c" in repr(explain(a, y, key="id", steps={1}, lang="en"))
    assert check(a, y, key="id", gradient=g, loss=1.75).passed
    assert not check(a, y, key="id", gradient={**G, "p": G["p"][::-1]}).passed


def test_a_key_counts_and_not_an_index():
    assert evaluate(pd.DataFrame(A, index=[1, 0, 2]), pd.DataFrame(Y, index=[2, 1, 0]), key="id").sse == 5.25


def test_integers_as_keys_are_exact_and_as_numbers_exact_or_an_error():
    ids = [2**53 + 1, 2**53 + 2]
    a, y = (pd.DataFrame({"id": order, "p": [1, 2]}) for order in (ids, ids[::-1]))
    assert evaluate(a, y, key="id").sse == 2
    with pytest.raises(ParseError, match="9007199254740993 would be rounded"):
        evaluate(a.assign(p=ids), y, key="id")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"id": ["b", "a", "d"], "p": [1, 2, 3]}, "do not hold the same keys: 'c' only in prediction; 'd' only in"),
        ({"id": ["b", "a", "b"], "p": [1, 2, 3]}, "target: a key occurs more than once: 'b'"),
        ({"id": ["b", None, "c"], "p": [1, 2, 3]}, r"target, row 2, column 1 \(id\): the key is missing"),
        ({"ids": ["b", "a", "c"], "p": [1, 2, 3]}, "target: there is no column 'id'"),
    ],
)
@pytest.mark.parametrize("make", [pd.DataFrame, pa.table])
def test_what_does_not_match_is_told_as_of_files(make, y, message):
    for function in (evaluate, explain, check):
        with pytest.raises((ParseError, UsageError), match=message):
            function(make(A), make(y), key="id", **({"loss": 1.0} if function is check else {}))


def test_a_gradient_with_the_key_is_matched_by_it_in_the_command_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, table in (("a", A), ("y", Y), ("g", G), ("h", {**G, "id": ["c", "b", "x"]})):
        pd.DataFrame(table).to_csv(f"{name}.csv", index=False)
    assert run(["check", "a.csv", "y.csv", "--key", "id", "--gradient", "g.csv"]) == 0
    assert run(["check", "a.csv", "y.csv", "--key", "id", "--gradient", "h.csv"]) == 2
    assert "h.csv: its keys are not those of the prediction's rows" in capsys.readouterr().err
