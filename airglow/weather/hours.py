"""What a weather file says of some hours: all of it that matters to a night."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from airglow.model.errors import BadInput
from airglow.model.files import write_whole
from airglow.weather.clock import Clock
from airglow.weather.clouds import read_cloud_file
from airglow.weather.loggers import read_temperature_log

Samples = Mapping[str, np.ndarray]
"""Columns by name, each of shape (n,): ``time`` (datetime64[us], UTC), temperatures in C."""


def samples_of_hours(name: str, data: bytes, clock: Clock, begin: dt.datetime, end: dt.datetime) -> Samples:
    """Samples that a weather file has of some hours.

    Parameters
    ----------
    name
        Its name, which says whether it is a cloud sensor's or a temperature logger's.
    data
        Its bytes.
    clock
        The site's time zone, or ``Site.clock``.
    begin, end
        The hours (aware); both moments belong to them.

    Returns
    -------
    dict
        Columns with no entry if the file has none of these hours; no column if it cannot be read at all.

    Raises
    ------
    MachineError
        If the disk does not take a copy for the reader.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = write_whole(Path(directory) / name, data)
        try:
            if name.startswith("Cloud"):
                clouds = read_cloud_file(path, clock)
                time = clouds.time
                values = {"sky_minus_ambient": clouds.sky_minus_ambient_c, "ambient": clouds.ambient_c}
            else:
                log = read_temperature_log(path, clock)
                time, values = log.time, log.values_c
        except BadInput:
            return {}
    first, last = (
        np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us") for moment in (begin, end)
    )
    within = (time >= first) & (time <= last)
    return {"time": time[within], **{column: each[within] for column, each in values.items()}}


def same_samples(one: Samples, other: Samples) -> bool:
    """Whether two files say the same of the same hours.

    Parameters
    ----------
    one, other
        As of `samples_of_hours`.

    Returns
    -------
    bool
    """
    size = [samples["time"].size if samples else 0 for samples in (one, other)]
    if not any(size):
        return True
    return one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name], equal_nan=name != "time") for name in one
    )
