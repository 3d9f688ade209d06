"""The file systems of fsspec; this module is loaded for the first address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from fsspec.asyn import AsyncFileSystem, sync
from fsspec.config import conf
from fsspec.core import url_to_fs

from mse_cli.errors import InputError, Place, UsageError
from mse_cli.meter import METER

AT_ONCE = 32  # requests: each waits for a server most of its time
ATTEMPTS = 3  # of object stores, each of which gets a part of the time


def file_system(url: str, timeout: float) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises:
        UsageError: if a package for this kind of address is missing.
    """
    try:
        # Listings are not kept: a worker may live longer than the files it once listed.
        system, path = url_to_fs(url, use_listings_cache=False, **_patience(url, timeout))
    except ImportError as error:
        raise UsageError("needs a package that is not installed", Place(url), hint=str(error)) from None
    if hasattr(system, "retries"):
        system.retries = 1  # botocore tries again, too
    return system, path


def info(system: Any, path: str, timeout: float) -> Mapping[str, Any]:
    """What a server says of a file; fsspec asks in two ways, one after the other, and waits each time."""
    if system.async_impl:
        about: Mapping[str, Any] = sync(system.loop, system._info, path, timeout=timeout)
    else:
        about = system.info(path)
    if about.get("type") == "directory":
        raise InputError(
            "is a folder", Place(str(system.unstrip_protocol(path))), hint="a / at its end reads its files"
        )
    return about


def get_each(asked: Sequence[tuple[Any, str, Mapping[str, Any]]]) -> list[bytes | BaseException | None]:
    """What each request gives, many at the same time, an error in its place; none is begun after one has failed.

    ``None`` is what was not begun, and what only a thread could wait for.
    """
    loops = [system.loop for system, *_ in asked if isinstance(system, AsyncFileSystem)]
    if not loops:
        return [None] * len(asked)
    found: list[bytes | BaseException | None] = sync(loops[0], _get_each, asked)
    return found


async def _get_each(asked: Sequence[tuple[Any, str, Mapping[str, Any]]]) -> list[bytes | BaseException | None]:
    room, failed = asyncio.Semaphore(AT_ONCE), asyncio.Event()

    async def get(system: Any, path: str, how: Mapping[str, Any]) -> bytes | None:
        async with room:
            if failed.is_set() or not isinstance(system, AsyncFileSystem):
                return None
            try:
                found = bytes(await system._cat_file(path, **how))
                METER.files += 1
                return found
            except BaseException:
                failed.set()
                raise

    return await asyncio.gather(*(get(*one) for one in asked), return_exceptions=True)


def _patience(url: str, timeout: float) -> dict[str, Any]:
    """How long the file systems of an address may wait, as options of each; the user's own configuration wins."""
    given: dict[str, Any] = {}
    for scheme in re.findall(r"(?:^|::)(https?|s3)://", url):
        ours: dict[str, Any]
        if scheme == "s3":
            times = dict.fromkeys(("connect_timeout", "read_timeout"), timeout / ATTEMPTS)
            retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
            name, ours = "config_kwargs", {**times, "retries": retries, "max_pool_connections": AT_ONCE}
        else:
            times_of = import_module("aiohttp").ClientTimeout
            name, ours = "client_kwargs", {"timeout": times_of(None, sock_connect=timeout, sock_read=timeout)}
        given[scheme] = {name: ours | conf.get(scheme, {}).get(name, {})}
    return given
