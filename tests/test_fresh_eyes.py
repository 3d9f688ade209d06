"""What people who tried to break the rules of *which is which* found: each kind is closed."""

import json

import numpy as np
import pandas as pd
import pytest

from mse_cli import MSELoss, ParseError, ShapeError, evaluate, mse_gradient, squared_error, sum_squared_error
from mse_cli.readers.sources.kinds import refuse_other_formats

FRAME = pd.DataFrame({"y": [float(i) for i in range(10)]})
NOT_THE_SAME = "rows are not the same"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(**texts):
    for name, text in texts.items():
        with open(f"{name}.csv", "w", encoding="utf-8") as stream:
            stream.write(text)


def sse(**options):
    return evaluate("p.csv", "t.csv", **options).sse


def test_arrays_of_more_than_two_axes_agree_in_every_one():
    a = np.arange(24.0).reshape(2, 3, 4)
    turned = a.transpose(0, 2, 1)
    for loss in (sum_squared_error, squared_error, mse_gradient, MSELoss().forward):
        with pytest.raises(ShapeError):
            loss(a, turned)
    with pytest.raises(ShapeError):
        sum_squared_error(a, a + 1, weights=turned)
    assert sum_squared_error(a, a.reshape(2, 12) + 1) == sum_squared_error(a, (a + 1)[..., np.newaxis]) == 24
    assert sum_squared_error(a, a + 1, weights=np.full((1, 3, 4), 2.0)) == 48


def test_longdouble_is_not_rounded():
    with pytest.raises(ParseError, match="would be rounded"):
        sum_squared_error(np.array([2**53], np.longdouble) + 1, [2.0**53])


def test_indexes_of_other_labels_are_an_error_in_python_too():
    lagged = pd.Series([1.0, 2], index=[5, 6]), pd.Series([2.0, 3], index=[6, 7])
    with pytest.raises(ParseError, match="share some labels"):
        sum_squared_error(*lagged)
    for counting in (lagged[1].to_numpy(), pd.Series([2.0, 3]), pd.Series([2.0, 3], index=[1, 2])):
        assert sum_squared_error(lagged[0], counting) == 2


@pytest.mark.parametrize(
    ("p", "t"),
    [
        (FRAME[5:8], FRAME[6:9]),
        (FRAME[5:8], FRAME[5:8].iloc[::-1]),
        (FRAME, FRAME.iloc[::-1]),
        (FRAME, FRAME.sample(frac=1, random_state=1)),
    ],
    ids=["lagged", "turned", "all turned", "shuffled"],
)
@pytest.mark.parametrize("writers", [("parquet", "parquet"), ("parquet", "csv"), ("csv", "feather"), ("csv", "csv")])
def test_an_index_that_pandas_does_not_store_as_a_column_counts_too(folder, p, t, writers):
    for frame, name, writer in ((p, "p.csv", writers[0]), (t, "t.csv", writers[1])):
        if writer == "feather":  # which takes no other index than one from 0
            frame, writer = frame.rename_axis("__index_level_0__"), "parquet"
        getattr(frame, f"to_{writer}")(name)
    with pytest.raises(ParseError, match=NOT_THE_SAME):
        sse()
    assert sse(no_key=True) > 0


def test_an_index_that_only_counts_says_nothing(folder):
    FRAME.to_parquet("p.csv")
    FRAME.iloc[::-1].reset_index(drop=True).to_csv("t.csv")
    assert sse() == 330
    FRAME[3:6].to_parquet("p.csv")
    FRAME[:3].to_parquet("t.csv")
    assert sse() == 27


def test_a_range_in_the_metadata_that_cannot_be_is_none(folder):
    import pyarrow as pa
    from pyarrow import parquet

    FRAME[:2].to_parquet("t.csv")
    for start, stop, step in ((0, 5, 1), (0, 2, 0), ("0", 2, 1), (10**30, 10**30 + 2, 1), (None, 2, 1), (True, 3, 1)):
        described = {"index_columns": [{"kind": "range", "start": start, "stop": stop, "step": step}]}
        table = pa.table({"y": [0.0, 1.0]}).replace_schema_metadata({"pandas": json.dumps(described)})
        parquet.write_table(table, "p.csv")
        assert sse() == 0


def test_a_day_is_its_midnight(folder):
    frame = pd.DataFrame({"y": [1.0, 2]}, index=pd.DatetimeIndex(["2020-01-01", "2020-01-02"], name="day"))
    frame.to_parquet("p.csv")
    frame.to_csv("t.csv")
    assert sse() == 0


def test_the_order_of_weights_is_told_and_their_identifiers_count(folder, mse):
    write(p="id,y\nz,2\nx,1\n", t="id,y\nx,2\nz,4\n", w="3\n0.5\n")
    done = mse("compute", "p.csv", "t.csv", "--key", "id", "--weights", "w.csv", "--only", "sse")
    assert (done.stdout, done.stderr) == ("12.5\n", "note: w.csv: its rows are taken in the order of p.csv\n")
    write(p="a,b\n1,2\n5,6\n", t="b,a\n4,2\n6,5\n", w="3,0.5\n")
    done = mse("compute", "p.csv", "t.csv", "--weights", "w.csv", "--only", "sse")
    assert done.stdout == "5\n"
    assert "note: w.csv: its columns are taken in the order of the prediction's" in done.stderr
    write(p=",y\nx,1\nz,2\n", t=",y\nx,2\nz,4\n", w=",w\nz,0.5\nx,3\n")
    with pytest.raises(ParseError, match=NOT_THE_SAME) as error:
        sse(weights="w.csv")
    assert "weight_column=COL takes" in error.value.hint
    assert sse(weights="w.csv", no_key=True) == 0.5 + 12
    write(w=",w\nx,3\nz,0.5\n")
    assert sse(weights="w.csv") == 5
    write(p="id,y\nx,1\nz,2\n", t="id,y\nx,2\nz,4\n", w="id,w\nz,0.5\nx,3\n")
    with pytest.raises(ParseError, match="identifies rows") as error:
        sse(weights="w.csv", key="id")
    assert "weight_column=COL takes" in error.value.hint


def test_a_late_superfluous_zero_is_seen(folder):
    write(p="2,5\n" * 3005 + "2,05\n", t="2,5\n" * 3005 + "2,10\n")
    with pytest.raises(ParseError, match="line 3006, column 2: '2,05' is one number with a decimal comma") as error:
        sse()
    assert "delimiter=',' if it is two" in error.value.hint
    assert sse(delimiter=",") == 25
    assert sse(decimal=",") == pytest.approx(0.0025)


def test_a_decimal_comma_against_one_column_is_told(folder):
    write(p="1,5\n3,5\n", t="1.5\n4.5\n")
    with pytest.raises(ShapeError) as error:
        sse()
    assert error.value.hint == "if the comma is the decimal sign of p.csv, write points, as in 1.5"
    write(p="1.5\n3.5\n")
    assert sse() == 1


@pytest.mark.parametrize(
    "names", ["y,#rooms", "1st,2nd", "x,18-24", "18-24,25-34", "x,5+", "x,<5", "x,0_x", "x,1/2", "x,&"]
)
def test_names_are_whatever_is_no_number(folder, names):
    write(p=f"{names}\n5,1\n", t=f"{names}\n5,2\n")
    assert sse() == 1


@pytest.mark.parametrize("names", ["10%,50%", "08:00,09:00", "False,True"])
def test_names_that_a_number_may_be_written_like_are_left_to_the_user(folder, names):
    write(p=f"{names}\n1,2\n3,4\n", t=f"{names}\n1,2\n3,6\n")
    with pytest.raises(ParseError) as error:
        sse()
    assert error.value.hint.endswith("; header='yes' if the first row holds names")
    assert sse(header="yes") == 4


def test_typographic_quotes_are_named(folder):
    write(p="“1”\n2\n", t="5\n2\n")
    with pytest.raises(ParseError, match=r"U\+201C \(left double quotation mark\)") as error:
        sse()
    assert "header" not in error.value.hint


@pytest.mark.parametrize(
    ("head", "what"), [(b"sep=;\nb;a\n1;2\n", "Excel"), (b"version https://git-lfs.x/v1\n", "Git LFS")]
)
def test_what_stands_where_a_table_should_is_named(head, what):
    with pytest.raises(ParseError, match=what):
        refuse_other_formats(head)


def test_every_name_behind_a_door_is_there():
    import mse_cli
    from mse_cli import checks, explanation, readers, render, running

    for room in (mse_cli, checks, explanation, readers, render, running):
        for name in room.__all__:
            assert getattr(room, name) is not None
