"""A typical frame of a night: which one it is, its ring profile with the fit, and where its rings are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from airglow.model.result import GOOD, LaserSamples, NightResult, RingProfiles, SkySamples
from airglow.products.colors import BLUE, GREY, INK
from airglow.products.plots import style

_LEAST_PROMINENCE = 0.03  # of a ring, as part of the whole range of its profile
_MOST_RINGS = 40  # what lies closer together is not two rings


def typical_laser(result: NightResult) -> int | None:
    """Index of the typical laser frame, among those that give the gap if there are any."""
    return _typical(result.laser, result.laser_profiles, result.laser.used)


def typical_sky(result: NightResult) -> int | None:
    """Index of the typical sky frame, among those with a good wind if there are any."""
    return _typical(result.sky, result.sky_profiles, result.sky.wind_flag == GOOD)


def typical_frames(result: NightResult) -> tuple[str, ...]:
    """Names of the typical frames: those of which a picture shows the image."""
    found = ((result.laser, typical_laser(result)), (result.sky, typical_sky(result)))
    return tuple(table.name[k] for table, k in found if k is not None)


def _typical(table: SkySamples | LaserSamples, profiles: RingProfiles, preferred: np.ndarray) -> int | None:
    """The frame whose reduced chi-square is the median of the preferred ones (of all, if none is)."""
    if not len(table):
        return None
    fitted = np.isfinite(table.reduced_chi_square) & np.isfinite(profiles.model).any(axis=1)
    candidates = np.flatnonzero(fitted & preferred)
    if not candidates.size:
        candidates = np.flatnonzero(fitted)
    if not candidates.size:
        return None
    order = np.argsort(table.reduced_chi_square[candidates], kind="stable")
    return int(candidates[order[candidates.size // 2]])


def draw_profile(upper: Axes, lower: Axes, profiles: RingProfiles, k: int | None, why_empty: str) -> None:
    """Counts over squared radius with the fit, and residuals in units of their error.

    Parameters
    ----------
    upper, lower
        For the counts and for the residuals.
    profiles
        Of all frames.
    k
        The frame; None if there is none.
    why_empty
        What to say then.
    """
    upper.tick_params(labelbottom=False)
    upper.set_ylabel("Counts per pixel")
    lower.set_ylabel("Residual\n(σ)")
    lower.set_xlabel("Squared radius (1000 px²)")
    for panel in (upper, lower):
        style.label_at(panel, 0.54)
    if k is None:
        style.say_nothing_there(upper, why_empty)
        for panel in (upper, lower):
            panel.set_xticks([])
            panel.set_yticks([])
        return
    radius_squared = profiles.radius_squared_px2[k] / 1000
    residual = (profiles.counts[k] - profiles.model[k]) / profiles.sigma[k]
    upper.plot(radius_squared, profiles.counts[k], ".", color=BLUE, markersize=3.5, label="measured")
    upper.plot(radius_squared, profiles.model[k], "-", color=INK, linewidth=0.9, label="fit")
    style.key_row(upper)
    lower.axhline(0, color=GREY, linewidth=0.8)
    lower.plot(radius_squared, residual, ".", color=BLUE, markersize=3)
    reach = max(4.0, float(np.nanmax(np.abs(residual), initial=0.0)) * 1.1)
    lower.set_ylim(-reach, reach)
    lower.set_xlim(0, float(np.nanmax(radius_squared)) * 1.01)
    upper.set_xlim(lower.get_xlim())


def ring_maxima(radius_squared_px2: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Squared radii of the rings of a fitted profile.

    Parameters
    ----------
    radius_squared_px2, model
        (m,) of one frame; annuli that are not used are NaN.

    Returns
    -------
    ndarray
        Ascending; each the vertex of the parabola through the highest annulus of a ring and its neighbours.
        A ring that is cut by the first or the last annulus is not among them.
    """
    used = np.isfinite(radius_squared_px2) & np.isfinite(model)
    s, height = radius_squared_px2[used], model[used]
    if s.size < 3:
        return np.empty(0)
    apart = max(1, height.size // _MOST_RINGS)
    tops = _tops(height, _LEAST_PROMINENCE * np.ptp(height), apart)
    return np.array([_vertex(s[top - 1 : top + 2], height[top - 1 : top + 2]) for top in tops])


def _tops(height: np.ndarray, least_prominence: float, apart: int) -> list[int]:
    """Indices of maxima, as `scipy.signal.find_peaks` has them, whose import costs more than all plots.

    Parameters
    ----------
    height
        (m,), finite.
    least_prominence
        A maximum must be so far above the higher one of the minima between it and what is higher on
        either side.
    apart
        Of two maxima that are nearer to each other, in indices, the higher one counts.

    Returns
    -------
    list of int
        Ascending.
    """
    # What is level counts once, at its middle.
    begins = np.flatnonzero(np.concatenate([[True], np.diff(height) != 0]))
    ends = np.append(begins[1:], height.size) - 1
    level = height[begins]
    inner = np.flatnonzero((level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])) + 1
    maxima = (begins[inner] + ends[inner]) // 2
    kept: list[int] = []
    for top in maxima[np.argsort(height[maxima], kind="stable")[::-1]]:
        if all(abs(top - other) >= apart for other in kept):
            kept.append(int(top))
    return [top for top in sorted(kept) if _prominence(height, top) >= least_prominence]


def _prominence(height: np.ndarray, top: int) -> float:
    higher = np.flatnonzero(height > height[top])
    first = higher[higher < top].max(initial=-1) + 1
    last = higher[higher > top].min(initial=height.size)
    return float(height[top] - max(height[first : top + 1].min(), height[top:last].min()))


def _vertex(s: np.ndarray, height: np.ndarray) -> float:
    """Where the parabola through three points is highest; the middle one of three that are level."""
    bend, slope, _ = np.polyfit(s - s[1], height, 2)
    return float(np.clip(s[1] - slope / (2 * bend), s[0], s[2])) if bend < 0 else float(s[1])
