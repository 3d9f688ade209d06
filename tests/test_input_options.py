"""The options of the panel Input: standard input, columns, keys, missing cells, weights, globs, hostile sizes."""

import contextlib
import gzip
import io
import json
import os
import pty
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest

from mse_cli import ParseError, cli, evaluate
from mse_cli.readers.text import text_file

MSE = [sys.executable, "-m", "mse_cli", "compute"]
SUMMARY = ("--summary", "--format", "json")


def run(*arguments, data=b"", folder="."):
    """The command in this process, where it starts much faster: its exit code and both its streams."""
    texts = {"stdin": data, "stdout": b"", "stderr": b""}
    streams = {name: io.TextIOWrapper(io.BytesIO(text)) for name, text in texts.items()}
    with contextlib.chdir(folder), mock.patch.multiple(sys, **streams):
        code = cli.run(["compute", *map(str, arguments)])
        sys.stdout.flush()
        sys.stderr.flush()
    written = (streams[name].buffer.getvalue() for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(arguments, code, *written)


def start(*arguments, folder, **more):
    """The command as a process of its own."""
    return subprocess.run([*MSE, *arguments], capture_output=True, timeout=120, cwd=folder, check=False, **more)


def result(*arguments, **more):
    done = run(*arguments, **more)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def error(*arguments, **more):
    return message_of(run(*arguments, **more))


def message_of(done):
    message = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b""), message
    assert message.startswith("error: ")
    assert "Traceback" not in message
    return message


@pytest.fixture
def folder(tmp_path):
    files = {
        "p.csv": "id,a,b\nx,1,10\ny,2,20\nz,3,30\n",
        "t.csv": "id,b,a,w\nz,33,4,1\nx,11,1,0\ny,20,2,2\n",
        "plain.csv": "1,10\n2,20\n3,30\n",
        "zeros.csv": "0,0\n0,0\n0,0\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    np.save(tmp_path / "plain.npy", np.array([[1, 10], [2, 20], [3, 30]]))
    np.save(tmp_path / "zeros.npy", np.zeros((3, 2)))
    np.savez(tmp_path / "both.npz", a=np.array([[1.0, 10], [2, 20], [3, 30]]), y=np.zeros((3, 2)))
    return tmp_path


# Standard input and other streams


@pytest.mark.parametrize("name", ["plain.csv", "plain.npy"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("output", [SUMMARY, ("--format", "json")])
def test_standard_input_is_either_side_in_any_format(folder, name, pack, side, output):
    if pack is gzip.compress and name.endswith(".npy"):
        assert "a compressed NPY file" in error(
            "-", "zeros.csv", data=pack((folder / name).read_bytes()), folder=folder
        )
        return
    files = ["zeros.npy", "zeros.npy"]
    files[side] = "-"
    assert result(*files, *output, data=pack((folder / name).read_bytes()), folder=folder)["sse"] == 1414


def test_standard_input_holds_a_table_or_an_archive_of_both_sides(folder):
    columns = ("--pred", "1", "--true", "2", *SUMMARY)
    assert result("-", *columns, data=b"1,2\n3,5\n")["sse"] == 5
    members = ("--pred", "a", "--true", "y", *SUMMARY)
    assert result("-", *members, data=(folder / "both.npz").read_bytes())["sse"] == 1414


def test_standard_input_can_be_only_one_of_the_files(folder):
    assert "only one" in error("-", "-")
    assert "only one" in error("-", "t.csv", "--weights", "-", folder=folder)


def test_a_terminal_as_standard_input_says_what_is_expected(folder):
    ours, theirs = pty.openpty()
    try:
        message = message_of(start("-", "zeros.csv", stdin=theirs, folder=folder))
    finally:
        os.close(ours)
        os.close(theirs)
    assert "standard input: is a terminal" in message
    assert "hint: pipe a CSV or NPY file in" in message


def test_closed_and_empty_standard_input_are_errors(folder):
    assert "holds no data" in error("-", "zeros.csv", data=b"", folder=folder)
    command = f"{sys.executable} -m mse_cli compute - zeros.csv <&-"
    done = subprocess.run(command, shell=True, capture_output=True, cwd=folder, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"error: standard input: is closed" in done.stderr


@pytest.mark.parametrize("output", [SUMMARY, ("--format", "json")])
def test_process_substitution_and_named_pipes_are_read_whole(folder, output):
    """They can be opened only once: looking at the first bytes must not lose them."""
    numbers = np.random.default_rng(1).normal(size=(60_000, 2))
    np.savetxt(folder / "big.csv", numbers, delimiter=",", fmt="%.17g")
    np.save(folder / "big0.npy", np.zeros_like(numbers))
    command = f"{sys.executable} -m mse_cli compute <(cat big.csv) <(cat big0.npy) {' '.join(output)}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=folder, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sse"] == result("big.csv", "big0.npy", *SUMMARY, folder=folder)["sse"]


def test_standard_input_whose_first_rows_are_wider_than_a_mebibyte(folder):
    wide = np.random.default_rng(2).normal(size=(3, 70_000))
    text = io.BytesIO()
    np.savetxt(text, wide, delimiter=",", fmt="%.17g")
    np.save(folder / "wide.npy", wide)
    assert result("-", "wide.npy", *SUMMARY, data=text.getvalue(), folder=folder)["sse"] == 0


def test_weights_from_standard_input_are_read_whole(folder):
    rows = b"1\n" * 700_000  # more than the first look at a stream takes in
    (folder / "ones.csv").write_bytes(rows)
    (folder / "twos.csv").write_bytes(b"2\n" * 700_000)
    got = result("ones.csv", "twos.csv", "--weights", "-", *SUMMARY, data=rows, folder=folder)
    assert (got["sse"], got["divisor"]) == (700_000, 700_000)


# Columns


@pytest.mark.parametrize(
    ("pred", "true", "sse"),
    [
        ("a", "b", 9**2 + 18**2 + 27**2),
        ("2", "3", 9**2 + 18**2 + 27**2),
        ("2-3", "3,2", 2 * (81 + 324 + 729)),
        ("a,3", "a-b", None),
    ],
)
def test_a_table_holds_both_sides(folder, pred, true, sse):
    arguments = ("p.csv", "--pred", pred, "--true", true, *SUMMARY)
    if sse is None:
        assert "p.csv: there is no column 'a-b'" in error(*arguments, folder=folder)
    else:
        assert result(*arguments, folder=folder)["sse"] == sse


@pytest.mark.parametrize("spec", ["0", "4", "3-2", "1-9", "", ",", "a,", "-1", "99999999999999999999", "z"])
def test_a_column_that_is_not_there_is_an_error_that_names_the_file(folder, spec):
    message = error("p.csv", f"--pred={spec}", "--true=2", folder=folder)
    assert "p.csv: there is no column" in message


def test_a_header_name_wins_over_a_number(folder):
    (folder / "years.csv").write_text("id,2,1\nx,10,1\ny,20,2\n")
    chosen = ("--pred", "1", "--true", "2")
    assert "is a header or a row?" in error("years.csv", *chosen, folder=folder)
    assert result("years.csv", *chosen, "--header", "yes", *SUMMARY, folder=folder)["sse"] == 9**2 + 18**2


def test_a_table_without_columns_says_how_to_choose_them(folder):
    assert "--pred COLS --true COLS" in error("plain.csv", folder=folder)
    assert "2 columns, --true 1" in error("p.csv", "--pred", "2-3", "--true", "2", folder=folder)


def test_columns_are_matched_by_name_with_a_note(folder):
    (folder / "q.csv").write_text("b,a\n10,1\n20,2\n30,3\n")
    done = run("p.csv", "q.csv", "--pred", "a,b", *SUMMARY, folder=folder)
    assert json.loads(done.stdout)["sse"] == 0
    assert b"note: the files hold the same columns in another order: matched by name" in done.stderr


def test_names_that_agree_only_partly_at_other_positions_are_an_error(folder):
    (folder / "q.csv").write_text("c,a\n1,2\n1,2\n1,2\n")
    assert "'a' is number 1 of the prediction and 2 of the target" in error(
        "p.csv", "q.csv", "--pred", "a,b", folder=folder
    )
    assert result("p.csv", "q.csv", "--pred", "a,b", "--true", "a,c", *SUMMARY, folder=folder)["shape"] == [3, 2]


# Keys


def test_rows_are_matched_by_key_and_columns_by_name(folder):
    got = result("p.csv", "t.csv", "--key", "id", "--pred", "a,b", "--true", "a,b", *SUMMARY, folder=folder)
    assert (got["sse"], [column["sse"] for column in got["columns"]]) == (11.0, [1.0, 10.0])


def test_weights_from_a_column_of_the_truth_follow_the_key(folder):
    got = result("p.csv", "t.csv", "--key", "id", "--weight-column", "w", *SUMMARY, folder=folder)
    assert (got["sse"], got["divisor"]) == (10.0, 6.0)  # z alone differs: 1² + 3², weight 1; Σ W = 2·(1 + 0 + 2)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("x,1,1\ny,1,1\n", ["'z' only in p.csv"]),
        ("x,1,1\ny,1,1\nz,1,1\nq,1,1\nr,1,1\n", ["'q', 'r' only in k.csv"]),
        ("x,1,1\ny,1,1\nq,1,1\n", ["'z' only in p.csv", "'q' only in k.csv"]),
        ("x,1,1\ny,1,1\nz,1,1\ny,1,1\n", ["k.csv", "more than once: 'y'"]),
    ],
)
def test_keys_that_do_not_fit_are_named(folder, rows, words):
    (folder / "k.csv").write_text("id,a,b\n" + rows)
    message = error("p.csv", "k.csv", "--key", "id", folder=folder)
    assert all(word in message for word in words), message


def test_a_repeated_key_of_the_prediction_is_named(folder):
    (folder / "k.csv").write_text("id,a,b\nx,1,1\ny,1,1\nz,1,1\nx,1,1\n")
    assert "k.csv: a key occurs more than once: 'x'" in error("k.csv", "p.csv", "--key", "id", folder=folder)


@pytest.mark.parametrize("size", [6, 20, 1000])
def test_keys_are_matched_and_repeated_ones_found_wherever_the_files_are_cut(folder, monkeypatch, size):
    monkeypatch.setattr(text_file, "PIECE_BYTES", size)
    order = np.random.default_rng(3).permutation(50).tolist()
    rows = [f"k{i},{i}\n" for i in order]
    once, twice = folder / "once.csv", folder / "twice.csv"
    once.write_text("id,a\n" + "".join(f"k{i},{i + 2}\n" for i in range(50)))
    twice.write_text("id,a\n" + "".join(rows))
    assert evaluate(str(once), str(twice), key="id").mse == 4
    twice.write_text("id,a\n" + "".join(rows + rows[:1]))
    for pair in ((once, twice), (twice, once)):
        with pytest.raises(ParseError, match=rf"twice\.csv: a key occurs more than once: 'k{order[0]}'"):
            evaluate(*map(str, pair), key="id")


def test_a_key_that_is_missing_in_one_file_is_an_error_that_names_it(folder):
    assert "plain.csv: there is no column 'id'" in error("p.csv", "plain.csv", "--key", "id", folder=folder)
    assert "--key needs a column of keys, which an array has not" in error(
        "plain.npy", "zeros.npy", "--key", "1", folder=folder
    )


def test_200_000_keys_in_another_order_take_little_memory(folder):
    order = np.random.default_rng(5).permutation(200_000)
    (folder / "k1.csv").write_text("id,a\n" + "".join(f"key-{i},{i}.5\n" for i in range(200_000)))
    (folder / "k2.csv").write_text("id,a\n" + "".join(f"key-{i},{i}\n" for i in order.tolist()))
    got, peak = with_peak("k1.csv", "k2.csv", "--key", "id", *SUMMARY, folder=folder)
    assert json.loads(got.stdout)["mse"] == 0.25
    assert peak < 200


def with_peak(*arguments, folder, data=None):
    """A run of the command, and the most memory that it took, in MiB."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'mse_cli', 'compute', *sys.argv[1:]], capture_output=True)\n"
        "sys.stderr.write(done.stderr.decode()); sys.stdout.write(done.stdout.decode())\n"
        "sys.stderr.write(f'\\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}')\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=data, capture_output=True, cwd=folder, timeout=120, check=False
    )
    return done, int(done.stderr.decode().rsplit("\n", 1)[1])


# Missing cells


MISSING_CASES = {
    # policy: SSE, cells used, divisor, gradient; A = 1 2 / NA 4 / 5 6, Y = 0 0 / 1 1 / NA 1
    "skip-cell": (1 + 4 + 9 + 25, 4, 4.0, [[0.5, 1.0], [0, 1.5], [0, 2.5]]),
    "skip-row": (1 + 4, 2, 2.0, [[1.0, 2.0], [0, 0], [0, 0]]),
    "propagate": (None, 6, 6.0, [[1 / 3, 2 / 3], [None, 1.0], [None, 5 / 3]]),
}


@pytest.mark.parametrize("policy", MISSING_CASES)
@pytest.mark.parametrize("marker", ["NA", "", "nan", "#N/A"])
@pytest.mark.parametrize("binary", [False, True])
def test_the_policies_for_missing_cells(folder, policy, marker, binary):
    sse, used, divisor, gradient = MISSING_CASES[policy]
    cell = f'"{marker}"' if marker == "#N/A" else marker
    (folder / "a.csv").write_text(f"1,2\n{cell},4\n5,6\n")
    (folder / "y.csv").write_text(f"0,0\n1,1\n{cell},1\n")
    np.save(folder / "a.npy", [[1, 2], [np.nan, 4], [5, 6]])
    files = ("a.npy" if binary else "a.csv", "y.csv")
    got = result(*files, "--missing", policy, "--format", "json", folder=folder)
    assert (got["sse"], got["cells_used"], got["cells_total"], got["divisor"]) == (sse, used, 6, divisor)
    assert got["gradient"] == gradient


def test_missing_cells_fail_by_default_with_their_place(folder):
    (folder / "a.csv").write_text("price,rooms\n1,2\n,4\n5,6\n")
    message = error("a.csv", "plain.csv", folder=folder)
    assert "error: a.csv, line 3, column 1 (price): the cell is missing" in message
    assert "hint: --missing skip-cell" in message


@pytest.mark.parametrize("policy", ["skip-cell", "skip-row"])
def test_nothing_left_is_an_error_never_a_loss_of_0(folder, policy):
    (folder / "a.csv").write_text("NA,1\n2,NA\nNA,3\n")
    (folder / "y.csv").write_text("1,NA\nNA,1\n1,NA\n")
    assert "each is missing in a.csv or y.csv" in error("a.csv", "y.csv", "--missing", policy, folder=folder)


@pytest.mark.parametrize("policy", ["fail", "skip-cell", "skip-row"])
def test_infinities_are_errors_unless_they_propagate(folder, policy):
    (folder / "a.csv").write_text("1,1\n2,-inf\n1e999,3\n")
    assert "line 2, column 2: the cell is infinite" in error("a.csv", "plain.csv", "--missing", policy, folder=folder)
    assert result("a.csv", "plain.csv", "--missing", "propagate", *SUMMARY, folder=folder)["sse"] is None


# Weights


@pytest.mark.parametrize(
    ("text", "sse", "divisor"),
    [
        ("1\n0\n2\n", 1 + 100 + 2 * 9 + 2 * 900, 6.0),
        ("1,2\n", 14 + 2 * 1400, 9.0),
        ("1,0\n0,0\n0,3\n", 1 + 3 * 900, 4.0),
        ("w\n1\n0\n2\n", 1 + 100 + 18 + 1800, 6.0),
    ],
    ids=["rows", "columns", "cells", "header"],
)
@pytest.mark.parametrize("name", ["plain.csv", "plain.npy"])
def test_weights_are_rows_columns_or_cells(folder, text, sse, divisor, name):
    (folder / "w.csv").write_text(text)
    got = result(name, "zeros.csv", "--weights", "w.csv", *SUMMARY, folder=folder)
    assert (got["sse"], got["divisor"]) == (sse, divisor)


def test_weights_of_one_axis_are_rows(folder):
    np.save(folder / "w.npy", np.array([1.0, 0, 2]))
    assert result("plain.csv", "zeros.csv", "--weights", "w.npy", *SUMMARY, folder=folder)["divisor"] == 6
    np.save(folder / "w.npy", np.array([1.0, 2]))
    assert "shapes differ" in error("plain.csv", "zeros.csv", "--weights", "w.npy", folder=folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\n-1\n1\n", "w.csv, line 2, column 1: the weight is -1.0, not a finite number of at least 0"),
        ("1\nNA\n1\n", "w.csv, line 2, column 1: the cell is missing"),
        ("1\nx\n1\n", "'x' is not a number"),
        ("1\ninf\n1\n", "the cell is infinite"),
        ("0\n0\n0\n", "all weights are 0"),
        ("1\n1\n", "shapes differ"),
        ("1,1,1\n", "fit neither rows"),
        ("1,-0.5\n", "w.csv, line 1, column 2: the weight is -0.5"),
    ],
)
@pytest.mark.parametrize("policy", ["fail", "skip-cell"])
def test_weights_that_cannot_be_used_are_errors(folder, text, words, policy):
    (folder / "w.csv").write_text(text)
    message = error("plain.csv", "zeros.csv", "--weights", "w.csv", "--missing", policy, folder=folder)
    assert words in message
    assert "w.csv" in message or "all weights" in message


def test_a_weight_of_0_on_a_missing_cell_follows_missing(folder):
    (folder / "a.csv").write_text("1,10\nNA,20\n3,30\n")
    (folder / "w.csv").write_text("1\n0\n1\n")
    arguments = ("a.csv", "zeros.csv", "--weights", "w.csv")
    assert "line 2, column 1: the cell is missing" in error(*arguments, folder=folder)
    got = result(*arguments, "--missing", "skip-cell", "--format", "json", folder=folder)
    assert (got["cells_used"], got["divisor"], got["sse"], got["gradient"][1]) == (5, 4.0, 1010, [0, 0])
    assert result(*arguments, "--missing", "propagate", *SUMMARY, folder=folder)["sse"] is None


def test_a_weight_column_is_not_taken_for_data(folder):
    (folder / "y.csv").write_text("a,w,b\n0,1,0\n0,0,0\n0,2,0\n")
    got = result("plain.csv", "y.csv", "--weight-column", "w", *SUMMARY, folder=folder)
    assert (got["shape"], got["sse"], got["divisor"]) == ([3, 2], 1 + 100 + 18 + 1800, 6.0)
    assert "exclude each other" in error("plain.csv", "y.csv", "--weight-column", "w", "--weights", "w", folder=folder)


def test_a_negative_weight_of_a_column_names_its_place(folder):
    (folder / "y.csv").write_text("a,w,b\n0,1,0\n0,-3,0\n0,2,0\n")
    for more in ((), ("--missing", "skip-cell")):
        message = error("plain.csv", "y.csv", "--weight-column", "w", *more, folder=folder)
        assert "y.csv, line 3, column 2 (w): the weight is -3.0" in message
    (folder / "y.csv").write_text("a,w,b\n0,1,0\n0,NA,0\n0,2,0\n")
    message = error("plain.csv", "y.csv", "--weight-column", "w", "--missing", "skip-cell", folder=folder)
    assert "y.csv, line 3, column 2 (w): the weight is missing" in message


# Globs


def test_shards_are_read_in_natural_order_against_a_file_or_shards(folder):
    for i in (1, 2, 10):
        np.save(folder / f"part-{i}.npy", np.full((1, 2), float(i)))
        (folder / f"shard-{i}.csv").write_text(f"a,b\n{i},{i}\n")
    (folder / "whole.csv").write_text("a,b\n1,1\n2,2\n10,10\n")
    for files in (("part-*.npy", "whole.csv"), ("part-*.npy", "shard-*.csv"), ("whole.csv", "shard-[0-9]*.csv")):
        got = result(*files, *SUMMARY, folder=folder)
        assert (got["sse"], got["shape"]) == (0, [3, 2])


def test_errors_name_the_shard(folder):
    (folder / "shard-1.csv").write_text("a,b\n1,1\n")
    (folder / "shard-2.csv").write_text("a,b\n1,x\n")
    assert "error: shard-2.csv, line 2, column 2 (b): 'x' is not a number" in error(
        "shard-*.csv", "zeros.csv", folder=folder
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("b,a\n1,1\n", "its header is not that of shard-1.csv"),
        ("1,1\n", "its header is not that of"),
        ("a\n1\n", "has 1 column, shard-1.csv has 2"),
        (",a,b\n0,1,1\n", "its header is not that of"),
    ],
    ids=["order", "none", "fewer", "an index column"],
)
def test_shards_that_do_not_belong_together_are_refused(folder, text, words):
    (folder / "shard-1.csv").write_text("a,b\n1,1\n")
    (folder / "shard-2.csv").write_text(text)
    message = error("shard-*.csv", "zeros.csv", folder=folder)
    assert "error: shard-2.csv" in message
    assert words in message


def test_a_file_of_the_literal_name_wins_over_the_glob(folder):
    (folder / "[ab].csv").write_text("1,10\n2,20\n3,30\n")
    (folder / "a.csv").write_text("9\n")
    assert result("[ab].csv", "zeros.csv", *SUMMARY, folder=folder)["sse"] == 1414


def test_names_that_mean_no_file_are_errors(folder):
    (folder / "only-a-folder").mkdir()
    assert "no file matches this pattern" in error("nothing*.csv", "zeros.csv", folder=folder)
    assert "no file matches this pattern" in error("only-a-*", "zeros.csv", folder=folder)
    assert "is a directory" in error("only-a-folder", "zeros.csv", folder=folder)
    assert "no such file" in error("gone.csv", "zeros.csv", folder=folder)
    assert "error: aaa" in error("a" * 300, "zeros.csv", folder=folder)
    assert "no such file" in error(b"\xff\x1b.csv".decode("utf-8", "surrogateescape"), "zeros.csv", folder=folder)


# What one cell, one line or one archive can do


def test_a_cell_of_a_mebibyte_is_read_or_named(folder):
    (folder / "a.csv").write_text("0." + "3" * (1 << 20) + "\n2\n")
    (folder / "y.csv").write_text("0\n0\n")
    assert result("a.csv", "y.csv", *SUMMARY, folder=folder)["sse"] == float("0." + "3" * 40) ** 2 + 4
    (folder / "a.csv").write_text("1\n" + "x" * (1 << 20) + "\n")
    message = error("a.csv", "y.csv", folder=folder)
    assert "a.csv, line 2, column 1: 'xxx" in message
    assert len(message) < 300


@pytest.mark.parametrize("row", [b"1,", b'"', b"#", b"\0"])
def test_an_endless_line_and_a_bomb_end_in_little_memory(folder, row):
    (folder / "bomb.gz").write_bytes(gzip.compress(row * (60_000_000 // len(row)), 1))
    done, peak = with_peak("bomb.gz", "zeros.csv", folder=folder)
    assert done.returncode == 2
    assert b"error: bomb.gz" in done.stderr
    assert peak < 300


def test_a_bomb_of_rows_is_read_in_pieces(folder):
    (folder / "bomb.gz").write_bytes(gzip.compress(b"7\n" * 3_000_000, 1))
    done, peak = with_peak("bomb.gz", "zeros.csv", "--pred", "1", "--true", "1", folder=folder)
    assert b"bomb.gz is 3000000\xc3\x971, zeros.csv is 3\xc3\x971" in done.stderr
    assert peak < 150


def test_reading_writes_nothing(folder):
    before = sorted(folder.iterdir())
    result("plain.csv", "-", "--format", "json", data=(folder / "zeros.npy").read_bytes(), folder=folder)
    result("both.npz", "--pred", "a", "--true", "y", *SUMMARY, folder=folder)
    assert sorted(folder.iterdir()) == before


def test_a_decimal_comma_is_found_and_told(mse, tmp_path):
    (tmp_path / "a.csv").write_text("1,5;2\n3;4\n")
    (tmp_path / "y.csv").write_text("1;2\n3;4\n")
    done = mse("compute", "a.csv", "y.csv", "--only", "sse")
    assert (done.returncode, done.stdout) == (0, "0.25\n")
    assert "note: a.csv: the comma is taken for the decimal sign" in done.stderr
    assert mse("compute", "a.csv", "y.csv", "--decimal", ",", "--only", "sse", "-q").stdout == "0.25\n"
