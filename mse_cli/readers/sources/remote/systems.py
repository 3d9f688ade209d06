"""The file systems of fsspec; this module is loaded for the first address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fsspec.asyn import sync
from fsspec.config import conf
from fsspec.core import url_to_fs

from mse_cli.errors import InputError, Place, UsageError

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


def _patience(url: str, timeout: float) -> dict[str, Any]:
    """How long the file systems of an address may wait, as options of each; the user's own configuration wins."""
    given: dict[str, Any] = {}
    for scheme in re.findall(r"(?:^|::)(https?|s3)://", url):
        ours: dict[str, Any]
        if scheme == "s3":
            times = dict.fromkeys(("connect_timeout", "read_timeout"), timeout / ATTEMPTS)
            name, ours = "config_kwargs", {**times, "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"}}
        else:
            times_of = import_module("aiohttp").ClientTimeout
            name, ours = "client_kwargs", {"timeout": times_of(None, sock_connect=timeout, sock_read=timeout)}
        given[scheme] = {name: ours | conf.get(scheme, {}).get(name, {})}
    return given
