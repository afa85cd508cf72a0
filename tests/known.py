"""The registry that comes with airglow, read and checked once per process, which takes a while."""

from functools import cache
from pathlib import Path

from airglow.registry import Registry, load_registry

CONFIG = Path(__file__).parents[1] / "airglow/data"


@cache
def known_registry() -> Registry:
    """Sites and instruments as a new installation has them."""
    return load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
