"""A step that hung is not repeated by the same run, whoever ended it."""

import datetime as dt
from pathlib import Path

import pytest

from airglow.model.errors import MachineError
from airglow.pipeline.at_work import StepAtWork, begin_step, record_killed
from airglow.pipeline.failures import failures
from airglow.pipeline.overtime import check_not_overtime

NAMES = {"instrument": "minime05", "site": "uao", "date": "20260429", "tag": "XR"}


def begin(work: Path, hours_ago: float | None) -> None:
    begun = ""
    if hours_ago is not None:
        begun = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours_ago)).isoformat(timespec="seconds")
    begin_step(work, StepAtWork("analyze", NAMES, "logs/a.log", "run", begun=begun))


def test_a_step_that_the_kernel_ended_is_not_repeated(tmp_path: Path) -> None:
    begin(tmp_path, 6.1)
    with pytest.raises(MachineError, match="longer than 6 hours"):
        check_not_overtime(tmp_path, "analyze", NAMES, "run", 6.0)
    record_killed(tmp_path)  # the step has told why it fails: that is not to be written over
    assert failures(tmp_path) == []


@pytest.mark.parametrize(("hours_ago", "attempt"), [(5.9, "run"), (None, "run"), (6.1, "another run")])
def test_a_step_that_was_killed_early_is_repeated(
    tmp_path: Path, hours_ago: float | None, attempt: str
) -> None:
    begin(tmp_path, hours_ago)
    check_not_overtime(tmp_path, "analyze", NAMES, attempt, 6.0)
    record_killed(tmp_path)
    assert [failure.rule for failure in failures(tmp_path)] == ["analyze"]
