"""Progress: on a terminal, after a second, and gone at the end."""

import io

import pytest

from mse_cli.render.screens import progress
from mse_cli.render.screens.progress import RowsDone


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on(stream, monkeypatch, *, after: float):
    """Standard error is this stream, from within the test: pytest sets it anew between a fixture and the test."""
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "SECONDS_BEFORE_IT_SHOWS", after)
    return stream


@pytest.mark.parametrize(("total", "left"), [(20_000, True), (None, False)])
def test_it_shows_rows_and_rate_and_time_left_where_known_and_goes(monkeypatch, total, left):
    terminal = on(Terminal(), monkeypatch, after=0)
    with RowsDone("read", total, wanted=True) as rows:
        rows(5000)
        rows(5000)
    text = terminal.getvalue()
    assert "read 10,000 rows" in text
    assert "rows/s" in text
    assert ("time left" in text) is left
    assert text.endswith("\x1b[1A\x1b[2K")  # up to its line, and erased
    assert rows.rows == 10_000


@pytest.mark.parametrize(
    ("stream", "wanted", "after"),
    [(Terminal(), False, 0), (Terminal(), True, 60), (io.StringIO(), True, 0)],
    ids=["quiet", "short work", "a pipe"],
)
def test_it_is_silent(monkeypatch, stream, wanted, after):
    on(stream, monkeypatch, after=after)
    with RowsDone("read", None, wanted=wanted) as rows:
        rows(5000)
    assert stream.getvalue() == ""
