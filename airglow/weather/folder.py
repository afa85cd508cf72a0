"""All weather files of a site in a folder: read those that can be read, say why of the others."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from airglow.errors import BadInput
from airglow.weather.clouds import read_cloud_file
from airglow.weather.loggers import read_temperature_log
from airglow.weather.series import CloudSeries, TemperatureSeries, merge_clouds


class HasClock(Protocol):
    """What is needed of a site: its key and the zone of its clock as of a date."""

    key: str
    clock: Callable[[dt.date], ZoneInfo]


@dataclass(frozen=True)
class WeatherFolder:
    """What the weather files of a folder gave."""

    clouds: CloudSeries | None  # all cloud files joined
    temperatures: tuple[TemperatureSeries, ...]  # one per logger file
    files: tuple[str, ...]  # names of the files that were read, sorted
    rejected: tuple[tuple[str, str], ...]  # (name, reason) of the others
    sha256: str  # over the names and SHA-256s of all of them


def read_folder(
    directory: Path | str, site: HasClock, dates: Collection[dt.date] | None = None
) -> WeatherFolder:
    """Read ``Cloud_<site>_<date>.txt`` and ``TempLnn_<site>_<date>.txt`` of a site.

    Parameters
    ----------
    directory
        Folder of the files. Names are matched whatever their case, subfolders are not entered.
    site
        Site of the registry.
    dates
        Local dates to take (a night needs its own and the next); None takes all.

    Returns
    -------
    WeatherFolder
        A file that cannot be read never costs the others: it is in ``rejected`` with its reason.

    Raises
    ------
    BadInput
        The directory does not exist.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise BadInput(str(directory), "is not a directory", "Give the folder of the cloud sensor files")
    pattern = re.compile(rf"(cloud|templ\d*)_{re.escape(site.key)}_(\d{{8}})\.txt", re.IGNORECASE)
    clouds: list[CloudSeries] = []
    temperatures: list[TemperatureSeries] = []
    rejected: list[tuple[str, str]] = []
    digest = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        match = pattern.fullmatch(path.name)
        if not match or not path.is_file():
            continue
        try:
            date = dt.datetime.strptime(match.group(2), "%Y%m%d").date()
        except ValueError:
            rejected.append((path.name, f"{match.group(2)} is not a date"))
            continue
        if dates is not None and date not in dates:
            continue
        try:
            digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
            if match.group(1).lower() == "cloud":
                clouds.append(read_cloud_file(path, site.clock))
            else:
                temperatures.append(read_temperature_log(path, site.clock))
        except BadInput as error:
            rejected.append((path.name, error.reason))
        except OSError as error:
            rejected.append((path.name, f"cannot be read: {error.strerror}"))
    read = [name for series in (*clouds, *temperatures) for name in series.files]
    return WeatherFolder(
        clouds=merge_clouds(clouds),
        temperatures=tuple(temperatures),
        files=tuple(sorted(read)),
        rejected=tuple(rejected),
        sha256=digest.hexdigest(),
    )
