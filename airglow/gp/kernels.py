"""Correlation functions of stationary Gaussian processes, with their derivatives by the length.

The Matern family with nu = 3/2, 5/2 and infinity (Rasmussen & Williams 2006, Gaussian Processes for Machine
Learning, equations 4.9, 4.16 and 4.17). Each function takes distances over the length of the process (no
unit) and gives two arrays of the same shape: the correlation r, and dr / d ln(length).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Kernel = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def matern_3_2(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern function with nu = 3/2: the process has a first derivative.

    Parameters
    ----------
    distance
        Non-negative distances over the length of the process; of any shape.

    Returns
    -------
    correlation, by_log_length : ndarray
        (1 + x) exp(-x) with x = sqrt(3) distance, and x^2 exp(-x); no unit.
    """
    x = np.sqrt(3.0) * distance
    decay = np.exp(-x)
    return (1.0 + x) * decay, x * x * decay


def matern_5_2(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern function with nu = 5/2: the process has a second derivative.

    Parameters
    ----------
    distance
        Non-negative distances over the length of the process; of any shape.

    Returns
    -------
    correlation, by_log_length : ndarray
        (1 + x + x^2 / 3) exp(-x) with x = sqrt(5) distance, and x^2 (1 + x) / 3 exp(-x); no unit.
    """
    x = np.sqrt(5.0) * distance
    decay = np.exp(-x)
    square = x * x
    return (1.0 + x + square / 3.0) * decay, square * (1.0 + x) / 3.0 * decay


def squared_exponential(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared exponential, the Matern function of infinite nu: the process has all derivatives.

    Parameters
    ----------
    distance
        Distances over the length of the process; of any shape.

    Returns
    -------
    correlation, by_log_length : ndarray
        exp(-distance^2 / 2), and distance^2 exp(-distance^2 / 2); no unit.
    """
    square = distance**2
    correlation = np.exp(-0.5 * square)
    return correlation, square * correlation


KERNELS: tuple[Kernel, ...] = (matern_3_2, matern_5_2, squared_exponential)
MATERN: dict[float, Kernel] = {1.5: matern_3_2, 2.5: matern_5_2}  # by nu
