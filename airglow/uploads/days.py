"""Local days of a site, and who needs a day's weather files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from airglow.registry import Site
from airglow.uploads.keys import NightId

ONE_DAY = dt.timedelta(days=1)


def end_of_day(site: Site, date: dt.date) -> dt.datetime:
    """The moment (UTC) at which a local date of a site is over.

    A weather file of that date that was uploaded earlier can still be a partial one.

    Parameters
    ----------
    site
        The site.
    date
        Local date.

    Returns
    -------
    datetime.datetime
    """
    midnight = dt.datetime.combine(date + ONE_DAY, dt.time(), tzinfo=site.clock(date))
    return midnight.astimezone(dt.UTC)


def nights_that_need(nights: Iterable[NightId], site: str, date: dt.date) -> list[NightId]:
    """Which of the nights need the weather files of a site and local date.

    A night needs those of its own date and, for its hours after midnight, of the next one.

    Parameters
    ----------
    nights
        Nights to choose from.
    site
        Key of the site.
    date
        Local date of the weather files.

    Returns
    -------
    list of NightId
    """
    return [night for night in nights if night.site == site and night.date in (date, date - ONE_DAY)]
