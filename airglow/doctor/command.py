"""Look at all that a run needs, and say of each thing whether it is well, and what to do if not.

Configuration, environment, bucket and its rights, clock, disk, database, locks, systemd units. It changes
nothing: the objects with which it tries the bucket go again.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from airglow.doctor.finding import Finding, Grade, ok, wrong
from airglow.model.errors import AirglowError
from airglow.pipeline.command_head import add_head

_EPILOG = "exit status: 0 if nothing is wrong (warnings are no failure), 1 otherwise"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``doctor``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    add_head(parser, epilog=_EPILOG)
    parser.add_argument("--json", action="store_true", help="the same as JSON: a list of findings")


def run(given: argparse.Namespace) -> int:
    """Look, and print one line for each check.

    Parameters
    ----------
    given
        What `configure` describes.

    Returns
    -------
    int
        Exit status: 1 if anything is wrong.
    """
    findings = []
    for finding in examine(Path.cwd(), os.environ, given.config):
        findings.append(finding)
        if not given.json:
            print(line_of(finding), flush=True)
    if given.json:
        shown = [{**dataclasses.asdict(finding), "grade": finding.grade.value} for finding in findings]
        print(json.dumps(shown, indent=1))
    return 1 if any(finding.grade is Grade.WRONG for finding in findings) else 0


def examine(directory: Path, environ: Mapping[str, str], config: Path | None = None) -> Iterator[Finding]:
    """Make all checks, the quick ones first; one that fails keeps back only what needs it.

    Parameters
    ----------
    directory
        In which runs are made.
    environ
        Environment variables.
    config
        Last layer of the configuration.

    Yields
    ------
    Finding
    """
    from airglow.doctor.bucket import check_bucket
    from airglow.doctor.database import check_catalogue
    from airglow.doctor.machine import check_disk, check_locks
    from airglow.doctor.service import check_units
    from airglow.store import open_store, settings_from_environment

    yield _check_configuration(config)
    yield _check_environment(environ)
    try:
        store = open_store(settings_from_environment(environ), attempts=2)
    except AirglowError as error:
        yield wrong("bucket", str(error), "correct /etc/airglow/environment")
    else:
        try:
            yield from check_bucket(store, lambda: dt.datetime.now(dt.UTC), _prefixes(environ, config))
        except AirglowError as error:
            yield wrong("bucket", str(error), "start this again; if it stays, ask who runs the store")
    yield from check_catalogue(environ)
    try:
        yield from check_disk(directory)
        yield from check_locks(directory)
    except OSError as error:
        yield wrong(
            "disk", f"{error.filename}: {error.strerror}", "look at the disk, and at the account's rights"
        )
    yield from check_units()


def line_of(finding: Finding) -> str:
    """A finding in one line.

    Parameters
    ----------
    finding
        The finding.

    Returns
    -------
    str
        Grade, check, what was seen, and what to do.
    """
    seen = " ".join(finding.seen.split()).rstrip(".")
    action = f". {finding.action[:1].upper()}{finding.action[1:]}" if finding.action else ""
    return f"{finding.grade.value:8}{finding.check}: {seen}{action}"


def _check_configuration(config: Path | None) -> Finding:
    from airglow.registry import load_config, registry_of

    try:
        registry = registry_of(load_config(config, working_directory=True))
    except AirglowError as error:
        return wrong("configuration", str(error), "correct the file that is named; no run starts before")
    instruments, sites = len(registry.instrument_keys), len(registry.sites)
    return ok("configuration", f"all layers are valid: {instruments} instruments, {sites} sites")


def _prefixes(environ: Mapping[str, str], config: Path | None) -> tuple[str, ...]:
    """Where runs write beside their state, as far as environment and configuration say it."""
    from airglow.pipeline.publish import prefixes_from_environment
    from airglow.registry import load_config

    places: list[str] = []
    with contextlib.suppress(AirglowError):  # told by the checks of their own
        places += dataclasses.astuple(prefixes_from_environment(environ))
    with contextlib.suppress(AirglowError):
        places.append(load_config(config, working_directory=True)["pages"]["prefix"])
    return tuple(f"{place.strip('/')}/" for place in dict.fromkeys(places) if place)


def _check_environment(environ: Mapping[str, str]) -> Finding:
    from airglow.pipeline.preflight import missing_variables

    if missing := missing_variables(environ):
        action = "set them in /etc/airglow/environment; deploy/environment.example says what they are"
        return wrong("environment", f"lacks {', '.join(missing)}", action)
    return ok("environment", "every variable that a run needs is set")
