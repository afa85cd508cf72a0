"""A quantity over the night from noisy samples: a Gaussian process about a linear trend.

The process has a Matern covariance (nu = 3/2), the trend a flat prior, and the amplitude, the length in
time and the excess noise are those of greatest marginal likelihood (Rasmussen & Williams 2006, Gaussian
Processes for Machine Learning, sections 2.7 and 5.4). Its variance grows by itself where samples are
missing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

_OUTLIER_SIGMA = 5.0
_MOST_OUTLIERS = 0.25  # of the samples
_SHORTEST_LENGTH_S = 600.0
_LONGEST_LENGTH_S = 12 * 3600.0
_JUMP_EVIDENCE = 5.0  # gain in log marginal likelihood that two processes must bring over one
_FEWEST_EACH_SIDE = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of the night without jumps: its samples and the process through them."""

    start_s: float  # this piece holds from here ...
    stop_s: float  # ... to here
    time_s: np.ndarray
    value: np.ndarray
    error: np.ndarray
    amplitude: float
    length_s: float
    excess: float  # noise beyond the stated errors


@dataclass(frozen=True)
class Smooth:
    """A quantity over the night, piecewise smooth."""

    pieces: tuple[Piece, ...]
    used: np.ndarray  # bool per sample given: neither an outlier nor unusable

    @property
    def jumps_s(self) -> tuple[tuple[float, float], ...]:
        """Last sample before and first sample after each jump."""
        pairs = itertools.pairwise(self.pieces)
        return tuple((float(a.time_s[-1]), float(b.time_s[0])) for a, b in pairs)

    def at(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Value and standard error at times.

        Parameters
        ----------
        time_s
            On the clock of the samples.

        Returns
        -------
        value, error : ndarray
            In the unit of the samples.
        """
        time_s = np.atleast_1d(np.asarray(time_s, float))
        value, error = np.full(time_s.shape, np.nan), np.full(time_s.shape, np.nan)
        for piece in self.pieces:
            here = (time_s >= piece.start_s) & (time_s < piece.stop_s)
            if here.any():
                value[here], error[here] = _predict(piece, time_s[here])
        return value, error


def smooth(
    time_s: np.ndarray,
    value: np.ndarray,
    error: np.ndarray,
    *,
    natural_rate: float,
    find_jumps: bool = False,
) -> Smooth:
    """Fit a smooth course to samples.

    Parameters
    ----------
    time_s
        Times of the samples, ascending.
    value, error
        Samples and their standard errors; those that are not finite are left out.
    natural_rate
        Typical change of the quantity in an hour, in its unit. It stands in for what one or two samples
        cannot tell, and keeps errors from vanishing between a few samples that happen to agree.
    find_jumps
        Whether a jump may break the course.

    Returns
    -------
    Smooth

    Raises
    ------
    ValueError
        If no sample is usable.
    """
    time_s, value, error = (np.asarray(a, float) for a in (time_s, value, error))
    usable = np.isfinite(value) & np.isfinite(error) & (error > 0)
    if not usable.any():
        raise ValueError("no usable sample")
    used = usable.copy()
    used[usable] = _without_outliers(time_s[usable], value[usable], error[usable])
    edges = _split(time_s[used], value[used], error[used], natural_rate) if find_jumps else []
    bounds = [0, *edges, int(used.sum())]
    t, v, e = time_s[used], value[used], error[used]
    pieces = []
    for begin, end in itertools.pairwise(bounds):
        start_s = -np.inf if begin == 0 else 0.5 * (t[begin - 1] + t[begin])
        stop_s = np.inf if end == t.size else 0.5 * (t[end - 1] + t[end])
        part = slice(begin, end)
        hyper, _ = _fit(t[part], v[part], e[part], natural_rate)
        pieces.append(Piece(start_s, stop_s, t[part], v[part], e[part], *hyper))
    return Smooth(pieces=tuple(pieces), used=used)


def _covariance(a_s: np.ndarray, b_s: np.ndarray, amplitude: float, length_s: float) -> np.ndarray:
    x = np.sqrt(3.0) * np.abs(a_s[:, None] - b_s[None, :]) / length_s
    return amplitude**2 * (1.0 + x) * np.exp(-x)


def _trend(time_s: np.ndarray, reference_s: float) -> np.ndarray:
    return np.stack([np.ones_like(time_s), (time_s - reference_s) / 3600.0], axis=1)


def _solve(t: np.ndarray, v: np.ndarray, e: np.ndarray, hyper: tuple[float, float, float], rate: float):
    """Factor of the covariance (trend included, with its broad prior), its solution and log likelihood."""
    amplitude, length_s, excess = hyper
    scale = _prior_scale(t, v, rate)
    basis = _trend(t, t.mean()) * scale
    matrix = _covariance(t, t, amplitude, length_s) + basis @ basis.T
    matrix[np.diag_indices_from(matrix)] += e**2 + excess**2
    factor = linalg.cho_factor(matrix, lower=True)
    centred = v - np.median(v)
    solution = linalg.cho_solve(factor, centred)
    log_likelihood = -0.5 * centred @ solution - np.log(np.diag(factor[0])).sum()
    return factor, solution, float(log_likelihood)


def _prior_scale(t: np.ndarray, v: np.ndarray, rate: float) -> np.ndarray:
    """Broad prior of the trend: level within the samples' range, slope within a few natural rates."""
    hours = max(np.ptp(t) / 3600.0, 1.0)
    return np.array([10.0 * (np.ptp(v) + rate), np.ptp(v) / hours + 2.0 * rate])


def _fit(
    t: np.ndarray, v: np.ndarray, e: np.ndarray, rate: float
) -> tuple[tuple[float, float, float], float]:
    """Hyperparameters of greatest posterior density, and the log likelihood there."""
    middle = float(np.median(e))

    def hyper(x: np.ndarray) -> tuple[float, float, float]:
        return rate * np.exp(x[0]), 3600.0 * np.exp(x[1]), middle * np.exp(x[2])

    def cost(x: np.ndarray) -> float:
        # Weak priors: amplitude within a factor e^1 or so of the natural rate, a length of about 1.5
        # hours, little excess noise. A few samples do not overrule them, many do.
        prior = 0.5 * ((x[0] / 1.5) ** 2 + ((x[1] - 0.4) / 0.7) ** 2 + ((x[2] + 2.0) / 1.5) ** 2)
        return prior - _solve(t, v, e, hyper(x), rate)[2]

    bounds = [
        (-5.0, 5.0),
        (np.log(_SHORTEST_LENGTH_S / 3600.0), np.log(_LONGEST_LENGTH_S / 3600.0)),
        (-5.0, 4.0),
    ]
    if t.size < 2:
        best = np.array([0.0, 0.4, -2.0])
    else:
        best = optimize.minimize(cost, [-0.7, 0.4, -2.0], method="L-BFGS-B", bounds=bounds).x
    return hyper(best), -float(cost(best))


def _predict(piece: Piece, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hyper = piece.amplitude, piece.length_s, piece.excess
    rate = piece.amplitude
    factor, solution, _ = _solve(piece.time_s, piece.value, piece.error, hyper, rate)
    scale = _prior_scale(piece.time_s, piece.value, rate)
    basis = _trend(piece.time_s, piece.time_s.mean()) * scale
    there = _trend(time_s, piece.time_s.mean()) * scale
    cross = _covariance(time_s, piece.time_s, piece.amplitude, piece.length_s) + there @ basis.T
    value = np.median(piece.value) + cross @ solution
    own = piece.amplitude**2 + (there**2).sum(axis=1)
    variance = own - np.einsum("ij,ji->i", cross, linalg.cho_solve(factor, cross.T))
    return value, np.sqrt(np.maximum(variance, 0.0))


def _without_outliers(t: np.ndarray, v: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Drop samples, worst first, that stand out alone from the line through their four neighbours.

    Both sides of a jump stand out from such lines, and by the same amount; an outlier does so more than
    twice as far as those next to it.
    """
    kept = np.ones(t.size, bool)
    for _ in range(int(_MOST_OUTLIERS * t.size)):
        index = np.flatnonzero(kept)
        if index.size < 6:
            break
        residual = _off_neighbours(t[index], v[index])
        score = np.abs(residual) / np.maximum(1.5 * e[index], 1.4826 * np.median(np.abs(residual)))
        worst = int(np.argmax(score))
        beside = [abs(residual[k]) for k in (worst - 1, worst + 1) if 0 <= k < index.size]
        if score[worst] < _OUTLIER_SIGMA or max(beside) > 0.7 * abs(residual[worst]):
            break
        kept[index[worst]] = False
    return kept


def _off_neighbours(t: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Distance of each sample from the line through its four neighbours."""
    residual = np.empty(t.size)
    for k in range(t.size):
        near = np.argsort(np.abs(np.arange(t.size) - k), kind="stable")[1:5]
        residual[k] = v[k] - np.linalg.lstsq(_trend(t[near], t[k]), v[near], rcond=None)[0][0]
    return residual


def _split(t: np.ndarray, v: np.ndarray, e: np.ndarray, rate: float) -> list[int]:
    """Indices at which a new piece begins."""

    def search(begin: int, end: int) -> list[int]:
        if end - begin < 2 * _FEWEST_EACH_SIDE:
            return []
        steps = np.abs(np.diff(v[begin:end]))
        hours = np.diff(t[begin:end]) / 3600.0
        expected = np.hypot(np.hypot(e[begin : end - 1], e[begin + 1 : end]), rate * hours)
        candidates = [begin + 1 + k for k in np.argsort(-steps / expected)[:3] if steps[k] > 2 * expected[k]]
        if not candidates:
            return []
        _, whole = _fit(t[begin:end], v[begin:end], e[begin:end], rate)
        best, best_gain = None, _JUMP_EVIDENCE
        for cut in candidates:
            if min(cut - begin, end - cut) < _FEWEST_EACH_SIDE:
                continue
            parts = [_fit(t[a:b], v[a:b], e[a:b], rate)[1] for a, b in ((begin, cut), (cut, end))]
            if sum(parts) - whole > best_gain:
                best, best_gain = int(cut), sum(parts) - whole
        if best is None:
            return []
        return [*search(begin, best), best, *search(best, end)]

    return search(0, t.size)
