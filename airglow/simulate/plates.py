"""Etalon plates that are neither flat nor without colour: what they transmit, summed over their surface.

The gap differs from place to place: the plates are bowed, their rim is turned down, they are not quite
parallel, and polishing has left ripples. Every element of the surface is an etalon of its own gap, and the
light of all of them adds up. Mirrors are dielectric: reflectivity and the phase of the reflected light depend
on the wavelength.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

NANOMETRE = 1e-9
RINGS, ELEMENTS_PER_RING = 40, 32  # of equal area each: 1,280 elements
EDGE_POWER = 16  # of the turned edge: rim and a twentieth of the radius within it
RIPPLES, RIPPLES_ACROSS = 40, (3.0, 10.0)  # how many waves, and how many periods on the diameter
PHASES = 16_384  # of the table over one order: 20 or more in the half-width of the sharpest fringe


@dataclass(frozen=True)
class Plates:
    """A pair of plates.

    Parameters
    ----------
    reflectivity
        Intensity reflectivity at the reference wavelength.
    reflectivity_per_nm
        Its change with wavelength, per nm.
    mirror_phase_rad_per_nm
        Change of the phase of one reflection with wavelength, rad per nm: light enters the coatings, red
        light another way than green.
    mirror_phase_rad_per_nm2
        Curvature of that phase, rad per nm^2.
    reference_wavelength_m
        Where reflectivity and phase are as given, and the phase is zero.
    bow_m
        Gap in the middle less that at the rim, of a spherical bow (m).
    edge_m
        Change of the gap at the very rim by turned edges (m).
    tilt_m
        Change of the gap from the middle to the rim because the plates are not parallel (m).
    ripple_m
        Standard deviation of what polishing left (m).
    ripple_seed
        Seed of its pattern.
    """

    reflectivity: float
    reflectivity_per_nm: float = 0.0
    mirror_phase_rad_per_nm: float = 0.0
    mirror_phase_rad_per_nm2: float = 0.0
    reference_wavelength_m: float = 632.8e-9
    bow_m: float = 0.0
    edge_m: float = 0.0
    tilt_m: float = 0.0
    ripple_m: float = 0.0
    ripple_seed: int = 0

    @cached_property
    def departures_m(self) -> np.ndarray:
        """Gap at each element of the plates less its mean over them, shape (n,)."""
        radius2 = (np.repeat(np.arange(RINGS), ELEMENTS_PER_RING) + 0.5) / RINGS
        angle = 2 * np.pi * np.tile(np.arange(ELEMENTS_PER_RING), RINGS) / ELEMENTS_PER_RING
        x, y = np.sqrt(radius2) * np.cos(angle), np.sqrt(radius2) * np.sin(angle)
        gap = -self.bow_m * radius2 + self.edge_m * radius2 ** (EDGE_POWER / 2) + self.tilt_m * x
        if self.ripple_m:
            rng = np.random.default_rng(self.ripple_seed)
            ripples = np.zeros_like(x)
            for _ in range(RIPPLES):
                turn, phase = rng.uniform(0, 2 * np.pi, 2)
                wave = np.pi * rng.uniform(*RIPPLES_ACROSS)
                ripples += np.cos(wave * (x * np.cos(turn) + y * np.sin(turn)) + phase)
            gap += self.ripple_m * (ripples - ripples.mean()) / ripples.std()
        return gap - gap.mean()

    def gap_moment(self, power: int) -> float:
        """Central moment of the gap over the plates, in m to that power."""
        return float(np.mean(self.departures_m**power))

    def reflectivity_at(self, wavelength_m: float) -> float:
        """Reflectivity at a wavelength."""
        away_nm = (wavelength_m - self.reference_wavelength_m) / NANOMETRE
        return min(max(self.reflectivity + self.reflectivity_per_nm * away_nm, 0.05), 0.985)

    def mirror_phase_rad(self, wavelength_m: np.ndarray | float) -> np.ndarray | float:
        """Phase of one reflection at a wavelength: half of what a round trip between the mirrors adds."""
        away_nm = (wavelength_m - self.reference_wavelength_m) / NANOMETRE
        return self.mirror_phase_rad_per_nm * away_nm + self.mirror_phase_rad_per_nm2 * away_nm**2

    def airy(self, half_phase: np.ndarray, wavelength_m: float) -> np.ndarray:
        """Transmission summed over all elements as it stands: slow, for comparison.

        Parameters
        ----------
        half_phase
            Half of the phase between beams at the mean gap, mirrors included (rad), any shape.
        wavelength_m
            Wavelength.

        Returns
        -------
        ndarray
            Scaled to a mean of one over an order; of the same shape.
        """
        total = np.zeros(np.shape(half_phase))
        for departure in self.departures_m:
            total += _perfect(
                half_phase + 2 * np.pi * departure / wavelength_m, self.reflectivity_at(wavelength_m)
            )
        return total / self.departures_m.size

    def table(self, wavelength_m: float) -> tuple[np.ndarray, np.ndarray]:
        """Transmission at half phases 0, pi / `PHASES`, 2 pi / `PHASES` ..., and the rise to the next one.

        Parameters
        ----------
        wavelength_m
            Wavelength; what the plates are like changes little within a nanometre.

        Returns
        -------
        value, rise : ndarray
            Shape (`PHASES`,), mean one over an order.
        """
        return _table(self, round(wavelength_m / NANOMETRE, 1) * NANOMETRE)


@lru_cache(maxsize=8)
def _table(plates: Plates, wavelength_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Sum over the elements; each one's gap is rounded to a step of the table, some 0.02 nm."""
    perfect = _perfect(np.arange(PHASES) * (np.pi / PHASES), plates.reflectivity_at(wavelength_m))
    twice = np.concatenate([perfect, perfect])
    shifts = np.rint(2 * PHASES * plates.departures_m / wavelength_m).astype(int) % PHASES
    value = np.zeros(PHASES)
    for shift, count in zip(*np.unique(shifts, return_counts=True), strict=True):
        value += count * twice[shift : shift + PHASES]
    value /= shifts.size
    return value, np.roll(value, -1) - value


def _perfect(half_phase: np.ndarray, reflectivity: float) -> np.ndarray:
    """The Airy function of one gap, (1 + R) / (1 - R) / (1 + F sin^2(phi / 2))."""
    contrast = 4 * reflectivity / (1 - reflectivity) ** 2
    return (1 + reflectivity) / (1 - reflectivity) / (1 + contrast * np.sin(half_phase) ** 2)
