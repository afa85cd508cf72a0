"""A night of which one tag could not be analysed, in a workflow without pages."""

import datetime as dt
from pathlib import Path

from running import clone, everything, upload

from airglow.products import read_netcdf
from airglow.registry import load_registry
from airglow.simulate import simulate_night, write_night
from airglow.uploads import NightId

from .conftest import CONFIG, MIB, Place, line_of

NIGHT = NightId("minime13", "uao", dt.date(2026, 5, 13))


def test_it_has_all_its_files_here_and_only_the_other_tag_is_delivered(place: Place, tmp_path: Path) -> None:
    registry = load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")
    instrument = registry.instrument(NIGHT.instrument, NIGHT.date)
    assert set(instrument.expected_tags) == {"XG", "XR"}
    made = simulate_night(
        instrument, registry.site(NIGHT.site), NIGHT.date, tags=("XR",), sky_frames=4, laser_frames=3
    )
    upload(place.store, write_night(made, tmp_path / "night", pack=True, part_bytes=MIB).raw)
    place.clone.configure("pages", prefix="")

    ran = place.clone.hourly()
    assert ran.code == 0, ran.text
    assert "done" in line_of(ran.text, NIGHT.name)
    assert "XG: no frames" in line_of(ran.text, NIGHT.name)
    keys = everything(place.store).keys()
    assert "results/2026/minime13_uao_20260513_xr.nc" in keys
    assert [key for key in keys if "_xg" in key or key.startswith("pages/")] == []
    assert NIGHT.page_key not in keys

    local = place.clone.directory / "results/minime13/uao/2026/20260513"
    names = {tag: {path.name for path in (local / tag).iterdir()} for tag in ("XG", "XR")}
    assert names["XG"] == names["XR"] >= {"night.nc", "outcome.json", "winds.png", "frames.png", "winds.csv"}
    (note,) = read_netcdf(local / "XG/night.nc").notes
    assert note.startswith("No analysis (no frames): ")

    # On a fresh disk its plots, too, can be made again without any frame.
    fresh = clone(tmp_path / "fresh", place.clone.environment)
    fresh.configure("products", legacy_npz=False, paper_plots=False)
    fresh.configure("pages", prefix="")
    assert fresh.hourly("-R", "fetch", f"fetched/{NIGHT.name}.json").code == 0
    ran = fresh.hourly("-R", "plots", f"nights/{NIGHT.name}.json")
    assert ran.code == 0, ran.text
    assert "plots minime13 uao 20260513 XG: done" in ran.text
    assert "frames minime13" not in ran.text
    assert "analyze" not in ran.text
    assert everything(place.store).keys() == keys
