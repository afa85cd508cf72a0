"""The working disk: exactly the frames of the manifest, and old files gone."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from known import known_registry
from results import empty_night, example_result
from uploading import FRAMES, MINIME05, archive_night, send

from airglow.model.errors import MachineError, StoreError
from airglow.night import NightRequest, no_result
from airglow.pipeline.publish import ProductPrefixes, deliver, plan_delivery
from airglow.pipeline.workspace import (
    bring_frames,
    bring_results,
    is_of_archive,
    published_results,
    remove_leftovers,
    remove_older,
)
from airglow.products import SUFFIXES, Beside, local_name, read_netcdf, write_kinds
from airglow.store import MissingObject, Store

DAY_S = 86400
REGISTRY = known_registry()
BESIDE = Beside(site=REGISTRY.site("uao"), instrument=REGISTRY.instrument("minime05", MINIME05.date))


@pytest.fixture
def archived(store: Store, tmp_path: Path):
    send(store, MINIME05)
    return archive_night(store, MINIME05, tmp_path / "archive")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_frames_that_the_extraction_left_are_used_and_others_removed(
    store: Store, archived, tmp_path: Path
) -> None:
    unpacked = tmp_path / "archive" / "frames"
    names = sorted(path.name for path in unpacked.iterdir())
    (unpacked / "of another upload.hdf5").write_bytes(b"?")
    (unpacked / names[1]).write_bytes(b"spoilt")
    (unpacked / names[2]).unlink()
    untouched = (unpacked / names[0]).stat().st_ino
    bring_frames(store, archived, tmp_path / "frames", unpacked)
    assert contents(tmp_path / "frames") == {Path(name).name: data for name, data in FRAMES.items()}
    assert (tmp_path / "frames" / names[0]).stat().st_ino == untouched
    assert not unpacked.exists()


def test_frames_come_from_the_archive_alone(store: Store, archived, tmp_path: Path) -> None:
    bring_frames(store, archived, tmp_path / "frames", tmp_path / "nothing")
    assert contents(tmp_path / "frames") == {Path(name).name: data for name, data in FRAMES.items()}
    store.delete(archived.frames[0].key)
    with pytest.raises(MissingObject, match=archived.frames[0].name):
        bring_frames(store, archived, tmp_path / "again", tmp_path / "nothing")


def test_a_disk_that_does_not_take_the_frames_is_no_verdict_on_them(
    store: Store, archived, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(MachineError, match=r"a file/frames: cannot be read or written: Not a directory"):
        bring_frames(store, archived, tmp_path / "a file/frames", tmp_path / "nothing")
    (tmp_path / "frames" / archived.frames[0].name).mkdir(parents=True)
    with pytest.raises(MachineError, match=r"cannot be read or written: Is a directory"):
        bring_frames(store, archived, tmp_path / "frames", tmp_path / "archive" / "frames")


def test_old_files_and_the_directories_they_leave_empty_are_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "results/2025/a.nc", tmp_path / "results/2026/b.nc"
    for path in (old, new):
        path.parent.mkdir(parents=True)
        path.write_text("winds")
    os.utime(old, (time.time() - 31 * DAY_S,) * 2)
    for name in ("a", "m", "z"):
        (tmp_path / "results" / name).mkdir()  # empty, and of no file that was removed
    assert remove_older([tmp_path / "results"], 0) == []
    assert remove_older([tmp_path / "nowhere"], 30) == []
    assert remove_older([tmp_path / "results"], 30) == [old]
    assert not old.parent.exists()
    assert new.exists()
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"2026", "a", "m", "z"}


@pytest.fixture(scope="module")
def two_tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XR analysed, XG not: folders with every kind of file there is, as the workflow leaves them."""
    made = tmp_path_factory.mktemp("made")
    drawn = [kind for kind in SUFFIXES if kind != "fitted" and not local_name(kind).endswith(".pdf")]
    for tag, result in (("XG", empty_night(tag="XG")), ("XR", example_result(6, 2))):
        write_kinds(
            result,
            {kind: made / tag / local_name(kind) for kind in drawn},
            replace(BESIDE, frames_directory=made),
        )
        for kind in SUFFIXES.keys() - set(drawn):  # nothing here looks into them, and they take long to make
            (made / tag / local_name(kind)).write_bytes(f"bytes of {kind}".encode())
    return made


def publish(store: Store, made: Path) -> dict:
    outcomes = {
        "XG": {"state": "no frames", "reason": "no XG frame", "manifest_sha256": "a" * 64},
        "XR": {"state": "analysed", "reason": "", "sky_frames": 6, "manifest_sha256": "a" * 64},
    }
    folders = {tag: made / tag for tag in outcomes}
    files = {tag: folder.iterdir() for tag, folder in folders.items()}
    plan = plan_delivery(MINIME05, BESIDE.instrument, outcomes, files, ProductPrefixes("r", "i", "m"))
    return deliver(store, plan, folders)


def test_results_come_back_from_the_bucket_as_they_were(store: Store, two_tags: Path, tmp_path: Path) -> None:
    index = publish(store, two_tags)
    back = tmp_path / "back"
    assert bring_results(store, index, back, lambda tag, why: empty_night(tag=tag), BESIDE) == ["XG", "XR"]
    outcome = contents(back / "XR").pop("outcome.json")
    assert json.loads(outcome) == {
        key: value for key, value in index["outcomes"]["XR"].items() if key != "products"
    }
    for tag in ("XG", "XR"):
        made = contents(two_tags / tag)
        if tag == "XG":  # PDFs of a tag without a result are made for who asks for them, and it has no fits
            made = {name: data for name, data in made.items() if not name.endswith((".pdf", "fitted.npz"))}
        assert {name: data for name, data in contents(back / tag).items() if name != "outcome.json"} == made
    assert read_netcdf(back / "XG/night.nc").notes == empty_night(tag="XG").notes
    # Or Snakemake would make anew what is older than the result that it is made from.
    for tag in ("XG", "XR"):
        times = {path.name: path.stat().st_mtime_ns for path in (back / tag).iterdir()}
        assert times["night.nc"] == min(times.values())


def test_an_earlier_result_that_was_kept_comes_back_with_what_was_refused_for_it(
    store: Store, two_tags: Path, tmp_path: Path
) -> None:
    index = publish(store, two_tags)
    kept = {
        "state": "camera off",
        "reason": "",
        "at": "2026-05-01T12:00:00+00:00",
        "manifest_sha256": "b" * 64,
    }
    index["outcomes"]["XR"]["kept"] = kept
    back = tmp_path / "back"
    assert bring_results(store, index, back, lambda tag, why: empty_night(tag=tag), BESIDE) == ["XG", "XR"]
    found = contents(back / "XR")
    assert json.loads(found.pop("outcome.json"))["kept"] == kept
    assert found == contents(two_tags / "XR")


def test_results_are_told_from_those_of_another_upload(
    store: Store, two_tags: Path, archived, tmp_path: Path
) -> None:
    index = publish(store, two_tags)
    assert not is_of_archive(store, index)
    assert is_of_archive(store, {**index, "manifest_sha256": archived.sha256})
    store.delete(MINIME05.manifest_key)  # it steps aside while another upload is taken up
    assert not is_of_archive(store, {**index, "manifest_sha256": archived.sha256})


def test_results_are_read_and_the_files_removed_also_where_there_are_none(
    store: Store, two_tags: Path, tmp_path: Path
) -> None:
    index = publish(store, two_tags)
    (result,) = published_results(store, index, tmp_path / "load")
    assert (result.tag, len(result.sky)) == ("XR", 6)
    assert published_results(store, {**index, "products": []}, tmp_path / "load") == []
    assert list(tmp_path.iterdir()) == []


def test_a_tag_that_the_registry_no_longer_knows_is_passed_over(store: Store, tmp_path: Path) -> None:
    """A night of XG frames alone, of an instrument that has no green line by now."""
    optics = replace(BESIDE.instrument.optics, green_line_wavelength_m=None)
    instrument = replace(BESIDE.instrument, optics=optics)
    outcome = {"state": "no frames", "reason": "no frame", "manifest_sha256": "a" * 64, "products": []}
    outcomes = {"XG": outcome, "XR": outcome}
    index = {"night": MINIME05.name, "outcomes": outcomes, "products": []}

    def empty_result(tag: str, why: str):
        return no_result(NightRequest(instrument, BESIDE.site, MINIME05.date, tag), None, why)

    assert bring_results(store, index, tmp_path, empty_result, replace(BESIDE, instrument=instrument)) == [
        "XR"
    ]
    assert (tmp_path / "XR/night.nc").exists()
    assert not (tmp_path / "XG").exists()


def test_results_that_are_not_what_was_published_do_not_come_back(
    store: Store, two_tags: Path, tmp_path: Path
) -> None:
    index = publish(store, two_tags)
    store.put_bytes("r/2026/minime05_uao_20260429_xr.nc", b"rubbish")
    back = tmp_path / "back"
    with pytest.raises(StoreError, match="SHA-256"):
        bring_results(store, index, back, lambda tag, why: empty_night(tag=tag), BESIDE)
    assert not (back / "XR/night.nc").exists()


def test_what_killed_runs_left_goes_and_what_is_of_use_stays(tmp_path: Path) -> None:
    night = "minime05/uao/2026"
    goes = [
        f"{night}/20260429/night.tar.gz",
        f"{night}/20260429/unpacked/a.hdf5",
        f"{night}/20260429/load/a.nc",
        f"{night}/20260429/page/deep/a.nc",
        "minime13/low/2025/20250101/frames/a.hdf5",
        f"{night}/20260430/night.tar.gz.partial",
        f"{night}/20260430/frames/a.hdf5.partial",
        f"{night}/20260430/unpacked.unpacked/000001",
        "weather/uao_20260429.json",
        "weather/uao_20260429/Cloud_uao_20260429.txt",
    ]
    stays = [
        f"{night}/20260430/night.tar.gz",
        f"{night}/20260430/frames/a.hdf5",
        f"{night}/20260501/night.tar.gz.partial",
        "weather/uao_20260501.json",
        "failures/load_minime05_uao_20260429.json",
        "discovery.json",
        "notes/of/an/operator",
    ]
    for name in (*goes, *stays):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100_000)
    removed = remove_leftovers(tmp_path, ["minime05_uao_20260430"], ["minime05_uao_20260501"])
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == sorted(stays)
    assert not (tmp_path / "minime13").exists()
    assert f"{tmp_path / night / '20260429'} (0.4 MB)" in removed
    assert len(removed) == 7
    assert remove_leftovers(tmp_path, ["minime05_uao_20260430"], ["minime05_uao_20260501"]) == []
    assert remove_leftovers(tmp_path / "nowhere", [], []) == []


def test_what_cannot_be_removed_is_told_and_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Root, who runs tests, may remove all: so the system's refusals are made up, but for that of a link."""
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    nights = [work / "minime05/uao/2026" / day for day in ("20260427", "20260428", "20260429", "20260430")]
    for night in nights[1:]:
        (night / "frames").mkdir(parents=True)
        (night / "frames/a.hdf5").write_bytes(b"x" * 100_000)
    elsewhere.mkdir()
    nights[0].symlink_to(elsewhere)
    really, failing = shutil.rmtree, {nights[1]: PermissionError(13, "Permission denied")}
    failing[nights[2]] = OSError(5, "Input/output error")

    def rmtree(path: Path, **more: object) -> None:
        if path in failing:
            raise failing[path]
        really(path, **more)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    assert remove_leftovers(work, [], []) == [f"{nights[3]} (0.1 MB)"]
    assert [path.exists() for path in (*nights, elsewhere)] == [True, True, True, False, True]
    for night, reason in zip(
        nights, ("symbolic link", "Permission denied", "Input/output error"), strict=False
    ):
        assert any(
            line.startswith(f"{night}: could not be removed (") and reason in line for line in caplog.messages
        )


def test_an_old_file_that_cannot_be_removed_is_told_and_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stays, goes, last = (tmp_path / "logs" / name for name in ("a/a.log", "b/b.log", "c/c.log"))
    for path in (stays, goes, last):
        path.parent.mkdir(parents=True)
        path.write_text("winds")
        os.utime(path, (time.time() - 31 * DAY_S,) * 2)
    unlink, rmdir = Path.unlink, Path.rmdir

    def refuse(path: Path, refused: Path, really, **more: object) -> None:
        if path == refused:
            raise PermissionError(13, "Permission denied")
        really(path, **more)

    monkeypatch.setattr(Path, "unlink", lambda path, **more: refuse(path, stays, unlink, **more))
    monkeypatch.setattr(Path, "rmdir", lambda path: refuse(path, goes.parent, rmdir))
    assert sorted(remove_older([tmp_path / "logs"], 30)) == [goes, last]
    assert [path.exists() for path in (stays, goes.parent, last.parent)] == [True, True, False]
    assert sorted(caplog.messages) == [
        f"{stays}: could not be removed (Permission denied)",
        f"{goes.parent}: could not be removed (Permission denied)",
    ]
