"""``mse merge``: parts of any cut give the bits of one run, and what does not belong together is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import but_for_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mse_cli.cli import run
from mse_cli.core.blocks import Block
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import ParseError
from mse_cli.running.evaluation import Evaluation, finish
from mse_cli.running.merging.origin import Origin
from mse_cli.running.merging.partial import from_plain, origin_in, to_plain
from mse_cli.running.merging.pieces import digest_of_result
from mse_cli.running.tallying import Tallies

Mse = Callable[..., tuple[int, str, str]]
ANY_FLOAT = st.floats(width=64)
WEIGHTS = st.floats(min_value=0, max_value=1e300)


@pytest.fixture
def mse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mse:
    """The command line in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run([*arguments])
        return code, *capsys.readouterr()

    return call


def evaluated(a: np.ndarray, y: np.ndarray, w: np.ndarray | None, *, first: int = 0, most: int = 5) -> Evaluation:
    sums, worst = Sums(a.shape[1]), Worst(most)
    for tally in (sums, worst):
        tally.update(Block(first, a, y, w))
    return finish(Tallies(sums, worst), None, "mean")


def passed_through_json(evaluation: Evaluation, n_columns: int) -> tuple[Sums, Worst]:
    text = json.dumps(to_plain(evaluation.tallies), allow_nan=False)
    sums, worst, *_ = from_plain(json.loads(text), n_columns)
    assert worst is not None
    return sums, worst


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_cut_into_parts_merges_to_the_bits_of_one_run(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(2, 12), st.integers(1, 3)))
    a, y = (data.draw(arrays(np.float64, shape, elements=ANY_FLOAT)) for _ in range(2))
    w = data.draw(st.none() | arrays(np.float64, shape, elements=WEIGHTS))
    if w is not None:
        w[:, 0] += 1.0  # a part whose weights are all 0 is refused
    cuts = sorted(data.draw(st.sets(st.integers(1, shape[0] - 1))))
    merged, worst = Sums(shape[1]), Worst(5)
    for start, stop in zip([0, *cuts], [*cuts, shape[0]], strict=True):
        part = evaluated(a[start:stop], y[start:stop], None if w is None else w[start:stop])
        sums, cells = passed_through_json(part, shape[1])
        merged += sums
        worst.merge(cells, rows_before=start)
    whole, together = evaluated(a, y, w), finish(Tallies(merged, worst), None, "mean")
    assert repr(together.result) == repr(whole.result)  # repr: the same bits, NaN included
    assert to_plain(together.tallies) == to_plain(whole.tallies)


def test_parts_of_the_command_merge_to_the_output_of_one_run_in_every_format(mse: Mse, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    a, y = random.normal(size=(2, 1000, 3)) * 10.0 ** random.integers(-9, 9, size=(2, 1000, 3))
    options = ["--worst", "4", "--reduction", "sum"]
    for name, rows in (("all", slice(None)), ("1", slice(0, 1)), ("2", slice(1, 700)), ("3", slice(700, None))):
        for side, matrix in (("p", a), ("t", y)):
            np.save(tmp_path / f"{side}{name}.npy", matrix[rows])
        extra = ["--summary"] if name == "2" else []  # whole results are parts as well
        assert (
            mse("compute", f"p{name}.npy", f"t{name}.npy", "-f", "json", "-o", f"{name}.json", *options, *extra)[0] == 0
        )
    for form in (["-f", "json"], ["-f", "csv"], ["-f", "tsv"], *(["--only", q] for q in ("sse", "mse", "rmse"))):
        one_run = mse("compute", "pall.npy", "tall.npy", "--summary", *options, *form)
        merged = mse("merge", "1.json", "2.json", "3.json", *form)
        if "json" in form:
            assert but_for_parts(merged[1]) == but_for_parts(one_run[1])
        else:
            assert merged == one_run
    for form in (["-f", "table"], ["-f", "markdown"]):
        one_run = mse("compute", "pall.npy", "tall.npy", "--summary", *options, *form)[1]
        merged = mse("merge", "1.json", "2.json", "3.json", *form)[1]
        cells = [[cell.strip() for cell in line.split("│" if "│" in line else "|")] for line in one_run.splitlines()]
        kept = [line for line in cells if line[1:2] not in (["prediction"], ["target"])]
        found = [[c.strip() for c in line.split("│" if "│" in line else "|")] for line in merged.splitlines()]
        # The borders follow the widest cell, and merge has no files to name.
        assert [line for line in found if len(line) > 2] == [line for line in kept if len(line) > 2]


def cut(tmp_path: Path, mse: Mse, *options: str) -> list[str]:
    """Three parts of a matrix, and all of it, as results."""
    a, y = np.random.default_rng(3).normal(size=(2, 9, 2))
    for name, rows in (("1", slice(0, 2)), ("2", slice(2, 5)), ("3", slice(5, 9)), ("all", slice(9))):
        np.save(tmp_path / f"p{name}.npy", a[rows])
        np.save(tmp_path / f"t{name}.npy", y[rows])
        done = mse("compute", f"p{name}.npy", f"t{name}.npy", "-f", "json", "-o", f"{name}.json", *options)
        assert done == (0, "", "")
    return [f"{name}.json" for name in ("1", "2", "3")]


def test_a_merged_result_is_a_part_again(mse: Mse, tmp_path: Path) -> None:
    one, two, three = cut(tmp_path, mse, "--summary")
    assert mse("merge", one, two, "-o", "a.json") == (0, "", "")
    merged = mse("merge", "a.json", three, "-f", "json")[1]
    assert merged == mse("merge", one, two, three, "-f", "json")[1]
    assert but_for_parts(merged) == but_for_parts((tmp_path / "all.json").read_text())


def test_a_part_counts_once_by_whatever_name(mse: Mse, tmp_path: Path) -> None:
    one, two, _ = cut(tmp_path, mse)
    mse("merge", one, two, "-o", "both.json")
    mse("compute", "p1.npy", "t1.npy", "-f", "json", "--worst", "1", "--summary", "-o", "again.json")
    result = json.loads((tmp_path / "1.json").read_text())
    (tmp_path / "laid-out.json").write_text(json.dumps(result, indent=4, sort_keys=True).replace(".0,", ","))
    for other in (one, "./1.json", "again.json", "laid-out.json", "both.json"):
        for parts in ([one, two, other], [other, one]):
            code, out, err = mse("merge", *parts)
            assert (code, out) == (2, "")
            assert "its rows are in" in err


def test_parts_of_other_rows_with_the_same_errors_do_not_count_as_one(mse: Mse, tmp_path: Path) -> None:
    for name in "12":
        np.save(tmp_path / f"{name}.npy", np.ones(3))
        mse("compute", f"{name}.npy", f"{name}.npy", "-f", "json", "-o", f"{name}.json")
    assert mse("merge", "1.json", "2.json", "--only", "mse") == (0, "0\n", "")


@pytest.mark.parametrize(
    "change",
    [
        {"mse": 0.5}, {"columns": []}, {"reduction": "sum"}, {"partial": {"digest": None}}, {"partial": {"digest": []}},
        {"notes": ["x"]},
        {"partial": {"overflow": True}}, {"more": [[[[]]]]}, {"more": 10**400},
    ],
)  # fmt: skip
def test_a_changed_part_is_refused(mse: Mse, tmp_path: Path, change: dict[str, dict[str, object]]) -> None:
    one, two, _ = cut(tmp_path, mse)
    result = json.loads((tmp_path / one).read_text())
    changed = change | {"partial": result["partial"] | change.get("partial", {})}
    (tmp_path / one).write_text(json.dumps(result | changed))
    code, out, err = mse("merge", one, two)
    assert (code, out, err.count("\n")) == (2, "", 2)
    assert err.startswith("error: 1.json: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--missing", "skip-row"], "with --missing skip-row, 1.json with --missing fail"),
        (["--reduction", "sum"], "with --reduction sum, 1.json with --reduction mean"),
        (["--key", "id"], "with --key id, 1.json without --key"),
        (["--weight-column", "w"], "only one has weights"),
        (["--pred", "b", "--true", "b"], "its columns are not called as those of 1.json"),
    ],
)
def test_parts_of_other_options_are_refused(mse: Mse, tmp_path: Path, options: list[str], words: str) -> None:
    for name in "12":
        (tmp_path / f"{name}.csv").write_text(f"id,a,b,w\n{name},2,3,4\n")
        more = options if name == "2" else []
        columns = [] if "--pred" in options else ["--pred", "a", "--true", "a"]
        columns = columns if more or columns else ["--pred", "a", "--true", "a"]
        done = mse("compute", f"{name}.csv", f"{name}.csv", *columns, *more, "-f", "json", "-o", f"{name}.json")
        assert done[0] == 0, done
    assert words in mse("merge", "1.json", "2.json")[2]


def test_a_large_part_needs_no_memory(mse: Mse, tmp_path: Path) -> None:
    one, two, _ = cut(tmp_path, mse, "--summary")
    text = (tmp_path / one).read_text()
    rows = "[" + "0.1234567890123456, " * 49_999 + "1.5],\n  "
    with (tmp_path / one).open("w") as file:
        file.write(text[: text.rindex("}")] + ',\n "se": [')
        for _ in range(200):  # 200 MB
            file.write(rows)
        file.write('[1.0]],\n "gradient": [[]]}\n')
    command = [sys.executable, "-m", "mse_cli", "merge", one, two, "--only", "mse"]
    program = "import resource, subprocess, sys; print(subprocess.run(sys.argv[1:], check=True, capture_output=True,"
    program += " text=True).stdout, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
    mse_of_both, kilobytes = done.stdout.split()
    assert float(mse_of_both) > 0
    assert int(kilobytes) < 150_000
    (tmp_path / two).write_text('{"schema_version": 1, "notes": ["' + "x" * (140 << 20) + '"]}')
    assert "2.json: holds more than 128 MiB beside its matrices" in mse("merge", one, two)[2]


def test_the_weighted_and_the_masked_merge_too(mse: Mse, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a,b,w\n1,2,0.5\n3,,2\n5,6,0.1\n")
    (tmp_path / "t.csv").write_text("a,b,w\n2,2,0.5\n2,2,2\n2,2,0.1\n")
    (tmp_path / "p1.csv").write_text("a,b,w\n1,2,0.5\n")
    (tmp_path / "t1.csv").write_text("a,b,w\n2,2,0.5\n")
    (tmp_path / "p2.csv").write_text("a,b,w\n3,,2\n5,6,0.1\n")
    (tmp_path / "t2.csv").write_text("a,b,w\n2,2,2\n2,2,0.1\n")
    options = [
        "--pred",
        "a,b",
        "--true",
        "a,b",
        "--weight-column",
        "w",
        "--missing",
        "skip-cell",
        "-f",
        "json",
        "--summary",
    ]
    for part in "12":
        assert mse("compute", f"p{part}.csv", f"t{part}.csv", *options, "-o", f"{part}.json")[0] == 0
    merged, whole = mse("merge", "1.json", "2.json", "-f", "json"), mse("compute", "p.csv", "t.csv", *options)
    assert but_for_parts(merged[1]) == but_for_parts(whole[1])


def part(**changes: object) -> str:
    """A part as ``mse compute`` writes it, of 3 against 1, changed by someone who knows how its digest is made."""
    sums = Sums(1)
    sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    plain = to_plain(Tallies(sums), Origin({"reduction": "mean"}))
    result = {"schema_version": 1, "reduction": "mean", "columns": [{"name": "a"}], "partial": plain} | changes
    if isinstance(result["partial"], dict):
        result["partial"]["digest"] = digest_of_result(json.dumps(result))
    return json.dumps(result)


GROUPS = {"by": ["g"], "texts": [["n"]], "rows": [1], "cells_used": [1], "weights": None}
GROUPS |= {"errors": [{"0": [4.0], "special": 0.0}]}


def weighted_partial(reduction: str = "mean") -> dict[str, object]:
    sums = Sums(1)
    sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]]), np.array([[2.0]])))
    return to_plain(Tallies(sums), Origin({"reduction": reduction}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a JSON result of mse compute"),
        ("1.25\n", "is not a JSON result"),
        ("[" * 100_000, "is not a JSON result"),
        ('{"mse": NaN}', "is not a JSON result"),
        ("\xff", "is not a JSON result"),
        (part(schema_version=2), "its schema_version is 2, this mse reads 1"),
        (part(schema_version="\x1b[31m"), r"its schema_version is '\x1b[31m'"),
        (part(partial=None), "its 'partial' is damaged"),
        (part().replace("partial", "part"), "has no 'partial'"),
        (part(columns=[{"name": "b"}]), "its columns are not called as those of good.json"),
        (part(columns=[{"name": None}]), "its columns are not called as those of good.json"),
        (part(columns=[{"name": "a"}, {"name": "b"}]), "its 'partial' is damaged"),
        (part(schema_version="x" * 300_000), "its schema_version is 'xxx"),
        (part(schema_version=[[1] * 1000]), "its schema_version is [[1, 1"),
        (part(reduction="x" * 300_000), "is not a JSON result"),
        (
            part(reduction="sum", partial=weighted_partial("sum")),
            "was computed with --reduction sum, good.json with --reduction mean",
        ),
        (part(partial=weighted_partial()), "only one has weights: part.json was computed with weights"),
    ],
)
def test_what_is_no_part_of_the_same_matrix_is_refused(mse: Mse, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "good.json").write_text(part())
    (tmp_path / "part.json").write_text(text, encoding="latin-1")
    code, out, err = mse("merge", "good.json", "part.json")
    assert (code, out) == (2, "")
    assert err.startswith("error: part.json: ")
    assert message in err
    assert "hint: " in err or "damaged" in err


def test_parts_of_other_widths_are_refused(mse: Mse, tmp_path: Path) -> None:
    for width in (1, 2):
        np.save(tmp_path / "a.npy", np.ones((3, width)))
        mse("compute", "a.npy", "a.npy", "-f", "json", "-o", f"{width}.json")
    assert mse("merge", "1.json", "2.json")[2].startswith("error: 2.json: has 2 columns, 1.json has 1 column\n")


@pytest.mark.parametrize(
    "change",
    [
        {"rows": -1}, {"rows": True}, {"rows": 1.5}, {"cells_used": [2]}, {"cells_used": []}, {"errors": [[]]},
        {"errors": [{"0": [1.0]}]}, {"errors": [{"0": [-1.0], "special": 0.0}]},
        {"errors": [{"x": [1.0], "special": 0.0}]},
        {"errors": [{"99": [1.0], "special": 0.0}]}, {"errors": [{"0": [1e308], "special": 0.0}]},
        {"errors": [{"0": ["1"], "special": 0.0}]}, {"errors": [{"0": [1.0] * 101, "special": 0.0}]},
        {"errors": [{"-0": [1.0], "special": 0.0}]}, {"errors": [{"٠": [1.0], "special": 0.0}]},
        {"errors": [{"0": [1.0], "special": "-inf"}]}, {"errors": [{"0": [1.0], "special": 5.0}]},
        {"errors": [{"0": [10**308 * 18], "special": 0.0}]}, {"errors": [{"0": [1.0], "special": [[[[]]]]}]},
        {"rows": 2**63}, {"rows": 10**400}, {"cells_used": [10**400]}, {"weights": [{"0": [1.0], "special": "nan"}]},
        {"options": []}, {"options": {"missing": 3}}, {"options": {"missing": "x" * 300_000}}, {"options": None},
        {"parts": []}, {"parts": [3]}, {"parts": "x"}, {"parts": ["x" * 300_000]},
        {"worst": {"most": 1, "cells": [[1, 2.5, 0, 0, 1.0, 1.0, 1.0]]}},
        {"worst": {"most": 1, "cells": [[1, "nan", 0, 0, 1.0, 1.0, 1.0]]}},
        {"errors": [{"0": [1.0], "special": "no"}]}, {"weights": [{}]}, {"worst": 3},
        {"worst": {"most": 1, "cells": [[1, 0.5, 5, 0, 1.0, 1.0, 1.0]]}},
        {"worst": {"most": 1, "cells": [[1, 0.5, -1, 0, 1.0, 1.0, 1.0]]}},
        {"worst": {"most": 1, "cells": [[1e9, 0.5, 0, 0, 1.0, 1.0, 1.0]]}},
        {"worst": {"most": 0, "cells": []}}, {"worst": {"most": 1, "cells": [[1], [2]]}},
        {"worst": {"most": 1, "cells": [[1, 0.5, 0, 0, 1.0, 1.0, 1.0, 7]]}},
        {"stats": []}, {"stats": [[], [], [], []]}, {"stats": 3}, {"groups": 3}, {"groups": {}},
        {"groups": GROUPS | {"by": []}}, {"groups": GROUPS | {"by": "g"}}, {"groups": GROUPS | {"texts": [["n"]] * 2}},
        {"groups": GROUPS | {"texts": [["n", "m"]]}}, {"groups": GROUPS | {"texts": [[1]]}},
        {"groups": GROUPS | {"rows": [2]}}, {"groups": GROUPS | {"cells_used": [0]}},
        {"groups": GROUPS | {"errors": []}}, {"groups": GROUPS | {"weights": [{}]}}, {"groups": GROUPS | {"texts": 3}},
    ],
)  # fmt: skip
def test_a_damaged_partial_is_refused(change: dict[str, object]) -> None:
    sums = Sums(1)
    sums.update(Block(0, np.array([[3.0]]), np.array([[1.0]])))
    good = to_plain(Tallies(sums))
    assert from_plain(good, 1).sums.finish().sse == 4.0
    with pytest.raises(ParseError, match="damaged"):
        from_plain(good | change, 1), origin_in(good | change)


def test_more_worst_cells_than_a_part_lists_are_refused(mse: Mse, tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.zeros(6))
    for name, k in (("2.json", "2"), ("4.json", "4")):
        np.save(tmp_path / f"{k}.npy", np.arange(6.0))
        mse("compute", f"{k}.npy", "t.npy", "-f", "json", "--worst", k, "-o", name)
    assert mse("merge", "2.json", "4.json", "--worst", "3")[2] == (
        "error: 2.json: lists its 2 worst cells, not 3\nhint: compute the parts with --worst 3\n"
    )
    listed = json.loads(mse("merge", "4.json", "2.json", "-f", "json")[1])["worst"]
    assert [cell["row"] for cell in listed] == [6, 12]


def test_merge_gates_refuses_matrices_and_reads_standard_input_once(mse: Mse, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(part())
    assert mse("merge", "a.json", "--only", "mse", "--fail-above", "4") == (0, "4\n", "")
    assert mse("merge", "a.json", "--only", "mse", "--fail-above", "3.9")[:2] == (1, "4\n")
    for arguments in (["--only", "se"], ["-f", "npy"], ["-o", "x.npy"], ["-o", "a.json"], ["-", "-"]):
        code, out, err = mse("merge", "a.json", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")


@pytest.mark.parametrize("piece", range(1, 90, 7))
def test_matrices_are_left_out_however_the_text_is_cut(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    import io

    from mse_cli.running.merging import parts as results

    monkeypatch.setattr(results, "PIECE_BYTES", piece)
    monkeypatch.setattr(results, "LONGEST_KEY", 16)
    columns = [{"name": '"se": [1'}, {"name": "gradient"}, {"name": "se"}]
    whole = {"columns": columns, "se": [[1.5, None], [2e-5, 3.0]], "mse": 2.0, "gradient": [[-1.0], [1.0]]}
    for indent in (None, 1):
        text = json.dumps(whole, indent=indent).encode()
        kept = json.loads(results.without_matrices(io.BytesIO(text)))
        assert kept == whole | {"se": 0, "gradient": 0}
