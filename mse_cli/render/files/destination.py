"""Where results go: standard output, or files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from mse_cli.errors import InputError, Place, ReaderGoneError, reason
from mse_cli.render.files.swapping import lock, swap, sweep, take_back

if TYPE_CHECKING:
    from typing_extensions import Buffer

STANDARD_OUTPUT = (None, "-", "/dev/stdout")
DEVICES = "/dev/"  # and /dev/fd/3, the >(…) of a shell: opened as they are, never replaced by a file


class Output:
    """A stream of bytes to a place that has a name; what goes wrong with it is an error about that name."""

    def __init__(self, stream: BinaryIO, name: str, below: BinaryIO | None = None):
        self._stream = stream
        self._name = name
        self._below = below or stream  # the file, if the stream only packs what goes into it
        self.appear: Callable[[], None] = self.close  # and take its place, if it is a file

    @property
    def may_be_watched(self) -> bool:
        """Whether what is written may be on a terminal at once: on this one, or by a pager that reads the pipe."""
        with contextlib.suppress(OSError):  # not a file of the system's
            descriptor = self._below.fileno()
            mode = os.fstat(descriptor).st_mode
            return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)
        return True

    def write(self, data: Buffer) -> None:
        """Write all of it.

        Raises:
            InputError: for a full disk and the like.
            ReaderGoneError: if it is a pipe that nobody reads.
        """
        with failing_as(self._name):
            self._stream.write(data)

    def flush(self) -> None:
        """Hand over what is buffered; raises as ``write`` does."""
        with failing_as(self._name):
            self._stream.flush()

    def close(self) -> None:
        """Flush and close; raises as ``write`` does."""
        with failing_as(self._name):
            self._stream.close()
            self._below.close()

    def abandon(self) -> None:
        """Close, whatever happens to the bytes."""
        for stream in (self._stream, self._below):
            with contextlib.suppress(OSError):
                stream.close()


@contextlib.contextmanager
def writing(path: str | None) -> Iterator[Output]:
    """A stream to a file that gets its name at the end, if nothing went wrong; ``None`` or ``-``: standard output.

    The file is written beside its place, so that a bad path fails at once and no half file is ever seen.

    Raises:
        InputError: if it cannot be created, written or renamed.
    """
    if path in STANDARD_OUTPUT:
        output = Output(_standard_output(), "standard output")
        output.appear = output.flush
        yield output
        output.flush()
        return
    assert path is not None
    with failing_as(path):
        place = _place_of(path)
    with _writing_as_it_is(path) if place is None else _writing_beside(path, place) as output:
        yield output


def _standard_output() -> BinaryIO:
    if sys.stdout is None or sys.stdout.closed:
        raise InputError("standard output is closed", hint="-o FILE writes to a file")
    return cast(BinaryIO, sys.stdout.buffer)


def _place_of(path: str) -> Path | None:
    """Where the file will stand (a link stays a link); ``None`` for a device or a pipe, which stays what it is."""
    if not path:  # it would stand for the working folder
        raise InputError("the name of an output file is empty", hint='-o "$NAME" without a NAME?')
    if os.path.isdir(path) or path.endswith("/"):
        raise IsADirectoryError(21, "is a directory")
    if path.startswith(DEVICES) or (os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)):
        return None
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def _writing_as_it_is(path: str) -> Iterator[Output]:
    with failing_as(path):
        output = Output(open(path, "ab"), path)  # noqa: SIM115 - closed below, with its own errors
    try:
        yield output
        output.close()
    finally:
        output.abandon()


@contextlib.contextmanager
def _writing_beside(path: str, place: Path) -> Iterator[Output]:
    beside = place.with_name(f".{place.name[:40]}.{os.urandom(4).hex()}.part")
    placed = False

    def appear() -> None:
        nonlocal placed
        output.close()
        with failing_as(path):
            _place_of(path)  # what is a folder by now
            swap(beside, place)
        placed = True

    with _reader_may_leave():
        try:
            with failing_as(path):
                sweep(place)
                stream: BinaryIO = open(beside, "xb")  # noqa: SIM115 - closed below, with its own errors
                lock(stream)
                _take_over_rights(place, beside)
                output = Output(_packed(stream) if path.endswith(".gz") else stream, path, below=stream)
                output.appear = appear
            try:
                yield output
                if not placed:
                    appear()
            except BaseException:
                if placed:
                    take_back(beside, place)
                raise
            finally:
                output.abandon()
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()  # what was there before, or is not whole; never a folder


def _packed(stream: BinaryIO) -> BinaryIO:
    """A gzip stream with the same bytes for the same content."""
    import gzip  # most files are not packed

    return cast(BinaryIO, gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6, filename="", mtime=0))


def _take_over_rights(place: Path, beside: Path) -> None:
    """Owner and permissions of the file that will be replaced, if there is one."""
    if not place.exists():
        return
    if not os.access(place, os.W_OK):
        raise PermissionError(13, "permission denied")
    before = place.stat()
    with contextlib.suppress(PermissionError):
        os.chown(beside, before.st_uid, before.st_gid)
    os.chmod(beside, stat.S_IMODE(before.st_mode))


@contextlib.contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Within, a reader that goes away is an exception instead of a sudden end, so that files can be cleaned up."""
    if not hasattr(signal, "SIGPIPE"):
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)


@contextlib.contextmanager
def failing_as(name: str) -> Iterator[None]:
    """Give words and a name to what the operating system refuses."""
    try:
        yield
    except InputError:  # of what is read while it is written; it has its words
        raise
    except BrokenPipeError:
        raise ReaderGoneError from None
    except OSError as error:
        why = "no such directory" if isinstance(error, FileNotFoundError) else reason(error)
        raise InputError(f"cannot be written: {why}", Place(name)) from None


def refuse_overwriting(outputs: Iterable[str | None], inputs: Iterable[Path]) -> None:
    """Refuse to replace a file that is being read, to write two results to one file, or to another machine.

    Raises:
        InputError: naming the file.
    """
    named = [path for path in outputs if path is not None and path not in STANDARD_OUTPUT]
    files = [path for path in named if not path.startswith(DEVICES)]
    for address in (path for path in files if "://" in path and not os.path.isdir(os.path.dirname(path))):
        hint = "write it to a file or a folder of this machine, and copy that"
        raise InputError("cannot be written: only inputs may be addresses", Place(address), hint=hint)
    places = {os.path.realpath(path): path for path in files}
    if len(places) < len(files):
        raise InputError("two outputs would be written to the same file")
    for read in inputs:
        output = places.get(os.path.realpath(read))
        if output is not None and read.is_file():
            raise InputError("is an input: it would be overwritten", Place(output), hint="choose another output file")
