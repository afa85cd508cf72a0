"""Sites and instruments as of a date, read from ``config/`` and validated."""

from airglow.registry.load import load_registry
from airglow.registry.records import (
    Annuli,
    BadPeriod,
    DatabaseIds,
    Deployment,
    Direction,
    Instrument,
    Optics,
    QualityLimits,
    Registry,
    Site,
)

__all__ = [
    "Annuli",
    "BadPeriod",
    "DatabaseIds",
    "Deployment",
    "Direction",
    "Instrument",
    "Optics",
    "QualityLimits",
    "Registry",
    "Site",
    "load_registry",
]
