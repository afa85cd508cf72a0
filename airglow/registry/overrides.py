"""What a scientist decided by hand for some nights of an instrument, and what of it concerns one night."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airglow.registry.records import Site

BY_LASER, BY_ZENITH = "laser", "zenith"
"""Doppler references: the lasers' gap with one reference value, or one that follows the zenith in time."""

_LEVELS = ("good", "caution", "bad")


@dataclass(frozen=True)
class Span:
    """Times from a start to a stop; without them, the whole night.

    Parameters
    ----------
    start, stop
        UTC, aware; None for no limit. Either both are given or none.
    """

    start: dt.datetime | None = None
    stop: dt.datetime | None = None

    def overlaps(self, begin: dt.datetime, end: dt.datetime) -> bool:
        """Whether it shares time with what lasts from a begin to an end.

        Parameters
        ----------
        begin, end
            UTC, aware.

        Returns
        -------
        bool
        """
        return self.start is None or (begin < self.stop and self.start < end)

    def __str__(self) -> str:
        if self.start is None:
            return ""
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ} to {self.stop:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class LeftOut:
    """Frames that are not used.

    Parameters
    ----------
    frames
        Their names, where ``*``, ``?`` and ``[...]`` stand for what they do in a shell; empty for a span.
    span
        Frames whose exposure shares time with it, if no names are given.
    only
        ``sky`` or ``laser`` frames; empty for both.
    """

    frames: str
    span: Span
    only: str

    def __str__(self) -> str:
        kind = f"{self.only} frames" if self.only else "frames"
        return f"{kind} {self.frames or f'from {self.span}'}"


@dataclass(frozen=True)
class FlagByHand:
    """Flags that are raised, and never lowered.

    Parameters
    ----------
    wind, temperature
        Least flag: 0 (none), 1 (caution) or 2 (bad).
    span
        Of the exposures that it concerns.
    direction
        Name of the look direction that it concerns; empty for all.
    """

    wind: int
    temperature: int
    span: Span
    direction: str

    def __str__(self) -> str:
        levels = [
            f"{quantity} {_LEVELS[level]}"
            for quantity, level in (("wind", self.wind), ("temperature", self.temperature))
            if level
        ]
        where = f", direction {self.direction}" if self.direction else ""
        when = f", from {self.span}" if self.span.start else ""
        return f"flag {' and '.join(levels)}{where}{when}"


@dataclass(frozen=True)
class PinnedParameters:
    """Parameters of the instrument that are not fitted but given; None where the fit finds them.

    Values are those that results have in `airglow.model.instrument.InstrumentParameters`, in pixels of the
    night's frames.

    Parameters
    ----------
    plate_scale_rad_per_pixel
        Angle per pixel.
    reflectivity
        Reflectivity of the plates.
    blur_px
        Coefficients of 1, sin(pi r/r_max) and cos(pi r/r_max) in the Gaussian width of the blur.
    gap_variance_m2, gap_third_moment_m3
        Moments of the gap over the plates; both or none.
    """

    plate_scale_rad_per_pixel: float | None = None
    reflectivity: float | None = None
    blur_px: tuple[float, float, float] | None = None
    gap_variance_m2: float | None = None
    gap_third_moment_m3: float | None = None

    @property
    def given(self) -> dict[str, float | tuple[float, ...]]:
        """Those that are given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def and_those_of(self, other: PinnedParameters) -> PinnedParameters:
        """These, and those of another entry.

        Parameters
        ----------
        other
            What it gives too is the same.

        Returns
        -------
        PinnedParameters
        """
        return replace(self, **other.given)

    def __str__(self) -> str:
        values = [
            f"{name} {list(value) if isinstance(value, tuple) else value!r}"
            for name, value in self.given.items()
        ]
        return f"instrument parameters {', '.join(values)}"


@dataclass(frozen=True)
class Override:
    """One entry: what was decided for some nights of an instrument, and why.

    Parameters
    ----------
    first, last
        First and last local date on which the nights began; ``last`` is None if there is no last one.
    because
        The reason.
    who
        Who decided it; empty if that is not told.
    doppler_reference
        `BY_LASER` or `BY_ZENITH`; empty if that is not decided.
    left_out
        Frames that are not used.
    parameters
        Parameters of the instrument that are given.
    flags
        Flags that are raised.
    """

    first: dt.date
    last: dt.date | None
    because: str
    who: str = ""
    doppler_reference: str = ""
    left_out: tuple[LeftOut, ...] = ()
    parameters: PinnedParameters = PinnedParameters()
    flags: tuple[FlagByHand, ...] = ()

    @property
    def reason(self) -> str:
        """Why, and who says so."""
        return f"{self.because} ({self.who})" if self.who else self.because

    @property
    def dates(self) -> str:
        """Its dates in words."""
        if self.first == self.last:
            return f"{self.first}"
        return f"{self.first} to {self.last}" if self.last else f"from {self.first} on"

    @property
    def decisions(self) -> tuple[str, ...]:
        """What is decided, in words."""
        reference = [f"Doppler reference {self.doppler_reference}"] if self.doppler_reference else []
        parameters = [str(self.parameters)] if self.parameters.given else []
        left_out = [f"left out {each}" for each in self.left_out]
        return (*reference, *left_out, *parameters, *map(str, self.flags))

    def includes(self, date: dt.date) -> bool:
        """Whether it concerns the night that began on a local date.

        Parameters
        ----------
        date
            Local date.

        Returns
        -------
        bool
        """
        return self.first <= date and (self.last is None or date <= self.last)

    def of_night(self, begin: dt.datetime, end: dt.datetime) -> Override:
        """Without what concerns other nights: spans that are not in this one.

        Parameters
        ----------
        begin, end
            Of the night, UTC, aware.

        Returns
        -------
        Override
        """
        return replace(
            self,
            left_out=tuple(each for each in self.left_out if each.span.overlaps(begin, end)),
            flags=tuple(each for each in self.flags if each.span.overlaps(begin, end)),
        )


@dataclass(frozen=True)
class NightOverrides:
    """What was decided by hand for one night.

    Parameters
    ----------
    entries
        Each with what of it concerns the night.
    """

    entries: tuple[Override, ...] = ()

    @property
    def doppler_reference(self) -> str:
        """`BY_LASER` or `BY_ZENITH`; empty if that is left to the analysis."""
        return next((each.doppler_reference for each in self.entries if each.doppler_reference), "")

    @property
    def parameters(self) -> PinnedParameters:
        """Parameters of the instrument that are given."""
        given = PinnedParameters()
        for entry in self.entries:
            given = given.and_those_of(entry.parameters)
        return given

    @property
    def left_out(self) -> tuple[tuple[LeftOut, str], ...]:
        """Frames that are not used, with the reason."""
        return tuple((each, entry.reason) for entry in self.entries for each in entry.left_out)

    @property
    def flags(self) -> tuple[tuple[FlagByHand, str], ...]:
        """Flags that are raised, with the reason."""
        return tuple((each, entry.reason) for entry in self.entries for each in entry.flags)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each decision with its reason: ``Doppler reference zenith: the laser drifted (A. Name)``."""
        return tuple(f"{each}: {entry.reason}" for entry in self.entries for each in entry.decisions)


def overrides_of_night(entries: tuple[Override, ...], site: Site, date: dt.date) -> NightOverrides:
    """What of an instrument's entries concerns one night.

    Parameters
    ----------
    entries
        Of the instrument.
    site
        Where it was.
    date
        Local date on which the night began.

    Returns
    -------
    NightOverrides
    """
    begin, end = site.noon(date), site.noon(date + dt.timedelta(days=1))
    trimmed = [entry.of_night(begin, end) for entry in entries if entry.includes(date)]
    return NightOverrides(tuple(entry for entry in trimmed if entry.decisions))
