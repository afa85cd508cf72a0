"""Jumps of the laser between two of its modes, which lasers alone cannot tell from jumps of the gap.

Both look alike in the laser frames: the gap that they give jumps. If it was the gap, taking its course out
leaves the velocities of the sky where they were. If it was the laser, that puts a step into the velocities of
all directions, as large as the jump and of its sign. What all directions of a round have in common
(`airglow.winds.rounds`) tells the one from the other: a step of a known size at a known time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from airglow.winds.common_drift import LEAST_LOG_ODDS, density_of_common
from airglow.winds.rounds import Rounds

# Jumps that are weighed together, in all combinations: chosen, to bound the effort. The largest ones count.
_MOST_JUMPS = 4


@dataclass(frozen=True)
class GapJump:
    """A jump of the gap that lasers give.

    Parameters
    ----------
    before_s, after_s
        Times of the last laser frame before and of the first one after it, s.
    size_mps
        What it adds to the velocities if it was the laser's wavelength, m/s.
    """

    before_s: float
    after_s: float
    size_mps: float


@dataclass(frozen=True)
class LaserJumps:
    """Jumps that were the laser's.

    Parameters
    ----------
    sizes_mps
        Their sizes, in the order of time, m/s.
    log_odds
        Natural logarithm of the odds that any was the laser's, against none.
    """

    sizes_mps: tuple[float, ...]
    log_odds: float


def find_laser_jumps(
    rounds: Rounds, time_s: np.ndarray, gap_covariance_mps2: np.ndarray, jumps: Sequence[GapJump]
) -> LaserJumps | None:
    """Find the jumps that were the laser's.

    Each combination of the jumps is as likely beforehand as any other, and as likely together as that none
    was the laser's. What is compared is the density of the rounds that see no jump.

    Parameters
    ----------
    rounds
        Of the night, from velocities with the gap's course taken out.
    time_s
        (n,) middles of its samples, ascending, s.
    gap_covariance_mps2
        (n, n) of the gap's course at the samples, as velocities.
    jumps
        That the lasers give.

    Returns
    -------
    LaserJumps or None
        None where the odds are below twenty to one, or no round before or after a jump tells.
    """
    largest = sorted(jumps, key=lambda jump: -abs(jump.size_mps))[:_MOST_JUMPS]
    first = np.array([time_s[part.start] for part in rounds.parts])
    last = np.array([time_s[part.stop - 1] for part in rounds.parts])
    whole = np.ones(len(rounds), bool)
    for jump in jumps:
        whole &= (last <= jump.before_s) | (first >= jump.after_s)
    steps = [jump.size_mps * (rounds.time_s >= jump.after_s) for jump in largest]
    steps = [step for step in steps if np.ptp(step[whole]) > 0] if whole.any() else []
    if not steps:
        return None
    density = density_of_common(rounds, time_s, gap_covariance_mps2, whole)
    chosen = [c for n in range(1, len(steps) + 1) for c in itertools.combinations(range(len(steps)), n)]
    gain = np.array([density(0.0, sum(steps[k] for k in some)) for some in chosen]) - density(0.0)
    log_odds = float(np.logaddexp.reduce(gain) - np.log(gain.size))
    if log_odds < LEAST_LOG_ODDS:
        return None
    likeliest = sorted(chosen[int(np.argmax(gain))], key=lambda k: np.argmax(steps[k] != 0))
    return LaserJumps(tuple(float(steps[k][steps[k] != 0][0]) for k in likeliest), log_odds)
