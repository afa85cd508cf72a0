"""Zonal, meridional and vertical wind from lines of sight: per cycle, and smooth over the night.

A line of sight shows ``(u sin az + v cos az) sin ze + w cos ze``, with its angles at the airglow layer
(`airglow.geometry.lines_of_sight`). Per cycle, u, v and w over the site are those of weighted least squares.
Samples of a cycle are taken neither at one time nor at one place: how far the wind departs from that of the
cycle's middle over the site has a covariance, which the night itself tells (`airglow.winds.field`). It is
part of the errors, as are the samples' own noise and what they share for a while, the gap between lasers. The
best linear unbiased estimate under them all is that of generalised least squares (Aitken 1935, Proc. R. Soc.
Edinb. 55, 42). The error of the night's Doppler reference is part of them too, and its part in the vertical
wind is stated apart.

The smooth winds are the posterior of the field over the site, with the same errors.

What a cloud takes away of the wind is one more error (`airglow.winds.cloudy`). Each component of a cycle
belongs to a time of its own, since the directions that tell it are not those in the middle of the cycle.

Where the Doppler reference follows the zenith in time there is no vertical wind left to find: it is not
given, and what it may have been is an error of the other directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.geometry import unit_vectors
from airglow.model.result import BAD, Cause, SkySamples
from airglow.model.winds import HorizontalWinds, SmoothWinds
from airglow.winds.cloudy import errors_under_clouds, part_taken
from airglow.winds.cycles import count_directions, cut_cycles
from airglow.winds.field import (
    Hyperparameters,
    Observations,
    departures,
    departures_over_site,
    explained_part,
    find_inliers,
    wind_over_site,
)
from airglow.winds.field_search import find_hyperparameters
from airglow.winds.places import positions_m
from airglow.winds.rests_on import worst_of_samples
from airglow.winds.shared_errors import errors_that_last

COMPONENTS = ("zonal", "meridional", "vertical")
CYCLE_ASSUMPTION = (
    "zonal, meridional and vertical wind uniform over the field of view within a cycle, but for departures "
    "as large as the night's own changes in time and distance (those of the smooth winds); these are part "
    "of the errors"
)
SMOOTH_ASSUMPTION = (
    "zonal, meridional and vertical wind are Gaussian processes in time (Matern) and distance (Gaussian), "
    "alike all night; the vertical wind averages to zero"
)
# Standard deviation of the components of a cycle before any sample, m/s: flat next to any wind.
_ANYTHING_MPS = 1.0e4
# A component of a cycle with a larger error is not given, m/s. Chosen: as large as the winds themselves.
_TELLS_NOTHING_MPS = 150.0
# Nor is a smooth one whose least error is a larger part of its standard deviation before any sample. Chosen.
_STILL_OPEN = 0.5
_NO_SAMPLE = "no usable sample"
_NO_VERTICAL = "no vertical wind, since the Doppler reference follows the zenith in time"


@dataclass(frozen=True)
class _Usable:
    """The samples of a night that take part, as lines of sight, and what the wind was like."""

    sky: SkySamples  # all samples
    origin: np.datetime64  # of the clock
    time_s: np.ndarray  # of all samples
    index: np.ndarray  # of those that take part
    observations: Observations  # likewise
    reference_mps: np.ndarray  # likewise: error of a Doppler reference that is one value for the night
    reference_by_zenith: bool  # in time
    hyperparameters: Hyperparameters


@threadpool_limits.wrap(limits=1)  # small matrices: more threads only wait for each other
def horizontal_winds(
    sky: SkySamples,
    laser_time: np.ndarray,
    latitude_deg: float,
    longitude_deg: float,
    step_s: float,
) -> tuple[HorizontalWinds, SmoothWinds]:
    """Zonal, meridional and vertical wind of a night.

    Samples with a bad wind flag take no part, nor do those that no wind explains which the others allow
    (the smooth winds name them); those of caution do, and flag their cycle.

    Parameters
    ----------
    sky
        Samples with the Doppler reference removed, flags and pierce points, in the order of time.
    laser_time
        (m,) datetime64, middles of the laser frames that took part: errors of the gap between two of them
        are common to the samples there.
    latitude_deg, longitude_deg
        Of the site.
    step_s
        Between the times of the smooth winds, which are whole multiples of it.

    Returns
    -------
    cycles : HorizontalWinds
        One entry per cycle of look directions. What too few directions tell is NaN, with the reason.
    smooth : SmoothWinds
        From the last whole step before the first sample to the first one after the last.
    """
    origin = sky.mid_time[0] if len(sky) else np.datetime64(0, "us")
    time_s = (sky.mid_time - origin) / np.timedelta64(1, "s")
    components = unit_vectors(sky.pierce_azimuth_deg, sky.pierce_zenith_deg)
    index = np.flatnonzero(_is_usable(sky, components))
    reference_by_zenith = bool((sky.causes[index] & np.uint32(Cause.ZENITH_REFERENCE.mask)).any())
    reference_mps = sky.wind_reference_error_mps[index] * (not reference_by_zenith)
    lasting = errors_that_last(sky, index, time_s, laser_time, reference_by_zenith)
    place = positions_m(sky.pierce_latitude_deg, sky.pierce_longitude_deg, latitude_deg, longitude_deg)
    observations = Observations(
        time_s=time_s[index],
        position_m=place[index],
        components=components[index] * np.array([1.0, 1.0, 0.0 if reference_by_zenith else 1.0]),
        wind_mps=sky.line_of_sight_wind_mps[index],
        noise_mps=sky.wind_fit_error_mps[index],
        shared=lasting + np.outer(reference_mps, reference_mps),
    )
    under_clouds = errors_under_clouds(observations, part_taken(time_s, sky.causes)[index])
    observations = replace(observations, shared=observations.shared + under_clouds)
    kept, hyperparameters = _without_outliers(observations)
    usable = _Usable(
        sky=sky,
        origin=origin,
        time_s=time_s,
        index=index[kept],
        observations=observations.at(kept),
        reference_mps=reference_mps[kept],
        reference_by_zenith=reference_by_zenith,
        hyperparameters=hyperparameters,
    )
    slices = cut_cycles(time_s, sky.azimuth_deg, sky.zenith_deg, components)
    left_out = tuple(sky.name[k] for k in index[~kept])
    return _cycle_winds(usable, slices), _smooth_winds(usable, step_s, left_out)


def _is_usable(sky: SkySamples, components: np.ndarray) -> np.ndarray:
    usable = (sky.wind_flag < BAD) & np.isfinite(components).all(axis=1) & (sky.wind_fit_error_mps > 0)
    for values in (sky.line_of_sight_wind_mps, sky.wind_error_mps, sky.wind_fit_error_mps):
        usable &= np.isfinite(values)
    return usable


def _without_outliers(observations: Observations) -> tuple[np.ndarray, Hyperparameters]:
    """Which samples are kept (bool), and the hyperparameters that these have.

    The medians of the priors tell the outliers first; what is found without them has the last word.
    """
    hyperparameters = Hyperparameters()
    if not len(observations):
        return np.ones(0, bool), hyperparameters
    kept = find_inliers(observations, hyperparameters)
    hyperparameters = find_hyperparameters(observations.at(kept))
    again = find_inliers(observations, hyperparameters)
    if (again != kept).any():
        hyperparameters = find_hyperparameters(observations.at(again))
    return again, hyperparameters


def _cycle_winds(usable: _Usable, slices: tuple[slice, ...]) -> HorizontalWinds:
    sky, n = usable.sky, len(slices)
    wind, covariance = np.full((n, 3), np.nan), np.full((n, 3, 3), np.nan)
    chi_square, mid_s, reason = np.full(n, np.nan), np.zeros(n), [_NO_SAMPLE] * n
    own_s, of_reference = np.zeros((n, 3)), np.full(n, np.nan)
    samples, directions = np.zeros(n, np.int32), np.zeros(n, np.int32)
    flag, causes = np.full(n, BAD, np.int8), np.zeros(n, np.uint32)
    members = [
        np.flatnonzero((usable.index >= cycle.start) & (usable.index < cycle.stop)) for cycle in slices
    ]
    for k, (cycle, inside) in enumerate(zip(slices, members, strict=True)):
        mid_s[k] = usable.time_s[usable.index[inside] if inside.size else cycle].mean()
    own_s[:] = mid_s[:, None]
    between = departures(usable.observations, usable.observations, usable.hyperparameters)
    for k, (cycle, inside) in enumerate(zip(slices, members, strict=True)):
        mine = usable.index[inside]
        if not mine.size:
            causes[k] = np.bitwise_or.reduce(sky.causes[cycle])
            continue
        causes[k] = np.bitwise_or.reduce(sky.causes[mine])
        samples[k] = mine.size
        directions[k] = count_directions(sky.azimuth_deg[mine], sky.zenith_deg[mine])
        here = usable.observations.at(inside)
        reference = usable.reference_mps[inside]
        for at_own_times in (False, True):
            to_middle = _at_times(here, usable.hyperparameters, own_s[k])
            own = _errors(usable, inside, between[np.ix_(inside, inside)], to_middle)
            weight, covariance[k] = _least_squares(here, own, reference)
            is_known = np.diag(covariance[k]) < _TELLS_NOTHING_MPS**2
            if not at_own_times:
                own_s[k] = np.where(is_known, _own_times(here, weight), mid_s[k])
        wind[k] = weight @ here.wind_mps
        chi_square[k] = _reduced_chi_square(here, own + np.outer(reference, reference), wind[k])
        of_reference[k] = weight[2] @ reference if is_known[2] else np.nan
        reason[k] = _why_missing("too few directions for the {} wind", is_known, usable.reference_by_zenith)
        _take_away(wind[k : k + 1], covariance[k : k + 1], is_known)
        if is_known.any():
            flag[k] = sky.wind_flag[mine].max()
    first = np.array([cycle.start for cycle in slices], int)
    last = np.array([cycle.stop - 1 for cycle in slices], int)
    return HorizontalWinds(
        start_time=sky.start_time[first],
        stop_time=sky.start_time[last] + 2 * (sky.mid_time[last] - sky.start_time[last]),
        mid_time=_moments(usable.origin, mid_s),
        **{f"{name}_time": _moments(usable.origin, own_s[:, c]) for c, name in enumerate(COMPONENTS)},
        **_columns(wind, covariance),
        vertical_wind_reference_error_mps=of_reference,
        reduced_chi_square=chi_square,
        samples=samples,
        directions=directions,
        flag=flag,
        causes=causes,
        reason=tuple(reason),
        assumption=CYCLE_ASSUMPTION,
    )


def _errors(usable: _Usable, inside: np.ndarray, between: np.ndarray, to_middle: np.ndarray) -> np.ndarray:
    """Covariance of what the lines of a cycle see besides the wind over the site at the components' times.

    Departures from that wind are differences of two departures from the night's mean, whose covariances are
    given: ``between`` the lines (n, n), and of the components at their times with them (3, n). The error of
    the night's Doppler reference is not part of it.
    """
    here, hyperparameters = usable.observations.at(inside), usable.hyperparameters
    crossed = here.components @ to_middle
    middle = here.components * [
        hyperparameters.horizontal_mps,
        hyperparameters.horizontal_mps,
        hyperparameters.vertical_mps,
    ]
    errors = between - crossed - crossed.T + middle @ middle.T + here.shared
    errors -= np.outer(usable.reference_mps[inside], usable.reference_mps[inside])
    errors[np.diag_indices_from(errors)] += here.noise_mps**2 * (1.0 + hyperparameters.excess**2)
    return errors


def _at_times(here: Observations, hyperparameters: Hyperparameters, time_s: np.ndarray) -> np.ndarray:
    """Covariance of each component over the site at its own time with what the lines see, (3, n)."""
    return np.einsum("kkn->kn", departures_over_site(here, hyperparameters, time_s))


def _own_times(here: Observations, weight: np.ndarray) -> np.ndarray:
    """Times that the components of a cycle belong to, (3,).

    Where the wind changes steadily it is that of the mean of the samples' times, each with its weight and
    with what the sample sees of the component.
    """
    seen = weight * here.components.T
    total = seen.sum(axis=1)  # 1, or 0 of a component that no line sees
    mean_s = seen @ here.time_s / np.where(total == 0.0, 1.0, total)
    return np.clip(mean_s, here.time_s[0], here.time_s[-1])


def _least_squares(
    here: Observations, own: np.ndarray, reference_mps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the samples in the components (3, n), and the covariance of these.

    The error of the reference, common to all samples, cancels in the horizontal components, which have the
    weights of all errors. The vertical one has those of the samples' ``own`` errors: with the common one it
    would come from the difference of directions, which is next to none, and from what gradients make of it.
    """
    errors = own + np.outer(reference_mps, reference_mps)
    weight = np.vstack([_weights(here, errors)[:2], _weights(here, own)[2:]])
    missed = np.eye(3) - weight @ here.components  # of a component that no line sees
    return weight, weight @ errors @ weight.T + _ANYTHING_MPS**2 * missed @ missed.T


def _weights(here: Observations, errors: np.ndarray) -> np.ndarray:
    """Weights of generalised least squares, (3, n)."""
    inverse, a = np.linalg.inv(errors), here.components
    return np.linalg.inv(a.T @ inverse @ a + np.eye(3) / _ANYTHING_MPS**2) @ a.T @ inverse


def _reduced_chi_square(here: Observations, errors: np.ndarray, wind: np.ndarray) -> float:
    """Of what a wind leaves of the samples; NaN without a sample to spare."""
    left = here.wind_mps - here.components @ wind
    freedom = len(here) - np.linalg.matrix_rank(here.components, tol=1e-2)
    return float(left @ np.linalg.inv(errors) @ left / freedom) if freedom > 0 else np.nan


def _smooth_winds(usable: _Usable, step_s: float, left_out: tuple[str, ...]) -> SmoothWinds:
    observations, hyperparameters = usable.observations, usable.hyperparameters
    step_us = round(step_s * 1e6)
    time = np.zeros(0, "datetime64[us]")
    wind, covariance = np.zeros((0, 3)), np.zeros((0, 3, 3))
    flag, causes = np.zeros(0, np.int8), np.zeros(0, np.uint32)
    reason = _NO_SAMPLE
    if len(observations):
        first, last = _moments(usable.origin, observations.time_s[[0, -1]]).astype("int64")
        time = (np.arange(first // step_us, -(-last // step_us) + 1) * step_us).astype("datetime64[us]")
        grid_s = (time - usable.origin) / np.timedelta64(1, "s")
        wind, covariance, prior, weight = wind_over_site(observations, hyperparameters, grid_s)
        # The zenith samples that tell the vertical wind gave the reference: no second evidence on it.
        told = explained_part(observations, hyperparameters, usable.reference_mps)
        covariance[:, 2, 2] += told * np.mean(usable.reference_mps**2)
        sky, index = usable.sky, usable.index
        flag, causes = worst_of_samples(
            sky.wind_flag[index], sky.causes[index], observations.time_s, grid_s, weight
        )
        least = np.sqrt(np.einsum("mii->mi", covariance).min(axis=0))
        is_known = np.array([*(least[:2] < _STILL_OPEN * prior[:2]), not usable.reference_by_zenith])
        reason = _why_missing("no direction tells the {} wind", is_known, usable.reference_by_zenith)
        _take_away(wind, covariance, is_known)
        flag[np.isnan(wind).all(axis=1)] = BAD
    given = 1.0 if len(observations) else np.nan
    vertical_given = np.nan if usable.reference_by_zenith else given
    return SmoothWinds(
        time=time,
        **_columns(wind, covariance),
        flag=flag,
        causes=causes,
        horizontal_spread_mps=given * hyperparameters.horizontal_mps,
        horizontal_time_s=given * hyperparameters.horizontal_time_s,
        horizontal_length_m=given * hyperparameters.horizontal_length_m,
        vertical_spread_mps=vertical_given * hyperparameters.vertical_mps,
        vertical_time_s=vertical_given * hyperparameters.vertical_time_s,
        vertical_length_m=vertical_given * hyperparameters.vertical_length_m,
        smoothness=given * hyperparameters.smoothness,
        excess_noise=given * hyperparameters.excess,
        samples=len(observations),
        left_out=left_out,
        reason=reason,
        assumption=SMOOTH_ASSUMPTION,
    )


def _why_missing(text: str, is_known: np.ndarray, reference_by_zenith: bool) -> str:
    """Why components are missing; "" where none is."""
    looked_for = COMPONENTS[:2] if reference_by_zenith else COMPONENTS
    missing = [name for name, given in zip(looked_for, is_known, strict=False) if not given]
    named = " and ".join([", ".join(missing[:-1]), missing[-1]] if missing[1:] else missing)
    reasons = [text.format(named)] if missing else []
    return "; ".join([*reasons, *([_NO_VERTICAL] if reference_by_zenith else [])])


def _take_away(wind: np.ndarray, covariance: np.ndarray, is_known: np.ndarray) -> None:
    """Make the components that are not known NaN, in place."""
    wind[:, ~is_known] = np.nan
    covariance[:, ~is_known, :] = np.nan
    covariance[:, :, ~is_known] = np.nan


def _columns(wind: np.ndarray, covariance: np.ndarray) -> dict[str, np.ndarray]:
    """The columns that both kinds of winds have."""
    columns = {}
    for k, name in enumerate(COMPONENTS):
        columns[f"{name}_wind_mps"] = wind[:, k].copy()
        columns[f"{name}_wind_error_mps"] = np.sqrt(covariance[:, k, k])
    for i, j in ((0, 1), (0, 2), (1, 2)):
        columns[f"{COMPONENTS[i]}_{COMPONENTS[j]}_covariance_m2s2"] = covariance[:, i, j].copy()
    return columns


def _moments(origin: np.datetime64, time_s: np.ndarray) -> np.ndarray:
    return origin + np.round(time_s * 1e6).astype("int64").astype("timedelta64[us]")
