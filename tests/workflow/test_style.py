"""The workflow's files: scripts, captions, profiles, and that the package stands without Snakemake.

`make lint` has the formatter's and Snakemake's own checks.
"""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from running import ROOT, SNAKEMAKE

from airglow.products import SUFFIXES, local_name
from airglow.uploads import State

SCRIPTS = sorted((ROOT / "workflow/scripts").glob("*.py"))
MODULES = sorted((ROOT / "airglow").rglob("*.py"))
RULES = {
    name: text
    for path in [ROOT / "workflow/Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
    for name, text in re.findall(
        r"^ *(?:rule|checkpoint) (\w+):\n((?:(?! *(?:rule|checkpoint) ).*\n)*)", path.read_text(), re.M
    )
}
OFFLINE = ("analyze", "plots", "paper_plots")  # they read and write local files alone
REFUSING = ("extract",)  # to repeat it at once would say twice why an upload is refused


def without_environment(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``snakemake`` in the clone with nothing set."""
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run([SNAKEMAKE, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


def test_every_rule_says_what_it_does() -> None:
    """Without any environment: listing needs no servers."""
    ran = without_environment("--list")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    listed = dict(re.findall(r"^(\w+)(?: \((.*)\))?$", ran.stdout, re.M))
    assert listed.keys() == RULES.keys()
    for name, words in listed.items():
        assert 15 < len(words) < 90, name


def test_rules_are_complete() -> None:
    """What costs time says how much; what talks to a server is repeated; no environment of its own."""
    for name, text in RULES.items():
        assert "conda:" not in text, name
        is_local = name in ("all", "fetched", "site_night", "instrument_night")
        assert "benchmark:" not in text, name  # costs more than many a step; each notes its own cost
        assert is_local != ("mem_mb=" in text and "runtime=" in text), name
        assert ("retries:" in text) == (not is_local and name not in OFFLINE + REFUSING), name


def imports(path: Path) -> set[str]:
    """First parts of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_package_knows_no_snakemake() -> None:
    assert [path for path in MODULES if "snakemake" in imports(path)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_adapters(path: Path) -> None:
    """A docstring, imports and one ``with step()``: what is more belongs into the package."""
    docstring, *body = ast.parse(path.read_text()).body
    assert isinstance(docstring, ast.Expr)
    if path.stem == "adapter":
        return
    kinds = {type(node) for node in body}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.With}
    assert sum(isinstance(node, ast.With) for node in body) == 1
    assert len(path.read_text().splitlines()) <= 40


def test_everything_that_a_report_shows_has_a_caption_and_no_caption_is_left_over() -> None:
    rules = " ".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    shown = set(re.findall(r'in_report\(\s*(?:directory\()?f?"[^"]+"\)?,\s*"(\w+)"', rules))
    captions = {path.stem for path in (ROOT / "workflow/report").glob("*.rst")}
    assert captions == shown | {"workflow"}
    assert {"winds", "temperature", "diagnostics", "profiles", "frames", "log", "summary"} == shown


def test_the_rules_make_every_kind_of_product_under_its_local_name() -> None:
    rules = (ROOT / "workflow/rules/analysis.smk").read_text()
    named = dict(re.findall(r'(\w+)=(?:in_report\()?f"\{RESULTS\}/([\w.]+)"', rules))
    assert named.pop("night") == local_name("netcdf")
    del named["outcome"]
    assert named == {kind: local_name(kind) for kind in SUFFIXES if kind != "netcdf"}


def test_the_hourly_profile_is_found_from_the_root() -> None:
    assert (ROOT / "hourly").is_symlink()
    assert (ROOT / "hourly/config.yaml").samefile(ROOT / "profiles/hourly/config.yaml")


def test_the_demo_looks_at_raw_again_and_survives_a_kill_as_the_hourly_run_does() -> None:
    hourly, demo = (
        yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text()) for name in ("hourly", "demo")
    )
    for key in ("forcerun", "keep-going", "rerun-incomplete", "nolock", "rerun-triggers", "resources"):
        assert demo[key] == hourly[key], key


def test_the_readme_shows_what_is_there_and_explains_every_state() -> None:
    text = (ROOT / "README.md").read_text()
    named = re.findall(r"!\[.*?\]\((.*?)\)", text) + re.findall(
        r"`((?:config|deploy|workflow)/[\w./]*)`", text
    )
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []
    table = " ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))
    assert [state.value for state in State if state.value not in table] == []
