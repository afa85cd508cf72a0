"""What the pages know of a night."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest
from results import example_result

from airglow.model.errors import AirglowError, BadInput
from airglow.model.products import SUFFIXES
from airglow.pages.calendar import lacks_result, words_of
from airglow.pages.health import health_of, series_of
from airglow.pages.kinds import FILE_KINDS, file_kind
from airglow.pages.records import clean, linked, night_record, read_record, short_record, year_bytes
from airglow.pages.render import render_night
from airglow.pages.settings import PagesSettings
from airglow.pages.states import kind_of_record
from airglow.uploads import NightId
from pages.made import many_records

NIGHT = NightId.parse("minime05_uao_20250429")


def index_of(**outcomes) -> dict:
    return {
        "format": 1,
        "night": NIGHT.name,
        "manifest_sha256": "0" * 64,
        "outcomes": outcomes,
        "products": [],
        "made_at": "2025-04-30T15:00:00+00:00",
    }


def test_health_is_the_median_of_what_was_used() -> None:
    result = example_result()
    health = health_of(result)
    used = result.laser.used
    assert not used.all()
    assert health["gap_m"] == np.median(result.laser.gap_m[used])
    assert health["laser_intensity"] == np.median(result.laser.intensity[used])
    clouds = result.sky.sky_minus_ambient_mean_c
    clouds = clouds[np.isfinite(clouds)]
    assert clouds.size == len(result.sky) - 1
    assert health["cloud_fraction"] == np.count_nonzero(clouds > -22) / clouds.size > 0
    assert health["ccd_temperature_c"] == pytest.approx(-70, abs=0.1)


def test_a_night_without_anything_has_no_health() -> None:
    assert set(health_of(example_result(0, 0)).values()) == {None}
    only_sky = health_of(example_result(20, 0))
    assert only_sky["gap_m"] is None
    assert only_sky["sky_chi_square"] == pytest.approx(1.0, abs=0.2)


def test_the_record_has_the_numbers_of_the_result() -> None:
    result = example_result()
    record = night_record(index_of(XR={"state": "analysed"}), [result])
    tag = record["tags"]["XR"]
    assert tag["sky"] == sum(tag["winds"]) == 120
    assert tag["winds"] == [int((result.sky.wind_flag == level).sum()) for level in range(3)]
    assert tag["first"] == "2025-04-30T02:00Z"
    assert tag["rejections"][0] == ["UAO_XR_20250429_213000.hdf5", "the sun is -4.2 degrees high"]
    cloudy = next(cause for cause in tag["causes"] if "above -22 C" in cause["meaning"])
    assert cloudy["samples"] > 0
    assert tag["provenance"]["input_hash"] == "a91e" * 16
    assert kind_of_record(record).key == "good"
    json.loads(json.dumps(record, allow_nan=False))


def test_nights_are_good_flagged_or_without_a_result() -> None:
    result = example_result()
    sky = replace(result.sky, wind_flag=np.ones(120, np.int8))
    flagged = night_record(index_of(XR={"state": "analysed"}), [replace(result, sky=sky)])
    assert kind_of_record(flagged).key == "flagged"
    off = night_record(index_of(XR={"state": "camera off", "reason": "52 of 52"}), [])
    assert kind_of_record(off).key == "nothing"
    empty = night_record(index_of(XR={"state": "analysed"}), [example_result(0, 0)])
    assert kind_of_record(empty).key == "nothing"
    assert short_record(empty)["tags"]["XR"]["sky"] == 0


def test_whatever_is_in_a_text_json_and_html_can_hold_it() -> None:
    odd = "a\udc80b\x00c\u202ed\x1be<script>"
    text = clean(odd)
    assert text == "a?b\ufffdc\ufffdd\ufffde<script>"
    assert clean({"x": [float("nan"), float("-inf"), np.float32(1.5), np.int8(3), True, None]}) == {
        "x": [None, None, 1.5, 3, True, None]
    }


def test_neighbours_are_of_the_same_instrument_at_the_same_site() -> None:
    names = [
        "minime05_uao_20250429",
        "minime05_uao_20250502",
        "minime05_mrh_20250430",
        "minime06_uao_20250430",
    ]
    links = linked({"night": name} for name in reversed(names))
    assert links["minime05_uao_20250429"] == {"previous": None, "next": "20250502"}
    assert links["minime05_uao_20250502"] == {"previous": "20250429", "next": None}
    assert links["minime05_mrh_20250430"] == {"previous": None, "next": None}


def test_a_part_of_the_index_is_the_same_bytes_in_whatever_order_and_comes_back() -> None:
    records = [r for r in many_records(90) if r["date"].startswith("2025")]
    data = year_bytes(2025, records)
    assert data == year_bytes(2025, reversed(records))
    back = read_record(data, "2025.json")
    assert back["year"] == 2025
    assert sorted(r["night"] for r in back["nights"]) == sorted(r["night"] for r in records)
    assert len(data) / len(records) < 900


@pytest.mark.parametrize("data", [b"", b"[]", b'{"format":99}', b'{"for'])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"x\.json: not a record.*--rebuild"):
        read_record(data, "x.json")


def test_series_take_what_is_of_the_instrument_once_and_what_is_of_a_line_for_each() -> None:
    red, green = example_result(), example_result(tag="XG", seed=2)
    both = index_of(XR={"state": "analysed"}, XG={"state": "analysed"})
    off = index_of(XR={"state": "camera off", "reason": ""})
    records = [night_record(both, [red, green]), night_record(off, [])]
    nights, series = series_of(records)
    assert len(nights) == 1  # a camera that is off says nothing of the laser
    titles = [one.title for one in series]
    assert titles.count("Etalon gap") == 1
    assert "Sky chi-square XR" in titles
    assert "Sky chi-square XG" in titles


def test_kinds_of_files_are_known_by_what_follows_the_stem() -> None:
    stem = "minime05_uao_20250429_xr"
    assert file_kind(f"{stem}_winds.png", stem).shown
    assert file_kind(f"{stem}_winds.csv", stem).title == "Winds over the site, table"
    odd = file_kind(f"{stem}_moon_map.png", stem)
    assert (odd.title, odd.shown) == ("moon map.png", True)
    assert file_kind(f"{stem}_notes.odt", stem).title == "notes.odt"
    assert sorted(kind.suffix for kind in FILE_KINDS) == sorted(SUFFIXES.values())


def test_addresses_of_files_are_relative_or_below_what_is_configured() -> None:
    page = PagesSettings().night_page(NIGHT)
    key = "Summary Images/2025/a#b.png"
    here = PagesSettings().file_url(page, key)
    assert here == "../../../../Summary%20Images/2025/a%23b.png"
    deep = PagesSettings(prefix="web/pages/")
    assert deep.file_url(deep.night_page(NIGHT), key, "ab12") == f"../{here}?v=ab12"
    away = PagesSettings(files_url="https://data.example.org/fpi/")
    assert away.file_url(page, key) == "https://data.example.org/fpi/Summary%20Images/2025/a%23b.png"
    assert away.image_sources == "'self' https://data.example.org"
    assert PagesSettings(files_url="/files").image_sources == "'self'"


@pytest.mark.parametrize(
    "wrong",
    [
        {"prefix": "raw"},
        {"prefix": "state/pages"},
        {"prefix": "../up"},
        {"prefix": "a b"},
        {"files_url": "javascript:alert(1)"},
        {"files_url": "//evil.example"},
        {"files_url": "https://x.example; script-src *"},
        {"files_url": "files"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict) -> None:
    with pytest.raises(AirglowError, match="pages: "):
        PagesSettings(**wrong)


def test_dates_of_made_archives_go_back_several_years() -> None:
    records = many_records(3000)
    assert len({r["night"] for r in records}) == 3000
    assert len({r["date"][:4] for r in records}) >= 4
    assert max(dt.date.fromisoformat(r["date"]) for r in records) == dt.date(2025, 6, 30)


def test_what_was_decided_by_hand_is_on_the_page_of_its_night_alone() -> None:
    result = example_result()
    usual = night_record(index_of(XR={"state": "analysed"}), [result])
    assert "Decided by hand" not in render_night(PagesSettings(), usual).data.decode()
    assert "overrides" not in usual["tags"]["XR"]["provenance"]
    made = replace(result.provenance, overrides=("Doppler reference zenith: a <lamp> (A. B)",))
    record = night_record(index_of(XR={"state": "analysed"}), [replace(result, provenance=made)])
    page = render_night(PagesSettings(), record).data.decode()
    assert "<h3>Decided by hand</h3>" in page
    assert "<li>Doppler reference zenith: a &lt;lamp&gt; (A. B)</li>" in page


def test_a_result_that_was_kept_says_so_wherever_the_night_is_shown() -> None:
    kept = {"state": "camera off", "reason": "52 of 52", "at": "2025-05-02T12:00:00+00:00"}
    index = index_of(XR={"state": "analysed", "reason": "", "kept": kept})
    record = night_record(index, [example_result()])
    reason = "earlier result kept: the analysis of 2025-05-02 12:00 UTC came to none: camera off, 52 of 52"
    assert record["tags"]["XR"]["reason"] == reason
    assert kind_of_record(record).key == "good"
    assert words_of(record).endswith(f" winds good ({reason})")
    assert lacks_result(record)
    assert not lacks_result(night_record(index_of(XR={"state": "analysed"}), [example_result()]))
    assert lacks_result(night_record(index_of(XR={"state": "camera off", "reason": "52 of 52"}), []))
    page = render_night(PagesSettings(), record).data.decode()
    assert f'<p class="notice">E{reason[1:]}. What follows is of the analysis before that one.</p>' in page
