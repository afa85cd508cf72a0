"""Which night is analysed, and how."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from airglow.model.tags import GREEN_TAG, RED_TAGS
from airglow.night.settings import AnalysisSettings
from airglow.registry import Instrument, Site


@dataclass(frozen=True)
class NightRequest:
    """One night of one instrument and tag, and how it is to be analysed.

    Parameters
    ----------
    instrument
        The instrument as of the date.
    site
        The site.
    date
        Local date on which the night began.
    tag
        ``X``, ``XR`` or ``XG``.
    settings
        What may be chosen of the analysis.
    """

    instrument: Instrument
    site: Site
    date: dt.date
    tag: str
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)

    @property
    def frame_tags(self) -> tuple[str, ...]:
        """Tags of the frames that show the line: X and XR are the same one, by instruments of two ages."""
        return RED_TAGS if self.tag in RED_TAGS else (self.tag,)

    @property
    def registry_epoch(self) -> str:
        """From when the instrument's values in the registry hold: a date, or ``always``."""
        return f"{self.instrument.epoch_from}" if self.instrument.epoch_from else "always"

    def registry_digest(self) -> str:
        """SHA-256 of what the registry knows of instrument and site.

        Returns
        -------
        str
        """
        return hashlib.sha256(repr((self.instrument, self.site)).encode()).hexdigest()

    @property
    def emission_height_m(self) -> float:
        """Height of the airglow layer that the tag sees."""
        settings = self.settings
        return settings.green_emission_height_m if self.tag == GREEN_TAG else settings.red_emission_height_m
