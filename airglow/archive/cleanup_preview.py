"""What a cleanup of a night would delete now, object by object, with the proof of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airglow.archive.cleanup_plan import plan_upload, plan_weather
from airglow.archive.manifest import Manifest, load_manifest
from airglow.archive.proof import prove_archived, prove_loaded, prove_published
from airglow.archive.replaced import still_there
from airglow.archive.weather import list_weather
from airglow.model.errors import AirglowError
from airglow.registry import Registry
from airglow.store import Guard, MissingObject, Store, StoredObject
from airglow.uploads import ONE_DAY, NightId, WeatherFile, is_of_upload


@dataclass(frozen=True)
class RawFate:
    """What would become of a raw object, or of a product that was replaced.

    Parameters
    ----------
    key
        Which object.
    size
        Its size in bytes.
    goes
        Whether it would be deleted.
    why
        By which proof, or why it stays.
    """

    key: str
    size: int
    goes: bool
    why: str


def preview_cleanup(
    store: Store, registry: Registry, night: NightId, listed: Mapping[str, StoredObject], guard: Guard
) -> list[RawFate]:
    """Say what a cleanup of a night would do now: by its own plans and proofs, and without doing it.

    Parameters
    ----------
    store
        The bucket.
    registry
        Sites, for their clocks.
    night
        The night.
    listed
        Everything in ``raw/``, by key.
    guard
        How raw objects are deleted.

    Returns
    -------
    list of RawFate
        Of the upload's objects, of the weather files of its dates, and of products that were replaced. None
        if there are none of them.

    Raises
    ------
    StoreError
        If the bucket does not answer.
    """
    own = {key: found for key, found in listed.items() if is_of_upload(key, night)}
    try:
        manifest = load_manifest(store, night)
        published, loaded = (_sentinel(store, key) for key in (night.published_key, night.loaded_key))
        prove_archived(store, manifest, just_read=True)
        prove_published(store, manifest, published)
        prove_loaded(manifest, loaded, published)
    except AirglowError as problem:
        store.check()  # or it is no verdict on the night
        missing = isinstance(problem, MissingObject)
        why = "the night is not archived" if missing else f"a proof is missing: {problem}"
        return [RawFate(key, found.size, False, why) for key, found in own.items()]

    upload = plan_upload(manifest, listed, guard)
    proof = _proof(manifest, published)
    etags = {read.key: read.etag for read in (*manifest.parts, manifest.receipt)}
    fates = [
        RawFate(key, listed[key].size, True, f"{_as_what(key, manifest)}, ETag {etags[key]}; {proof}")
        for key in upload.keys
    ]
    fates += [RawFate(key, listed[key].size, False, why) for key, why in upload.kept]
    after = {key: found for key, found in listed.items() if key not in upload.keys}
    dates = (night.date, night.date + ONE_DAY)
    weather = plan_weather(store, registry, night.site, dates, after, guard, {night: published})
    archived = list_weather(
        store, night.site, dates, raw=False, kinds={file.kind for file, _ in weather.files}
    )
    fates += [_fate_of_weather(file, listed[file.raw_key], archived) for file, _ in weather.files]
    fates += [RawFate(key, listed[key].size, False, why) for key, why in weather.kept]
    why = "a product of an earlier publication, which the index does not name any more"
    return fates + [RawFate(one.key, one.size, True, why) for one in still_there(store, published, night)]


def _sentinel(store: Store, key: str) -> Mapping[str, Any]:
    return store.get_json(key) or {}


def _as_what(key: str, manifest: Manifest) -> str:
    what = "the receipt" if key == manifest.receipt.key else "a part"
    return f"{what} of manifest {manifest.sha256[:12]}"


def _proof(manifest: Manifest, published: Mapping[str, Any]) -> str:
    files = len(manifest.frames) + len(manifest.others)
    return f"{files} files archived, {len(published['products'])} products published, rows committed"


def _fate_of_weather(file: WeatherFile, found: StoredObject, archived: Mapping[str, StoredObject]) -> RawFate:
    """Of a weather file that no upload needs: it goes once the archive has its bytes."""
    there = archived.get(file.archive_key)
    if there is not None and (there.size, there.etag) == (found.size, found.etag):
        why = f"{file.archive_key} has its ETag {found.etag}"
    elif there is not None and there.size >= found.size:
        why = f"after {file.archive_key} is proven to begin with its bytes"
    else:
        why = f"after it is archived as {file.archive_key}"
    return RawFate(file.raw_key, found.size, True, f"needed by no upload; {why}")
