"""The database: its tables, and nights loaded into them."""

from airglow.catalogue.check import check_database
from airglow.catalogue.connection import DatabaseSettings, NoAnswer, connect, settings_from_environment
from airglow.catalogue.load import load_night
from airglow.catalogue.schema import RIGHTS, known_migrations, migrate

__all__ = [
    "RIGHTS",
    "DatabaseSettings",
    "NoAnswer",
    "check_database",
    "connect",
    "known_migrations",
    "load_night",
    "migrate",
    "settings_from_environment",
]
