"""The pages in a bucket: what is written when, and what is left alone."""

import copy
import datetime as dt
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from airglow.model.inputs import InputFile
from airglow.model.result import Rejection
from airglow.pages.calendar import INDEX_NIGHTS
from airglow.pages.night import publish_night_page
from airglow.pages.settings import PagesSettings
from airglow.pages.site import pending_of, update_pages
from airglow.pipeline.table import Row
from airglow.store import Deletion, Store, in_threads
from pages.made import SETTINGS, many_records, publish, put_records, result_of
from pages.watching import (
    OFF,
    SINCE,
    WAITING,
    A,
    B,
    C,
    contents,
    give_page,
    page_of,
    requests_of,
    text_of,
)


def test_a_new_night_is_on_its_page_at_once_and_in_the_index_after_the_update(store: Store) -> None:
    done = give_page(store, B, analysed=True)
    assert done["page"] == page_of(B)
    assert "29 April 2025" in store.get_bytes(page_of(B)).decode()
    assert [one.key for one in pending_of(store, SETTINGS)[0]] == [f"pages/pending/{B}.json"]
    answer = update_pages(store, SETTINGS, [])
    assert answer["nights"] == [B]
    assert answer["problems"] == []
    assert 'href="nights/uao/minime05/20250429.html" title="2025-04-29 XR: ' in text_of(store, "index.html")
    assert json.loads(text_of(store, "data/2025.json"))["nights"][0]["night"] == B
    assert "Etalon gap" in text_of(store, "instruments/minime05_uao.html")
    assert pending_of(store, SETTINGS)[0] == []


def test_objects_say_what_they_are_and_how_long_to_keep_them(store: Store) -> None:
    give_page(store, B)
    update_pages(store, SETTINGS, [])
    for key in contents(store):
        if not key.startswith("pages/") or "/pending/" in key:
            continue
        head = store.client.head_object(Bucket=store.bucket, Key=key)
        kind, keep = head["ContentType"], head["CacheControl"]
        assert kind.split(";")[0].split("/")[1].removesuffix("+xml") == {"js": "javascript"}.get(
            key.rsplit(".", 1)[1], key.rsplit(".", 1)[1]
        )
        assert keep == ("public, max-age=31536000, immutable" if "/static/" in key else "no-cache")


def test_neighbours_find_each_other_and_nobody_else_is_written(store: Store) -> None:
    put_records(store, many_records(300, ["minime90_mrh"]))
    for name in (A, C):
        give_page(store, name)
    update_pages(store, SETTINGS, [])
    assert 'rel="next" href="20250501.html"' in store.get_bytes(page_of(A)).decode()
    assert "rel=" not in store.get_bytes(page_of(A)).decode().split("</nav>")[1].replace('rel="next"', "")

    give_page(store, B)
    before = contents(store)
    answer = update_pages(store, SETTINGS, [])
    assert sorted(answer["written"]) == sorted(
        [
            *(page_of(name) for name in (A, B, C)),
            *(page_of(name).replace(".html", ".json") for name in (A, B, C)),
            "pages/data/2025.json",
            "pages/index.html",
            "pages/instruments/minime05_uao.html",
        ]
    )
    assert answer["deleted"] == []
    page = store.get_bytes(page_of(B)).decode()
    assert 'rel="prev" href="20250428.html"' in page
    assert 'rel="next" href="20250501.html"' in page
    changed = {key for key, etag in contents(store).items() if before.get(key) != etag}
    assert changed == set(answer["written"])


def test_a_night_that_is_analysed_again_rewrites_its_page_and_keeps_its_links(store: Store) -> None:
    for name in (A, B, C):
        give_page(store, name)
    update_pages(store, SETTINGS, [])
    give_page(store, B, analysed=True)
    assert 'rel="prev" href="20250428.html"' in store.get_bytes(page_of(B)).decode()
    answer = update_pages(store, SETTINGS, [])
    assert not [key for key in answer["written"] if "/nights/" in key]
    assert "0 of 0" not in text_of(store, "index.html")


def test_nothing_to_do_costs_one_listing(store: Store) -> None:
    give_page(store, A, analysed=True)
    update_pages(store, SETTINGS, [WAITING])
    assert requests_of(store, lambda: update_pages(store, SETTINGS, [WAITING])) == ["ListObjectsV2"]
    # what is done needs nobody, and what is not given is what was said last
    done = Row(A, "done", "XR: 24 sky frames", SINCE)
    assert requests_of(store, lambda: update_pages(store, SETTINGS, [WAITING, done])) == ["ListObjectsV2"]
    answer = {}
    requests = requests_of(store, lambda: answer.update(update_pages(store, SETTINGS, None)))
    assert not {"PutObject", "DeleteObject"} & set(requests)
    assert answer["written"] == []
    assert "12 of 17 parts" in text_of(store, "attention.html")


def test_what_waits_and_failed_is_said_with_the_reason(store: Store) -> None:
    give_page(store, A)
    rows = [
        WAITING,
        Row(A, "failed", "analyze XR: the sky fell. Log: a.log", SINCE),
        Row("uao_20250428", "failed", "weather: no bucket", SINCE),
        Row("minime05_uao_20250504", "collection error", "collection error", None),
        Row("minime05_uao_20250503", "queued", "complete; this run takes the 1 oldest nights", SINCE),
        Row("minime05_uao_20250430", "published, not finished", "XR: 3 sky frames", SINCE),
        Row("raw/", "left alone", "12 objects of other instruments in raw/ are left alone: bwc00_ 12", None),
    ]
    update_pages(store, SETTINGS, rows)
    attention = text_of(store, "attention.html")
    for row in rows:
        assert row.reason in attention
    assert attention.count("left alone") == 1  # no night of ours, and in none of their lists
    assert "since 2025-05-02 07:00" in attention
    assert f'<a class="name" href="nights/uao/minime05/20250428.html">{A}</a>' in attention
    index = text_of(store, "index.html")
    assert 'class="night failed d28" href="nights/uao/minime05/20250428.html"' in index
    assert 'class="night waiting d2" href="attention.html#minime05_uao_20250502"' in index
    assert 'class="night nodata d4"' in index
    assert index.count('<a class="night working ') == 2
    assert "2 failed, 1 waiting" in index
    update_pages(store, SETTINGS, [])
    assert "Nothing waits, nothing failed" not in text_of(store, "attention.html")  # the camera is off
    assert 'class="night nothing d28"' in text_of(store, "index.html")


def test_nights_may_be_published_side_by_side(store: Store) -> None:
    names = [f"minime05_uao_202504{day:02d}" for day in range(1, 25)]
    in_threads(lambda name: give_page(store, name), names)
    assert update_pages(store, SETTINGS, [])["nights"] == names
    for before, name, after in zip(names, names[1:], names[2:], strict=False):
        page = store.get_bytes(page_of(name)).decode()
        assert f'rel="prev" href="{before[-8:]}.html"' in page
        assert f'rel="next" href="{after[-8:]}.html"' in page


def test_before_the_first_night_there_are_pages_too(store: Store) -> None:
    update_pages(store, SETTINGS, [])
    assert "No night has been published yet, and none is waiting." in text_of(store, "index.html")
    assert "Nothing waits, nothing failed" in text_of(store, "attention.html")


def test_a_long_queue_is_counted_and_not_all_listed(store: Store) -> None:
    first = dt.date(2020, 1, 1)
    rows = [
        Row(f"minime05_uao_{first + dt.timedelta(days=k):%Y%m%d}", "queued", "complete", SINCE)
        for k in range(1500)
    ]
    update_pages(store, SETTINGS, rows)
    attention = text_of(store, "attention.html")
    assert "and 1,300 more" in attention
    assert len(attention) < 100_000
    assert text_of(store, "index.html").count('<a class="night working') == 1500


def test_old_years_get_pages_of_their_own_when_the_first_is_full(store: Store) -> None:
    records = many_records(2 * INDEX_NIGHTS, ["minime05_uao"])
    per_year = {}
    put_records(store, records)
    for record in records:
        per_year[record["date"][:4]] = per_year.get(record["date"][:4], 0) + 1
    update_pages(store, SETTINGS, [WAITING])
    index = text_of(store, "index.html")
    on_first = [year for year in sorted(per_year, reverse=True) if f'id="y{year}"' in index]
    assert sum(per_year[year] for year in on_first) <= INDEX_NIGHTS
    old = sorted(set(per_year) - set(on_first), reverse=True)
    assert len(old) > 5
    assert f'<a href="years/{old[0]}.html" data-keeps-filters>' in index
    page = text_of(store, f"years/{old[0]}.html")
    assert f'href="../nights/uao/minime05/{old[0]}0' in page
    assert f'<a href="../index.html#y{on_first[-1]}" data-keeps-filters>' in page
    assert page.count('<a class="night') == per_year[old[0]]


def test_a_record_is_not_looked_at_again_where_the_store_guards_its_deletion(store: Store) -> None:
    give_page(store, A)
    update_pages(store, SETTINGS, [])
    give_page(store, A, analysed=True)
    guarded = Deletion(honours_if_match=True)
    sent = requests_of(store, lambda: update_pages(store, SETTINGS, [], deletion=guarded))
    # What waits and lies behind it, what lies before; the year, the record, and the night itself once more.
    assert [name for name in sent if name != "PutObject"][:2] == ["ListObjectsV2", "ListObjectsV2"]
    assert "HeadObject" not in sent
    assert sent.count("ListObjectsV2") == 2
    assert sent.count("DeleteObject") == 1
    give_page(store, A)
    assert "ListObjectsV2" in requests_of(store, lambda: update_pages(store, SETTINGS, []))[-2:]


def test_pages_behind_the_waiting_records_are_not_written_again(store: Store) -> None:
    """Styles and scripts, whose keys come after; the listing of what waits tells of them too."""
    give_page(store, A)
    update_pages(store, SETTINGS, [])
    _, _, behind = pending_of(store, SETTINGS)
    assert behind == [one for one in store.list("pages/") if one.key > "pages/pending0"] != []
    assert not {one.key for one in behind} & set(update_pages(store, SETTINGS, [WAITING])["written"])


def test_a_page_that_somebody_deleted_comes_back_with_the_next_change(store: Store) -> None:
    give_page(store, A)
    update_pages(store, SETTINGS, [])
    store.delete("pages/instruments/minime05_uao.html")
    store.put_bytes("pages/index.html", b"defaced", "text/html")
    store.put_bytes("pages/index.html.mine", b"not ours")
    update_pages(store, SETTINGS, [WAITING])
    assert "minime05" in text_of(store, "instruments/minime05_uao.html")
    assert "28 April 2025" in text_of(store, "index.html")
    assert store.get_bytes("pages/index.html.mine") == b"not ours"


def test_a_lost_record_is_a_problem_that_is_said(store: Store) -> None:
    give_page(store, A)
    update_pages(store, SETTINGS, [])
    store.delete(page_of(A).replace(".html", ".json"))
    give_page(store, B)
    answer = update_pages(store, SETTINGS, [])
    assert len(answer["problems"]) == 1
    assert "20250428.json is gone" in answer["problems"][0]
    assert "--rebuild" in answer["problems"][0]
    assert 'rel="prev"' in store.get_bytes(page_of(B)).decode()


def test_a_record_of_another_version_is_said_and_written_anew_with_its_night(store: Store) -> None:
    key = page_of(A).replace(".html", ".json")
    give_page(store, A)
    update_pages(store, SETTINGS, [])
    store.put_json(key, store.get_json(key) | {"format": 99})
    give_page(store, B)
    (problem,) = update_pages(store, SETTINGS, [])["problems"]
    assert f"{key}: not a record of the pages" in problem
    give_page(store, A)
    assert update_pages(store, SETTINGS, [])["problems"] == []
    assert 'rel="next" href="20250429.html"' in store.get_bytes(page_of(A)).decode()


def test_plots_of_health_are_drawn_only_when_nights_change(store: Store) -> None:
    put_records(store, many_records(200, ["minime90_mrh"]))
    update_pages(store, SETTINGS, [])
    pictures = [key for key in contents(store) if key.endswith(".svg") and "/instruments/" in key]
    assert len(pictures) == 2
    assert all("minime90_mrh_recent_" in key for key in pictures)
    answer = update_pages(store, SETTINGS, [WAITING])
    assert not [key for key in answer["written"] if "/instruments/" in key]
    put_records(store, many_records(210, ["minime90_mrh"]))
    answer = update_pages(store, SETTINGS, [])
    assert sorted(answer["deleted"]) == sorted(pictures)
    for key in re.findall(r"minime90_mrh_recent_\w+\.svg", text_of(store, "instruments/minime90_mrh.html")):
        assert store.head(f"pages/instruments/{key}")


def test_alarms_are_said_in_words_where_people_look(store: Store) -> None:
    records = many_records(200, ["minime90_mrh"])
    last = copy.deepcopy(max(records, key=lambda r: r["date"]))
    last["tags"]["XR"]["health"]["ccd_temperature_c"] = -41.0
    put_records(store, [*(r for r in records if r["night"] != last["night"]), last])
    update_pages(store, SETTINGS, [])
    for name in ("instruments/minime90_mrh.html", "attention.html"):
        assert "−41.0 °C is above −60.0 °C" in text_of(store, name)
    assert "1 alarm" in text_of(store, "index.html")

    # an instrument that went away long ago interests nobody
    put_records(store, [*json.loads(text_of(store, "data/2025.json"))["nights"], newer_night()])
    update_pages(store, SETTINGS, [WAITING])
    assert "−41.0" not in text_of(store, "attention.html")
    assert "−41.0" in text_of(store, "instruments/minime90_mrh.html")


def newer_night() -> dict:
    (record,) = many_records(1, ["minime05_uao"])
    return record | {"night": "minime05_uao_20251231", "date": "2025-12-31"}


def test_there_are_no_pages_without_a_prefix(store: Store) -> None:
    off = PagesSettings(prefix="")
    index = publish(store, [], OFF, A)
    before = contents(store)
    assert publish_night_page(store, off, index, [])["page"] is None
    assert update_pages(store, off, [WAITING])["written"] == []
    assert contents(store) == before


class Tags(HTMLParser):
    """Every element of a page, for a look at what is in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>"\'&\udcff\x00'
EVIL_UTF8 = EVIL.replace("\udcff", "")


def test_whatever_frames_and_reasons_are_called_is_text(store: Store) -> None:
    result = result_of(
        B,
        rejections=(Rejection(EVIL, EVIL),),
        notes=(EVIL,),
        site_name=EVIL,
        provenance=replace(
            result_of(B).provenance, weather_files=(InputFile(EVIL, 1, EVIL),), code_version=EVIL
        ),
    )
    index = publish(store, [result], {"XG": (EVIL_UTF8, EVIL_UTF8)})
    publish_night_page(store, SETTINGS, index, [result])
    update_pages(
        store,
        replace(SETTINGS, title=EVIL_UTF8),
        [Row(C, "failed", EVIL, SINCE), Row(EVIL, EVIL, EVIL, None)],
    )
    pages = [key for key in contents(store) if key.endswith(".html")]
    assert len(pages) == 4
    for key in pages:
        html = store.get_bytes(key).decode()
        assert "&lt;script&gt;" in html
        tags = Tags(html).found
        (policy,) = [a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
        assert policy == (
            "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
            "base-uri 'none'; form-action 'none'"
        )
        scripts = [attributes for tag, attributes in tags if tag == "script"]
        assert [list(attributes) for attributes in scripts] == [["src"]]
        for tag, attributes in tags:
            assert tag not in ("style", "iframe", "object", "base", "form")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            assert "alert" not in (attributes.get("src") or "")


def test_files_are_shown_by_kind_and_unknown_ones_too(store: Store) -> None:
    give_page(store, B, analysed=True)
    html = store.get_bytes(page_of(B)).decode()
    stem = f"{B}_xr"
    shown = re.findall(r'<img src="\.\./\.\./\.\./\.\./SummaryImages/2025/(\w+)\.png\?v=\w{8}"', html)
    assert shown == [f"{stem}_winds", f"{stem}_temperature", f"{stem}_diagnostics"]
    for title in ("Everything, netCDF", "Log of the analysis", "Samples, table", "odd thing.bin"):
        assert f">{title}</a>" in html
    assert html.count("<tr><td><a href=") == 7


def test_a_night_of_two_lines_and_one_without_anything(store: Store) -> None:
    red, green = result_of(B), result_of(B, "XG")
    index = publish(store, [red, green])
    publish_night_page(store, SETTINGS, index, [red, green])
    html = store.get_bytes(page_of(B)).decode()
    assert html.index("557.7 nm, green line") < html.index("630.0 nm, red line")

    from results import example_result

    empty = example_result(0, 0, date=dt.date(2025, 5, 1))
    index = publish(store, [], {"XR": ("no frames", "no frame of tag XR")}, C)
    publish_night_page(store, SETTINGS, index, [empty])
    html = store.get_bytes(page_of(C)).decode()
    assert "<strong>no frames</strong>: no frame of tag XR" in html
    assert "Found 0 sky and 0 laser frames" in html
    assert "None" not in html
    assert "nan" not in html


@pytest.mark.parametrize("nights", [3000])
def test_the_first_page_stays_small_with_thousands_of_nights(store: Store, nights: int) -> None:
    put_records(store, many_records(nights))
    update_pages(store, SETTINGS, [WAITING])
    size = store.head("pages/index.html").size
    assert size / nights < 160
    parts = sum(found.size for found in store.list("pages/static/"))
    assert parts < 30_000
