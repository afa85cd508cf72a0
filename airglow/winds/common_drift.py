"""A slow course that the velocities of all directions share, and that no laser shows.

Where the laser's wavelength drifts, or laser and sky do not go through the etalon alike, the velocities of
all directions drift together. The wind does not: horizontal winds cancel over a round of look directions,
and the vertical wind averages to nothing. What all directions of a round have in common
(`airglow.winds.rounds`) is a constant, the vertical wind, the divergence of the horizontal wind and what
lasers leave open in the gap; with a drift, a course over the night is added. A drift is believed where the
density with it, in the mean over sizes, is twenty times that without; the spread of the vertical wind is
averaged over with its prior in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from airglow.gp import MATERN, factorise, log_density
from airglow.winds.field import HYPERPARAMETERS
from airglow.winds.rounds import Rounds

# Odds from which a drift is believed. Without one the mean of a likelihood ratio is one, so that one night in
# twenty passes at the most (Markov's inequality), if vertical winds are as they are taken here.
LEAST_LOG_ODDS = float(np.log(20.0))
# Sizes of a drift that are tried, m/s from the first to the last sample: a factor of two apart, since one
# drift tells a size no better. Smaller ones are within the error of the Doppler reference.
SIZES_MPS = (10.0, 20.0, 40.0, 80.0)
# A course that departs from a straight line, as a part of the size; its time as a part of the night. Chosen.
_BENT, _BENT_TIME = 0.3, 0.5
# Spreads of the vertical wind that are averaged over, m/s: from calm nights to the most disturbed ones.
_SPREADS_MPS = (2.0, 4.0, 8.0, 16.0)
# Time of the vertical wind, s: waves of 40 minutes (Hernandez 1982, Geophys. Res. Lett. 9, 555) are as good
# as forgotten after half a period.
_VERTICAL_TIME_S = 1200.0
# Spread (m/s) and time (s) of what the divergence of the horizontal wind adds: gradients of 20 m/s over
# 1,000 km within the field of view of 500 km, which change as slowly as the winds. Chosen.
_DIVERGENCE_MPS, _DIVERGENCE_TIME_S = 3.0, 3 * 3600.0
_FLAT_MPS = 1e3  # standard deviation of the Doppler reference's prior: flat next to any error
_LEAST_ROUNDS = 6  # fewer tell no course from the vertical wind; chosen


@dataclass(frozen=True)
class CommonDrift:
    """A drift that was found.

    Parameters
    ----------
    size_mps
        Likeliest size of those tried, from the first to the last sample, m/s.
    log_odds
        Natural logarithm of its odds.
    """

    size_mps: float
    log_odds: float

    def covariance_mps2(self, time_s: np.ndarray) -> np.ndarray:
        """Covariance of the course before any sample is seen.

        Parameters
        ----------
        time_s
            (n,) middles of the night's samples, s.

        Returns
        -------
        ndarray
            (n, n), m2/s2.
        """
        return _course(time_s, time_s, self.size_mps)


def find_common_drift(
    rounds: Rounds, time_s: np.ndarray, gap_covariance_mps2: np.ndarray
) -> CommonDrift | None:
    """Find a course that all directions share.

    Parameters
    ----------
    rounds
        Of the night.
    time_s
        (n,) middles of its samples, ascending, s.
    gap_covariance_mps2
        (n, n) of the gap's course at the samples, as velocities.

    Returns
    -------
    CommonDrift or None
    """
    if len(rounds) < _LEAST_ROUNDS:
        return None
    density = density_of_common(rounds, time_s, gap_covariance_mps2)
    without = density(0.0)
    gain = np.array([density(_course(time_s, rounds.time_s, size)) for size in SIZES_MPS]) - without
    log_odds = float(np.logaddexp.reduce(gain) - np.log(gain.size))
    return CommonDrift(SIZES_MPS[int(np.argmax(gain))], log_odds) if log_odds >= LEAST_LOG_ODDS else None


def density_of_common(
    rounds: Rounds, time_s: np.ndarray, gap_covariance_mps2: np.ndarray, at: np.ndarray | None = None
) -> Callable[[np.ndarray | float, np.ndarray | float], float]:
    """Log density of what all directions of the rounds have in common, as a function of what is added to it.

    Parameters
    ----------
    rounds
        Of the night, n of them.
    time_s
        (m,) middles of its samples, ascending, s.
    gap_covariance_mps2
        (m, m) of the gap's course at the samples, as velocities.
    at
        (n,) bool, rounds that count; all if not given.

    Returns
    -------
    Callable
        Of the (n, n) covariance of a course that is added, m2/s2, and of (n,) known values, m/s: the natural
        logarithm of the density, averaged over spreads of the vertical wind; less a constant.
    """
    at = np.ones(len(rounds), bool) if at is None else at
    mean = np.zeros((len(rounds), time_s.size))
    for k, part in enumerate(rounds.parts):
        mean[k, part] = 1.0 / (part.stop - part.start)
    lag_s = np.abs(rounds.time_s[:, None] - rounds.time_s[None, :])
    always = mean @ gap_covariance_mps2 @ mean.T + _FLAT_MPS**2 + np.diag(rounds.common_error_mps**2)
    always += _DIVERGENCE_MPS**2 * MATERN[1.5](lag_s / _DIVERGENCE_TIME_S)[0]
    of_spread = HYPERPARAMETERS[3]
    in_time = MATERN[1.5](lag_s / _VERTICAL_TIME_S)[0]
    off = rounds.common_mps - np.median(rounds.common_mps[at])

    def density(course: np.ndarray | float, known_mps: np.ndarray | float = 0.0) -> float:
        return np.logaddexp.reduce(
            [
                log_density(
                    factorise((always + course + spread**2 * in_time)[np.ix_(at, at)]), (off - known_mps)[at]
                )
                - 0.5 * (np.log(spread / of_spread.median) / of_spread.log_width) ** 2
                for spread in _SPREADS_MPS
            ]
        )

    return density


def _course(night_s: np.ndarray, time_s: np.ndarray, size_mps: float) -> np.ndarray:
    """Covariance at times of a straight line of this size over the night, and what bends it."""
    length_s = night_s[-1] - night_s[0]
    x = (time_s - night_s.mean()) / length_s
    bent = MATERN[2.5](np.abs(x[:, None] - x[None, :]) / _BENT_TIME)[0]
    return size_mps**2 * (np.outer(x, x) + _BENT**2 * bent)
