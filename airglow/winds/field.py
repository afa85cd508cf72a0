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

from dataclasses import dataclass, fields

import numpy as np

from airglow.gp import (
    MATERN,
    Factor,
    Prior,
    Priors,
    conditional_covariance,
    conditional_mean,
    factorise,
    find_inliers_worst_first,
    gain,
    log_density_and_slope,
    minimise,
)

_WITHIN = 3.0  # standard deviations of the logarithms that bound the search; chosen, a prior has 0.3 % beyond


def _prior(name: str, unit: str, median: float, log_width: float, source: str) -> Prior:
    middle, reach = float(np.log(median)), _WITHIN * log_width
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
_PRIORS = Priors.of(HYPERPARAMETERS)
_SMOOTHNESS = (1.5, 2.5)  # nu of the Matern functions that are tried
# Standard deviation of the prior of the night's mean horizontal wind, m/s: nearly anything. Chosen, three
# times the spread; half and double move smooth winds by less than 0.1 of their errors (five simulations).
_MEAN_MPS = 150.0
# Samples that are fitted together: chosen, to bound the effort. Half of it moves smooth winds by a quarter of
# their errors at the most.
_STRETCH = 100
# A tenth of a prior's width, or of the log density's unit, is as good as none: so the search ends early.
_SEARCH = {"maxiter": 25, "ftol": 1e-4, "gtol": 0.1}


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
    """

    horizontal_mps: float = HYPERPARAMETERS[0].median
    horizontal_time_s: float = HYPERPARAMETERS[1].median
    horizontal_length_m: float = HYPERPARAMETERS[2].median
    vertical_mps: float = HYPERPARAMETERS[3].median
    vertical_time_s: float = HYPERPARAMETERS[4].median
    vertical_length_m: float = HYPERPARAMETERS[5].median
    excess: float = HYPERPARAMETERS[6].median
    smoothness: float = _SMOOTHNESS[0]

    def kinds(self) -> tuple[tuple[float, float, float], ...]:
        """Spread, time and length of the horizontal and of the vertical wind."""
        return (
            (self.horizontal_mps, self.horizontal_time_s, self.horizontal_length_m),
            (self.vertical_mps, self.vertical_time_s, self.vertical_length_m),
        )


@dataclass(frozen=True)
class Observations:
    """What n lines of sight saw of the wind.

    Parameters
    ----------
    time_s
        (n,) times, s.
    position_m
        (n, 3) where they meet the layer, Earth-fixed, relative to the point of the layer over the site, m.
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


def _given(observations: Observations) -> np.ndarray:
    """Covariance that no hyperparameter changes: shared errors and the night's mean wind."""
    horizontal = observations.components[:, :2]
    return observations.shared + _MEAN_MPS**2 * (horizontal @ horizontal.T)


class _Posterior:
    """Log posterior density of hyperparameters and its gradient, with what does not depend on them kept.

    The night counts as stretches of at most `_STRETCH` samples that know nothing of each other: what they say
    of spreads, times and lengths adds up, and the effort grows only with their number. Covariances are
    symmetric: their lower triangles are kept, those of all stretches in one vector.
    """

    def __init__(self, observations: Observations) -> None:
        stretches = np.array_split(np.arange(len(observations)), -(-len(observations) // _STRETCH))
        self.parts, first, rows, columns = [], 0, [], []
        for stretch in stretches:
            row, column = np.tril_indices(stretch.size)
            here = slice(first, first + row.size)
            self.parts.append((here, row * stretch.size + column, observations.wind_mps[stretch]))
            rows.append(stretch[row])
            columns.append(stretch[column])
            first += row.size
        row, column = np.concatenate(rows), np.concatenate(columns)
        a, where = observations.components, observations.position_m
        self.lag_s = np.abs(observations.time_s[row] - observations.time_s[column])
        self.half_square = 0.5 * ((where[row] - where[column]) ** 2).sum(axis=1)
        self.along = ((a[row, :2] * a[column, :2]).sum(axis=1), a[row, 2] * a[column, 2])
        self.noise_square = np.where(row == column, observations.noise_mps[row] ** 2, 0.0)
        self.given = _given(observations)[row, column] + self.noise_square
        self.times = np.where(row == column, 1.0, 2.0)  # elements of the matrix that one here stands for

    def cost(self, x: np.ndarray, smoothness: float) -> tuple[float, np.ndarray]:
        """Negative log density at logarithms in units of their prior, and its gradient."""
        found = self.hyperparameters(x, smoothness)
        excess = found.excess**2 * self.noise_square
        total, halves = self.given + excess, []  # half the derivatives of the covariance by the logarithms
        for (spread, time_s, length_m), along in zip(found.kinds(), self.along, strict=True):
            in_time, by_log_time = MATERN[smoothness](self.lag_s / time_s)
            far = self.half_square / length_m**2
            in_space = along * (spread**2 * np.exp(-far))
            whole = in_space * in_time
            total += whole
            halves += [whole, 0.5 * in_space * by_log_time, whole * far]
        halves.append(excess)
        value, weight = 0.5 * x @ x, np.empty_like(total)
        for here, place, wind in self.parts:
            matrix = np.zeros((wind.size, wind.size))
            matrix.reshape(-1)[place] = total[here]
            density, slope = log_density_and_slope(matrix, wind)
            value -= density
            weight[here] = slope.reshape(-1).take(place)
        weight *= self.times
        return float(value), x - _PRIORS.log_width * np.array([weight @ half for half in halves])

    @staticmethod
    def hyperparameters(x: np.ndarray, smoothness: float) -> Hyperparameters:
        return Hyperparameters(*map(float, _PRIORS.values(x)), smoothness)


def find_hyperparameters(observations: Observations) -> Hyperparameters:
    """Find the hyperparameters of greatest posterior density.

    Parameters
    ----------
    observations
        At least one.

    Returns
    -------
    Hyperparameters
    """
    posterior = _Posterior(observations)
    start, bounds = np.zeros(len(HYPERPARAMETERS)), [(-_WITHIN, _WITHIN)] * len(HYPERPARAMETERS)
    x, smoothness, _ = minimise(posterior.cost, start, bounds, _SMOOTHNESS, _SEARCH)
    return posterior.hyperparameters(x, smoothness)


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
    lag_s = np.abs(a.time_s[:, None] - b.time_s[None, :])
    square = ((a.position_m[:, None, :] - b.position_m[None, :, :]) ** 2).sum(axis=2)
    kernel, total = MATERN[hyperparameters.smoothness], np.zeros(lag_s.shape)
    for (spread, time_s, length_m), part in zip(
        hyperparameters.kinds(), (slice(2), slice(2, 3)), strict=True
    ):
        in_time, _ = kernel(lag_s / time_s)
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


def _factor(observations: Observations, hyperparameters: Hyperparameters) -> Factor:
    """Factor of the covariance of what the lines saw."""
    matrix = _given(observations) + departures(observations, observations, hyperparameters)
    matrix[np.diag_indices_from(matrix)] += observations.noise_mps**2 * (1.0 + hyperparameters.excess**2)
    return factorise(matrix)


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
