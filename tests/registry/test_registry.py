"""The registry as of a date, and what it says of wrong entries."""

import datetime as dt
from pathlib import Path

import pytest
import yaml

from airglow.errors import RegistryError
from airglow.registry import load_registry

CONFIG = Path(__file__).parents[2] / "config"
SITES, INSTRUMENTS = CONFIG / "sites.yaml", CONFIG / "instruments.yaml"


@pytest.fixture(scope="module")
def registry():
    return load_registry(SITES, INSTRUMENTS)


def test_later_epoch_changes_only_what_it_lists(registry):
    before = registry.instrument("minime01", dt.date(2025, 8, 8))
    after = registry.instrument("minime01", dt.date(2025, 8, 9))
    assert (before.annuli.stop, after.annuli.stop) == (500, 300)
    assert after.annuli.count == 500
    assert before.default_parameters.reflectivity == 0.6959
    assert after.optics == before.optics
    assert registry.instrument("minime01", dt.date(2025, 10, 1)).expected_tags == ("XR",)


def test_clock_changes_on_its_date(registry):
    site = registry.site("mor")
    assert str(site.clock(dt.date(2015, 7, 29))) == "Africa/Casablanca"
    assert str(site.clock(dt.date(2015, 7, 30))) == "UTC"


def test_negative_zenith_angles_look_the_other_way(registry):
    south = next(d for d in registry.site("uao").directions if d.name == "South")
    assert (south.azimuth_deg, south.zenith_deg) == (180.0, 45.0)
    west = next(d for d in registry.site("car").directions if d.name == "West_60")
    assert (west.azimuth_deg, west.zenith_deg) == (90.0, 60.0)


def test_deployments_bound_a_site(registry):
    assert registry.instruments_at("uao", dt.date(2026, 5, 11)) == ("minime05", "minime13")
    assert registry.is_deployed("minime10", "uao", dt.date(2021, 6, 30))
    assert not registry.is_deployed("minime10", "uao", dt.date(2021, 7, 1))
    assert not registry.is_deployed("minime77", "uao", dt.date(2021, 7, 1))


def test_manual_flags_hold_within_their_period(registry):
    instrument = registry.instrument("minime05", dt.date(2016, 6, 6))
    assert instrument.flag_by_hand("temperature", dt.date(2016, 6, 6)) == 2
    assert instrument.flag_by_hand("temperature", dt.date(2016, 6, 8)) == 0
    assert instrument.flag_by_hand("wind", dt.date(2013, 1, 1)) == 1


def test_unknown_names_are_named(registry):
    with pytest.raises(RegistryError, match="unknown instrument minime77"):
        registry.instrument("minime77", dt.date(2025, 1, 1))
    with pytest.raises(RegistryError, match="unknown site xyz"):
        registry.site("xyz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, i: s["uao"].update(latitude_deg=91), "uao: latitude_deg"),
        (lambda s, i: s["uao"].update(altitude=1), "altitude"),
        (lambda s, i: s["uao"]["clock_timezones"][0].update(timezone="Mars/Base"), "unknown time zone"),
        (lambda s, i: s["uao"]["directions"].pop("Zenith"), "lack Zenith"),
        (lambda s, i: i["minime05"]["deployments"][0].update(site="xyz"), "deployed at xyz"),
        (lambda s, i: i["minime05"]["epochs"][0].pop("optics"), "optics"),
        (lambda s, i: i["minime05"]["epochs"][1].update({"from": None}), "ascending"),
        (lambda s, i: i["minime05"]["epochs"][0]["quality"].update(sky_intensity_flag1="low"), "'low'"),
    ],
)
def test_wrong_entries_are_refused_with_their_place(tmp_path, change, message):
    sites, instruments = (yaml.safe_load(path.read_text()) for path in (SITES, INSTRUMENTS))
    change(sites, instruments)
    paths = tmp_path / "sites.yaml", tmp_path / "instruments.yaml"
    for path, content in zip(paths, (sites, instruments), strict=True):
        path.write_text(yaml.safe_dump(content))
    with pytest.raises(RegistryError, match=message) as error:
        load_registry(*paths)
    assert str(tmp_path) in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"nothing\.yaml: cannot be read"):
        load_registry(tmp_path / "nothing.yaml", INSTRUMENTS)


def test_falloff_and_blur_are_converted_from_the_networks_convention(registry):
    # Light 1 - 0.0026 x - 0.044 x^2 with x = pi at the edge; blur (1.1 + 0.2 cos x - 0.2 sin x) / sqrt 2.
    defaults = registry.instrument("minime05", dt.date(2013, 10, 1)).default_parameters
    assert 1 + sum(defaults.falloff) == pytest.approx(1 - 0.0026 * 3.14159 - 0.044 * 9.8696, abs=1e-4)
    assert defaults.blur_px == pytest.approx((1.1 / 2**0.5, -0.2 / 2**0.5, 0.2 / 2**0.5))
