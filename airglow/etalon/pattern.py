"""What all profiles of a night have in common that the model lacks: fixed patterns of camera and optics.

Columns of unlike offset leave the same residual in every frame. Dust, vignetting and an illumination that
is not a parabola leave one in proportion to the light; and light comes in two kinds, fringes and continuum,
whose residuals differ. So the residual of a frame in an annulus is a sum over kinds: the frame's known
amount of each, times a pattern. That is a linear regression per annulus, over the night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from airglow.rings import RingProfile

FEWEST_PROFILES = 8
_LEAST_SIGNAL = 0.2  # part of a pattern's power that must be more than noise
_ROUNDS = 3
_CAUCHY_SIGMA = 2.4  # residuals beyond it lose their weight (95 % efficiency: Holland & Welsch 1977)


@dataclass(frozen=True)
class Patterns:
    """Residuals that a night's profiles share.

    Parameters
    ----------
    counts
        Per unit of each of q amounts, shape (q, m).
    annuli
        Numbers of the m annuli, ascending; None where all profiles have the same ones.
    """

    counts: np.ndarray
    annuli: np.ndarray | None = None

    def of(self, profile: RingProfile, amounts: np.ndarray) -> np.ndarray:
        """What they add to a profile.

        Parameters
        ----------
        profile
            With some of the annuli, k.
        amounts
            (q,) of the frame.

        Returns
        -------
        ndarray
            (k,) counts.
        """
        added = amounts @ self.counts
        return added if self.annuli is None else added[np.searchsorted(self.annuli, _numbers(profile))]


def _numbers(profile: RingProfile) -> np.ndarray:
    """Numbers of a profile's annuli, which are of equal width in r squared."""
    return np.floor(profile.radius_squared_px2 / profile.width_px2).astype(int)


def _same_annuli(profiles: Sequence[RingProfile]) -> bool:
    first = profiles[0]
    return all(
        len(each) == len(first)
        and np.abs(each.radius_squared_px2 - first.radius_squared_px2).max(initial=0.0)
        < 0.5 * first.width_px2
        for each in profiles
    )


def common_patterns(
    profiles: Sequence[RingProfile], models: Sequence[np.ndarray], amounts: np.ndarray
) -> Patterns | None:
    """Residuals that a night's profiles share.

    Parameters
    ----------
    profiles
        n of one kind. They may lack different annuli of a grid.
    models
        Fitted to them, counts at the annuli of each.
    amounts
        (n, q) of each kind of light in each frame (a column of ones: what does not depend on light).

    Returns
    -------
    Patterns or None
        Each drawn to zero by what noise is in it, and zero where it is nothing but noise; None when there are
        too few profiles or no pattern at all.
    """
    if len(profiles) < FEWEST_PROFILES:
        return None
    left = [profile.counts - model for profile, model in zip(profiles, models, strict=True)]
    # A frame that the model fits badly (twilight, a star) says less.
    sigma = [
        profile.sigma * np.sqrt(max(float(np.mean((each / profile.sigma) ** 2)), 1.0))
        for profile, each in zip(profiles, left, strict=True)
    ]
    if _same_annuli(profiles):
        counts = _patterns(np.array(left), np.array(sigma), amounts)
        return None if counts is None else Patterns(counts)
    numbers = [_numbers(profile) for profile in profiles]
    annuli, seen = np.unique(np.concatenate(numbers), return_counts=True)
    residual = np.zeros((len(profiles), annuli.size))
    error = np.full(residual.shape, np.inf)  # a profile that lacks an annulus says nothing of it
    for k, own in enumerate(numbers):
        places = np.searchsorted(annuli, own)
        residual[k, places], error[k, places] = left[k], sigma[k]
    enough = seen >= FEWEST_PROFILES
    if not enough.any():
        return None
    found = _patterns(residual[:, enough], error[:, enough], amounts)
    if found is None:
        return None
    counts = np.zeros((amounts.shape[1], annuli.size))
    counts[:, enough] = found
    return Patterns(counts, annuli)


def _patterns(residual: np.ndarray, sigma: np.ndarray, amounts: np.ndarray) -> np.ndarray | None:
    """Patterns (q, m) from residuals (n, m) and their errors; None if there is none."""
    size = np.abs(amounts).max(axis=0)
    kinds = np.flatnonzero(size > 0)
    result = np.zeros((amounts.shape[1], residual.shape[1]))
    while kinds.size:
        pattern, signal = _regress(residual, sigma, amounts[:, kinds] / size[kinds])
        if signal.min() > _LEAST_SIGNAL:
            result[kinds] = pattern * signal[:, None] / size[kinds, None]
            return result
        kinds = np.delete(kinds, np.argmin(signal))
    return None


def _regress(residual: np.ndarray, sigma: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patterns (q, m), and the part of the power of each that is more than noise."""
    weight = 1.0 / sigma**2
    pattern = np.zeros((amounts.shape[1], residual.shape[1]))
    for step in range(_ROUNDS):
        normal = np.einsum("jq,jr,jm->mqr", amounts, amounts, weight)
        normal += 1e-9 * np.einsum("mqq->m", normal)[:, None, None] * np.eye(amounts.shape[1])
        covariance = np.linalg.inv(normal)
        pattern = np.einsum("mqr,rm->qm", covariance, amounts.T @ (weight * residual))
        if step < _ROUNDS - 1:
            off = (residual - amounts @ pattern) / sigma
            weight = 1.0 / (sigma**2 * (1.0 + (off / _CAUCHY_SIGMA) ** 2))
    noise = np.einsum("mqq->qm", covariance)
    # In units of its own variance, a pattern of nothing but noise has a power of one in every annulus.
    return pattern, 1.0 - 1.0 / np.mean(pattern**2 / noise, axis=1)


def without_patterns(profile: RingProfile, amounts: np.ndarray, patterns: Patterns) -> RingProfile:
    """A profile less its patterns.

    Parameters
    ----------
    profile
        The profile.
    amounts
        (q,) of the frame.
    patterns
        As of `common_patterns`.

    Returns
    -------
    RingProfile
    """
    return replace(profile, counts=profile.counts - patterns.of(profile, amounts))
