"""Help that can be read, errors in one voice, and completion for the shells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mse_cli.cli import run

BIN = Path(sys.executable).parent
Mse = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mse(capfd: pytest.CaptureFixture[str]) -> Mse:
    """The command line: exit code, standard output, standard error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run([*arguments])
        return code, *capfd.readouterr()

    return call


def in_subprocess(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Typer restyles its help where it finds GITHUB_ACTIONS, FORCE_COLOR and the like: none of them here.
    clean = {key: os.environ[key] for key in ("HOME", "TMPDIR") if key in os.environ}
    clean |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    # What follows "--worst: " and the like are Typer's words, which change from version to version.
    [
        (["compute", "--sumary"], "no such option --sumary", "did you mean --summary?"),
        (["compute", "--formt", "json"], "no such option --formt", "did you mean --format?"),
        (["compute", "--json"], "no such option --json", "did you mean -f json?"),
        (["compute", "--threads", "4"], "no such option --threads", "did you mean --jobs?"),
        (["compute", "--n_jobs=4"], "no such option --n_jobs", "did you mean --jobs?"),
        (["compute", "--verbose"], "no such option --verbose", "mse compute --help"),
        (["compute", "--nonsense"], "no such option --nonsense", "mse compute --help"),
        (["compute", "--sep", ";"], "no such option --sep", "did you mean --delimiter?"),
        (["compute", "--no-header"], "no such option --no-header", "did you mean --header no?"),
        (["compute", "--skipna"], "no such option --skipna", "did you mean --missing skip-cell?"),
        (["compute", "--rmse"], "no such option --rmse", "did you mean --only rmse?"),
        (["merge", "--gradient"], "no such option --gradient", "mse merge --help"),
        (["explain", "--json"], "no such option --json", "mse explain --help"),
        (["explain", "--md"], "no such option --md", "did you mean -f markdown?"),
        (
            ["compute", "--predictions", "p"],
            "no such option --predictions",
            "--pred and --true take columns; files are ",
        ),
        (["compute", "--pred", "p.csv", "--true=t.csv"], "missing argument PREDS", "--pred and --true take columns; "),
        (["compute", "-5.csv", "t"], "no such option -5", "mse compute --help; a file whose name begins with - "),
        (["comput"], "no such command 'comput'", "did you mean compute?"),
        (["p.csv", "t.csv"], "no such command 'p.csv'", "mse compute p.csv …"),
        (["compute"], "missing argument PREDS", "mse compute --help"),
        (["merge"], "missing argument PART.json ...", "mse merge --help"),
        (["compute", "a", "b", "c"], "got unexpected extra argument(s) (c)", "mse compute --help"),
        (["compute", "a", "b", "-f", "xml"], "--format: 'xml' is not one of 'table', 'csv', ", "mse compute --help"),
        (["compute", "a", "b", "--worst", "0"], "--worst: ", "mse compute --help"),
        (["compute", "a", "b", "--fail-above", "x"], "--fail-above takes a number, or NAME=X", "mse compute --help"),
        (["compute", "a", "b", "--only"], "option '--only' requires an argument", "mse --help"),
        (["--all"], "no such option --all", "mse --help"),
    ],
)
def test_a_wrong_command_line_is_one_clean_line_and_a_hint(
    mse: Mse, arguments: list[str], message: str, hint: str
) -> None:
    code, out, err = mse(*arguments)
    assert (code, out) == (2, "")
    first, second = err.splitlines()
    assert first.startswith(f"error: {message}")
    assert second.startswith(f"hint: {hint}")


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\rb", "two\nlines", "[bold]x"])
def test_what_the_user_typed_is_shown_escaped(mse: Mse, text: str) -> None:
    for arguments in ([text], ["compute", text, "t"], ["compute", "a", "b", "-f", text], ["compute", f"--{text}"]):
        code, out, err = mse(*arguments)
        assert (code, out) == (2, "")
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", err)
        assert all(line.startswith(("error: ", "hint: ")) for line in err.splitlines())
        assert text not in err or text == "[bold]x"


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], [], ["compute", "-h"], ["merge", "--help"]])
def test_help_is_readable_at_80_columns(arguments: list[str]) -> None:
    done = in_subprocess("mse", *arguments, COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    examples = lines[next(i for i, line in enumerate(lines) if "Examples:" in line) + 1 :]
    shown = [line.strip() for line in examples[: [line.strip() for line in examples].index("")]]
    assert 2 <= len(shown) <= 4
    assert lines.index(next(line for line in lines if "Examples:" in line)) <= 8
    assert all(line.startswith("mse ") for line in shown)
    codes = [line.split()[0] for line in lines[-10:] if line.strip()[:1].isdigit()]
    assert codes == ["0", "1", "2", "130"]
    assert not re.search(r"<\w+(\|[\w-]+){2,}", done.stdout)  # a list of choices that would wrap inside a word


def test_the_options_of_compute_stand_in_panels(mse: Mse) -> None:
    text = in_subprocess("mse", "compute", "-h", COLUMNS="80").stdout
    panels = [text.index(f"─ {name} ─") for name in ("Output", "Input", "Loss", "Running")]
    assert panels == sorted(panels)
    options = {"Output": "--save-gradient", "Input": "--weights", "Loss": "--fail-above", "Running": "--quiet"}
    for (name, option), start, stop in zip(options.items(), panels, [*panels[1:], len(text)], strict=True):
        assert f" {option} " in text[start:stop], name


def test_what_is_common_stands_on_the_first_two_screens() -> None:
    shown = in_subprocess("mse", "compute", "-h", COLUMNS="80").stdout.splitlines()[:48]
    common = ["--only", "--format", "--output", "--summary", "--max-rows", "--pred", "--true", "--key"]
    assert [name for name in common if not any(f" {name} " in line for line in shown)] == []


def test_help_can_be_shown_by_an_ascii_stream() -> None:
    done = in_subprocess("mse", "compute", "-h", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_version_is_one_line(mse: Mse) -> None:
    code, out, err = mse("--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"mse \d+\.\d+\.\d+\S*\n", out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_show_completion_prints_a_script_of_the_shell(shell: str) -> None:
    done = in_subprocess("mse", "--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_MSE_COMPLETE=complete_{shell}" in done.stdout


def test_show_completion_finds_the_shell_itself() -> None:
    done = in_subprocess("bash", "-c", "mse --show-completion; true")
    assert "complete -o default -F _mse_completion mse" in done.stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mse me", ["merge"]),
        ("mse compute --save", ["--save-se", "--save-gradient"]),
        ("mse compute p.csv t.csv --only s", ["se", "sse"]),
        ("mse merge --form", ["--format"]),
    ],
)
def test_commands_options_and_choices_are_completed(words: str, found: list[str]) -> None:
    count = str(len(words.split()) - 1)
    bash = in_subprocess("mse", _MSE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=count)
    assert bash.stdout.split() == found
    zsh = in_subprocess("mse", _MSE_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=words)
    assert re.findall(r'"([^"]+)"(?::"[^"]*")?\s*', zsh.stdout) == found
    action = {"_MSE_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    fish = in_subprocess("mse", _TYPER_COMPLETE_ARGS=words, **action)
    assert [line.split("\t")[0] for line in fish.stdout.splitlines()] == found


def test_file_names_are_completed_by_a_real_bash(tmp_path: Path) -> None:
    (tmp_path / "predictions.csv").touch()
    script = """
    eval "$(_MSE_COMPLETE=source_bash mse)"
    COMP_WORDS=(mse compute pred) COMP_CWORD=2; _mse_completion mse
    echo "ours: ${COMPREPLY[*]}"
    complete -p mse
    compgen -o default -F _mse_completion pred 2> /dev/null || compgen -f pred"""
    done = in_subprocess("bash", "-c", f"cd {tmp_path}; {script}")
    lines = done.stdout.splitlines()
    assert lines[0] == "ours: "  # none of our own, so that -o default completes file names
    assert lines[1] == "complete -o default -F _mse_completion mse"
    assert lines[2] == "predictions.csv"
