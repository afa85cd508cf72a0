"""The configuration in layers: what comes with airglow, what the operator changes, what a command is given.

==========================================  =========================================================
layer, each over the ones before            files
==========================================  =========================================================
airglow's own                               ``airglow/data``: ``config.yaml``, ``sites.yaml``,
                                            ``instruments.yaml``, ``overrides.yaml``
the operator's                              the same names in ``/etc/airglow``, or in the directory
                                            that ``AIRGLOW_CONFIG_DIR`` names; any of them may lack
of a working directory of the workflow      ``config/config.yaml`` and ``config/overrides.yaml`` below it
given with a command                        ``--config FILE``, ``--registry DIR``; with Snakemake
                                            ``--configfile FILE``, ``--config KEY=VALUE``
==========================================  =========================================================

A file need only hold what it changes (`airglow.registry.layers.merged`); what stands in several
``overrides.yaml`` holds together. A message on what is wrong names the file, the key and the reason.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airglow.model.errors import RegistryError
from airglow.registry.layers import merged
from airglow.registry.load import load_registry
from airglow.registry.records import Registry

if TYPE_CHECKING:
    import argparse

DATA = Path(__file__).parents[1] / "data"
DIRECTORY_VARIABLE = "AIRGLOW_CONFIG_DIR"
DIRECTORY = Path("/etc/airglow")
OF_WORKING_DIRECTORY = Path("config/config.yaml")
OVERRIDES_OF_WORKING_DIRECTORY = Path("config/overrides.yaml")
_CONFIG, _SITES, _INSTRUMENTS, _OVERRIDES = "config.yaml", "sites.yaml", "instruments.yaml", "overrides.yaml"
_GONE = {
    (
        "uploads",
        "max_nights",
    ): "a run takes up all nights, some at a time, until its hours are over. Take the key "
    "out; if runs are to end earlier or later than after 12 hours, set run: hours",
}
"""Keys of older files, and what to do."""
_HINT = "Correct it there, or leave the key out; config/README.md says what each key means"


def config_schema() -> dict[str, Any]:
    """What may stand in a ``config.yaml``, with a description and the limits of every key."""
    from airglow.registry.yaml_files import read_schema

    return read_schema(DATA / "config.schema.yaml")


@lru_cache(maxsize=1)
def _own_config() -> dict[str, Any]:
    from airglow.registry.yaml_files import read_yaml

    return read_yaml(DATA / _CONFIG)


def default(section: str, key: str) -> Any:
    """The value that comes with airglow for a key of the configuration."""
    return _own_config()[section][key]


def add_configuration_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the last layers."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="like config.yaml, for what differs from /etc/airglow's"
    )
    parser.add_argument(
        "--registry",
        type=Path,
        metavar="DIR",
        help="its sites.yaml, instruments.yaml and overrides.yaml, likewise",
    )


def check_config(given: Any, name: str | Path) -> dict[str, Any]:
    """See that a layer of the configuration holds only keys and values that can be.

    Parameters
    ----------
    given
        What was read; None and sections without a key count as empty.
    name
        The file, or where else it is from, for messages.

    Returns
    -------
    dict
        The layer without its empty sections.

    Raises
    ------
    RegistryError
        Naming the file, the key, the reason, and what to do.
    """
    from airglow.registry.yaml_files import problem_of

    if isinstance(given, Mapping):
        given = {key: value for key, value in given.items() if value is not None}
    given = {} if given is None else given
    for (section, key), advice in _GONE.items():
        if isinstance(given, Mapping) and isinstance(given.get(section), Mapping) and key in given[section]:
            raise RegistryError(f"{name}: {section}: {key} is gone: {advice}")
    problem = problem_of(given, config_schema())
    if problem is not None:
        where = ": ".join(map(str, (name, *problem.absolute_path)))
        raise RegistryError(f"{where}: {problem.message}. {_HINT}")
    for section, keys in given.items():
        for key, value in keys.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise RegistryError(f"{name}: {section}: {key}: {value} is not a finite number. {_HINT}")
    return given


def load_config(
    file: Path | None = None,
    given: Mapping[str, Any] | None = None,
    working_directory: bool = False,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The configuration, from all its layers.

    Parameters
    ----------
    file
        Given with the command: the last layer but one.
    given
        Values from elsewhere (those that Snakemake was given): the last layer.
    working_directory
        Whether ``config/config.yaml`` and ``config/overrides.yaml`` of the current directory count, as they
        do where the workflow runs.
    environ
        Environment variables; by default the process's.

    Returns
    -------
    dict
        Every section with every key.

    Raises
    ------
    RegistryError
        If a file cannot be read or is wrong.
    """
    from airglow.registry.yaml_files import read_yaml

    files = _of_operator(_CONFIG, environ)
    if working_directory and OF_WORKING_DIRECTORY.exists():
        files.append(OF_WORKING_DIRECTORY)
    if file is not None:
        files.append(file)
    config = _own_config()
    if working_directory and OVERRIDES_OF_WORKING_DIRECTORY.exists():
        config = merged(config, {"registry": {"overrides": str(OVERRIDES_OF_WORKING_DIRECTORY)}})
    for path in files:
        config = merged(config, check_config(read_yaml(path), path))
    return merged(config, check_config(_typed(given), "--configfile or --config"))


def _typed(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What Snakemake was given, with numbers and truth values: of ``--config`` it makes text."""
    from airglow.registry.yaml_files import yaml_value

    sections = config_schema()["properties"]
    typed: dict[str, Any] = {}
    for name, section in (given or {}).items():
        keys = sections.get(name, {}).get("properties", {})
        typed[name] = section
        if isinstance(section, Mapping):
            typed[name] = {
                key: yaml_value(value) if isinstance(value, str) and _is_no_text(keys.get(key)) else value
                for key, value in section.items()
            }
    return typed


def _is_no_text(described: Mapping[str, Any] | None) -> bool:
    return described is not None and described["type"] in ("number", "integer", "boolean")


def registry_of(
    config: Mapping[str, Any], directory: Path | None = None, environ: Mapping[str, str] | None = None
) -> Registry:
    """Sites and instruments, and what was decided by hand, from all layers.

    Parameters
    ----------
    config
        The configuration: files that its section ``registry`` names are a layer over the operator's.
    directory
        Holds ``sites.yaml``, ``instruments.yaml``, ``overrides.yaml`` or several of them: the last layer.
    environ
        As in `load_config`.

    Returns
    -------
    Registry

    Raises
    ------
    RegistryError
        If a file cannot be read or is wrong.
    """
    layers = []
    for name, key in ((_SITES, "sites"), (_INSTRUMENTS, "instruments"), (_OVERRIDES, "overrides")):
        files = [DATA / name, *_of_operator(name, environ)]
        if config["registry"][key] is not None:
            files.append(Path(config["registry"][key]))
        if directory is not None and (directory / name).exists():
            files.append(directory / name)
        layers.append(files)
    if directory is not None and all(files[-1].parent != directory for files in layers):
        names = f"{_SITES}, {_INSTRUMENTS} nor {_OVERRIDES}"
        raise RegistryError(f"{directory}: has neither {names}. Correct --registry")
    return load_registry(*layers)


def _of_operator(name: str, environ: Mapping[str, str] | None) -> list[Path]:
    """The operator's file of that name, if there is one."""
    named = (os.environ if environ is None else environ).get(DIRECTORY_VARIABLE, "")
    directory = Path(named) if named else DIRECTORY
    if named and not directory.is_dir():
        raise RegistryError(
            f"{DIRECTORY_VARIABLE}: there is no directory {directory}. Correct it, or unset it"
        )
    path = directory / name
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        hint = f"Let this account read it, as deploy/install does, or set {DIRECTORY_VARIABLE}"
        raise RegistryError(f"{path}: cannot be read: {error.strerror}. {hint}") from error
    return [path]
