"""Clouds that cover each frame by another part, and clouds in one direction alone.

`airglow.winds.clouds_by_data` finds stretches of the night whose rounds of look directions have less wind and
contrast. It finds neither broken clouds, of which each frame sees more or less, nor a bank that only one
direction looks into. Both put samples off from any wind that all of them allow, `airglow.winds.field`, by
more than their errors:

- broken clouds take away another part of the horizontal wind along each line of sight,
- a bank takes away the same part from all lines in its direction while it is there, so that this direction
  is at odds with the opposite one and with the vertical wind.

Each is held against none over all stretches of the night, with the hyperparameters of greatest posterior
density in either case, and both the wind and the brightness (`airglow.winds.brightness`) have a say: the
wind alone may be a wave, the brightness alone airglow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from airglow.winds.brightness import Brightness, gain_by, log_density
from airglow.winds.field import Observations, covariance_of_seen, horizontal_part
from airglow.winds.field_search import Found, search_hyperparameters

# Spreads of the part of the wind that broken clouds take away from frame to frame, of what they leave in the
# mean. Chosen: of covers that are evenly spread between 0 and 0.8 it is 0.38.
_TAKEN_BY_BROKEN = (0.1, 0.2, 0.4)
_LEAST_OF_RMS = 0.2  # least horizontal wind along a line, as a part of the night's root mean square. Chosen.
# Least time and lengths of the winds under clouds and under none, in standard deviations of their priors:
# 2.1 h, 2,600 and 520 km; 1.05 h, 1,360 and 270 km. Chosen: a scatter from frame to frame is as well that of
# winds which are new in each frame and direction. Three real nights have 1.1 to 3.2 h and from 1,300 km.
_USUAL, _COHERENT = (-0.5, -0.5), (-1.5, -1.0)
# What a bank takes away: a part of the wind, or a constant, m/s. Chosen.
_TAKEN_BY_BANK, _BANK_MPS = 0.7, 12.0
# Odds from which either is believed. Chosen as those of a further stretch of `clouds_by_data`.
LEAST_LOG_ODDS = float(np.log(20.0))
# How much the brightness can add to the log odds of the winds. Chosen: a cover of the brightness alone is
# none. And from where it speaks against clouds: two to one.
_MOST_BY_BRIGHTNESS, _AGAINST = LEAST_LOG_ODDS, -float(np.log(2.0))
# Probability from which a sample is taken to be under clouds, as for the first stretch of `clouds_by_data`.
_PROBABLE = 0.2
_FEWEST_SAMPLES, _FEWEST_ROUNDS = 20, 4  # fewer tell nothing of a scatter; chosen
_FEWEST_OF_DIRECTION = 4  # samples of a direction that a bank can be found in; chosen
_MOST_OF_A_KIND = 3  # chosen, to bound the effort
_ONE_DIRECTION = float(np.cos(np.radians(10.0)))  # of the angle between lines of one direction, at the most
_STEEP = float(np.cos(np.radians(15.0)))  # lines that look up see no horizontal wind
_NOTHING_MPS = 150.0  # error of a sample that takes no part


@dataclass(frozen=True)
class ScatteredClouds:
    """What was found (n samples).

    Parameters
    ----------
    broken
        (n,) bool, samples under clouds that cover each frame by another part.
    bank
        (n,) bool, samples that look into clouds in one direction.
    log_odds
        Natural logarithms of the odds of all that was found.
    """

    broken: np.ndarray
    bank: np.ndarray
    log_odds: tuple[float, ...]

    @property
    def under(self) -> np.ndarray:
        """(n,) bool, samples under either."""
        return self.broken | self.bank


def no_clouds(samples: int) -> ScatteredClouds:
    """None, for as many samples."""
    return ScatteredClouds(np.zeros(samples, bool), np.zeros(samples, bool), ())


def find_scattered_clouds(
    observations: Observations, brightness: Brightness, parts: tuple[slice, ...], known: np.ndarray
) -> ScatteredClouds:
    """Find broken clouds and banks in one direction.

    Parameters
    ----------
    observations
        n samples, ascending in time, with what is unknown of the Doppler reference in the errors they share.
    brightness
        Its models for the same samples.
    parts
        Rounds of look directions, all samples together (`airglow.winds.rounds`): stretches begin and end with
        one.
    known
        (n,) bool, samples that are under clouds by other signs. They take no part in banks.

    Returns
    -------
    ScatteredClouds
    """
    n = len(observations)
    if n < _FEWEST_SAMPLES or len(parts) < _FEWEST_ROUNDS:
        return no_clouds(n)
    round_of = np.repeat(np.arange(len(parts)), [part.stop - part.start for part in parts])
    begin, end = np.triu_indices(len(parts))
    stretches = (round_of >= begin[:, None]) & (round_of <= end[:, None])
    found, log_odds = np.zeros((2, n), bool), []
    for kind, look in enumerate((_broken, _bank)):
        for _ in range(_MOST_OF_A_KIND):
            # Broken clouds look like stretches of one cover here and there: those have no say in them.
            taken = found.any(axis=0) | (known & (look is _bank))
            more, odds = look(observations, brightness, stretches & ~taken, taken)
            if not more.any():
                break
            if look is _broken:
                more = _and_rounds_beside(more, round_of) & ~taken
            found[kind] |= more
            log_odds.append(odds)
    return ScatteredClouds(*found, tuple(log_odds))


def _and_rounds_beside(mask: np.ndarray, round_of: np.ndarray) -> np.ndarray:
    """Those samples, and the rounds beside theirs: stretches have sharp ends, and clouds thin ones."""
    near = np.abs(round_of[:, None] - np.unique(round_of[mask])) <= 1
    return mask | near.any(axis=1)


def _broken(
    observations: Observations, brightness: Brightness, stretches: np.ndarray, taken: np.ndarray
) -> tuple[np.ndarray, float]:
    """Samples under broken clouds, and the log odds."""
    stretches = stretches[stretches.sum(axis=1) >= _FEWEST_OF_DIRECTION]
    tried = len(_TAKEN_BY_BROKEN) * len(stretches)
    by_brightness = brightness.of_scatter(stretches) if tried else np.zeros(0)
    stretches, by_brightness = stretches[by_brightness >= _AGAINST], by_brightness[by_brightness >= _AGAINST]
    if not len(stretches):
        return np.zeros(len(observations), bool), -np.inf
    seen = _without(observations, taken)
    clear = search_hyperparameters(seen, _COHERENT)
    part_mps = _size(horizontal_part(seen, clear.hyperparameters))
    # The winds that all samples allow when any of them may be under clouds are those to go by; the first ones
    # follow the scatter.
    for _ in range(2):
        loose = [
            _with_errors(seen, stretches.any(axis=0) * taken_away * part_mps)
            for taken_away in _TAKEN_BY_BROKEN
        ]
        tries = [search_hyperparameters(each, _USUAL) for each in loose]
        best = max(range(len(tries)), key=lambda k: tries[k].log_density)
        like = tries[best]
        part_mps = _size(horizontal_part(loose[best], like.hyperparameters))
    matrix = covariance_of_seen(seen, like.hyperparameters)
    gains = [
        log_density(matrix + np.diag((inside * taken_away * part_mps) ** 2), seen.wind_mps)
        for taken_away in _TAKEN_BY_BROKEN
        for inside in stretches
    ]
    by_wind = np.array(gains) - like.penalty - max(_density(seen, clear), _density(seen, like))
    inside = np.tile(stretches, (len(_TAKEN_BY_BROKEN), 1))
    return _judge(by_wind, np.tile(by_brightness, len(_TAKEN_BY_BROKEN)), inside, tried)


def _bank(
    observations: Observations, brightness: Brightness, stretches: np.ndarray, taken: np.ndarray
) -> tuple[np.ndarray, float]:
    """Samples of one direction under a bank, and the log odds."""
    seen, clear = _without(observations, taken), None
    by_wind, by_brightness, insides = [], [], []
    for direction in _directions(observations):
        inside = np.unique(stretches & direction, axis=0)
        count = inside.sum(axis=1)
        inside = inside[(count >= 2) & (count < (direction & ~taken).sum())]
        if (direction & ~taken).sum() < _FEWEST_OF_DIRECTION or not len(inside):
            continue
        told = brightness.of_offset(inside)
        insides.append(inside)
        by_brightness.append(told)
        if (told < _AGAINST).all():
            by_wind.append(np.full(len(inside), -np.inf))
            continue
        clear = clear or search_hyperparameters(seen)
        # The wind that all other directions allow.
        others = _without(seen, direction)
        like = search_hyperparameters(others, _USUAL)
        part_mps = horizontal_part(others, like.hyperparameters)
        matrix = covariance_of_seen(seen, like.hyperparameters)
        here = _density(seen, like)
        without = here - max(_density(seen, clear), here)
        of_part = gain_by(matrix, seen.wind_mps, inside * _TAKEN_BY_BANK * part_mps)
        constant = gain_by(matrix, seen.wind_mps, inside * _BANK_MPS)
        by_wind.append(without + np.logaddexp(of_part, constant) - np.log(2.0))
    if not insides:
        return np.zeros(len(observations), bool), -np.inf
    together = [np.concatenate(each) for each in (by_wind, by_brightness, insides)]
    return _judge(*together, len(together[0]))


def _size(part_mps: np.ndarray) -> np.ndarray:
    """What clouds can take away along each line, (n,), m/s: where the wind is about none, still something."""
    return np.hypot(part_mps, _LEAST_OF_RMS * np.sqrt(np.mean(part_mps**2)))


def _judge(
    by_wind: np.ndarray, by_brightness: np.ndarray, inside: np.ndarray, tried: int
) -> tuple[np.ndarray, float]:
    """Samples that are probably under clouds, and their log odds if they are believed."""
    gain = by_wind + np.minimum(by_brightness, _MOST_BY_BRIGHTNESS)
    gain = np.where(by_brightness < _AGAINST, -np.inf, gain)
    log_odds = float(np.logaddexp.reduce(gain) - np.log(tried))
    if not log_odds >= LEAST_LOG_ODDS:
        return np.zeros(inside.shape[1], bool), log_odds
    probability = np.exp(gain - np.logaddexp.reduce(gain)) @ inside
    return probability > _PROBABLE, log_odds


def _density(seen: Observations, found: Found) -> float:
    """Log posterior density, with all samples together."""
    return log_density(covariance_of_seen(seen, found.hyperparameters), seen.wind_mps) - found.penalty


def _with_errors(observations: Observations, error_mps: np.ndarray) -> Observations:
    """The same with one more error of each sample's own."""
    return replace(observations, shared=observations.shared + np.diag(error_mps**2))


def _without(observations: Observations, left_out: np.ndarray) -> Observations:
    """The same, of which some take no part."""
    return _with_errors(observations, np.where(left_out, _NOTHING_MPS, 0.0))


def _directions(observations: Observations) -> list[np.ndarray]:
    """Masks (n,) of the directions that are not steep: each about the first sample that is in no other."""
    lines, left, found = observations.components, observations.components[:, 2] < _STEEP, []
    while left.any():
        here = left & (lines @ lines[np.argmax(left)] > _ONE_DIRECTION)
        found.append(here)
        left = left & ~here
    return found
