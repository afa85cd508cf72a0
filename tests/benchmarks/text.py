"""Tables in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need to be, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    lines = []
    for row in (headers, ["-" * width for width in widths], *rows):
        first, *rest = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *rest)))
    return "\n".join(lines)


def number(value: float, digits: int = 2) -> str:
    """A number with so many digits behind the point, a dash where there is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def listed(names: Iterable[str], between: str = ", ") -> str:
    """Names in the help of an option, where argparse takes a single % for the beginning of a format."""
    return between.join(names).replace("%", "%%")


def histogram(values: np.ndarray, edges: np.ndarray, expected: np.ndarray, width: int = 44) -> str:
    """Bars of how many values lie between edges, each with a mark where it should end."""
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    share, unit = counts / max(counts.sum(), 1), max(float(np.max(expected)), 1e-9) / (0.8 * width)
    lines = []
    for low, high, part, wanted in zip(edges[:-1], edges[1:], share, expected, strict=True):
        bar = list(("#" * min(round(part / unit), width)).ljust(width))
        bar[min(round(wanted / unit), width - 1)] = "|"
        lines.append(f"{low:5.1f} .. {high:4.1f}  {''.join(bar)} {100 * part:5.1f} %")
    return "\n".join(lines)
