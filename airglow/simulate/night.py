"""A whole night that never was: drawn from a seed, exposed frame by frame."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from airglow.model.errors import BadInput
from airglow.registry import Direction, Instrument, Site
from airglow.simulate.camera import Camera, expose, star_light
from airglow.simulate.foreign import hydroxyl, oh_share, twilight
from airglow.simulate.instrument import InstrumentTruth, draw_instrument
from airglow.simulate.optics import Spectrum, monochromatic, pixel_image
from airglow.simulate.plan import Exposure, darkness, local_time, plan_night, sun_elevation_deg
from airglow.simulate.scenario import Scenario, named_scenario
from airglow.simulate.series import SECONDS_PER_HOUR
from airglow.simulate.sky import Atmosphere, draw_atmosphere, sky_spectrum
from airglow.simulate.truth import FrameTruth

GREEN_TAG = "XG"
FILE_FORMATS = ("hdf5", "img")


@dataclass(frozen=True)
class SimulatedNight:
    """A night of one instrument: everything but the pixels, which are made when asked for.

    Parameters
    ----------
    instrument
        The instrument as of the date.
    site
        The site.
    date
        Local date on which the night began.
    tags
        Tags of the sky frames.
    scenario
        What the night is like.
    seed
        Seed of all that is random.
    midnight
        UTC of the local midnight that ends the date.
    truth
        State of the instrument over the night.
    atmosphere
        Winds, temperatures and clouds over the night.
    frames
        What is true of each frame, in the order of time.
    """

    instrument: Instrument
    site: Site
    date: dt.date
    tags: tuple[str, ...]
    scenario: Scenario
    seed: int
    midnight: dt.datetime
    truth: InstrumentTruth
    atmosphere: Atmosphere
    frames: tuple[FrameTruth, ...]

    def __len__(self) -> int:
        return len(self.frames)

    def hours(self, when: dt.datetime) -> float:
        """Hours from local midnight.

        Parameters
        ----------
        when
            A time, aware.

        Returns
        -------
        float
        """
        return (when - self.midnight).total_seconds() / SECONDS_PER_HOUR

    def spectrum(self, frame: FrameTruth) -> Spectrum:
        """What shone on the etalon during a frame.

        Parameters
        ----------
        frame
            The frame.

        Returns
        -------
        Spectrum
        """
        hours = self.hours(frame.middle_utc)
        if frame.tag == "L":
            return monochromatic(self.truth.laser_wavelength_at(hours), frame.intensity, frame.background)
        line, intensity = line_of_tag(frame.tag, self.scenario)
        wavelength_m = self.instrument.optics.line_wavelength_m(frame.tag)
        look = Direction(frame.direction, frame.true_azimuth_deg, frame.true_zenith_deg)
        light = sky_spectrum(self.atmosphere, line, wavelength_m, hours, look, intensity)
        return light.plus(self._foreign(frame, wavelength_m, intensity)).times(self.truth.sensitivity)

    def _foreign(self, frame: FrameTruth, wavelength_m: float, intensity: float) -> Spectrum:
        """Light of a sky frame that is not of its line, before the camera's sensitivity."""
        scenario, gap_m = self.scenario, self.instrument.optics.nominal_gap_m
        light = Spectrum(np.empty(0), np.empty(0))
        if any(scenario.oh_share):
            share = oh_share(scenario, self.hours(frame.middle_utc), self.atmosphere.oh_phase_rad)
            of_line = frame.intensity / self.truth.sensitivity
            light = light.plus(hydroxyl(scenario, wavelength_m, gap_m, share * of_line))
        if scenario.twilight_ratio:
            elevation = sun_elevation_deg(self.site, frame.middle_utc)
            light = light.plus(twilight(scenario, wavelength_m, gap_m, intensity, elevation))
        return light

    def light(self, frame: FrameTruth) -> np.ndarray:
        """Counts per pixel from light alone, noise-free, without stars.

        Parameters
        ----------
        frame
            The frame.

        Returns
        -------
        ndarray
            Shape (rows, columns).
        """
        return self.light_of(frame, self.spectrum(frame))

    def light_of(self, frame: FrameTruth, spectrum: Spectrum) -> np.ndarray:
        """Counts per pixel of any light, as a frame would have shown it.

        Parameters
        ----------
        frame
            For its gap, its centre and its exposure.
        spectrum
            What shines on the etalon.

        Returns
        -------
        ndarray
            Shape (rows, columns).
        """
        camera = self.truth.camera
        profile = self.truth.optics.profile(spectrum, frame.gap_m)
        shape, scale = (camera.rows, camera.columns), camera.pixel_scale
        center = (frame.center_x_px, frame.center_y_px)
        image = pixel_image(profile * (frame.exposure_s * scale[0] * scale[1]), shape, center, scale)
        image *= self.truth.vignetting.image(shape, scale, frame.tag == "L")
        tilt_x, tilt_y = self.truth.illumination_tilt
        if tilt_x or tilt_y:
            across = np.linspace(-0.5, 0.5, camera.columns)
            down = np.linspace(-0.5, 0.5, camera.rows)
            image *= 1 + tilt_x * across + tilt_y * down[:, None]
        return image

    def image(self, frame: FrameTruth) -> np.ndarray:
        """The frame as the camera digitised it.

        Parameters
        ----------
        frame
            The frame.

        Returns
        -------
        ndarray
            uint16, shape (rows, columns).
        """
        start = frame.start_utc.isoformat()
        rng = np.random.default_rng(_seed(self.seed, self.site, self.date, self.instrument.key, start))
        light = self.light(frame)
        if self.scenario.stars and frame.tag != "L":
            stars = int(rng.poisson(self.scenario.stars))
            light += star_light(self.truth.camera, stars, frame.exposure_s, rng)
        return expose(self.truth.camera, light, frame.exposure_s, frame.ccd_bias, rng)

    def images(self) -> Iterator[tuple[FrameTruth, np.ndarray]]:
        """All frames in the order of time, one in memory at a time.

        Yields
        ------
        frame, image : FrameTruth, ndarray
            As of `image`.
        """
        for frame in self.frames:
            yield frame, self.image(frame)


def simulate_night(
    instrument: Instrument,
    site: Site,
    date: dt.date,
    scenario: Scenario | str = "nominal",
    tags: tuple[str, ...] | None = None,
    seed: int = 0,
    sky_frames: int | None = None,
    laser_frames: int | None = None,
    file_format: str = "hdf5",
    camera: Camera | None = None,
) -> SimulatedNight:
    """Draw a night; its pixels are made frame by frame when they are written.

    The same arguments give the same night, to the last bit. Instruments at one site on one date with one
    seed and scenario see the same atmosphere.

    Parameters
    ----------
    instrument, site
        From the registry, as of the date.
    date
        Local date on which the night begins.
    scenario
        What the night is like, or the name of one of `SCENARIOS`.
    tags
        Sky lines (``X``, ``XR``, ``XG``), interleaved; by default the scenario's, else the registry's
        ``expected_tags``.
    seed
        Of all chance.
    sky_frames
        Number of sky frames of each tag, if not the scenario's.
    laser_frames
        Number of laser frames, if not the scenario's; they are spread evenly.
    file_format
        ``hdf5`` or ``img``: the instrument's files, and so the frames' names. The pixels are the same.
    camera
        Another camera than the usual one: size, binning, gain, noise.

    Returns
    -------
    SimulatedNight

    Raises
    ------
    BadInput
        When there is no such scenario or file format, the frames do not fit into the darkness, or the
        night has no frame.
    RegistryError
        When the tag needs a green line that the instrument does not have.
    """
    scenario = named_scenario(scenario) if isinstance(scenario, str) else scenario
    if sky_frames is not None:
        scenario = replace(scenario, sky_frames=sky_frames)
    if laser_frames is not None:
        scenario = replace(scenario, laser_frames=laser_frames, laser_at=None)
    tags = tags or scenario.tags or instrument.expected_tags
    for tag in tags:
        instrument.optics.line_wavelength_m(tag)
    if scenario.sky_frames < 0 or scenario.sky_frames + scenario.laser_frames < 1:
        raise BadInput(f"{instrument.key} {site.key} {date}", "a night needs at least one frame")

    if file_format not in FILE_FORMATS:
        raise BadInput(file_format, "no format of frames", f"There are {', '.join(FILE_FORMATS)}")

    midnight = local_time(site, date, 24)
    dusk, _ = darkness(site, date)
    dusk_hours = (dusk - midnight).total_seconds() / SECONDS_PER_HOUR
    atmosphere = draw_atmosphere(
        site, np.random.default_rng(_seed(seed, site, date, "sky")), scenario, dusk_hours
    )
    rng = np.random.default_rng(_seed(seed, site, date, instrument.key))
    plan = plan_night(
        site,
        date,
        tags,
        scenario.sky_frames,
        scenario.resolved_laser_at(),
        scenario.sky_exposure_s,
        scenario.laser_exposure_s,
        np.random.default_rng(_seed(seed, site, date, instrument.key, "plan")),
        scenario.directions,
    )
    span = [(when - midnight).total_seconds() / SECONDS_PER_HOUR for when in (plan[0].start, plan[-1].end)]
    truth = draw_instrument(instrument, scenario, camera or Camera(), (span[0], span[1]), rng)
    frames = _frames(plan, instrument, site, date, scenario, truth, atmosphere, midnight, file_format, rng)
    return SimulatedNight(instrument, site, date, tags, scenario, seed, midnight, truth, atmosphere, frames)


def line_of_tag(tag: str, scenario: Scenario) -> tuple[str, float]:
    """Layer (``red``, ``green``) that a tag means, and its intensity in a scenario."""
    return ("green", scenario.green_intensity) if tag == GREEN_TAG else ("red", scenario.intensity)


def file_name(site: Site, tag: str, saved: dt.datetime, file_format: str, number: int) -> str:
    """Name of a frame's file: when it was saved by the local clock and, in ``img``, a running number."""
    stem = f"{site.key.upper()}_{tag}_{saved:%Y%m%d_%H%M%S}"
    return f"{stem}.hdf5" if file_format == "hdf5" else f"{stem}_{number:03d}.img"


def _frames(
    plan: tuple[Exposure, ...],
    instrument: Instrument,
    site: Site,
    date: dt.date,
    scenario: Scenario,
    truth: InstrumentTruth,
    atmosphere: Atmosphere,
    midnight: dt.datetime,
    file_format: str,
    rng: np.random.Generator,
) -> tuple[FrameTruth, ...]:
    """Truth of every frame at mid-exposure, with the names that the instrument gives them."""
    clock = site.clock(date)
    flawed = _choose_flaws(plan, rng) if scenario.flawed_frames else {}
    flipped = instrument.azimuth_sign_flipped_before
    header_sign = -1.0 if flipped is not None and date < flipped else 1.0
    taken: set[str] = set()
    frames = []
    for number, exposure in enumerate(plan):
        hours = (exposure.middle - midnight).total_seconds() / SECONDS_PER_HOUR
        local_start = exposure.start.astimezone(clock).replace(tzinfo=None, fold=0)
        saved = local_start + dt.timedelta(seconds=exposure.exposure_s)
        name = file_name(site, exposure.tag, saved, file_format, number + 1)
        while name in taken:  # the clock was set back: the same hour comes twice
            saved += dt.timedelta(seconds=1)
            name = file_name(site, exposure.tag, saved, file_format, number + 1)
        taken.add(name)
        x, y = truth.center_at(hours, exposure.direction)
        common = {
            "name": name,
            "tag": exposure.tag,
            "start_utc": exposure.start,
            "exposure_s": exposure.exposure_s,
            "local_start": local_start,
            "header_azimuth_deg": header_sign * exposure.azimuth_deg,
            "header_zenith_deg": exposure.zenith_deg,
            "direction": exposure.direction,
            "gap_m": truth.gap_at(hours),
            "center_x_px": x,
            "center_y_px": y,
            "ccd_bias": truth.camera.bias_counts + float(rng.normal(0, 0.3)),
            "sky_minus_ambient_c": atmosphere.sky_minus_ambient_c(hours),
            "ambient_c": atmosphere.ambient_c.at(hours),
            "scattered_fraction": atmosphere.scattered_fraction(hours),
            "flaw": flawed.get(number, ""),
        }
        if exposure.tag == "L":
            level = scenario.laser_intensity * truth.laser_level.at(hours) * truth.sensitivity
            background = scenario.laser_background * truth.sensitivity
            frames.append(FrameTruth(**common, intensity=level, background=background))
            continue
        line, intensity = line_of_tag(exposure.tag, scenario)
        layer = atmosphere.layers[line]
        true_zenith = abs(exposure.zenith_deg)
        true_azimuth = exposure.azimuth_deg + (180.0 if exposure.zenith_deg < 0 else 0.0)
        look = Direction(exposure.direction, true_azimuth % 360, true_zenith)
        line_of_sight = layer.sight_line(look.azimuth_deg, look.zenith_deg)
        place = (line_of_sight.latitude_deg, line_of_sight.longitude_deg)
        east, north, up = layer.wind_mps(hours, *place)
        wavelength_m = instrument.optics.line_wavelength_m(exposure.tag)
        light = sky_spectrum(atmosphere, line, wavelength_m, hours, look, intensity).times(truth.sensitivity)
        frames.append(
            FrameTruth(
                **common,
                true_azimuth_deg=look.azimuth_deg,
                true_zenith_deg=look.zenith_deg,
                pierce_latitude_deg=place[0],
                pierce_longitude_deg=place[1],
                pierce_azimuth_deg=line_of_sight.azimuth_deg,
                pierce_zenith_deg=line_of_sight.zenith_deg,
                los_wind_mps=line_of_sight.wind_along_mps(east, north, up),
                zonal_mps=east,
                meridional_mps=north,
                vertical_mps=up,
                temperature_k=layer.temperature_k.at(layer.hours_at(hours, *place)),
                intensity=float(light.weight.sum()),
                background=light.continuum,
            )
        )
    return tuple(frames)


def _choose_flaws(plan: tuple[Exposure, ...], rng: np.random.Generator) -> dict[int, str]:
    """Pick three different frames, sky frames if there are enough, to be spoilt when written."""
    sky = [number for number, exposure in enumerate(plan) if exposure.tag != "L"]
    numbers = sky if len(sky) >= 3 else list(range(len(plan)))
    chosen = rng.choice(numbers, size=min(3, len(numbers)), replace=False)
    return dict(zip((int(n) for n in chosen), ("truncated", "foreign", "nan angle"), strict=False))


def _seed(seed: int, site: Site, date: dt.date, *parts: str) -> list[int]:
    """Entropy that depends on everything named and on nothing else (Python's own hash changes)."""
    text = "/".join((site.key, f"{date:%Y%m%d}", *parts))
    return [seed, zlib.crc32(text.encode())]
