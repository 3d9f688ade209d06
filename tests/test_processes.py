"""Text files read in worker processes: what one process reads, to the bit and to the word, or a clean end."""

import gzip
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.sums import Sums
from mse_cli.errors import MseError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text import counting, pieces, text_file
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import partitions
from mse_cli.running.backend import backend_for, text_bytes
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.processes import in_processes
from mse_cli.running.tallying import map_here, run_here, run_in_partitions

NUMBER = st.sampled_from(["1", "-2.5", "+3e2", " 4 ", "1e-320", "0.1"])
CELL = NUMBER | NUMBER | NUMBER | st.sampled_from(["NA", "", '"5"', '"6\n"', '"', "x", "inf", '"a""b"'])
ROW = st.lists(CELL, min_size=2, max_size=2).map(",".join) | st.sampled_from(
    ["# it's 5\" long", '#"a"', "", "1", "1,2,3"]
)
ODD = re.compile(r'(?m)^(?:.*[x"].*|.*inf.*|1|1,2,3|#.*)?$')
PLAIN_ROW = st.lists(NUMBER, min_size=2, max_size=2).map(",".join)
TEXT = st.builds(
    lambda plain, rows, end, last: end.join([*plain, *rows]) + last,
    st.lists(PLAIN_ROW, min_size=2, max_size=40),
    st.lists(ROW, max_size=3).flatmap(lambda odd: st.lists(PLAIN_ROW, max_size=40).map(lambda rows: [*odd, *rows])),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
)


@pytest.fixture(scope="module", params=[1, 2])
def mapped(request):
    with in_processes(request.param) as mapped:
        yield mapped


def small_pieces(patch, size):
    """Pieces of a few bytes, so that small files are cut; workers that have been forked do not know of it."""
    for module in (text_file, counting):
        patch.setattr(module, "PIECE_BYTES", size)
    patch.setattr(counting, "RANGE_BYTES", 3 * size)
    patch.setattr(partitions, "PARTITION_CELLS", 1)
    patch.setattr(text_file, "BYTES_AS_A_CELL", 2 * size)


def outcome(paths, mapped=None):
    """All that a pair of text files gives: the sums and rows, bit by bit, or the error with its hint."""
    try:
        pair = open_pair(*map(str, paths), InputOptions(dialect=Dialect(missing="skip-cell")))
        tallies = Sums(pair.n_columns), Edges(10_000)
        if mapped is None:
            run_here(pair, *tallies)
        else:
            pair = partitions.with_counted_rows(pair, mapped)
            run_in_partitions(partitions.partitions_of(pair), *tallies, mapped=mapped)
    except MseError as error:
        return str(error), error.hint
    block = tallies[1].block()
    return repr(tallies[0].finish()), block.prediction.tobytes(), block.target.tobytes()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXT, other=st.none() | TEXT, size=st.integers(5, 200))
def test_processes_read_as_one_process_does(mapped, tmp_path, text, other, size):
    paths = tmp_path / "a.csv", tmp_path / "y.csv"
    for path, content in zip(paths, (text, text if other is None else other), strict=True):
        path.write_bytes(content.encode())
    with pytest.MonkeyPatch.context() as patch:
        small_pieces(patch, size)
        here, *elsewhere = outcome(paths), outcome(paths, map_here), outcome(paths, mapped)
    for there in elsewhere:
        # Of several errors another one may be met first.
        assert here == there or (
            len(here) == len(there) == 2 and (other is not None or len(ODD.findall(text.replace("\r\n", "\n"))) > 1)
        )


def test_an_error_far_into_the_file_names_its_line(tmp_path, monkeypatch, mapped):
    small_pieces(monkeypatch, 1000)
    path, good = tmp_path / "f.csv", tmp_path / "g.csv"
    path.write_text("# made\na,b\n" + "1,2\n" * 5000 + "1,abc\n" + "1,2\n" * 5000)
    good.write_text("a,b\n" + "1,2\n" * 10_001)
    for paths in ((path, good), (good, path)):
        assert outcome(paths, mapped)[0] == f"{path}, line 5003, column 2 (b): 'abc' is not a number"


def test_a_row_too_long_is_the_error_of_one_process(tmp_path, monkeypatch):
    for module in (pieces, counting):
        monkeypatch.setattr(module, "LONGEST_ROW", 1 << 20)
    for module in (text_file, counting):
        monkeypatch.setattr(module, "PIECE_BYTES", 1 << 18)
    path = tmp_path / "f.csv"
    path.write_text("1,2\n1,2\n" + " " * (3 << 20) + "1,2\n")
    assert outcome((path, path), map_here) == outcome((path, path))
    assert "a row is longer than" in outcome((path, path))[0]


def table(path: Path, rows: int) -> str:
    path.write_text("no,a,b\n" + "".join(f"{i},{i * 0.1!r},{i % 7}\n" for i in range(rows)))
    return str(path)


def result_of(pair, jobs):
    with backend_for(pair, jobs=jobs, tell=print) as there:
        return evaluate_pair(there).result, there.in_partitions


def test_globs_are_read_in_parts_and_what_is_matched_by_a_key_is_not(tmp_path, monkeypatch):
    small_pieces(monkeypatch, 300)
    for i in range(3):
        table(tmp_path / f"p-{i}.csv", 50)
    glob = str(tmp_path / "p-*.csv")
    pair = open_pair(glob, glob, InputOptions())
    assert text_bytes(pair) > 0
    assert result_of(pair, 2) == (result_of(pair, 1)[0], True)
    one = table(tmp_path / "one.csv", 80)
    joined = open_pair(one, one, InputOptions(key="no"))
    assert result_of(joined, 2) == (result_of(joined, 1)[0], False)


def test_weights_and_a_table_are_read_in_parts_too(tmp_path, monkeypatch):
    small_pieces(monkeypatch, 300)
    path = table(tmp_path / "one.csv", 80)
    options = {"pred": "a", "true": "b", "weight_column": "no"}
    pair = open_pair(path, None, InputOptions(**options))
    assert result_of(pair, 2) == (result_of(pair, 1)[0], True)
    np.save(tmp_path / "w.npy", np.arange(80.0))
    weighted = open_pair(path, path, InputOptions(weights=str(tmp_path / "w.npy")))
    assert result_of(weighted, 2) == (result_of(weighted, 1)[0], True)


@pytest.mark.parametrize("size", [9, 10, 12, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_between_rows_is_an_error_wherever_the_file_is_cut(tmp_path, monkeypatch, size, end):
    small_pieces(monkeypatch, size)
    path = tmp_path / "f.csv"
    path.write_bytes(end.join(["1", "2", "3", "4", "", "5", "6", ""]).encode())
    for place in (None, map_here):
        assert outcome((path, path), place)[0] == f"{path}, line 5: a blank line between rows"


def test_a_compressed_file_is_read_by_one_process(tmp_path):
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n3,4\n"))
    assert result_of(open_pair(str(path), str(path), InputOptions()), 2)[1] is False


def test_the_command_gives_the_same_with_workers(tmp_path):
    paths = [table(tmp_path / name, 200_000) for name in ("a.csv", "y.csv")]
    command = [sys.executable, "-m", "mse_cli", "compute", *paths, "--format", "csv", "-j"]
    one, two = (subprocess.run([*command, j], capture_output=True, check=True) for j in "12")
    assert two.stdout == one.stdout
    assert two.stderr == one.stderr == b""


SLOW_ROW = ' "1",2\n'  # a quote after white space is for the strict parser, which takes its time


def test_a_worker_that_is_killed_is_an_error_of_the_command(tmp_path):
    path = tmp_path / "slow.csv"
    path.write_text(SLOW_ROW * 2_000_000)
    command = [sys.executable, "-m", "mse_cli", "compute", str(path), str(path), "-j", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = wait_for(lambda: len(found := family(process.pid)) == 2 and found)
    os.kill(children[0], signal.SIGKILL)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, b"")
    assert "error: a worker process ended before its work was done\nhint: " in err.decode()
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


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_workers_end_with_the_command(tmp_path, sent, code):
    path = tmp_path / "slow.csv"
    path.write_text(SLOW_ROW * 2_000_000)
    command = [sys.executable, "-m", "mse_cli", "compute", str(path), str(path), "-j", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = wait_for(lambda: len(found := family(process.pid)) == 2 and found)
    assert children
    time.sleep(0.3)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, b"", b"")
    assert wait_for(lambda: all(map(gone, children)))
