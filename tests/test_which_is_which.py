"""Which row and which column of two files belong together: by what they say, or an error, never by chance."""

import ast
import gzip
import math
import shlex

import numpy as np
import pyarrow as pa
import pytest
from conftest import check_refused
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mse_cli import MseError, ParseError, ShapeError, UsageError, evaluate

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)


def loss(**options):
    return evaluate("p.csv", "t.csv", **options)


def told(**options):
    return " | ".join(loss(**options).notes)


# Rows


@pytest.mark.parametrize(
    "name",
    ["id", "ID", "Index", "key", "row", "rownames", "row.names", "obs", "PassengerId", "house_id", "the-id", "a id"],
)
def test_an_identifier_is_not_taken_for_numbers(folder, mse, name):
    write(folder, p=f"{name},y\n7,1\n5,2\n", t=f"{name},y\n5,3\n7,2\n")
    done = mse("compute", "p.csv", "t.csv")
    check_refused(done, "p.csv", repr(name), "identifies rows")
    hint = shlex.split(done.stderr.split("hint: ")[1].split(";")[0])
    assert hint[0] == "--key"
    assert mse("compute", "p.csv", "t.csv", "--key", hint[1], "--only", "sse").stdout == "2\n"
    with pytest.raises(ParseError, match=r"row 1 is '7' in p\.csv and '5' in t\.csv"):
        loss(pred_columns="y", true_columns="y")
    assert loss(pred_columns="y", true_columns="y", no_key=True).sse == 4


@pytest.mark.parametrize(
    "name", ["paid", "ids", "grid", "Idaho", "humid", "rows", "COVID", "keys", "index2", "Unnamed"]
)
def test_other_names_are_numbers(folder, name):
    write(folder, p=f"{name},y\n7,1\n5,2\n", t=f"{name},y\n5,1\n7,2\n")
    assert loss().sse == 8


def test_a_name_of_one_side_alone_identifies_nothing(folder):
    write(folder, p="id,y\n7,1\n", t="id_,z\n5,1\n")
    assert loss().sse == 4


def test_without_a_key_identifiers_are_left_out_by_position(folder):
    write(folder, p="id,y\na,1\nb,2\n", t="id,y\nb,1\na,3\n")
    assert loss(no_key=True).sse == 1
    assert "identifiers are not compared: 'id' left out" in told(no_key=True)
    write(folder, p="id,store_id,y\na,1,1\nb,1,2\n", t="id,store_id,y\nb,1,2\na,9,1\n")
    assert loss(key="id").sse == 0
    assert loss(key="id").shape == (2, 1)
    assert "'store_id' left out" in told(key="id")


@pytest.mark.parametrize("header", [",y", '"",y', "Unnamed: 0,y"])
@pytest.mark.parametrize(
    ("p", "t", "agree"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["b", "a"], False),
        (["0", "1"], ["17", "4"], True),
        (["17", "4"], ["1", "2"], True),
        (["17", "4"], ["4", "17"], False),
        (["17", "4"], ["17.0", "04"], True),
        (["1", "0"], ["0", "2"], False),
    ],
)
def test_indexes_without_a_name_are_compared_unless_they_only_count(folder, mse, header, p, t, agree):
    write(folder, p=f"{header}\n{p[0]},1\n{p[1]},2\n", t=f"{header}\n{t[0]},2\n{t[1]},1\n")
    if agree:
        assert loss().sse == 2
        return
    with pytest.raises(ParseError, match=f"row 1 is '{p[0]}' in p.csv and '{t[0]}' in t.csv") as caught:
        loss()
    assert loss(no_key=True).sse == 2
    key = ast.literal_eval(caught.value.hint.split(" matches")[0].removeprefix("key="))
    if sorted(p) == sorted(t):
        assert loss(key=key).sse == 0


def test_an_index_beside_a_column_called_1_has_no_key(folder):
    write(folder, p=",1\na,5\nb,6\n", t=",1\nb,5\na,6\n")
    with pytest.raises(ParseError, match="row 1 is 'a'") as caught:
        loss(header="yes")
    assert "key=" not in caught.value.hint.replace("no_key=", "")


def test_only_the_first_thousand_rows_are_compared(folder):
    rows = [f"k{i},{i}\n" for i in range(1500)]
    for swapped, refused in ((998, True), (1200, False)):
        other = [*rows[:swapped], rows[swapped + 1], rows[swapped], *rows[swapped + 2 :]]
        write(folder, p="id,y\n" + "".join(rows), t="id,y\n" + "".join(other))
        if refused:
            with pytest.raises(ParseError, match=f"row {swapped + 1} is 'k{swapped}'"):
                loss(pred_columns="y", true_columns="y")
        else:
            assert loss(pred_columns="y", true_columns="y").sse == 2


def test_other_columns_that_differ_are_a_note(folder):
    write(folder, p="where,y,z\nn,1,1\ns,2,2\n", t="where,y,z\nn,1,1\nw,2,3\n")
    chosen = {"pred_columns": "y", "true_columns": "y"}
    assert "columns 'where', 'z' differ between the two files" in told(**chosen)
    assert loss(**chosen, no_key=True).notes == ()
    write(folder, t="WHERE,y,z\nn,1,1.0\ns,2,02\n")
    assert loss(**chosen).notes == ()


@pytest.mark.parametrize("ends", [["a", "b", "c"], ["a", "c", "b"]])
def test_shards_archives_and_streams_are_compared_too(folder, mse, ends):
    (folder / "p").mkdir()
    (folder / "p/0.csv").write_text("id,y\na,1\n")
    (folder / "p/1.csv").write_text("id,y\n")
    (folder / "p/2.csv").write_text("id,y\nb,2\nc,3\n")
    text = "id,y\n" + "".join(f"{end},{i}\n" for i, end in enumerate(ends, 1))
    (folder / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    chosen = ("--pred", "y", "--true", "y", "--only", "sse")
    for sides in (("p/", "t.csv.gz"), ("p/", "-"), ("-", "p/*.csv")):
        done = mse("compute", *sides, *chosen, input=text)
        if ends == ["a", "b", "c"]:
            assert (done.returncode, done.stdout) == (0, "0\n"), sides
        else:
            check_refused(done, "row 2 is")


def test_indexes_that_count_in_each_shard_or_over_all(folder):
    (folder / "p").mkdir()
    write(folder, t=",y\n7,1\n5,2\n6,3\n")
    for starts in ((0, 0), (0, 1), (1, 1), (1, 2)):
        for i, (start, n) in enumerate(zip(starts, (1, 2), strict=True)):
            (folder / f"p/{i}.csv").write_text(",y\n" + "".join(f"{start + k},{k}\n" for k in range(n)))
        assert evaluate("p/", "t.csv").shape == (3, 1), starts
    (folder / "p/1.csv").write_text(",y\n8,1\n9,2\n")
    with pytest.raises(ParseError, match="row 1 is '1'"):
        evaluate("p/", "t.csv")


def test_a_row_that_cannot_be_read_is_the_error(folder):
    write(folder, p='id,y\na,1\nb,"2\n', t="id,y\na,1\nc,2\n")
    with pytest.raises(ParseError, match=r"p\.csv, line 3"):
        loss(pred_columns="y", true_columns="y")


def test_options_that_contradict_each_other(folder):
    write(folder, p="id,y\na,1\n", t="id,y\na,1\n")
    for options, words in (
        ({"key": "id", "no_key": True}, "exclude each other"),
        ({"unmatched": "drop"}, "that key matches"),
        ({"key": "id", "unmatched": "all"}, "unmatched"),
    ):
        with pytest.raises(UsageError, match=words):
            loss(**options)


@pytest.mark.parametrize("again", [(), ("--save-se", "se.npy")])
@pytest.mark.parametrize("command", ["compute", "explain", "check"])
def test_rows_without_a_match_are_left_out_and_counted(folder, mse, command, again):
    write(folder, p="id,y\na,1\nx,9\nb,2\n", t="id,y\nb,2\na,2\nu,7\nv,8\n")
    keys = ("p.csv", "t.csv", "--key", "id", *(["--loss", "0.5"] if command == "check" else []))
    check_refused(mse(command, *keys), "do not hold the same keys: 'x' only in p.csv; 'u', 'v' only in t.csv")
    done = mse(command, *keys, "--unmatched", "drop", *(again if command == "compute" else ()))
    assert done.returncode == 0
    assert "note: p.csv: 1 row left out" in done.stderr
    assert "note: t.csv: 2 rows left out" in done.stderr
    assert loss(key="id", unmatched="drop").sse == 1
    assert len(loss(key="id", unmatched="drop").notes) == 2


def test_rows_of_which_none_has_a_match_are_an_error(folder):
    write(folder, p="id,y\na,1\n", t="id,y\nb,1\n")
    with pytest.raises(ParseError, match=r"no key is both in p\.csv and in t\.csv"):
        loss(key="id", unmatched="drop")
    write(folder, p="id,y\na,1\na,1\n", t="id,y\na,1\nb,2\n")
    with pytest.raises(ParseError, match="more than once: 'a'"):
        loss(key="id", unmatched="drop")


def test_weights_follow_names_and_are_no_identifiers(folder):
    write(folder, p="a,b\n1,2\n", t="a,b\n0,0\n", w="B,A\n10,1\n", i="id,w\n1,2\n")
    assert loss(weights="w.csv").sse == 41
    with pytest.raises(ParseError, match=r"i\.csv: column 'id' identifies rows"):
        loss(weights="i.csv")


# Columns


def test_a_name_that_is_used_may_be_in_another_case(folder):
    write(folder, p="Id,Price\na,1\nb,2\n", t="ID,price\nb,2\na,3\n")
    assert loss(key="id").sse == 4
    assert loss(pred_columns="price", true_columns="PRICE", key="ID").sse == 4
    write(folder, p="x,X\n1,2\n", t="x,X\n1,2\n")
    assert loss(pred_columns="X", true_columns="x").sse == 1
    with pytest.raises(UsageError, match="no column 'Y'"):
        loss(pred_columns="Y", true_columns="x")


@pytest.mark.parametrize(
    ("p", "t"),
    [
        ("a_pred,b_pred", "b,a"),
        ("b,a", "pred_a,pred_b"),
        ("p_a,p_b", "t_b,t_a"),
        ("rooms_pred,price_pred,x_pred", "price,rooms,x"),
        ("y2,y1", "yhat1,yhat2"),
        ("a,b", "b,c"),
        ("a,a,b", "b,a,a"),
        ("a", "a,b,a"),
        ("x,X", "X,x,z,x"),
    ],
)
def test_names_that_say_something_else_than_the_positions_are_an_error(folder, p, t):
    row = ",".join("1" for _ in t.split(","))
    write(folder, p=f"{p}\n{','.join('1' for _ in p.split(','))}\n", t=f"{t}\n{row}\n")
    with pytest.raises(ParseError):
        loss()


@pytest.mark.parametrize(
    ("p", "t", "note"),
    [
        ("a,b", "A, b", None),
        ("a,a", "a,a", None),
        ("y", "z", None),
        ("yhat1,yhat2", "a,b", "by position: 'yhat1' with 'a', 'yhat2' with 'b'"),
        ("price_pred,rooms_pred", "price,rooms", "by position"),
        ("a,x", "a,y", "by position: 'x' with 'y'"),
        ("x,X", "x,X", None),
    ],
)
def test_names_that_say_nothing_else_are_paired_by_position(folder, p, t, note):
    width = len(p.split(","))
    cells = ",".join(str(i) for i in range(1, width + 1))
    write(folder, p=f"{p}\n{cells}\n", t=f"{t}\n{cells}\n")
    assert loss().sse == 0
    assert (note in told()) if note else loss().notes == ()


def test_a_truth_with_more_columns(folder, mse):
    write(folder, p="price,rooms\n100,3\n200,4\n", t="region,Rooms,price,when\nnorth,3,100,2020-01-01\nsouth,5,200,x\n")
    assert loss().sse == 1
    assert "not used: 'region', 'when'" in told()
    write(folder, p="price,other\n1,2\n", t="region,price,more\nn,1,2\n")
    with pytest.raises(ParseError, match="'price' is number 1 of the prediction and 2 of the target"):
        loss()
    write(folder, p="a,b,c\n1,2,3\n", t="a,b\n1,2\n")
    with pytest.raises(ShapeError):
        loss()


def test_the_nearest_of_many_columns_is_offered(folder):
    names = ",".join(f"x{i}" for i in range(60)) + ",price_sold"
    write(folder, p=f"{names}\n{','.join('1' for _ in range(61))}\n", t="y\n1\n")
    for typed, meant in (("price_sol", "price_sold"), ("Pricesold", "price_sold")):
        with pytest.raises(UsageError) as caught:
            loss(pred_columns=typed)
        assert caught.value.hint == f"did you mean '{meant}'?"
    with pytest.raises(UsageError) as caught:
        loss(pred_columns="qqq")
    assert "and 49 more" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        loss(pred_columns="t.csv")
    assert "files are arguments" in caught.value.hint


# Arrays of more than two axes


@pytest.mark.parametrize(
    ("a", "y", "fits"),
    [
        ((2, 3, 4), (2, 3, 4), True),
        ((2, 3, 4), (2, 3, 4, 1), True),
        ((2, 3, 4), (2, 12), True),
        ((2, 12, 1), (2, 3, 4), True),
        ((2, 3, 4), (2, 4, 3), False),
        ((2, 3, 4), (2, 1, 12), False),
        ((2, 3, 4), (2, 1, 3, 4), False),
        ((2, 3, 4), (3, 2, 4), False),
        ((2, 1, 1), (2,), True),
    ],
)
def test_axes_must_agree(folder, a, y, fits):
    np.save("a.npy", np.ones(a))
    np.save("y.npy", np.zeros(y))
    np.savez("both.npz", a=np.ones(a), y=np.zeros(y))
    for sides, options in ((("a.npy", "y.npy"), {}), (("both.npz",), {"pred_columns": "a", "true_columns": "y"})):
        if fits:
            assert evaluate(*sides, **options).sse == math.prod(a)
        else:
            with pytest.raises(ShapeError, match="shapes differ"):
                evaluate(*sides, **options)


def test_axes_against_a_table_weights_and_shards(folder):
    np.save("a.npy", np.arange(12.0).reshape(2, 2, 3))
    np.savetxt("t.csv", np.arange(12.0).reshape(2, 6), delimiter=",")
    assert evaluate("a.npy", "t.csv").sse == 0
    np.save("w.npy", np.ones((1, 3, 2)))
    with pytest.raises(ShapeError, match=r"w\.npy is 1×3×2 and a\.npy is 2×2×3"):
        evaluate("a.npy", "t.csv", weights="w.npy")
    for shape in ((1, 2, 3), (2, 2, 3), (2, 1, 1), (2,), (2, 6)):
        np.save("w.npy", np.ones(shape))
        assert evaluate("a.npy", "t.csv", weights="w.npy").sse == 0
    (folder / "p").mkdir()
    np.save("p/0.npy", np.ones((1, 2, 3)))
    np.save("p/1.npy", np.ones((1, 3, 2)))
    with pytest.raises(ShapeError, match=r"p/1\.npy: its array has other axes"):
        evaluate("p/", "a.npy")


def test_a_gradient_of_other_axes_is_refused(folder, mse):
    np.save("a.npy", np.ones((2, 2, 3)))
    np.save("y.npy", np.zeros((2, 2, 3)))
    np.save("g.npy", np.full((2, 3, 2), 1 / 6))
    check_refused(mse("check", "a.npy", "y.npy", "--gradient", "g.npy"), "g.npy is 2×3×2")
    np.save("g.npy", np.full((2, 2, 3), 1 / 6))
    assert mse("check", "a.npy", "y.npy", "--gradient", "g.npy").returncode == 0


# Any two files


@st.composite
def sides(draw):
    """A table of numbers with names and identifiers, and how each side writes it: order, case, what else it holds."""
    n_rows, n_columns = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    cell = st.integers(-50, 50)
    table = st.lists(st.lists(cell, min_size=n_columns, max_size=n_columns), min_size=n_rows, max_size=n_rows)
    written = [
        {
            "numbers": draw(table),
            "rows": draw(st.permutations(range(n_rows))),
            "columns": draw(st.permutations(range(n_columns))),
            "case": draw(st.sampled_from([str.lower, str.upper, str.title])),
            "more": side == 1 and draw(st.booleans()),
            "ids": draw(st.sampled_from(["Id", "", "none"])),
            "parquet": draw(st.booleans()),
        }
        for side in range(2)
    ]
    return written, draw(st.permutations(["price", "rooms", "area"]))[:n_columns]


def written_side(path, side, names):
    """Write one side as CSV or Parquet; its rows with an identifier are in its own order."""
    rows, order = side["rows"], side["columns"]
    columns = {} if side["ids"] == "none" else {side["ids"] or "__index_level_0__": [f"k{i}" for i in rows]}
    columns |= {side["case"](names[j]): [side["numbers"][i][j] for i in rows] for j in order}
    if side["more"]:
        columns["region"] = ["north"] * len(rows)
    if side["parquet"]:
        parquet.write_table(pa.table(columns), path)
        return
    header = ["" if name.startswith("__") else name for name in columns]
    lines = [header, *zip(*columns.values(), strict=True)]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))


@FEW
@given(drawn=sides(), key=st.booleans())
def test_the_loss_is_that_of_names_and_identifiers_or_an_error(tmp_path_factory, drawn, key):
    (p, t), names = drawn
    folder = tmp_path_factory.mktemp("sides")
    for name, side in (("p", p), ("t", t)):
        written_side(folder / name, side, names)
    keyed = key and p["ids"] == t["ids"] == "Id"
    others = p["rows"] != t["rows"] and p["ids"] == t["ids"] != "none"
    try:
        found = evaluate(str(folder / "p"), str(folder / "t"), key="Id" if keyed else None)
    except MseError as error:
        found = error
    if isinstance(found, MseError):
        event("error")
        # Where nothing is in doubt there is none: rows matched by a key, or no identifiers but those of one order.
        assert not keyed, found
        assert others or "Id" in (p["ids"], t["ids"]), found
        return
    event("loss")
    assert keyed or not others
    orders = [range(len(p["numbers"]))] * 2 if keyed else [p["rows"], t["rows"]]
    pairs = zip(*([side["numbers"][i] for i in order] for side, order in zip((p, t), orders, strict=True)), strict=True)
    assert found.sse == sum((x - y) ** 2 for a, b in pairs for x, y in zip(a, b, strict=True))
