"""The table of `tests.benchmarks.light`: what things cost before, what they may cost, and what they do."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.text import number, table

NUMPY_S = 0.07  # CPU time of "import numpy" on the machine of the columns "before" and "goal"
BEFORE_COMMIT = "f52e8eb"  # the code of the column "before"
EXPLANATION = f"""\
before   the code of commit {BEFORE_COMMIT} on a machine on which "import numpy" takes {NUMPY_S} s
goal     what the same may cost at most, on that machine
here     this code on this machine: CPU seconds of all processes, peak memory of the largest, requests counted
scaled   "here" in seconds of that machine; "met" compares it with the goal
{{how}}"""
BY_PAIRS = """\
How seconds are scaled: this code and that of {tree} were measured here in turn, {pairs} times. "before" is
multiplied by the median ratio of their CPU times, so that what else the machine did is not in it. A line with
* has no such pair, and is scaled by "import numpy", which is less sure."""
BY_NUMPY = """\
How seconds are scaled: by "import numpy", {numpy:.2f} s here. Where others use the machine too, that moves by
half within a minute; --against DIR, a copy of commit {commit}, measures the two in turn instead."""


@dataclass
class Line:
    """A line of the table.

    Parameters
    ----------
    what
        What is measured.
    unit
        ``s`` (CPU time), ``MB`` or ``requests``.
    here
        Of this code, on this machine.
    goal, before
        On the machine of the goals; NaN if there is none.
    ratios
        Of this code to the one before, measured here in turn; empty if they were not.
    note
        What is told below the table.
    """

    what: str
    unit: str
    here: float
    goal: float = math.nan
    before: float = math.nan
    ratios: Sequence[float] = ()
    note: str = ""

    def scaled(self, numpy_s: float) -> float:
        """The value on the machine of the goals."""
        if self.unit != "s":
            return self.here
        if self.ratios and math.isfinite(self.before):
            return self.before * statistics.median(self.ratios)
        return self.here * NUMPY_S / numpy_s


@dataclass
class Lines:
    """All lines, and what is needed to scale them.

    Parameters
    ----------
    tree
        The folder of the code of before, as told; empty if it is not measured.
    pairs
        How many times.
    numpy_s
        What ``import numpy`` takes here (s).
    """

    tree: str = ""
    pairs: int = 0
    numpy_s: float = NUMPY_S
    lines: list[Line] = field(default_factory=list)

    def say(self, what: str, unit: str, here: float, goal: float = math.nan, **more) -> None:
        """Add a line, and show at once that it is there."""
        self.lines.append(Line(what, unit, here, goal, **more))
        ratios = " ".join(number(ratio, 3) for ratio in self.lines[-1].ratios)
        print(
            f"{what}: {here:.3g} {unit}{ratios and f', to before: {ratios}'}",
            file=sys.stderr,
            flush=True,
        )

    def __str__(self) -> str:
        rows, notes = [], []
        for line in self.lines:
            digits = 2 if line.unit == "s" else 0
            scaled = line.scaled(self.numpy_s)
            unsure = "*" if self.tree and line.unit == "s" and not line.ratios else ""
            met = ""
            if math.isfinite(line.goal):
                met = "yes" if scaled <= line.goal * (1 + 1e-9) else "no"
            rows.append(
                [
                    line.what,
                    line.unit,
                    *(f"{value:g}" if math.isfinite(value) else "" for value in (line.before, line.goal)),
                    number(line.here, digits),
                    f"{number(scaled, digits)}{unsure}" if line.unit == "s" else "",
                    met,
                ]
            )
            if line.ratios:
                told = ", ".join(number(ratio, 3) for ratio in line.ratios)
                notes.append(f"{line.what}: {told} of the time of before")
            notes += [f"{line.what}: {line.note}"] if line.note else []
        how = BY_NUMPY.format(numpy=self.numpy_s, commit=BEFORE_COMMIT)
        if self.tree:
            how = BY_PAIRS.format(tree=self.tree, pairs=self.pairs)
        head = ("", "unit", "before", "goal", "here", "scaled", "met")
        return "\n".join([table(head, rows), "", EXPLANATION.format(how=how), "", *notes])
