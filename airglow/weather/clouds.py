"""The four kinds of cloud sensor files, told apart line by line.

Each gives sky minus ambient temperature in C: about -35 under a clear sky, above -10 when overcast.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from airglow.model.errors import BadInput
from airglow.weather.clock import Clock, local_to_utc
from airglow.weather.lines import MAX_EXAMPLES, example, local_time, number, read_lines
from airglow.weather.series import CloudSeries, LineCounts, in_order, rejection_remark
from airglow.weather.stuck import without_stuck

BOLTWOOD_NEW = "boltwood new"
BOLTWOOD_OLD = "boltwood old"
SKYALERT_NUMBERED = "skyalert numbered"
SKYALERT_ETHERNET = "skyalert ethernet"

WET, BAD = -998.0, -999.0
_CUT = ""  # in place of a word that may be only half of one
SENSIBLE_DIFFERENCE_C = (-100.0, 60.0)
SENSIBLE_AMBIENT_C = (-90.0, 70.0)

_NEW_HEADER = re.compile(r"T\s+Ser#\s+Firmw\s+Serrs\s+Cldy")
_OLD_HEADER = re.compile(r"FvrSkyTemAmbBlkHea")
_NUMBERED = re.compile(r"\d+\)")
_SAMPLE_TIME = re.compile(r"\d{4}-\d")
# The maker's string names itself in a word like Data-2.4mE; loggers in use have a character behind the E, and
# what separates words, or a damaged byte, may follow.
_ETHERNET = re.compile(r"\S*E[^\s,;\ufffd]?[,;\ufffd]*")
_ETHERNET_LETTERS = 3  # a shorter word may be the state of an old Boltwood


@dataclass(frozen=True)
class _Kind:
    """Where a kind of line has its words, and how its values are to be read."""

    date_word: int
    last_word: int  # the last of those that are needed
    last_accompanies: bool  # the difference is known without that word
    values: Callable[[list[str]], tuple[float, float]]  # words to (difference C, ambient C)
    clocks: tuple[int, ...] = ()  # words that count time although the sensor is silent


class _Sample(NamedTuple):
    """A line that was read; its time is the site's clock."""

    time: dt.datetime
    difference_c: float
    ambient_c: float  # NaN if the line has none that is sensible
    answer: str  # the line apart from times and running numbers
    kind: str


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
    known = unit in ("C", "F")
    sky, ambient = _sky(words[5]), _ambient(words[6])
    if unit == "F":
        sky, ambient = sky if sky == WET else (sky - 32) / 1.8, (ambient - 32) / 1.8
    if sky == WET:
        return 0.0, ambient if known else float("nan")
    if not known:
        raise ValueError(f"{words[3][:10]!r} is not a unit")
    return sky - _needed(words[6], ambient), ambient


def _skyalert_ethernet(words: list[str]) -> tuple[float, float]:
    sky, ambient = _sky(words[4]), _ambient(words[3])
    return (0.0 if sky == WET else sky - _needed(words[3], ambient)), ambient


def _sky(word: str) -> float:
    """Temperature of the sky as a SkyAlert writes it; its code for wet stays."""
    value = number(word)
    if value == BAD:
        raise ValueError("the sensor says that its value is bad")
    return value


def _needed(word: str, ambient: float) -> float:
    """An ambient temperature without which there is no difference."""
    if math.isnan(ambient):
        number(word)  # says why, if it is no number
        raise ValueError("the sensor says that its value is bad")
    low, high = SENSIBLE_AMBIENT_C
    if not low <= ambient <= high:
        raise ValueError(f"an ambient temperature of {ambient:g} C is not possible")
    return ambient


def _ambient(word: str) -> float:
    """Ambient temperature: NaN if it is no number, or the sensor says that it is bad."""
    try:
        value = number(word)
    except ValueError:
        return float("nan")
    return float("nan") if value in (WET, BAD) else value


# A numbered line counts the seconds since the sensor's last answer and has its program's clock in days.
_KINDS = {
    BOLTWOOD_NEW: _Kind(0, 11, True, _boltwood_new),
    BOLTWOOD_OLD: _Kind(0, 4, True, _boltwood_old),
    SKYALERT_NUMBERED: _Kind(1, 6, False, _skyalert_numbered, clocks=(14, 15)),
    SKYALERT_ETHERNET: _Kind(0, 4, False, _skyalert_ethernet),
}


def read_cloud_file(path: Path | str, clock: Clock) -> CloudSeries:
    """Read a cloud sensor file of any of the four kinds.

    Lines that are broken, that repeat, or whose value the sensor itself calls bad are left out and counted,
    and so is what a stuck sensor repeats (`airglow.weather.stuck`). A wet sensor counts as cloudy: a
    difference of 0 C.

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
        There is no such file, it is of none of the kinds, or has no usable line.
    MachineError
        The machine failed to read it.
    """
    return without_stuck(read_as_logged(path, clock))


def read_as_logged(path: Path | str, clock: Clock) -> CloudSeries:
    """As `read_cloud_file`, with what a stuck sensor repeats: files are joined before that is judged."""
    path = Path(path)
    lines = read_lines(path)
    old = any(_OLD_HEADER.search(line.text) for line in lines)
    words_of = [line.text.split() for line in lines]
    kinds = [_kind_of(words, old) for words in words_of]
    found = Counter(kind for kind in kinds if kind)
    if not found:
        raise BadInput(path.name, f"none of its {len(lines)} lines is one of a known cloud sensor")
    usual_words = {
        kind: Counter(len(words) for words, k in zip(words_of, kinds, strict=True) if k == kind)
        for kind in found
    }
    usual_words = {kind: counts.most_common(1)[0][0] for kind, counts in usual_words.items()}

    samples: list[_Sample] = []
    seen: set[str] = set()
    rejected = repeated = ignored = 0
    examples: list[str] = []
    for line, words, kind in zip(lines, words_of, kinds, strict=True):
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
            sample = _read_words(words, kind, line.ended and len(words) == usual_words[kind])
        except ValueError as error:
            rejected += 1
            if len(examples) < MAX_EXAMPLES:
                examples.append(example(line, str(error)))
            continue
        seen.add(text)
        samples.append(sample)
    if not samples:
        such_as = f", such as {examples[0]}" if examples else ""
        raise BadInput(path.name, f"no usable line ({rejected} rejected{such_as})")

    time = local_to_utc(np.array([sample.time for sample in samples], "datetime64[us]"), clock)
    ambient = np.array([sample.ambient_c for sample in samples])
    # Of lines with one time the first counts, but a whole one before one whose ambient is cut off.
    by_time = np.lexsort((np.isnan(ambient), time))
    order = by_time[in_order(time[by_time])]
    used_kinds = Counter(sample.kind for sample in samples)
    lines = LineCounts(
        used=order.size,
        rejected=rejected,
        repeated=repeated + len(samples) - order.size,
        ignored=ignored,
        partial=int(np.isnan(ambient[order]).sum()),
        examples=tuple(examples),
    )
    remarks = rejection_remark(path.name, lines)
    if lines.partial:
        remarks += (f"{path.name}: {lines.partial} of {lines.used} lines have no ambient temperature.",)
    return CloudSeries(
        time=time[order],
        sky_minus_ambient_c=np.array([sample.difference_c for sample in samples])[order],
        ambient_c=ambient[order],
        kind="+".join(kind for kind, _ in used_kinds.most_common()),
        files=(path.name,),
        lines=lines,
        answers=np.array([sample.answer for sample in samples], object)[order],
        remarks=remarks,
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
    ethernet = _ETHERNET.fullmatch(words[2]) is not None
    if ethernet and len(words[2]) >= _ETHERNET_LETTERS:
        return SKYALERT_ETHERNET
    if old_file:  # nothing in the lines themselves says so, only the header
        return BOLTWOOD_OLD
    return SKYALERT_ETHERNET if ethernet and len(words[2]) > 1 else None


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


def _read_words(words: list[str], name: str, whole: bool) -> _Sample:
    """What a line of a kind says; ValueError with the reason if it is of no use.

    The last word of a line that is not whole may have lost its end.
    """
    kind = _KINDS[name]
    if len(words) <= kind.last_word:
        raise ValueError("half a line")
    if not whole:
        if len(words) == kind.last_word + 1 and not kind.last_accompanies:
            raise ValueError("half a line")
        words = [*words[:-1], _CUT]
    time = local_time(words[kind.date_word], words[kind.date_word + 1])
    difference, ambient = kind.values(words)
    low, high = SENSIBLE_DIFFERENCE_C
    if not low <= difference <= high:
        raise ValueError(f"{difference:g} C between sky and ambient is not possible")
    low, high = SENSIBLE_AMBIENT_C
    if not low <= ambient <= high:
        ambient = float("nan")
    return _Sample(time, difference, ambient, _answer(words, kind), name)


def _answer(words: list[str], kind: _Kind) -> str:
    """The words of a line behind its time, less running clocks and what was cut off."""
    first = kind.date_word + 2
    said = words[first:]
    if kind.clocks:
        said = [word for k, word in enumerate(said, start=first) if k not in kind.clocks]
    if said and said[-1] == _CUT:
        said = said[:-1]
    answer = " ".join(said)
    if "," in answer or ";" in answer:  # separators, or a decimal comma
        answer = " ".join(word.rstrip(",;").replace(",", ".") for word in said)
    return answer
