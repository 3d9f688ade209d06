"""Progress: on a terminal, after a second, also while nothing is reported, and gone at the end."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mse_cli.render.screens import progress
from mse_cli.render.screens.progress import WIPED, RowsDone

MSE = str(Path(sys.executable).parent / "mse")


@pytest.mark.parametrize(("total", "left"), [(20_000, " · 0:02 left"), (None, "")])
def test_it_tells_rows_and_rate_and_time_left_where_known(total, left):
    rows = RowsDone("reading", total, wanted=True)
    assert rows.line(1) == "reading"
    rows(5000)
    rows(5000)
    assert rows.line(2) == "reading 10,000 rows · 5,000 rows/s" + left


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
    os.set_blocking(controller, False)
    with contextlib.suppress(BlockingIOError):
        text += os.read(controller, 4096)
    os.close(terminal)
    os.close(controller)
    return run.returncode, text.decode()


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


@pytest.mark.parametrize(
    ("wanted", "terminal_type", "watching", "shows"),
    [
        (True, "xterm", True, True),
        (False, "xterm", True, False),
        (True, "dumb", True, False),
        (True, "xterm", 0, False),
    ],
    ids=["a terminal", "quiet", "a dumb terminal", "a pipe"],
)
def test_only_a_terminal_that_is_asked_shows_it(monkeypatch, wanted, terminal_type, watching, shows):
    reader, writer = pty.openpty() if watching else os.pipe()
    os.set_blocking(reader, False)
    monkeypatch.setenv("TERM", terminal_type)
    monkeypatch.setattr(progress, "SECONDS_BEFORE_IT_SHOWS", 0)
    with open(writer, "w") as stream, open(reader, "rb", buffering=0) as seen:
        monkeypatch.setattr("sys.stderr", stream)
        with RowsDone("reading", wanted=wanted):
            time.sleep(0.1)
        text = seen.read() or b""
    assert text.startswith(WIPED.encode() + b"reading") is shows
    assert bool(text) is shows


def test_an_error_stands_on_a_clean_line(tmp_path):
    code, text = watched(tmp_path, ["compute", "slow.csv", "t.csv", "--pred", "c"])
    assert code == 2
    assert WIPED + "error: " in text
