"""A damaged upload fails with its reason; uploaded again whole, the night is finished by the next run."""

import pytest
from running import upload

from airglow.archive import load_manifest
from airglow.simulate import NightFolder

from .conftest import SMALL, Place, line_of


@pytest.mark.parametrize("target", [(), (f"nights/{SMALL.name}.json",)], ids=["hourly", "by name"])
def test_a_damaged_upload_is_healed_by_another(
    place: Place, small_night: NightFolder, target: tuple[str, ...]
) -> None:
    upload(place.store, small_night.raw)
    last = small_night.upload.parts[-1]
    good = last.read_bytes()
    place.store.put_bytes(f"raw/{last.name}", good[:-6] + bytes([good[-6] ^ 1]) + good[-5:])
    for _ in range(2):
        ran = place.clone.hourly(*target)
        assert ran.code == 1
        assert "extract: night.tar.gz: gzip is damaged (CRC check failed)" in line_of(ran.text, SMALL.name)
        assert "upload the night again" in line_of(ran.text, SMALL.name)
        assert place.store.head(SMALL.manifest_key) is None

    place.store.put_bytes(f"raw/{last.name}", good)
    ran = place.clone.hourly(*target)
    assert ran.code == 0, ran.text
    assert "done" in line_of(ran.text, SMALL.name)
    assert place.store.list("raw/fpi") == []
    assert len(load_manifest(place.store, SMALL).frames) == len(list(small_night.frames.iterdir()))
    work = place.clone.directory / "work"
    assert [path.name for path in work.rglob("night.tar.gz*")] == []


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
