"""What several tests share: the real command in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import starting
from hypothesis import is_hypothesis_test, settings

# The same examples in every run, and none refused for a slow machine: what fails here is what a change has broken.
# They are half as many as a test asks for. HYPOTHESIS_PROFILE=search looks for more: other examples in each run, ten
# times as many; few is for a second run.
settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("few", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None, print_blob=True)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
MORE = {"search": 10, "few": 0.2}.get(PROFILE, 0.5)  # times the examples that a test asks for
settings.load_profile(PROFILE)

# What nohup and a shell's & ignore, what is started here would ignore too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

Run = Callable[..., subprocess.CompletedProcess[str]]

# What would change how output looks; a test that is about one of these sets it itself.
UNSET = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "GITHUB_ACTIONS", "PYTHONIOENCODING", "MSE_LANG")


def pytest_itemcollected(item: pytest.Item) -> None:
    """More or fewer examples than a test asks for: no profile can scale what a test sets itself."""
    test = getattr(item, "function", None)
    if MORE != 1 and is_hypothesis_test(test) and not hasattr(test, "has_more_examples"):
        own = test._hypothesis_internal_use_settings
        test._hypothesis_internal_use_settings = settings(own, max_examples=max(5, int(MORE * own.max_examples)))
        test.has_more_examples = True


@pytest.fixture(scope="session")
def starter() -> Iterator[socket.socket]:
    """What starts the command at a fraction of the cost; tests of starting, signals and streams do it themselves."""
    with starting.server() as server:
        yield server


@pytest.fixture
def mse(tmp_path: Path, starter: socket.socket) -> Run:
    """Run ``mse`` in the test's own folder; standard input is empty unless given."""

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        environment |= {"PYTHONIOENCODING": "utf-8", "TERM": "xterm", **options.pop("env", {})}
        if set(options) <= {"input", "timeout"} and starting.can_fork(environment):
            text, timeout = options.get("input", ""), options.get("timeout", 60)
            return starting.run(starter, [*map(str, arguments)], str(tmp_path), environment, text, timeout)
        return subprocess.run(
            [sys.executable, "-m", "mse_cli", *map(str, arguments)],
            **{"cwd": tmp_path, "capture_output": True, "text": True, "input": "", "timeout": 60} | options,
            env=environment,
        )

    return run


def check_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """A refusal: exit code 2, one error line with these words, nothing on standard output, no traceback."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in errors[0], f"{word!r} is not in {errors[0]!r}"


def but_for_parts(text: str) -> dict[str, object]:
    """A result without what says of which parts it is."""
    result = json.loads(text)
    del result["partial"]["parts"], result["partial"]["digest"]
    return result
