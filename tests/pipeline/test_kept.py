"""An earlier result stays where a later analysis comes to none, whatever happens in between."""

import datetime as dt
from pathlib import Path

import pytest
from uploading import MINIME13, counted, counted_keys, keys

from airglow.model.errors import BadInput, StoreError
from airglow.pipeline.delivery import publish_night
from airglow.pipeline.kept import keep_earlier_results
from airglow.pipeline.publish import deliver, delivered_key
from airglow.pipeline.states import note_marked
from airglow.store import Store
from airglow.uploads import NightRecord
from pipeline.test_publish import analysed, plan, plan_of

FIRST, LATER = "a" * 64, "b" * 64
NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
NONE = {"state": "camera off", "reason": "too warm", "manifest_sha256": LATER}


@pytest.fixture
def first(store: Store, tmp_path: Path) -> dict:
    """Both tags published."""
    return deliver(store, *plan(tmp_path / "first", MINIME13, ("XG", "XR"), manifest=FIRST))


def second(tmp_path: Path, *tags: str, **others: dict) -> tuple[dict, dict]:
    """A later analysis, with results of some tags."""
    made = {tag: analysed(tmp_path / "second", tag, LATER) for tag in tags}
    outcomes = {tag: outcome for tag, (outcome, _) in made.items()} | others
    files = {tag: paths for tag, (_, paths) in made.items()} | {tag: [] for tag in others}
    return plan_of(outcomes, files, MINIME13), {tag: tmp_path / "second" / tag for tag in outcomes}


def test_the_tag_without_a_result_keeps_its_own_and_the_other_is_replaced(
    store: Store, first: dict, tmp_path: Path
) -> None:
    planned, folders = second(tmp_path, "XR", XG=NONE)
    index = deliver(store, keep_earlier_results(store, planned, NOW), folders)
    assert index["manifest_sha256"] == LATER
    assert index["outcomes"]["XR"] == planned["outcomes"]["XR"]
    assert index["outcomes"]["XG"] == first["outcomes"]["XG"] | {
        "kept": {
            "state": "camera off",
            "reason": "too warm",
            "at": "2026-05-01T12:00:00+00:00",
            "manifest_sha256": LATER,
        }
    }
    assert index["outcomes"]["XG"]["manifest_sha256"] == FIRST
    of_green = [product for product in first["products"] if product["tag"] == "XG"]
    assert [product for product in index["products"] if product["tag"] == "XG"] == of_green
    assert store.get_bytes(of_green[0]["key"]) == b"night.nc of XG"
    assert store.get_json(MINIME13.published_key) == index


def test_a_result_replaces_what_was_kept(store: Store, first: dict, tmp_path: Path) -> None:
    planned, folders = second(tmp_path, XG=NONE, XR=NONE)
    deliver(store, keep_earlier_results(store, planned, NOW), folders)
    planned, folders = second(tmp_path, "XR", "XG")
    assert keep_earlier_results(store, planned, NOW) == planned


def test_what_no_index_names_any_more_is_noted_until_it_is_gone(
    store: Store, first: dict, tmp_path: Path
) -> None:
    """Pictures of before, say, that are no longer wanted."""
    planned, folders = second(tmp_path, "XR", "XG")
    pictures = {product["key"] for product in first["products"] if product["key"].endswith("_winds.png")}
    planned["products"] = [one for one in planned["products"] if one["key"] not in pictures]
    kept = keep_earlier_results(store, planned, NOW)
    assert {one["key"] for one in kept["replaced"]} == pictures
    index = deliver(store, kept, folders)
    assert pictures <= set(keys(store))  # not before rows and page are of the new ones
    # Published once more before the cleanup, they are not forgotten; gone, they are.
    again = keep_earlier_results(store, planned, NOW)
    assert again["replaced"] == index["replaced"] == kept["replaced"]
    for key in pictures:
        store.delete(key)
    assert "replaced" not in keep_earlier_results(store, planned, NOW)


def test_products_of_a_tag_that_the_registry_forgets_stay(
    store: Store, first: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    planned, folders = second(tmp_path, "XR")
    kept = keep_earlier_results(store, planned, NOW)
    assert "replaced" not in kept
    assert "XG: published before, and the registry expects it no more: its products stay" in caplog.text
    deliver(store, kept, folders)
    assert {one["key"] for one in first["products"] if one["tag"] == "XG"} <= set(keys(store))


def test_the_same_refusal_keeps_its_time_and_another_one_has_its_own(
    store: Store, first: dict, tmp_path: Path
) -> None:
    planned, folders = second(tmp_path, XG=NONE, XR=NONE)
    kept = deliver(store, keep_earlier_results(store, planned, NOW), folders)
    later = NOW + dt.timedelta(days=1)
    assert keep_earlier_results(store, planned, later)["outcomes"] == kept["outcomes"]
    planned, _ = second(tmp_path, XG=NONE, XR=NONE | {"reason": "still too warm"})
    again = keep_earlier_results(store, planned, later)["outcomes"]
    assert again["XG"]["kept"] == kept["outcomes"]["XG"]["kept"]
    assert again["XR"]["kept"]["reason"] == "still too warm"
    assert again["XR"]["kept"]["at"] == "2026-05-02T12:00:00+00:00"


def test_without_an_earlier_result_the_outcome_is_what_it_is(store: Store, tmp_path: Path) -> None:
    planned, folders = second(tmp_path, XG=NONE, XR=NONE)
    assert keep_earlier_results(store, planned) == planned
    assert keys(store) == []
    deliver(store, planned, folders)
    assert keep_earlier_results(store, planned) == planned  # nor is there now: it was published as none


def test_the_old_index_is_safe_before_anything_else_and_until_the_next_is_whole(
    store: Store, first: dict, tmp_path: Path
) -> None:
    store.delete(delivered_key(MINIME13))  # as of a version that made no copy
    planned, folders = second(tmp_path, "XR", XG=NONE)
    kept = keep_earlier_results(store, planned, NOW)
    assert store.get_json(delivered_key(MINIME13)) == first
    store.delete(MINIME13.published_key)  # by the workflow, and now the machine goes down
    assert keep_earlier_results(store, planned, NOW) == kept
    written: list[str] = []
    store.client.meta.events.register(
        "before-parameter-build.s3.PutObject", lambda params, **_: written.append(params["Key"])
    )
    deliver(store, kept, folders)
    assert written[-2:] == [delivered_key(MINIME13), MINIME13.published_key]
    assert len(written) == 2 + len([product for product in kept["products"] if product["tag"] == "XR"])


def test_a_night_that_is_new_costs_two_requests(store: Store, tmp_path: Path) -> None:
    planned, _ = second(tmp_path, "XG", "XR")
    with counted(store) as sent:
        keep_earlier_results(store, planned)
    assert sent == ["GetObject", "GetObject"]


def test_a_registry_that_forgets_a_tag_does_not_cost_its_result(
    store: Store, first: dict, tmp_path: Path
) -> None:
    planned, _ = second(tmp_path, X=NONE)
    outcomes = keep_earlier_results(store, planned, NOW)["outcomes"]
    assert outcomes["X"] == planned["outcomes"]["X"]
    assert outcomes["XR"]["kept"]["state"] == "not expected"
    assert outcomes["XR"]["kept"]["reason"] == "the registry expects X of this night"
    planned, _ = second(tmp_path, "X")  # but if it was right, the new result is that of the night
    kept = keep_earlier_results(store, planned, NOW)
    assert kept == planned  # and no product of before is named to be deleted


def test_what_cannot_be_kept_is_said_and_nothing_is_changed(
    store: Store, first: dict, tmp_path: Path
) -> None:
    key = next(product["key"] for product in first["products"] if product["tag"] == "XG")
    store.put_bytes(key, store.get_bytes(key).upper())  # as long as before: of a delivery that was killed
    planned, _ = second(tmp_path, "XR", XG=NONE)
    message = rf"{key}: not in the bucket as it was published, .*tag XG .*camera off: too warm.*give"
    with pytest.raises(StoreError, match=message):
        keep_earlier_results(store, planned)
    store.delete(key)
    with pytest.raises(StoreError, match=message):
        keep_earlier_results(store, planned)
    assert store.get_json(MINIME13.published_key) == first


@pytest.mark.parametrize("rubbish", [b"{", b"[]", b"\xff", b'{"format": 99}'])
def test_an_index_that_cannot_be_read_matters_only_where_something_is_to_be_kept(
    store: Store, first: dict, tmp_path: Path, rubbish: bytes
) -> None:
    store.put_bytes(MINIME13.published_key, rubbish)
    planned, _ = second(tmp_path, "XR", XG=NONE)
    assert keep_earlier_results(store, planned)["outcomes"]["XG"]["kept"]  # the copy is good
    store.put_bytes(delivered_key(MINIME13), rubbish)
    with pytest.raises(BadInput, match=r"published\.json: is not an index of products, so .*delete it"):
        keep_earlier_results(store, planned)
    assert store.get_bytes(MINIME13.published_key) == rubbish
    planned, _ = second(tmp_path / "good", "XG", "XR")
    assert keep_earlier_results(store, planned) == planned


def test_new_plots_of_a_kept_result_leave_it_kept(store: Store, first: dict, tmp_path: Path) -> None:
    """From its files, which were fetched, beside those of a tag that was analysed later."""
    planned, folders = second(tmp_path, "XR", XG=NONE)
    index = deliver(store, keep_earlier_results(store, planned, NOW), folders)
    outcome = {name: value for name, value in index["outcomes"]["XG"].items() if name != "products"}
    (tmp_path / "first/XG/winds.png").write_text("a new plot")
    files = {tag: sorted((tmp_path / of / tag).iterdir()) for tag, of in (("XG", "first"), ("XR", "second"))}
    again = plan_of({"XG": outcome, "XR": planned["outcomes"]["XR"]}, files, MINIME13)
    assert again["manifest_sha256"] == LATER
    again = keep_earlier_results(store, again, NOW + dt.timedelta(days=1))
    assert again["outcomes"]["XG"] == index["outcomes"]["XG"]
    deliver(store, again, {"XG": tmp_path / "first/XG", "XR": tmp_path / "second/XR"})
    plot = next(p["key"] for p in again["products"] if p["name"].endswith("_xg_winds.png"))
    assert store.get_bytes(plot) == b"a new plot"


def test_the_night_is_marked_before_the_index_goes_and_that_before_a_product_changes(
    store: Store, first: dict, tmp_path: Path
) -> None:
    store.put_json(MINIME13.cleaned_key, {})
    planned, folders = second(tmp_path, "XR", "XG")
    with counted_keys(store) as sent:
        publish_night(store, planned, folders, tmp_path / "states")
    changes = [(name, key) for name, key in sent if name != "ListObjectsV2" and not name.startswith("Get")]
    products = {("PutObject", product["key"]) for product in first["products"]}
    assert changes[:3] == [
        ("PutObject", MINIME13.pending_key),
        ("DeleteObject", MINIME13.cleaned_key),
        ("DeleteObject", MINIME13.published_key),
    ]
    assert set(changes[3:-2]) == products
    assert changes[-2:] == [
        ("PutObject", delivered_key(MINIME13)),
        ("PutObject", MINIME13.published_key),
    ]


def test_what_another_machine_did_since_the_night_was_taken_up_is_seen(
    store: Store, first: dict, tmp_path: Path
) -> None:
    """It has published and finished it: then it is marked again before anything is replaced."""
    states = tmp_path / "states"
    note_marked(MINIME13, "this run", states, NightRecord(), there=[])  # before the first publication
    store.put_json(MINIME13.cleaned_key, {})
    planned, folders = second(tmp_path, "XR", XG=NONE)
    index = publish_night(store, planned, folders, states, run="this run")
    assert index["outcomes"]["XG"]["kept"]["state"] == NONE["state"]
    assert store.head(MINIME13.pending_key) is not None
    assert store.head(MINIME13.cleaned_key) is None
