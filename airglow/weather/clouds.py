"""The four kinds of cloud sensor files, told apart line by line.

Each gives sky minus ambient temperature in C: about -35 under a clear sky, above -10 when overcast.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from airglow.errors import BadInput
from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.lines import MAX_EXAMPLES, Line, example, local_time, number, read_lines
from airglow.weather.series import CloudSeries, LineCounts, in_order

BOLTWOOD_NEW = "boltwood new"
BOLTWOOD_OLD = "boltwood old"
SKYALERT_NUMBERED = "skyalert numbered"
SKYALERT_ETHERNET = "skyalert ethernet"

WET, BAD = -998.0, -999.0
SENSIBLE_DIFFERENCE_C = (-100.0, 60.0)
SENSIBLE_AMBIENT_C = (-90.0, 70.0)

_NEW_HEADER = re.compile(r"T\s+Ser#\s+Firmw\s+Serrs\s+Cldy")
_OLD_HEADER = re.compile(r"FvrSkyTemAmbBlkHea")
_NUMBERED = re.compile(r"\d+\)")
_SAMPLE_TIME = re.compile(r"\d{4}-\d")


@dataclass(frozen=True)
class _Kind:
    """Where a kind of line has its words, and how its values are to be read."""

    date_word: int
    last_word: int  # the last of those that are needed
    values: Callable[[list[str]], tuple[float, float]]  # words to (difference C, ambient C)


def _difference(word: str, wet_is: float | None) -> float:
    """Sky minus ambient (C) as a Boltwood writes it; its codes for wet and bad decoded."""
    value = number(word)
    if value == WET and wet_is is not None:
        return wet_is
    if value in (WET, BAD):
        raise ValueError("the sensor says that its value is bad")
    return value


def _boltwood_new(words: list[str]) -> tuple[float, float]:
    return _difference(words[10], wet_is=0.0), _ambient(words[11])


def _boltwood_old(words: list[str]) -> tuple[float, float]:
    if any("illegal" in word for word in words):
        raise ValueError("the sensor says that the line is illegal")
    return _difference(words[3], wet_is=None), _ambient(words[4])


def _skyalert_numbered(words: list[str]) -> tuple[float, float]:
    unit = words[3].upper()
    if unit not in ("C", "F"):
        raise ValueError(f"{words[3][:10]!r} is not a unit")
    sky, ambient = number(words[5]), number(words[6])
    if BAD in (sky, ambient):
        raise ValueError("the sensor says that its value is bad")
    difference = sky - ambient
    if unit == "F":
        difference, ambient = difference / 1.8, (ambient - 32) / 1.8
    return (0.0 if sky == WET else difference), ambient


def _skyalert_ethernet(words: list[str]) -> tuple[float, float]:
    ambient, sky = number(words[3]), number(words[4])
    if BAD in (sky, ambient):
        raise ValueError("the sensor says that its value is bad")
    return (0.0 if sky == WET else sky - ambient), ambient


def _ambient(word: str) -> float:
    """Ambient temperature, which only accompanies: NaN if it is no number."""
    try:
        return number(word)
    except ValueError:
        return float("nan")


_KINDS = {
    BOLTWOOD_NEW: _Kind(0, 11, _boltwood_new),
    BOLTWOOD_OLD: _Kind(0, 4, _boltwood_old),
    SKYALERT_NUMBERED: _Kind(1, 6, _skyalert_numbered),
    SKYALERT_ETHERNET: _Kind(0, 4, _skyalert_ethernet),
}


def read_cloud_file(path: Path | str, clock: Clock) -> CloudSeries:
    """Read a cloud sensor file of any of the four kinds.

    Lines that are broken, that repeat, or whose value the sensor itself calls bad are left out and counted.
    A wet sensor counts as cloudy: a difference of 0 C.

    Parameters
    ----------
    path
        The file.
    clock
        The site's time zone, or ``Site.clock``: the zone as of a local date.

    Returns
    -------
    CloudSeries
        At least one sample; times UTC, temperatures C.

    Raises
    ------
    BadInput
        The file cannot be read, is of none of the kinds, or has no usable line.
    """
    path = Path(path)
    lines = read_lines(path)
    old = any(_OLD_HEADER.search(line.text) for line in lines)
    kinds = [_kind_of(line.text.split(), old) for line in lines]
    found = Counter(kind for kind in kinds if kind)
    if not found:
        raise BadInput(path.name, f"none of its {len(lines)} lines is one of a known cloud sensor")
    usual_words = {
        kind: Counter(len(line.text.split()) for line, k in zip(lines, kinds, strict=True) if k == kind)
        for kind in found
    }
    usual_words = {kind: counts.most_common(1)[0][0] for kind, counts in usual_words.items()}

    samples: list[tuple[dt.datetime, float, float, str]] = []
    seen: set[str] = set()
    rejected = repeated = ignored = 0
    examples: list[str] = []
    for line, kind in zip(lines, kinds, strict=True):
        text = line.text.strip()
        if kind is None and _is_other_report(text, BOLTWOOD_NEW in found):
            ignored += 1
            continue
        if text in seen:
            repeated += 1
            continue
        try:
            if kind is None:
                raise ValueError("not a line of this sensor")
            sample = _read_line(line, _KINDS[kind], usual_words[kind])
        except ValueError as error:
            rejected += 1
            if len(examples) < MAX_EXAMPLES:
                examples.append(example(line, str(error)))
            continue
        seen.add(text)
        samples.append((*sample, kind))
    if not samples:
        raise BadInput(path.name, f"no usable line ({rejected} rejected)", "; ".join(examples[:2]))

    time = local_to_utc(np.array([sample[0] for sample in samples], "datetime64[us]"), clock)
    order = in_order(time)
    values = np.array([sample[1:3] for sample in samples])[order]
    used_kinds = Counter(sample[3] for sample in samples)
    return CloudSeries(
        time=time[order],
        sky_minus_ambient_c=values[:, 0],
        ambient_c=values[:, 1],
        kind="+".join(kind for kind, _ in used_kinds.most_common()),
        files=(path.name,),
        lines=LineCounts(
            used=order.size,
            rejected=rejected,
            repeated=repeated + len(samples) - order.size,
            ignored=ignored,
            examples=tuple(examples),
        ),
    )


def _kind_of(words: list[str], old_file: bool) -> str | None:
    """Kind of a line by what only that kind has; None for headers, other reports and rubbish."""
    if len(words) < 3:
        return None
    if _NUMBERED.fullmatch(words[0]) and _SAMPLE_TIME.match(words[1]):
        return SKYALERT_NUMBERED
    if not _SAMPLE_TIME.match(words[0]):
        return None
    if words[2:4] == ["M", "~D"]:
        return BOLTWOOD_NEW
    if old_file:  # nothing in the lines themselves says so, only the header
        return BOLTWOOD_OLD
    if words[2][-2:-1] == "E":
        return SKYALERT_ETHERNET
    return None


def _is_other_report(text: str, boltwood_new: bool) -> bool:
    """Whether a line is one that the sensor writes besides samples: a header, or another report."""
    if text.startswith(("Date", "#")) or _NEW_HEADER.search(text) or _OLD_HEADER.search(text):
        return True
    if not boltwood_new:
        return False
    words = text.split()
    if _SAMPLE_TIME.match(words[0]):
        # "M" or "M ~" at the end is the beginning of a sample that was cut off.
        return len(words) > 3 and len(words[2]) == 1 and words[3] != "~"
    return len(words[0]) == 1 and words[0].isalpha()  # column titles of a report


def _read_line(line: Line, kind: _Kind, usual_words: int) -> tuple[dt.datetime, float, float]:
    """Time, difference and ambient of a line; ValueError with the reason if it has none."""
    words = line.text.split()
    if len(words) <= kind.last_word:
        raise ValueError("half a line")
    if len(words) == kind.last_word + 1 and not (line.ended and usual_words == len(words)):
        raise ValueError("half a line")  # the last word that counts may have lost its end
    time = local_time(words[kind.date_word], words[kind.date_word + 1])
    difference, ambient = kind.values(words)
    low, high = SENSIBLE_DIFFERENCE_C
    if not low <= difference <= high:
        raise ValueError(f"{difference:g} C between sky and ambient is not possible")
    low, high = SENSIBLE_AMBIENT_C
    return time, difference, ambient if low <= ambient <= high else float("nan")
