"""Analyse a folder of frames, and write netCDF, Madrigal text, plots and a log, one set per tag."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

from tqdm import tqdm

from airglow.errors import BadInput
from airglow.night.folder import ANALYSED, analyse_folder
from airglow.night.settings import AnalysisSettings
from airglow.registry import load_registry

SKY_TAGS = ("X", "XR", "XG")
CONFIG = Path(__file__).parents[2] / "config"  # of a clone, which is how airglow is installed


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--instrument", required=True, help="such as minime05")
    parser.add_argument("--site", required=True, help="such as uao")
    parser.add_argument("--date", required=True, help="local date on which the night began, YYYYMMDD")
    parser.add_argument("--frames", required=True, type=Path, metavar="DIR", help="folder of the frames")
    parser.add_argument("--clouds", type=Path, metavar="DIR", help="folder of Cloud_<site>_<date>.txt files")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the products")
    parser.add_argument(
        "--tags", nargs="+", choices=SKY_TAGS, metavar="TAG", help="X, XR, XG (those the registry expects)"
    )
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(given: argparse.Namespace) -> int:
    """Analyse; exit status 1 when no tag could be analysed."""
    try:
        date = dt.datetime.strptime(given.date, "%Y%m%d").date()
    except ValueError as error:
        raise BadInput("--date", f"{given.date!r} is not a date", "Write it as 20250429") from error
    registry = load_registry(given.config / "sites.yaml", given.config / "instruments.yaml")
    site, instrument = registry.site(given.site), registry.instrument(given.instrument, date)
    tags = tuple(given.tags) if given.tags else instrument.expected_tags
    if not registry.is_deployed(given.instrument, given.site, date):
        print(f"Note: the registry does not have {given.instrument} at {given.site} on {date}.")
    analysed = 0
    for tag in tags:
        # tqdm draws nothing where the output is not a terminal (disable=None).
        with tqdm(disable=given.quiet or None, leave=False, unit="frame") as bar:

            def progress(stage: str, done: int, total: int, bar: tqdm = bar, tag: str = tag) -> None:
                bar.set_description(f"{tag}: {stage}", refresh=False)
                bar.total, bar.n = total, done
                bar.refresh()

            outcome = analyse_folder(
                given.frames,
                given.clouds,
                instrument,
                site,
                date,
                tag,
                given.out,
                settings=AnalysisSettings(),
                progress=progress,
            )
        print(_line(outcome))
        for name in outcome["products"]:
            print(f"  {given.out / name}")
        analysed += outcome["state"] == ANALYSED
    return 0 if analysed else 1


def _line(outcome: dict) -> str:
    title = f"{outcome['instrument']} {outcome['site']} {outcome['date']} {outcome['tag']}"
    if outcome["state"] != ANALYSED:
        return f"{title}: {outcome['state']}: {outcome['reason']}"
    return (
        f"{title}: {outcome['sky_frames']} sky and {outcome['laser_frames']} laser frames, "
        f"{outcome['rejected_frames']} not used; "
        f"median wind error {outcome['median_wind_error_mps']:.1f} m/s, "
        f"temperature {outcome['median_temperature_k']:.0f} K"
    )
