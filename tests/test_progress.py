"""Progress: on a terminal, after a second, also while nothing is reported, and gone at the end."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mse_cli.render.screens.progress import WIPED, RowsDone

MSE = str(Path(sys.executable).parent / "mse")


@pytest.mark.parametrize(("total", "left"), [(20_000, " · 0:02 left"), (None, "")])
def test_it_tells_rows_and_rate_and_time_left_where_known(total, left):
    rows = RowsDone("reading", total, wanted=True)
    assert rows.line(1) == "reading"
    rows(5000)
    rows(5000)
    assert rows.line(2) == "reading 10,000 rows · 5,000 rows/s" + left


def watched(folder, command, terminal_type="xterm", *, seconds):
    """What a terminal on standard error gets of a run whose FIFO is filled only after so many seconds."""
    os.mkfifo(folder / "slow.csv")
    (folder / "t.csv").write_text("a,b\n1,2\n")
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": terminal_type}
    with subprocess.Popen([MSE, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=terminal) as process:
        time.sleep(seconds)
        (folder / "slow.csv").write_text("a,b\n1,3\n")
        process.communicate(timeout=30)
    os.close(terminal)
    text = b""
    try:
        while got := os.read(controller, 4096):
            text += got
    except OSError:  # the other end is closed
        pass
    os.close(controller)
    return process.returncode, text.decode()


COMMANDS = [
    ["compute", "slow.csv", "t.csv"],
    ["compare", "t.csv", "slow.csv", "t.csv"],
    ["check", "slow.csv", "t.csv", "--loss", "0.5"],
    ["explain", "slow.csv", "t.csv"],
    ["report", "slow.csv", "t.csv"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_slow_input_shows_that_it_is_being_opened_and_the_line_goes(tmp_path, command):
    code, text = watched(tmp_path, command, seconds=2.5)
    assert code == 0
    assert text.startswith(WIPED + "opening")
    assert text.endswith(WIPED)


def test_quiet_and_a_dumb_terminal_show_nothing(tmp_path):
    (tmp_path / "q").mkdir()
    assert watched(tmp_path, [*COMMANDS[0], "-q"], seconds=2.5) == (0, "")
    assert watched(tmp_path / "q", COMMANDS[0], "dumb", seconds=2.5) == (0, "")


def test_an_error_stands_on_a_clean_line(tmp_path):
    code, text = watched(tmp_path, ["compute", "slow.csv", "t.csv", "--pred", "c"], seconds=2.5)
    assert code == 2
    assert WIPED + "error: " in text
