"""From fits to the tables of a result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from airglow.etalon import LaserFit, LaserState
from airglow.model.result import LaserSamples, RingProfiles
from airglow.night.profiles import Profiles
from airglow.rings import is_used


def column(values: list[float | None]) -> np.ndarray:
    """Numbers as an array, NaN where there is none."""
    return np.array([np.nan if value is None else value for value in values], float)


def laser_table(lasers: Profiles, state: LaserState | None) -> LaserSamples:
    """The laser frames with what was fitted to them (NaN without a fit)."""
    fits: tuple[LaserFit | None, ...] = state.fits if state else (None,) * len(lasers.frames)
    frames = [timed.frame for timed in lasers.frames]

    def fitted(get: Callable[[LaserFit], float]) -> np.ndarray:
        return column([get(fit) if fit else None for fit in fits])

    exposure_s = column([frame.exposure_s for frame in frames])
    return LaserSamples(
        name=tuple(frame.name for frame in frames),
        start_time=np.array([timed.start for timed in lasers.frames], "datetime64[us]"),
        exposure_s=exposure_s,
        gap_m=fitted(lambda fit: fit.gap_m),
        gap_error_m=fitted(lambda fit: fit.gap_error_m),
        intensity=fitted(lambda fit: fit.intensity) / exposure_s,
        background=fitted(lambda fit: fit.background),
        reduced_chi_square=fitted(lambda fit: fit.reduced_chi_square),
        center_x_px=column([center.x_px for center in lasers.centers]),
        center_y_px=column([center.y_px for center in lasers.centers]),
        ccd_temperature_c=column([frame.ccd_temperature_c for frame in frames]),
        used=state.used.copy() if state else np.zeros(len(frames), bool),
    )


def ring_profiles(profiles: Profiles, index: list[int], models: list[np.ndarray | None]) -> RingProfiles:
    """Profiles of the frames ``index`` with the models fitted to their used annuli (float32 precision)."""
    count = profiles.grid.count
    arrays = {
        name: np.full((len(index), count), np.nan, np.float32) for name in ("s", "counts", "sigma", "model")
    }
    for row, (k, model) in enumerate(zip(index, models, strict=True)):
        rings = profiles.rings[k]
        used = is_used(rings, profiles.grid)
        arrays["s"][row, used] = rings.radius_squared_px2[used]
        arrays["counts"][row, used] = rings.counts[used]
        arrays["sigma"][row, used] = rings.sigma[used]
        if model is not None:
            arrays["model"][row, used] = model
    return RingProfiles(arrays["s"], arrays["counts"], arrays["sigma"], arrays["model"])
