"""What the wind of a night is like: spreads, times, lengths and movements of greatest posterior density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airglow.gp import MATERN, Priors, log_density_and_slope, minimise
from airglow.winds.field import (
    HYPERPARAMETERS,
    SMOOTHNESS,
    WITHIN,
    Hyperparameters,
    Observations,
    given_covariance,
)

_PRIORS = Priors.of(HYPERPARAMETERS)
# Standard deviation of the prior of each component of a slowness, s/m; its mean is none. Chosen: tides move
# with the sun, at 355 m/s at a latitude of 40 degrees, waves of gravity at 100 to 300 m/s, and either way.
SLOWNESS_S_PER_M = 1 / 300.0
_SLOWNESSES = 4  # east and north, of the horizontal and of the vertical wind
# Places among the hyperparameters of the length and the slownesses: of the vertical wind, of the horizontal.
_MOVEMENTS = ((5, (9, 10)), (2, (7, 8)))
# Gain in log density from which a movement is taken: the logarithm of its prior's width over that of its
# posterior, twice, as in a Bayes factor. Nights of 60 samples tell a slowness to some 0.3 s/km.
_LEAST_GAIN = 2.0 * float(np.log(SLOWNESS_S_PER_M / 3e-4))
# Gain from which a second search has found another place; two that end at the same one differ by less.
_BETTER = 0.2
# Samples that are fitted together: chosen, to bound the effort. Half of it moves smooth winds by a quarter of
# their errors at the most.
_STRETCH = 100
# A tenth of a prior's width, or of the log density's unit, is as good as none: so the search ends early.
_SEARCH = {"maxiter": 25, "ftol": 1e-4, "gtol": 0.1}


class Posterior:
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
        self.later_s = observations.time_s[row] - observations.time_s[column]
        self.apart_m = (where[row] - where[column])[:, :2]
        self.half_square = 0.5 * ((where[row] - where[column]) ** 2).sum(axis=1)
        self.along = ((a[row, :2] * a[column, :2]).sum(axis=1), a[row, 2] * a[column, 2])
        self.noise_square = np.where(row == column, observations.noise_mps[row] ** 2, 0.0)
        self.given = given_covariance(observations)[row, column] + self.noise_square
        self.times = np.where(row == column, 1.0, 2.0)  # elements of the matrix that one here stands for

    def cost(self, x: np.ndarray, smoothness: float) -> tuple[float, np.ndarray]:
        """Negative log density at logarithms in units of their prior, and its gradient."""
        found = self.hyperparameters(x, smoothness)
        excess = found.excess**2 * self.noise_square
        total, halves = self.given + excess, []  # half the derivatives of the covariance by the logarithms
        moving = []
        for (spread, time_s, length_m), along, slowness in zip(
            found.kinds(), self.along, found.slownesses(), strict=True
        ):
            later_s = self.later_s - self.apart_m @ slowness
            in_time, by_log_time = MATERN[smoothness](np.abs(later_s) / time_s)
            far = self.half_square / length_m**2
            in_space = along * (spread**2 * np.exp(-far))
            whole = in_space * in_time
            total += whole
            by_log_time *= 0.5 * in_space
            halves += [whole, by_log_time, whole * far]
            by_later = np.divide(by_log_time, later_s, out=np.zeros_like(later_s), where=later_s != 0.0)
            moving += [*(SLOWNESS_S_PER_M * by_later * self.apart_m.T)]
        halves.append(excess)
        halves += moving
        value, weight = 0.5 * x @ x, np.empty_like(total)
        for here, place, wind in self.parts:
            matrix = np.zeros((wind.size, wind.size))
            matrix.reshape(-1)[place] = total[here]
            density, slope = log_density_and_slope(matrix, wind)
            value -= density
            weight[here] = slope.reshape(-1).take(place)
        weight *= self.times
        width = np.append(_PRIORS.log_width, np.ones(_SLOWNESSES))
        return float(value), x - width * np.array([weight @ half for half in halves])

    @staticmethod
    def hyperparameters(x: np.ndarray, smoothness: float) -> Hyperparameters:
        east, north, east_of_vertical, north_of_vertical = map(float, SLOWNESS_S_PER_M * x[-_SLOWNESSES:])
        return Hyperparameters(
            *map(float, _PRIORS.values(x[:-_SLOWNESSES])),
            smoothness,
            (east, north),
            (east_of_vertical, north_of_vertical),
        )


@dataclass(frozen=True)
class Found:
    """Hyperparameters of greatest posterior density.

    Parameters
    ----------
    hyperparameters
        What the wind is like.
    penalty
        What their priors take from the log density, but for a constant.
    log_density
        Of what was seen, less the penalty.
    """

    hyperparameters: Hyperparameters
    penalty: float
    log_density: float


def search_hyperparameters(observations: Observations, least: tuple[float, float] | None = None) -> Found:
    """Find the hyperparameters of greatest posterior density, and how great it is.

    Parameters
    ----------
    observations
        At least one.
    least
        Least time of the horizontal and least length of both winds, in standard deviations of their priors,
        to look only among winds that do not change too quickly in time and space. Else any.

    Returns
    -------
    Found
    """
    posterior = Posterior(observations)
    bounds = [(-WITHIN, WITHIN)] * len(HYPERPARAMETERS) + [(0.0, 0.0)] * _SLOWNESSES
    if least is not None:
        bounds[1] = (least[0], WITHIN)
        bounds[2] = bounds[5] = (least[1], WITHIN)
    x, smoothness, cost = minimise(
        posterior.cost, np.clip(np.zeros(len(bounds)), *np.transpose(bounds)), bounds, SMOOTHNESS, _SEARCH
    )
    for length, slownesses in _MOVEMENTS:
        free = [(-WITHIN, WITHIN) if k in slownesses else bound for k, bound in enumerate(bounds)]
        start = x.copy()
        start[length] = max(start[length], 0.0)  # a wind that moves looks like one of a short length
        moving = minimise(posterior.cost, start, free, (smoothness,), _SEARCH)
        if cost - moving[2] > _LEAST_GAIN:
            (x, _, cost), bounds = moving, free
    # Waves that are seen too seldom have another speed that fits nearly as well, and from rest the search may
    # end there or stay: it begins once more with a vertical wind that moves as the horizontal one does.
    vertical, horizontal = (list(slownesses) for _, slownesses in _MOVEMENTS)
    if x[horizontal].any():
        free = [(-WITHIN, WITHIN) if k in vertical else bound for k, bound in enumerate(bounds)]
        start = x.copy()
        start[vertical] = x[horizontal]
        together = minimise(posterior.cost, start, free, (smoothness,), _SEARCH)
        if cost - together[2] > (_BETTER if x[vertical].any() else _LEAST_GAIN):
            x, _, cost = together
    return Found(posterior.hyperparameters(x, smoothness), float(0.5 * x @ x), -cost)


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
    return search_hyperparameters(observations).hyperparameters
