"""What a run puts right in the bucket before it plans its nights."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from airglow.archive import expire_superseded
from airglow.model.errors import StoreError
from airglow.store import Guard, Store, finish_deletions, guard_of
from airglow.uploads import Discovery, State, mend_manifests, mend_markers, move_aside


def heal_bucket(
    store: Store,
    discovery: Discovery,
    work: Path,
    tell: Callable[[str], None],
    settings: Mapping[str, Any],
) -> Discovery:
    """Mend manifests, clear out of ``raw/`` what is of no use there, and delete what was kept long enough.

    To be called after `airglow.uploads.take_up`. Costs nothing where there is nothing to do, but for the
    first time in a month: then it finds out how the store guards deletions, before a night needs that.

    Parameters
    ----------
    store
        The bucket.
    discovery
        What `airglow.uploads.scan` found.
    work
        The workflow's directory for temporary files.
    tell
        Takes a line for people for each night of which something was moved or deleted.
    settings
        The section ``archive`` of the configuration, or so much of it as has ``quarantine_hours``.

    Returns
    -------
    Discovery
        The same, without what is not as it was listed any more.

    Raises
    ------
    StoreError
        If the bucket does not do its part.
    """

    @cache
    def guard() -> Guard:
        return guard_of(store, settings, work)

    mend_markers(store, discovery.unreadable, tell)
    finish_deletions(store, discovery.deletions, tell)
    discovery = mend_manifests(store, discovery)
    if any(report.is_wanted or report.state is State.WAITING for report in discovery.nights):
        with contextlib.suppress(StoreError):  # told by the step that deletes
            guard()
    move_aside(store, discovery.asides, guard, tell)
    expire_superseded(store, discovery.expired, tell)
    return discovery
