"""The log of an attempt at a night: what all steps of one run said of it, in one file.

On this disk it is ``logs/attempts/<time>/<night>.log``, in the bucket ``attempts/<time>.log`` beside the
state of the night; the time is that at which the run began. A line is an event, as ``key=value`` (logfmt),
with the night in every line.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.store import Store
from airglow.uploads import NightId

ATTEMPT_VARIABLE = "AIRGLOW_ATTEMPT"  # environment variable: when the run at hand began
ATTEMPTS = Path("logs/attempts")
_STAMP = "%Y%m%dT%H%M%SZ"
_PLAIN = re.compile(r"[^\s\"=\\]+")
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
_PASSED = "done"
_SENT = ".sent"  # in the folder of a run whose logs are in the bucket


def logfmt(fields: Mapping[str, object]) -> str:
    """One line of ``key=value``; values with spaces, quotes or line breaks are quoted as in JSON.

    Parameters
    ----------
    fields
        Names and values; what is empty is left out.

    Returns
    -------
    str
        Without a line break.
    """
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in fields.items() if str(value))


def parse_logfmt(line: str) -> dict[str, str]:
    """The fields of a line that `logfmt` made; what is none of it is passed over.

    Parameters
    ----------
    line
        The line.

    Returns
    -------
    dict
    """
    found = {}
    for name, text in _PAIR.findall(line):
        try:
            found[name] = json.loads(text) if text.startswith('"') else text
        except ValueError:
            continue
    return found


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class LogFormatter(logging.Formatter):
    """Records of `logging` as one line of ``key=value`` each, tracebacks included.

    Parameters
    ----------
    about
        Fields of every line: ``night``, ``step``, ``tag``.
    """

    def __init__(self, about: Mapping[str, str]) -> None:
        super().__init__()
        self._about = dict(about)

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record.

        Parameters
        ----------
        record
            With ``event`` and ``fields`` as extras, if it is one.

        Returns
        -------
        str
        """
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        return logfmt(
            {
                "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
                "level": record.levelname.lower(),
                **self._about,
                "event": getattr(record, "event", ""),
                **getattr(record, "fields", {}),
                "msg": record.getMessage(),
                "trace": trace,
            }
        )


def attempt_stamp(begun: dt.datetime) -> str:
    """The time of an attempt as it is in names.

    Parameters
    ----------
    begun
        When the run began (aware).

    Returns
    -------
    str
    """
    return f"{begun.astimezone(dt.UTC):{_STAMP}}"


def attempt_log(stamp: str, name: str) -> Path:
    """The log of an attempt on this disk.

    Parameters
    ----------
    stamp
        When the run began, as `attempt_stamp`.
    name
        Name of the night.

    Returns
    -------
    Path
    """
    return ATTEMPTS / stamp / f"{name}.log"


def attempt_key(night: NightId, stamp: str) -> str:
    """The log of an attempt in the bucket.

    Parameters
    ----------
    night
        The night.
    stamp
        When the run began, as `attempt_stamp`.

    Returns
    -------
    str
    """
    return f"{attempts_prefix(night)}{stamp}.log"


def attempts_prefix(night: NightId) -> str:
    """What the keys of all logs of attempts at a night begin with.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
    """
    return f"{night.state_prefix}attempts/"


def send_attempts(store: Store, stamp: str) -> dict[NightId, str]:
    """Put the logs of a run's attempts into the bucket: one request for each night.

    Parameters
    ----------
    store
        The bucket.
    stamp
        When the run began.

    Returns
    -------
    dict
        Key by night.
    """
    keys = {}
    for night, path in logs_of_run(stamp).items():
        keys[night] = attempt_key(night, stamp)
        store.put_bytes(keys[night], path.read_bytes(), "text/plain; charset=utf-8")
    if (ATTEMPTS / stamp).is_dir():
        (ATTEMPTS / stamp / _SENT).touch()
    return keys


def send_left_over(store: Store) -> list[str]:
    """Put logs into the bucket that a run left here which was killed, or which the bucket did not answer.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    list of str
        When the runs began.
    """
    left = [path.name for path in sorted(ATTEMPTS.glob("*Z")) if not (path / _SENT).exists()]
    for stamp in left:
        send_attempts(store, stamp)
    return left


def logs_of_run(stamp: str) -> dict[NightId, Path]:
    """The logs of a run's attempts on this disk, by night.

    Parameters
    ----------
    stamp
        When the run began, as `attempt_stamp`.

    Returns
    -------
    dict
    """
    found = {}
    for path in sorted((ATTEMPTS / stamp).glob("*.log")):
        try:
            found[NightId.parse(path.stem)] = path
        except BadInput:
            continue  # of a step that is of no single night
    return found


def steps_passed(paths: Iterable[Path]) -> set[str]:
    """Steps, with their tags, that logs of attempts say were done.

    Parameters
    ----------
    paths
        The logs.

    Returns
    -------
    set of str
    """
    passed = set()
    for path in paths:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            fields = parse_logfmt(line)
            if fields.get("event") == _PASSED and fields.get("step"):
                passed.add(step_name(fields["step"], fields.get("tag", "")))
    return passed


def step_name(rule: str, tag: str) -> str:
    """A step in words: the rule, and the tag if it has one.

    Parameters
    ----------
    rule
        Rule of the workflow.
    tag
        Tag of the frames; empty for a step of all tags.

    Returns
    -------
    str
    """
    return " ".join(filter(None, (rule, tag)))
