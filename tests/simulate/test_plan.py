"""When frames are taken: in darkness, one after the other."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, get_sun
from astropy.time import Time
from astropy.utils import iers

from airglow.model.errors import BadInput
from airglow.simulate.plan import darkness, evenly, plan_night, sun_elevation_deg

SPRING = dt.date(2025, 4, 29)


@pytest.mark.parametrize(("key", "month"), [("uao", 1), ("uao", 7), ("mrh", 10), ("sao", 4)])
def test_the_sun_agrees_with_astropy(registry, key, month):
    site = registry.site(key)
    place = EarthLocation(lat=site.latitude_deg * u.deg, lon=site.longitude_deg * u.deg)
    with iers.conf.set_temp("auto_download", False):
        for hour in (1, 9, 17):
            when = dt.datetime(2024, month, 15, hour, tzinfo=dt.UTC)
            time = Time(when)
            expected = get_sun(time).transform_to(AltAz(obstime=time, location=place)).alt.deg
            assert sun_elevation_deg(site, when) == pytest.approx(expected, abs=0.05)


def plan(site, sky_frames, lasers, date=SPRING, tags=("XR",), **options):
    rng = np.random.default_rng(3)
    return plan_night(site, date, tags, sky_frames, evenly(lasers), 240.0, 30.0, rng, **options)


def test_exposures_follow_each_other_in_the_dark(registry):
    site = registry.site("uao")
    dusk, dawn = darkness(site, SPRING)
    exposures = plan(site, 60, 20)
    assert len(exposures) == 80
    assert exposures[0].start >= dusk
    assert exposures[-1].end <= dawn
    for before, after in pairwise(exposures):
        assert dt.timedelta(seconds=4) < after.start - before.end < dt.timedelta(seconds=12)
    for exposure in exposures:
        assert sun_elevation_deg(site, exposure.middle) < -7.9
    assert exposures[0].tag == exposures[-1].tag == "L"
    lasers = [number for number, exposure in enumerate(exposures) if exposure.tag == "L"]
    assert max(np.diff(lasers)) <= 5


def test_a_long_list_makes_the_exposures_shorter(registry):
    exposures = plan(registry.site("uao"), 180, 60)
    assert len(exposures) == 240
    assert 100 < exposures[1].exposure_s < 200
    assert exposures[-1].end <= darkness(registry.site("uao"), SPRING)[1]


def test_mirrors_look_west_by_looking_east_the_other_way(registry):
    pointed = {e.direction: (e.azimuth_deg, e.zenith_deg) for e in plan(registry.site("uao"), 5, 0)}
    assert pointed == {
        "Zenith": (0, 0),
        "North": (0, 45),
        "East": (90, 45),
        "South": (0, -45),
        "West": (90, -45),
    }


def test_every_line_is_exposed_before_the_mirror_moves(registry):
    exposures = plan(registry.site("uao"), 5, 0, tags=("XG", "XR"))
    assert [e.tag for e in exposures] == ["XG", "XR"] * 5
    assert [e.direction for e in exposures[::2]] == [e.direction for e in exposures[1::2]]


def test_nights_at_the_date_line_are_whole(registry):
    dusk, dawn = darkness(registry.site("kwj"), SPRING)
    assert dt.timedelta(hours=9) < dawn - dusk < dt.timedelta(hours=12)


def test_too_many_frames_are_refused(registry):
    with pytest.raises(BadInput, match="do not fit"):
        plan(registry.site("uao"), 2000, 10)


def test_directions_that_the_site_lacks_are_refused(registry):
    with pytest.raises(BadInput, match="look directions"):
        plan(registry.site("uao"), 5, 0, directions=("Nowhere",))
