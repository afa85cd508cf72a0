"""Whether the cloud files of a night cover its hours, from the last bytes of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, MutableMapping

import numpy as np

from airglow.geometry.ephemeris import sun_and_moon
from airglow.registry import Site
from airglow.store import MissingObject, Store
from airglow.uploads.days import ONE_DAY, end_of_day
from airglow.uploads.keys import NightId, cloud_file
from airglow.weather import last_time

DARK_SUN_DEG = -6.0  # frames with the sun above this are not used, as a rule
DARK_EVERY = np.timedelta64(5, "m")
HALF_MINUTE = dt.timedelta(seconds=30)  # to round to whole minutes
SPARE = dt.timedelta(minutes=10)  # so far a frame may be from the nearest sample of its sensor
TAIL_BYTES = 64 * 1024  # hours of lines, also behind what a power cut left

Ends = MutableMapping[str, dt.datetime | str]
"""By key of a cloud file: the last time in it (UTC), or why there is none. Shared by the nights of a site."""


def what_clouds_lack(
    store: Store,
    site: Site,
    night: NightId,
    made_at: dt.datetime,
    now: dt.datetime,
    uploaded: Mapping[str, int],
    ends: Ends,
) -> str:
    """Why the cloud files that are there do not cover the hours of a night.

    Only what they hold counts, and not when they were uploaded: an upload that broke off comes again. Costs a
    request for each of at most two files; one more for each that is uploaded and does not reach far enough.

    Parameters
    ----------
    store
        The bucket.
    site
        Where the night was; its clock is that of the files.
    night
        Which night.
    made_at
        When the instrument made the receipt (UTC): the night's frames are older.
    now
        The present (UTC).
    uploaded
        Sizes in bytes of the site's files in ``raw/``, by key. Where one ends early, the archive is asked.
    ends
        What was seen of files already; what is seen now is added.

    Returns
    -------
    str
        For people; empty if nothing is lacking.
    """
    for date, needed in hours_to_cover(site, night.date, made_at, now):
        enough = needed - SPARE
        reached = _reached(store, site, date, enough, uploaded, ends)
        if isinstance(reached, str):
            return reached
        if reached < enough:
            clock = site.clock(date)
            ended, wanted = reached.astimezone(clock), needed.astimezone(clock)
            name = cloud_file(site.key, date).name
            return f"{name} ends at {ended:%H:%M}, before {wanted:%H:%M} (site's clock)"
    return ""


def hours_to_cover(
    site: Site, date: dt.date, made_at: dt.datetime, now: dt.datetime
) -> list[tuple[dt.date, dt.datetime]]:
    """Until when the cloud file of each local date should reach, for a night.

    That is the last dark moment of the night on that date, before the receipt was made. A receipt from before
    the night's darkness has a wrong clock, and does not count.

    Parameters
    ----------
    site
        Where.
    date
        Local date on which the night began.
    made_at
        When the receipt was made (UTC).
    now
        The present (UTC).

    Returns
    -------
    list
        Local dates with a moment (UTC) each; dates without a dark moment are not in it.
    """
    dark = dark_moments(site, date)
    so_far = [moment for moment in dark if moment <= min(made_at, now)]
    wanted = []
    for day in (date, date + ONE_DAY):
        begin, end = end_of_day(site, day - ONE_DAY), end_of_day(site, day)
        if within := [moment for moment in so_far or dark if begin <= moment < end]:
            wanted.append((day, within[-1]))
    return wanted


def dark_moments(site: Site, date: dt.date) -> list[dt.datetime]:
    """Moments of a night, five minutes apart, at which the sun is so low that frames are used.

    Parameters
    ----------
    site
        Where.
    date
        Local date on which the night began.

    Returns
    -------
    list of datetime.datetime
        UTC, aware, in order; empty in a polar summer.
    """
    noon = np.datetime64((site.noon(date) + HALF_MINUTE).replace(tzinfo=None), "m")
    moments = np.arange(noon, noon + np.timedelta64(1, "D"), DARK_EVERY)
    sun = sun_and_moon(moments, site.latitude_deg, site.longitude_deg, site.altitude_m).sun_elevation_deg
    return [moment.replace(tzinfo=dt.UTC) for moment in moments[sun < DARK_SUN_DEG].tolist()]


def _reached(
    store: Store, site: Site, date: dt.date, enough: dt.datetime, uploaded: Mapping[str, int], ends: Ends
) -> dt.datetime | str:
    """Until when the cloud file of a date reaches, uploaded or archived (UTC), or why it does not."""
    file = cloud_file(site.key, date)
    seen: list[dt.datetime | str] = []
    for key in (file.raw_key, file.archive_key):
        if key == file.raw_key and not uploaded.get(key):
            if key in uploaded:
                seen.append(f"{file.name} is empty")
            continue
        if key not in ends:
            ends[key] = _end_of(store, key, file.name, site, date)
        seen.append(ends[key])
        if isinstance(ends[key], dt.datetime) and ends[key] >= enough:
            break
    times = [end for end in seen if isinstance(end, dt.datetime)]
    return max(times) if times else seen[0]


def _end_of(store: Store, key: str, name: str, site: Site, date: dt.date) -> dt.datetime | str:
    """The last time in a cloud file (UTC), or why there is none."""
    try:
        tail = store.get_end(key, TAIL_BYTES)
    except MissingObject:
        return f"{name} is not there"
    if not tail:
        return f"{name} is empty"
    # A sensor's clock may be ahead of the one that names the files.
    return last_time(tail, site.clock, (date, date + ONE_DAY)) or f"no time can be read at the end of {name}"
