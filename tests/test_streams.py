"""The command as a citizen of a shell: exit codes, signals, closed and full streams, files whole or not at all."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pytest

MSE = str(Path(sys.executable).parent / "mse")
FORMATS = ("table", "csv", "tsv", "json", "markdown", "npy")
HOUSES = ("price,rooms\n300000,3\n500000,4\n", "price,rooms\n350000,4\n450000,3\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two houses: SSE 5000000002, MSE 1250000000.5."""
    for name, text in zip(("p.csv", "t.csv"), HOUSES, strict=True):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A pair whose gradient takes seconds to write as CSV."""
    for name in ("p.npy", "t.npy"):
        np.save(tmp_path / name, np.random.default_rng(ord(name[0])).normal(size=(400_000, 4)))
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    clean = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if key in os.environ}
    return clean | {"PYTHONIOENCODING": "utf-8"} | more


def mse(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MSE, *arguments],
        cwd=folder,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def bash(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(MSE).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment(PATH=path), capture_output=True, text=True, timeout=60)


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    """The running command, its standard output and its standard error; its standard input stays open."""
    pipe = subprocess.PIPE
    command = [MSE, *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield process, process.stdout, process.stderr


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_writing(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.glob(".*.part"))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# Exit codes


@pytest.mark.parametrize("extra", [[], ["--only", "se"]])
@pytest.mark.parametrize("form", FORMATS)
def test_an_error_leaves_standard_output_empty_in_every_format(folder: Path, form: str, extra: list[str]) -> None:
    rows = ["1,2\n" * 1000 + "3,x\n", "1,2\n" * 1001]
    for name, text in zip(("bad.csv", "good.csv"), rows, strict=True):
        (folder / name).write_text(text)
    before = names(folder)
    done = mse(folder, "compute", "bad.csv", "good.csv", "--format", form, *extra, "--save-gradient", "g.npy")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert names(folder) == before


@pytest.mark.parametrize("form", FORMATS[:-1])
def test_merge_of_a_broken_part_leaves_standard_output_empty(folder: Path, form: str) -> None:
    (folder / "part.json").write_text('{"schema_version": 1, "mse": ')
    done = mse(folder, "merge", "part.json", "--format", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: part.json: is not a JSON result of mse compute\nhint: ")


@pytest.mark.parametrize(
    ("limit", "code"), [("1250000000.5", 0), ("1250000000.4", 1), ("-1", 1), ("inf", 0), ("1e-400", 1)]
)
def test_fail_above_is_exit_code_1_with_the_whole_result(folder: Path, limit: str, code: int) -> None:
    done = mse(folder, "compute", "p.csv", "t.csv", "--only", "mse", "--fail-above", limit, "-o", "x.txt")
    assert done.returncode == code
    assert (folder / "x.txt").read_text() == "1250000000.5\n"
    assert ("--fail-above" in done.stderr) == (code == 1)
    assert ("--fail-above" in mse(folder, "compute", "p.csv", "t.csv", "--fail-above", limit, "-q").stderr) == code


def test_fail_above_fails_for_a_loss_that_is_no_number(folder: Path) -> None:
    (folder / "nan.csv").write_text("price,rooms\nnan,3\n500000,4\n")
    done = mse(
        folder, "compute", "nan.csv", "t.csv", "--missing", "propagate", "--only", "mse", "--fail-above", "1e300"
    )
    assert (done.returncode, done.stdout) == (1, "nan\n")


def test_fail_above_nan_is_refused(folder: Path) -> None:
    done = mse(folder, "compute", "p.csv", "t.csv", "--fail-above", "nan")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_script_with_pipefail_sees_the_documented_codes(folder: Path) -> None:
    script = """set -o pipefail
    mse compute p.csv t.csv --only mse | cat; echo $?
    mse compute p.csv t.csv --only mse --fail-above 1 2> /dev/null | cat; echo $?
    mse compute p.csv nosuch.csv --only mse 2> /dev/null | cat; echo $?
    cat p.csv | mse compute - t.csv --only sse | cat; echo $?"""
    done = bash(folder, script)
    assert done.stdout.split() == ["1250000000.5", "0", "1250000000.5", "1", "2", "5000000002", "0"]
    assert done.stderr == ""


def test_standard_input_can_be_only_one_of_the_files(folder: Path) -> None:
    done = mse(folder, "compute", "-", "-")
    assert (done.returncode, done.stdout) == (2, "")
    assert "only one of the files" in done.stderr


# Readers that go away


@pytest.mark.parametrize("extra", [[], ["--save-se", "se.npy"]])
def test_a_reader_that_goes_away_ends_it_by_sigpipe_silently(large: Path, extra: list[str]) -> None:
    before = names(large)
    with started(large, "compute", "p.npy", "t.npy", "--format", "json", *extra) as (process, out, err):
        assert out.readline() == b'{"schema_version": 1,\n'
        out.close()
        assert process.wait(30) == -signal.SIGPIPE
        assert err.read() == b""
    assert names(large) == before


def test_head_in_a_pipeline_is_silent(large: Path) -> None:
    done = bash(large, 'mse compute p.npy t.npy --only gradient -f csv | head -1 | wc -l; echo "${PIPESTATUS[0]}"')
    assert done.stdout.split() == ["1", str(128 + signal.SIGPIPE)]
    assert done.stderr == ""


# Interruptions


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1)]
)
def test_a_signal_while_a_file_is_written_leaves_what_was_there(large: Path, number: int, code: int) -> None:
    (large / "s.csv").write_text("precious\n")
    before = names(large)
    with started(large, "compute", "p.npy", "t.npy", "--save-gradient", "g.csv", "--save-se", "s.csv") as (process, *_):
        wait_until(lambda: is_writing(large))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (code, b"", b"")
    assert names(large) == before
    assert (large / "s.csv").read_text() == "precious\n"


def test_an_interrupt_while_it_waits_for_input_leaves_nothing(folder: Path) -> None:
    before = names(folder)
    with started(folder, "compute", "-", "t.csv", "-o", "x.json") as (process, *_):
        wait_until(lambda: names(folder) != before)  # the output is opened before the long work starts
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert names(folder) == before


def test_an_interrupt_while_modules_are_loaded_is_as_quiet(folder: Path) -> None:
    code = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from mse_cli.__main__ import main
main()"""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# Disks that are full, places that cannot be written


@pytest.mark.parametrize(
    "option", ["--save-gradient g.npy", "--save-se s.csv", "--save-se s.csv.gz", "-f json -o g.json"]
)
def test_a_file_that_does_not_fit_is_an_error_and_leaves_nothing(large: Path, option: str) -> None:
    before = names(large)
    done = bash(large, f"ulimit -f 64; mse compute p.npy t.npy {option}; echo $?")
    assert done.stdout == "2\n"
    assert done.stderr.startswith("error: ")
    assert "cannot be written: file too large" in done.stderr
    assert names(large) == before


PRINTING = [
    *(f"compute p.csv t.csv -f {form}" for form in FORMATS[:-1]),
    "compute p.csv t.csv --only gradient -f npy",
    "compute p.csv t.csv --only mse",
    *(f"compare p.csv t.csv t.csv -f {form}" for form in FORMATS[:-1]),
    "compare p.csv t.csv t.csv --only best",
    *(f"merge part.json -f {form}" for form in FORMATS[:-1]),
    "report p.csv t.csv",
    *(f"explain p.csv t.csv --format {form}" for form in ("terminal", "markdown", "html", "latex", "ipynb")),
    "check p.csv t.csv --loss 1250000000.5",
    "check p.csv t.csv --loss 1250000000.5 --format json",
    "-h",
    "--version",
]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two houses, and the part that they are; nothing is written here."""
    path = tmp_path_factory.mktemp("parts")
    for name, text in zip(("p.csv", "t.csv"), HOUSES, strict=True):
        (path / name).write_text(text)
    assert mse(path, "compute", "p.csv", "t.csv", "-o", "part.json").returncode == 0
    return path


@pytest.mark.parametrize("command", PRINTING)
def test_a_full_device_is_an_error(parts: Path, command: str) -> None:
    done = bash(parts, f"mse {command} > /dev/full; echo $?")
    assert done.stdout == "2\n"
    assert done.stderr.startswith("error: standard output: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", PRINTING[:-2])
def test_a_closed_standard_output_is_an_error(parts: Path, command: str) -> None:
    done = bash(parts, f"mse {command} >&- & wait $!; echo $?; mse {command} <&- 2>&- > out; echo $?")
    assert done.stdout == "2\n0\n"
    assert done.stderr.startswith("error: standard output is closed\n")
    assert "Traceback" not in done.stderr
    assert (parts / "out").stat().st_size


@pytest.mark.parametrize(
    ("path", "why"),
    [("nosuch/x.csv", "no such directory"), (".", "is a directory"), ("p.csv/x.csv", "not a directory")],
)
def test_a_bad_output_path_fails_at_once(folder: Path, path: str, why: str) -> None:
    before = names(folder)
    with started(folder, "compute", "-", "t.csv", "-o", path) as (process, _, err):  # no input ever comes
        assert process.wait(30) == 2
        assert err.read().decode() == f"error: {path}: cannot be written: {why}\n"
    assert names(folder) == before


# Closed streams


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["compute p.csv t.csv", "compute - nosuch", "-h"])
def test_closed_streams_do_not_produce_a_traceback(folder: Path, command: str, closed: str) -> None:
    done = bash(folder, f"mse {command} < /dev/null {closed}; echo $?")
    assert done.stdout.splitlines()[-1] in {"0", "2"}
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_result_with_nowhere_to_go_is_an_error_but_a_file_is_written(folder: Path) -> None:
    done = bash(
        folder, "mse compute p.csv t.csv >&-; echo $?; mse compute p.csv t.csv --only mse -o x >&-; echo $?; cat x"
    )
    assert done.stdout.split() == ["2", "0", "1250000000.5"]
    assert done.stderr.startswith("error: standard output is closed\n")


# Places that are no ordinary files


def test_devices_and_pipes_are_written_as_they_are(folder: Path) -> None:
    script = """compute() { mse compute p.csv t.csv --only mse "$@"; }
    compute -o /dev/stdout | cat
    compute -o - | cat
    compute -o /dev/null; test -c /dev/null && echo device
    echo before > log; compute -o /dev/stdout >> log; cat log
    compute -o >(cat > inner); sleep 0.2; cat inner
    mkfifo pipe; cat pipe & compute -o pipe; wait; test -p pipe && echo pipe"""
    done = bash(folder, script)
    number = "1250000000.5"
    assert done.stdout.split() == [number, number, "device", "before", number, number, number, "pipe"]
    assert done.stderr == ""


def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(folder: Path) -> None:
    (folder / "real.txt").write_text("old")
    (folder / "real.txt").chmod(0o600)
    (folder / "link.txt").symlink_to("real.txt")
    assert mse(folder, "compute", "p.csv", "t.csv", "--only", "mse", "-o", "link.txt").returncode == 0
    assert (folder / "link.txt").is_symlink()
    assert (folder / "real.txt").read_text() == "1250000000.5\n"
    assert (folder / "real.txt").stat().st_mode & 0o777 == 0o600


def test_an_input_is_never_overwritten(folder: Path) -> None:
    (folder / "link.csv").symlink_to("p.csv")
    for options in (["-o", "p.csv"], ["-o", "./link.csv"], ["--save-se", str(folder / "t.csv")]):
        done = mse(folder, "compute", "p.csv", "t.csv", *options)
        assert done.returncode == 2
        assert "is an input" in done.stderr
    assert (folder / "p.csv").read_text() == HOUSES[0]
    assert (folder / "t.csv").read_text() == HOUSES[1]


def test_two_outputs_cannot_be_one_file(folder: Path) -> None:
    done = mse(folder, "compute", "p.csv", "t.csv", "--save-se", "x.npy", "--save-gradient", "./x.npy")
    assert done.returncode == 2
    assert not (folder / "x.npy").exists()


def test_a_file_has_the_same_bytes_as_standard_output(folder: Path) -> None:
    for arguments in (("compute", "p.csv", "t.csv"), ("compute", "p.csv", "t.csv", "--only", "se", "-f", "npy")):
        assert mse(folder, *arguments, "-o", "x").returncode == 0
        printed = subprocess.run([MSE, *arguments], cwd=folder, env=environment(), capture_output=True, check=True)
        assert (folder / "x").read_bytes() == printed.stdout


# What goes where


def test_notes_go_to_standard_error_and_quiet_leaves_them_out(folder: Path) -> None:
    (folder / "turned.csv").write_text("rooms,price\n4,350000\n3,450000\n")
    loud = mse(folder, "compute", "p.csv", "turned.csv", "--only", "mse")
    assert (loud.stdout, loud.stderr[:6]) == ("1250000000.5\n", "note: ")
    assert mse(folder, "compute", "p.csv", "turned.csv", "--only", "mse", "--quiet").stderr == ""


def test_npy_is_refused_on_a_terminal_and_written_to_a_pipe(folder: Path) -> None:
    controller, terminal = pty.openpty()
    command = [MSE, "compute", "p.csv", "t.csv", "--only", "gradient", "-f", "npy"]
    done = subprocess.run(command, cwd=folder, env=environment(), stdout=terminal, stderr=subprocess.PIPE, check=False)
    os.close(terminal)
    os.close(controller)
    assert (done.returncode, done.stderr[:7]) == (2, b"error: ")
    script = "mse compute p.csv t.csv --only gradient -f npy | mse compute - zeros.npy --only sse"
    np.save(folder / "zeros.npy", np.zeros((2, 2)))
    assert bash(folder, script).stdout == "1250000000.5\n"


LOST = """
import signal, time, weakref
from mse_cli import cli
cli.settle()
class Module: pass
module = Module()
reference = weakref.ref(module, lambda _: signal.raise_signal(signal.{name}))
try:
    del module
    time.sleep(20)
except (KeyboardInterrupt, SystemExit) as end:
    print(type(end).__name__)
"""


@pytest.mark.parametrize(("name", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")])
def test_a_signal_that_comes_where_python_can_raise_nothing_is_not_lost(name, raised):
    done = subprocess.run([sys.executable, "-c", LOST.format(name=name)], capture_output=True, text=True, timeout=15)
    assert (done.stdout, done.stderr, done.returncode) == (raised + "\n", "", 0)
