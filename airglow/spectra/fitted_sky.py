"""The sky frames of a night with the fits of the line in them: what is asked of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airglow.etalon import FringeTables
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra.line import LineFit, clearest_frames
from airglow.spectra.sky_derivatives import SkyDerivatives, sky_derivatives
from airglow.spectra.sky_line import SkyLine


@dataclass(frozen=True)
class FittedSky:
    """Sky frames with fits of the line at one gap and by one instrument, without any foreign line.

    Parameters
    ----------
    profiles
        Of the n sky frames, in the order of time.
    fits
        Of the line in them; velocities are those at the phase of the tables.
    rest_mps
        Velocity that a line at rest shows in each profile, at this phase.
    tables
        Fringe terms of the instrument, with plate scale and illumination of the sky.
    line
        The sky line.
    """

    profiles: Sequence[RingProfile]
    fits: Sequence[LineFit]
    rest_mps: Sequence[float]
    tables: FringeTables
    line: SkyLine
    _known: dict[int, SkyDerivatives] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def central_phase(self) -> float:
        """Phase along the axis at the rest wavelength, rad."""
        return self.tables.central

    @property
    def parameters(self) -> InstrumentParameters:
        """Parameters of the instrument."""
        return self.tables.parameters

    def clearest(self, most: int) -> list[int]:
        """Places of frames that stand for the night, as of `airglow.spectra.line.clearest_frames`.

        Parameters
        ----------
        most
            How many at most.

        Returns
        -------
        list of int
        """
        return clearest_frames(self.fits, most)

    def derivatives(self, place: int) -> SkyDerivatives:
        """Derivatives of the model of a frame: worked out once, since most questions choose the same frames.

        Parameters
        ----------
        place
            Of the frame.

        Returns
        -------
        SkyDerivatives
        """
        if place not in self._known:
            self._known[place] = sky_derivatives(
                self.profiles[place], self.fits[place], self.tables, self.line
            )
        return self._known[place]
