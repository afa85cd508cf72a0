"""What one check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Grade(Enum):
    """How good it is."""

    OK = "ok"
    WARNING = "warning"  # runs work, but something is worth a look
    WRONG = "wrong"  # runs fail, or will soon


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    Parameters
    ----------
    check
        What was looked at, in a word or two.
    grade
        How good it is.
    seen
        What was seen.
    action
        What the operator should do; empty where nothing is to be done.
    """

    check: str
    grade: Grade
    seen: str
    action: str = ""


def ok(check: str, seen: str) -> Finding:
    """A check that found all well."""
    return Finding(check, Grade.OK, seen)


def warning(check: str, seen: str, action: str) -> Finding:
    """A check that found what is worth a look."""
    return Finding(check, Grade.WARNING, seen, action)


def wrong(check: str, seen: str, action: str) -> Finding:
    """A check that found what makes runs fail."""
    return Finding(check, Grade.WRONG, seen, action)
