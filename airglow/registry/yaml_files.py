"""YAML files, and what JSON Schema says of what is in them.

Loads the libraries for both: imported where a configuration is read, which the steps of a workflow never do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from airglow.model.errors import RegistryError
from airglow.model.names import is_night


def _is_date(_: Any, value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _is_time(_: Any, value: Any) -> bool:
    return isinstance(value, dt.datetime)


# jsonschema knows JSON's types only; YAML dates are dates.
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"date": _is_date, "time": _is_time})
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("night")
def _night(value: Any) -> bool:
    return not isinstance(value, str) or is_night(value)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # in C where PyYAML has it: ten times faster
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


def yaml_value(text: str) -> Any:
    """The value that a text of the command line means in YAML."""
    return yaml.safe_load(text)


@cache
def read_schema(path: Path) -> dict[str, Any]:
    """A schema that comes with airglow."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def problem_of(content: Any, schema: Mapping[str, Any]) -> jsonschema.ValidationError | None:
    """What is wrong with a value, by a schema.

    Parameters
    ----------
    content
        The value.
    schema
        JSON Schema, with the types ``date`` and ``time`` and the format ``night`` beside its own.

    Returns
    -------
    jsonschema.ValidationError or None
        The one that says most, of several; None if nothing is wrong.
    """
    errors = _Validator(schema, format_checker=_FORMATS).iter_errors(content)
    return jsonschema.exceptions.best_match(errors)
