"""Products to the bucket: where they go, and that the index comes after all of them."""

import hashlib
from pathlib import Path

import pytest
from uploading import CONFIG, MINIME05, MINIME13, keys

from airglow.archive import prove_published, read_manifest
from airglow.errors import AirglowError, BadInput, StoreError
from airglow.publish import (
    ProductPrefixes,
    deliver,
    fetch_products,
    plan_delivery,
    prefixes_from_environment,
    read_index,
)
from airglow.registry import load_registry
from airglow.store import MissingObject, Store, json_bytes
from airglow.uploads import NightId

REGISTRY = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
PREFIXES = ProductPrefixes("Results", "SummaryImages", "madrigal/fpi")


def analysed(directory: Path, night: NightId, tag: str, manifest: str = "a" * 64) -> tuple[dict, Path]:
    """An outcome and a folder of products, as the analysis leaves them."""
    stem = f"{night.name}_{tag.lower()}"
    results = [f"{stem}.nc", f"{stem}.npz", f"{stem}_samples.csv", f"{stem}.log"]
    names = [*results, f"{stem}_winds.png", f"{stem}_winds.pdf", f"{stem}.txt", f"{stem}.hdf5"]
    folder = directory / tag / "products"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"contents of {name}")
    return {"state": "analysed", "reason": "", "products": names, "manifest_sha256": manifest}, folder


def plan(directory: Path, night: NightId = MINIME05, tags: tuple[str, ...] = ("XR",), **more) -> tuple:
    made = {tag: analysed(directory, night, tag, **more) for tag in tags}
    outcomes = {tag: outcome for tag, (outcome, _) in made.items()}
    folders = {tag: folder for tag, (_, folder) in made.items()}
    instrument = REGISTRY.instrument(night.instrument, night.date)
    return plan_delivery(night, instrument, outcomes, folders, PREFIXES), folders


def test_products_go_below_the_prefix_of_their_kind_and_the_year(tmp_path: Path) -> None:
    planned, _ = plan(tmp_path)
    assert [product["key"] for product in planned["products"]] == [
        "Results/2026/minime05_uao_20260429_xr.nc",
        "Results/2026/minime05_uao_20260429_xr.npz",
        "Results/2026/minime05_uao_20260429_xr_samples.csv",
        "Results/2026/minime05_uao_20260429_xr.log",
        "SummaryImages/2026/minime05_uao_20260429_xr_winds.png",
        "SummaryImages/2026/minime05_uao_20260429_xr_winds.pdf",
        "madrigal/fpi/2026/minime05_uao_20260429_xr.txt",
        "madrigal/fpi/2026/minime05_uao_20260429_xr.hdf5",
    ]


def test_madrigal_files_of_an_instrument_that_does_not_send_them_stay_here(tmp_path: Path) -> None:
    planned, _ = plan(tmp_path, MINIME13, ("XG", "XR"))
    names = [product["name"] for product in planned["products"]]
    assert len(names) == 12
    assert not [name for name in names if name.endswith((".txt", ".hdf5"))]


def test_a_file_that_is_no_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"core\.dump: is not a product"):
        PREFIXES.key(MINIME05, "core.dump")


def test_tags_of_different_manifests_are_refused(tmp_path: Path) -> None:
    one, folder_one = analysed(tmp_path, MINIME13, "XG", "a" * 64)
    other, folder_other = analysed(tmp_path, MINIME13, "XR", "b" * 64)
    with pytest.raises(AirglowError, match="different manifests"):
        plan_delivery(
            MINIME13,
            REGISTRY.instrument("minime13", MINIME13.date),
            {"XG": one, "XR": other},
            {"XG": folder_one, "XR": folder_other},
            PREFIXES,
        )


def test_delivered_products_are_proven_to_the_cleanup(store: Store, tmp_path: Path) -> None:
    manifest = read_manifest(
        json_bytes(
            {
                "format": 1,
                "night": MINIME05.name,
                "receipt": {"key": MINIME05.receipt_key, "size": 1, "etag": "e"},
                "parts": [],
                "frames": [],
                "others": [],
                "kept_out": [],
            }
        )
    )
    planned, folders = plan(tmp_path, manifest=manifest.sha256)
    deliver(store, planned, folders)
    index = read_index(store.get_json(MINIME05.published_key), "index")
    prove_published(store, manifest, index)
    for product in index["products"]:
        data = store.get_bytes(product["key"])
        assert data.decode() == f"contents of {product['name']}"
        assert product["sha256"] == hashlib.sha256(data).hexdigest()


def test_no_index_when_a_product_changed_under_way(store: Store, tmp_path: Path) -> None:
    planned, folders = plan(tmp_path)
    (folders["XR"] / "minime05_uao_20260429_xr.log").write_text("another analysis has begun")
    with pytest.raises(StoreError, match=r"minime05_uao_20260429_xr\.log: it changed"):
        deliver(store, planned, folders)
    assert MINIME05.published_key not in keys(store)


def test_a_tag_without_products_is_on_record(store: Store, tmp_path: Path) -> None:
    nothing = {"state": "no frames", "reason": "no XR frames", "products": [], "manifest_sha256": "a" * 64}
    instrument = REGISTRY.instrument("minime05", MINIME05.date)
    planned = plan_delivery(MINIME05, instrument, {"XR": nothing}, {"XR": tmp_path}, PREFIXES)
    index = deliver(store, planned, {"XR": tmp_path})
    assert index["outcomes"]["XR"]["state"] == "no frames"
    assert index["products"] == []


def test_products_come_back_verified(store: Store, tmp_path: Path) -> None:
    planned, folders = plan(tmp_path)
    index = deliver(store, planned, folders)
    fetched = fetch_products(store, index, tmp_path / "again")
    assert [path.name for path in fetched] == ["minime05_uao_20260429_xr.nc"]
    assert fetched[0].read_text() == "contents of minime05_uao_20260429_xr.nc"

    store.put_bytes("Results/2026/minime05_uao_20260429_xr.nc", b"of another night")
    with pytest.raises(StoreError, match="SHA-256"):
        fetch_products(store, index, tmp_path / "changed")
    store.delete("Results/2026/minime05_uao_20260429_xr.nc")
    with pytest.raises(MissingObject, match=r"minime05_uao_20260429_xr\.nc"):
        fetch_products(store, index, tmp_path / "gone")


def test_prefixes_are_read_with_or_without_slashes() -> None:
    environ = {"RESULTS_PATH": "/Results/", "SUMMARY_IMAGES_PATH": "images", "MADRIGAL_PATH": "m/fpi/"}
    assert prefixes_from_environment(environ) == ProductPrefixes("Results", "images", "m/fpi")
    with pytest.raises(AirglowError, match="RESULTS_PATH, MADRIGAL_PATH"):
        prefixes_from_environment({"SUMMARY_IMAGES_PATH": "images", "MADRIGAL_PATH": "/"})


@pytest.mark.parametrize("value", [None, [], {"format": 2}, {"format": 1, "night": "x"}])
def test_what_is_no_index_is_refused(value) -> None:
    with pytest.raises(BadInput, match="is not an index"):
        read_index(value, "state/x/published.json")
