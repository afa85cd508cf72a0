"""What a verdict on a night depends on beside its data: the code, the settings, the registry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from airglow.model.version import code_version
from airglow.registry import Registry
from airglow.store import json_bytes
from airglow.uploads import Versions

_SECTIONS = ("archive", "analysis", "products")


def versions_of(config: Mapping[str, Any], registry: Registry) -> Versions:
    """The versions of code and settings of a run.

    Parameters
    ----------
    config
        The configuration, as `airglow.registry.load_config` gives it.
    registry
        Sites, instruments and what was decided by hand.

    Returns
    -------
    Versions
        Settings that change no night (of pages, database, run) do not count.
    """
    digest = hashlib.sha256(json_bytes({name: config[name] for name in _SECTIONS}))
    digest.update(repr(registry).encode())
    return Versions(code_version(), digest.hexdigest()[:16])
