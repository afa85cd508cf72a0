"""The registry, and nights that are quick to expose."""

import datetime as dt

import pytest
from known import known_registry

from airglow.simulate import simulate_night

from .common import SPRING


@pytest.fixture(scope="session")
def registry():
    return known_registry()


@pytest.fixture(scope="session")
def draw(registry):
    """Draw a night of minime05 (minime13 in 2026) at uao; by default five sky and two laser frames."""

    def draw_night(scenario="nominal", date=SPRING, **options):
        options = {"sky_frames": 5, "laser_frames": 2, "seed": 7, **options}
        key = options.pop("instrument", "minime05" if date < dt.date(2026, 1, 1) else "minime13")
        site = registry.site(options.pop("site", "uao"))
        return simulate_night(registry.instrument(key, date), site, date, scenario, **options)

    return draw_night
