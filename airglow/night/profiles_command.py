"""Analyse a night of which only ring profiles survive (an .npz file), and write the same products."""

from __future__ import annotations

import argparse
import datetime as dt
import zipfile
from pathlib import Path

import numpy as np

from airglow.model.errors import BadInput
from airglow.model.products import kinds_asked_for
from airglow.model.result import ANALYSED
from airglow.model.tags import SKY_TAGS
from airglow.night.command import (
    add_night_arguments,
    look_up,
    parse_date,
    progress_bar,
    read_clouds,
    report,
)
from airglow.night.folder import analyse_profile_file
from airglow.night.folder_check import check_writable, find_contradictions, night_of, refuse_unless
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings
from airglow.registry import Registry, load_config, registry_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("profiles", type=Path, metavar="NIGHT.npz", help="file of ring profiles")
    add_night_arguments(parser)
    parser.add_argument("--date", help="local date of the evening, YYYYMMDD (from the times in the file)")
    parser.add_argument("--tag", choices=SKY_TAGS, help="of the sky profiles (the first that is expected)")


def run(given: argparse.Namespace) -> int:
    """Analyse; exit status 1 when that is not possible."""
    kinds = kinds_asked_for(given.products)
    config = load_config(given.config)
    registry = registry_of(config, given.registry)
    date = parse_date(given.date) if given.date else _evening(given, registry)
    registry, site, instrument = look_up(given, date, registry)
    refuse_unless(given.force, find_contradictions([], registry, instrument.key, site, date), print)
    clouds = read_clouds(given, site, date)
    check_writable(given.out)
    settings = AnalysisSettings.from_mapping(config["analysis"])
    request = NightRequest(instrument, site, date, given.tag or instrument.expected_tags[-1], settings)
    with progress_bar(request.tag, given.quiet) as progress:
        outcome = analyse_profile_file(
            given.profiles, clouds, request, given.out, kinds=kinds, progress=progress
        )
    report(outcome, given.out)
    return 0 if outcome["state"] == ANALYSED else 1


def _evening(given: argparse.Namespace, registry: Registry) -> dt.date:
    """Local date on which the night of the file began: nights run from noon to noon."""
    try:
        with np.load(given.profiles, allow_pickle=False) as file:
            times = file["sky_time_utc"].astype("datetime64[us]")
    except FileNotFoundError:
        raise BadInput(str(given.profiles), "no such file", "Name the .npz of ring profiles") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(str(given.profiles), f"no sky_time_utc can be read from it: {error}") from error
    times = np.sort(times[~np.isnat(times)])
    if not times.size:
        raise BadInput(str(given.profiles), "no sky_time_utc in it is a time", "Give --date")
    middle = times[times.size // 2].astype(dt.datetime)  # one clock that was never set does not decide
    return night_of(middle.replace(tzinfo=dt.UTC), registry.site(given.site))
