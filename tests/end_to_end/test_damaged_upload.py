"""A damaged upload is refused with its reason, once; uploaded again whole, the next run finishes it."""

import pytest
from running import Ran, everything, upload

from airglow.archive import load_manifest
from airglow.simulate import NightFolder

from .conftest import SMALL, Place, line_of, uploaded_and_made


def upload_damaged(place: Place, night: NightFolder) -> None:
    """All of a night, and one wrong bit in its last part."""
    upload(place.store, night.raw)
    last = night.upload.parts[-1]
    good = last.read_bytes()
    place.store.put_bytes(f"raw/{last.name}", good[:-6] + bytes([good[-6] ^ 1]) + good[-5:])


def test_a_damaged_upload_is_refused_and_left_as_it_is(place: Place, small_night: NightFolder) -> None:
    upload_damaged(place, small_night)
    sent = raw(place)
    ran = place.clone.hourly()
    assert ran.code == 1  # once, so that somebody hears of it
    assert_refused(place, ran)
    assert ran.text.count(": refused: ") == 1, ran.text  # said once: extract is not repeated at once
    assert raw(place) == sent


@pytest.mark.long
def test_a_damaged_upload_is_healed_by_another(place: Place, small_night: NightFolder) -> None:
    upload_damaged(place, small_night)
    sent = raw(place)
    assert place.clone.hourly().code == 1
    before = everything(place.store)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert_refused(place, ran)
    assert "extract" not in ran.text
    assert uploaded_and_made(everything(place.store)) == uploaded_and_made(before)
    ran = place.clone.hourly(f"nights/{SMALL.name}.json")
    assert ran.code == 1  # whoever asks for it by name hears of it again
    assert_refused(place, ran)
    assert ran.text.count(": refused: ") == 1, ran.text
    assert raw(place) == sent

    last = small_night.upload.parts[-1]
    place.store.put_file(f"raw/{last.name}", last)
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "done" in line_of(ran.text, SMALL.name)
    assert place.store.list("raw/fpi") == []
    assert len(load_manifest(place.store, SMALL).frames) == len(list(small_night.frames.iterdir()))
    assert place.store.head(SMALL.refused_key) is None
    work = place.clone.directory / "work"
    assert [path.name for path in work.rglob("night.tar.gz*")] == []


def raw(place: Place) -> dict[str, str]:
    return {found.key: found.etag for found in place.store.list("raw/fpi")}


def assert_refused(place: Place, ran: Ran) -> None:
    """The table, the pages and the command say that the night is refused, and why; it is no failure."""
    page = place.store.get_bytes("pages/attention.html").decode()
    for text in (line_of(ran.text, SMALL.name), page):
        assert "refused" in text
        assert "gzip is damaged (CRC check failed)" in text
        assert "upload the night again" in text
    assert "failed" not in line_of(ran.text, SMALL.name).replace("CRC check failed", "")
    assert SMALL.name in page
    assert place.store.head(SMALL.manifest_key) is None
