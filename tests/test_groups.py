"""``--by``: the loss of each group against rational numbers, for any cut, in any file, and against pandas."""

import csv
import io
import json
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pytest
from conftest import check_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyarrow import feather, parquet

from mse_cli import evaluate
from mse_cli.core.blocks import Block
from mse_cli.core.labels import labels_of_rows
from mse_cli.core.result import Group, Result
from mse_cli.core.tallies import groups as groups_module
from mse_cli.core.tallies.groups import Groups
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import UsageError

ANY = st.floats(-1e9, 1e9) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 1.0])
WEIGHTS = st.floats(0, 8) | st.sampled_from([0.0, 1e-200, 1e150])


def fed(blocks: list[Block]) -> tuple[Group, ...]:
    """The groups of blocks, each fed to a tally of its own, then merged."""
    groups, sums = Groups(("g",)), Sums(blocks[0].shape[1])
    for block in blocks:
        for whole in (groups, sums):
            part = whole.new()
            part.update(block)
            whole.merge(part)
    return groups.finish(sums.errors.total())


def check_group(group: Group, terms: list[Fraction], divisor: Fraction) -> None:
    """Whether a group's numbers are those of exact sums, rounded."""
    sse = sum(terms, Fraction(0))
    assert group.sse == pytest.approx(as_float(sse), rel=1e-15, abs=0)
    if divisor:
        assert group.mse == pytest.approx(as_float(sse / divisor), rel=1e-15, abs=1e-320)
    else:
        assert math.isnan(group.mse)


def as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_groups_are_those_of_rational_numbers_for_any_cut(data):
    shape = data.draw(st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 3, 20])))
    a, y = (data.draw(arrays(np.float64, shape, elements=ANY)) for _ in range(2))
    w = data.draw(st.none() | arrays(np.float64, shape, elements=WEIGHTS))
    used = data.draw(st.none() | arrays(np.bool_, shape))
    texts = data.draw(st.lists(st.sampled_from(["", "b", "a", "NA"]), min_size=shape[0], max_size=shape[0]))
    whole = Block(0, a, y, w, used, labels=labels_of_rows([[text] for text in texts]))
    cuts = sorted(data.draw(st.sets(st.integers(1, shape[0] - 1)))) if shape[0] > 1 else []
    blocks = [whole.rows(start, stop) for start, stop in zip([0, *cuts], [*cuts, shape[0]], strict=True)]
    found = fed(blocks)
    assert repr(found) == repr(fed([whole]))
    assert [group.texts for group in found] == sorted({(text,) for text in texts})
    mask = np.ones(shape, dtype=bool) if used is None else used
    for group in found:
        rows = [i for i, text in enumerate(texts) if (text,) == group.texts]
        cells = [(i, j) for i in rows for j in range(shape[1]) if mask[i, j]]
        weights = [Fraction(1 if w is None else w[cell]) for cell in cells]
        assert (group.rows, group.cells_used) == (len(rows), len(cells))
        with np.errstate(all="ignore"):
            errors = [float(a[cell] - y[cell]) for cell in cells]
            squares = [error * error for error in errors]
        if all(map(math.isfinite, errors)) and (w is not None or all(map(math.isfinite, squares))):
            exact = [
                Fraction(s) if w is None else k * Fraction(e) ** 2
                for k, e, s in zip(weights, errors, squares, strict=True)
            ]
            check_group(group, exact, sum(weights, Fraction(0)))


def test_one_group_is_the_whole_to_the_bit():
    random = np.random.default_rng(1)
    a, y = random.normal(size=(2, 4000, 3)) * 10.0 ** random.integers(-9, 9, size=(2, 4000, 3))
    (group,) = fed([Block(0, a, y, labels=labels_of_rows([["all"]] * 4000))])
    sums = Sums(3)
    sums.update(Block(0, a, y))
    whole = sums.finish()
    assert (group.sse, group.mse, group.rmse, group.share) == (whole.sse, whole.mse, whole.rmse, 1.0)


def test_what_is_no_number_stays_in_its_group():
    a = np.array([[1.0], [math.nan], [math.inf], [1e300]])
    found = fed([Block(0, a, np.zeros((4, 1)), labels=labels_of_rows([["a"], ["b"], ["c"], ["d"]]))])
    assert [group.sse for group in found[:1]] == [1.0]
    assert math.isnan(found[1].sse)
    assert found[2].sse == found[3].sse == math.inf


def test_too_many_groups_are_an_error_that_says_what_was_meant(monkeypatch):
    monkeypatch.setattr(groups_module, "MOST_GROUPS", 3)
    labels = labels_of_rows([[f"h{i}"] for i in range(4)])
    block = Block(0, np.ones((4, 1)), np.zeros((4, 1)), labels=labels)
    with pytest.raises(UsageError, match="--by 'g' makes more than 3 groups") as caught:
        fed([block])
    assert "is it an identifier (--key)" in caught.value.hint
    with pytest.raises(UsageError, match="more than 3 groups"):
        fed([block.rows(0, 2), block.rows(2, 4)])


TABLE = {
    "id": ["a", "b", "c", "d", "e", "f"],
    "region": ["north", "", "south", "north", "NA", ""],
    "rooms": [1, 2, 1, 2, 1, 2],
    "price": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
}
ERRORS = [1.0, -2.0, 3.0, -4.0, 5.0, -6.0]
BY_REGION = {"": 2**2 + 6**2, "north": 1 + 16, "south": 9, "NA": 25}


def as_csv(columns: dict[str, list], *, only: tuple[str, ...] | None = None, order: Iterator[int] | None = None) -> str:
    names = list(only or columns)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([columns[name][i] for name in names] for i in order or range(6))
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """p.csv and t.csv: truth with regions, predictions without."""
    predictions = TABLE | {"price": [y + e for y, e in zip(TABLE["price"], ERRORS, strict=True)]}
    (tmp_path / "t.csv").write_text(as_csv(TABLE, only=("region", "price")))
    (tmp_path / "tk.csv").write_text(as_csv(TABLE, only=("id", "region", "price")))
    (tmp_path / "p.csv").write_text(as_csv(predictions, only=("price",)))
    (tmp_path / "pk.csv").write_text(as_csv(predictions, only=("price", "id"), order=[5, 3, 0, 1, 4, 2]))
    (tmp_path / "pr.csv").write_text(as_csv(predictions, only=("region", "price")))
    (tmp_path / "y.csv").write_text(as_csv(TABLE, only=("price",)))
    both = TABLE | {"hat": predictions["price"]}
    (tmp_path / "table.csv").write_text(as_csv(both))
    return tmp_path


def sse_of(result: Result) -> dict[str, float]:
    assert math.fsum(group.share for group in result.groups) == pytest.approx(1)
    return {group.texts[0]: group.sse for group in result.groups}


def test_the_text_is_that_of_the_truth_or_the_table_or_else_of_the_predictions(folder: Path):
    p, t = str(folder / "p.csv"), str(folder / "t.csv")
    assert sse_of(evaluate(p, t, by="region")) == BY_REGION
    assert sse_of(evaluate(str(folder / "pr.csv"), str(folder / "y.csv"), by="region")) == BY_REGION
    assert sse_of(evaluate(str(folder / "pr.csv"), t, by="region")) == BY_REGION  # left out on both sides
    table = evaluate(str(folder / "table.csv"), pred_columns="hat", true_columns="price", by="region,rooms")
    assert {group.texts: group.rows for group in table.groups}["", "2"] == 2
    assert table.by == ("region", "rooms")
    assert evaluate(str(folder / "table.csv"), pred_columns="hat", true_columns="price", by="2").by == ("region",)
    np.save(folder / "p.npy", np.loadtxt(p, skiprows=1))
    np.save(folder / "t.npy", np.arange(1.0, 7.0))
    assert sse_of(evaluate(str(folder / "p.npy"), t, by="region")) == BY_REGION
    assert sse_of(evaluate(str(folder / "pr.csv"), str(folder / "t.npy"), by="region")) == BY_REGION
    with pytest.raises(UsageError, match="there is no column 'regoin'") as caught:
        evaluate(p, t, by="regoin")
    assert caught.value.hint == "did you mean 'region'?"
    with pytest.raises(UsageError, match="--by needs columns of text, which arrays have not"):
        evaluate(str(folder / "p.npy"), str(folder / "t.npy"), by="1")


@pytest.mark.parametrize("missing", ["fail", "skip-cell", "skip-row", "propagate"])
def test_groups_follow_their_rows_through_keys(folder: Path, missing: str):
    pk, tk = str(folder / "pk.csv"), str(folder / "tk.csv")
    assert sse_of(evaluate(pk, tk, key="id", by="region", missing=missing)) == BY_REGION
    (folder / "less.csv").write_text("".join((folder / "pk.csv").read_text().splitlines(True)[:-1]))  # without c
    less = evaluate(str(folder / "less.csv"), tk, key="id", unmatched="drop", by="region", missing=missing)
    assert sse_of(less) == {text: sse for text, sse in BY_REGION.items() if text != "south"}
    other = evaluate(tk, str(folder / "less.csv"), key="id", unmatched="drop", by="region", missing=missing)
    assert sse_of(other) == sse_of(less)
    by_key = evaluate(pk, tk, key="id", by="id", missing=missing)
    assert {group.texts[0]: group.sse for group in by_key.groups} == {
        key: e * e for key, e in zip(TABLE["id"], ERRORS, strict=True)
    }


def test_missing_cells_are_left_out_of_their_group(tmp_path: Path):
    (tmp_path / "t.csv").write_text("g,u,v\na,1,NA\na,1,1\nb,NA,NA\n")
    (tmp_path / "p.csv").write_text("u,v\n2,2\n3,3\n4,4\n")
    files = str(tmp_path / "p.csv"), str(tmp_path / "t.csv")
    cell = evaluate(*files, by="g", missing="skip-cell").groups
    assert [(group.rows, group.cells_used, group.sse) for group in cell] == [(2, 3, 9.0), (1, 0, 0.0)]
    assert math.isnan(cell[1].mse)
    row = evaluate(*files, by="g", missing="skip-row").groups
    assert [(group.rows, group.cells_used, group.sse) for group in row] == [(2, 2, 8.0), (1, 0, 0.0)]


@pytest.mark.parametrize("kind", ["text", "dictionary", "integers"])
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columns_of_parquet_and_arrow_alike(folder: Path, kind: str, form: str):
    texts = [None if text == "" else text for text in TABLE["region"]]
    numbers = {"north": 10, "south": 20, "NA": 30}
    values = [text and numbers[text] for text in texts] if kind == "integers" else texts
    column = pyarrow.array(values)
    table = pyarrow.table(
        {"region": column.dictionary_encode() if kind == "dictionary" else column, "price": TABLE["price"]}
    )
    path = folder / f"t.{form}"
    if form == "parquet":
        parquet.write_table(table, path, row_group_size=2)
    else:
        feather.write_feather(table, path, chunksize=2, compression="uncompressed")
    wanted = {str(numbers.get(text, "")) if kind == "integers" else text: sse for text, sse in BY_REGION.items()}
    assert sse_of(evaluate(str(folder / "p.csv"), str(path), by="region")) == wanted


def test_every_way_to_run_and_merge_gives_the_same_bits(mse, tmp_path: Path):
    random = np.random.default_rng(2)
    n = 60_000
    y = random.normal(size=(n, 2)) * 10.0 ** random.integers(-5, 5, size=(n, 2))
    a = y + random.normal(size=(n, 2))
    groups = [f"g {code}" for code in random.integers(0, 40, size=n)]
    lines = [f"{g},{u!r},{v!r}\n" for g, (u, v) in zip(groups, y.tolist(), strict=True)]
    for name, rows in (("", slice(None)), ("1", slice(0, 7777)), ("2", slice(7777, None))):
        (tmp_path / f"t{name}.csv").write_text("g,u,v\n" + "".join(lines[rows]))
        np.save(tmp_path / f"p{name}.npy", a[rows])
        table = pyarrow.table({"g": groups[rows], "u": y[rows, 0], "v": y[rows, 1]})
        parquet.write_table(table, tmp_path / f"t{name}.parquet", row_group_size=5000)
    options = ["--by", "g", "--stats", "--summary", "-f", "json"]

    def run(truth: str, *more: str) -> dict:
        return json.loads(mse("compute", "p.npy", truth, *options, *more).stdout)

    whole = run("t.csv", "-j", "1")
    assert len(whole["groups"]) == 40
    runs = [
        run("t.csv", "-j", "3"),
        run("t.parquet", "-j", "1"),
        run("t.parquet", "-j", "2"),
        run("t.csv", "--dask", "local", "-j", "2"),
    ]
    for part in "12":
        mse("compute", f"p{part}.npy", f"t{part}.csv", *options, "-o", f"{part}.json")
    runs.append(json.loads(mse("merge", "1.json", "2.json", "-f", "json").stdout))
    for other in runs:
        assert {k: v for k, v in other.items() if k != "partial"} == {k: v for k, v in whole.items() if k != "partial"}
    frame = pandas.DataFrame({"g": groups, "loss": ((a - y) ** 2).mean(axis=1)})
    means = frame.groupby("g")["loss"].mean()
    for group in whole["groups"]:
        assert group["mse"] == pytest.approx(means[group["group"]["g"]], rel=1e-12)


def test_they_stand_in_every_format(folder: Path, mse):
    arguments = ["compute", "p.csv", "t.csv", "--by", "region"]
    table = mse(*arguments, "--only", "groups").stdout
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if "│" in line]
    assert rows[0] == ["region", "rows", "cells used", "SSE", "MSE", "RMSE", "share of SSE"]
    assert [row[0] for row in rows[1:]] == ["(missing)", "NA", "north", "south"]
    assert rows[1][-1] == "43.96 %"
    short = mse(*arguments, "--only", "groups", "--max-rows", "1").stdout
    assert "⋮ 3 more" in short
    assert table in mse(*arguments, "--summary").stdout
    found = list(csv.DictReader(io.StringIO(mse(*arguments, "--only", "groups", "-f", "csv").stdout)))
    assert [row["region"] for row in found] == ["", "NA", "north", "south"]
    assert [float(row["sse"]) for row in found] == [40, 25, 17, 9]
    listed = json.loads(mse(*arguments, "--only", "groups", "-f", "json").stdout)
    assert listed == json.loads(mse(*arguments, "-f", "json").stdout)["groups"]
    assert listed[0] == {
        "group": {"region": None}, "rows": 2, "cells_used": 2, "sse": 40.0, "mse": 20.0, "rmse": 20**0.5,
        "share": 40 / 91,
    }  # fmt: skip
    markdown = mse(*arguments, "--only", "groups", "-f", "markdown").stdout
    assert "| region | rows | cells used | SSE |" in markdown
    assert mse("compute", "p.csv", "t.csv", "--only", "groups").stderr.startswith("error: --only groups: by which")


def test_a_column_groups_once_and_each_has_a_name_of_its_own(mse, tmp_path: Path):
    (tmp_path / "t.csv").write_text("g,g,y\n1,2,3\n1,1,2\n")
    (tmp_path / "p.csv").write_text("y\n3\n1\n")
    arguments = ("compute", "p.csv", "t.csv", "--only", "groups", "-f", "csv", "--by")
    assert mse(*arguments, "1,1-1").stdout.startswith("g,rows,")
    check_refused(mse(*arguments, "1,2"), "two columns that group the rows are called 'g'")
    with pytest.raises(UsageError, match="two columns that group the rows are called 'g'"):
        evaluate([1.0], [1.0], by=pandas.DataFrame([["a", "b"]], columns=["g", "g"]))


def test_parts_with_other_groups_do_not_merge(folder: Path, mse):
    mse("compute", "p.csv", "t.csv", "--by", "region", "--summary", "-f", "json", "-o", "1.json")
    mse("compute", "p.csv", "t.csv", "--summary", "-f", "json", "-o", "2.json")
    assert "2.json: was computed with neither, 1.json with --by region" in mse("merge", "1.json", "2.json").stderr
