"""CONTRIBUTING.md speaks of what is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
HOPS = re.findall(r"^(\d+)\. `(\w+)` in `(airglow/[\w/]+\.py)`", TEXT, re.MULTILINE)
NAMED = re.findall(r"`(\w+)` in\s+`([\w/.]+\.(?:py|smk))`", TEXT)


def test_a_pixel_goes_its_way_in_at_most_ten_hops() -> None:
    assert [int(number) for number, _, _ in HOPS] == list(range(1, len(HOPS) + 1))
    assert 5 < len(HOPS) <= 10


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_what_is_named_is_where_it_is_said_to_be(name: str, path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".smk"):
        assert re.search(rf"^rule {name}:", source, re.MULTILINE)
        return
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    assert name in found


def test_paths_exist() -> None:
    paths = re.findall(r"`((?:airglow|config|docs|tests|workflow|\.ci)/[\w./]*)`", TEXT)
    paths += re.findall(r"\]\(([\w./]+)\)", TEXT)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
