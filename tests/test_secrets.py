"""No address shows its user, password, query or fragment: every command, format and option, searched for a secret."""

import itertools
import pickle
from typing import get_args

import fsspec
import pytest
from typer.main import get_command

from mse_cli.cli import COMMANDS, _app, run
from mse_cli.errors import Place, UsageError, shown, without_secrets
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.render.printing import Format

SECRET = "s3cr3t"
WHERE = f"{SECRET}:pass/{SECRET}@127.0.0.1:9"
TAIL = f"?signature={SECRET}&who=x@{SECRET}#{SECRET}"
EXAMPLE = f"https://{WHERE}/x.csv{TAIL}"


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Files that can be read, and whose addresses hold secrets."""
    monkeypatch.chdir(tmp_path)
    memory = fsspec.filesystem("memory")
    found = {}
    for name, text in {
        "p.csv": "id,a,b\n1,2,3\n2,5,NA\n",
        "t.csv": "id,a,b\n1,2,4\n2,6,8\n",
        "g.csv": "a,b\n0,-1\n-1,0\n",
        "bad.csv": "id,a,b\n1,2,x\n",
        "part.json": "{}",
    }.items():
        memory.pipe(f"/{WHERE}/{name}{TAIL}", text.encode())
        found[name] = f"memory://{WHERE}/{name}{TAIL}"
    yield found
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def said(capfd):
    """All that a command line prints, in which there is no secret; and its exit code."""

    def call(*arguments):
        capfd.readouterr()
        code = run(list(arguments))
        text = "".join(capfd.readouterr())
        assert SECRET not in text, (arguments, text)
        return code, text

    return call


INPUT = ("--pred", "a", "--true", "a", "--missing", "skip-cell")
LESSONS = [["explain", "-f", form] for form in ("terminal", "markdown", "latex", "html")]


def test_no_format_shows_a_secret(names, said, tmp_path):
    pair = names["p.csv"], names["t.csv"]
    for form, more in itertools.product(get_args(Format), ([], ["--summary"], ["--worst", "1"], ["--only", "se"])):
        code, _ = said("compute", *pair, *INPUT, "-f", form, *more)
        assert code == (0 if form != "npy" or "se" in more else 2) or more == ["--summary"]
    for lesson in LESSONS:
        for language in ("en", "zh"):
            assert said(*lesson, *pair, *INPUT, "--lang", language)[0] == 0
    assert said("check", *pair, *INPUT, "--loss", "3", "--gradient", names["g.csv"])[0] in (1, 2)
    assert said("compute", *pair, *INPUT, "-o", "out.json", "--save-se", "se.csv")[0] == 0
    assert SECRET not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_the_rest_of_an_address_is_shown(names, said):
    text = said("compute", names["p.csv"], names["t.csv"], *INPUT)[1]
    assert "memory://…@127.0.0.1:9/p.csv?…" in text
    assert (
        "memory://…@127.0.0.1:9/bad.csv?…, line 2"
        in said("compute", names["bad.csv"], names["t.csv"], "--key", "id")[1]
    )


def options_of(command):
    return [name for option in get_command(_app([command])).commands[command].params for name in option.opts]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("address", [EXAMPLE, f"memory://{WHERE}/none.csv{TAIL}", f"zip://x/{SECRET}@y::{EXAMPLE}"])
def test_no_option_shows_a_secret(command, address, names, said):
    options = [name for name in options_of(command) if name.startswith("--")]
    assert "--quiet" in options or command == "explain"
    files = [] if command == "merge" else [names["p.csv"], names["t.csv"], *INPUT]
    for option in {*options, "--nonsense"} - {"--pause"}:
        for value in (address, f"{address}/", f"x={address}"):
            said(command, *files, f"{option}={value}")
    said(command, address, "--fail-above", "3")
    said(command, address, address, address, address)
    said(address, command)


def test_no_scheduler_shows_a_secret(names, said):
    for address in (f"{SECRET}:{SECRET}@127.0.0.1:x", f"tcp://{SECRET}:{SECRET}@127.0.0.1:x", f"{SECRET}@[::1"):
        assert said("compute", names["p.csv"], names["t.csv"], *INPUT, "--dask", address)[0] == 2


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("https://ann:secret@example.org/a.npy?X-Signature=abc", "https://example.org/a.npy?…"),
        ("https://ann:p/w@host/a@b.npy", "https://…@b.npy"),
        ("https://ann:p?w@host/a.npy", "https://…"),
        ("https://host:81/a.npy?who=a@b", "https://host:81/a.npy?…"),
        ("https://[::1]:81/a.npy#t", "https://[::1]:81/a.npy#…"),
        ("s3://bucket/part-1.npy", "s3://bucket/part-1.npy"),
        ("simplecache::https://u:p@h/x", "simplecache::https://h/x"),
        ("zip://a/b.npy::s3://k:p@b/x.zip?v=1", "zip://a/b.npy::s3://b/x.zip?…"),
        ("tcp://u:p@h:8786", "tcp://h:8786"),
        ("a b@c.npy", "a b@c.npy"),
    ],
)
def test_what_is_shown_of_an_address(address, text):
    assert shown(address) == text
    assert shown(text) == text
    assert without_secrets(f"error: '{address}': no") == f"error: '{text}': no"


def test_errors_hold_no_secret_even_as_objects(names):
    error = UsageError(f"no {EXAMPLE}", Place(EXAMPLE), hint=f"not {EXAMPLE}, {EXAMPLE}")
    for again in (error, pickle.loads(pickle.dumps(error)), error.within("x")):
        assert SECRET not in repr((again, str(again), again.args, again.hint, again.place, vars(again)))
    pair = open_pair(names["p.csv"], names["t.csv"], InputOptions(key="id"))
    assert SECRET not in repr(pair)
