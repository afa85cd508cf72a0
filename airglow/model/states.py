"""The states of a night, and what changes them: one table, from which all others take their words.

The README, the pages, ``airglow status``, ``airglow run`` and the database show what stands here. What a
night has gone through is in its record (`airglow.uploads.records`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum

from airglow.model.errors import BadInput, RegistryError


class NightState(Enum):
    """What is the matter with a night."""

    WAITING = "waiting"
    QUEUED = "queued"
    READY = "ready"
    RUNNING = "running"
    CONTINUING = "continuing"
    DONE = "done"
    DEGRADED = "degraded"
    FAILED = "failed"
    HELD = "held"
    REFUSED = "refused"
    COLLECTION_ERROR = "collection error"


class ErrorClass(Enum):
    """Whose fault an error is, which decides whether the same is tried again."""

    DATA = "data"
    MACHINE = "machine"
    CONFIGURATION = "configuration"
    CODE = "code"


class ExitStatus(IntEnum):
    """How a run ends; a signal that stops it makes 128 and its number of it."""

    OK = 0
    BROKEN = 1
    WRONG = 2
    LOOK = 3
    FAILING = 4


@dataclass(frozen=True)
class StateInfo:
    """A state in words.

    Parameters
    ----------
    state
        Which.
    meaning
        What is the matter.
    action
        What the operator does about it; empty for nothing.
    """

    state: NightState
    meaning: str
    action: str = ""


STATES = (
    StateInfo(
        NightState.WAITING,
        "something is missing, and the reason says what: `12 of 17 parts`, `receipt missing`, a cloud file"
        " that is not there or ends too early, an upload that went away before it was archived",
        "if it stays: ask the instrument",
    ),
    StateInfo(NightState.QUEUED, "complete; a later run takes it up"),
    StateInfo(NightState.READY, "complete; this run or the next one takes it up"),
    StateInfo(NightState.RUNNING, "a run has taken it up"),
    StateInfo(NightState.CONTINUING, "begun and interrupted; the next run goes on with it"),
    StateInfo(
        NightState.DONE,
        "archived, published, loaded, raw objects deleted; also where no tag has a result, with the reason",
    ),
    StateInfo(
        NightState.DEGRADED, "done, but some tags are without a result of their own; the reason says which"
    ),
    StateInfo(
        NightState.FAILED,
        "a step failed, hung (`run.step_hours`), or was at work three times in a row when the run or the"
        " machine came down; the reason names the step. Later runs try it again after 1, 2, 4 … 24 hours;"
        " `status` says when",
        "mend the cause; `airglow release NIGHT` tries it at once",
    ),
    StateInfo(
        NightState.HELD,
        "left alone: by hand (`airglow hold`, or `uploads.hold` in the configuration), or since it failed"
        " three times in the same way while other nights passed that step, or since its manifest is damaged"
        " and nothing is left to mend it from",
        "do what the reason says, or read `airglow history NIGHT` and its log; then `airglow release NIGHT`",
    ),
    StateInfo(
        NightState.REFUSED,
        "wrong in a way that waiting does not mend: rubbish in the receipt, unknown instrument, wrong site,"
        " an archive that is damaged, too large or without frames",
        "upload it again, or correct the registry",
    ),
    StateInfo(NightState.COLLECTION_ERROR, "the instrument says that it has no data of that night"),
)
INFO = {info.state: info for info in STATES}
FINISHED = frozenset({NightState.DONE, NightState.DEGRADED})
WANTED = frozenset({NightState.READY, NightState.CONTINUING})  # by the run that looks


class Event(Enum):
    """What can happen to a night."""

    INCOMPLETE = "something is still to come"
    NO_DATA = "the receipt says that there are no data"
    COMPLETE = "the upload is complete"
    TOO_MANY = "the run takes other nights first"
    TAKEN_UP = "a run takes it up"
    INTERRUPTED = "the run was stopped or killed"
    FINISHED = "all steps are done"
    PARTLY = "all steps are done, some tags came to no result"
    BAD_DATA = "bad data: archive, receipt, registry's verdict"
    FAULT = "a step failed"
    SAME_FAULT = "the same fault for the third time, while other nights passed that step"
    CAME_DOWN = "at work the third time in a row when the run or the machine came down"
    UPLOAD_GONE = "its upload went away before it was archived"
    DAMAGED = "its manifest is damaged, and nothing is left to mend it from"
    HOLD = "an operator holds it"
    RELEASE = "an operator releases it"
    RETRY = "the time of the next try has come"
    NEW_UPLOAD = "another upload came"
    NEW_SETTINGS = "the code or the settings have changed"


@dataclass(frozen=True)
class Transition:
    """What an event makes of a night.

    Parameters
    ----------
    event
        What happens.
    before
        States in which it can happen.
    after
        The state afterwards.
    exit_first
        Exit status of the run in which it happens.
    exit_later
        Exit status of runs that find the night in that state.
    """

    event: Event
    before: frozenset[NightState]
    after: NightState
    exit_first: ExitStatus = ExitStatus.OK
    exit_later: ExitStatus = ExitStatus.OK


def _from(*states: NightState) -> frozenset[NightState]:
    return frozenset(states)


_S = NightState
_IN_RAW = _from(_S.WAITING, _S.QUEUED, _S.READY)
_UNDER_WAY = _from(_S.RUNNING, _S.CONTINUING)
TRANSITIONS = (
    Transition(Event.INCOMPLETE, _IN_RAW | _from(_S.REFUSED, _S.COLLECTION_ERROR, _S.DONE), _S.WAITING),
    Transition(Event.NO_DATA, _from(_S.WAITING), _S.COLLECTION_ERROR),
    Transition(Event.COMPLETE, _from(_S.WAITING, _S.QUEUED, _S.DONE, _S.DEGRADED), _S.READY),
    Transition(Event.TOO_MANY, _from(_S.WAITING, _S.READY), _S.QUEUED),
    Transition(Event.TAKEN_UP, _from(_S.READY, _S.CONTINUING, _S.DONE, _S.DEGRADED), _S.RUNNING),
    Transition(Event.INTERRUPTED, _UNDER_WAY, _S.CONTINUING),
    Transition(Event.FINISHED, _UNDER_WAY, _S.DONE),
    Transition(Event.PARTLY, _UNDER_WAY, _S.DEGRADED),
    Transition(Event.BAD_DATA, _IN_RAW | _UNDER_WAY, _S.REFUSED, ExitStatus.LOOK),
    Transition(Event.FAULT, _UNDER_WAY, _S.FAILED, ExitStatus.FAILING, ExitStatus.FAILING),
    Transition(Event.SAME_FAULT, _UNDER_WAY | _from(_S.FAILED), _S.HELD, ExitStatus.LOOK),
    Transition(Event.CAME_DOWN, _UNDER_WAY, _S.FAILED, ExitStatus.FAILING, ExitStatus.FAILING),
    Transition(Event.UPLOAD_GONE, _IN_RAW | _UNDER_WAY, _S.WAITING),
    Transition(Event.DAMAGED, _IN_RAW | _UNDER_WAY, _S.HELD, ExitStatus.LOOK),
    Transition(Event.RETRY, _from(_S.FAILED), _S.CONTINUING),
    Transition(Event.HOLD, frozenset(_S) - _from(_S.HELD), _S.HELD),
    Transition(Event.RELEASE, _from(_S.HELD, _S.REFUSED, _S.FAILED), _S.READY),
    Transition(Event.NEW_UPLOAD, _from(_S.HELD, _S.REFUSED, _S.FAILED, _S.COLLECTION_ERROR), _S.READY),
    Transition(Event.NEW_SETTINGS, _from(_S.HELD, _S.REFUSED, _S.FAILED), _S.READY),
)

SAME_FAULT_LIMIT = 3
"""After so many attempts in a row that failed alike, a night is held, if other nights pass that step."""

FIRST_PAUSE_H = 1
LONGEST_PAUSE_H = 24

EXIT_MEANINGS = {
    ExitStatus.OK: "all is well; nights that wait, or that are held or refused as was told before, are no"
    " failure of a run. Also where another run is at work in this directory: nothing was begun",
    ExitStatus.BROKEN: "the run itself came to no end: Snakemake gave up or was killed, without a step that"
    " failed",
    ExitStatus.WRONG: "nothing was begun: the request is wrong, such as a mistyped night or one that was"
    " never uploaded, or the environment, the bucket, the database's settings or the configuration are not"
    " as they must be",
    ExitStatus.LOOK: "a night is refused, held, or failed by its data, and this is told for the first time;"
    " later runs pass it over",
    ExitStatus.FAILING: "a step failed by the machine or the code, now or in an earlier run, and was not"
    " repeated with success yet; runs try it again",
}
SIGNALLED = (
    "128 + N",
    "stopped by signal N (130 is Ctrl-C, 143 is SIGTERM); the next run goes on from there, but a reanalysis"
    " is to be asked for again",
)


def error_class_of(error: BaseException) -> ErrorClass:
    """Whose fault an error is.

    Parameters
    ----------
    error
        What a step raised.

    Returns
    -------
    ErrorClass
        Of errors that nobody expected, code.
    """
    from airglow.model.errors import AirglowError

    if isinstance(error, BadInput):
        return ErrorClass.DATA
    if isinstance(error, RegistryError):
        return ErrorClass.CONFIGURATION
    # What airglow raises on purpose and is neither comes from the bucket, the database, the disk or a lock.
    if isinstance(error, AirglowError | OSError | MemoryError):
        return ErrorClass.MACHINE
    return ErrorClass.CODE


def next_try(last_tried: dt.datetime, failures: int) -> dt.datetime:
    """When a night that failed is tried again.

    Parameters
    ----------
    last_tried
        End of the last attempt.
    failures
        How many attempts in a row failed, at least one.

    Returns
    -------
    datetime
        1, 2, 4 … 24 hours later, less five minutes: an hourly run must not come a minute too early.
    """
    hours = min(FIRST_PAUSE_H * 2 ** min(failures - 1, 10), LONGEST_PAUSE_H)
    return last_tried + dt.timedelta(hours=hours, minutes=-5)


def state_of_outcomes(states: Iterable[str], analysed: str = "analysed") -> NightState:
    """Whether a night that has gone all the way is done or degraded.

    Parameters
    ----------
    states
        What the analysis of each tag came to.
    analysed
        The word for a result.

    Returns
    -------
    NightState
        Degraded if some tags have a result and others have none. Where no tag has one, nothing is missing
        that the night could give: done.
    """
    with_result = [state == analysed for state in states]
    return NightState.DEGRADED if any(with_result) and not all(with_result) else NightState.DONE


def states_table() -> str:
    """The table of states of the README, in Markdown.

    Returns
    -------
    str
    """
    lines = ["| state | what it means | what to do |", "|---|---|---|"]
    for info in STATES:
        action = f" {info.action} |" if info.action else " |"
        lines.append(f"| {info.state.value} | {info.meaning} |{action}")
    return "\n".join(lines)


def transitions_table() -> str:
    """The table of transitions of the README, in Markdown.

    Returns
    -------
    str
    """
    lines = ["| what happens | from | to | exit status then, and later |", "|---|---|---|---|"]
    for one in TRANSITIONS:
        before = ", ".join(state.value for state in NightState if state in one.before)
        if len(one.before) >= len(NightState) - 1:
            before = "any"
        exits = f"{one.exit_first.value}, {one.exit_later.value}"
        lines.append(f"| {one.event.value} | {before} | {one.after.value} | {exits} |")
    return "\n".join(lines)


def exits_table() -> str:
    """The table of exit statuses of the README, in Markdown.

    Returns
    -------
    str
    """
    rows = [(str(status.value), meaning) for status, meaning in EXIT_MEANINGS.items()] + [SIGNALLED]
    return "\n".join(["| | |", "|---|---|", *(f"| {status} | {meaning} |" for status, meaning in rows)])


def exits_help() -> str:
    """The exit statuses for ``airglow run --help``.

    Returns
    -------
    str
    """
    import textwrap

    rows = [(str(status.value), meaning) for status, meaning in EXIT_MEANINGS.items()] + [SIGNALLED]
    wrapped = [
        textwrap.fill(meaning, 100, initial_indent=f"  {status}  ", subsequent_indent="     ")
        for status, meaning in rows
    ]
    return "\n".join(["exit status:", *wrapped])
