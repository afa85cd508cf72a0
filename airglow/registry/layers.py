"""YAML files in layers: a later file changes what it names in the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from airglow.model.errors import RegistryError


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML's own loader would drop the first in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    RegistryError
        If it cannot be read, or is not YAML; the message names the file.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: is not YAML: {error}") from error
    except ValueError as error:  # what is written like a date and is none
        raise RegistryError(f"{path}: has a value that cannot be: {error}. Correct it") from error


def merged(base: Any, over: Any) -> Any:
    """What two layers come to.

    Mappings are merged key by key. Lists of what holds from a date on (``epochs``, ``clock_timezones``) are
    merged by that date, so that a layer need only list the dates that it changes or adds. Everything else is
    replaced.

    Parameters
    ----------
    base, over
        The earlier and the later layer; neither is changed.
    """
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        both = {key: merged(base[key], over[key]) for key in base if key in over}
        return {**base, **over, **both}
    if _by_date(base) and _by_date(over):
        later = {entry["from"]: entry for entry in over}
        entries = [merged(entry, later.pop(entry["from"], {})) for entry in base]
        # As text: a wrong date is named by the schema, later, and must not stop the sorting.
        return sorted([*entries, *later.values()], key=lambda e: (e["from"] is not None, str(e["from"])))
    return over


def _by_date(entries: Any) -> bool:
    """Whether these are entries that hold from a date on, each date once."""
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        return False
    if not all(isinstance(entry, Mapping) and "from" in entry for entry in entries):
        return False
    dates = [str(entry["from"]) for entry in entries]
    return len(dates) == len(set(dates))
