"""Analyse a folder of frames, and write netCDF, tables, Madrigal files, plots and a log, one set per tag."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.model.products import DEFAULT_GROUPS, GROUPS, kinds_asked_for
from airglow.model.result import ANALYSED
from airglow.model.summary import number_text
from airglow.model.tags import SKY_TAGS
from airglow.night.folder import analyse_folder
from airglow.night.folder_check import check_writable, find_contradictions, frames_of_folder, refuse_unless
from airglow.night.frames import Progress, no_progress
from airglow.night.settings import AnalysisSettings
from airglow.registry import Instrument, Registry, Site, load_config, registry_of
from airglow.registry.configuration import add_configuration_arguments
from airglow.weather import WeatherFolder, read_folder


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_night_arguments(parser)
    parser.add_argument("--frames", required=True, type=Path, metavar="DIR", help="folder of the frames")
    parser.add_argument("--date", required=True, help="local date on which the night began, YYYYMMDD")
    parser.add_argument(
        "--tags",
        type=_names,
        metavar="TAG,...",
        help=f"of {', '.join(SKY_TAGS)} (those the registry expects)",
    )


def add_night_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of commands that are told which night it is."""
    parser.add_argument("--instrument", required=True, help="such as minime05")
    parser.add_argument("--site", required=True, help="such as uao")
    add_result_arguments(parser)


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments that all commands on one night share."""
    parser.add_argument(
        "--clouds",
        "--weather",
        type=Path,
        metavar="DIR",
        help="folder of Cloud_<site>_<date>.txt and TempL<nn>_<site>_<date>.txt files",
    )
    parser.add_argument(
        "--out", "--output", required=True, type=Path, metavar="DIR", help="folder for the products"
    )
    parser.add_argument(
        "--products",
        type=_names,
        default=DEFAULT_GROUPS,
        metavar="NAME,...",
        help=f"what to write: of {', '.join(GROUPS)}, or single files such as winds.png or samples.csv "
        f"({','.join(DEFAULT_GROUPS)})",
    )
    add_configuration_arguments(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="go on where frames or registry contradict the night, or there is no cloud file of it",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def run(given: argparse.Namespace) -> int:
    """Analyse; exit status 1 when no tag could be analysed."""
    date = parse_date(given.date)
    kinds = kinds_asked_for(given.products)
    tags = given.tags or ()
    if not set(tags) <= set(SKY_TAGS):
        unknown = ", ".join(repr(tag) for tag in tags if tag not in SKY_TAGS)
        raise BadInput("--tags", f"unknown: {unknown}", f"Known are {', '.join(SKY_TAGS)}")
    config = load_config(given.config)
    registry, site, instrument = look_up(given, date, registry_of(config, given.registry))
    settings = AnalysisSettings.from_mapping(config["analysis"])
    paths = frames_of_folder(given.frames)
    refuse_unless(given.force, find_contradictions(paths, registry, instrument.key, site, date), print)
    clouds = read_clouds(given, site, date)
    check_writable(given.out)
    analysed = 0
    for tag in tags or instrument.expected_tags:
        with progress_bar(tag, given.quiet) as progress:
            outcome = analyse_folder(
                given.frames,
                clouds,
                instrument,
                site,
                date,
                tag,
                given.out,
                settings,
                kinds=kinds,
                progress=progress,
            )
        report(outcome, given.out)
        analysed += outcome["state"] == ANALYSED
    return 0 if analysed else 1


def parse_date(text: str) -> dt.date:
    """A date as it is written on the command line.

    Raises
    ------
    BadInput
        If it is none.
    """
    try:
        return dt.datetime.strptime(text, "%Y%m%d").date()
    except ValueError as error:
        raise BadInput("--date", f"{text!r} is not a date", "Write it as 20250429") from error


def look_up(
    given: argparse.Namespace, date: dt.date, registry: Registry
) -> tuple[Registry, Site, Instrument]:
    """The registry, and site and instrument in it."""
    return registry, registry.site(given.site), registry.instrument(given.instrument, date)


def read_clouds(given: argparse.Namespace, site: Site, date: dt.date) -> WeatherFolder | None:
    """Weather files of the night, from the folder that is given; None if none is.

    Raises
    ------
    BadInput
        If the folder does not exist, or holds no cloud file of the night that can be read, unless ``--force``
        is given: without clouds no sample is good.
    """
    if given.clouds is None:
        return None
    dates = (date, date + dt.timedelta(days=1))
    found = read_folder(given.clouds, site, dates)
    if found.clouds is None and not given.force:
        names = " or ".join(f"Cloud_{site.key}_{each:%Y%m%d}.txt" for each in dates)
        refused = "; ".join(f"{name}: {reason}" for name, reason in found.rejected)
        reason = f"holds no cloud file of the night that can be read ({refused or f'looked for {names}'})"
        raise BadInput(str(given.clouds), reason, "Correct --clouds, leave it out, or add --force")
    return found


@contextmanager
def progress_bar(tag: str, quiet: bool) -> Iterator[Progress]:
    """A progress bar where the errors go to a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from tqdm import tqdm  # takes a while to import, and is used here alone

    with tqdm(leave=False, unit="frame") as bar:

        def progress(stage: str, done: int, total: int) -> None:
            bar.set_description(f"{tag}: {stage}", refresh=False)
            bar.total, bar.n = total, done
            bar.refresh()

        yield progress


def report(outcome: dict, out: Path) -> None:
    """Print one line on a tag's outcome, and the files."""
    title = f"{outcome['instrument']} {outcome['site']} {outcome['date']} {outcome['tag']}"
    if outcome["state"] != ANALYSED:
        print(f"{title}: {outcome['state']}: {outcome['reason']}")
        return
    print(
        f"{title}: {outcome['sky_frames']} sky and {outcome['laser_frames']} laser frames, "
        f"{outcome['rejected_frames']} not used; "
        f"median wind error {number_text(outcome['median_wind_error_mps'], 1, 'm/s')}, "
        f"temperature {number_text(outcome['median_temperature_k'], 0, 'K')}"
    )
    for name in outcome["products"]:
        print(f"  {out / name}")
