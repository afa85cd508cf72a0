"""What is told at the end of a run: where the nights stand, here, in the database and on the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airglow.model.errors import AirglowError
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages
from airglow.pipeline.closing import Closed
from airglow.pipeline.database_mirror import mirror_in_database
from airglow.pipeline.rows import report
from airglow.pipeline.status import describe_others
from airglow.pipeline.table import Row
from airglow.store import Store, remembered_deletion
from airglow.store.guard import DELETION
from airglow.uploads import RAW


def after_run(
    closed: Closed,
    store: Store,
    settings: Mapping[str, Any],
    work: Path,
    say: Callable[[str], None] = print,
) -> None:
    """Tell where every night stands, and bring database and pages up to date with it.

    Nothing that goes wrong here fails the run: the nights are done and on record, and the next run makes it
    good. It is told.

    Parameters
    ----------
    closed
        How the run ended.
    store
        The bucket.
    settings
        Of the pages, as an operator writes them.
    work
        The workflow's directory for temporary files.
    say
        Is given what to tell.
    """
    say(report(closed.discovery, closed.rows))
    for problem in [*closed.problems, *mirror_in_database(closed, store)]:
        say(problem)
    table = _shown(closed) if closed.discovery else None
    for problem in _renew_pages(store, settings, work, table):
        say(f"The pages are not up to date: {problem}")


def _shown(closed: Closed) -> list[Row]:
    """Rows for the pages: those of nights, and one for the objects of other instruments.

    Their counts are as of the last change of anything else, as in the table: a count alone is no news.
    """
    others = dict(closed.discovery.others) if closed.discovery else {}
    if others.keys() == closed.before.others.keys():
        others = dict(closed.before.others)
    if not others:
        return closed.rows
    return [*closed.rows, Row(RAW, "left alone", describe_others(others), None)]


def _renew_pages(store: Store, settings: Mapping[str, Any], work: Path, table: list[Row] | None) -> list[str]:
    """Bring the pages up to date; returns what went wrong."""
    try:
        deletion = remembered_deletion(store, work / DELETION)
        return update_pages(store, PagesSettings(**settings), table, deletion=deletion)["problems"]
    except AirglowError as error:
        return [str(error)]
    except Exception as error:  # pages are no reason for the run to fail
        return [f"unexpected {type(error).__name__}: {error}"]
