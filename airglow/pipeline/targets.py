"""What an operator may ask for by name: whether there can be such a night, and whether there is one."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from airglow.model.errors import BadInput
from airglow.model.names import instrument_of_upload, parse_date
from airglow.registry import Registry
from airglow.store import Store
from airglow.uploads import NightId

_EXAMPLES = "Name a night like minime05_uao_20250429 or uao_20250429, or a file of one"
_OF_NIGHT = re.compile(r"(?P<folder>nights|fetched)/(?P<name>[^/]+)\.json")
_IN_FOLDER = re.compile(
    r"(?:results|work)/(?P<instrument>[^/]+)/(?P<site>[^/]+)/(?P<year>[^/]+)/(?P<date>[^/]+)/.+"
)
_FETCHED = "fetched"


@dataclass(frozen=True)
class Target:
    """Something that the workflow is asked to make.

    Parameters
    ----------
    path
        File, relative to the working directory.
    nights
        Those of which it would be made; not all of them need exist.
    request
        As the operator wrote it.
    """

    path: str
    nights: tuple[NightId, ...]
    request: str

    @property
    def is_of_published(self) -> bool:
        """Whether it is made from what is published, and from nothing else."""
        return self.path.startswith(f"{_FETCHED}/")


def parse_target(request: str, registry: Registry, today: dt.date | None = None) -> Target:
    """What an operator asks for.

    Parameters
    ----------
    request
        A night (``minime05_uao_20250429``), the nights of a site (``uao_20250429``), or a file of either.
    registry
        Sites and instruments.
    today
        Nights of later dates are refused; by default the date in UTC.

    Returns
    -------
    Target

    Raises
    ------
    BadInput
        If it is none of these, or there can be no such night; the message says why.
    """
    if match := _IN_FOLDER.fullmatch(request):
        nights = _nights(request, (match["instrument"], match["site"], match["date"]), registry, today)
        if match["year"] != match["date"][:4]:
            raise BadInput(request, f"{match['year']} is not the year of {match['date']}")
        return Target(request, nights, request)
    if match := _OF_NIGHT.fullmatch(request):
        return Target(request, _nights(request, match["name"].split("_"), registry, today), request)
    nights = _nights(request, request.split("_"), registry, today)
    return Target(f"nights/{request}.json", nights, request)


def looks_like_target(word: str) -> bool:
    """Whether a word among arguments of Snakemake is a file of a night, right or wrong.

    Parameters
    ----------
    word
        The argument.

    Returns
    -------
    bool
    """
    return word.startswith(("nights/", f"{_FETCHED}/", "results/"))


def is_there(target: Target, store: Store) -> bool:
    """Whether there is something in the bucket that a target can be made from.

    Parameters
    ----------
    target
        What was asked for.
    store
        The bucket.

    Returns
    -------
    bool
        True if one of its nights is there.

    Raises
    ------
    StoreError
        If the bucket cannot be asked.
    """
    for night in target.nights:
        if store.head(night.published_key) if target.is_of_published else has_frames(store, night):
            return True
    return False


def has_frames(store: Store, night: NightId) -> bool:
    """Whether a night is in the archive, or is uploaded: its manifest or its receipt is in the bucket.

    Parameters
    ----------
    store
        The bucket.
    night
        The night.

    Returns
    -------
    bool

    Raises
    ------
    StoreError
        If the bucket cannot be asked.
    """
    return any(store.head(key) for key in (night.manifest_key, night.receipt_key))


def why_not_there(target: Target) -> str:
    """One line on a target of which the bucket has nothing.

    Parameters
    ----------
    target
        One for which `is_there` is False.

    Returns
    -------
    str
        What is missing, and what to do.
    """
    instruments = ", ".join(night.instrument for night in target.nights)
    missing = "published products" if target.is_of_published else "archived frames, and no receipt in raw/"
    reason = f"the bucket has no {missing} (of {instruments})"
    return f"{target.request}: {reason}. Correct the name, or upload the night"


def _nights(
    request: str, words: list[str] | tuple[str, ...], registry: Registry, today: dt.date | None
) -> tuple[NightId, ...]:
    """Nights that instrument (if given), site and date name."""
    if len(words) not in (2, 3) or not all(words):
        raise BadInput(request, "is no night", _EXAMPLES)
    *instrument, site, day = words
    for key in instrument:
        if key not in registry.instrument_keys:
            meant = instrument_of_upload(key)
            hint = (
                f"Did you mean {meant}?" if meant in registry.instrument_keys else "The registry has others"
            )
            raise BadInput(request, f"unknown instrument {key}", hint)
    if site not in registry.sites:
        hint = f"The registry has {', '.join(registry.sites)}"
        raise BadInput(request, f"unknown site {site}", hint)
    date = parse_date(day)
    if date is None:
        raise BadInput(request, f"{day} is no date", "Write it with eight digits that exist, like 20250429")
    if date > (today or dt.datetime.now(dt.UTC).date()) + dt.timedelta(days=1):
        raise BadInput(request, f"{date} has not come yet")
    there = registry.instruments_at(site, date)
    for key in instrument:
        if key not in there:
            raise BadInput(request, f"{key} was not at {site} on {date}", _where(registry, key))
    if not there:
        raise BadInput(request, f"no instrument was at {site} on {date}")
    return tuple(NightId(key, site, date) for key in instrument or there)


def _where(registry: Registry, instrument: str) -> str:
    """Where an instrument was, in a sentence."""
    stays = [
        f"at {stay.site} from {stay.start}" + (f" to {stay.stop}" if stay.stop else "")
        for stay in registry.deployments[instrument]
    ]
    return f"By the registry it was {', '.join(stays)}"
