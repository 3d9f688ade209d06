"""Faults while the command runs: nothing hangs, one signal ends everything, and what went wrong is one line."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_hostile_server import Hostile, server  # noqa: F401 - a fixture

from mse_cli.render.files.swapping import alone

SLOW_ROW = ' "1",2\n'  # a quote after white space is for the strict parser, which takes its time
AT_ONCE = 2.0  # seconds; under load more
PROGRAM = [sys.executable, "-m", "mse_cli"]


@pytest.fixture
def start(tmp_path):
    """Start the command in the test's folder, as the leader of a group of processes that ends with the test."""
    with contextlib.ExitStack() as stack:

        def started(*arguments: str) -> subprocess.Popen[str]:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
            process = stack.enter_context(subprocess.Popen([*PROGRAM, *arguments], cwd=tmp_path, **pipes))
            stack.callback(end, process.pid)
            return process

        yield started


def end(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def wait_for(condition, seconds: float = 30.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return found


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_writing(pid: int) -> bool:
    """Whether a process waits inside write(2)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/syscall").read_text().split()[0] == "1" and state(pid) == "S"
    return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def check_ended(process: subprocess.Popen[str], code: int, seconds: float = AT_ONCE) -> str:
    """It ends in time with this code, without output, traceback or children; what it said on standard error."""
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    load = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - began < seconds * load
    assert (process.returncode, out) == (code, ""), err
    assert "Traceback" not in err
    assert "Exception" not in err
    with pytest.raises(ProcessLookupError):
        wait_for(lambda: os.killpg(process.pid, 0), 5)
    return err


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow.csv").write_text(SLOW_ROW * 1_000_000)
    return tmp_path


@pytest.mark.parametrize("what", [["--only", "se", "-f", "csv"], ["--save-se", "se.csv", "--only", "mse"]])
def test_a_worker_killed_while_it_sends_its_result_is_an_error_not_a_hang(start, tmp_path, what):
    (tmp_path / "a.csv").write_text("1.5,2.25\n" * 600_000)
    process = start("compute", "a.csv", "a.csv", "-j", "2", *what, "-o", "out.csv")
    workers = wait_for(lambda: len(found := children(process.pid)) == 2 and found)
    while not any(map(is_writing, workers)):  # its result is larger than a pipe holds
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        if not any(map(is_writing, workers)):
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
        assert process.poll() is None
    os.kill(next(filter(is_writing, workers)), signal.SIGKILL)
    process.send_signal(signal.SIGCONT)
    assert check_ended(process, 2, 5).startswith("error: a worker process ended before its work was done\nhint: ")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("workers", ["working", "stopped"])
def test_one_signal_ends_everything_whatever_a_worker_is_doing(start, slow, sent, code, workers):
    process = start("compute", "slow.csv", "slow.csv", "-j", "2")
    found = wait_for(lambda: len(found := children(process.pid)) == 2 and found)
    if workers == "stopped":
        for worker in found:
            os.kill(worker, signal.SIGSTOP)
    os.kill(process.pid, sent) if workers == "stopped" else os.killpg(process.pid, sent)
    assert check_ended(process, code) == ""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("path", ["silent/a.npy", "index/"])
def test_one_signal_ends_the_wait_for_a_server(server, start, sent, code, path):  # noqa: F811
    Hostile.requests.clear()
    process = start("compute", f"{server}/{path}", "y.npy")
    wait_for(lambda: any("silent" in request[1] for request in Hostile.requests))
    process.send_signal(sent)
    assert check_ended(process, code) == ""


def test_workers_that_cannot_start_are_an_error(slow):
    command = f"ulimit -n 40; exec {' '.join(PROGRAM)} compute slow.csv slow.csv -j 60"
    done = subprocess.run(["bash", "-c", command], cwd=slow, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: a worker process cannot be started: too many open files\n"
        "hint: --jobs J starts fewer, --jobs 1 works without workers\n"
    )


@pytest.mark.parametrize("how", ["forked", "spawned"])
def test_a_worker_that_fails_while_it_starts_is_an_error(tmp_path, how):
    np.savetxt(tmp_path / "a.csv", np.ones((9, 2)), delimiter=",")
    program = f"""
import sys
from mse_cli.running import backend, processes
def fail():
    raise MemoryError
processes.keep_freed_memory = fail
processes.PROGRAM = processes.PROGRAM.replace("work(0, 1)", "raise MemoryError")
processes.forked = processes.{how}
backend.processes_for = lambda pair, jobs: 2
from mse_cli.cli import run
sys.exit(run(["compute", "a.csv", "a.csv"]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: a worker process ended before its work was done\nhint: ")
    assert "Traceback" not in done.stderr


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def shards(tmp_path):
    """Prediction and target in shards, and what earlier runs have written."""
    for name in ("a", "y", "se"):
        (tmp_path / name).mkdir()
        for k in range(3):
            np.save(tmp_path / name / f"part-{k}.npy", np.full((5, 2), float(ord(name[0]))))
    for name in ("se.npy", "g.npy", "out.csv"):
        (tmp_path / name).write_text("before")
    return tmp_path


OUTPUTS = ("--save-se", "se/", "--save-gradient", "g.npy", "-o", "out.csv")


def compute(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, "compute", "a/", "y/", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_outputs_appear_together_and_nothing_is_left_beside(shards):
    assert compute(shards, *OUTPUTS).returncode == 0
    assert np.load(shards / "se" / "part-2.npy")[0, 0] == 24.0**2
    assert np.load(shards / "g.npy").shape == (15, 2)
    assert (shards / "out.csv").read_text().startswith("rows,")
    assert [name for name in tree(shards) if "/." in name or name.startswith(".")] == []


@pytest.mark.parametrize("last", ["se/", "g.npy", "out.csv"])
@pytest.mark.parametrize("fault", ["refused", "TERM"])
def test_where_the_last_output_fails_none_has_appeared_and_nothing_is_printed(shards, last, fault):
    """The name of the last output is refused by the system, or a signal comes just then."""
    before = tree(shards)
    program = f"""
import os, sys
from mse_cli.render import shard_folder
from mse_cli.render.files import destination, swapping
from mse_cli.cli import run, settle
swap = swapping.swap
def failing(new, place):
    if place.name == {last.rstrip("/")!r}:
        if {fault == "TERM"}:
            os.kill(os.getpid(), 15)
        raise PermissionError(13, "permission denied")
    swap(new, place)
destination.swap = shard_folder.swap = failing
settle()
sys.exit(run(sys.argv[1:]))
"""
    arguments = [option for option in OUTPUTS if last == "out.csv" or option not in ("-o", "out.csv")]
    command = [sys.executable, "-c", program, "compute", "a/", "y/", *arguments]
    done = subprocess.run(command, cwd=shards, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (143 if fault == "TERM" else 2, "")
    assert fault == "TERM" or done.stderr.startswith(f"error: {last}: cannot be written: permission denied")
    assert tree(shards) == before


def test_what_a_killed_run_has_left_is_removed_by_a_later_one(shards):
    (shards / ".se.part").mkdir()
    (shards / ".se.part" / "part-0.npy").write_bytes(b"half")
    for name in (".g.npy.0badcafe.part", ".out.csv.0badcafe.part", ".se.lock"):
        (shards / name).write_bytes(b"half")
    assert compute(shards, *OUTPUTS).returncode == 0
    assert [path.name for path in shards.iterdir() if path.name.startswith(".")] == []


def test_two_runs_on_one_folder(shards):
    before = tree(shards)
    with alone(shards / "se"):
        done = compute(shards, "--save-se", "se/", "--save-gradient", "g.npy")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"error: {shards}/se: another run is writing there\n"
    assert tree(shards) == before
    assert compute(shards, "--save-se", "se/").returncode == 0


@pytest.mark.parametrize(
    "arguments", [("--save-se", "se.npy"), ("--save-se", "se/"), ("--only", "se", "-o", "out.csv")]
)
@pytest.mark.parametrize("fault", ["grow", "touch", "replace"])
def test_an_input_that_changes_between_two_passes_is_an_error(shards, arguments, fault):
    before = tree(shards)
    change = {
        "grow": "np.save('a/part-1.npy', np.ones((5, 2)).astype('f4'))",
        "touch": "os.utime('a/part-1.npy', (1, 1))",
        "replace": "os.replace('y/part-0.npy', 'a/part-1.npy')",
    }[fault]
    program = f"""
import os, sys, numpy as np
from mse_cli.running import evaluation
evaluate = evaluation.evaluate_pair
def changing(*arguments, **options):
    result = evaluate(*arguments, **options)
    {change}
    return result
evaluation.evaluate_pair = changing
from mse_cli.cli import run
sys.exit(run(sys.argv[1:]))
"""
    command = [sys.executable, "-c", program, "compute", "a/", "y/", *arguments]
    done = subprocess.run(command, cwd=shards, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: a/part-1.npy: ") or fault == "replace"
    for name in before:
        assert name.startswith(("a/", "y/")) or tree(shards)[name] == before[name]
