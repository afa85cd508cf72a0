"""What was tried, and what came of it: the table of the suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .checker import LOST, SILENT, Violation


@dataclass(frozen=True)
class Tried:
    """One fault and what it did.

    Parameters
    ----------
    kind
        The row of the table.
    what
        Which fault, in words.
    lost
        What was nowhere any more, at whatever moment.
    stuck
        What did not come right by itself after the fault was over.
    silent
        What was wrong and nobody was told.
    """

    kind: str
    what: str
    lost: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: str, what: str, seen: Iterable[Violation], stuck: Iterable[str] = ()) -> Tried:
        """Sort what the checker saw."""
        by_kind = {one: tuple(v.text for v in seen if v.kind == one) for one in (LOST, SILENT)}
        return cls(kind, what, by_kind[LOST], tuple(stuck), by_kind[SILENT])

    @property
    def is_fine(self) -> bool:
        """Whether nothing came of it."""
        return not (self.lost or self.stuck or self.silent)

    def __str__(self) -> str:
        problems = [
            f"  {name}: {text}"
            for name, texts in (("lost", self.lost), ("stuck", self.stuck), ("silent", self.silent))
            for text in dict.fromkeys(texts)
        ]
        return "\n".join([f"{self.kind}: {self.what}", *problems])


def table(tried: Sequence[Tried]) -> str:
    """Number of faults by kind, and of those that lost something, did not heal or were not told: Markdown."""
    lines = ["| kind of fault | tried | lost | stuck | silent |", "|---|---|---|---|---|"]
    for kind in dict.fromkeys(one.kind for one in tried):
        of_kind = [one for one in tried if one.kind == kind]
        counts = [sum(bool(getattr(one, name)) for one in of_kind) for name in ("lost", "stuck", "silent")]
        lines.append(f"| {kind} | {len(of_kind):,} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"
