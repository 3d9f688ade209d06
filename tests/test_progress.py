"""Progress: on a terminal, from the first second, in every long phase, never beside anything else, gone at the end."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from mse_cli.cli import run
from mse_cli.meter import METER, MeteredFile
from mse_cli.render.screens import progress
from mse_cli.render.screens.messages import note
from mse_cli.render.screens.progress import WIPED, Phase

MSE = str(Path(sys.executable).parent / "mse")
# The command, which draws at once and as often as it can.
EAGER = [
    sys.executable,
    "-c",
    "from mse_cli.render.screens import progress; progress.SECONDS_BEFORE_IT_SHOWS = 0; "
    "progress.SECONDS_BETWEEN = 0.001; from mse_cli.cli import main; main()",
]


@pytest.mark.parametrize(("n_rows", "left"), [(20_000, "0:02 left"), (None, "0:02")])
def test_it_tells_rows_and_rate_and_time_left_where_known(n_rows, left):
    rows = Phase("reading", n_rows, wanted=True)
    assert rows.line(0.4) == "reading"
    assert rows.line(1) == "reading · 0:01"
    rows(5000)
    rows(5000)
    assert rows.line(2) == "reading 10,000 rows · 5,000 rows/s · " + left


def test_bytes_tell_the_time_left_where_rows_do_not(tmp_path):
    (tmp_path / "a").write_bytes(bytes(100))
    phase = Phase("reading", None, 400, wanted=True)
    with MeteredFile(tmp_path / "a") as stream:
        stream.readinto(bytearray(100))
    assert phase.line(1) == "reading 25% · 0:03 left"
    phase(50)
    assert phase.line(1) == "reading 50 rows · 50 rows/s · 0:03 left"
    phase(50, 200)  # read by a worker
    assert phase.line(1) == "reading 100 rows · 100 rows/s · 0:01 left"


def test_rows_at_work_are_guessed_by_bytes_and_what_is_done_twice_takes_twice():
    phase = Phase("reading", 1000, 100, passes=2, wanted=True)
    METER.n_bytes += 50
    assert phase.line(1) == "reading 500 rows · 500 rows/s · 0:03 left"
    phase(1000)
    assert phase.line(1) == "reading 1,000 rows · 1,000 rows/s · 0:01 left"
    phase(1000)
    assert phase.line(62) == "reading 2,000 rows · 32 rows/s · 1:02"  # more than was foreseen is being done


def test_files_are_counted(tmp_path):
    phase = Phase("opening", wanted=True)
    METER.files, METER.files_named = METER.files + 312, METER.files + 2000
    assert phase.line(1) == f"opening {METER.files:,} of {METER.files_named:,} files"


def watched(folder, command):
    """Exit code and what a terminal on standard error gets of a run whose FIFO is filled once a line is seen."""
    os.mkfifo(folder / "slow.csv")
    (folder / "t.csv").write_text("a,b\n1,2\n")
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    with subprocess.Popen([MSE, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=terminal) as run:
        ready, _, _ = select.select([controller], [], [], 30)
        assert ready
        text = os.read(controller, 4096)
        (folder / "slow.csv").write_text("a,b\n1,3\n")
        run.communicate(timeout=30)
    os.close(terminal)
    return run.returncode, text.decode() + drained(controller)


def drained(controller):
    """All that a terminal still gets, whose other end is closed."""
    text = b""
    with contextlib.suppress(OSError):
        while data := os.read(controller, 65536):
            text += data
    os.close(controller)
    return text.decode()


COMMANDS = [
    ["compute", "slow.csv", "t.csv"],
    ["compare", "t.csv", "slow.csv", "t.csv"],
    ["check", "slow.csv", "t.csv", "--loss", "0.5"],
    ["explain", "slow.csv", "t.csv"],
    ["report", "slow.csv", "t.csv"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_slow_input_shows_that_it_is_being_opened_and_the_line_goes(tmp_path, command):
    code, text = watched(tmp_path, command)
    assert code == 0
    assert text.startswith(WIPED + "opening")
    assert text.endswith(WIPED)


def test_a_slow_part_shows_that_it_is_being_read(tmp_path):
    code, text = watched(tmp_path, ["merge", "slow.csv", "t.csv"])
    assert code == 2
    assert text.startswith(WIPED + "reading")
    assert WIPED + "error: slow.csv: is not a JSON result" in text


def test_an_error_stands_on_a_clean_line(tmp_path):
    code, text = watched(tmp_path, ["compute", "slow.csv", "t.csv", "--pred", "c"])
    assert code == 2
    assert WIPED + "error: " in text


@pytest.mark.parametrize(
    ("wanted", "terminal_type", "watching", "foreground", "shows"),
    [
        (True, "xterm", True, True, True),
        (False, "xterm", True, True, False),
        (True, "dumb", True, True, False),
        (True, "xterm", False, True, False),
        (True, "xterm", True, False, False),
    ],
    ids=["a terminal", "quiet", "a dumb terminal", "a pipe", "in the background"],
)
def test_only_a_terminal_that_is_asked_shows_it(monkeypatch, wanted, terminal_type, watching, foreground, shows):
    reader, writer = pty.openpty() if watching else os.pipe()
    os.set_blocking(reader, False)
    monkeypatch.setenv("TERM", terminal_type)
    monkeypatch.setattr(progress, "SECONDS_BEFORE_IT_SHOWS", 0)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() if foreground else 1)
    with open(writer, "w") as stream, open(reader, "rb", buffering=0) as seen:
        monkeypatch.setattr("sys.stderr", stream)
        with Phase("reading", wanted=wanted):
            time.sleep(0.1)
            note(["something"], quiet=False)
        text = seen.read() or b""
    assert text.startswith(WIPED.encode() + b"reading") is shows
    assert (WIPED.encode() in text) is (wanted and terminal_type != "dumb" and watching)
    assert (WIPED.encode() + b"note: something" in text) is (WIPED.encode() in text)


def test_work_goes_on_where_no_thread_is_left(monkeypatch):
    def refused(_):
        raise RuntimeError("can't start new thread")

    controller, terminal = pty.openpty()
    monkeypatch.setattr("threading.Thread.start", refused)
    with open(terminal, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        with Phase("reading", wanted=True) as phase:
            phase(3)
    assert phase.rows == 3
    assert drained(controller) == ""


@pytest.fixture
def files(tmp_path):
    """A pair as text, as arrays, in shards, with keys; and the results of two parts."""
    for name in "ay":
        rows = np.random.default_rng(ord(name)).integers(0, 100, size=(3000, 2)).astype(float)
        np.save(tmp_path / f"{name}.npy", rows)
        np.savetxt(tmp_path / f"{name}.csv", rows, delimiter=",", fmt="%g")
        keyed = np.column_stack([np.arange(3000), rows])
        np.savetxt(tmp_path / f"k{name}.csv", keyed, delimiter=",", fmt="%g", header="key,p,q", comments="")
        (tmp_path / name).mkdir()
        for k, part in enumerate(np.array_split(rows, 3)):
            np.save(tmp_path / name / f"{k}.npy", part)
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    for k in range(2):
        assert (
            run(["compute", *(f"{tmp_path}/{it}/{k}.npy" for it in "ay"), "-f", "json", "-o", f"{tmp_path}/{k}.json"])
            == 0
        )
    return tmp_path


PHASES = [
    ("compute a.csv y.csv -j 2", {"counting": 6000, "reading": 3000, "writing": 0}),
    ("compute a.csv y.csv -j 1", {"counting": 0, "reading": 3000, "writing": 0}),
    ("compute a.npy y.npy --only se -f csv -o o.csv", {"reading": 3000, "writing": 3000}),
    ("compute a.npy y.npy -f json -o o.json", {"reading": 3000, "writing": 6000}),
    ("compute a.npy y.npy --all -o o.txt", {"reading": 3000, "writing": 6000}),
    ("compute a.npy y.npy -f markdown --all -o o.md", {"reading": 3000, "writing": 6000}),
    ("compute a.npy y.npy --save-se s.npy --save-gradient g/", {"saving se": 3000, "saving gradient": 3000}),
    ("compute a/ y/ --save-gradient s/", {"reading": 3000, "saving gradient": 3000}),
    ("compute ka.csv ky.csv --key key --only gradient -o o.csv", {"reading": 3000, "writing": 3000}),
    ("compare a.csv b.csv y.csv -j 2", {"counting": 9000, "reading": 3000}),
    ("report a.csv y.csv -j 2 -o r.html", {"counting": 6000, "reading twice": 6000, "drawing": 0}),
    ("explain a.npy y.npy", {"reading twice": 6000}),
    ("check a.csv y.csv --loss 1", {"checking": 6000}),
    ("merge 0.json 1.json", {"reading": 0}),
]


@pytest.mark.parametrize(("command", "rows"), PHASES, ids=[command for command, _ in PHASES])
def test_every_long_phase_tells_how_far_it_is(files, monkeypatch, command, rows):
    """And it foresees what it does, where it can."""
    phases = []

    class Noted(Phase):
        def __enter__(self):
            phases.append(self)
            return super().__enter__()

    monkeypatch.chdir(files)
    monkeypatch.setattr(import_module(f"mse_cli.commands.{command.split()[0]}"), "Phase", Noted)
    assert run(command.split()) in (0, 1)
    assert {phase.what: phase.rows for phase in phases if phase.what in rows} == rows
    assert [phase.what for phase in phases if phase.rows and phase.n_rows not in (None, phase.rows)] == []
    assert [phase.what for phase in phases if phase.rows and phase.n_bytes is None] == []


def test_files_are_counted_when_they_are_looked_at(files, capsys):
    before = METER.files, METER.files_named
    assert run(["compute", f"{files}/a/", f"{files}/y/"]) == 0
    assert (METER.files - before[0], METER.files_named - before[1]) == (6, 6)
    assert run(["merge", f"{files}/0.json", f"{files}/1.json"]) == 0
    assert (METER.files - before[0], METER.files_named - before[1]) == (8, 8)


def on_a_terminal(folder, command, *, out=None):
    """Exit code and all that a terminal gets of standard error and, unless it goes elsewhere, of standard output."""
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    streams = {"stdout": terminal if out is None else out, "stderr": terminal}
    with subprocess.Popen(
        [*EAGER, *command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, **streams
    ) as process:
        os.close(terminal)
        text = drained(controller)
    return process.returncode, text


@pytest.mark.parametrize(
    "options", [["--all"], ["--only", "se", "-f", "csv"], ["-f", "json"], ["-o", "/dev/stderr", "-f", "json"]]
)
def test_nothing_is_drawn_while_rows_go_to_the_terminal(files, options):
    code, text = on_a_terminal(files, ["compute", "a.csv", "y.csv", "-j", "2", *options])
    assert code == 0
    assert WIPED + "reading" in text
    assert "writing" not in text
    assert len(text.rpartition(WIPED)[2].splitlines()) >= 3000


def test_a_pipe_may_end_in_a_pager_and_a_file_does_not(files):
    command = ["compute", "a.csv", "y.csv", "--only", "se", "-f", "csv"]
    code, text = on_a_terminal(files, command, out=subprocess.PIPE)
    assert (code, "writing" in text) == (0, False)
    with open(files / "o.csv", "wb") as out:
        code, text = on_a_terminal(files, command, out=out)
    assert (code, "writing" in text) == (0, True)
    assert text.endswith(WIPED)


def test_workers_and_the_thread_that_draws_do_not_disturb_each_other(files):
    """Forked in the middle of what the thread does."""
    command = ["compute", "a.csv", "y.csv", "-j", "3", "--save-se", "s.csv", "--only", "mse"]
    for _ in range(5):
        code, text = on_a_terminal(files, command)
        assert (code, text.rpartition(WIPED)[2].strip()) == (0, repr(mse_of(files)))


def test_an_interrupt_while_a_line_is_being_wiped_leaves_none(files, monkeypatch, capsys):
    ends = []
    original = Phase.__exit__

    def interrupted(phase, *_):
        if not ends:
            ends.append(phase)
            time.sleep(0.1)
            raise KeyboardInterrupt
        original(phase)

    monkeypatch.setattr(Phase, "__exit__", interrupted)
    monkeypatch.setattr(progress, "SECONDS_BEFORE_IT_SHOWS", 0)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.001)
    monkeypatch.setenv("TERM", "xterm")
    controller, terminal = pty.openpty()
    with open(terminal, "w") as stream:
        monkeypatch.setattr("sys.stderr", stream)
        assert run(["compute", f"{files}/a.npy", f"{files}/y.npy"]) == 130
    text = drained(controller)
    assert WIPED + "opening" in text
    assert text.endswith(WIPED)


def mse_of(files):
    a, y = (np.load(files / f"{name}.npy") for name in "ay")
    return float(((a - y) ** 2).mean())
