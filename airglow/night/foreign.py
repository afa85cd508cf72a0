"""Foreign lines in the sky frames of a night: those that the registry knows, and one that it does not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from airglow.etalon import FringeTables
from airglow.rings import RingProfile
from airglow.spectra import (
    FittedSky,
    ForeignScan,
    FoundLine,
    LineFit,
    SkyEvidence,
    SkyLine,
    errors_by_place,
    scan_for_foreign_line,
    settle_foreign_line,
    weigh_sky,
)


@dataclass(frozen=True)
class SkyHolds:
    """What the sky frames of a night hold that its lasers cannot show.

    Parameters
    ----------
    evidence
        Of another reflectivity and blur, and of the foreign lines.
    foreign
        Lines that are there.
    scan
        For a line whose wavelength the registry does not have; None where it has those that are there.
    found
        That line, if it is there.
    """

    evidence: SkyEvidence
    foreign: tuple[SkyLine, ...]
    scan: ForeignScan | None = None
    found: FoundLine | None = None

    @property
    def temperature_error_k(self) -> float:
        """What reflectivity, blur and a line that was not taken leave in all temperatures alike."""
        of_line = self.scan.temperature_error_k if self.scan and not self.found else 0.0
        return float(np.hypot(self.evidence.temperature_error_k, of_line))


def weigh_night(
    night: FittedSky,
    known: Sequence[SkyLine],
    *,
    laser_blur_error_px: float = 0.0,
    held: Collection[str] = (),
) -> SkyHolds:
    """What the sky frames hold that lasers do not show.

    Parameters
    ----------
    night
        Its sky frames with their fits, as of `at_one_gap`.
    known
        Foreign lines whose wavelengths the registry has.
    laser_blur_error_px
        As for `airglow.spectra.weigh_sky`.
    held
        Names of parameters that stay as they are.

    Returns
    -------
    SkyHolds
    """
    weigh = partial(
        weigh_sky,
        night,
        laser_blur_error_px=laser_blur_error_px,
        held_reflectivity="reflectivity" in held,
        held_blur="blur_px" in held,
    )
    evidence = weigh(known)
    if evidence.foreign:
        return SkyHolds(evidence, tuple(known[k] for k in evidence.foreign))
    scan = scan_for_foreign_line(night)
    found = settle_foreign_line(night, scan.place_orders) if scan.is_there else None
    if found is None:
        return SkyHolds(evidence, (), scan)
    evidence = weigh((found.line,))
    if not evidence.foreign:
        return SkyHolds(evidence, (), scan)
    return SkyHolds(evidence, (found.line,), scan, found)


def at_one_gap(
    profiles: Mapping[int, RingProfile],
    fits: Mapping[int, LineFit],
    of_gap_mps: np.ndarray,
    tables: FringeTables,
    line: SkyLine,
) -> FittedSky:
    """The sky frames of a night as they are at one gap.

    Parameters
    ----------
    profiles, fits
        Of frames, by their place in the night.
    of_gap_mps
        What the gap of each frame of the night adds to its velocity, less the gap of the tables.
    tables
        Fringe terms of the instrument, with which the line was fitted.
    line
        The sky line.

    Returns
    -------
    FittedSky
    """
    return FittedSky(
        profiles=[profiles[k] for k in fits],
        fits=[replace(fit, velocity_mps=fit.velocity_mps - of_gap_mps[k]) for k, fit in fits.items()],
        rest_mps=rest_velocities(fits, of_gap_mps),
        tables=tables,
        line=line,
    )


def rest_velocities(fits: Mapping[int, LineFit], of_gap_mps: np.ndarray) -> list[float]:
    """Velocity that a line at rest shows in each frame at one gap.

    Parameters
    ----------
    fits
        Of frames, by their place in the night.
    of_gap_mps
        As for `at_one_gap`.

    Returns
    -------
    list of float
        The median of all velocities, less what the gap adds.
    """
    rest_mps = float(np.median([fit.velocity_mps for fit in fits.values()]))
    return [rest_mps - float(of_gap_mps[k]) for k in fits]


def with_errors_by_place(
    profiles: Sequence[RingProfile],
    fits: Mapping[int, LineFit],
    of_gap_mps: np.ndarray,
    tables: FringeTables,
    line: SkyLine,
    found: FoundLine,
) -> dict[int, LineFit]:
    """Fits with what the error of a foreign line's place leaves in their errors.

    Parameters
    ----------
    profiles
        Of all frames of the night.
    fits, of_gap_mps, tables, line
        As for `at_one_gap`.
    found
        The foreign line, which is part of the fits.

    Returns
    -------
    dict
        The same fits with larger errors.
    """
    widened = {}
    for (k, fit), rest in zip(fits.items(), rest_velocities(fits, of_gap_mps), strict=True):
        velocity, temperature = errors_by_place(profiles[k], fit, rest, tables, line, found)
        widened[k] = replace(
            fit,
            velocity_error_mps=float(np.hypot(fit.velocity_error_mps, velocity)),
            temperature_error_k=float(np.hypot(fit.temperature_error_k, temperature)),
        )
    return widened
