"""Products to the bucket: where they go, and that the index comes after all of them."""

import hashlib
from pathlib import Path

import pytest
from known import known_registry
from uploading import MINIME05, MINIME13, keys

from airglow.archive import prove_published, read_manifest
from airglow.model.errors import AirglowError, BadInput, StoreError
from airglow.pipeline.publish import (
    ProductPrefixes,
    deliver,
    delivered_key,
    fetch_kinds,
    fetch_products,
    plan_delivery,
    prefixes_from_environment,
    read_index,
)
from airglow.store import MissingObject, Store, json_bytes
from airglow.uploads import NightId

REGISTRY = known_registry()
PREFIXES = ProductPrefixes("Results", "SummaryImages", "madrigal/fpi")


def analysed(directory: Path, tag: str, manifest: str = "a" * 64) -> tuple[dict, list[Path]]:
    """An outcome, and products as the workflow leaves them."""
    folder = directory / tag
    folder.mkdir(parents=True)
    names = ("winds.png", "winds.pdf", "madrigal.txt", "madrigal.hdf5", "legacy.npz", "samples.csv")
    paths = [folder / name for name in (*names, "night.log", "night.nc")]
    for path in paths:
        path.write_text(f"{path.name} of {tag}")
    return {"state": "analysed", "reason": "", "manifest_sha256": manifest}, paths


def plan_of(outcomes: dict, files: dict, night: NightId = MINIME05) -> dict:
    return plan_delivery(night, REGISTRY.instrument(night.instrument, night.date), outcomes, files, PREFIXES)


def plan(directory: Path, night: NightId = MINIME05, tags: tuple[str, ...] = ("XR",), **more) -> tuple:
    made = {tag: analysed(directory, tag, **more) for tag in tags}
    outcomes = {tag: outcome for tag, (outcome, _) in made.items()}
    files = {tag: paths for tag, (_, paths) in made.items()}
    return plan_of(outcomes, files, night), {tag: directory / tag for tag in tags}


def test_products_go_below_the_prefix_of_their_kind_and_the_year(tmp_path: Path) -> None:
    planned, _ = plan(tmp_path)
    assert {product["key"] for product in planned["products"]} == {
        "Results/2026/minime05_uao_20260429_xr.nc",
        "Results/2026/minime05_uao_20260429_xr.npz",
        "Results/2026/minime05_uao_20260429_xr_samples.csv",
        "Results/2026/minime05_uao_20260429_xr.log",
        "SummaryImages/2026/minime05_uao_20260429_xr_winds.png",
        "SummaryImages/2026/minime05_uao_20260429_xr_winds.pdf",
        "madrigal/fpi/2026/minime05_uao_20260429_xr.txt",
        "madrigal/fpi/2026/minime05_uao_20260429_xr.hdf5",
    }
    names = [product["name"] for product in planned["products"]]
    assert planned["outcomes"]["XR"]["products"] == names
    assert names[0].endswith(".nc")


def test_madrigal_files_of_an_instrument_that_does_not_send_them_stay_here(tmp_path: Path) -> None:
    planned, _ = plan(tmp_path, MINIME13, ("XG", "XR"))
    names = [product["name"] for product in planned["products"]]
    assert len(names) == 12
    assert not [name for name in names if name.endswith((".txt", ".hdf5"))]


def test_a_product_that_is_not_there_is_named(tmp_path: Path) -> None:
    outcome, paths = analysed(tmp_path, "XR")
    paths[0].unlink()
    with pytest.raises(BadInput, match=r"winds\.png: is to be delivered of tag XR, but it is not there"):
        plan_of({"XR": outcome}, {"XR": paths})


def test_a_file_that_is_no_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"core\.dump: is not a product"):
        PREFIXES.key(MINIME05, "core.dump")
    outcome, paths = analysed(tmp_path, "XR")
    with pytest.raises(BadInput, match=r"core\.dump: is not a product: those are night\.nc, "):
        plan_of({"XR": outcome}, {"XR": [*paths, tmp_path / "core.dump"]})


def test_tags_of_different_manifests_are_refused(tmp_path: Path) -> None:
    one, files_of_one = analysed(tmp_path, "XG", "a" * 64)
    other, files_of_other = analysed(tmp_path, "XR", "b" * 64)
    with pytest.raises(AirglowError, match="different manifests"):
        plan_of({"XG": one, "XR": other}, {"XG": files_of_one, "XR": files_of_other}, MINIME13)


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
    texts = {"nc": "night.nc", "log": "night.log", "txt": "madrigal.txt", "npz": "legacy.npz"}
    texts |= {"hdf5": "madrigal.hdf5", "csv": "samples.csv", "png": "winds.png", "pdf": "winds.pdf"}
    assert {product["name"].rpartition(".")[2] for product in index["products"]} == texts.keys()
    prove_published(store, manifest, index)
    for product in index["products"]:
        data = store.get_bytes(product["key"])
        assert data.decode() == f"{texts[product['name'].rpartition('.')[2]]} of XR"
        assert product["sha256"] == hashlib.sha256(data).hexdigest()


def test_no_index_when_a_product_changed_under_way(store: Store, tmp_path: Path) -> None:
    planned, folders = plan(tmp_path)
    (folders["XR"] / "night.log").write_text("another analysis has begun")
    with pytest.raises(StoreError, match=r"minime05_uao_20260429_xr\.log: it changed"):
        deliver(store, planned, folders)
    assert MINIME05.published_key not in keys(store)


def test_a_tag_that_was_not_analysed_is_on_record_and_its_files_stay_here(
    store: Store, tmp_path: Path
) -> None:
    outcome, paths = analysed(tmp_path, "XR")
    planned = plan_of({"XR": {**outcome, "state": "no frames", "reason": "no XR frames"}}, {"XR": paths})
    index = deliver(store, planned, {"XR": tmp_path / "XR"})
    assert index["outcomes"]["XR"]["state"] == "no frames"
    assert index["outcomes"]["XR"]["products"] == []
    assert index["products"] == []
    assert keys(store) == [delivered_key(MINIME05), MINIME05.published_key]


def test_products_come_back_verified(store: Store, tmp_path: Path) -> None:
    planned, folders = plan(tmp_path)
    index = deliver(store, planned, folders)
    fetched = fetch_products(store, index, tmp_path / "again")
    assert [path.name for path in fetched] == ["minime05_uao_20260429_xr.nc"]
    assert fetched[0].read_text() == "night.nc of XR"

    store.put_bytes("Results/2026/minime05_uao_20260429_xr.nc", b"of another night")
    with pytest.raises(StoreError, match="SHA-256"):
        fetch_products(store, index, tmp_path / "changed")
    store.delete("Results/2026/minime05_uao_20260429_xr.nc")
    with pytest.raises(MissingObject, match=r"minime05_uao_20260429_xr\.nc"):
        fetch_products(store, index, tmp_path / "gone")


def test_products_come_back_by_kind_to_where_they_are_wanted(store: Store, tmp_path: Path) -> None:
    planned, folders = plan(tmp_path, MINIME13, ("XG", "XR"))
    index = deliver(store, planned, folders)
    unknown = {**index["products"][0], "name": "minime13_uao_20260429_xg_of_tomorrow.nc"}
    index = {**index, "products": [*index["products"], unknown]}  # of a later version
    place = tmp_path / "back"
    fetched = fetch_kinds(
        store, index, lambda tag, kind: place / f"{kind}.{tag}" if kind in ("netcdf", "winds") else None
    )
    assert sorted(path.name for path in fetched) == ["netcdf.XG", "netcdf.XR", "winds.XG", "winds.XR"]
    assert (place / "winds.XG").read_text() == "winds.png of XG"


def test_prefixes_are_read_with_or_without_slashes() -> None:
    environ = {"RESULTS_PATH": "/Results/", "SUMMARY_IMAGES_PATH": "images", "MADRIGAL_PATH": "m/fpi/"}
    assert prefixes_from_environment(environ) == ProductPrefixes("Results", "images", "m/fpi")
    with pytest.raises(AirglowError, match="RESULTS_PATH, MADRIGAL_PATH"):
        prefixes_from_environment({"SUMMARY_IMAGES_PATH": "images", "MADRIGAL_PATH": "/"})


@pytest.mark.parametrize("value", [None, [], {"format": 2}, {"format": 1, "night": "x"}])
def test_what_is_no_index_is_refused(value) -> None:
    with pytest.raises(BadInput, match="is not an index"):
        read_index(value, "state/x/published.json")
