"""What is told at the end of a run: where the nights stand, here and on the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages
from airglow.pipeline import status
from airglow.pipeline.failures import failures
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.store import Store


def after_run(
    work: Path, store: Store, settings: Mapping[str, Any], say: Callable[[str], None] = print
) -> None:
    """Tell where every night stands, and bring the pages of all nights up to date.

    Nothing that goes wrong here fails the run: the nights are done and on record, and the next run makes it
    good. It is told.

    Parameters
    ----------
    work
        The workflow's directory for temporary files.
    store
        The bucket.
    settings
        Of the pages, as an operator writes them.
    say
        Is given what to tell.
    """
    try:
        discovery = last_discovery(work / DISCOVERY)
    except AirglowError as error:
        discovery = None
        say(f"It is not known which nights wait: {error}")
    failed = failures(work)
    try:
        table = status.rows(discovery, failed, store, work / "states")
    except AirglowError as error:
        say(status.report(discovery, status.rows(discovery, failed)))
        say(f"The bucket could not be asked how far they are: {error}")
        return
    say(status.report(discovery, table))
    for problem in _renew_pages(store, settings, table if discovery else None):
        say(f"The pages are not up to date: {problem}")


def _renew_pages(store: Store, settings: Mapping[str, Any], table: list[status.Row] | None) -> list[str]:
    """Bring the pages up to date; returns what went wrong."""
    try:
        return update_pages(store, PagesSettings(**settings), table)["problems"]
    except AirglowError as error:
        return [str(error)]
    except Exception as error:  # pages are no reason for the run to fail
        return [f"unexpected {type(error).__name__}: {error}"]
