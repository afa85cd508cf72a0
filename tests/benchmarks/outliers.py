"""Which samples a change of the rule for outliers changes, on real and simulated nights.

python -m tests.benchmarks.outliers analyse DIR [--data DIR] [--keep DIR] [--only TITLE,TITLE]
python -m tests.benchmarks.outliers changes OLD NEW

The first, run by the code before and by the code after the change, analyses the real nights and frames of
`tests.benchmarks.real`, nights of `tests.benchmarks.nights` and `tests.benchmarks.silence`, and those of the
demo, and writes a netCDF file each. The second lists

- each laser frame that takes part in the gap's course in one of them only,
- each sky frame that takes part in the winds over the site in one of them only,
- each sky frame with another flag,
- each sky frame whose wind or temperature, or the error of either, changes by more than `LEAST` of the stated
  error; by nights, where more than `MOST_LISTED` of a night do,
- each night whose Doppler reference rests on another number of zenith samples, and how far it moved.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.demo.nights import NIGHTS, SEED
from airglow.model.errors import NotAnalysable
from airglow.model.result import NightResult
from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.products.netcdf import read_netcdf, write_netcdf
from airglow.registry import Registry
from airglow.simulate import simulate_night, write_night
from airglow.weather import read_folder
from tests.benchmarks.compare import compare
from tests.benchmarks.nights import FIRST_SEED, VARIANTS, make_night, registry
from tests.benchmarks.real import DATA, FRAMES, analyse_real_profiles
from tests.benchmarks.silence_nights import ROWS, make
from tests.benchmarks.text import number, table

INSTRUMENT, GREEN_INSTRUMENT = "minime05", "minime13"
LEAST = 0.01  # of a stated error
MOST_LISTED = 6
HEADERS = ("night", "frames", "what", "before", "after", "stated errors")


def analyse_all(folder: Path, data: Path, keep: Path, only: set[str] | None) -> None:
    """Analyse the nights and write a netCDF file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for title, result in _results(registry(), data, keep, only):
        write_netcdf(result, folder / f"{title}.nc")
        print(title, flush=True)


def _results(
    known: Registry, data: Path, keep: Path, only: set[str] | None
) -> Iterator[tuple[str, NightResult]]:
    """Title and result of each night that can be analysed."""

    def wanted(title: str) -> bool:
        return only is None or title in only

    for path in sorted(data.glob("*.npz")):
        if wanted(path.stem):
            yield path.stem, analyse_real_profiles(path, known)
    if data.is_dir() and wanted("real frames"):
        instrument, site, date, tag = FRAMES
        request = NightRequest(
            known.instrument(instrument, date), known.site(site), date, tag, AnalysisSettings()
        )
        yield "real frames", _analyse(request, data, None)
    for title, scenario in VARIANTS.items():
        if wanted(title):
            instrument = GREEN_INSTRUMENT if scenario.tags == ("XG",) else INSTRUMENT
            try:
                yield title, compare(make_night(known, keep, title, instrument, FIRST_SEED)).result
            except NotAnalysable as reason:
                print(f"{title}: {reason}")
    for title, row in ROWS.items():
        title = f"fault: {title.replace('/', ' per ')}"
        if wanted(title):
            made = make(row, 0, known, keep / "faults")
            night = made.night
            request = NightRequest(night.instrument, night.site, night.date, row.tag, AnalysisSettings())
            yield title, _analyse(request, made.folder / "frames", made.folder / "clouds")
    for demo in (demo for demo in NIGHTS if demo.arrives and wanted(f"demo: {demo.name}")):
        id_, made_at = demo.night, keep / demo.name
        night = simulate_night(
            known.instrument(id_.instrument, id_.date),
            known.site(id_.site),
            id_.date,
            seed=SEED,
            sky_frames=demo.sky_frames,
            laser_frames=demo.laser_frames,
        )
        if not (made_at / "frames").exists():
            write_night(night, made_at)
        request = NightRequest(night.instrument, night.site, id_.date, "XR", AnalysisSettings())
        yield f"demo: {demo.name}", _analyse(request, made_at / "frames", made_at / "clouds")


def _analyse(request: NightRequest, frames: Path, clouds: Path | None) -> NightResult:
    with threadpool_limits(limits=1):
        weather = None if clouds is None else read_folder(clouds, request.site)
        return analyse_night(request, read_night(frames, request), weather)


def changes(title: str, old: NightResult, new: NightResult) -> list[list[str]]:
    """Lines of the table, of one night."""
    rows = []
    words = {True: "used", False: "left out"}
    for k, name in enumerate(old.laser.name):
        before, after = bool(old.laser.used[k]), bool(new.laser.used[k])
        if before != after:
            rows.append([title, name, "laser frame", words[before], words[after], "-"])
    left_out = [set(result.smooth_winds.left_out) for result in (old, new)]
    for name in sorted(left_out[0] ^ left_out[1]):
        before, after = (words[name not in names] for names in left_out)
        rows.append([title, name, "winds over the site", before, after, "-"])
    if old.sky.name != new.sky.name:
        return [*rows, [title, "-", "sky frames", str(len(old.sky)), str(len(new.sky)), "-"]]
    for what in ("wind_flag", "temperature_flag"):
        before, after = getattr(old.sky, what), getattr(new.sky, what)
        rows += [
            [title, old.sky.name[k], what.replace("_", " "), str(before[k]), str(after[k]), "-"]
            for k in np.flatnonzero(before != after)
        ]
    reference = [result.doppler_reference for result in (old, new)]
    by = (reference[1].value_mps - reference[0].value_mps) / reference[0].error_mps
    if abs(by) > LEAST or reference[0].zenith_samples != reference[1].zenith_samples:
        before, after = (f"{each.value_mps:.2f} m/s from {each.zenith_samples}" for each in reference)
        rows.append([title, "-", "Doppler reference", before, after, number(by)])
    for value, error, unit in (
        ("line_of_sight_wind_mps", "wind_error_mps", "m/s"),
        ("temperature_k", "temperature_error_k", "K"),
    ):
        sigma = getattr(old.sky, error)
        for what in (value, error):
            rows += _sample_rows(title, what, old, new, sigma, unit)
    return rows


def _sample_rows(
    title: str, what: str, old: NightResult, new: NightResult, sigma: np.ndarray, unit: str
) -> list[list[str]]:
    before, after = getattr(old.sky, what), getattr(new.sky, what)
    by = (after - before) / sigma
    by[np.isnan(before) & np.isnan(after)] = 0.0
    moved = np.flatnonzero(~(np.abs(by) <= LEAST))
    label = what.removesuffix("_mps").removesuffix("_k").replace("_", " ")
    if moved.size > MOST_LISTED:
        worst = moved[np.argmax(np.abs(by[moved]))]
        median = number(float(np.median(np.abs(by[moved]))), 3)
        frames, label = f"{moved.size} of {by.size}", f"{label}, most in {old.sky.name[worst]}"
        cells = (f"{before[worst]:.2f}", f"{after[worst]:.2f} {unit}")
        return [[title, frames, label, *cells, f"{number(float(by[worst]))}, median {median}"]]
    return [
        [
            title,
            old.sky.name[k],
            label,
            f"{before[k]:.2f}",
            f"{after[k]:.2f} {unit}",
            number(float(by[k])),
        ]
        for k in moved
    ]


def report(old: Path, new: Path) -> str:
    """Table of what changed."""
    names = sorted(path.name for path in old.glob("*.nc"))
    rows, unchanged = [], []
    for name in names:
        if not (new / name).exists():
            rows.append([name, "-", "night", "analysed", "none", "-"])
            continue
        lines = changes(name.removesuffix(".nc"), read_netcdf(old / name), read_netcdf(new / name))
        rows += lines
        if not lines:
            unchanged.append(name.removesuffix(".nc"))
    said = f"{len(unchanged)} of {len(names)} nights without a change: {'; '.join(unchanged) or 'none'}"
    return f"{table(HEADERS, rows)}\n\n{said}" if rows else said


def main() -> None:
    """Analyse nights, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    analyse = commands.add_parser("analyse", help="analyse the nights and keep the results")
    analyse.add_argument("folder", type=Path, metavar="DIR")
    analyse.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="real nights (%(default)s)")
    analyse.add_argument("--keep", type=Path, required=True, metavar="DIR", help="for simulated nights")
    analyse.add_argument("--only", help="titles of nights, separated by commas")
    compared = commands.add_parser("changes", help="list what changed")
    compared.add_argument("old", type=Path, metavar="OLD")
    compared.add_argument("new", type=Path, metavar="NEW")
    given = parser.parse_args()
    if given.command == "changes":
        print(report(given.old, given.new))
    else:
        analyse_all(given.folder, given.data, given.keep, set(given.only.split(",")) if given.only else None)


if __name__ == "__main__":
    main()
