"""Pictures in SVG, of the few shapes that plots of a page need: quickly drawn, sharp on every screen."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from airglow.products.colors import INK

FONTS = "DejaVu Sans, Verdana, Helvetica, sans-serif"
FONT_PT = 9.0


class Drawing:
    """A picture under way; lengths in points, from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._elements: list[str] = []

    def rectangle(self, left: float, top: float, width: float, height: float, **look: object) -> None:
        """A rectangle."""
        place = {"x": _short(left), "y": _short(top), "width": _short(width), "height": _short(height)}
        self._add("rect", **place, **look)

    def lines(self, ends: Iterable[tuple[float, float, float, float]], **look: object) -> None:
        """Straight lines, by x and y of both ends of each."""
        parts = [f"M{_short(x0)} {_short(y0)}L{_short(x1)} {_short(y1)}" for x0, y0, x1, y1 in ends]
        if parts:
            self._add("path", d="".join(parts), fill="none", **look)

    def dots(self, x: np.ndarray, y: np.ndarray, size: float, color: str) -> None:
        """Round dots of a size: lines without length, with round ends."""
        parts = [f"M{_short(at)} {_short(height)}h0" for at, height in zip(x, y, strict=True)]
        if parts:
            look = {"stroke": color, "stroke_width": size, "stroke_linecap": "round"}
            self._add("path", d="".join(parts), fill="none", **look)

    def rings(self, x: np.ndarray, y: np.ndarray, size: float, color: str) -> None:
        """Circles of a size."""
        for at, height in zip(x, y, strict=True):
            self._add("circle", cx=_short(at), cy=_short(height), r=size / 2, fill="none", stroke=color)

    def band(self, edges: np.ndarray, upper: np.ndarray, lower: np.ndarray, **look: object) -> None:
        """Areas from one height to another, each of n between two of n + 1 edges; none where one is NaN."""
        known = np.isfinite(upper) & np.isfinite(lower)
        bounds = np.flatnonzero(np.diff(np.r_[False, known, False]))
        parts = []
        for begin, end in zip(bounds[::2], bounds[1::2], strict=True):
            there = [f"V{_short(upper[k])}H{_short(edges[k + 1])}" for k in range(begin, end)]
            back = [f"V{_short(lower[k])}H{_short(edges[k])}" for k in range(end - 1, begin - 1, -1)]
            parts.append(f"M{_short(edges[begin])} {_short(upper[begin])}{''.join(there)}{''.join(back)}Z")
        if parts:
            self._add("path", d="".join(parts), **look)

    def text(
        self, x: float, y: float, words: str, anchor: str = "start", size: float = FONT_PT, color: str = INK
    ) -> None:
        """Words on a base line, which begin, have their middle or end at a place."""
        look = {"text_anchor": anchor, "font_size": size, "fill": color}
        self._add("text", escape(words), x=_short(x), y=_short(y), **look)

    def file(self) -> bytes:
        """The picture."""
        box = f"0 0 {_short(self.width)} {_short(self.height)}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="{FONTS}">\n'
        return (head + "\n".join(self._elements) + "\n</svg>\n").encode()

    def _add(self, name: str, content: str = "", **attributes: object) -> None:
        said = "".join(f" {key.replace('_', '-')}={quoteattr(str(of))}" for key, of in attributes.items())
        self._elements.append(f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>")


def _short(length: float) -> str:
    """A length to a hundredth of a point, in few characters."""
    return f"{length:.2f}".rstrip("0").rstrip(".")
