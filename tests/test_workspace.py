"""The working disk: exactly the frames of the manifest, and old files gone."""

import os
import time
from pathlib import Path

import pytest
from uploading import FRAMES, MINIME05, archive_night, send

from airglow.store import MissingObject, Store
from airglow.workspace import bring_frames, remove_older

DAY_S = 86400


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
