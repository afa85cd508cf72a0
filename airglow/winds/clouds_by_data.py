"""Clouds that no sensor sees, found in winds and brightness.

A cloud mixes the light of the whole sky. A line of sight then shows ``(1 - c)`` of its own wind and ``c``
of a value that all directions have in common, c being the cover: opposite directions, whose winds along the
line of sight are opposite under a clear sky, collapse to one value. So zonal and meridional wind fall by
the same factor at once, and come back. The brightness does alike: under a clear sky it grows with the
length of the way through the layer, under a cloud all directions are equally bright.

Winds and contrasts of brightness of rounds of look directions (`airglow.winds.rounds`) are Gaussian processes
in time; a cover over a stretch of the night multiplies both by 1 - c there. Clouds are believed where the
density with them, in the mean over all stretches and covers, is three times that without. The processes'
spreads and times are averaged over in both, as is usual for a Bayes factor (Kass & Raftery 1995, J. Am. Stat.
Assoc. 90, 773).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from airglow.gp import MATERN
from airglow.winds.field import HYPERPARAMETERS
from airglow.winds.rounds import Rounds

# Covers that are tried. Chosen: what is left of the wind is told to a factor of two.
COVERS = (0.25, 0.5, 0.7, 0.85)
# Odds from which clouds are believed. Chosen, so that hardly a clear night is flagged, however quick its
# winds are: METHOD.md has how many clear and cloudy ones pass. The processes allow for more than a clear
# sky usually does.
LEAST_LOG_ODDS = float(np.log(3.0))
# Odds from which a further stretch is believed. Chosen, larger: uneven clouds look like two.
_FURTHER_LOG_ODDS = float(np.log(20.0))
# Probability of clouds from which a round is taken to be under the first stretch, and under further ones.
_PROBABLE, _FURTHER_PROBABLE = 0.2, 0.5
_MOST_STRETCHES = 4
# Standard deviation of the cover of a round about that of its stretch, as a part of it: clouds are uneven.
# Chosen.
_UNEVEN = 0.1
# Error of the wind of a round beyond its samples' noise, m/s: changes within the round. Chosen.
_ROUND_MPS = 3.0
_MEAN_MPS = 150.0  # standard deviation of the night's mean wind, as in `airglow.winds.field`
# Spreads (m/s) and times (s) of the wind that are averaged over: about the priors' medians and standard
# deviations.
_SPREADS_MPS, _TIMES_S = (30.0, 50.0, 90.0), (3600.0, 2 * 3600.0, 4 * 3600.0)
# Contrast of the brightness under a clear sky: 1, with an offset common to the night, departures that last,
# and departures of each round. Layers are even on some nights and not at all on others (three nights of
# minime90 have contrasts from -2 to 3), so spreads of both are averaged over. Under clouds the light is not
# from everywhere alike. All chosen.
_CONTRAST_OFFSET, _CONTRAST_TIME_S, _CONTRAST_UNDER_CLOUDS = 0.2, 5400.0, 0.2
_CONTRAST_SPREADS = (
    (0.05, 0.05),
    (0.15, 0.05),
    (0.45, 0.05),
    (0.15, 0.2),
    (0.45, 0.2),
    (1.0, 0.2),
    (1.0, 0.8),
)


@dataclass(frozen=True)
class Clouds:
    """What winds and brightness tell of clouds.

    Parameters
    ----------
    under
        (n,) bool, samples under clouds.
    cover
        (n,) likeliest part of the light that is mixed, not less than the least of `COVERS`; of samples that
        are not under clouds 0.
    log_odds
        Natural logarithms of the odds of each stretch that was found.
    """

    under: np.ndarray
    cover: np.ndarray
    log_odds: tuple[float, ...]


def find_clouds(rounds: Rounds, samples: int) -> Clouds:
    """Find the parts of a night under clouds that winds and brightness tell.

    Parameters
    ----------
    rounds
        Of the night.
    samples
        How many samples the night has.

    Returns
    -------
    Clouds
        Under a sky of constant cover there are none.
    """
    n = len(rounds)
    clear, under, odds = np.ones(n), np.zeros(n, bool), []
    begin, end = np.triu_indices(n)
    inside = (np.arange(n) >= begin[:, None]) & (np.arange(n) <= end[:, None])
    inside = inside[inside.sum(axis=1) < n]
    for number in range(_MOST_STRETCHES if n >= 3 else 0):
        without = _log_density(rounds, clear[None])[0]
        trials = np.concatenate([clear * np.where(inside, 1.0 - cover, 1.0) for cover in COVERS])
        gain = _log_density(rounds, trials) - without
        log_odds = float(np.logaddexp.reduce(gain) - np.log(gain.size))
        if log_odds < (_FURTHER_LOG_ODDS if number else LEAST_LOG_ODDS):
            break
        probability = np.exp(gain - np.logaddexp.reduce(gain)) @ (trials < clear)
        under |= probability > _FURTHER_PROBABLE if number else _and_beside(probability > _PROBABLE)
        clear = trials[np.argmax(gain)]
        odds.append(log_odds)
    every, cover = np.zeros(samples, bool), np.zeros(samples)
    for k, part in enumerate(rounds.parts):
        every[part] = under[k]
        cover[part] = max(1.0 - clear[k], min(COVERS)) if every[part.start] else 0.0
    return Clouds(every, cover, tuple(odds))


def _and_beside(under: np.ndarray) -> np.ndarray:
    """Those rounds and the ones beside them.

    Stretches that are tried have sharp ends. Clouds come and go, and what is left of them in the next round
    may still be more than the errors.
    """
    wider = under.copy()
    wider[1:] |= under[:-1]
    wider[:-1] |= under[1:]
    return wider


def _log_density(rounds: Rounds, clear: np.ndarray) -> np.ndarray:
    """Log density (m,) of winds and contrasts where clouds leave ``clear`` (m, n) of the light."""
    lag_s = np.abs(rounds.time_s[:, None] - rounds.time_s[None, :])
    winds = [
        log_prior
        + sum(
            _normal(
                clear,
                spread**2 * MATERN[1.5](lag_s / time_s)[0] + _MEAN_MPS**2,
                rounds.error_mps[:, k] ** 2
                + _ROUND_MPS**2
                + (_UNEVEN * (1.0 - clear) * np.std(rounds.wind_mps)) ** 2,
                np.broadcast_to(rounds.wind_mps[:, k], clear.shape),
            )
            for k in range(2)
        )
        for spread, time_s, log_prior in _wind_fields()
    ]
    told = np.isfinite(rounds.contrast)
    lasting = MATERN[1.5](lag_s[np.ix_(told, told)] / _CONTRAST_TIME_S)[0]
    bright = clear[:, told]
    contrasts = [
        _normal(
            bright,
            spread**2 * lasting + _CONTRAST_OFFSET**2,
            rounds.contrast_error[told] ** 2 + of_a_round**2 + (_CONTRAST_UNDER_CLOUDS * (1.0 - bright)) ** 2,
            rounds.contrast[told] - bright,
        )
        for spread, of_a_round in _CONTRAST_SPREADS
    ]
    return np.logaddexp.reduce(winds, axis=0) + np.logaddexp.reduce(contrasts, axis=0)


def _wind_fields() -> Iterator[tuple[float, float, float]]:
    """Spreads, times and logarithms of their prior densities."""
    of_spread, of_time = HYPERPARAMETERS[:2]
    for spread in _SPREADS_MPS:
        for time_s in _TIMES_S:
            off = (
                np.log(spread / of_spread.median) / of_spread.log_width,
                np.log(time_s / of_time.median) / of_time.log_width,
            )
            yield spread, time_s, -0.5 * float(np.dot(off, off))


def _normal(clear: np.ndarray, field: np.ndarray, noise: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Log densities (m,) of deviations (m, n) from a field (n, n) seen through clouds, with noise (m, n).

    A covariance bordered by the deviations has a factor whose last row is what these are in its units: so one
    factor is all that is needed.
    """
    m, n = off.shape
    matrix = np.zeros((m, n + 1, n + 1))
    matrix[:, :n, :n] = clear[:, :, None] * clear[:, None, :] * field
    at = np.arange(n)
    matrix[:, at, at] += noise
    matrix[:, n, :n] = off
    matrix[:, n, n] = 2.0 * (off**2 / noise).sum(axis=1) + 1.0  # more than any deviation in such units
    lower = np.linalg.cholesky(matrix)
    diagonal = np.einsum("mii->mi", lower)[:, :n]
    return -0.5 * (lower[:, n, :n] ** 2).sum(axis=1) - np.log(diagonal).sum(axis=1)
