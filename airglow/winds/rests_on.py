"""Flag and causes of smooth winds: those of the samples that they rest on."""

from __future__ import annotations

import numpy as np

from airglow.model.result import BAD, CAUTION, causes_in

# Sum of the weights in a component from which samples count for the flag of a smooth wind. Chosen: if all of
# them were wrong alike, they would move it by half of that at the most.
_COUNTS = 0.5


def worst_of_samples(
    flags: np.ndarray, causes: np.ndarray, sample_s: np.ndarray, time_s: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Worst wind flag and all causes of the samples that smooth winds rest on.

    They rest on the samples on either side of the time, and on those of a flag or a cause that together have
    weight in a component. Samples of several causes can have it together where those of none have: then the
    heaviest cause is told, so that no flag is without one.

    Parameters
    ----------
    flags, causes
        (n,) wind flags of the samples, and masks of their causes.
    sample_s
        (n,) their times, ascending, s.
    time_s
        (m,) times of the winds, s.
    weight
        (m, 3, n) of each sample in each component.

    Returns
    -------
    flag, causes : ndarray
        (m,) each.
    """
    size, n = np.abs(weight), flags.size
    beside = np.zeros((time_s.size, n), bool)
    after = np.searchsorted(sample_s, time_s)
    for place in (after - 1, after):
        beside[np.arange(time_s.size), np.clip(place, 0, n - 1)] = True

    def weight_of(these: np.ndarray) -> np.ndarray:
        return (size @ these.astype(float)).max(axis=1)

    def rest_on(these: np.ndarray) -> np.ndarray:
        return (weight_of(these) >= _COUNTS) | beside[:, these].any(axis=1)

    flag, told = np.zeros(time_s.size, np.int8), np.zeros(time_s.size, np.uint32)
    has = {cause: (causes & np.uint32(cause.mask)) != 0 for cause in causes_in(np.bitwise_or.reduce(causes))}
    for cause, these in has.items():
        told[rest_on(these)] |= np.uint32(cause.mask)
    for level in (CAUTION, BAD):
        here = rest_on(flags >= level)
        flag[here] = level
        raising = [cause for cause in has if cause.wind >= level]
        if raising:
            masks = np.array([cause.mask for cause in raising], np.uint32)
            heaviest = masks[np.argmax([weight_of(has[cause]) for cause in raising], axis=0)]
            unexplained = here & ((told & np.bitwise_or.reduce(masks)) == 0)
            told[unexplained] |= heaviest[unexplained]
    return flag, told
