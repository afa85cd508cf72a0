"""A quantity over the night from noisy samples: a Gaussian process about a linear trend, perhaps with jumps.

The process is that of `airglow.process`; outliers and jumps are found by their likelihood, with leave-one-out
predictions (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, section 5.4.2). Its variance
grows by itself where samples are missing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from airglow.process import KERNELS, TYPICAL, Process, Samples, fit_process

_STANDS_OUT = 3.5  # standard deviations from the process through the others: worth a closer look
_FEWEST_FOR_OUTLIERS = 4
_OUTLIER_RANGE = 30.0  # natural rates over which an outlier may lie anywhere
_OUTLIER_SHARE = 0.01  # of all samples, expected
_JUMP_EVIDENCE = 5.0  # log of the odds against a jump: what two processes must bring over one
_JUMP_CANDIDATES = 3
_FEWEST_EACH_SIDE = 3
_STEEP = 2.0  # times the step that errors and natural rate let expect: perhaps a jump


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

    def samples(of: np.ndarray) -> Samples:
        return Samples(time_s[of], value[of], error[of], natural_rate)

    parts = _explain(samples(index), index, find_jumps)
    used = np.zeros(time_s.size, bool)
    used[np.concatenate(parts)] = True
    between = [0.5 * (time_s[a[-1]] + time_s[b[0]]) for a, b in itertools.pairwise(parts)]
    pieces = []
    for part, start_s, stop_s in zip(parts, [-np.inf, *between], [*between, np.inf], strict=True):
        process, _ = fit_process(samples(part), KERNELS)
        pieces.append(Piece(start_s, stop_s, time_s[part], value[part], error[part], process))
    return Smooth(pieces=tuple(pieces), used=used)


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


def _seen_from(piece: Piece, time_s: np.ndarray) -> tuple[Samples, np.ndarray]:
    """Samples of a piece, and the covariance of the course at other times with them."""
    process = piece.process
    samples = Samples(piece.time_s, piece.value, piece.error, process.natural_rate)
    trends = samples.trend_at(time_s) @ samples.trend.T
    return samples, process.covariance(time_s, samples.time_s) + trends


def _off_others(samples: Samples, process: Process) -> np.ndarray:
    """Distance of each sample from the process through all others, in standard deviations."""
    factor, solution = samples.solve(process)
    inverse = linalg.cho_solve(factor, np.eye(len(samples)))
    return np.abs(solution) / np.sqrt(np.diag(inverse))


def _explain(samples: Samples, index: np.ndarray, find_jumps: bool) -> list[np.ndarray]:
    """Explain samples by as many processes as there are stretches without a jump, and by outliers.

    Where a sample stands out from all others, three stories are told: it is of the same process after all;
    it is an outlier, which may lie anywhere; one process ends beside it and another begins. The likeliest
    holds, and what it leaves is looked at again.

    Returns the ``index`` of the samples of each stretch, without outliers.
    """
    one, whole = fit_process(samples, KERNELS)
    places = np.arange(len(samples))
    alone, edges = _suspects(samples, one)
    stories: list[tuple[float, list[np.ndarray]]] = [(whole, [])]
    if len(samples) >= _FEWEST_FOR_OUTLIERS:
        price = np.log(_OUTLIER_RANGE * samples.natural_rate / _OUTLIER_SHARE)
        for k in alone:
            others = np.delete(places, k)
            stories.append((fit_process(samples[others], KERNELS)[1] - price, [others]))
    for cut in edges if find_jumps else ():
        sides = [places[:cut], places[cut:]]
        if min(map(len, sides)) >= _FEWEST_EACH_SIDE:
            apart = sum(fit_process(samples[side], KERNELS)[1] for side in sides)
            stories.append((apart - _JUMP_EVIDENCE, sides))
    _, parts = max(stories, key=lambda story: story[0])
    if not parts:
        return [index]
    explained = [_explain(samples[part], index[part], find_jumps) for part in parts]
    return [stretch for stretches in explained for stretch in stretches]


def _suspects(samples: Samples, fitted: Process) -> tuple[set[int], set[int]]:
    """Samples that may be outliers, and those before which a jump may be.

    An outlier may have spoilt the process that was fitted, and hidden itself: a typical one looks as well.
    """
    alone: set[int] = set()
    for process in (fitted, samples.process(TYPICAL, KERNELS[0])):
        off = _off_others(samples, process)
        if off.max() > _STANDS_OUT:
            alone.add(int(np.argmax(off)))
    steps, hours = np.abs(np.diff(samples.value)), np.diff(samples.time_s) / 3600.0
    expected = np.hypot(np.hypot(samples.error[:-1], samples.error[1:]), samples.natural_rate * hours)
    largest = np.argsort(-steps / expected)[:_JUMP_CANDIDATES]
    edges = {int(k) + 1 for k in largest if steps[k] > _STEEP * expected[k]}
    return alone, edges
