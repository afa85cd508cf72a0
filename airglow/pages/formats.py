"""Which pictures of an instrument's health there are, and how large; `airglow.pages.plots` draws them."""

from __future__ import annotations

from dataclasses import dataclass

RECENT_DAYS = 400  # that the first picture shows, night by night
TOP_IN, BOTTOM_IN = 0.34, 0.36  # room above all panels and below them


@dataclass(frozen=True)
class Format:
    """A picture's size: text keeps its own, so that phones get another picture than desktops."""

    name: str
    width_in: float
    panel_in: float
    above_in: float  # room above each panel
    left_in: float
    dots_per_inch: int
    titles_above: bool  # of the panels; else at their left

    def height_in(self, panels: int) -> float:
        """With so many panels."""
        return TOP_IN + BOTTOM_IN + panels * (self.panel_in + self.above_in)

    def size_px(self, panels: int) -> tuple[int, int]:
        """Width and height of the picture with so many panels, in pixels."""
        height = self.height_in(panels)
        return round(self.width_in * self.dots_per_inch), round(height * self.dots_per_inch)


WIDE = Format("wide", 10.0, 0.98, 0.16, 2.4, 150, titles_above=False)
NARROW = Format("narrow", 4.2, 1.0, 0.34, 0.55, 220, titles_above=True)
