"""``mse report -o``: the page and the figure hold the numbers of the JSON, and interpret nothing."""

import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run, check_refused
from test_explain_page import FLAGS, SCHEMES, lightness, site

from mse_cli.cli import run
from mse_cli.render.number_text import short

__all__ = ["site"]
ROOT = Path(__file__).parents[1]
TUMOURS = [str(ROOT / "sample_data" / f"tumours_{side}.csv") for side in ("preds", "truth")]
REGIONS = [str(ROOT / "sample_data" / "regions" / f"{name}.csv") for name in ("linear", "forest", "boost", "truth")]
OPTIONS = ["--key", "id", "--by", "region"]
NASTY = ["<script>alert(1)</script>", "$x_1$ \\textbf{b}", "**bold** [a](b)", "价 &amp; '\"\x1b[31m"]


class Texts(HTMLParser):
    """The cells of a page's tables, its tags, and its ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag in ("td", "th")
        if self._open:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.cells[-1] += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the tumours."""
    path = tmp_path_factory.mktemp("page") / "r.html"
    assert run(["report", *TUMOURS, "-o", str(path)]) == 0
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of three models with groups and keys."""
    path = tmp_path_factory.mktemp("models") / "r.html"
    assert run(["report", *REGIONS, *OPTIONS, "-o", str(path)]) == 0
    return path.read_text(encoding="utf-8")


def test_its_numbers_are_those_of_the_json(page: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["compute", *TUMOURS, "--summary", "-f", "json", "--worst", "5"]) == 0
    found = json.loads(capsysbinary.readouterr().out)
    cells = set(Texts(page).cells)
    numbers = [found[name] for name in ("sse", "mse", "rmse")]
    numbers += [column[name] for column in found["columns"] for name in ("sse", "mse")]
    numbers += [cell[name] for cell in found["worst"] for name in ("prediction", "target", "error")]
    assert {repr(number).removesuffix(".0") for number in numbers} <= cells


def test_models_and_groups_are_those_of_the_json(models: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["compare", *REGIONS, "--key", "id", "--by", "region", "-f", "json"]) == 0
    found = json.loads(capsysbinary.readouterr().out)
    assert run(["compute", *REGIONS[1:4:2], *OPTIONS, "--stats", "--worst", "5", "--summary", "-f", "json"]) == 0
    best = json.loads(capsysbinary.readouterr().out)
    cells = {cell.removesuffix(" *").strip() for cell in Texts(models).cells}
    assert found["best"] == REGIONS[1]
    numbers = [best[name] for name in ("sse", "mse", "rmse", "bias", "error_variance", "r2")]
    numbers += [part[name] for part in (*best["columns"], *best["groups"]) for name in ("sse", "mse")]
    assert {repr(number).removesuffix(".0") for number in numbers} <= cells
    assert {cell["key"] for cell in best["worst"]} <= cells
    for model in found["models"]:
        shown = [model["mse"], model["rmse"], *(part["mse"] for part in (*model["columns"], *model["groups"]))]
        assert {short(number, 6) for number in shown} <= cells
    assert "Not distinguishable from it (the interval holds 0): boost.csv." in models
    headings = re.findall(r"<h2>(Pictures[^<]*)</h2>", models)
    assert [heading.split(", MSE")[0] for heading in headings] == [
        "Pictures of price, forest.csv",
        "Pictures of rooms, forest.csv",
        "Pictures of price, boost.csv",
        "Pictures of price, linear.csv",
    ]


def test_each_figure_has_its_numbers_as_text(page: str) -> None:
    figures = re.findall(r"(?s)<figure>.*?</figure>", page)
    assert len(figures) == 12
    for figure in figures:
        assert re.search(r'<svg role="img" aria-label="[^"]+, 569 cells', figure)
        counts = re.findall(r": (\d+)(?=[;<])", figure[figure.index("<ul>") :])
        assert sum(map(int, counts)) == 569


@pytest.mark.parametrize("of", ["page", "models"])
def test_it_fetches_nothing_runs_nothing_and_names_everything_once(request: pytest.FixtureRequest, of: str) -> None:
    page = request.getfixturevalue(of)
    texts = Texts(page)
    assert "script" not in {tag for tag, _ in texts.tags}
    links = [value for _, attributes in texts.tags for name, value in attributes.items() if name in LINKS]
    assert all(link and link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"@import|url\((?!#)", page)
    ids = [attributes["id"] for _, attributes in texts.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link and link.startswith("#")} <= set(ids)


LINKS = ("href", "src", "xlink:href", "srcset", "action")


@pytest.mark.parametrize("suffix", ["html", "svg", "png", "pdf", "txt"])
def test_nothing_in_names_keys_groups_and_files_is_interpreted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in NASTY]
    lines = [",".join([f'"id{MARKUP}"', *names])]
    lines += [f"{names[i]},{i},{i + 1},{i + 2},{i * i}" for i in range(4)]
    for file, change in {"<b>p$.csv": "9", "q[red].csv": "8", "t.csv": "7"}.items():
        Path(file).write_text("\n".join(lines).replace(",3,", f",{change},") + "\n", encoding="utf-8")
    options = ["--key", f"id{MARKUP}", "--by", f"id{MARKUP}", "-q"]
    for number in range(1, 5):
        assert run(["report", "<b>p$.csv", "t.csv", "--column", str(number), *options, "-o", f"r.{suffix}"]) == 0
        assert run(["report", "<b>p$.csv", "q[red].csv", "t.csv", *options, "-o", f"r.{suffix}"]) == 0
    content = Path(f"r.{suffix}").read_bytes()
    starts = {"html": b"<!DOCTYPE", "svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "txt": b"q[red].csv"}
    assert content.startswith(starts[suffix])
    if suffix in ("html", "svg"):
        text = content.decode("utf-8")
        assert "<script" not in text
        assert not re.search("<[bi]>", text)
        assert "\x1b" not in text
    if suffix == "html":
        assert {name.replace("\x1b", "\\x1b") for name in NASTY} <= set(Texts(text).cells)
    if suffix == "txt":
        assert b"\x1b" not in content
        assert b"**bold** [a](b)" in content


MARKUP = "<i>[bold]$x$**"


@pytest.mark.parametrize("suffix", ["html", "svg"])
@pytest.mark.parametrize(
    "numbers", [[0.0] * 3, [1e308, -1e308, 0.0], [5e-324, 0.0, 0.0], [1e9, 1e9 + 1e-6, 1e9], [3.0, 3.0, 3.0]]
)
def test_any_numbers_have_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: list[float], suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", numbers)
    np.save("t.npy", np.zeros(3))
    assert run(["report", "p.npy", "t.npy", "-o", f"r.{suffix}"]) == 0
    assert "<svg" in Path(f"r.{suffix}").read_text()


@pytest.mark.parametrize(
    ("suffix", "missing", "shape"),
    [
        ("txt", "propagate", (1, 1)),
        ("txt", "propagate", (3, 200)),
        ("txt", "skip-row", (40, 2)),
        ("html", "propagate", (40, 2)),
        ("svg", "skip-cell", (1, 5)),
    ],
)
def test_any_models_have_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], missing: str, suffix: str
) -> None:
    """Models that are exact, of huge, tiny and no numbers, with infinities where they are let through, and weights."""
    monkeypatch.chdir(tmp_path)
    y = np.random.default_rng(1).standard_normal(shape)
    holes = y.copy()
    holes[1:, -1] = np.nan
    models = {"exact": y, "constant": y + 5, "huge": y * 1e300, "tiny": y * 5e-320, "zero": 0 * y, "holes": holes}
    if missing == "propagate":
        models["infinite"] = np.where(y == y[-1, -1], np.inf, y)
    for name, numbers in {**models, "y": y, "w": np.abs(y)}.items():
        np.save(f"{name}.npy", numbers)
    options = ["--missing", missing, "--weights", "w.npy", "-q", "-o", f"r.{suffix}"]
    assert run(["report", *(f"{name}.npy" for name in models), "y.npy", *options]) == 0
    assert f"{len(models)} models" in Path(f"r.{suffix}").read_text(encoding="utf-8")


def test_the_same_bytes_for_the_same_numbers(page: str, tmp_path: Path) -> None:
    assert run(["report", *TUMOURS, "-o", str(tmp_path / "r.html")]) == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_figure_is_the_same_for_the_same_numbers(tmp_path: Path, suffix: str) -> None:
    """An SVG had other ids each time."""
    paths = [tmp_path / f"{name}.{suffix}" for name in ("a", "b")]
    for path in paths:
        assert run(["report", *TUMOURS, "-o", str(path)]) == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_it_says_how_it_was_made(mse: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("# made on Monday\nx\n1\n")
    assert mse("report", "p.csv", "p.csv", "-o", "r.html").returncode == 0
    page = html.unescape((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "<code>mse report p.csv p.csv -o r.html</code>" in page
    assert "<li>p.csv: 1 line that begins with # is left out as a comment</li>" in page


def test_what_it_refuses(mse: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("1\n")
    done = mse("report", "p.csv", "p.csv", "-o", "r.json")
    check_refused(done, "-o r.json: no report has this suffix")
    assert "-o takes .html, .htm, .svg, .png, .pdf, .txt" in done.stderr
    check_refused(mse("report", "p.csv", "p.csv", "--column", "2"), "--column '2'")
    check_refused(mse("report", "p.csv", "p.csv", "p.csv"), "the model 'p.csv' is given twice")
    check_refused(mse("report", "p.csv", "p.csv", "-o", "there/is/no.html"), "there/is/no.html")
    check_refused(mse("report", "p.csv", "p.csv", "-o", "p.csv"), "p.csv")


def test_without_matplotlib_the_extra_is_named(mse: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("1\n")
    (tmp_path / "hidden").mkdir()
    hook = "import sys; sys.modules['matplotlib'] = None\n"
    (tmp_path / "hidden" / "sitecustomize.py").write_text(hook)
    path = f"{tmp_path / 'hidden'}:{ROOT}"
    for name in ("r.html", "r.png"):
        done = mse("report", "p.csv", "p.csv", "-o", name, env={"PYTHONPATH": path})
        check_refused(done, "figures need the library matplotlib")
        assert "hint: pip install 'mse-cli[plot]'" in done.stderr
    assert mse("report", "p.csv", "p.csv", env={"PYTHONPATH": path}).returncode == 0


A4 = 718  # pixels of the page of 210 mm between the margins of a browser
PROBE = """<!DOCTYPE html>
<iframe src="r.html" style="width:WIDTHpx;height:900px;border:0"></iframe><pre></pre><script>
addEventListener('load', () => {
  const page = document.querySelector('iframe').contentWindow, inside = page.document;
  const style = page.getComputedStyle(inside.body);
  document.querySelector('pre').textContent = JSON.stringify({
    width: page.innerWidth, scroll: inside.documentElement.scrollWidth, ink: style.color,
    paper: style.backgroundColor,
    fills: page.getComputedStyle(inside.querySelector('figure svg text')).fill,
    figures: [...inside.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().width),
    fetched: page.performance.getEntriesByType('resource').map(entry => entry.name),
    scripts: inside.scripts.length, mode: inside.compatMode,
    cut: [...inside.querySelectorAll('.table')].filter(table => table.scrollWidth > table.clientWidth).length,
  });
});
</script>"""


def probed(folder: Path, address: str, page: str, width: int, *flags: str) -> dict[str, Any]:
    """What a browser finds in a page of this width."""
    (folder / "r.html").write_text(page, encoding="utf-8")
    (folder / "probe.html").write_text(PROBE.replace("WIDTH", str(width)))
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "this test needs Chromium"
    command = [browser, *FLAGS.split(), *flags, f"--user-data-dir={folder / 'profile'}"]
    command += ["--dump-dom", f"{address}/probe.html"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found: dict[str, Any] = json.loads(re.search(r"<pre>(\{.*\})</pre>", shown)[1])  # type: ignore[index]
    return found


@pytest.mark.browser
@pytest.mark.parametrize("of", ["page", "models"])
def test_paper_shows_every_column(site: tuple[Path, str, list[str]], request: pytest.FixtureRequest, of: str) -> None:
    folder, address, _ = site
    page = request.getfixturevalue(of)
    assert page.count("@media print {") >= 1
    printed = page.replace("@media print {", "@media all {")
    assert probed(folder, address, printed, A4)["cut"] == 0


@pytest.mark.browser
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("of", ["page", "models"])
def test_the_page_in_a_browser(
    site: tuple[Path, str, list[str]], request: pytest.FixtureRequest, of: str, width: int, scheme: str
) -> None:
    folder, address, asked = site
    found = probed(folder, address, request.getfixturevalue(of), width, *SCHEMES[scheme])
    assert found["scroll"] <= found["width"] == width
    assert found["cut"] == 0 or width < 1280  # R² and RMSE stood beyond the right edge
    assert found["fetched"] == []
    assert set(asked) <= {"/probe.html", "/r.html", "/favicon.ico"}  # the last is the probe's, which names no icon
    assert found["scripts"] == 0
    assert found["mode"] == "CSS1Compat"
    assert min(found["figures"]) >= 240
    assert found["fills"] == found["ink"]
    assert (lightness(found["ink"]) > lightness(found["paper"])) == (scheme == "dark")
