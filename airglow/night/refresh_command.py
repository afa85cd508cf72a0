"""Finish a night again from the fits that an analysis kept, with weather files that came later or changed.

Weather changes clouds, flags and Doppler reference, and no fit, so that the products are those of an analysis
with this weather from the start, byte for byte. The frames are needed for one picture alone, that of two of
them (--frames). Fits of another version of airglow, or made with other settings or another registry, are
refused: the night is to be analysed again then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.model.products import FITTED, FRAMES, SUFFIXES, kinds_asked_for, local_name, product_stem
from airglow.model.result import ANALYSED
from airglow.night.command import (
    add_result_arguments,
    parse_date,
    progress_bar,
    read_clouds,
    report,
)
from airglow.night.fitted_file import read_fits
from airglow.night.folder import refresh_fits
from airglow.night.folder_check import check_writable
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings
from airglow.registry import load_config, registry_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("fits", type=Path, metavar="FITTED.npz", help="file of fits that an analysis wrote")
    add_result_arguments(parser)
    parser.add_argument("--frames", type=Path, metavar="DIR", help="folder of the frames, for frames.png")


def run(given: argparse.Namespace) -> int:
    """Finish the night; exit status 1 when it was not analysed."""
    kinds = _kinds(given)
    fits = read_fits(given.fits)
    origin = fits.origin
    config = load_config(given.config)
    date = parse_date(origin.date)
    registry = registry_of(config, given.registry)
    site, instrument = registry.site(origin.site), registry.instrument(origin.instrument, date)
    if given.frames is not None and not given.frames.is_dir():
        raise BadInput(str(given.frames), "is not a directory", "Correct --frames, or leave it out")
    settings = AnalysisSettings.from_mapping(config["analysis"])
    request = NightRequest(instrument, site, date, origin.tag, settings)
    clouds = read_clouds(given, site, date)
    check_writable(given.out)
    with progress_bar(request.tag, given.quiet) as progress:
        outcome = refresh_fits(
            fits, clouds, request, given.out, kinds=kinds, frames=given.frames, progress=progress
        )
    report(outcome, given.out)
    stale = given.out / f"{product_stem(origin.instrument, origin.site, date, origin.tag)}{SUFFIXES[FRAMES]}"
    if given.frames is None and outcome["state"] == ANALYSED and stale.exists():
        # Which two frames it shows depends on clouds and flags.
        hint = "it stays as an earlier analysis drew it. Give --frames to draw it again, or remove it"
        print(f"airglow refresh: {stale}: {hint}", file=sys.stderr)
    return 0 if outcome["state"] == ANALYSED else 1


def _kinds(given: argparse.Namespace) -> list[str]:
    """Products that can be made: the fits are there already and stay, and a picture of frames needs frames.

    Raises
    ------
    BadInput
        If there is none of those that are asked for.
    """
    missing = (FITTED,) if given.frames is not None else (FITTED, FRAMES)
    kinds = [kind for kind in kinds_asked_for(given.products) if kind not in missing]
    if not kinds:
        hint = f"{local_name(FRAMES)} needs --frames, and {local_name(FITTED)} is what is read"
        raise BadInput("--products", f"{','.join(given.products)} leaves nothing to write", hint)
    return kinds
