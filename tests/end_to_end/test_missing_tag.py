"""A night of which one tag could not be analysed, in a workflow without pages."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest
from known import known_registry
from running import Front, Ran, clone, everything, upload

from airglow.demo.servers import MariadbServer, S3Server
from airglow.products import read_netcdf
from airglow.simulate import simulate_night, write_night
from airglow.uploads import NightId

from .conftest import MIB, Place, line_of, place_at

pytestmark = pytest.mark.long

NIGHT = NightId("minime13", "uao", dt.date(2026, 5, 13))


@dataclass(frozen=True)
class Done:
    """The night, once the workflow has done it."""

    place: Place
    ran: Ran
    keys: set[str]


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory, s3: S3Server, mariadb: MariadbServer, behind: Front
) -> Done:
    """Frames of one of the two tags went all the way."""
    registry = known_registry()
    instrument = registry.instrument(NIGHT.instrument, NIGHT.date)
    assert set(instrument.expected_tags) == {"XG", "XR"}
    made = simulate_night(
        instrument, registry.site(NIGHT.site), NIGHT.date, tags=("XR",), sky_frames=4, laser_frames=3
    )
    directory = tmp_path_factory.mktemp("missing-tag")
    place = place_at(directory / "clone", s3, mariadb, behind)
    upload(place.store, write_night(made, directory / "night", pack=True, part_bytes=MIB).raw)
    place.clone.configure("pages", prefix="")
    ran = place.clone.hourly()
    return Done(place, ran, set(everything(place.store)))


def test_it_has_all_its_files_here_and_only_the_other_tag_is_delivered(done: Done) -> None:
    assert done.ran.code == 0, done.ran.text
    line = line_of(done.ran.text, NIGHT.name)
    assert "degraded" in line
    assert "XG: no frames" in line
    assert "results/2026/minime13_uao_20260513_xr.nc" in done.keys
    assert [key for key in done.keys if "_xg" in key or key.startswith("pages/")] == []
    assert NIGHT.page_key not in done.keys

    local = done.place.clone.directory / "results/minime13/uao/2026/20260513"
    names = {tag: {path.name for path in (local / tag).iterdir()} for tag in ("XG", "XR")}
    assert names["XG"] == names["XR"] >= {"night.nc", "outcome.json", "winds.png", "frames.png", "winds.csv"}
    (note,) = read_netcdf(local / "XG/night.nc").notes
    assert note.startswith("No analysis (no frames): ")


def test_on_a_fresh_disk_its_plots_are_made_again_without_any_frame(done: Done, tmp_path: Path) -> None:
    fresh = clone(tmp_path / "fresh", done.place.clone.environment)
    fresh.configure("products", legacy_npz=False, paper_plots=False)
    fresh.configure("pages", prefix="")
    assert fresh.hourly("-R", "fetch", f"fetched/{NIGHT.name}.json").code == 0
    ran = fresh.hourly("-R", "plots", f"nights/{NIGHT.name}.json")
    assert ran.code == 0, ran.text
    assert "plots minime13 uao 20260513 XG: done" in ran.text
    assert "frames minime13" not in ran.text
    assert "analyze" not in ran.text
    assert everything(done.place.store).keys() == done.keys
