"""What of the registry holds on a date, against dates that were counted one by one."""

import dataclasses
import datetime as dt
import itertools

import pytest

from airglow.registry import load_registry
from airglow.registry.instrument import BadPeriod
from airglow.registry.load import _overlay
from airglow.registry.records import Deployment

from .test_registry import INSTRUMENTS, SITES

DAY = dt.timedelta(days=1)
FIRST = dt.date(2024, 2, 26)
DATES = [FIRST + number * DAY for number in range(6)]


@pytest.fixture(scope="module")
def registry():
    return load_registry(SITES, INSTRUMENTS)


@pytest.mark.parametrize(
    ("longitude_deg", "noon"),
    [
        (0.0, "2024-02-26 12:00"),
        (-88.25, "2024-02-26 17:53"),  # four minutes a degree, later in the west
        (150.0, "2024-02-26 02:00"),
    ],
)
def test_noon_is_that_of_the_mean_sun_at_the_site(registry, longitude_deg, noon):
    site = dataclasses.replace(registry.site("uao"), longitude_deg=longitude_deg)
    assert site.noon(FIRST) == dt.datetime.fromisoformat(noon).replace(tzinfo=dt.UTC)


def test_spans_overlap_where_they_share_a_date():
    ends = [*DATES, None]
    for start, stop, first, last in itertools.product(DATES, ends, ends, ends):
        if (stop is not None and stop < start) or (None not in (first, last) and last < first):
            continue
        deployment = Deployment("uao", start, stop)
        # Beyond the dates that are named nothing changes, so that a day more on either side tells.
        days = [FIRST - DAY, *DATES, DATES[-1] + DAY]
        shared = [
            day
            for day in days
            if start <= day <= (stop or day) and (first or day) <= day and day <= (last or day)
        ]
        assert deployment.overlaps(first, last) == bool(shared)
        assert [day for day in days if deployment.includes(day)] == [
            day for day in days if start <= day <= (stop or day)
        ]


def test_each_tag_has_the_wavelength_of_its_line(registry):
    optics = registry.instrument("minime05", FIRST).optics
    both = dataclasses.replace(optics, green_line_wavelength_m=557.7e-9)
    assert [round(1e9 * both.line_wavelength_m(tag), 1) for tag in ("X", "XR", "XG")] == [630.0, 630.0, 557.7]


def test_the_highest_flag_by_hand_holds_on_each_night_of_its_period(registry):
    periods = (
        BadPeriod("wind", DATES[1], DATES[3], 1),
        BadPeriod("wind", DATES[3], DATES[4], 2),
        BadPeriod("temperature", DATES[0], DATES[0], 2),
    )
    instrument = dataclasses.replace(registry.instrument("minime05", FIRST), bad_periods=periods)
    assert [instrument.flag_by_hand("wind", date) for date in DATES] == [0, 1, 1, 2, 2, 0]
    assert [instrument.flag_by_hand("temperature", date) for date in DATES] == [2, 0, 0, 0, 0, 0]


def test_a_later_epoch_keeps_what_it_does_not_list():
    before = {"from": None, "annuli": {"count": 500, "stop": 500}, "tags": ["X"]}
    after = _overlay(before, {"from": FIRST, "annuli": {"stop": 300}, "tags": ["XR"]})
    assert after == {"from": FIRST, "annuli": {"count": 500, "stop": 300}, "tags": ["XR"]}
    assert before["annuli"]["stop"] == 500
