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
from scipy import linalg, optimize

# Usual values, and how far nights differ from them (standard deviation of the natural logarithm).
# Thermospheric winds change over hours and thousands of km; vertical winds, waves for the most part, in some
# 40 minutes (Hernandez 1982, Geophys. Res. Lett. 9, 555).
_USUAL = {
    "horizontal_mps": (50.0, 0.6),
    "horizontal_time_s": (3 * 3600.0, 0.7),
    "horizontal_length_m": (5.0e6, 1.3),
    "vertical_mps": (5.0, 0.7),
    "vertical_time_s": (2400.0, 0.6),
    "vertical_length_m": (1.0e6, 1.3),
    "excess": (0.3, 0.7),
}
_SMOOTHNESS = (1.5, 2.5)
_WITHIN = 3.0  # standard deviations of the logarithm that bound the search
_MEAN_MPS = 150.0  # spread of the night's mean horizontal wind: nearly anything
_STRETCH = 100  # samples
_MOST_ROUNDS = 25
_WILD_SIGMA = 5.0
_MOST_WILD = 0.25  # of the samples


@dataclass(frozen=True)
class Texture:
    """What the wind of a night is like: spread, time and length of its changes."""

    horizontal_mps: float = _USUAL["horizontal_mps"][0]  # about the night's mean
    horizontal_time_s: float = _USUAL["horizontal_time_s"][0]
    horizontal_length_m: float = _USUAL["horizontal_length_m"][0]
    vertical_mps: float = _USUAL["vertical_mps"][0]
    vertical_time_s: float = _USUAL["vertical_time_s"][0]
    vertical_length_m: float = _USUAL["vertical_length_m"][0]
    excess: float = _USUAL["excess"][0]  # noise beyond the stated errors, as a part of these
    smoothness: float = _SMOOTHNESS[0]  # nu of the Matern functions


@dataclass(frozen=True)
class Sights:
    """Lines of sight: when and where they meet the layer, how they run, what they saw; n entries."""

    time_s: np.ndarray
    position_m: np.ndarray  # (n, 3) Earth-fixed, relative to the point of the layer over the site
    components: np.ndarray  # (n, 3) of a wind towards east, north and up along the line
    wind_mps: np.ndarray  # zero removed
    noise_mps: np.ndarray  # standard error, each sample's own
    shared: np.ndarray  # (n, n) covariance of errors that samples share

    def __len__(self) -> int:
        return self.time_s.size

    def at(self, index: np.ndarray) -> Sights:
        """Some of them."""
        index = np.arange(len(self))[index]
        rows = (getattr(self, field.name)[index] for field in fields(self)[:-1])
        return Sights(*rows, self.shared[np.ix_(index, index)])


def _matern(lag: np.ndarray, smoothness: float) -> tuple[np.ndarray, np.ndarray]:
    """Matern function of a lag over its time, and its derivative by the logarithm of that time."""
    x = np.sqrt(2.0 * smoothness) * lag
    decay = np.exp(-x)
    if smoothness == 1.5:
        return (1.0 + x) * decay, x * x * decay
    third = x * x / 3.0
    return (1.0 + x + third) * decay, third * (1.0 + x) * decay


def _kinds(texture: Texture) -> tuple[tuple[float, float, float], ...]:
    """Spread, time and length of the horizontal and of the vertical wind."""
    return (
        (texture.horizontal_mps, texture.horizontal_time_s, texture.horizontal_length_m),
        (texture.vertical_mps, texture.vertical_time_s, texture.vertical_length_m),
    )


def _given(sights: Sights) -> np.ndarray:
    """Covariance that no texture changes: shared errors and the night's mean wind."""
    horizontal = sights.components[:, :2]
    return sights.shared + _MEAN_MPS**2 * (horizontal @ horizontal.T)


class _Posterior:
    """Log posterior density of a texture and its gradient, with what does not depend on it kept.

    The night counts as stretches of at most `_STRETCH` samples that know nothing of each other: what they say
    of spreads, times and lengths adds up, and the effort grows only with their number. Covariances are
    symmetric: their lower triangles are kept, those of all stretches in one vector.
    """

    def __init__(self, sights: Sights) -> None:
        stretches = np.array_split(np.arange(len(sights)), -(-len(sights) // _STRETCH))
        self.parts, first, rows, columns = [], 0, [], []
        for stretch in stretches:
            row, column = np.tril_indices(stretch.size)
            here = slice(first, first + row.size)
            self.parts.append((here, row * stretch.size + column, sights.wind_mps[stretch]))
            rows.append(stretch[row])
            columns.append(stretch[column])
            first += row.size
        row, column = np.concatenate(rows), np.concatenate(columns)
        a, where = sights.components, sights.position_m
        self.lag_s = np.abs(sights.time_s[row] - sights.time_s[column])
        self.half_square = 0.5 * ((where[row] - where[column]) ** 2).sum(axis=1)
        self.along = ((a[row, :2] * a[column, :2]).sum(axis=1), a[row, 2] * a[column, 2])
        self.noise_square = np.where(row == column, sights.noise_mps[row] ** 2, 0.0)
        self.given = _given(sights)[row, column] + self.noise_square
        self.times = np.where(row == column, 1.0, 2.0)  # elements of the matrix that one here stands for
        self.usual = np.log([value for value, _ in _USUAL.values()])
        self.width = np.array([width for _, width in _USUAL.values()])

    def cost(self, x: np.ndarray, smoothness: float) -> tuple[float, np.ndarray]:
        """Negative log density at logarithms in units of their prior, and its gradient."""
        texture = self.texture(x, smoothness)
        excess = texture.excess**2 * self.noise_square
        total, slopes = self.given + excess, []
        for (spread, time_s, length_m), along in zip(_kinds(texture), self.along, strict=True):
            in_time, by_time = _matern(self.lag_s / time_s, smoothness)
            far = self.half_square / length_m**2
            in_space = along * (spread**2 * np.exp(-far))
            whole = in_space * in_time
            total += whole
            slopes += [whole, 0.5 * in_space * by_time, whole * far]
        slopes.append(excess)
        value = 0.5 * x @ x
        # d/dq of the log likelihood is half the trace of (solution solution' - inverse) dK/dq.
        weight = np.empty_like(total)
        for here, place, wind in self.parts:
            matrix = np.zeros((wind.size, wind.size))
            matrix.reshape(-1)[place] = total[here]
            factor = linalg.cholesky(matrix, lower=True, check_finite=False)
            solution = linalg.cho_solve((factor, True), wind, check_finite=False)
            inverse, _ = linalg.lapack.dpotri(factor, lower=True)
            value += 0.5 * wind @ solution + np.log(np.diag(factor)).sum()
            weight[here] = (inverse - np.outer(solution, solution)).reshape(-1).take(place)
        weight *= self.times
        return float(value), x + self.width * np.array([weight @ each for each in slopes])

    def texture(self, x: np.ndarray, smoothness: float) -> Texture:
        return Texture(*(float(q) for q in np.exp(self.usual + self.width * x)), smoothness)


def find_texture(sights: Sights) -> Texture:
    """Texture of greatest posterior density.

    Parameters
    ----------
    sights
        At least one line of sight.

    Returns
    -------
    Texture
    """
    posterior = _Posterior(sights)
    # A tenth of a prior's width, or of the log density's unit, is as good as none.
    x, least, best = np.zeros(posterior.usual.size), np.inf, Texture()
    for smoothness in _SMOOTHNESS:
        found = optimize.minimize(
            posterior.cost,
            x,
            args=(smoothness,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_WITHIN, _WITHIN)] * x.size,
            options={"maxiter": _MOST_ROUNDS, "ftol": 1e-4, "gtol": 0.1},
        )
        x = found.x  # the next begins here
        if found.fun < least:
            least, best = found.fun, posterior.texture(x, smoothness)
    return best


def departures(a: Sights, b: Sights, texture: Texture) -> np.ndarray:
    """Covariance (n, m) of what two sets of lines see of the wind's departures from the night's mean."""
    lag_s = np.abs(a.time_s[:, None] - b.time_s[None, :])
    square = ((a.position_m[:, None, :] - b.position_m[None, :, :]) ** 2).sum(axis=2)
    total = np.zeros(lag_s.shape)
    for (spread, time_s, length_m), part in zip(_kinds(texture), (slice(2), slice(2, 3)), strict=True):
        in_time, _ = _matern(lag_s / time_s, texture.smoothness)
        in_space = np.exp(-0.5 * square / length_m**2)
        total += spread**2 * in_time * in_space * (a.components[:, part] @ b.components[:, part].T)
    return total


def departures_over_site(sights: Sights, texture: Texture, time_s: np.ndarray) -> np.ndarray:
    """Covariance (m, 3, n) of departures of the wind over the site at times (m,) with those along lines."""
    none, start = np.zeros(time_s.size), np.zeros((time_s.size, 3))
    axes = [Sights(time_s, start, start + axis, none, none, np.zeros((0, 0))) for axis in np.eye(3)]
    return np.stack([departures(axis, sights, texture) for axis in axes], axis=1)


def _inverse(sights: Sights, texture: Texture) -> np.ndarray:
    """Inverse of the covariance of what the lines saw."""
    matrix = _given(sights) + departures(sights, sights, texture)
    matrix[np.diag_indices_from(matrix)] += sights.noise_mps**2 * (1.0 + texture.excess**2)
    inverse, _ = linalg.lapack.dpotri(linalg.cholesky(matrix, lower=True), lower=True)
    return np.tril(inverse) + np.tril(inverse, -1).T


def not_wild(sights: Sights, texture: Texture) -> np.ndarray:
    """Tell the samples that the others can explain.

    Each sample is compared with what all others predict for it (leave-one-out residuals: Rasmussen & Williams
    2006, equations 5.10 to 5.12); the worst is left out, and again, until none stands out by 5 sigma. On a
    night that moves more than its texture says, sigma is that of the residuals.

    Parameters
    ----------
    sights
        Lines of sight.
    texture
        What the wind is like.

    Returns
    -------
    ndarray
        (n,) bool; at most a quarter is left out.
    """
    kept = np.arange(len(sights))
    inverse = _inverse(sights, texture)
    for _ in range(int(_MOST_WILD * len(sights))):
        score = np.abs(inverse @ sights.wind_mps[kept]) / np.sqrt(np.diag(inverse))
        worst = int(np.argmax(score))
        if score[worst] < _WILD_SIGMA * max(1.0, 1.4826 * float(np.median(score))):
            break
        # The inverse without a row and column of the matrix (partitioned inverse, ibid. A.11).
        left = np.delete(inverse, worst, axis=0)
        column = left[:, worst]
        inverse = np.delete(left, worst, axis=1) - np.outer(column, column) / inverse[worst, worst]
        kept = np.delete(kept, worst)
    return np.isin(np.arange(len(sights)), kept)


def wind_over_site(
    sights: Sights, texture: Texture, time_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wind over the site at times.

    Parameters
    ----------
    sights
        Lines of sight.
    texture
        What the wind is like.
    time_s
        (m,) on the clock of the lines of sight.

    Returns
    -------
    wind, covariance, prior : ndarray
        (m, 3) towards east, north and up; (m, 3, 3) posterior covariance; (3,) standard deviations before any
        sample was seen.
    """
    inverse = _inverse(sights, texture)
    cross = departures_over_site(sights, texture, time_s)
    cross[:, :2] += _MEAN_MPS**2 * sights.components.T[:2]
    wind = cross @ (inverse @ sights.wind_mps)
    spread = np.hypot(texture.horizontal_mps, _MEAN_MPS)
    prior = np.array([spread, spread, texture.vertical_mps])
    covariance = np.diag(prior**2) - cross @ inverse @ cross.transpose(0, 2, 1)
    return wind, covariance, prior
