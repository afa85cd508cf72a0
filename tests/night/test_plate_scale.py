"""A registry whose plate scale is wrong by two: the optics' own is found, or no number is given."""

import dataclasses

import numpy as np
import pytest

from airglow.model.errors import NotAnalysable
from airglow.model.result import Cause, causes_in
from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.night.instrument import know_instrument
from airglow.night.reduce import reduce_night
from airglow.simulate import read_truth, simulate_night
from airglow.simulate.folder import write_night
from airglow.spectra import SkyLine

from .conftest import DATE

TRUE_RAD_PER_PX = 2 * 6.4e-6 / 0.3  # of minime92: two of its pixels over its focal length


def with_scale(instrument, rad_per_px, focal_length_m=0.3):
    """The instrument as a registry would have it."""
    defaults = dataclasses.replace(instrument.default_parameters, plate_scale_rad_per_pixel=rad_per_px)
    optics = dataclasses.replace(instrument.optics, focal_length_m=focal_length_m)
    return dataclasses.replace(instrument, default_parameters=defaults, optics=optics)


class Night:
    """A night of minime92 with the true plate scale, and its truth."""

    def __init__(self, registry, folder, laser_frames):
        self.folder, self.site = folder, registry.site("a3o")
        self.instrument = registry.instrument("minime92", DATE)
        camera = with_scale(self.instrument, TRUE_RAD_PER_PX)
        options = {"seed": 11, "sky_frames": 12, "laser_frames": laser_frames}
        write_night(simulate_night(camera, self.site, DATE, "nominal", ("XR",), **options), folder)
        self.truth = {frame.name: frame for frame in read_truth(folder / "truth.csv")}
        # Which frames are of the night, and their profiles, are the same for every plate scale.
        self.frames = read_night(self.folder / "frames", self.request(self.instrument))

    def request(self, instrument):
        return NightRequest(instrument, self.site, DATE, "XR", AnalysisSettings())

    def given(self, instrument):
        return self.request(instrument), self.frames

    def errors_over_stated(self, result):
        """Winds less their common zero, and temperatures, in stated errors."""
        sky = result.sky
        wind = sky.line_of_sight_wind_mps - [self.truth[name].los_wind_mps for name in sky.name]
        stated = np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps)
        temperature = sky.temperature_k - [self.truth[name].temperature_k for name in sky.name]
        assert abs(wind.mean()) < 4 * result.doppler_reference.error_mps
        return (wind - wind.mean()) / stated, temperature / sky.temperature_error_k


@pytest.fixture(scope="module")
def with_lasers(registry, tmp_path_factory):
    return Night(registry, tmp_path_factory.mktemp("lasers"), 4)


@pytest.fixture(scope="module")
def without_lasers(registry, tmp_path_factory):
    return Night(registry, tmp_path_factory.mktemp("no_lasers"), 0)


@pytest.fixture(scope="module")
def reduced(with_lasers):
    return reduce_night(*with_lasers.given(with_lasers.instrument))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("with_lasers", 0.5),
        ("without_lasers", 2.0),
        pytest.param("with_lasers", 2.0, marks=pytest.mark.long),
        pytest.param("without_lasers", 0.5, marks=pytest.mark.long),
    ],
)
def test_winds_and_temperatures_are_true_with_a_registry_off_by_two(kind, wrong, request):
    night = request.getfixturevalue(kind)
    result = analyse_night(*night.given(with_scale(night.instrument, wrong * TRUE_RAD_PER_PX)), None)
    assert result.instrument_parameters.plate_scale_rad_per_pixel == pytest.approx(TRUE_RAD_PER_PX, rel=3e-3)
    assert len(result.sky) == 12
    for scores in night.errors_over_stated(result):
        assert np.abs(scores).max() < 4.0
    assert result.sky.temperature_error_k.max() < (30.0 if kind == "with_lasers" else 60.0)
    assert result.sky.wind_fit_error_mps.max() < 5.0


@pytest.mark.parametrize("kind", ["with_lasers", "without_lasers"])
def test_no_numbers_where_neither_registry_nor_optics_are_right(kind, request):
    night = request.getfixturevalue(kind)
    request, frames = night.given(with_scale(night.instrument, 2 * TRUE_RAD_PER_PX, 0.15))
    with pytest.raises(
        NotAnalysable, match="registry's parameters cannot be fitted to the sky frames"
    ) as outcome:
        analyse_night(request, frames, None)
    assert outcome.value.state == "instrument unknown"
    words = {"with_lasers": "chi-square", "without_lasers": "no laser frame bright enough, and"}[kind]
    assert words in outcome.value.reason
    assert "instruments.yaml" in outcome.value.reason


@pytest.mark.parametrize(("factor", "remarks"), [(1.19, 0), (1.22, 1), (0.79, 1)])
def test_the_log_is_told_when_registry_and_optics_disagree(with_lasers, reduced, factor, remarks):
    request = with_lasers.request(with_scale(with_lasers.instrument, factor * TRUE_RAD_PER_PX))
    known = know_instrument(request, reduced.lasers, reduced.sky, SkyLine(6.3e-7, 800.0))
    assert len(known.remarks) == remarks
    for remark in known.remarks:
        assert "minime92" in remark
        assert f"{factor * TRUE_RAD_PER_PX:.4g} rad per pixel" in remark
        assert "pixel size over focal length gives 4.267e-05" in remark
        assert "instruments.yaml" in remark


def test_a_laser_that_fails_leaves_the_sky_and_its_flags(with_lasers):
    """Laser frames of another instrument: the registry's parameters, refined on the sky, and why."""
    request, frames = with_lasers.given(with_scale(with_lasers.instrument, TRUE_RAD_PER_PX))
    lasers = []
    for timed in frames.laser[:2]:
        truth = with_lasers.truth[timed.frame.name]
        x, y = np.arange(512) - truth.center_x_px, np.arange(512) - truth.center_y_px
        image = (500 + 200 * np.cos((y[:, None] ** 2 + x**2) / 900.0)).astype("u2")
        lasers.append(dataclasses.replace(timed, frame=dataclasses.replace(timed.frame, image=image)))
    frames = dataclasses.replace(frames, laser=tuple(lasers))
    result = analyse_night(request, frames, None)
    assert result.instrument_parameters.source == "registry, refined on sky frames"
    (why,) = [note for note in result.notes if "since" in note]
    assert "chi-square" in why
    for mask in result.sky.causes:
        assert {Cause.ZENITH_REFERENCE, Cause.DEFAULT_INSTRUMENT} <= set(causes_in(mask))
    for scores in with_lasers.errors_over_stated(result):
        assert np.abs(scores).max() < 4.0
