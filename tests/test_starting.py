"""A fork of the start server says what a process of its own says."""

import os
import subprocess
import sys

import pytest
import starting


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["explain", "-h"], ["compute", "-", "y.csv"], ["compute", "no.csv", "y.csv"], ["nonsense"]],
)
@pytest.mark.parametrize("more", [{}, {"COLUMNS": "44"}, {"FORCE_COLOR": "1"}, {"MSE_LANG": "zh"}], ids=str)
def test_a_fork_says_what_a_process_says(tmp_path, starter, arguments, more):
    (tmp_path / "y.csv").write_text("y\n1\n4\n")
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"} | more
    assert starting.can_fork(environment)
    fork = starting.run(starter, arguments, str(tmp_path), environment, "a\n1\n2\n", timeout=60)
    pipes = {"input": "a\n1\n2\n", "capture_output": True, "text": True, "check": False}
    process = subprocess.run([sys.executable, "-m", "mse_cli", *arguments], cwd=tmp_path, env=environment, **pipes)
    assert (fork.returncode, fork.stdout, fork.stderr) == (process.returncode, process.stdout, process.stderr)


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_runs(tmp_path, starter):
    os.mkfifo(tmp_path / "never.csv")
    with pytest.raises(subprocess.TimeoutExpired):
        starting.run(starter, ["compute", "never.csv", "never.csv"], str(tmp_path), dict(os.environ), "", timeout=0.5)
    assert starting.run(starter, ["--version"], str(tmp_path), dict(os.environ), "", timeout=60).returncode == 0


@pytest.mark.parametrize("name", ["PYTHONIOENCODING", "PYTHONPATH", "PYTHONHASHSEED", "LC_ALL", "LANG"])
def test_what_the_interpreter_reads_when_it_starts_needs_a_start(name):
    assert not starting.can_fork(starting.STARTED_WITH | {name: "something else"})
