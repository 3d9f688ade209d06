"""The process's own streams and signals: what goes to standard error, and how a process ends."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterable
from types import FrameType

from mse_cli.errors import printable
from mse_cli.render.screens.characters import shown_in


def note(texts: Iterable[str], *, quiet: bool) -> None:
    """What the user may want to know; ``--quiet`` leaves it out."""
    if not quiet:
        for text in texts:
            _say("note", text)


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


def warn(text: str) -> None:
    """What the user must know."""
    _say("warning", text)


def fail(message: str, hint: str | None) -> None:
    """What went wrong and, where there is one, what to do."""
    _say("error", message)
    if hint:
        _say("hint", hint)


def _say(kind: str, text: str) -> None:
    stream = sys.stderr
    if stream is None or stream.closed:
        return
    line = f"{kind}: {printable(text)}\n"
    with contextlib.suppress(OSError):  # there is nowhere left to complain
        stream.write(shown_in(line, stream.encoding or "ascii"))
        stream.flush()


def settle() -> None:
    """What a good citizen of a shell does first."""
    _occupy_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # Typer writes the help without asking what can be shown
    if "_MSE_COMPLETE" in os.environ:
        os.environ["COLUMNS"] = "10000"  # a description that Rich wraps would be two completions to fish
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end silently when the reader goes away, as cat does
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, _end_tidily)


def _occupy_standard_descriptors() -> None:
    """A closed standard stream's number must not go to a file that is opened next."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _end_tidily(number: int, frame: FrameType | None) -> None:
    """Unwind, so that half-written files are removed; the exit code is a shell's for this signal."""
    raise SystemExit(128 + number)


def die_of_broken_pipe() -> None:
    """End as ``cat`` does when its reader has gone."""
    drop_output()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)


def drop_output() -> None:
    """Let what standard output could not take go nowhere, so that Python does not complain at its end."""
    if sys.stdout is not None and not sys.stdout.closed:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
