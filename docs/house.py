"""Draw docs/house.svg: the rooms of the package by floors, as the imports in the code put them.

A room stands one floor above the highest room that it imports, so that imports only go down::

    python docs/house.py            # draw it anew
    python docs/house.py --check    # fail if imports run in a circle, or the picture is not of this code
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "airglow"
PICTURE = ROOT / "docs/house.svg"

# What lives in each room, in few words.
ROOMS = {
    "model": "what a result is; errors",
    "gp": "Gaussian processes",
    "registry": "sites and instruments",
    "store": "the bucket",
    "frames": "CCD frames",
    "weather": "cloud sensors, loggers",
    "rings": "centres, ring profiles",
    "etalon": "instrument function",
    "geometry": "sun, lines of sight",
    "spectra": "line fits",
    "uploads": "what is in raw/",
    "archive": "frames in the bucket",
    "winds": "winds and flags",
    "catalogue": "the database",
    "simulate": "nights of known truth",
    "products": "netCDF, tables, plots",
    "night": "frames to result",
    "pipeline": "runs, states, delivery",
    "pages": "the static site",
    "doctor": "is all there for a run",
    "demo": "all on one machine",
}
WIDTH, HEIGHT, GAP, MARGIN = 176, 52, 14, 20  # of a room's box, between boxes, and around them (px)
COLORS = ("#eef3f8", "#d9e4ef")  # floors in turn


def imports_of(room: str) -> set[str]:
    """Rooms that the modules of a room import from."""
    found = set()
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            found |= {name.split(".")[1] for name in names if name.startswith("airglow.")}
    return (found & ROOMS.keys()) - {room}


def floors(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Rooms by floor, from the ground up.

    Raises
    ------
    CycleError
        If imports run in a circle.
    """
    level: dict[str, int] = {}
    for room in TopologicalSorter(imports).static_order():
        level[room] = 1 + max((level[other] for other in imports[room]), default=-1)
    return [[room for room in ROOMS if level.get(room) == floor] for floor in range(max(level.values()) + 1)]


def draw(stories: list[list[str]]) -> str:
    """The picture, as SVG."""
    widest = max(len(rooms) for rooms in stories)
    inner = widest * (WIDTH + GAP) + GAP
    step = HEIGHT + 2 * GAP
    width, top = inner + 2 * MARGIN + 30, MARGIN + HEIGHT + GAP
    height = top + len(stories) * step + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" fill="#1b2733">',
        "<title>Rooms of the package airglow; imports go down</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="4" refY="8" markerWidth="8" markerHeight="8">'
        '<path d="M0 0h8L4 8z" fill="#1b2733"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _box(MARGIN, MARGIN, inner, HEIGHT, "workflow/", "in which order steps run; no science", "#f7ead2"),
    ]
    for floor, rooms in enumerate(stories):
        y = top + (len(stories) - 1 - floor) * step
        parts.append(
            f'<rect x="{MARGIN}" y="{y}" width="{inner}" height="{step}" fill="{COLORS[floor % 2]}"/>'
        )
        left = MARGIN + (inner - len(rooms) * (WIDTH + GAP) + GAP) / 2
        for place, room in enumerate(rooms):
            x = left + place * (WIDTH + GAP)
            parts.append(_box(x, y + GAP, WIDTH, HEIGHT, room, ROOMS[room], "#fff"))
    x = MARGIN + inner + 20
    parts.append(
        f'<line x1="{x}" y1="{MARGIN}" x2="{x}" y2="{height - MARGIN - 4}" stroke="#1b2733" '
        'stroke-width="1.5" marker-end="url(#head)"/>'
    )
    middle = height / 2
    parts.append(
        f'<text x="{x + 16}" y="{middle}" text-anchor="middle" transform="rotate(90 {x + 16} {middle})">'
        "imports go down</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _box(x: float, y: float, width: float, height: float, name: str, job: str, fill: str) -> str:
    middle = x + width / 2
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" '
        'stroke="#5b7187"/>'
        f'<text x="{middle:g}" y="{y + 22:g}" text-anchor="middle" font-size="15" font-weight="bold">'
        f"{escape(name)}</text>"
        f'<text x="{middle:g}" y="{y + 40:g}" text-anchor="middle">{escape(job)}</text>'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="draw nothing; say what does not agree")
    check = parser.parse_args().check
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    if rooms - ROOMS.keys():
        print(f"docs/house.py: ROOMS lacks {sorted(rooms - ROOMS.keys())}", file=sys.stderr)
        return 1
    try:
        picture = draw(floors({room: imports_of(room) for room in ROOMS if room in rooms}))
    except CycleError as error:
        print(f"docs/house.py: imports run in a circle: {' <- '.join(error.args[1])}", file=sys.stderr)
        return 1
    if not check:
        PICTURE.write_text(picture, encoding="utf-8")
    elif not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != picture:
        print("docs/house.svg is not of this code: run `python docs/house.py`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
