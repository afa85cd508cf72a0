"""The wind over the field of view as a Gaussian process in time and space, seen along lines of sight.

Zonal and meridional wind have one covariance, the vertical wind another, each the product of a Matern
function of time and a Gaussian function of distance. Distance makes room for what a uniform wind leaves out:
gradients of the horizontal wind, and vertical winds that differ from one side of the sky to the other. A line
of sight is a linear function of the field, so everything is solved exactly (Rasmussen & Williams 2006,
Gaussian Processes for Machine Learning, chapter 2).

Spreads, times and lengths are those of greatest posterior density (the marginal likelihood, sections 5.4.1
and 5.5, times the priors below), so that a night of few samples keeps to what is usual and a full night says
what it is like. So is the smoothness: winds that turn within the hour ask for nu = 3/2, tides for 5/2.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from airglow.gp import (
    MATERN,
    Factor,
    Prior,
    conditional_covariance,
    conditional_mean,
    factorise,
    find_inliers_worst_first,
    gain,
)

WITHIN = 3.0  # standard deviations of the logarithms that bound the search; chosen, a prior has 0.3 % beyond


def _prior(name: str, unit: str, median: float, log_width: float, source: str) -> Prior:
    middle, reach = float(np.log(median)), WITHIN * log_width
    return Prior(name, unit, median, log_width, (middle - reach, middle + reach), source)


# In the order of the fields of `Hyperparameters`.
HYPERPARAMETERS = (
    _prior(
        "spread of the horizontal wind about the night's mean",
        "m s-1",
        50.0,
        0.6,
        "chosen; a factor of 1.8 either way",
    ),
    _prior(
        "time of the horizontal wind",
        "s",
        3 * 3600.0,
        0.7,
        "chosen: thermospheric winds change over hours, between tides and waves; a factor of two either way",
    ),
    _prior(
        "length of the horizontal wind",
        "m",
        5.0e6,
        1.3,
        "chosen: thermospheric winds change over thousands of km, of which a field of view of 500 km tells "
        "little; hence wide, a factor of 3.7 either way",
    ),
    _prior(
        "spread of the vertical wind",
        "m s-1",
        5.0,
        0.7,
        "chosen; on three nights of minime90 zenith samples spread by 6 m/s about their errors",
    ),
    _prior(
        "time of the vertical wind",
        "s",
        2400.0,
        0.6,
        "waves of some 40 minutes: Hernandez 1982, Geophys. Res. Lett. 9, 555; width chosen",
    ),
    _prior(
        "length of the vertical wind",
        "m",
        1.0e6,
        1.3,
        "chosen: a field of view of 500 km tells little; hence wide, a factor of 3.7 either way",
    ),
    _prior(
        "excess noise",
        "stated error of each sample",
        0.3,
        0.7,
        "chosen: stated errors are taken to be right within some 5 %; a factor of two either way",
    ),
)
SMOOTHNESS = (1.5, 2.5)  # nu of the Matern functions that are tried
# Standard deviation of the prior of the night's mean horizontal wind, m/s: nearly anything. Chosen, three
# times the spread; half and double move smooth winds by less than 0.1 of their errors (five simulations).
_MEAN_MPS = 150.0


@dataclass(frozen=True)
class Hyperparameters:
    """What the wind of a night is like: spread, time and length of its changes.

    Parameters
    ----------
    horizontal_mps, vertical_mps
        Standard deviation of each horizontal component about the night's mean, and of the vertical wind, m/s.
    horizontal_time_s, vertical_time_s
        Lengths of the Matern functions of time, s.
    horizontal_length_m, vertical_length_m
        Lengths of the Gaussian functions of distance, m.
    excess
        Noise beyond the stated errors, as a part of these.
    smoothness
        nu of the Matern functions.
    horizontal_slowness_s_per_m, vertical_slowness_s_per_m
        How much later each wind comes to a place farther east, and farther north, s/m.
    """

    horizontal_mps: float = HYPERPARAMETERS[0].median
    horizontal_time_s: float = HYPERPARAMETERS[1].median
    horizontal_length_m: float = HYPERPARAMETERS[2].median
    vertical_mps: float = HYPERPARAMETERS[3].median
    vertical_time_s: float = HYPERPARAMETERS[4].median
    vertical_length_m: float = HYPERPARAMETERS[5].median
    excess: float = HYPERPARAMETERS[6].median
    smoothness: float = SMOOTHNESS[0]
    horizontal_slowness_s_per_m: tuple[float, float] = (0.0, 0.0)
    vertical_slowness_s_per_m: tuple[float, float] = (0.0, 0.0)

    def kinds(self) -> tuple[tuple[float, float, float], ...]:
        """Spread, time and length of the horizontal and of the vertical wind."""
        return (
            (self.horizontal_mps, self.horizontal_time_s, self.horizontal_length_m),
            (self.vertical_mps, self.vertical_time_s, self.vertical_length_m),
        )

    def slownesses(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Slowness towards east and north of the horizontal and of the vertical wind."""
        return self.horizontal_slowness_s_per_m, self.vertical_slowness_s_per_m


@dataclass(frozen=True)
class Observations:
    """What n lines of sight saw of the wind.

    Parameters
    ----------
    time_s
        (n,) times, s.
    position_m
        (n, 3) where they meet the layer, towards east, north and up of its point over the site, m.
    components
        (n, 3) of a wind of one towards east, north and up along the line; no unit.
    wind_mps
        (n,) along the line, with the Doppler reference taken out, m/s.
    noise_mps
        (n,) standard errors, each sample's own, m/s.
    shared
        (n, n) covariance of errors that samples share, m2/s2.
    """

    time_s: np.ndarray
    position_m: np.ndarray
    components: np.ndarray
    wind_mps: np.ndarray
    noise_mps: np.ndarray
    shared: np.ndarray

    def __len__(self) -> int:
        return self.time_s.size

    def at(self, index: np.ndarray) -> Observations:
        """Select some of them.

        Parameters
        ----------
        index
            Places, or (n,) bool.

        Returns
        -------
        Observations
        """
        index = np.arange(len(self))[index]
        rows = (getattr(self, field.name)[index] for field in fields(self)[:-1])
        return Observations(*rows, self.shared[np.ix_(index, index)])


def given_covariance(observations: Observations) -> np.ndarray:
    """Covariance that no hyperparameter changes: shared errors and the night's mean wind."""
    horizontal = observations.components[:, :2]
    return observations.shared + _MEAN_MPS**2 * (horizontal @ horizontal.T)


def departures(a: Observations, b: Observations, hyperparameters: Hyperparameters) -> np.ndarray:
    """Covariance of what two sets of lines see of the wind's departures from the night's mean.

    Parameters
    ----------
    a, b
        n and m lines of sight.
    hyperparameters
        What the wind is like.

    Returns
    -------
    ndarray
        (n, m), m2/s2.
    """
    later_s = a.time_s[:, None] - b.time_s[None, :]
    apart_m = a.position_m[:, None, :] - b.position_m[None, :, :]
    square = (apart_m**2).sum(axis=2)
    kernel, total = MATERN[hyperparameters.smoothness], np.zeros(later_s.shape)
    for (spread, time_s, length_m), part, slowness in zip(
        hyperparameters.kinds(), (slice(2), slice(2, 3)), hyperparameters.slownesses(), strict=True
    ):
        in_time, _ = kernel(np.abs(later_s - apart_m[..., :2] @ slowness) / time_s)
        in_space = np.exp(-0.5 * square / length_m**2)
        total += spread**2 * in_time * in_space * (a.components[:, part] @ b.components[:, part].T)
    return total


def departures_over_site(
    observations: Observations, hyperparameters: Hyperparameters, time_s: np.ndarray
) -> np.ndarray:
    """Covariance of departures of the wind over the site with those along lines.

    Parameters
    ----------
    observations
        n lines of sight.
    hyperparameters
        What the wind is like.
    time_s
        (m,) on the clock of the lines of sight, s.

    Returns
    -------
    ndarray
        (m, 3, n) for the winds towards east, north and up, m2/s2.
    """
    none, start = np.zeros(time_s.size), np.zeros((time_s.size, 3))
    axes = [Observations(time_s, start, start + axis, none, none, np.zeros((0, 0))) for axis in np.eye(3)]
    return np.stack([departures(axis, observations, hyperparameters) for axis in axes], axis=1)


def covariance_of_seen(observations: Observations, hyperparameters: Hyperparameters) -> np.ndarray:
    """Covariance of what the lines saw, all errors included.

    Parameters
    ----------
    observations
        n lines of sight.
    hyperparameters
        What the wind is like.

    Returns
    -------
    ndarray
        (n, n), m2/s2.
    """
    matrix = given_covariance(observations) + departures(observations, observations, hyperparameters)
    matrix[np.diag_indices_from(matrix)] += observations.noise_mps**2 * (1.0 + hyperparameters.excess**2)
    return matrix


def _factor(observations: Observations, hyperparameters: Hyperparameters) -> Factor:
    return factorise(covariance_of_seen(observations, hyperparameters))


def horizontal_part(observations: Observations, hyperparameters: Hyperparameters) -> np.ndarray:
    """What the lines see of the horizontal wind, by all samples.

    Parameters
    ----------
    observations
        n lines of sight.
    hyperparameters
        What the wind is like.

    Returns
    -------
    ndarray
        (n,), m/s.
    """
    level = replace(observations, components=observations.components * [1.0, 1.0, 0.0])
    horizontal = observations.components[:, :2]
    cross = departures(level, observations, hyperparameters) + _MEAN_MPS**2 * (horizontal @ horizontal.T)
    return conditional_mean(_factor(observations, hyperparameters), cross, observations.wind_mps)


def find_inliers(observations: Observations, hyperparameters: Hyperparameters) -> np.ndarray:
    """Find the samples that the others can explain.

    Parameters
    ----------
    observations
        n lines of sight.
    hyperparameters
        What the wind is like.

    Returns
    -------
    ndarray
        (n,) bool, by the rule of `airglow.gp.outliers`.
    """
    if not len(observations):
        return np.ones(0, bool)
    factor = _factor(observations, hyperparameters)
    return find_inliers_worst_first(factor, observations.wind_mps)


def explained_part(
    observations: Observations, hyperparameters: Hyperparameters, common_mps: np.ndarray
) -> float:
    """How much of the variance of an error common to all the field takes as told by the samples.

    Parameters
    ----------
    observations
        n lines of sight, with the error in what they share.
    hyperparameters
        What the wind is like.
    common_mps
        (n,) standard error, m/s.

    Returns
    -------
    float
        0 to 1.
    """
    factor = _factor(observations, hyperparameters)
    return float(conditional_mean(factor, common_mps, common_mps))


def wind_over_site(
    observations: Observations, hyperparameters: Hyperparameters, time_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Wind over the site at times.

    Parameters
    ----------
    observations
        n lines of sight.
    hyperparameters
        What the wind is like.
    time_s
        (m,) on the clock of the lines of sight, s.

    Returns
    -------
    wind : ndarray
        (m, 3) towards east, north and up, m/s.
    covariance : ndarray
        (m, 3, 3) of their errors, m2/s2.
    prior : ndarray
        (3,) standard deviations before any sample was seen, m/s.
    weight : ndarray
        (m, 3, n) of the samples in the winds.
    """
    factor = _factor(observations, hyperparameters)
    cross = departures_over_site(observations, hyperparameters, time_s)
    cross[:, :2] += _MEAN_MPS**2 * observations.components.T[:2]
    wind = conditional_mean(factor, cross, observations.wind_mps)
    spread = np.hypot(hyperparameters.horizontal_mps, _MEAN_MPS)
    prior = np.array([spread, spread, hyperparameters.vertical_mps])
    weight = gain(factor, cross)
    return wind, conditional_covariance(np.diag(prior**2), weight, cross), prior, weight
