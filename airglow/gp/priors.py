"""Hyperparameters with their names, units, sources and prior distributions.

All are positive, and what is known of them beforehand is known as a factor: so their logarithms have normal
priors. A few samples do not overrule a prior, many do (Rasmussen & Williams 2006, Gaussian Processes for
Machine Learning, section 5.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prior:
    """Normal prior of the logarithm of a hyperparameter.

    Parameters
    ----------
    name
        As the term of the field has it.
    unit
        Of the hyperparameter; "1" for a ratio.
    median
        In that unit.
    log_width
        Standard deviation of the natural logarithm.
    log_bounds
        Least and most natural logarithm that a fit may try.
    source
        Where median and width come from: a derivation, a paper, or a measurement; or that they were chosen.
    """

    name: str
    unit: str
    median: float
    log_width: float
    log_bounds: tuple[float, float]
    source: str


@dataclass(frozen=True)
class Priors:
    """Independent priors of q hyperparameters.

    Parameters
    ----------
    log_median, log_width
        (q,) medians and standard deviations of the natural logarithms.
    log_bounds
        q pairs, least and most.
    """

    log_median: np.ndarray
    log_width: np.ndarray
    log_bounds: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, priors: Sequence[Prior]) -> Priors:
        """Collect priors in the order of the hyperparameters.

        Parameters
        ----------
        priors
            q of them.

        Returns
        -------
        Priors
        """
        return cls(
            log_median=np.log([prior.median for prior in priors]),
            log_width=np.array([prior.log_width for prior in priors]),
            log_bounds=tuple(prior.log_bounds for prior in priors),
        )

    def standardised(self, logs: np.ndarray) -> np.ndarray:
        """Distance of logarithms from their medians, in standard deviations.

        Parameters
        ----------
        logs
            (q,) natural logarithms of hyperparameters in their units.

        Returns
        -------
        ndarray
            (q,) x; the log prior density is -x'x / 2 and a constant.
        """
        return (logs - self.log_median) / self.log_width

    def values(self, standardised: np.ndarray) -> np.ndarray:
        """Hyperparameters at distances from their medians.

        Parameters
        ----------
        standardised
            (q,) in standard deviations of the logarithms.

        Returns
        -------
        ndarray
            (q,) in their units.
        """
        return np.exp(self.log_median + self.log_width * standardised)
