"""A damaged upload is refused with its reason, once; uploaded again whole, the next run finishes it."""

import pytest
from running import Ran, everything, upload

from airglow.archive import load_manifest
from airglow.simulate import NightFolder

from .conftest import SMALL, Place, line_of, without_pages


@pytest.mark.parametrize("target", [(), (f"nights/{SMALL.name}.json",)], ids=["hourly", "by name"])
def test_a_damaged_upload_is_healed_by_another(
    place: Place, small_night: NightFolder, target: tuple[str, ...]
) -> None:
    upload(place.store, small_night.raw)
    last = small_night.upload.parts[-1]
    good = last.read_bytes()
    place.store.put_bytes(f"raw/{last.name}", good[:-6] + bytes([good[-6] ^ 1]) + good[-5:])
    sent = raw(place)
    ran = place.clone.hourly(*target)
    assert ran.code == 1  # once, so that somebody hears of it
    assert_refused(place, ran)
    assert ran.text.count(": refused: ") == 1, ran.text  # said once: extract is not repeated at once
    before = everything(place.store)
    ran = place.clone.hourly(*target)
    assert_refused(place, ran)
    assert ran.code == (1 if target else 0), ran.text
    if not target:
        assert "extract" not in ran.text
        assert without_pages(everything(place.store)) == without_pages(before)
    assert raw(place) == sent

    place.store.put_bytes(f"raw/{last.name}", good)
    ran = place.clone.hourly(*target)
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
    assert list((place.clone.directory / "work/failures").glob("*")) == []
    assert place.store.head(SMALL.manifest_key) is None


def test_a_byte_behind_the_upload_costs_no_night(place: Place, small_night: NightFolder) -> None:
    """An archive with a line feed at its end, as some tools leave it."""
    upload(place.store, small_night.raw)
    last = small_night.upload.parts[-1]
    place.store.put_bytes(f"raw/{last.name}", last.read_bytes() + b"\n")
    receipt = small_night.upload.receipt.read_text()
    size = sum(part.stat().st_size for part in small_night.upload.parts)
    assert str(size) in receipt
    place.store.put_bytes(f"raw/{SMALL.upload}.txt", receipt.replace(str(size), str(size + 1)).encode())
    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "done" in line_of(ran.text, SMALL.name)
    excluded = load_manifest(place.store, SMALL).excluded
    assert [(one.member, one.reason) for one in excluded] == [
        ("", "archive: 1 bytes behind the end of the gzip were passed over")
    ]
