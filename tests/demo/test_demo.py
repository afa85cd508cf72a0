"""The demo as a newcomer runs it: it ends well, shows winds, and leaves nothing running."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airglow.demo.summary import HEADINGS, format_table

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 1800
PNG = b"\x89PNG\r\n"
MARK = "OF_THE_TEST_OF_THE_DEMO"  # a variable that all processes of a demo inherit


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((["--quick"], r"10 \+ 4"), id="quick"),
        pytest.param(([], r"60 \+ 20"), id="whole"),
    ],
)
def demo(request, tmp_path_factory):
    """The demo, run once: how it ended, what it said, its directory, and the frames of its nights."""
    options, frames = request.param
    directory = tmp_path_factory.mktemp("demo") / "demo"
    (directory / "products").mkdir(parents=True)
    (directory / "products" / "of an earlier demo.png").write_text("old")
    done = subprocess.run(
        [sys.executable, "-m", "airglow.demo", "--directory", directory, *options],
        cwd=ROOT,
        env=os.environ
        | {"MYSQL_HOST": "production.invalid", "DEST_BUCKET": "production", MARK: str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    return done, directory, frames


@pytest.mark.long
def test_it_ends_well_and_says_what_came_of_each_night(demo):
    done, _, frames = demo
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        rf"minime05_uao_20260511 XR +{frames} .* m/s .* K .* \d+ deleted",
        r"minime05_uao_20260512 +waiting: 3 of 4 parts",
        rf"minime13_uao_20260511 XG +{frames} .* m/s .* K .* \d+ deleted",
        rf"minime13_uao_20260511 XR +{frames} .* m/s .* K",
    ):
        assert re.search(f"^{line}", done.stdout, re.MULTILINE), done.stdout
    assert " left" not in done.stdout  # nothing of a finished night is still in raw/


@pytest.mark.long
def test_the_plots_that_it_names_are_there(demo):
    done, directory, _ = demo
    named = [Path(line.strip()) for line in done.stdout.splitlines() if line.endswith(".png")]
    assert len(named) == 15  # five for each of three tags
    assert all((ROOT / path).read_bytes().startswith(PNG) for path in named)
    kept = {path.name for path in (directory / "products").glob("*.png")}
    assert kept == {path.name for path in named}


@pytest.mark.long
def test_its_pages_lead_to_files_that_are_there(demo):
    done, directory, _ = demo
    (named,) = [Path(line.strip()) for line in done.stdout.splitlines() if line.endswith(".html")]
    index = ROOT / named
    assert index == directory / "site/pages/index.html"
    assert "minime05_uao_20260512" in (index.parent / "attention.html").read_text()
    pages = [*index.parent.rglob("*.html")]
    assert len(pages) > 4
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"#:?]+)', page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.long
def test_nothing_of_it_is_left_running(demo):
    _, directory, _ = demo
    assert processes_of(directory) == []


def processes_of(directory):
    """Command lines of the processes that have inherited the mark of a demo."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={directory}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:  # it has ended, or is another account's
            continue
    return found


def test_a_night_that_waits_does_not_widen_the_table():
    full = ("minime05_uao_20260511 XR", "60 + 20", "1.6 m/s", *"abcdef")
    waiting = ("minime05_uao_20260512", "waiting: a very long reason that goes on and on")
    lines = format_table([full, waiting]).splitlines()
    assert len(full) == len(HEADINGS)
    assert lines[0].index("wind error") == lines[2].index("1.6 m/s")
    assert lines[3].endswith("goes on and on")
