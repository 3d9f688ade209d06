"""Text files parsed in worker processes: what one process reads, to the bit and to the word, or a clean end."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mse_cli.backends import reading_ahead, text_bytes
from mse_cli.errors import MseError
from mse_cli.readers import pieces, workers
from mse_cli.readers.delimited import open_text_matrix
from mse_cli.readers.layout import Dialect
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.source import FileSource

NUMBER = st.sampled_from(["1", "-2.5", "+3e2", " 4 ", "1e-320", "0.1"])
CELL = NUMBER | NUMBER | NUMBER | st.sampled_from(["NA", "", '"5"', '"6\n"', '"', "x", "inf", '"a""b"'])
ROW = st.lists(CELL, min_size=2, max_size=2).map(",".join) | st.sampled_from(
    ["# it's 5\" long", '#"a"', "", "1", "1,2,3"]
)
PLAIN_ROW = st.lists(NUMBER, min_size=2, max_size=2).map(",".join)
TEXT = st.builds(
    lambda plain, rows, end, last: end.join([*plain, *rows]) + last,
    st.lists(PLAIN_ROW, min_size=2, max_size=40),
    st.lists(ROW, max_size=3).flatmap(lambda odd: st.lists(PLAIN_ROW, max_size=40).map(lambda rows: [*odd, *rows])),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
)


@pytest.fixture(scope="module", params=[1, 2])
def parser(request):
    with workers.parser_in_workers(request.param) as parser:
        yield parser


def outcome(path, parse=None, key=None):
    """All that a text file gives: the bits of the numbers, the keys, or the error with its hint."""
    try:
        matrix = open_text_matrix(FileSource(path, "f.csv"), Dialect(missing="skip-cell"))
        matrix = matrix.select(matrix.positions[1:], key) if key is not None else matrix
        object.__setattr__(matrix, "parse", parse)
        rows = list(matrix.rows())
    except MseError as error:
        return str(error), error.hint
    return np.concatenate([part.numbers for part in rows]).tobytes(), [k for part in rows for k in part.keys or ()]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT, size=st.integers(5, 200), key=st.sampled_from([None, None, 0]))
def test_workers_read_as_one_process_does(parser, tmp_path, text, size, key):
    path = tmp_path / "f.csv"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)
        assert outcome(path, parser, key) == outcome(path, None, key)


@pytest.mark.parametrize("size", [10, 64, 1000, 100_000])
def test_ranges_are_the_pieces_of_one_process(tmp_path, monkeypatch, size):
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    path = tmp_path / "f.csv"
    path.write_text("a,b\n" + "".join(f"{i}.25,{'7' * (i % 90)}1\n" for i in range(300)) + "1,2")
    matrix = open_text_matrix(FileSource(path, "f.csv"), Dialect())
    data = path.read_bytes()
    ranges = [data[cut.offset : stop] for cut, stop in workers._ranges(matrix)]
    assert ranges == [piece.data for piece in matrix.pieces()]


def test_an_error_far_into_the_file_names_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)
    path = tmp_path / "f.csv"
    path.write_text("# made\na,b\n" + "1,2\n" * 5000 + "1,abc\n" + "1,2\n" * 5000)
    with workers.parser_in_workers(2) as parser:
        assert outcome(path, parser)[0] == "f.csv, line 5003, column 2 (b): 'abc' is not a number"


def test_a_row_too_long_is_the_error_of_one_process(tmp_path, monkeypatch, parser):
    for module in (pieces, workers):
        monkeypatch.setattr(module, "LONGEST_ROW", 1 << 20)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1 << 18)
    path = tmp_path / "f.csv"
    path.write_text("1,2\n1,2\n" + " " * (3 << 20) + "1,2\n")
    assert outcome(path, parser) == outcome(path)
    assert "a row is longer than" in outcome(path)[0]


def table(path: Path, rows: int) -> str:
    path.write_text("id,a,b\n" + "".join(f"{i},{i * 0.1!r},{i % 7}\n" for i in range(rows)))
    return str(path)


def mse_of(pair, jobs):
    from mse_cli.evaluate import evaluate_pair

    with reading_ahead(pair, jobs) as ahead:
        return evaluate_pair(ahead, jobs=jobs).result


def test_globs_and_keys_are_read_ahead_too(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_BYTES", 300)
    for i in range(3):
        table(tmp_path / f"p-{i}.csv", 50)
    glob = str(tmp_path / "p-*.csv")
    pair = open_pair(glob, glob, InputOptions())
    assert text_bytes(pair) > 0
    assert mse_of(pair, 2) == mse_of(pair, 1)
    one = table(tmp_path / "one.csv", 80)
    joined = open_pair(one, one, InputOptions(key="id"))
    assert mse_of(joined, 2) == mse_of(joined, 1)


@pytest.mark.parametrize("size", [9, 10, 12, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_between_rows_is_an_error_wherever_the_file_is_cut(tmp_path, monkeypatch, size, end):
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    path = tmp_path / "f.csv"
    path.write_bytes(end.join(["1", "2", "3", "4", "", "5", "6", ""]).encode())
    assert outcome(path)[0] == "f.csv, line 5: a blank line between rows"


def test_a_compressed_file_is_read_by_one_process(tmp_path, parser):
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n3,4\n"))
    matrix = open_text_matrix(FileSource(path, "f"), Dialect())
    assert not workers.can_be_cut(matrix)
    assert outcome(path, parser) == (np.array([1.0, 2, 3, 4]).tobytes(), [])


def test_the_command_gives_the_same_with_workers(tmp_path):
    paths = [table(tmp_path / name, 200_000) for name in ("a.csv", "y.csv")]
    command = [sys.executable, "-m", "mse_cli", "compute", *paths, "--format", "csv", "-j"]
    one, two = (subprocess.run([*command, j], capture_output=True, check=True) for j in "12")
    assert two.stdout == one.stdout
    assert two.stderr == one.stderr == b""


def test_a_worker_that_is_killed_is_an_error_of_the_command(tmp_path):
    path = tmp_path / "slow.csv"
    path.write_text("1,NA\n" * 3_000_000)
    command = [sys.executable, "-m", "mse_cli", "compute", str(path), str(path), "-j", "2", "--missing", "skip-cell"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = wait_for(lambda: len(found := family(process.pid)) == 2 and found)
    os.kill(children[0], signal.SIGKILL)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, b"")
    assert f"error: {path}: a worker process ended before its work was done\nhint: " in err.decode()
    assert b"Traceback" not in err


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended; what nobody has waited for yet has."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9), (signal.SIGTERM, -15)])
def test_workers_end_with_the_command(tmp_path, sent, code):
    path = tmp_path / "slow.csv"  # missing cells are for the strict parser, which takes its time
    path.write_text("1,NA\n" * 3_000_000)
    command = [sys.executable, "-m", "mse_cli", "compute", str(path), str(path), "-j", "2", "--missing", "skip-cell"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = wait_for(lambda: len(found := family(process.pid)) == 2 and found)
    assert children
    time.sleep(0.3)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert wait_for(lambda: all(map(gone, children)))
