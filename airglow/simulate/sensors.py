"""The site's own files: cloud sensor logs of the four kinds, and a temperature logger, by local date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from airglow.model.errors import BadInput
from airglow.simulate.night import SimulatedNight

FLAW_EVERY = 53  # one line of so many is spoilt when flaws are asked for
WET, BAD = -998.0, -999.0

BOLTWOOD_NEW_HEADER = (
    "Date       Time        M ~D T  Ser# Firmw Serrs  Cldy VCldy Windy VWindy  Rain   Wet  SkyAmb  Ambient\n"
)
BOLTWOOD_OLD_HEADER = "Date       Time        S FvrSkyTemAmbBlkHeaFlsCalErr\n"


def _boltwood_new(number: int, when: dt.datetime, difference_c: float, ambient_c: float) -> str:
    return (
        f"{when:%Y-%m-%d %H:%M:%S} M ~D 1 02187 00063 00000 0 0 {difference_c:.1f} {ambient_c:.1f} "
        f"{ambient_c + 1.3:.1f} 2.0 N N 045 12.4 11.9 5 00000\n"
    )


def _boltwood_old(number: int, when: dt.datetime, difference_c: float, ambient_c: float) -> str:
    return (
        f"{when:%Y-%m-%d %H:%M:%S}.{number % 100:02d} 1 {difference_c:.1f} {ambient_c:.1f} "
        f"{ambient_c + 2.1:.1f} {number % 90:03d} 0 0 0\n"
    )


def _skyalert_numbered(number: int, when: dt.datetime, difference_c: float, ambient_c: float) -> str:
    return (
        f"{number + 1})  {when:%Y-%m-%d %H:%M:%S}.00 C K {ambient_c + difference_c:.1f}   {ambient_c:.1f}  "
        f"{ambient_c:.0f}      0.0  58   9.7   000 0 0 00020 045775.86205 1 1 1 1 0 0\n"
    )


def _skyalert_ethernet(number: int, when: dt.datetime, difference_c: float, ambient_c: float) -> str:
    return (
        f"{when:%Y-%m-%d %H:%M:%S} CKE1 {ambient_c:.2f} {ambient_c + difference_c:.2f} 0.0 58.1 9.7 0 0 1\n"
    )


# By name: the line, the header, seconds between lines.
CLOUD_KINDS: dict[str, tuple[Callable[[int, dt.datetime, float, float], str], str, float]] = {
    "boltwood-new": (_boltwood_new, BOLTWOOD_NEW_HEADER, 60.0),
    "boltwood-old": (_boltwood_old, BOLTWOOD_OLD_HEADER, 60.0),
    "skyalert-numbered": (_skyalert_numbered, "", 30.0),
    "skyalert-ethernet": (_skyalert_ethernet, "", 20.0),
}


def cloud_file_name(site_key: str, date: dt.date) -> str:
    """Name of a cloud sensor's file.

    Parameters
    ----------
    site_key
        Key of the site.
    date
        Local date.

    Returns
    -------
    str
    """
    return f"Cloud_{site_key}_{date:%Y%m%d}.txt"


def write_cloud_log(
    nights: SimulatedNight | Sequence[SimulatedNight],
    date: dt.date,
    directory: Path,
    kind: str = "skyalert-ethernet",
    flaws: bool = False,
    until: dt.datetime | None = None,
) -> Path:
    """Write the cloud sensor's file of one local calendar date.

    Parameters
    ----------
    nights
        Night or nights of the site whose clouds it saw; at each time the night with the nearest midnight
        counts. One night's samples are in the files of its date **and** of the next.
    date
        The local calendar date.
    directory
        Where; made if it is not there.
    kind
        One of `CLOUD_KINDS`.
    flaws
        Also bytes that are not text, half and repeated lines, decimal commas, wet and bad values.
    until
        Stop at this time (UTC), as a file that is fetched before its day is over.

    Returns
    -------
    Path
        Of ``Cloud_<site>_<date>.txt``.

    Raises
    ------
    BadInput
        When there is no such kind.
    """
    if kind not in CLOUD_KINDS:
        raise BadInput(kind, "no kind of cloud sensor file", f"There are {', '.join(CLOUD_KINDS)}")
    nights = (nights,) if isinstance(nights, SimulatedNight) else tuple(nights)
    line_of, header, every_s = CLOUD_KINDS[kind]
    site = nights[0].site
    rng = np.random.default_rng([nights[0].seed, date.toordinal()])
    lines = [header.encode()] if header else []
    for number, when in enumerate(_day(date, site.clock(date), every_s, until)):
        night = min(nights, key=lambda night: abs((when - night.midnight).total_seconds()))
        hours = night.hours(when)
        difference_c = night.atmosphere.sky_minus_ambient_c(hours) + float(rng.normal(0, 0.3))
        ambient_c = night.atmosphere.ambient_c.at(hours)
        local = when.astimezone(site.clock(date)).replace(tzinfo=None)
        line = line_of(number, local, difference_c, ambient_c)
        if not flaws or number % FLAW_EVERY != FLAW_EVERY - 1:
            lines.append(line.encode())
            continue
        wet, bad = (
            line_of(number, local, value, 0.0 if "sky" in kind else ambient_c) for value in (WET, BAD)
        )
        lines.append(_spoilt(line, wet, bad, number // FLAW_EVERY))
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / cloud_file_name(site.key, date)
    path.write_bytes(b"".join(lines))
    return path


def _spoilt(line: str, wet: str, bad: str, turn: int) -> bytes:
    """A line as the sensor or a power cut has ruined it, each way in its turn."""
    data = line.encode()
    ways = (
        data[: len(data) // 2] + b"\n",
        data + data,
        data[:12] + b"\xff\xfe\x9c" + data[15:],
        b"\0" * 40 + b"\n",
        line[:20].encode() + line[20:].replace(".", ",").encode(),
        wet.encode(),
        bad.encode(),
    )
    return ways[turn % len(ways)]


def write_temperature_log(
    night: SimulatedNight, date: dt.date, directory: Path, columns: int = 3, number: int = 0
) -> Path:
    """Write a temperature logger's file of one date.

    Parameters
    ----------
    night
        For the site and the air.
    date
        The local date (three columns), or that of UTC (two and five).
    directory
        Where; made if it is not there.
    columns
        3: dome and inside, in the site's time; 2: one value, in UTC; 5: the etalon box (plus 14.43) in the
        fourth, in UTC.
    number
        Of the logger.

    Returns
    -------
    Path
        Of ``TempL<number>_<site>_<date>.txt``.

    Raises
    ------
    BadInput
        When no logger has so many columns.
    """
    if columns not in (2, 3, 5):
        raise BadInput(f"{columns} columns", "no kind of temperature logger", "There are 2, 3 and 5")
    clock = night.site.clock(date) if columns == 3 else ZoneInfo("UTC")
    lines = []
    for when in _day(date, clock, 300.0, None):
        outside_c = night.atmosphere.ambient_c.at(night.hours(when))
        inside_c = 21.0 + 0.1 * (outside_c - 14.0)
        local = when.astimezone(clock)
        if columns == 3:
            lines.append(f"{local:%m/%d/%Y %H:%M:%S},{outside_c + 2:.2f},{inside_c:.2f}\n")
        elif columns == 2:
            lines.append(f"{local:%Y/%m/%d %H:%M:%S},{inside_c:.2f}\n")
        else:
            lines.append(
                f"{local:%Y/%m/%d %H:%M:%S},{outside_c:.2f},{inside_c:.2f},{24.1 + 14.43:.2f},0.00\n"
            )
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"TempL{number:02d}_{night.site.key}_{date:%Y%m%d}.txt"
    path.write_text("".join(lines))
    return path


def _day(date: dt.date, clock: ZoneInfo, every_s: float, until: dt.datetime | None) -> list[dt.datetime]:
    """Times (UTC) of a day's samples by a clock that may be set forward or back."""
    start, stop = (
        dt.datetime.combine(day, dt.time(), tzinfo=clock).astimezone(dt.UTC)
        for day in (date, date + dt.timedelta(days=1))
    )
    stop = min(stop, until) if until else stop
    count = max(0, int(np.ceil((stop - start).total_seconds() / every_s)))
    return [start + dt.timedelta(seconds=every_s * number) for number in range(count)]
