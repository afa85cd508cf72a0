"""Raw objects go only after proof, and only while they are what was read."""

import datetime as dt
import zoneinfo
from pathlib import Path

import pytest
from known import known_registry
from uploading import (
    MINIME05,
    MINIME13,
    archive_night,
    cut,
    deliver,
    keys,
    pack,
    part_key,
    receipt,
    send,
)

from airglow.archive import (
    NotLoaded,
    archive_weather,
    cleanup_night,
    cleanup_weather,
    products_digest,
    read_manifest,
)
from airglow.model.errors import StoreError
from airglow.store import Store, open_store, settings_from_environment
from airglow.uploads import NightId, clear_pending, cloud_file

REGISTRY = known_registry()
CLOUDS = "raw/Cloud_uao_20260429.txt"
NEXT_CLOUDS = "raw/Cloud_uao_20260430.txt"
UNRECOGNISED = [
    f"raw/{MINIME05.upload}.{end}" for end in ("tar.gz", "tar.gz.md5", "tar.gz0000001", "txt.part")
]


def _finish(store: Store, night: NightId, directory: Path):
    """A night as it is before its cleanup: manifest, published, loaded."""
    send(store, night)
    archive_weather(store, night.site, night.date)
    manifest = archive_night(store, night, directory)
    return manifest, *deliver(store, manifest)


def _clean_up(store: Store, *night) -> str:
    """Clean up a night; returns why it was refused, or an empty text."""
    try:
        cleanup_night(store, REGISTRY, *night)
    except StoreError as refused:
        return str(refused)
    return ""


def _reasons(record: dict) -> dict[str, str]:
    return {kept["key"]: kept["reason"] for kept in record["kept"]}


def test_a_night_that_is_done_leaves_nothing_in_raw(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    before = set(keys(store))
    record = cleanup_night(store, REGISTRY, *night)
    assert record["deleted"] == [*[part_key(MINIME05, n) for n in range(3)], MINIME05.receipt_key, CLOUDS]
    assert record["kept"] == []
    assert (record["night"], record["manifest_sha256"]) == (MINIME05.name, night[0].sha256)
    assert before - set(keys(store)) == set(record["deleted"])
    assert keys(store, "raw/") == []


def test_a_second_cleanup_is_no_error(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    cleanup_night(store, REGISTRY, *night)
    record = cleanup_night(store, REGISTRY, *night)
    assert (record["deleted"], record["kept"]) == ([], [])


def _lose_frame(store: Store, manifest) -> str:
    store.delete(manifest.frames[1].key)
    return f"{manifest.frames[1].key}: not in the bucket"


def _change_frame(store: Store, manifest) -> str:
    store.put_bytes(manifest.frames[1].key, bytes(manifest.frames[1].size))
    return f"{manifest.frames[1].key}: other contents in the bucket than in the manifest"


def _cut_frame(store: Store, manifest) -> str:
    store.put_bytes(manifest.frames[1].key, b"x")
    return f"{manifest.frames[1].key}: 1 bytes in the bucket, 2,048 in the manifest"


def _lose_manifest(store: Store, manifest) -> str:
    store.delete(manifest.night.manifest_key)
    return f"{manifest.night.manifest_key}: not in the bucket"


def _change_manifest(store: Store, manifest) -> str:
    store.put_bytes(manifest.night.manifest_key, b"{}")
    return f"{manifest.night.manifest_key}: another manifest is in the bucket"


def _lose_product(store: Store, manifest) -> str:
    store.delete("results/2026/minime05_uao_20260429.nc")
    return "results/2026/minime05_uao_20260429.nc: not in the bucket. Nothing was deleted; publish"


def _change_product(store: Store, manifest) -> str:
    store.put_bytes("results/2026/minime05_uao_20260429.nc", b"other")
    return "results/2026/minime05_uao_20260429.nc: not in the bucket as it was published"


@pytest.mark.parametrize(
    "spoil",
    [
        _lose_frame,
        _change_frame,
        _cut_frame,
        _lose_manifest,
        _change_manifest,
        _lose_product,
        _change_product,
    ],
)
def test_without_proof_nothing_is_deleted(store: Store, tmp_path: Path, spoil):
    night = _finish(store, MINIME05, tmp_path)
    reason = spoil(store, night[0])
    before = keys(store)
    refused = _clean_up(store, *night)
    assert keys(store) == before
    assert reason in refused
    assert "Nothing was deleted" in refused


@pytest.mark.parametrize(
    ("published", "loaded", "reason"),
    [
        ({"manifest_sha256": "0" * 64}, {}, "published.json: not of the manifest"),
        ({"products": None}, {}, "published.json: not an index of products"),
        ({"products": [{"key": "results/x.nc"}]}, {}, "published.json: not an index of products"),
        ({}, {"manifest_sha256": "0" * 64}, "loaded.json: not of the manifest"),
        ({}, {"manifest_sha256": None}, "loaded.json: not of the manifest"),
    ],
)
def test_records_of_another_manifest_prove_nothing(store: Store, tmp_path: Path, published, loaded, reason):
    manifest, is_published, is_loaded = _finish(store, MINIME05, tmp_path)
    refused = _clean_up(store, manifest, {**is_published, **published}, {**is_loaded, **loaded})
    assert len(keys(store, "raw/")) == 5
    assert reason in refused


def test_rows_of_other_products_prove_nothing(store: Store, tmp_path: Path):
    """Two machines with other settings: one published after the other, and loaded before it."""
    manifest, published, loaded = _finish(store, MINIME05, tmp_path)
    mine = {**loaded, "products_sha256": products_digest(published)}
    other = {**published, "products": [{**published["products"][0], "etag": "of other settings"}]}
    theirs = {**loaded, "products_sha256": products_digest(other)}
    before = keys(store)
    with pytest.raises(NotLoaded, match=r"loaded\.json: of other products than those that are published"):
        cleanup_night(store, REGISTRY, manifest, published, theirs)
    assert keys(store) == before
    assert cleanup_night(store, REGISTRY, manifest, published, mine)["deleted"]


def test_the_time_of_a_publication_is_no_part_of_its_products():
    """The same settings elsewhere come to the same products, and the rows are of both."""
    index = {
        "products": [{"key": "a", "size": 1}],
        "outcomes": {"XR": {"state": "analysed", "analysis_s": 3.0}},
    }
    again = {**index, "made_at": "later", "outcomes": {"XR": {"state": "analysed", "analysis_s": 4.0}}}
    assert products_digest(index) == products_digest(again)
    other = {**index, "outcomes": {"XR": {"state": "no frames"}}}
    assert products_digest(index) != products_digest(other)


def _replaced(store: Store, published: dict, key: str, data: bytes = b"of before") -> dict:
    """The index of a publication after one that had another product, too."""
    etag = store.put_bytes(key, data)
    return {**published, "replaced": [{"key": key, "size": len(data), "etag": etag}]}


def test_products_that_the_index_does_not_name_any_more_go_with_the_cleanup(store: Store, tmp_path: Path):
    manifest, published, loaded = _finish(store, MINIME05, tmp_path)
    key = f"images/2026/{MINIME05.name}_xr_winds.pdf"
    record = cleanup_night(store, REGISTRY, manifest, _replaced(store, published, key), loaded)
    assert record["products_deleted"] == [key]
    assert store.head(key) is None
    assert store.head(published["products"][0]["key"]) is not None
    assert "products_deleted" not in cleanup_night(store, REGISTRY, manifest, published, loaded)


@pytest.mark.parametrize(
    "key", ["raw/fpi05_uao_20260429.txt", "results/2026/minime05_uao_20260430_xr.nc", MINIME05.published_key]
)
def test_no_index_can_have_anything_else_deleted(store: Store, tmp_path: Path, key: str):
    manifest, published, loaded = _finish(store, MINIME05, tmp_path)
    published = _replaced(store, published, key, store.get_bytes(key) if store.head(key) else b"x")
    cleanup_night(store, REGISTRY, manifest, published, loaded)
    assert (store.head(key) is not None) is not key.startswith("raw/")


def test_a_replaced_product_that_is_another_one_now_stays(store: Store, tmp_path: Path):
    manifest, published, loaded = _finish(store, MINIME05, tmp_path)
    key = f"images/2026/{MINIME05.name}_xr_winds.pdf"
    published = _replaced(store, published, key)
    store.put_bytes(key, b"put there by somebody")
    cleanup_night(store, REGISTRY, manifest, published, loaded)
    assert store.get_bytes(key) == b"put there by somebody"


def test_a_file_that_is_no_frame_is_proven_too(store: Store, tmp_path: Path):
    send(store, MINIME05, pack({"n/UAO_X_20260429_220000_001.img": b"x", "n/notes.txt": b"notes"}))
    manifest = archive_night(store, MINIME05, tmp_path)
    store.delete(f"{MINIME05.frames_prefix}other/notes.txt")
    before = keys(store, "raw/")
    refused = _clean_up(store, manifest, *deliver(store, manifest))
    assert keys(store, "raw/") == before
    assert "other/notes.txt: not in the bucket" in refused


@pytest.mark.parametrize("key", [part_key(MINIME05, 1), part_key(MINIME05, 3), MINIME05.receipt_key])
def test_another_upload_that_began_is_kept_whole(store: Store, tmp_path: Path, key: str):
    night = _finish(store, MINIME05, tmp_path)
    store.put_bytes(key, b"new")
    before = keys(store, "raw/")
    record = cleanup_night(store, REGISTRY, *night)
    assert record["deleted"] == []
    assert keys(store, "raw/") == before
    reasons = _reasons(record)
    assert reasons[key] == f"{key} is not what was archived: another upload is under way"
    assert reasons[CLOUDS] == "needed by minime05_uao_20260429"


def test_unrecognised_objects_beside_the_parts_are_no_other_upload_and_stay(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    for key in UNRECOGNISED:
        store.put_bytes(key, b"?")
    record = cleanup_night(store, REGISTRY, *night)
    assert keys(store, "raw/") == UNRECOGNISED
    assert record["kept"] == []


def test_unrecognised_objects_beside_a_collection_error_need_no_clouds(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    store.put_bytes(MINIME13.receipt_key, receipt(MINIME13, 0, 0))
    store.put_bytes(f"{MINIME13.receipt_key}.md5", b"?")
    cleanup_night(store, REGISTRY, *night)
    assert store.head(CLOUDS) is None


@pytest.mark.parametrize(("key", "stays"), [(part_key(MINIME05, 1), 2), (MINIME05.receipt_key, 1)])
def test_an_object_that_changes_during_the_cleanup_is_kept(
    store: Store, s3, tmp_path: Path, key: str, stays: int
):
    night = _finish(store, MINIME05, tmp_path)
    other = open_store(settings_from_environment(s3.environment(store.bucket)))

    def upload(model, params, **_):
        if model.name == "DeleteObject" and params["url_path"].endswith(key):
            other.put_bytes(key, b"new")

    store.client.meta.events.register("before-call.s3", upload)
    record = cleanup_night(store, REGISTRY, *night)
    assert _reasons(record)[key] == "uploaded again while the night was cleaned up"
    assert other.get_bytes(key) == b"new"
    assert len(keys(other, MINIME05.raw_prefix)) == stays  # with the receipt, as long as a part is there


def test_a_part_that_comes_during_the_cleanup_is_kept_where_the_server_knows_no_condition(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Ceph takes no notice of If-Match on DELETE: so the upload is looked at again right before."""
    night = _finish(store, MINIME05, tmp_path)
    key, look = part_key(MINIME05, 1), Store.list

    def look_and_be_late(self: Store, prefix: str, *more: str):
        found = look(self, prefix, *more)
        if prefix == "raw/":
            store.put_bytes(key, b"new")
        return found

    monkeypatch.setattr(Store, "list", look_and_be_late)
    store.client.meta.events.register(
        "before-parameter-build.s3.DeleteObject", lambda params, **_: params.pop("IfMatch", None)
    )
    record = cleanup_night(store, REGISTRY, *night)
    assert store.get_bytes(key) == b"new"
    assert _reasons(record)[key] == "uploaded again while the night was cleaned up"
    assert store.head(MINIME05.receipt_key) is not None


def test_clouds_stay_for_another_instrument_of_the_site(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path / "05")
    other = _finish(store, MINIME13, tmp_path / "13")
    record = cleanup_night(store, REGISTRY, *night)
    assert _reasons(record) == {CLOUDS: "needed by minime13_uao_20260429"}
    clear_pending(store, MINIME05)  # it is done
    assert cleanup_night(store, REGISTRY, *other)["deleted"][-1] == CLOUDS


@pytest.mark.parametrize(
    ("other", "parts", "stays"),
    [
        ("minime13_uao_20260428", 1, True),  # its hours after midnight
        ("minime13_uao_20260429", 1, True),
        ("minime77_uao_20260429", 1, True),  # until somebody says what that is
        ("minime13_uao_20260427", 1, False),
        ("minime13_uao_20260430", 1, False),
        ("minime11_low_20260429", 1, False),
        ("minime13_uao_20260429", 0, False),  # a collection error has no use for it
    ],
)
def test_who_needs_the_clouds(store: Store, tmp_path: Path, other: str, parts: int, stays: bool):
    night = _finish(store, MINIME05, tmp_path)
    needing = NightId.parse(other)
    store.put_bytes(needing.receipt_key, receipt(needing, parts, parts * 100))
    cleanup_night(store, REGISTRY, *night)
    assert (store.head(CLOUDS) is not None) is stays


def test_a_part_without_its_receipt_needs_the_clouds(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    store.put_bytes(part_key(MINIME13, 0), b"x")
    cleanup_night(store, REGISTRY, *night)
    assert store.head(CLOUDS) is not None


def test_clouds_of_the_next_date_go_too_when_complete(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    store.put_bytes(NEXT_CLOUDS, b"the whole next day\n")
    store.put_bytes("raw/TempL00_uao_20260430.txt", b"1,2\n")
    record = cleanup_night(store, REGISTRY, *night)
    assert keys(store, "raw/") == []
    assert {NEXT_CLOUDS, "raw/TempL00_uao_20260430.txt"} < set(record["deleted"])
    assert store.get_bytes(cloud_file("uao", dt.date(2026, 4, 30)).archive_key) == b"the whole next day\n"
    assert store.get_bytes("templogs/uao/2026/TempL00_uao_20260430.txt") == b"1,2\n"


def test_a_file_of_a_day_that_is_not_over_stays(store: Store, tmp_path: Path):
    """It is uploaded again, complete, when the day is over at the site."""
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    night = NightId("minime05", "uao", today - dt.timedelta(days=1))
    done = _finish(store, night, tmp_path)
    partial = cloud_file("uao", today).raw_key
    store.put_bytes(partial, b"half a day\n")
    record = cleanup_night(store, REGISTRY, *done)
    assert keys(store, "raw/") == [partial]
    assert "can be a partial file" in _reasons(record)[partial]


def test_clouds_that_were_uploaded_again_are_archived_before_they_go(store: Store, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    longer = store.get_bytes(CLOUDS) + b"and the evening\n"
    store.put_bytes(CLOUDS, longer)
    cleanup_night(store, REGISTRY, *night)
    assert store.head(CLOUDS) is None
    assert store.get_bytes(cloud_file("uao", MINIME05.date).archive_key) == longer


def test_clouds_that_change_during_the_cleanup_stay(store: Store, s3, tmp_path: Path):
    night = _finish(store, MINIME05, tmp_path)
    other = open_store(settings_from_environment(s3.environment(store.bucket)))

    def upload(model, params, **_):
        if model.name == "DeleteObject" and params["url_path"].endswith(CLOUDS):
            other.put_bytes(CLOUDS, b"new")

    store.client.meta.events.register("before-call.s3", upload)
    record = cleanup_night(store, REGISTRY, *night)
    assert _reasons(record) == {CLOUDS: "uploaded again while the night was cleaned up"}
    assert other.get_bytes(CLOUDS) == b"new"


def test_leftover_weather(store: Store):
    store.put_bytes(CLOUDS, b"complete\n")
    store.put_bytes(NEXT_CLOUDS, b"complete\n")
    record = cleanup_weather(store, REGISTRY, "uao", MINIME05.date)
    assert record["deleted"] == [CLOUDS]
    assert keys(store) == [cloud_file("uao", MINIME05.date).archive_key, NEXT_CLOUDS]
    assert cleanup_weather(store, REGISTRY, "uao", MINIME05.date)["deleted"] == []


def test_leftover_weather_that_is_needed_after_all(store: Store):
    store.put_bytes(CLOUDS, b"complete\n")
    store.put_bytes(part_key(MINIME13, 0), cut(pack())[0])
    record = cleanup_weather(store, REGISTRY, "uao", MINIME05.date)
    assert _reasons(record) == {CLOUDS: "needed by minime13_uao_20260429"}
    assert store.head(CLOUDS) is not None


def test_a_manifest_cannot_name_what_is_not_raw_for_deletion(store: Store, tmp_path: Path):
    """Only objects of the night's own upload are deleted, whatever the manifest names."""
    import dataclasses

    manifest, published, loaded = _finish(store, MINIME05, tmp_path)
    send(store, MINIME13)
    stranger = store.head(MINIME13.receipt_key)
    value = store.get_bytes(MINIME05.manifest_key).replace(
        f'"key": "{part_key(MINIME05, 0)}"'.encode(), f'"key": "{MINIME13.receipt_key}"'.encode()
    )
    value = value.replace(manifest.parts[0].etag.encode(), stranger.etag.encode())
    store.put_bytes(MINIME05.manifest_key, value)
    forged = read_manifest(value)
    assert dataclasses.replace(forged, sha256="") != dataclasses.replace(manifest, sha256="")
    records = [{**record, "manifest_sha256": forged.sha256} for record in (published, loaded)]
    cleanup_night(store, REGISTRY, forged, *records)
    assert store.head(MINIME13.receipt_key) == stranger
