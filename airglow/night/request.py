"""Which night is analysed, and how."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace

from airglow.model.tags import GREEN_TAG, RED_TAGS
from airglow.night.settings import AnalysisSettings
from airglow.registry import Instrument, NightOverrides, Site
from airglow.registry.overrides import overrides_of_night


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
    def overrides(self) -> NightOverrides:
        """What was decided by hand for this night."""
        return overrides_of_night(self.instrument.overrides, self.site, self.date)

    @property
    def settings_hash(self) -> str:
        """SHA-256 of the settings, and of what was decided by hand if anything was."""
        by_hand = self.overrides.sentences
        if not by_hand:
            return self.settings.digest()
        return hashlib.sha256("\n".join((self.settings.digest(), *by_hand)).encode()).hexdigest()

    @property
    def registry_epoch(self) -> str:
        """From when the instrument's values in the registry hold: a date, or ``always``."""
        return f"{self.instrument.epoch_from}" if self.instrument.epoch_from else "always"

    def registry_digest(self) -> str:
        """SHA-256 of what the registry knows of instrument and site.

        What was decided by hand is not in it: `settings_hash` has what concerns this night.

        Returns
        -------
        str
        """
        known = (replace(self.instrument, overrides=()), self.site)
        return hashlib.sha256(repr(known).encode()).hexdigest()

    @property
    def emission_height_m(self) -> float:
        """Height of the airglow layer that the tag sees."""
        settings = self.settings
        return settings.green_emission_height_m if self.tag == GREEN_TAG else settings.red_emission_height_m
