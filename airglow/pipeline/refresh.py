"""A published night once more from its fits, with the weather files that there are now."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airglow.archive import Manifest, fetch_frames, list_products, load_manifest, with_uploads
from airglow.model.errors import BadInput
from airglow.model.products import FITTED, local_name
from airglow.model.result import ANALYSED, NightResult
from airglow.night import finish_fits, read_fits
from airglow.pipeline.again import Again
from airglow.pipeline.publish import delivered_key, fetch_kinds, read_index
from airglow.pipeline.whole_night import (
    Surroundings,
    bring_weather,
    deliver_night,
    process_night,
    request_of,
    write_tag,
)
from airglow.pipeline.workspace import is_of_archive
from airglow.store import Store
from airglow.uploads import NightId

_ANALYSE_AGAIN = "Analyse the night again"
log = logging.getLogger(__name__)


def renew_night(night: NightId, around: Surroundings) -> dict[str, Any]:
    """Make a published night again with the weather of now: from its fits, or else from its archived frames.

    Killed at any moment and done again, it ends in the same state.

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
    AirglowError
        As of the steps of `airglow.pipeline.whole_night.process_night`.
    """
    try:
        return refresh_night(night, around)
    except BadInput as refusal:
        reason = str(refusal)
    log.warning("%s: analysed again from its archived frames, since %s", night.name, reason)
    try:
        again = Again(_index(around.store, night), "analysed again, from its archived frames")
    except BadInput:  # a night of which nothing is known any more has no history
        again = None
    return process_night(night, around, again)


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
    index = _index(store, night)
    if not is_of_archive(store, index):
        raise BadInput(night.published_key, "is not of the frames in the archive", _ANALYSE_AGAIN)
    if kept := [tag for tag, outcome in index["outcomes"].items() if outcome.get("kept")]:
        reason = f"keeps an earlier result of {', '.join(kept)}"
        raise BadInput(night.published_key, reason, _ANALYSE_AGAIN)
    analysed = [tag for tag, outcome in index["outcomes"].items() if outcome["state"] == ANALYSED]
    fitted = {tag: night.below(around.results) / tag / local_name(FITTED) for tag in analysed}
    _bring_fits(store, night, index, fitted)

    (clouds, weather), manifest = bring_weather(night, store, folder), load_manifest(store, night)
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
            outcome |= {**anew, "weather": with_uploads(anew["weather"], weather)}
            frames = _bring_shown(store, manifest, result, folder / "frames")
            files = [*write_tag(night, around, request, result, outcome, frames), fitted[tag]]
        delivered[tag] = (outcome, files)
    return deliver_night(night, around, delivered, Again(index, "finished again, from its fits"))


def _index(store: Store, night: NightId) -> dict[str, Any]:
    """What is published of a night, or was until a delivery that was interrupted."""
    for key in (night.published_key, delivered_key(night)):
        if (index := store.get_json(key)) is not None:
            return read_index(index, key)
    raise BadInput(night.published_key, "is not there: nothing is published", _ANALYSE_AGAIN)


def _bring_fits(store: Store, night: NightId, index: Mapping[str, Any], fitted: Mapping[str, Path]) -> None:
    """Fetch the fits of all tags with a result, if they are in the bucket as they were published."""

    def place(tag: str, kind: str) -> Path | None:
        return fitted.get(tag) if kind == FITTED else None

    named = [p for p in index["products"] if p["name"].endswith(local_name(FITTED)) and p["tag"] in fitted]
    lacking = sorted(fitted.keys() - {product["tag"] for product in named})
    if lacking or not fitted:
        reason = f"names no fits of {', '.join(lacking or index['outcomes'])}"
        raise BadInput(night.published_key, reason, _ANALYSE_AGAIN)
    if changed := _changed(store, named):
        # As when a new analysis was interrupted while it was delivered.
        raise BadInput(changed, "is not in the bucket as it was published", _ANALYSE_AGAIN)
    fetch_kinds(store, index, place)


def _changed(store: Store, products: Iterable[Mapping[str, Any]]) -> str:
    """Key of a product that is not in the bucket as an index has it; empty if all are."""
    products = list(products)
    listed = list_products(store, products)
    for product in products:
        found = listed.get(product["key"])
        if found is None or (found.size, found.etag) != (product["size"], product.get("etag", found.etag)):
            return product["key"]
    return ""


def _bring_shown(store: Store, manifest: Manifest, result: NightResult, directory: Path) -> Path:
    """Fetch the two frames that a picture shows."""
    from airglow.products.plots.typical import typical_frames  # matplotlib, which fits need not

    shown = typical_frames(result)
    frames = tuple(frame for frame in manifest.frames if frame.name in shown)
    fetch_frames(store, replace(manifest, frames=frames), directory)
    return directory
