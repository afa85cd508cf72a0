"""More nights than a plan takes: one run plans until all are worked on, those of the last two dates first."""

import datetime as dt
import re

import pytest
from uploading import send

from airglow.uploads import NIGHTS_PER_PLAN, NightId

from .conftest import Place

OLDEST = dt.date(2026, 4, 1)


@pytest.mark.long
def test_a_backlog_is_worked_off_in_one_run_and_the_last_nights_come_first(place: Place) -> None:
    """Uploads that are no archives: so a night is refused, which is quick."""
    last = [dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days) for days in (1, 2)]
    old = [OLDEST + dt.timedelta(days=number) for number in range(NIGHTS_PER_PLAN)]
    for date in [*old, *last]:
        send(place.store, NightId("minime05", "uao", date), b"no archive" * 100, clouds=False)
    place.clone.configure("uploads", cloud_wait_hours=0)
    ran = place.clone.airglow()
    assert ran.code == 3, ran.text  # nights were refused, and this is told once
    plans = re.split(r"^discover: done", ran.text, flags=re.M)[1:]
    refused = [set(re.findall(r"^extract minime05 uao (\d{8}): refused", plan, re.M)) for plan in plans]
    assert [len(days) for days in refused] == [NIGHTS_PER_PLAN, 2]
    assert {f"{date:%Y%m%d}" for date in [*last, *old[:-2]]} == refused[0]
    assert refused[1] == {f"{date:%Y%m%d}" for date in old[-2:]}
    again = place.clone.airglow()
    assert again.code == 0, again.text
    assert not re.search("^extract", again.text, re.M)
