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

from airglow.model.errors import BadInput, MachineError
from airglow.model.inputs import InputFile
from airglow.weather.clouds import read_as_logged
from airglow.weather.lines import is_directory, size_and_sha256_of_log
from airglow.weather.loggers import join_logs, read_log_as_logged, without_stuck_logger
from airglow.weather.series import CloudSeries, TemperatureSeries, merge_clouds
from airglow.weather.stuck import without_stuck


class HasClock(Protocol):
    """What is needed of a site: its key and the zone of its clock as of a date."""

    key: str
    clock: Callable[[dt.date], ZoneInfo]


@dataclass(frozen=True)
class WeatherFolder:
    """What the weather files of a folder gave.

    Parameters
    ----------
    clouds
        All cloud files joined; None without any.
    temperatures
        One series per logger, of all its files.
    files
        Names of the files that were read, sorted.
    rejected
        Name and reason of each file that could not be read.
    sha256
        SHA-256 over the names and SHA-256s of all of them.
    cloud_files
        Names of the cloud files that were there, read or rejected, sorted.
    remarks
        Sentences for the night's log: lines left out, dead probes, stuck sensors.
    sources
        All files that were there, read or rejected, sorted by name.
    """

    clouds: CloudSeries | None
    temperatures: tuple[TemperatureSeries, ...]
    files: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    sha256: str
    cloud_files: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    sources: tuple[InputFile, ...] = ()

    @property
    def sources_read(self) -> tuple[InputFile, ...]:
        """Those of the files that could be read."""
        return tuple(source for source in self.sources if source.name in self.files)


def read_folder(
    directory: Path | str, site: HasClock, dates: Collection[dt.date] | None = None
) -> WeatherFolder:
    """Read ``Cloud_<site>_<date>.txt`` and ``TempLnn_<site>_<date>.txt`` of a site.

    Parameters
    ----------
    directory
        Folder of the files. Names are matched whatever their case; subfolders are passed over.
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
    MachineError
        The machine failed to read the directory or a file: that is no verdict on the file.
    """
    directory = Path(directory)
    if not is_directory(directory):
        raise BadInput(str(directory), "is not a directory", "Give the folder of the cloud sensor files")
    pattern = re.compile(rf"(cloud|templ\d*)_{re.escape(site.key)}_(\d{{8}})\.txt", re.IGNORECASE)
    clouds: list[CloudSeries] = []
    logs: list[TemperatureSeries] = []
    cloud_files: list[str] = []
    rejected: list[tuple[str, str]] = []
    sources: list[InputFile] = []
    digest = hashlib.sha256()
    for path in _entries(directory):
        match = pattern.fullmatch(path.name)
        if not match or is_directory(path):
            continue
        try:
            date = dt.datetime.strptime(match.group(2), "%Y%m%d").date()
        except ValueError:
            rejected.append((path.name, f"{match.group(2)} is not a date"))
            continue
        if dates is not None and date not in dates:
            continue
        of_clouds = match.group(1).lower() == "cloud"
        if of_clouds:
            cloud_files.append(path.name)
        try:
            source = InputFile(path.name, *size_and_sha256_of_log(path))
            sources.append(source)
            digest.update(f"{source.name} {source.sha256}\n".encode())
            if of_clouds:
                clouds.append(read_as_logged(path, site.clock))
            else:
                logs.append(read_log_as_logged(path, site.clock))
        except BadInput as error:
            rejected.append((path.name, error.reason))
    merged = merge_clouds(clouds)
    if merged is not None:  # joined first: a sensor that was stuck before midnight still is after it
        merged = without_stuck(merged)
    temperatures = tuple(without_stuck_logger(each) for each in join_logs(logs))
    everything = [*([merged] if merged else []), *temperatures]
    return WeatherFolder(
        clouds=merged,
        temperatures=temperatures,
        files=tuple(sorted(name for series in everything for name in series.files)),
        rejected=tuple(rejected),
        sha256=digest.hexdigest(),
        cloud_files=tuple(cloud_files),
        remarks=tuple(remark for series in everything for remark in series.remarks),
        sources=tuple(sources),
    )


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError as error:
        raise MachineError.from_os(str(directory), error) from error
