"""The database: its tables, and nights loaded into them."""

from airglow.catalogue.check import check_database
from airglow.catalogue.connection import DatabaseSettings, NoAnswer, connect, settings_from_environment
from airglow.catalogue.holds import holds_night
from airglow.catalogue.load import load_night
from airglow.catalogue.night_states import StateRow, write_states
from airglow.catalogue.schema import RIGHTS, applied_schema, known_migrations, migrate

__all__ = [
    "RIGHTS",
    "DatabaseSettings",
    "NoAnswer",
    "StateRow",
    "applied_schema",
    "check_database",
    "connect",
    "holds_night",
    "known_migrations",
    "load_night",
    "migrate",
    "settings_from_environment",
    "write_states",
]
