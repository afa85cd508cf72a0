"""The registry as of a date, and what it says of wrong entries."""

import copy
import datetime as dt
from pathlib import Path

import pytest
import yaml

from airglow.model.errors import RegistryError
from airglow.registry import load_registry
from airglow.registry.yaml_files import read_yaml

CONFIG = Path(__file__).parents[2] / "airglow/data"
SITES, INSTRUMENTS = CONFIG / "sites.yaml", CONFIG / "instruments.yaml"
SHIPPED = [read_yaml(path) for path in (SITES, INSTRUMENTS)]
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C where PyYAML has it: ten times faster


@pytest.fixture(scope="module")
def registry():
    return load_registry(SITES, INSTRUMENTS)


def written(folder, change):
    """The shipped registry with a change, as files."""
    contents = copy.deepcopy(SHIPPED)
    change(*contents)
    paths = folder / "sites.yaml", folder / "instruments.yaml"
    for path, content in zip(paths, contents, strict=True):
        path.write_text(yaml.dump(content, Dumper=DUMPER))
    return paths


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


# Of the computer at mor: UTC in winter, UTC+1 in summer, also through Ramadan, when the country went back to
# UTC at 3 o'clock on 2014-06-28 and 2015-06-14, and forward again at 2 o'clock on 2014-08-02 and 2015-07-19.
@pytest.mark.parametrize(
    ("night", "clock", "utc"),
    [
        ("2014-03-28", "2014-03-28 22:00", "2014-03-28 22:00"),
        ("2014-06-26", "2014-06-27 04:30", "2014-06-27 03:30"),
        ("2014-06-27", "2014-06-27 22:00", "2014-06-27 21:00"),
        ("2014-06-27", "2014-06-28 02:30", "2014-06-28 01:30"),
        ("2014-06-27", "2014-06-28 04:30", "2014-06-28 03:30"),
        ("2014-06-28", "2014-06-28 22:00", "2014-06-28 21:00"),
        ("2014-07-10", "2014-07-10 21:50", "2014-07-10 20:50"),
        ("2014-08-01", "2014-08-01 22:00", "2014-08-01 21:00"),
        ("2014-08-01", "2014-08-02 01:30", "2014-08-02 00:30"),
        ("2014-08-01", "2014-08-02 04:30", "2014-08-02 03:30"),
        ("2014-08-02", "2014-08-02 22:00", "2014-08-02 21:00"),
        ("2014-08-03", "2014-08-03 22:00", "2014-08-03 21:00"),
        ("2014-11-20", "2014-11-20 22:00", "2014-11-20 22:00"),
        ("2015-06-12", "2015-06-13 04:30", "2015-06-13 03:30"),
        ("2015-06-13", "2015-06-13 22:00", "2015-06-13 21:00"),
        ("2015-06-13", "2015-06-14 04:30", "2015-06-14 03:30"),
        ("2015-06-25", "2015-06-25 21:50", "2015-06-25 20:50"),
        ("2015-07-18", "2015-07-19 01:30", "2015-07-19 00:30"),
        ("2015-07-18", "2015-07-19 04:30", "2015-07-19 03:30"),
        ("2015-07-19", "2015-07-19 22:00", "2015-07-19 21:00"),
        ("2015-07-20", "2015-07-20 22:00", "2015-07-20 21:00"),
        ("2015-07-29", "2015-07-30 04:30", "2015-07-30 03:30"),
        ("2015-07-30", "2015-07-30 22:00", "2015-07-30 22:00"),
    ],
)
def test_the_computer_at_mor_kept_summer_time_through_ramadan(registry, night, clock, utc):
    zone = registry.site("mor").clock(dt.date.fromisoformat(night))
    local = dt.datetime.fromisoformat(clock).replace(tzinfo=zone)
    assert local.astimezone(dt.UTC) == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    # A weather file of the date after midnight, looked up by that date, has the same clock.
    by_file = registry.site("mor").clock(local.date())
    if local.date() != dt.date(2015, 7, 30):
        assert local.replace(tzinfo=by_file).astimezone(dt.UTC) == local.astimezone(dt.UTC)


def test_madrigals_codes_are_those_of_its_instrument_table(registry):
    codes = {key: site.madrigal_kinst for key, site in registry.sites.items() if site.madrigal_kinst}
    in_order = ("car", "caj", "par", "uao", "kaf", "vti", "ann", "mrh", "nzk", "eku", "low", "blo", "cvo")
    assert codes == {key: 5545 + k for k, key in enumerate(in_order)}


def test_plate_scale_from_the_optics(registry):
    optics = registry.instrument("minime92", dt.date(2020, 1, 1)).optics
    # 6.4 um in 2 x 2 binning at 300 mm
    assert optics.plate_scale_rad_per_pixel(2) == pytest.approx(12.8e-6 / 0.3)
    assert optics.plate_scale_rad_per_pixel(4) == pytest.approx(25.6e-6 / 0.3)


def test_an_epoch_may_send_to_madrigal_when_the_instrument_is_elsewhere(tmp_path):
    """A site without a code is no fault before or after the epoch in which nights are sent."""

    def change(sites, instruments):
        first, later = instruments["minime05"]["epochs"]  # the later one from 2025-08-30
        first["send_to_madrigal"], later["send_to_madrigal"] = False, True
        instruments["minime05"]["deployments"] = [
            {"site": "bdr", "start": dt.date(2012, 7, 3), "stop": dt.date(2025, 8, 29)},
            {"site": "uao", "start": dt.date(2025, 8, 30), "stop": None},
        ]

    load_registry(*written(tmp_path, change))


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
        (
            lambda s, i: s["mrh"].update(fringe_fraction=0.82),
            "sites.yaml: mrh: fringe_fraction is gone: all annuli are used, .* no better .*Delete the line",
        ),
        (lambda s, i: s["a3o"].update(single_fringe=True), "sites.yaml: a3o: single_fringe is gone"),
        (lambda s, i: s["uao"]["clock_timezones"][0].update(timezone="Mars/Base"), "unknown time zone"),
        (lambda s, i: s["uao"]["directions"].pop("Zenith"), "lack Zenith"),
        (lambda s, i: i["minime05"]["deployments"][0].update(site="xyz"), "deployed at xyz"),
        (lambda s, i: i["minime05"]["epochs"][0].pop("optics"), "optics"),
        (lambda s, i: i["minime05"]["epochs"][1].update({"from": None}), "ascending"),
        (lambda s, i: i["minime05"]["epochs"][0]["quality"].update(sky_intensity_flag1="low"), "'low'"),
        (
            lambda s, i: i["minime94"]["epochs"][0].update(send_to_madrigal=True),
            "instruments.yaml: minime94: send_to_madrigal at bdr, which has no madrigal_kinst in .*"
            "sites.yaml. Give the site its code, or set send_to_madrigal: false",
        ),
        (lambda s, i: s["low"].update(madrigal_kinst=None), "minime11: send_to_madrigal at low"),
        (lambda s, i: s["uao"].pop("madrigal_kinst"), "send_to_madrigal at uao"),
        (lambda s, i: s["uao"].update(madrigal_kinst=0), "uao: madrigal_kinst: 0 is less than"),
        (lambda s, i: s["uao"].update(madrigal_kinst="5548"), "uao: madrigal_kinst: '5548'"),
        (lambda s, i: s["uao"].update(latitude_deg=float("nan")), "uao: latitude_deg: nan is no finite"),
        (
            lambda s, i: s["uao"]["directions"]["North"].update(azimuth_deg=float("nan")),
            "uao: directions: North: azimuth_deg: nan is no finite number",
        ),
        (
            lambda s, i: i["minime05"]["epochs"][1]["default_parameters"].update(
                blur=[1.0, 0.0, float("inf")]
            ),
            "minime05: epochs: 1: default_parameters: blur: 2: inf is no finite number",
        ),
        (
            lambda s, i: i["minime05"]["epochs"][0]["quality"].update(sky_intensity_flag1=float("nan")),
            "sky_intensity_flag1: nan",
        ),
        (lambda s, i: i["minime05"]["epochs"][0]["optics"].update(focal_length_m=0), "focal_length_m: 0 is"),
        (
            lambda s, i: i["minime05"]["epochs"][0]["optics"].update(laser_wavelength_m=0),
            "laser_wavelength_m: 0 is",
        ),
        (
            lambda s, i: i["minime05"]["epochs"][0]["annuli"].update(stop=501),
            "minime05: epoch from null: annuli: first 0, stop 501, count 500",
        ),
        (
            lambda s, i: i["minime01"]["epochs"][2]["annuli"].update(first=300),
            "minime01: epoch from 2025-08-09: annuli: first 300, stop 300",
        ),
        (
            lambda s, i: i["minime05"]["epochs"][0].update(expected_tags=["XR", "XG"]),
            "minime05: epoch from null: expects XG, but optics have no green_line_wavelength_m",
        ),
        (
            lambda s, i: i["minime10"]["deployments"][1].update(start=dt.date(2021, 6, 30)),
            "minime10: at uao from 2021-04-28 and at cvo from 2021-06-30 on the same dates",
        ),
        (
            lambda s, i: i["minime10"]["deployments"][0].update(stop=None),
            "minime10: at uao from 2021-04-28 and at cvo",
        ),
        (
            lambda s, i: i["minime10"]["deployments"][0].update(stop=dt.date(2021, 4, 27)),
            "minime10: the deployment at uao stops before it starts",
        ),
        (
            lambda s, i: i["minime02"]["bad_periods"][0].update(stop=dt.date(2013, 4, 30)),
            "minime02: the bad period from 2013-05-01 stops before it starts",
        ),
        (
            lambda s, i: s["mor"]["clock_timezones"][2].update({"from": dt.date(2014, 6, 26)}),
            "mor: 'from' dates must be ascending",
        ),
        (
            lambda s, i: i["minime05"]["epochs"][1].update({"from": dt.datetime(2025, 8, 30, 12)}),
            "minime05: epochs: 1: from",
        ),
    ],
)
def test_wrong_entries_are_refused_with_their_place(tmp_path, change, message):
    with pytest.raises(RegistryError, match=message) as error:
        load_registry(*written(tmp_path, change))
    assert str(tmp_path) in str(error.value)


def test_an_entry_that_stands_twice_is_refused(tmp_path):
    twice = tmp_path / "instruments.yaml"
    twice.write_text(INSTRUMENTS.read_text() + "minime05:\n  deployments: []\n  epochs: []\n")
    with pytest.raises(RegistryError, match=r"instruments\.yaml: is not YAML: minime05 stands twice"):
        load_registry(SITES, twice)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"nothing\.yaml: cannot be read"):
        load_registry(tmp_path / "nothing.yaml", INSTRUMENTS)


def test_falloff_and_blur_are_converted_from_the_networks_convention(registry):
    # Light 1 - 0.0026 x - 0.044 x^2 with x = pi at the edge; blur (1.1 + 0.2 cos x - 0.2 sin x) / sqrt 2.
    defaults = registry.instrument("minime05", dt.date(2013, 10, 1)).default_parameters
    assert 1 + sum(defaults.falloff) == pytest.approx(1 - 0.0026 * 3.14159 - 0.044 * 9.8696, abs=1e-4)
    assert defaults.blur_px == pytest.approx((1.1 / 2**0.5, -0.2 / 2**0.5, 0.2 / 2**0.5))
