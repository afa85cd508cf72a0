"""``airglow simulate``: a night with known truth, on disk."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from tqdm import tqdm

from airglow.model.errors import AirglowError
from airglow.registry import load_config, registry_of
from airglow.registry.configuration import add_configuration_arguments
from airglow.simulate.folder import write_night
from airglow.simulate.night import FILE_FORMATS, simulate_night
from airglow.simulate.packing import PART_BYTES
from airglow.simulate.scenario import SCENARIOS
from airglow.simulate.sensors import CLOUD_KINDS

MEBIBYTE = 2**20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to a parser."""
    width = max(map(len, SCENARIOS))
    listed = "\n".join(f"  {name:{width}}  {scenario.summary}" for name, scenario in SCENARIOS.items())
    parser.description = (
        "Simulate a night pixel by pixel and write it as the instrument would: OUT/frames, OUT/clouds,\n"
        "OUT/truth.csv (per frame), OUT/truth.json (the night) and, with --pack, the upload as OUT/raw."
    )
    parser.epilog = f"scenarios:\n{listed}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--instrument", required=True, help="key in the registry, such as minime05")
    parser.add_argument("--site", required=True, help="key in the registry, such as uao")
    parser.add_argument("--date", required=True, help="local date on which the night begins, YYYYMMDD")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where to write")
    parser.add_argument("--scenario", default="nominal", metavar="NAME", help="see below (nominal)")
    parser.add_argument("--tags", nargs="+", metavar="TAG", help="X, XR, XG (those the registry expects)")
    parser.add_argument("--sky-frames", type=int, metavar="N", help="of each tag (the scenario's)")
    parser.add_argument("--laser-frames", type=int, metavar="N", help="(the scenario's)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all chance (0)")
    parser.add_argument("--format", choices=FILE_FORMATS, default="hdf5", help="of the frames (hdf5)")
    parser.add_argument(
        "--cloud-kind",
        choices=[*CLOUD_KINDS, "none"],
        default="skyalert-ethernet",
        help="cloud sensor (skyalert-ethernet)",
    )
    parser.add_argument("--cloud-flaws", action="store_true", help="damage the cloud files here and there")
    parser.add_argument("--pack", action="store_true", help="also write the upload")
    parser.add_argument(
        "--two-folders",
        action="store_true",
        help="pack frames saved after midnight into a second folder",
    )
    parser.add_argument(
        "--part-mib", type=float, default=PART_BYTES / MEBIBYTE, metavar="X", help="size of its parts (5)"
    )
    add_configuration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do what the command line asks for.

    Returns
    -------
    int
        0.

    Raises
    ------
    AirglowError
        When something is refused, with the reason.
    """
    date = _date(args.date)
    registry = registry_of(load_config(args.config), args.registry)
    night = simulate_night(
        registry.instrument(args.instrument, date),
        registry.site(args.site),
        date,
        args.scenario,
        tuple(args.tags) if args.tags else None,
        args.seed,
        args.sky_frames,
        args.laser_frames,
        args.format,
    )
    if not registry.is_deployed(args.instrument, args.site, date):
        print(
            f"airglow simulate: in the registry {args.instrument} was not at {args.site} on {date}",
            file=sys.stderr,
        )
    with tqdm(total=len(night), unit="frame", disable=not sys.stderr.isatty()) as bar:
        folder = write_night(
            night,
            args.out,
            None if args.cloud_kind == "none" else args.cloud_kind,
            args.cloud_flaws,
            args.pack,
            round(args.part_mib * MEBIBYTE),
            args.two_folders,
            progress=lambda name: bar.update(),
        )
    lasers = sum(frame.tag == "L" for frame in night.frames)
    first, last = night.frames[0].start_utc, night.frames[-1].end_utc
    print(
        f"{len(night) - lasers} sky and {lasers} laser frames of {args.instrument} at {args.site}, "
        f"{first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC, in {folder.frames}; truth in {folder.truth}"
    )
    if folder.upload:
        print(f"{len(folder.upload.parts)} parts, {folder.upload.size_bytes:,} bytes, in {folder.raw}")
    return 0


def _date(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text.replace("-", ""), "%Y%m%d").date()
    except ValueError as error:
        raise AirglowError(f"--date {text}: not a date; write it as 20250429") from error
