"""A quantity over the night from noisy samples: a Gaussian process about a linear trend, perhaps with jumps.

The process is that of `airglow.gp.series`; outliers and jumps are found by their marginal likelihood
(Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, section 5.4.1), where leave-one-out
residuals or steps make them likely. The variance grows by itself where samples are missing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from airglow.gp.outliers import worst_outlier
from airglow.gp.posterior import conditional_covariance, conditional_mean, conditional_variance, gain
from airglow.gp.series import SECONDS_PER_HOUR, Process, Samples, fit_process

# Samples without which none is called an outlier: three that agree against one.
_FEWEST_FOR_OUTLIERS = 4
# Prior of an outlier's value: uniform over this many natural rates times an hour. Chosen; a factor of two is
# 0.7 in the log of the odds, against the 6 that a residual of 3.5 standard deviations brings. Within a factor
# of two ten simulated courses with five outliers come out the same.
_OUTLIER_RANGE = 30.0
# Part of all samples that are outliers, before any is seen. Chosen: one laser frame in five nights. As for
# the range.
_OUTLIER_SHARE = 0.01
# Natural logarithm of the odds against a jump beside one sample, beforehand: e^5 = 150. Chosen: with some
# twenty samples and a jump in one night of ten it would be 200. Within a factor of two ten simulated courses
# with four jumps come out the same.
_JUMP_EVIDENCE = 5.0
# The largest steps that are tried as jumps. Chosen to bound the effort: what is left is looked at again, so
# that a night may have more jumps.
_JUMP_CANDIDATES = 3
# Samples that a process on either side of a jump needs: two for a trend, one to contradict it.
_FEWEST_EACH_SIDE = 3
# Step over what errors and natural rate let expect from which a jump is tried. Chosen low, since to try
# costs a fit and nothing else; half and double give the same on ten simulated courses.
_STEEP = 2.0


@dataclass(frozen=True)
class Piece:
    """A stretch of the night without jumps.

    Parameters
    ----------
    start_s, stop_s
        The stretch, s: it holds from start to stop, which may be infinite.
    samples
        Those in it, without outliers.
    process
        Through them.
    """

    start_s: float
    stop_s: float
    samples: Samples
    process: Process


@dataclass(frozen=True)
class Course:
    """A quantity over the night, continuous but for jumps.

    Parameters
    ----------
    pieces
        Stretches without jumps, in the order of time; at least one.
    used
        (n,) bool per sample given: neither an outlier nor unusable.
    """

    pieces: tuple[Piece, ...]
    used: np.ndarray

    @property
    def jumps_s(self) -> tuple[tuple[float, float], ...]:
        """Times (s) of the last sample before and the first sample after each jump."""
        pairs = itertools.pairwise(self.pieces)
        return tuple((float(a.samples.time_s[-1]), float(b.samples.time_s[0])) for a, b in pairs)

    def at(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Value and standard error at times.

        Parameters
        ----------
        time_s
            (m,) times on the clock of the samples, s.

        Returns
        -------
        value, error : ndarray
            (m,) in the unit of the samples.
        """
        time_s = np.atleast_1d(np.asarray(time_s, float))
        value, error = np.full(time_s.shape, np.nan), np.full(time_s.shape, np.nan)
        for piece in self.pieces:
            here = (time_s >= piece.start_s) & (time_s < piece.stop_s)
            if here.any():
                value[here], error[here] = _predict(piece, time_s[here])
        # Nobody saw when it jumped: between the samples on either side, the other side may hold.
        for before, after in itertools.pairwise(self.pieces):
            here = (time_s > before.samples.time_s[-1]) & (time_s < after.samples.time_s[0])
            if here.any():
                sides = [_predict(piece, time_s[here])[0] for piece in (before, after)]
                error[here] = np.hypot(error[here], 0.5 * np.abs(sides[1] - sides[0]))
        return value, error

    def covariance(self, time_s: np.ndarray) -> np.ndarray:
        """Covariance of the errors of `at` between times; stretches apart by a jump share none.

        Parameters
        ----------
        time_s
            (m,) times on the clock of the samples, s.

        Returns
        -------
        ndarray
            (m, m), in the square of the samples' unit; its diagonal is the square of the errors of `at`.
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


def fit_course(
    time_s: np.ndarray,
    value: np.ndarray,
    error: np.ndarray,
    *,
    natural_rate: float,
    find_jumps: bool = False,
) -> Course:
    """Fit the course of a quantity to samples.

    Parameters
    ----------
    time_s
        (n,) times of the samples, ascending, s.
    value, error
        (n,) samples and their standard errors, in one unit; those that are not finite are left out.
    natural_rate
        Typical change of the quantity in an hour, in that unit per hour. It stands in for what one or two
        samples cannot tell, and keeps errors from vanishing between a few samples that happen to agree.
    find_jumps
        Whether a jump may break the course.

    Returns
    -------
    Course

    Raises
    ------
    ValueError
        If no sample is usable.
    SingularCovariance
        If a time is not finite.
    """
    time_s, value, error = (np.asarray(a, float) for a in (time_s, value, error))
    index = np.flatnonzero(np.isfinite(value) & np.isfinite(error) & (error > 0))
    if not index.size:
        raise ValueError("no usable sample")

    def samples(of: np.ndarray) -> Samples:
        return Samples(time_s[of], value[of], error[of], natural_rate)

    explained = _explain(samples(index), index, find_jumps)
    parts = [part for part, _ in explained]
    used = np.zeros(time_s.size, bool)
    used[np.concatenate(parts)] = True
    between = [0.5 * (time_s[a[-1]] + time_s[b[0]]) for a, b in itertools.pairwise(parts)]
    pieces = []
    for (part, process), start_s, stop_s in zip(
        explained, [-np.inf, *between], [*between, np.inf], strict=True
    ):
        pieces.append(Piece(start_s, stop_s, samples(part), process))
    return Course(pieces=tuple(pieces), used=used)


def _predict(piece: Piece, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    samples, process = piece.samples, piece.process
    factor, cross = samples.factor(process), samples.covariance_with(time_s, process)
    value = np.median(samples.value) + conditional_mean(factor, cross, samples.deviation)
    prior = process.amplitude**2 + (samples.trend_at(time_s) ** 2).sum(axis=1)
    return value, np.sqrt(conditional_variance(prior, gain(factor, cross), cross))


def _predicted_covariance(piece: Piece, time_s: np.ndarray) -> np.ndarray:
    samples, process = piece.samples, piece.process
    cross, trend = samples.covariance_with(time_s, process), samples.trend_at(time_s)
    prior = process.covariance(time_s, time_s) + trend @ trend.T
    return conditional_covariance(prior, gain(samples.factor(process), cross), cross)


def _explain(samples: Samples, index: np.ndarray, find_jumps: bool) -> list[tuple[np.ndarray, Process]]:
    """Explain samples by as many processes as there are stretches without a jump, and by outliers.

    Where a sample stands out from all others, three models are compared: it is of the same process after all;
    it is an outlier, which may lie anywhere; one process ends beside it and another begins. The most probable
    one holds, and what it leaves is looked at again.

    Returns the ``index`` of the samples of each stretch, without outliers, and the process that explains
    them.
    """
    process, density = fit_process(samples)
    places = np.arange(len(samples))
    outliers, edges = _suspects(samples, process)
    models: list[tuple[float, list[np.ndarray]]] = [(density, [])]
    if len(samples) >= _FEWEST_FOR_OUTLIERS:
        price = np.log(_OUTLIER_RANGE * samples.natural_rate / _OUTLIER_SHARE)
        for k in outliers:
            others = np.delete(places, k)
            models.append((fit_process(samples[others])[1] - price, [others]))
    for cut in edges if find_jumps else ():
        sides = [places[:cut], places[cut:]]
        if min(map(len, sides)) >= _FEWEST_EACH_SIDE:
            apart = sum(fit_process(samples[side])[1] for side in sides)
            models.append((apart - _JUMP_EVIDENCE, sides))
    _, parts = max(models, key=lambda model: model[0])
    if not parts:
        return [(index, process)]
    explained = [_explain(samples[part], index[part], find_jumps) for part in parts]
    return [stretch for stretches in explained for stretch in stretches]


def _suspects(samples: Samples, fitted: Process) -> tuple[set[int], set[int]]:
    """Samples that may be outliers, and those before which a jump may be.

    An outlier may have spoilt the process that was fitted, and hidden itself: a typical one looks as well.
    """
    outliers: set[int] = set()
    for process in (fitted, samples.typical_process()):
        found = worst_outlier(samples.factor(process).inverse(), samples.deviation)
        if found is not None:
            outliers.add(found[0])
    steps, hours = np.abs(np.diff(samples.value)), np.diff(samples.time_s) / SECONDS_PER_HOUR
    expected = np.hypot(np.hypot(samples.error[:-1], samples.error[1:]), samples.natural_rate * hours)
    largest = np.argsort(-steps / expected)[:_JUMP_CANDIDATES]
    edges = {int(k) + 1 for k in largest if steps[k] > _STEEP * expected[k]}
    return outliers, edges
