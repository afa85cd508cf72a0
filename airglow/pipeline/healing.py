"""What a run puts right in the bucket before it plans its nights."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from airglow.archive import DELETION, expire_superseded
from airglow.model.errors import StoreError
from airglow.store import Deletion, Store, known_deletion
from airglow.uploads import Discovery, State, mend_manifests, move_aside


def heal_bucket(store: Store, discovery: Discovery, work: Path, tell: Callable[[str], None]) -> Discovery:
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

    Returns
    -------
    Discovery
        The same, without what is not as it was listed any more.

    Raises
    ------
    StoreError
        If the bucket does not do its part.
    """

    def guard() -> Deletion:
        return known_deletion(store, work / DELETION)

    discovery = mend_manifests(store, discovery)
    if any(report.is_wanted or report.state is State.WAITING for report in discovery.nights):
        with contextlib.suppress(StoreError):  # told by the step that deletes
            guard()
    move_aside(store, discovery.asides, guard, tell)
    expire_superseded(store, discovery.expired, tell)
    return discovery
