"""Fringe terms, and their derivatives, made once for all profiles that have the same annuli."""

from __future__ import annotations

import numpy as np

from airglow.etalon.airy import Fringes, fringes
from airglow.etalon.derivatives import TermRates, term_rates
from airglow.model.instrument import InstrumentParameters


class FringeTables:
    """Terms of the fringe series at one gap, made once for all profiles that have the same annuli.

    The frames of a night have their centres in a few places, and its gaps differ by a phase that is simply
    added.

    Parameters
    ----------
    central
        Central phase in rad.
    parameters
        Parameters of the instrument.
    count
        Number of terms of the series.
    """

    def __init__(self, central: float, parameters: InstrumentParameters, count: int) -> None:
        self.central = central
        self.parameters = parameters
        self.count = count
        self._made: dict[bytes, Fringes] = {}
        self._rates: dict[bytes, TermRates] = {}

    def at(self, s_px2: np.ndarray, width_px2: float) -> Fringes:
        """Terms at these annuli, as of `fringes`.

        Parameters
        ----------
        s_px2
            r^2 of the annuli, shape (m,).
        width_px2
            Width of the annuli in r^2.

        Returns
        -------
        Fringes
        """
        key = s_px2.tobytes()
        if key not in self._made:
            self._made[key] = fringes(s_px2, width_px2, self.central, self.parameters, self.count)
        return self._made[key]

    def rates_at(self, s_px2: np.ndarray, width_px2: float) -> TermRates:
        """Derivatives of these terms, as of `term_rates`.

        Parameters
        ----------
        s_px2, width_px2
            As for `at`.

        Returns
        -------
        TermRates
        """
        key = s_px2.tobytes()
        if key not in self._rates:
            self._rates[key] = term_rates(self.at(s_px2, width_px2), s_px2, width_px2, self.parameters)
        return self._rates[key]
