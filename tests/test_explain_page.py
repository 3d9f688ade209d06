"""The page of ``mse explain -f html`` in a real headless Chromium; run with ``pytest -m browser``."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading

import numpy as np
import pytest

from mse_cli.cli import run

pytestmark = pytest.mark.browser
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --virtual-time-budget=5000 --window-size=1600,1000"""
SCHEMES = {"light": [], "dark": ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]}
# The page under test stands in a frame of the width in question; this page measures it from outside.
PROBE = """<!DOCTYPE html>
<iframe src="page.html" style="width:WIDTHpx;height:900px;border:0"></iframe><pre></pre><script>
addEventListener('load', () => {
  const page = document.querySelector('iframe').contentWindow, inside = page.document;
  const style = selector => page.getComputedStyle(inside.querySelector(selector));
  const box = element => element.getBoundingClientRect();
  const open = inside.querySelectorAll('details[open]').length;
  inside.querySelectorAll('details').forEach(section => { section.open = true; });
  document.querySelector('pre').textContent = JSON.stringify({
    width: page.innerWidth, scroll: inside.documentElement.scrollWidth,
    maths: [...inside.querySelectorAll('math')].map(math => box(math).height),
    open: open, sections: inside.querySelectorAll('details').length,
    brackets: [...inside.querySelectorAll('mtable.matrix')].map(table => parseFloat(page.getComputedStyle(table)
      .borderLeftWidth)), fences: [...inside.querySelectorAll('mo.bracket')].map(mo => box(mo).height),
    bars: [...inside.querySelectorAll('mfrac')].map(f => box(f.children[1]).top - box(f.children[0]).bottom),
    rows: [...inside.querySelectorAll('mtable')].map(table => box(table).height / table.children.length),
    fractions: [...inside.querySelectorAll('mfrac')].map(f => box(f.children[1]).top - box(f.children[0]).top),
    ink: style('body').color, paper: style('body').backgroundColor, traced: style('[mathcolor]').color,
    fetched: page.performance.getEntriesByType('resource').map(entry => entry.name),
    scripts: inside.scripts.length, mode: inside.compatMode,
  });
});
</script>"""


@pytest.fixture
def site(tmp_path):
    """A directory that is served on this machine, its address, and the list of what was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=tmp_path)

        def log_message(self, *arguments):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


WITHOUT = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include>/etc/fonts/fonts.conf</include><selectfont><rejectfont><glob>*ath*</glob></rejectfont>
<rejectfont><glob>/usr/share/texmf*/*</glob></rejectfont></selectfont></fontconfig>"""
FONTS = {"any font": "", "no mathematical font": WITHOUT}


def browser(site, *arguments, fonts=""):
    """What Chromium prints."""
    folder, *_ = site
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "this test needs Chromium"
    environment = dict(os.environ)
    if fonts:
        (folder / "fonts.conf").write_text(fonts)
        environment["FONTCONFIG_FILE"] = str(folder / "fonts.conf")
    command = [program, *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    return done.stdout


def measured(site, width, scheme, fonts=""):
    folder, address, _ = site
    (folder / "probe.html").write_text(PROBE.replace("WIDTH", str(width)))
    shown = browser(site, *SCHEMES[scheme], "--dump-dom", f"{address}/probe.html", fonts=fonts)
    text = re.search(r"<pre>(\{.*\})</pre>", shown)
    assert text, shown[-2000:]
    return json.loads(text[1])


def lightness(color):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", color)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def files(folder):
    generator = np.random.default_rng(0)
    np.save(folder / "a.npy", generator.normal(size=(200, 30)) * 1e-9)
    np.save(folder / "y.npy", generator.normal(size=(200, 30)) * 1e-9)
    return [str(folder / "a.npy"), str(folder / "y.npy")]


@pytest.mark.parametrize("scheme", list(SCHEMES))
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(("language", "large"), [("en", False), ("zh", False), ("en", True)])
def test_the_page_in_a_browser(site, width, scheme, language, large):
    folder, _, asked = site
    sides = files(folder) if large else []
    assert run(["explain", *sides, "--lang", language, "-o", str(folder / "page.html")]) == 0
    page = measured(site, width, scheme)
    assert (page["width"], page["mode"], page["scripts"]) == (width, "CSS1Compat", 0)
    assert page["scroll"] <= width
    assert len(page["maths"]) > 40
    assert min(page["maths"]) > 5
    assert min(page["rows"]) > 10
    assert min(page["fractions"]) > 3  # the bottom stands below the top: MathML is laid out, not run together
    assert page["fetched"] == []
    assert set(asked) <= {"/probe.html", "/page.html", "/favicon.ico"}  # the last is the probe's, which names no icon
    dark = scheme == "dark"
    assert (lightness(page["paper"]) < 0.3, lightness(page["ink"]) > 0.7) == (dark, dark)
    assert page["traced"] != page["ink"]
    assert abs(lightness(page["traced"]) - lightness(page["paper"])) > 0.3


@pytest.mark.parametrize("fonts", list(FONTS))
def test_brackets_and_bars_need_no_mathematical_font(site, fonts):
    folder, _, _ = site
    assert run(["explain", "--lang", "en", "-o", str(folder / "page.html")]) == 0
    page = measured(site, 1280, "light", FONTS[fonts])
    assert len(page["brackets"]) > 15
    assert min(page["brackets"]) >= 1  # each matrix has a side of its own, in the font's place
    assert max(page["fences"]) == 0
    assert min(page["rows"]) > 20
    assert min(page["bars"]) >= 0  # room for the bar


def test_sections_open_one_by_one_and_all_are_printed(site):
    folder, address, _ = site
    assert run(["explain", "--lang", "en", "-o", str(folder / "page.html")]) == 0
    page = measured(site, 1280, "light")
    assert (page["open"], page["sections"]) == (1, 10)
    browser(site, f"--print-to-pdf={folder / 'page.pdf'}", f"{address}/page.html")
    if shutil.which("pdftotext"):
        command = ["pdftotext", str(folder / "page.pdf"), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "first link of backpropagation" in text
    assert (folder / "page.pdf").read_bytes().count(b"/Type /Page\n") >= 3
