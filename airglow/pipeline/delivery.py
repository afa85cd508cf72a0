"""A night's products take the place of earlier ones, in an order that a kill at any moment does not upset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airglow.pipeline.kept import keep_earlier_results
from airglow.pipeline.publish import deliver
from airglow.pipeline.states import is_marked, remove_state
from airglow.store import Store
from airglow.uploads import NightId, mark_pending


def publish_night(
    store: Store,
    plan: Mapping[str, Any],
    folders: Mapping[str, Path],
    states: Path,
    threads: int = 8,
    run: str | None = None,
    why: str = "delivery",
) -> dict[str, Any]:
    """Publish a night: say what of an earlier result stays, mark the night, then replace products and index.

    The night is marked as unfinished before its old index goes, and the index goes before the first product
    is replaced: whoever finds the night between old and new sees that it is. A copy of the old index
    (`airglow.pipeline.publish.delivered_key`) outlives it.

    Parameters
    ----------
    store
        The bucket.
    plan
        As of `airglow.pipeline.publish.plan_delivery`.
    folders
        Where the products are, by tag, under their local names.
    states
        The directory of the mirrors of sentinels (`airglow.pipeline.states`).
    threads
        How many products are sent at once.
    run
        Identifier of the run at hand, which may have marked the night already.
    why
        What the night is marked with otherwise, as of `airglow.uploads.mark_pending`.

    Returns
    -------
    dict
        The index that was written.

    Raises
    ------
    BadInput, StoreError
        As of `keep_earlier_results` and `deliver`. If it is from the former, nothing was changed.
    """
    night = NightId.parse(plan["night"])
    there = {found.key for found in store.list(night.state_prefix)}
    plan = keep_earlier_results(store, plan, there=there)
    if night.cleaned_key in there or not is_marked(night, run, states):
        mark_pending(store, night, why, there)
    # The later ones too: one of an earlier publication must not pass for one of this.
    for state in ("page", "loaded", "published"):
        if f"{night.state_prefix}{state}.json" in there:
            remove_state(store, night, state, states)
    return deliver(store, plan, folders, threads, states=states)
