"""What all profiles of a night have in common that the model lacks: fixed patterns of camera and optics.

Columns of unlike offset leave the same residual in every frame. Dust, vignetting and an illumination that
is not a parabola leave one in proportion to the light; and light comes in two kinds, fringes and continuum,
whose residuals differ. So the residual of a frame in an annulus is a sum over kinds: the frame's known
amount of each, times a pattern. That is a linear regression per annulus, over the night.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from airglow.rings import RingProfile

FEWEST_PROFILES = 8
_LEAST_SIGNAL = 0.2  # part of a pattern's power that must be more than noise
_ROUNDS = 3
_CAUCHY_SIGMA = 2.4  # residuals beyond it lose their weight (95 % efficiency: Holland & Welsch 1977)


def common_patterns(
    profiles: Sequence[RingProfile], models: Sequence[np.ndarray], amounts: np.ndarray
) -> np.ndarray | None:
    """Residuals that a night's profiles share.

    Parameters
    ----------
    profiles
        n of one kind, on the same annuli (m of them).
    models
        Fitted to them, (m,) each.
    amounts
        (n, q) of each kind of light in each frame (a column of ones: what does not depend on light).

    Returns
    -------
    ndarray or None
        (q, m) counts per unit of the amounts, each drawn to zero by what noise is in it, and zero where it is
        nothing but noise; None when there are too few profiles or no pattern at all.
    """
    if len(profiles) < FEWEST_PROFILES or len({len(profile) for profile in profiles}) != 1:
        return None
    residual = np.array([profile.counts - model for profile, model in zip(profiles, models, strict=True)])
    sigma = np.array([profile.sigma for profile in profiles])
    # A frame that the model fits badly (twilight, a star) says less.
    sigma = sigma * np.sqrt(np.maximum(np.mean((residual / sigma) ** 2, axis=1), 1.0))[:, None]
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


def without_patterns(profile: RingProfile, amounts: np.ndarray, patterns: np.ndarray) -> RingProfile:
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
    return replace(profile, counts=profile.counts - amounts @ patterns)
