"""Servers that refuse, fail, lie, stall or say nothing: each is an error of a line, in time."""

import io
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

from mse_cli.cli import run

LARGE = np.zeros(400_000)  # more than is got by one request
SECONDS = 1.0


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        about = tarfile.TarInfo(name)
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))
    return stream.getvalue()


class Hostile(BaseHTTPRequestHandler):
    """What it does wrong is the first word of the path."""

    protocol_version = "HTTP/1.1"
    files: ClassVar[dict] = {}
    requests: ClassVar[list] = []
    over = threading.Event()

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body: bool):
        kind, _, name = self.path.strip("/").partition("/")
        data = self.files.get(name.partition("?")[0], b"")
        self.requests.append((self.command, self.path, self.headers.get("Range")))
        if kind.isdigit():
            self.headers_of(int(kind), 0)
        elif kind == "loop":
            self.headers_of(302, 0, Location=self.path)
        elif kind == "index" and not name:
            self.send_range(b"".join(b'<a href="silent-%d.npy">x</a>' % k for k in range(40)), body, "1", "text/html")
        elif kind in ("silent", "index"):
            self.over.wait(20)
        elif kind == "garbage":
            self.wfile.write(b"\x16\x03\x01 what?\r\n\r\n")
            self.close_connection = True
        elif kind == "noranges":
            self.headers_of(200, len(data))
            self.send(data, body)
        elif kind in ("stalled", "cut"):
            self.headers_of(200, len(data))
            self.send(data[: len(data) // 2], body)
            if body and kind == "stalled":
                self.over.wait(20)
            self.close_connection = True
        elif kind == "badlength":
            self.headers_of(200, "many")
        else:
            tag = f"{len(self.requests)}" if kind == "changing" else "1"
            self.send_range(data, body, tag)

    def headers_of(self, status, length, **more):
        self.send_response(status)
        for name, value in {"Content-Length": length, **more}.items():
            self.send_header(name, str(value))
        self.end_headers()

    def send(self, data, body):
        if body:
            self.wfile.write(data)
            self.wfile.flush()

    def send_range(self, data, body, tag, kind="application/octet-stream"):
        wanted, status = self.headers.get("Range"), 200
        if wanted:
            start, stop = wanted.removeprefix("bytes=").split("-")
            data, status = data[int(start) : int(stop) + 1], 206
        self.headers_of(status, len(data), ETag=f'"{tag}"', **{"Content-Type": kind})
        self.send(data, body)


@pytest.fixture(scope="module")
def server():
    Hostile.over.clear()  # a worker that was given other tests in between makes it again
    small = npy(np.arange(30.0))
    Hostile.files = {
        "a.npy": small,
        "large.npy": npy(LARGE),
        "page.npy": b"\n<!DOCTYPE html><html><form>user, password</form></html>",
        "a.zip": zipped("a.npy", small),
        "broken.zip": zipped("a.npy", small)[:-30],
        "a.tar": tarred("a.npy", small),
        "broken.tar": tarred("a.npy", small)[:300],
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as http:
        http.daemon_threads = True
        http.block_on_close = False
        http.handle_error = lambda *_: None  # a client that has gone
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        Hostile.over.set()
        http.shutdown()
        thread.join()


@pytest.fixture
def call(capfd):
    def run_it(*arguments):
        capfd.readouterr()
        began = time.monotonic()
        code = run(["compute", *arguments, "--only", "mse", "--timeout", str(SECONDS)])
        return code, *capfd.readouterr(), time.monotonic() - began

    return run_it


@pytest.mark.parametrize(
    ("path", "words", "hint"),
    [
        ("401/a.npy", "the server wants a user and a password", "hint: the credentials"),
        ("403/a.npy", "permission denied", "hint: the credentials"),
        ("404/a.npy", "no such file", ""),
        ("410/a.npy", "no such file: it is gone", ""),
        ("429/a.npy", "too many requests", "hint: wait"),
        ("500/a.npy", "the server has failed (status 500)", "hint: try again"),
        ("503/a.npy", "the server has failed (status 503)", "hint: try again"),
        ("404/", "no such file", ""),
        ("403/*.npy", "permission denied", "hint: the credentials"),
        ("loop/a.npy", "the server redirects in a circle", ""),
        ("noranges/large.npy", "the server cannot send a part of a file", "hint: download"),
        ("ok/page.npy", "is a web page, not a file of numbers", "hint: the page may be a login"),
        ("garbage/a.npy", "the server does not speak HTTP", ""),
        ("badlength/a.npy", "the server does not speak HTTP", ""),
        ("silent/a.npy", "the server did not answer for 1 s", "hint: --timeout"),
        ("silent/", "the server did not answer for 1 s", "hint: --timeout"),
        ("stalled/a.npy", "the server did not answer for 1 s", "hint: --timeout"),
        ("stalled/large.npy", "the server did not answer for 1 s", "hint: --timeout"),
        ("cut/a.npy", "the server ended before it had sent all", "hint: try again"),
        ("cut/large.npy", "the server ended before it had sent all", "hint: try again"),
    ],
)
def test_what_a_server_does_wrong_is_said_in_time(server, call, path, words, hint):
    code, out, err, seconds = call(f"{server}/{path}", f"{server}/ok/{'large' if 'large' in path else 'a'}.npy")
    assert (code, out) == (2, "")
    first, *rest = err.splitlines()
    assert first.startswith(f"error: {server}/{path}: ")
    assert words in first
    assert "".join(rest).startswith(hint)
    assert bool(rest) == bool(hint)
    assert len(rest) <= 1
    assert seconds < 6


@pytest.mark.parametrize(
    "chain",
    [
        "zip://a.npy::{}/ok/broken.zip", "zip://none.npy::{}/ok/a.zip", "zip://a.npy::{}/404/a.zip",
        "zip://::{}/ok/a.npy", "zip://a.npy::zip://x::{}/ok/a.zip", "tar://a.npy::{}/ok/broken.tar",
        "tar://none.npy::{}/ok/a.tar", "tar://a.npy::{}/ok/a.npy", "zip://*.csv::{}/ok/a.zip", "x::{}/ok/a.npy",
        "zip://a.npy::silent::{}", "simplecache::{}/404/a.npy", "filecache::{}/503/a.npy", "a::b::c://d", "zip://",
        "zip://a.npy", "http://", "http://[::1", "http://127.0.0.1:99999/a.npy", "http://127.0.0.1:x/a.npy",
        "ftp://127.0.0.1:9/a.npy", "sftp://127.0.0.1/a.npy", "file:///none.npy", "data://x", "reference://x",
        "s3://", "s3:///a.npy", "github://x/y", "dir::memory://x", "cached://x", "blockcache::{}/404/a.npy",
    ],
)  # fmt: skip
def test_whatever_a_chain_of_addresses_raises_is_an_error_of_a_line(server, call, chain, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, out, err, seconds = call(chain.format(server), f"{server}/ok/a.npy")
    assert (code, out) == (2, ""), err
    assert err.startswith("error: ")
    assert len(err.splitlines()) <= 2
    assert seconds < 6


@pytest.mark.parametrize("chain", ["zip://a.npy::{}/ok/a.zip", "tar://a.npy::{}/ok/a.tar", "simplecache::{}/ok/a.npy"])
def test_chains_are_read(server, call, chain):
    assert call(chain.format(server), f"{server}/ok/a.npy")[:3] == (0, "0\n", "")


def test_a_small_file_is_two_requests_and_a_server_without_ranges_will_do(server, call):
    Hostile.requests.clear()
    assert call(f"{server}/ok/a.npy", f"{server}/noranges/a.npy")[:3] == (0, "0\n", "")
    assert len(Hostile.requests) <= 4


def test_a_large_file_is_read_in_ranges(server, call):
    assert call(f"{server}/ok/large.npy", f"{server}/ok/large.npy")[:3] == (0, "0\n", "")


def test_a_file_that_changes_between_two_passes_is_an_error_and_nothing_appears(server, call, tmp_path):
    saved = tmp_path / "g.npy"
    code, out, err, _ = call(f"{server}/changing/large.npy", f"{server}/ok/large.npy", "--save-gradient", str(saved))
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {server}/changing/large.npy: changed while it was read\n")
    assert list(tmp_path.iterdir()) == []
