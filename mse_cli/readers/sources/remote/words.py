"""What fsspec, the libraries behind it and the servers before them have to say, as errors of ours."""

from __future__ import annotations

import lzma
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from mse_cli.errors import InputError, MseError, Place

# What fsspec raises for addresses that it cannot make sense of, and for what is at their ends.
RAISED: tuple[type[Exception], ...] = (
    *(OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError, AssertionError, EOFError),
    *(ArithmeticError, ImportError, zlib.error, lzma.LZMAError, struct.error),
)
# What the libraries behind it raise beside these, if they are loaded at all.
LIBRARY_ERRORS = (
    ("zipfile", "BadZipFile"),
    ("tarfile", "TarError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("aiohttp.http_exceptions", "HttpProcessingError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
)
WHOSE = "the credentials are those that fsspec finds: its configuration or the environment"
DOWNLOAD = "download the file first"
WORDS = {
    400: ("the server does not understand the request", None),
    401: ("the server wants a user and a password, or a token", WHOSE),
    403: ("permission denied", WHOSE),
    404: ("no such file", None),
    407: ("the proxy wants a user and a password", None),
    410: ("no such file: it is gone", None),
    412: ("the file changed while it was read", "run again when it is complete"),
    416: ("the file became shorter while it was read", "run again when it is complete"),
    429: ("the server has had too many requests", "wait, or read fewer files at once"),
}
NO_RANGES = ("range request", "Cannot seek", "more bytes")
CUT = ("ContentLength", "Payload", "Disconnected", "Incomplete", "ConnectionClosed", "ResponseStreaming")


@contextmanager
def words_for(url: str, timeout: float) -> Iterator[None]:
    """Errors of fsspec and of the libraries behind it, as ours."""
    try:
        yield
    except MseError:
        raise
    except (*RAISED, *_library_errors()) as error:
        message, hint = _reason(error, timeout)
        raise InputError(message, Place(url), hint=hint) from None


def _library_errors() -> tuple[type[Exception], ...]:
    loaded = ((sys.modules.get(module), name) for module, name in LIBRARY_ERRORS)
    return tuple(getattr(module, name) for module, name in loaded if module is not None)


def _reason(error: BaseException, timeout: float) -> tuple[str, str | None]:
    """What went wrong, in a few words, and what to do; what was the cause says more than what it was turned into."""
    causes = list(_causes(error))
    kinds, text = {type(cause).__name__ for cause in causes}, " ".join(map(str, causes))
    status = next(filter(None, map(_status, causes)), None)
    missing = isinstance(error, FileNotFoundError)
    known: tuple[tuple[object, tuple[str, str | None]], ...] = (
        (
            any(isinstance(cause, TimeoutError) for cause in causes) or any("Timeout" in kind for kind in kinds),
            (f"the server did not answer for {timeout:g} s", "--timeout SECONDS waits longer"),
        ),
        ("TooManyRedirects" in kinds, ("the server redirects in a circle", None)),
        (any(words in text for words in NO_RANGES), ("the server cannot send a part of a file", DOWNLOAD)),
        (any(word in kind for word in CUT for kind in kinds), ("the server ended before it had sent all", "try again")),
        (any(map(_is_no_http, causes)), ("the server does not speak HTTP", None)),
        ("bucket" in text.lower() and (status == 404 or missing), ("no such bucket", None)),
        (status in WORDS, WORDS.get(status or 0, ("", None))),
        ((status or 0) >= 500, (f"the server has failed (status {status})", "try again later")),
        (missing and not any("Connector" in kind for kind in kinds), WORDS[404]),
        (isinstance(error, PermissionError), WORDS[403]),
        (True, (f"cannot be read: {_said(causes[-1])}", None)),
    )
    return next(words for holds, words in known if holds)


def _said(error: BaseException) -> str:
    """The first line of what a library says, without users and passwords."""
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"[^\s/'\"]*@", "", line)


def _is_no_http(error: BaseException) -> bool:
    return type(error).__module__ == "aiohttp.http_exceptions"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _status(error: BaseException) -> int | None:
    """What a server answered, as HTTP numbers it."""
    status = getattr(error, "status", None)
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if isinstance(status, int) and status >= 400 else None
