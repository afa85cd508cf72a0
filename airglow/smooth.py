"""A quantity over the night from noisy samples: a Gaussian process about a linear trend.

The trend has a broad prior. The process' covariance is that of the Matern family (nu = 3/2, 5/2, infinite)
with the greatest posterior density at its best amplitude, length in time and excess noise (Rasmussen &
Williams 2006, Gaussian Processes for Machine Learning, sections 2.2, 2.7, 4.2.1 and 5.4; leave-one-out
predictions: 5.4.2). Its variance grows by itself where samples are missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

_STANDS_OUT = 3.5  # standard deviations from the process through the others: worth a closer look
_FEWEST_FOR_OUTLIERS = 4
_FEWEST_TO_FIT = 4  # fewer samples leave the process as it typically is
_FEWEST_TO_TELL_SMOOTHNESS = 6  # fewer samples make any course look smooth
_OUTLIER_RANGE = 30.0  # natural rates over which an outlier may lie anywhere
_OUTLIER_SHARE = 0.01  # of all samples, expected
_SHORTEST_LENGTH_S = 600.0
_LONGEST_LENGTH_S = 12 * 3600.0
_JUMP_EVIDENCE = 5.0  # log of the odds against a jump: what two processes must bring over one
_JUMP_CANDIDATES = 3
_FEWEST_EACH_SIDE = 3
_STEEP = 2.0  # times the step that errors and natural rate let expect: perhaps a jump
# Priors of the logarithms of amplitude over natural rate, length over an hour, excess noise over the
# samples' error: middle and width. A few samples do not overrule them, many do.
_PRIOR_MIDDLE = np.array([0.0, 0.4, -2.0])
_PRIOR_WIDTH = np.array([1.5, 0.7, 1.5])
_START = np.array([-0.7, 0.4, -2.0])
_BOUNDS = (
    (-5.0, 5.0),
    (np.log(_SHORTEST_LENGTH_S / 3600.0), np.log(_LONGEST_LENGTH_S / 3600.0)),
    (-5.0, 4.0),
)
_IMPOSSIBLE = 1e30  # cost of a process that cannot be

# Correlation at distances over the length, and its derivative by the logarithm of the length.
Kernel = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _rough(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern, nu = 3/2: a course with a rate."""
    x = np.sqrt(3.0) * distance
    decay = np.exp(-x)
    return (1.0 + x) * decay, x**2 * decay


def _smoother(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern, nu = 5/2: a course with a curvature."""
    x = np.sqrt(5.0) * distance
    decay = np.exp(-x)
    return (1.0 + x + x**2 / 3.0) * decay, x**2 * (1.0 + x) / 3.0 * decay


def _smoothest(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared exponential, nu infinite: all derivatives."""
    correlation = np.exp(-0.5 * distance**2)
    return correlation, distance**2 * correlation


KERNELS: tuple[Kernel, ...] = (_rough, _smoother, _smoothest)


@dataclass(frozen=True)
class Process:
    """What a Gaussian process is like."""

    amplitude: float
    length_s: float
    excess: float  # noise beyond the stated errors
    natural_rate: float  # per hour, for the prior of the trend
    kernel: Kernel

    def covariance(self, a_s: np.ndarray, b_s: np.ndarray) -> np.ndarray:
        """Covariance of the course, less its trend, between two sets of times."""
        return self.amplitude**2 * self.kernel(np.abs(a_s[:, None] - b_s[None, :]) / self.length_s)[0]


@dataclass(frozen=True)
class Piece:
    """A stretch of the night without jumps: its samples and the process through them."""

    start_s: float  # this piece holds from here ...
    stop_s: float  # ... to here
    time_s: np.ndarray
    value: np.ndarray
    error: np.ndarray
    process: Process


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
        # Nobody saw when it jumped: between the samples on either side, the other side may hold.
        for before, after in itertools.pairwise(self.pieces):
            here = (time_s > before.time_s[-1]) & (time_s < after.time_s[0])
            if here.any():
                sides = [_predict(piece, time_s[here])[0] for piece in (before, after)]
                error[here] = np.hypot(error[here], 0.5 * np.abs(sides[1] - sides[0]))
        return value, error

    def covariance(self, time_s: np.ndarray) -> np.ndarray:
        """Covariance of the errors of `at` between times; stretches apart by a jump share none.

        Parameters
        ----------
        time_s
            (n,) on the clock of the samples.

        Returns
        -------
        ndarray
            (n, n), in the square of the samples' unit; its diagonal is the square of the errors of `at`.
        """
        time_s = np.atleast_1d(np.asarray(time_s, float))
        result = np.zeros((time_s.size, time_s.size))
        for piece in self.pieces:
            here = np.flatnonzero((time_s >= piece.start_s) & (time_s < piece.stop_s))
            if here.size:
                result[np.ix_(here, here)] = _predicted_covariance(piece, time_s[here])
        # Beside a jump there is more error than a process knows of.
        result[np.diag_indices_from(result)] = np.maximum(np.diag(result), self.at(time_s)[1] ** 2)
        return result


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
    index = np.flatnonzero(np.isfinite(value) & np.isfinite(error) & (error > 0))
    if not index.size:
        raise ValueError("no usable sample")

    def samples(of: np.ndarray) -> _Samples:
        return _Samples(time_s[of], value[of], error[of], natural_rate)

    parts = _explain(samples(index), index, find_jumps)
    used = np.zeros(time_s.size, bool)
    used[np.concatenate(parts)] = True
    between = [0.5 * (time_s[a[-1]] + time_s[b[0]]) for a, b in itertools.pairwise(parts)]
    pieces = []
    for part, start_s, stop_s in zip(parts, [-np.inf, *between], [*between, np.inf], strict=True):
        process, _ = _fit(samples(part), KERNELS)
        pieces.append(Piece(start_s, stop_s, time_s[part], value[part], error[part], process))
    return Smooth(pieces=tuple(pieces), used=used)


@dataclass(frozen=True)
class _Samples:
    """Samples of a quantity, and its natural rate."""

    time_s: np.ndarray
    value: np.ndarray
    error: np.ndarray
    natural_rate: float

    def __len__(self) -> int:
        return self.time_s.size

    def __getitem__(self, part: slice | np.ndarray) -> _Samples:
        return _Samples(self.time_s[part], self.value[part], self.error[part], self.natural_rate)

    @property
    def trend(self) -> np.ndarray:
        """Level and slope at the samples, each times the width of its prior."""
        return self.trend_at(self.time_s)

    def trend_at(self, time_s: np.ndarray) -> np.ndarray:
        """The same at other times: level within the samples' range, slope within a few natural rates."""
        spread = np.ptp(self.value)
        hours = max(np.ptp(self.time_s) / 3600.0, 1.0)
        level, slope = 10.0 * (spread + self.natural_rate), spread / hours + 2.0 * self.natural_rate
        return np.stack([np.full_like(time_s, level), slope * (time_s - self.time_s.mean()) / 3600.0], axis=1)

    def process(self, log_ratios: np.ndarray, kernel: Kernel) -> Process:
        """Process of these logarithms of amplitude, length and excess noise over their units."""
        amplitude, hours, excess = np.exp(log_ratios)
        return Process(
            amplitude=float(self.natural_rate * amplitude),
            length_s=float(3600.0 * hours),
            excess=float(np.median(self.error) * excess),
            natural_rate=self.natural_rate,
            kernel=kernel,
        )

    def total_covariance(self, process: Process) -> np.ndarray:
        """Covariance of the samples under a process: course, trend and noise."""
        matrix = process.covariance(self.time_s, self.time_s) + self.trend @ self.trend.T
        matrix[np.diag_indices_from(matrix)] += self.error**2 + process.excess**2
        return matrix

    def solve(self, process: Process) -> tuple[tuple[np.ndarray, bool], np.ndarray]:
        """Factor of the total covariance, and its solution for the values about their median."""
        factor = linalg.cho_factor(self.total_covariance(process), lower=True)
        return factor, linalg.cho_solve(factor, self.value - np.median(self.value))


def _fit(samples: _Samples, kernels: Sequence[Kernel]) -> tuple[Process, float]:
    """Process of greatest posterior density, and the logarithm of that density."""
    centred = samples.value - np.median(samples.value)
    distance_s = np.abs(samples.time_s[:, None] - samples.time_s[None, :])
    trend, noise = samples.trend @ samples.trend.T, samples.error**2
    constant = -0.5 * len(samples) * np.log(2.0 * np.pi)

    def cost(log_ratios: np.ndarray, kernel: Kernel) -> tuple[float, np.ndarray]:
        process = samples.process(log_ratios, kernel)
        correlation, by_length = kernel(distance_s / process.length_s)
        matrix = process.amplitude**2 * correlation + trend
        matrix[np.diag_indices_from(matrix)] += noise + process.excess**2
        factor, failed = linalg.lapack.dpotrf(matrix, lower=True)
        if failed:  # singular within rounding: no noise to speak of
            return _IMPOSSIBLE, np.zeros(3)
        log_determinant = 2.0 * np.log(np.diag(factor)).sum()
        inverse = np.tril(linalg.lapack.dpotri(factor, lower=True)[0])
        inverse += np.tril(inverse, -1).T
        solution = inverse @ centred
        density = constant - 0.5 * (centred @ solution + log_determinant)
        # Half of: solution' dK solution - trace(inverse dK), for each logarithm.
        slope = np.outer(solution, solution) - inverse
        by = process.amplitude**2 * np.array(
            [np.vdot(slope, correlation), 0.5 * np.vdot(slope, by_length), 0.0]
        )
        by[2] = process.excess**2 * np.trace(slope)
        off = (log_ratios - _PRIOR_MIDDLE) / _PRIOR_WIDTH
        return 0.5 * off @ off - density, off / _PRIOR_WIDTH - by

    if len(samples) < _FEWEST_TO_FIT:
        return samples.process(_PRIOR_MIDDLE, kernels[0]), -cost(_PRIOR_MIDDLE, kernels[0])[0]
    if len(samples) < _FEWEST_TO_TELL_SMOOTHNESS:
        kernels = kernels[:1]
    best: tuple[Process, float] | None = None
    start = _START
    for kernel in kernels:
        answer = optimize.minimize(cost, start, (kernel,), "L-BFGS-B", jac=True, bounds=_BOUNDS)
        start = answer.x  # the next is not far
        if best is None or -answer.fun > best[1]:
            best = samples.process(answer.x, kernel), -float(answer.fun)
    return best


def _predict(piece: Piece, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    samples, cross = _seen_from(piece, time_s)
    factor, solution = samples.solve(piece.process)
    value = np.median(samples.value) + cross @ solution
    own = piece.process.amplitude**2 + (samples.trend_at(time_s) ** 2).sum(axis=1)
    variance = own - np.einsum("ij,ji->i", cross, linalg.cho_solve(factor, cross.T))
    return value, np.sqrt(np.maximum(variance, 0.0))


def _predicted_covariance(piece: Piece, time_s: np.ndarray) -> np.ndarray:
    samples, cross = _seen_from(piece, time_s)
    factor, _ = samples.solve(piece.process)
    there = samples.trend_at(time_s)
    own = piece.process.covariance(time_s, time_s) + there @ there.T
    return own - cross @ linalg.cho_solve(factor, cross.T)


def _seen_from(piece: Piece, time_s: np.ndarray) -> tuple[_Samples, np.ndarray]:
    """Samples of a piece, and the covariance of the course at other times with them."""
    process = piece.process
    samples = _Samples(piece.time_s, piece.value, piece.error, process.natural_rate)
    trends = samples.trend_at(time_s) @ samples.trend.T
    return samples, process.covariance(time_s, samples.time_s) + trends


def _off_others(samples: _Samples, process: Process) -> np.ndarray:
    """Distance of each sample from the process through all others, in standard deviations."""
    factor, solution = samples.solve(process)
    inverse = linalg.cho_solve(factor, np.eye(len(samples)))
    return np.abs(solution) / np.sqrt(np.diag(inverse))


def _explain(samples: _Samples, index: np.ndarray, find_jumps: bool) -> list[np.ndarray]:
    """Explain samples by as many processes as there are stretches without a jump, and by outliers.

    Where a sample stands out from all others, three stories are told: it is of the same process after all;
    it is an outlier, which may lie anywhere; one process ends beside it and another begins. The likeliest
    holds, and what it leaves is looked at again.

    Returns the ``index`` of the samples of each stretch, without outliers.
    """
    one, whole = _fit(samples, KERNELS)
    places = np.arange(len(samples))
    alone, edges = _suspects(samples, one)
    stories: list[tuple[float, list[np.ndarray]]] = [(whole, [])]
    if len(samples) >= _FEWEST_FOR_OUTLIERS:
        price = np.log(_OUTLIER_RANGE * samples.natural_rate / _OUTLIER_SHARE)
        for k in alone:
            others = np.delete(places, k)
            stories.append((_fit(samples[others], KERNELS)[1] - price, [others]))
    for cut in edges if find_jumps else ():
        sides = [places[:cut], places[cut:]]
        if min(map(len, sides)) >= _FEWEST_EACH_SIDE:
            apart = sum(_fit(samples[side], KERNELS)[1] for side in sides)
            stories.append((apart - _JUMP_EVIDENCE, sides))
    _, parts = max(stories, key=lambda story: story[0])
    if not parts:
        return [index]
    explained = [_explain(samples[part], index[part], find_jumps) for part in parts]
    return [stretch for stretches in explained for stretch in stretches]


def _suspects(samples: _Samples, fitted: Process) -> tuple[set[int], set[int]]:
    """Samples that may be outliers, and those before which a jump may be.

    An outlier may have spoilt the process that was fitted, and hidden itself: a typical one looks as well.
    """
    alone: set[int] = set()
    for process in (fitted, samples.process(_PRIOR_MIDDLE, KERNELS[0])):
        off = _off_others(samples, process)
        if off.max() > _STANDS_OUT:
            alone.add(int(np.argmax(off)))
    steps, hours = np.abs(np.diff(samples.value)), np.diff(samples.time_s) / 3600.0
    expected = np.hypot(np.hypot(samples.error[:-1], samples.error[1:]), samples.natural_rate * hours)
    largest = np.argsort(-steps / expected)[:_JUMP_CANDIDATES]
    edges = {int(k) + 1 for k in largest if steps[k] > _STEEP * expected[k]}
    return alone, edges
