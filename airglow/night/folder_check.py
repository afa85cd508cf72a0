"""Does a folder of frames belong to the night that it is said to be of? Asked before a person's analysis."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from airglow.frames import Frame, date_of_name, find_starts, prefix_of_name, read_apart, read_frame
from airglow.model.errors import BadInput, MachineError
from airglow.night.frames import list_frames
from airglow.night.gate import night_span
from airglow.registry import Registry, Site

LOOKED_AT = 9
"""Frames whose headers are read, spread over the folder."""

_FRAME_NAMES = "names such as UAO_XR_20250429_213000.hdf5, UAO_L_20250429_213000_001.img or L20250429001.img"


def find_contradictions(
    paths: Sequence[Path], registry: Registry, instrument: str, site: Site, date: dt.date
) -> list[str]:
    """What in most frames of a folder, or in the registry, speaks against a night.

    Parameters
    ----------
    paths
        The frames, as of `frames_of_folder`.
    registry
        Sites and instruments.
    instrument, site, date
        The night that the frames are said to be of.

    Returns
    -------
    list of str
        A sentence each, without a full stop.

    Raises
    ------
    MachineError
        If the operating system does not give a frame out.
    """
    found = []
    if not registry.is_deployed(instrument, site.key, date):
        there = ", ".join(registry.instruments_at(site.key, date)) or "none"
        found.append(f"the registry does not have {instrument} at {site.key} on {date} (there: {there})")
    names = [path.name for path in paths]
    prefixes = [(prefix_of_name(name) or "").lower() for name in names]
    found += _other(prefixes, site.key, registry.sites, "frame names begin with that of site")
    dates = [written for written in map(date_of_name, names) if written is not None]
    of_night = {date, date + dt.timedelta(days=1)}
    strange = [written for written in dates if written not in of_night]
    if 2 * len(strange) > len(dates):
        found.append(
            f"{len(strange)} of {len(dates)} frame names are of other dates, such as {min(strange):%Y%m%d}"
        )
    frames = list(_some_frames(paths))
    by_name = {known.name.lower(): key for key, known in registry.sites.items()}
    sites = [by_name.get(frame.site.lower(), frame.site.lower()) for frame in frames]
    found += _other(sites, site.key, registry.sites, "headers name site")
    instruments = [frame.instrument.lower() for frame in frames]
    found += _other(instruments, instrument, registry.instrument_keys, "headers name instrument")
    return [*found, *_other_nights(frames, site, date)]


def frames_of_folder(directory: Path) -> list[Path]:
    """Frames of a folder, by name.

    Raises
    ------
    BadInput
        If it is no folder, or there is no frame in it.
    MachineError
        If the operating system does not give it out.
    """
    if not directory.is_dir():
        raise BadInput(str(directory), "is not a directory", "Give the folder of the night's frames")
    paths = list_frames(directory)
    if not paths:
        number = sum(1 for _ in directory.iterdir())
        problem = f"none of its {number} files is a frame" if number else "is empty"
        raise BadInput(str(directory), problem, f"Looked for {_FRAME_NAMES}, not in its subfolders")
    return paths


def check_writable(directory: Path) -> None:
    """Make a folder for products, and see that files can be written there.

    Raises
    ------
    MachineError
        If not.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".airglow-can-write"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise MachineError(
            str(directory), f"cannot be written to: {error.strerror}", "Choose another --out"
        ) from error


def _other(values: Sequence[str], own: str, known: Iterable[str], kind: str) -> list[str]:
    """Whether most of what is said names another site or instrument that is known."""
    others = Counter(each for each in values if each != own and each in set(known))
    number = sum(others.values())
    if 2 * number <= len(values) or not values:
        return []
    return [f"{number} of {len(values)} {kind} {others.most_common(1)[0][0]}, not {own}"]


def _some_frames(paths: Sequence[Path]) -> Iterable[Frame]:
    """A few frames spread over a folder; those that cannot be read are the analysis' business."""
    if not paths:
        return
    last = len(paths) - 1
    places = sorted({round(k * last / (LOOKED_AT - 1)) for k in range(LOOKED_AT)})
    for _, answer in read_apart([paths[place] for place in places], read_frame):
        if isinstance(answer, Frame):
            yield answer
        elif not isinstance(answer, BadInput):
            raise answer


def _other_nights(frames: Sequence[Frame], site: Site, date: dt.date) -> list[str]:
    years = [
        f for f in frames if 1990 <= (f.local_start or f.utc_start).year <= 2200
    ]  # of a clock that was set
    begins, ends = night_span(site, date)
    starts = find_starts(years, site.clock(date)).utc
    others = [start for start in starts if not begins <= start < ends]
    if 2 * len(others) <= len(frames):
        return []
    on_night = Counter(night_of(start, site) for start in others).most_common(1)[0][0]
    return [
        f"{len(others)} of {len(frames)} frames looked at do not start in that night but, by their headers, "
        f"in that of {on_night:%Y%m%d}, such as {min(others):%Y-%m-%d %H:%M} UTC"
    ]


def night_of(start: dt.datetime, site: Site) -> dt.date:
    """Local date of the noon before a time."""
    noon = night_span(site, start.date())[0]
    days = (start - noon) // dt.timedelta(days=1)
    return start.date() + dt.timedelta(days=days)


def refuse_unless(force: bool, problems: Sequence[str], say: Callable[[str], None]) -> None:
    """Stop at contradictions; with ``force`` only say them.

    Raises
    ------
    BadInput
        With all of them.
    """
    if problems and not force:
        options = "--instrument, --site and --date"
        raise BadInput(options, f"do not go with this: {'; '.join(problems)}", "Correct them, or add --force")
    for problem in problems:
        say(f"Note: {problem}.")
