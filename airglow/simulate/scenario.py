"""Kinds of nights to simulate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airglow.model.errors import BadInput
from airglow.simulate.plan import CYCLE, evenly


@dataclass(frozen=True)
class CloudsAfterDusk:
    """A bank of clouds: when it is thickest, how long it lasts, how much warmer the sensor reads."""

    hours_after_dusk: float
    width_h: float
    warmer_c: float


@dataclass(frozen=True)
class UnseenClouds:
    """Clouds that the site's sensor does not see, such as those beside its narrow field.

    Parameters
    ----------
    from_h, to_h
        Hours after dusk at which they are half there, and half gone.
    scattered
        Part of the line's light that they replace by the mean light of the whole sky, 0 to 1.
    transmission
        Brightness of the line under them over that of a clear sky whose light is mixed alike.
    edge_h
        Time in which they come and go: their cover rises by tanh(t / edge_h).
    """

    from_h: float
    to_h: float
    scattered: float
    transmission: float = 1.0
    edge_h: float = 0.15


@dataclass(frozen=True)
class Scenario:
    """What a night is like.

    Intensities are counts per pixel per second, averaged over a fringe order at the centre of the rings, of a
    camera like that of minime05. Wanders are root mean squares.

    Parameters
    ----------
    name
        Name.
    summary
        What is special, in few words.
    sky_frames
        Number of sky frames of each tag.
    laser_frames
        Number of laser frames.
    laser_at
        When laser frames are taken, as fractions of the night; None spreads them evenly, both ends included.
    tags
        Tags of the sky frames; None takes the instrument's.
    directions
        Names of the look directions, in turn.
    sky_exposure_s
        Exposure of a sky frame.
    laser_exposure_s
        Exposure of a laser frame.
    intensity
        Intensity of the red line.
    green_intensity
        Intensity of the green line.
    background
        Continuum beside the red line.
    green_background
        Continuum beside the green line.
    laser_intensity
        Intensity of the laser.
    laser_background
        Background of laser frames.
    laser_wander
        Wander of the laser's intensity, relative.
    vertical_rms_mps
        Wander of the vertical wind.
    extra_wind_mps
        Added to the climate's mean zonal and meridional wind, m/s.
    wind_gradient_mps_per_mm
        Change of the wind over the place in m/s per 1,000 km: of the zonal wind to the east and to the north,
        of the meridional wind to the east and to the north.
    cloud_banks
        Clouds that pass.
    unseen_clouds
        Clouds that pass and that the sensor does not see.
    oh_share
        Brightness of an OH line over that of the sky line, least and most: it swings between them within six
        hours, from a phase drawn at random.
    oh_orders_off
        How far the OH line is from the sky line, in free spectral ranges, towards the red.
    twilight_ratio
        Continuum of the twilight over the night's intensity of the line, with the sun at -8 degrees; it falls
        by e with every 1.2 degrees that the sun sinks.
    twilight_line_share
        Part of the twilight's continuum that an absorption line in it takes away.
    twilight_line_orders_off
        How far the absorption line is from the sky line, in free spectral ranges, towards the red.
    twilight_line_width_mps
        Standard deviation of the absorption line as a velocity.
    sky_reflectivity_change
        Reflectivity of the plates for light of the sky less that for the laser's.
    laser_drift_mps
        Change of the laser's wavelength from the first to the last frame of the night, as a velocity.
    laser_jump_mps
        Step of the laser's wavelength in the middle of the night, as a velocity.
    gap_per_hour_nm
        Steady drift of the gap.
    gap_settles_nm
        How far the gap falls in the end, from the first frame on: as 1 - exp(-t / gap_settles_h).
    gap_settles_h
        Time in which it does so to within 1/e.
    gap_wander_nm
        Wander of the gap.
    gap_periods_h
        Shortest and longest period of that wander.
    center_per_hour_px
        Steady drift of the ring centre.
    center_wander_px
        Wander of the ring centre.
    center_by_direction_px
        Standard deviation of the displacement of the ring centre from one look direction to another.
    jump_at
        When gap and centre jump, as fractions of the time from the first to the last frame.
    gap_jump_nm
        Size of a jump of the gap.
    center_jump_px
        Size of a jump of the centre.
    hot_pixels
        Number of hot pixels.
    cosmic_rays_per_s
        Cosmic rays per second.
    column_pattern_counts
        Standard deviation of the offsets of the columns.
    converter_bits
        Of the camera's analogue-digital converter: no pixel has 2^bits counts or more.
    stars
        Mean number of stars in a sky frame.
    illumination_tilt
        Relative brightness from one edge to the opposite one.
    flawed_frames
        True if some frames are damaged.
    """

    name: str
    summary: str
    sky_frames: int = 60
    laser_frames: int = 20
    laser_at: tuple[float, ...] | None = None
    tags: tuple[str, ...] | None = None
    directions: tuple[str, ...] = CYCLE
    sky_exposure_s: float = 240.0
    laser_exposure_s: float = 30.0

    intensity: float = 0.047
    green_intensity: float = 0.58
    background: float = 0.015
    green_background: float = 0.025
    laser_intensity: float = 2.5
    laser_background: float = 0.1
    laser_wander: float = 0.03
    vertical_rms_mps: float = 3.0
    extra_wind_mps: tuple[float, float] = (0.0, 0.0)
    wind_gradient_mps_per_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cloud_banks: tuple[CloudsAfterDusk, ...] = ()
    unseen_clouds: tuple[UnseenClouds, ...] = ()
    oh_share: tuple[float, float] = (0.0, 0.0)
    oh_orders_off: float = 0.0
    twilight_ratio: float = 0.0
    twilight_line_share: float = 0.0
    twilight_line_orders_off: float = 0.0
    twilight_line_width_mps: float = 1500.0

    sky_reflectivity_change: float = 0.0
    laser_drift_mps: float = 0.0
    laser_jump_mps: float = 0.0
    gap_per_hour_nm: float = 0.15
    gap_settles_nm: float = 0.0
    gap_settles_h: float = 1.5
    gap_wander_nm: float = 0.5
    gap_periods_h: tuple[float, float] = (3.0, 9.0)
    center_per_hour_px: float = 0.01
    center_wander_px: float = 0.03
    center_by_direction_px: float = 0.0
    jump_at: tuple[float, ...] = ()
    gap_jump_nm: float = 0.0
    center_jump_px: float = 0.0

    hot_pixels: int = 25
    cosmic_rays_per_s: float = 0.03
    column_pattern_counts: float = 0.0
    converter_bits: int = 16
    stars: int = 0
    illumination_tilt: float = 0.0
    flawed_frames: bool = False

    def resolved_laser_at(self) -> tuple[float, ...]:
        """When laser frames are taken, as fractions of the sequence of sky frames.

        Returns
        -------
        tuple of float
        """
        return evenly(self.laser_frames) if self.laser_at is None else self.laser_at


NOMINAL = Scenario("nominal", "a clear, calm night")

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        NOMINAL,
        replace(
            NOMINAL,
            name="full",
            summary="as nominal, from dusk to dawn",
            sky_frames=180,
            laser_frames=60,
            sky_exposure_s=180.0,
            intensity=0.058,
        ),
        replace(NOMINAL, name="dim", summary="a faint red line", intensity=0.0056, green_intensity=0.06),
        replace(
            NOMINAL,
            name="drifting",
            summary="the gap drifts by some 5 nm an hour, up and down",
            gap_per_hour_nm=3.0,
            gap_wander_nm=2.5,
            gap_periods_h=(2.0, 4.0),
        ),
        replace(
            NOMINAL,
            name="drifting-centre",
            summary="the ring centre drifts by over half a pixel and moves with look direction",
            center_per_hour_px=0.12,
            center_wander_px=0.12,
            center_by_direction_px=0.05,
        ),
        replace(NOMINAL, name="green", summary="the green line", tags=("XG",)),
        replace(
            NOMINAL,
            name="clouds",
            summary="thin clouds, then a thick bank that mixes the light of the whole sky",
            cloud_banks=(CloudsAfterDusk(1.5, 0.35, 16.0), CloudsAfterDusk(3.2, 0.55, 31.0)),
        ),
        replace(NOMINAL, name="no-laser", summary="the laser never came on", laser_frames=0),
        replace(
            NOMINAL,
            name="few-lasers",
            summary="three laser frames, none in the second half of the night",
            laser_frames=3,
            laser_at=(0.0, 0.1, 0.45),
        ),
        replace(
            NOMINAL,
            name="corrupt-frame",
            summary="one frame cut short, one of another kind, one whose azimuth is not a number",
            flawed_frames=True,
        ),
        replace(
            NOMINAL,
            name="jumps",
            summary="twice the table is bumped: the gap jumps by 3 nm and the centre by 0.7 px",
            jump_at=(0.37, 0.71),
            gap_jump_nm=3.0,
            center_jump_px=0.7,
        ),
        replace(
            NOMINAL,
            name="moonlight",
            summary="a bright sky, fixed column pattern, hot pixels, stars, uneven light",
            background=0.25,
            green_background=0.3,
            column_pattern_counts=0.8,
            hot_pixels=400,
            cosmic_rays_per_s=0.1,
            stars=12,
            illumination_tilt=0.03,
        ),
    )
}


def named_scenario(name: str) -> Scenario:
    """Look a scenario up.

    Parameters
    ----------
    name
        Name of the scenario.

    Returns
    -------
    Scenario

    Raises
    ------
    BadInput
        When there is none of that name; the message lists those there are.
    """
    if name not in SCENARIOS:
        raise BadInput(name, "there is no such scenario", f"There are {', '.join(SCENARIOS)}")
    return SCENARIOS[name]
