"""The model of a sky line in the ring profiles of several frames, as a function of velocity and temperature.

A thermal line of temperature T and mass m, shifted by a velocity v (positive away), multiplies term k of
the instrument's fringe series (see `airglow.etalon.airy`) by

    exp(-i k phi v / c) exp(-(k phi)^2 kB T / (2 m c^2)),

the Fourier transform of the line: a Gaussian of standard deviation lambda sqrt(kB T / m) / c. The phase
phi is that of the rest wavelength. Line intensity, continuum (both under the instrument's illumination)
and bias enter linearly and are solved exactly, and so is the brightness of foreign lines, if there are any
(`airglow.spectra.foreign`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import constants

from airglow.etalon import Fringes, fit_linear_together, relative_illumination
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.sky_line import SkyLine


@dataclass(frozen=True)
class LinePoints:
    """The models of p profiles, each at one velocity and temperature, and their derivatives by both.

    Parameters
    ----------
    velocity, temperature
        Where, m/s and K, shape (p,).
    amplitudes
        Of line, continuum, bias and f foreign lines, shape (p, 3 + f).
    covariance
        Of the amplitudes, shape (p, 3 + f, 3 + f).
    basis
        Orthonormal vectors that span the weighted templates, shape (p, m, 3 + f).
    model
        Counts, shape (p, m).
    weighted_templates
        Of what has the amplitudes, over the errors of the counts, shape (p, m, 3 + f).
    residual
        Counts less the model, over their errors, shape (p, m).
    gradient
        Derivatives of the model by velocity and temperature over the errors of the counts, shape (p, m, 2).
    projected
        The gradient less what the linear amplitudes can take up, shape (p, m, 2).
    cost
        Chi-square, shape (p,).
    """

    velocity: np.ndarray
    temperature: np.ndarray
    amplitudes: np.ndarray
    covariance: np.ndarray
    basis: np.ndarray
    model: np.ndarray
    weighted_templates: np.ndarray
    residual: np.ndarray
    gradient: np.ndarray
    projected: np.ndarray
    cost: np.ndarray

    def take(self, places: np.ndarray) -> LinePoints:
        """The points of some of the profiles.

        Parameters
        ----------
        places
            Indices, or a bool for each.

        Returns
        -------
        LinePoints
        """
        return LinePoints(*(getattr(self, field.name)[places] for field in fields(self)))

    def put(self, places: np.ndarray, points: LinePoints) -> None:
        """Put other points in place of those of some of the profiles.

        Parameters
        ----------
        places
            Indices, or a bool for each.
        points
            One for each of them.
        """
        for field in fields(self):
            getattr(self, field.name)[places] = getattr(points, field.name)


def in_light_of(instrument: Fringes, thermal_rate: float, velocity: float, temperature: float) -> Fringes:
    """Terms of the instrument's fringes in the light of a thermal line.

    Parameters
    ----------
    instrument
        Its terms at the phase of the line's rest wavelength.
    thermal_rate
        Of the line, as of `SkyLine.thermal_rate`.
    velocity, temperature
        Of the line, m/s and K.

    Returns
    -------
    Fringes
    """
    k_phase = instrument.order * instrument.phase[instrument.annulus]
    line = np.exp(k_phase * (-1j * velocity / constants.c) - k_phase**2 * thermal_rate * temperature)
    return replace(instrument, terms=instrument.terms * line)


class LineModel:
    """The model of p profiles on the same m annuli as a function of velocity and temperature.

    Parameters
    ----------
    profiles
        On the same annuli.
    instrument
        Fringe terms at these annuli.
    parameters
        Of the instrument.
    line
        The line.
    foreign
        Light of f foreign lines of unit brightness in each profile, shape (p, f, m); none if not given.
    """

    def __init__(
        self,
        profiles: Sequence[RingProfile],
        instrument: Fringes,
        parameters: InstrumentParameters,
        line: SkyLine,
        foreign: np.ndarray | None = None,
    ) -> None:
        self.foreign = np.zeros((len(profiles), 0, len(profiles[0]))) if foreign is None else foreign
        self.counts = np.array([profile.counts for profile in profiles])
        self.sigma = np.array([profile.sigma for profile in profiles])
        self.instrument = instrument
        self.thermal_rate = line.thermal_rate()
        self.illumination = relative_illumination(parameters, profiles[0].radius_squared_px2)
        self.orders = np.arange(1, instrument.order.max() + 1)
        self._table = np.zeros((self.orders.size, instrument.phase.size), complex)
        self._table[instrument.order - 1, instrument.annulus] = instrument.terms

    def with_line(self, velocity: float, temperature: float) -> Fringes:
        """Terms of the instrument's fringes in the light of a line.

        Parameters
        ----------
        velocity, temperature
            Of the line, m/s and K.

        Returns
        -------
        Fringes
        """
        return in_light_of(self.instrument, self.thermal_rate, velocity, temperature)

    def _sums(self, velocity: np.ndarray, temperature: np.ndarray) -> np.ndarray:
        """Sums over the terms k of each annulus, times 1, k and k squared.

        A line multiplies term k by exp(-i k x - k^2 y), with x = phi v / c and y the thermal decay. From one
        k to the next this grows by exp(-i x - (2 k + 1) y), which itself grows by exp(-2 y) each time: so
        there are two multiplications for each k, and no exponential.

        Parameters
        ----------
        velocity, temperature
            Of the lines, m/s and K, shape (p,).

        Returns
        -------
        ndarray
            Complex, shape (3, p, m).
        """
        phase = self.instrument.phase
        decay = temperature[:, None] * (self.thermal_rate * phase**2)
        growth = np.exp((-1j / constants.c * velocity)[:, None] * phase - decay)
        growth_of_growth = np.exp(-2.0 * decay)
        line = np.ones_like(growth)
        terms = np.empty((self.orders.size, *line.shape), complex)
        for k, of_instrument in enumerate(self._table):
            line *= growth
            growth *= growth_of_growth
            np.multiply(line, of_instrument, out=terms[k])
        powers = self.orders ** np.arange(3.0)[:, None]
        return (
            (powers @ terms.reshape(self.orders.size, -1).view(float)).view(complex).reshape(3, *line.shape)
        )

    def evaluate(self, places: np.ndarray, velocity: np.ndarray, temperature: np.ndarray) -> LinePoints:
        """The best amplitudes at velocities and temperatures, and the derivatives there.

        Parameters
        ----------
        places
            Of p of the profiles: indices.
        velocity, temperature
            Of their lines, m/s and K, shape (p,).

        Returns
        -------
        LinePoints
        """
        counts, sigma = self.counts[places], self.sigma[places]
        plain, times_k, times_k_squared = self._sums(velocity, temperature)
        airy = 1.0 + 2.0 * plain.real
        templates = [self.illumination * airy, self.illumination, np.ones_like(self.illumination)]
        templates += list(self.foreign[places].swapaxes(0, 1))
        fit = fit_linear_together(counts, sigma, templates)
        residual = (counts - fit.model) / sigma
        light = 2.0 * fit.amplitudes[:, :1] * self.illumination / sigma
        gradient = np.empty((*counts.shape, 2))
        phase = self.instrument.phase
        gradient[..., 0] = light * times_k.imag * (phase / constants.c)
        gradient[..., 1] = -light * times_k_squared.real * (self.thermal_rate * phase**2)
        weighted_templates = np.stack(np.broadcast_arrays(*templates), axis=-1) / sigma[..., None]
        return LinePoints(
            velocity=velocity,
            temperature=temperature,
            amplitudes=fit.amplitudes,
            covariance=fit.covariance,
            basis=fit.basis,
            model=fit.model,
            weighted_templates=weighted_templates,
            residual=residual,
            gradient=gradient,
            projected=gradient - fit.basis @ (fit.basis.mT @ gradient),
            cost=np.sum(residual**2, axis=-1),
        )
