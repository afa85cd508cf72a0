"""Sites and instruments as of a date, and the configuration: read in layers and validated."""

from airglow.registry.configuration import load_config, registry_of
from airglow.registry.instrument import (
    Annuli,
    BadPeriod,
    DatabaseIds,
    Instrument,
    Optics,
    QualityLimits,
)
from airglow.registry.load import load_registry
from airglow.registry.overrides import NightOverrides, Override, PinnedParameters
from airglow.registry.records import Deployment, Direction, Registry, Site

__all__ = [
    "Annuli",
    "BadPeriod",
    "DatabaseIds",
    "Deployment",
    "Direction",
    "Instrument",
    "NightOverrides",
    "Optics",
    "Override",
    "PinnedParameters",
    "QualityLimits",
    "Registry",
    "Site",
    "load_config",
    "load_registry",
    "registry_of",
]
