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
    """Something that the workflow is asked to make."""

    path: str  # file, relative to the working directory
    nights: tuple[NightId, ...]  # those of which it would be made; not all of them need exist
    asked: str  # as the operator wrote it

    @property
    def is_of_published(self) -> bool:
        """Whether it is made from what is published, and from nothing else."""
        return self.path.startswith(f"{_FETCHED}/")


def parse_target(asked: str, registry: Registry, today: dt.date | None = None) -> Target:
    """What an operator asks for.

    Parameters
    ----------
    asked
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
    if match := _IN_FOLDER.fullmatch(asked):
        nights = _nights(asked, (match["instrument"], match["site"], match["date"]), registry, today)
        if match["year"] != match["date"][:4]:
            raise BadInput(asked, f"{match['year']} is not the year of {match['date']}")
        return Target(asked, nights, asked)
    if match := _OF_NIGHT.fullmatch(asked):
        return Target(asked, _nights(asked, match["name"].split("_"), registry, today), asked)
    nights = _nights(asked, asked.split("_"), registry, today)
    return Target(f"nights/{asked}.json", nights, asked)


def looks_like_target(word: str) -> bool:
    """Whether a word among arguments of Snakemake is a file of a night, right or wrong."""
    return word.startswith(("nights/", f"{_FETCHED}/", "results/"))


def is_there(target: Target, store: Store) -> bool:
    """Whether there is something in the bucket that a target can be made from.

    Parameters
    ----------
    target
        What was asked for.
    store
        The bucket.

    Raises
    ------
    StoreError
        If the bucket cannot be asked.
    """
    for night in target.nights:
        keys = [night.published_key] if target.is_of_published else [night.manifest_key, night.receipt_key]
        if any(store.head(key) for key in keys):
            return True
    return False


def why_not_there(target: Target) -> str:
    """One line on a target of which the bucket has nothing."""
    instruments = ", ".join(night.instrument for night in target.nights)
    what = "published products" if target.is_of_published else "archived frames, and no receipt in raw/"
    return (
        f"{target.asked}: the bucket has no {what} (of {instruments}). Correct the name, or upload the night"
    )


def _nights(
    asked: str, words: list[str] | tuple[str, ...], registry: Registry, today: dt.date | None
) -> tuple[NightId, ...]:
    """Nights that instrument (if given), site and date name."""
    if len(words) not in (2, 3) or not all(words):
        raise BadInput(asked, "is no night", _EXAMPLES)
    *instrument, site, day = words
    for key in instrument:
        if key not in registry.instrument_keys:
            meant = instrument_of_upload(key)
            hint = (
                f"Did you mean {meant}?" if meant in registry.instrument_keys else "The registry has others"
            )
            raise BadInput(asked, f"unknown instrument {key}", hint)
    if site not in registry.sites:
        hint = f"The registry has {', '.join(registry.sites)}"
        raise BadInput(asked, f"unknown site {site}", hint)
    date = parse_date(day)
    if date is None:
        raise BadInput(asked, f"{day} is no date", "Write it with eight digits that exist, like 20250429")
    if date > (today or dt.datetime.now(dt.UTC).date()) + dt.timedelta(days=1):
        raise BadInput(asked, f"{date} has not come yet")
    there = registry.instruments_at(site, date)
    for key in instrument:
        if key not in there:
            raise BadInput(asked, f"{key} was not at {site} on {date}", _where(registry, key))
    if not there:
        raise BadInput(asked, f"no instrument was at {site} on {date}")
    return tuple(NightId(key, site, date) for key in instrument or there)


def _where(registry: Registry, instrument: str) -> str:
    """Where an instrument was, in a sentence."""
    stays = [
        f"at {stay.site} from {stay.start}" + (f" to {stay.stop}" if stay.stop else "")
        for stay in registry.deployments[instrument]
    ]
    return f"By the registry it was {', '.join(stays)}"
