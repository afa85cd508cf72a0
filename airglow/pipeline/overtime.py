"""Steps that take too long: one that hangs is ended, or its night would keep the run for ever."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from airglow.model.errors import MachineError
from airglow.pipeline.at_work import StepAtWork, end_step, step_at_work
from airglow.pipeline.failures import failure_of

_LATER = "A later run tries it again"
_GRACE_S = 60  # after which the kernel ends a process that does not even run its threads


def overtime(hours: float) -> str:
    """Why a step was ended.

    Parameters
    ----------
    hours
        How long a step may take.

    Returns
    -------
    str
    """
    return f"it was ended, since it took longer than {hours:g} hours (run.step_hours)"


@contextlib.contextmanager
def end_after(
    hours: float, note: Callable[[str], None], end: Callable[[int], None] = os._exit
) -> Iterator[None]:
    """End this process if a ``with`` block takes too long.

    Parameters
    ----------
    hours
        How long it may take.
    note
        Takes the reason and puts it on record, before the process ends.
    end
        Ends the process at once, with an exit status.

    Yields
    ------
    None
        While the clock runs.
    """

    def give_up() -> None:
        try:
            note(overtime(hours))
        finally:
            end(1)

    watch = threading.Timer(hours * 3600.0, give_up)
    watch.daemon = True
    watch.start()
    # Nothing can be put on record where code outside Python holds its lock: then the end of the run finds a
    # step that was killed.
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(hours * 3600.0) + _GRACE_S)
    try:
        yield
    finally:
        watch.cancel()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check_not_overtime(
    work: Path, rule: str, wildcards: Mapping[str, str], attempt: str, hours: float
) -> None:
    """Before a step: stop if this run has ended it already, since it took too long.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    rule, wildcards
        As in `airglow.pipeline.failures.record_failure`.
    attempt
        When the run began (`airglow.pipeline.attempts.attempt_stamp`).
    hours
        How long a step may take.

    Raises
    ------
    MachineError
        With the reason of then.
    """
    failure = failure_of(work, rule, wildcards)
    if failure is not None and failure.attempt == attempt and overtime(hours) in failure.reason:
        raise MachineError(failure.name, overtime(hours), _LATER)
    step = step_at_work(work, rule, wildcards)
    if step is not None and step.attempt == attempt and _has_lasted(step, hours):  # ended by the kernel
        end_step(work, rule, wildcards)
        raise MachineError(step.name, overtime(hours), _LATER)


def _has_lasted(step: StepAtWork, hours: float) -> bool:
    try:
        begun = dt.datetime.fromisoformat(step.begun)
        return dt.datetime.now(dt.UTC) - begun >= dt.timedelta(hours=hours)
    except (ValueError, TypeError):
        return False
