"""A published night once more from its fits, with the weather files that there are now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from airglow.archive import Manifest, fetch_frames, load_manifest
from airglow.model.errors import BadInput
from airglow.model.products import FITTED, local_name
from airglow.model.result import ANALYSED, NightResult
from airglow.night import finish_fits, read_fits
from airglow.pipeline.publish import fetch_kinds, read_index
from airglow.pipeline.whole_night import Surroundings, bring_weather, deliver_night, request_of, write_tag
from airglow.pipeline.workspace import is_of_archive
from airglow.store import Store
from airglow.uploads import NightId

_ANALYSE_AGAIN = "Analyse the night again"


def refresh_night(night: NightId, around: Surroundings) -> dict[str, Any]:
    """Finish a published night again from its fits, and deliver it.

    The bucket and the database end as after a new analysis. Of the frames only those that a picture shows
    are fetched. Nothing here keeps two runs on one night apart: that is for the caller.

    Parameters
    ----------
    night
        The night.
    around
        What it needs.

    Returns
    -------
    dict
        The index of its products, as published.

    Raises
    ------
    BadInput
        If nothing is published of the night, it has no fits, or they do not hold any more: other frames,
        code, settings or registry. Nothing was changed then.
    AirglowError
        As of the steps of `airglow.pipeline.whole_night.process_night`.
    """
    store, folder = around.store, night.below(around.work)
    index = read_index(store.get_json(night.published_key), night.published_key)
    if not is_of_archive(store, index):
        raise BadInput(night.published_key, "is not of the frames in the archive", _ANALYSE_AGAIN)
    analysed = [tag for tag, outcome in index["outcomes"].items() if outcome["state"] == ANALYSED]
    results = night.below(around.results)
    fitted = {tag: results / tag / local_name(FITTED) for tag in analysed}
    fetched = fetch_kinds(store, index, lambda tag, kind: fitted[tag] if kind == FITTED else None)
    lacking = [tag for tag in analysed if fitted[tag] not in fetched]
    if lacking or not analysed:
        reason = f"names no fits of {', '.join(lacking or index['outcomes'])}"
        raise BadInput(night.published_key, reason, _ANALYSE_AGAIN)

    clouds, manifest = bring_weather(night, store, folder), load_manifest(store, night)
    finished = {}
    for tag, path in fitted.items():
        fits, request = read_fits(path), request_of(night, tag, around)
        finished[tag] = (request, *finish_fits(fits, clouds, request))
    delivered = {}
    for tag, outcome in index["outcomes"].items():
        outcome = {name: value for name, value in outcome.items() if name != "products"}
        files: list[Path] = []
        if tag in finished:
            request, result, anew = finished[tag]
            outcome |= anew
            frames = _bring_shown(store, manifest, result, folder / "frames")
            files = [*write_tag(night, around, request, result, outcome, frames), fitted[tag]]
        delivered[tag] = (outcome, files)
    return deliver_night(night, around, delivered)


def _bring_shown(store: Store, manifest: Manifest, result: NightResult, directory: Path) -> Path:
    """Fetch the two frames that a picture shows."""
    from airglow.products.plots.typical import typical_frames  # matplotlib, which fits need not

    shown = typical_frames(result)
    frames = tuple(frame for frame in manifest.frames if frame.name in shown)
    fetch_frames(store, replace(manifest, frames=frames), directory)
    return directory
