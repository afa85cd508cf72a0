"""A whole night in one process, by the functions that the rules of the workflow call one by one.

For many nights at once, where a process for each step would cost more than the step. The bucket and the
database end as after the workflow. Nothing here keeps two runs on one night apart: that is for the caller.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airglow.archive import (
    Manifest,
    UnpackLimits,
    archive_weather,
    fetch_weather,
    load_manifest,
    with_uploads,
)
from airglow.catalogue import DatabaseSettings
from airglow.model.errors import AirglowError, StoreError
from airglow.model.files import write_whole
from airglow.model.products import DEFAULT_KINDS, FITTED, GROUPS, local_name
from airglow.model.result import NightResult
from airglow.night import AnalysisSettings, NightRequest, analyse_frames
from airglow.pipeline.again import Again, continued_history, what_was_done
from airglow.pipeline.archiving import archive_upload
from airglow.pipeline.delivery import publish_night
from airglow.pipeline.finishing import finish_night
from airglow.pipeline.loading import load_published
from airglow.pipeline.mending import bring_frames_surely, cleanup_surely, read_archived
from airglow.pipeline.publish import ProductPrefixes, plan_delivery
from airglow.pipeline.states import put_state
from airglow.pipeline.tidying import remove_earlier_products
from airglow.pipeline.workspace import OUTCOME, published_results
from airglow.products import Beside, read_netcdf, write_kinds
from airglow.registry import Registry
from airglow.store import Store, guard_of, json_bytes
from airglow.uploads import WEATHER, NightId, mark_pending

PageWriter = Callable[[Store, Mapping[str, Any], Sequence[NightResult]], Mapping[str, Any]]


@dataclass(frozen=True)
class Surroundings:
    """What a night needs beside its data.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites and instruments.
    config
        The configuration, as `airglow.registry.load_config` gives it.
    prefixes
        Where in the bucket products go.
    database
        Of the database.
    work
        Directory for what is of no use afterwards, and for the mirrors of sentinels (``states``).
    results
        Directory for the results of the tags.
    write_page
        Writes the page of the night from the index and the results of its tags, and says what it did; None if
        there are no pages.
    run
        Identifier of the run at hand, which may have marked the night already; None if there is none.
    log
        Key of the log of this attempt in the bucket; empty if there is none.
    """

    store: Store
    registry: Registry
    config: Mapping[str, Any]
    prefixes: ProductPrefixes
    database: DatabaseSettings
    work: Path
    results: Path
    write_page: PageWriter | None = None
    run: str | None = None
    log: str = ""


def process_night(night: NightId, around: Surroundings, again: Again | None = None) -> dict[str, Any]:
    """Do all that the workflow does with a night: from its parts, or its archive, to the cleanup.

    Parameters
    ----------
    night
        The night. With a manifest in the bucket it is analysed from its archive, without one from its upload.
    around
        What it needs.
    again
        The night as it was, if it is made again for its weather.

    Returns
    -------
    dict
        The index of its products, as published.

    Raises
    ------
    AirglowError
        As of the steps. What was done until then stays, and the next attempt goes on from there.
    """
    store, folder = around.store, night.below(around.work)
    manifest = _archived(night, around)
    frames = folder / "frames"
    archive, threads = archiving(night, around), around.config["archive"]["threads"]
    manifest = bring_frames_surely(store, manifest, frames, folder / "unpacked", archive, threads)
    clouds, weather = bring_weather(night, store, folder)

    instrument = around.registry.instrument(night.instrument, night.date)
    analysed = {
        tag: _analyse(night, tag, around, manifest, frames, clouds, weather)
        for tag in instrument.expected_tags
    }
    return deliver_night(night, around, analysed, again)


def deliver_night(
    night: NightId,
    around: Surroundings,
    analysed: Mapping[str, tuple[dict[str, Any], list[Path]]],
    again: Again | None = None,
) -> dict[str, Any]:
    """Publish a night that was analysed, load it, write its page and clean up.

    Parameters
    ----------
    night
        The night.
    around
        What it needs.
    analysed
        Outcome and products of each tag.
    again
        As for `process_night`.

    Returns
    -------
    dict
        The index of its products, as published.

    Raises
    ------
    AirglowError
        As of the steps.
    """
    store, states = around.store, around.work / "states"
    folder = night.below(around.work)
    instrument = around.registry.instrument(night.instrument, night.date)
    outcomes = {tag: outcome for tag, (outcome, _) in analysed.items()}
    files = {tag: paths for tag, (_, paths) in analysed.items()}
    plan = plan_delivery(night, instrument, outcomes, files, around.prefixes)
    if again is not None:
        plan["history"] = continued_history(again, outcomes)
    folders = {tag: night.below(around.results) / tag for tag in outcomes}
    why = WEATHER if again is not None else "delivery"
    index = publish_night(store, plan, folders, states, around.config["archive"]["threads"], around.run, why)
    try:
        _finish(night, around, index, again)
    except AirglowError:
        with contextlib.suppress(AirglowError):  # the first error is the one to tell
            if store.head(night.pending_key) is None:  # a run elsewhere was at work on the same night
                mark_pending(store, night, "delivery")
        raise
    shutil.rmtree(folder)  # of many nights, the frames would fill the disk
    return index


def _finish(night: NightId, around: Surroundings, index: Mapping[str, Any], again: Again | None) -> None:
    """Load a night that is published, write its page and clean up."""
    store, states, folder = around.store, around.work / "states", night.below(around.work)
    results = published_results(store, index, folder / "load", night.below(around.results))
    loaded = _load(night, around, index, results)
    put_state(store, night, "loaded", loaded, states)
    if around.write_page is not None:
        written = around.write_page(store, index, results)
        page = {**written, "manifest_sha256": index["manifest_sha256"]}
        put_state(store, night, "page", page, states)
    settings = around.config["archive"]
    cleanup = cleanup_surely(
        store, around.registry, load_manifest(store, night), index, loaded, archiving(night, around),
        guard_of(store, settings, around.work), settings["keep_superseded_days"], states,
    )  # fmt: skip
    if (store.get_json(night.published_key), store.get_json(night.loaded_key)) != (index, loaded):
        raise StoreError(f"{night.name}: another run has published it meanwhile. The next run does it again")
    finish_night(store, night, cleanup, index, states, log=around.log, reason=what_was_done(again, index))


def bring_weather(night: NightId, store: Store, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Archive the weather files of a night's site and dates, and fetch them.

    Parameters
    ----------
    night
        The night.
    store
        The bucket.
    folder
        Of the night's temporary files.

    Returns
    -------
    clouds
        Folder with the files.
    record
        Which they are, as of `airglow.archive.archive_weather`.
    """
    clouds = folder / "clouds"
    record = archive_weather(store, night.site, night.date, directory=clouds)
    fetch_weather(store, record, clouds)
    return clouds, record


def _archived(night: NightId, around: Surroundings) -> Manifest:
    """The manifest of a night, which is archived first if it is not."""
    if around.store.head(night.manifest_key) is not None:
        at_hand = night.below(around.work) / "manifest.json"
        return read_archived(around.store, night, at_hand, around.work / "states")[0]
    return archiving(night, around)()


def archiving(night: NightId, around: Surroundings) -> Callable[[], Manifest]:
    """What archives the upload of a night when it is called.

    Parameters
    ----------
    night
        The night.
    around
        What it needs.

    Returns
    -------
    callable
        Returns the manifest.
    """
    settings, folder = around.config["archive"], night.below(around.work)
    return partial(
        archive_upload, around.store, night, folder, folder / "unpacked", around.work / "states",
        UnpackLimits.from_settings(settings), settings["threads"],
        keep_superseded_days=settings["keep_superseded_days"],
    )  # fmt: skip


def _analyse(
    night: NightId,
    tag: str,
    around: Surroundings,
    manifest: Manifest,
    frames: Path,
    clouds: Path,
    weather: Mapping[str, Any],
) -> tuple[dict[str, Any], list[Path]]:
    """The outcome of a tag, and its products as the configuration wants them."""
    request = request_of(night, tag, around)
    fitted = night.below(around.results) / tag / local_name(FITTED)
    sha256 = {frame.name: frame.sha256 for frame in manifest.frames}
    result, outcome = analyse_frames(
        frames, clouds, request, sha256=sha256, manifest_hash=manifest.sha256, fitted=fitted
    )
    named = with_uploads(outcome["weather"], weather)
    outcome = {**outcome, "weather": named, "manifest_sha256": manifest.sha256}
    return outcome, [*write_tag(night, around, request, result, outcome, frames), fitted]


def request_of(night: NightId, tag: str, around: Surroundings) -> NightRequest:
    """The request to analyse a tag of a night, by the registry and the configuration.

    Parameters
    ----------
    night
        The night.
    tag
        The tag.
    around
        What it needs.

    Returns
    -------
    NightRequest
    """
    site = around.registry.site(night.site)
    instrument = around.registry.instrument(night.instrument, night.date)
    settings = AnalysisSettings.from_mapping(around.config["analysis"])
    return NightRequest(instrument, site, night.date, tag, settings)


def write_tag(
    night: NightId,
    around: Surroundings,
    request: NightRequest,
    result: NightResult,
    outcome: Mapping[str, Any],
    frames: Path,
) -> list[Path]:
    """Write the products of a tag as the configuration wants them, and its outcome beside them.

    Parameters
    ----------
    night, around, request
        The night, what it needs, and what was asked of the analysis.
    result, outcome
        What it came to.
    frames
        Folder of the frames that a picture shows.

    Returns
    -------
    list of Path
        The products that are made from the result.
    """
    folder = night.below(around.results) / request.tag
    folder.mkdir(parents=True, exist_ok=True)
    remove_earlier_products(folder, (FITTED,))
    products = around.config["products"]
    kinds = [
        *(kind for kind in DEFAULT_KINDS if kind != FITTED),
        *(GROUPS["legacy"] if products["legacy_npz"] else ()),
        *(GROUPS["pdf"] if products["paper_plots"] else ()),
    ]
    paths = {kind: folder / local_name(kind) for kind in kinds}
    first = {"netcdf": paths.pop("netcdf")}
    beside = Beside(frames, request.site, request.instrument)
    write_kinds(result, first, beside)
    # From the file, as the rules do: what a reader of the file sees is what the plots show.
    write_kinds(read_netcdf(first["netcdf"]), paths, beside)
    write_whole(folder / OUTCOME, json_bytes(outcome))
    return [*first.values(), *paths.values()]


def _load(
    night: NightId, around: Surroundings, index: Mapping[str, Any], results: Sequence[NightResult]
) -> dict[str, Any]:
    """Load the night into the database; what is to be on record of it."""
    site = around.registry.site(night.site)
    instrument = around.registry.instrument(night.instrument, night.date)
    attempts = around.config["database"]["attempts"]
    return load_published(around.database, index, results, site, instrument, attempts)
