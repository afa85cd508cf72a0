"""The bucket: is it there, what may we do in it, what does it promise, and what time is it there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from airglow.doctor.finding import Finding, ok, warning, wrong
from airglow.model.errors import StoreError
from airglow.store import Store, honours_if_match
from airglow.store.clock import date_of
from airglow.store.probe import PROBES, probe_object, remove_probes, try_prefix, versioning
from airglow.uploads import RAW

CLOCK_TOLD_S, CLOCK_WRONG_S = 2.0, 60.0
_ARCHIVE = ("fpi/", "cloudsensor/", "templogs/", "raw-refused/")
_ASK = "let the bucket's policy allow it to this access key"


def check_bucket(
    store: Store, now: Callable[[], dt.datetime], prefixes: Iterable[str] = ()
) -> Iterator[Finding]:
    """Look at the bucket; its objects stay as they are, and those that are made for this go again.

    Parameters
    ----------
    store
        The bucket.
    now
        Tells the time of this machine.
    prefixes
        Where products and pages go, each with a slash at its end.

    Yields
    ------
    Finding
        One for each check. The later ones are left out if the bucket does not answer.
    """
    before = now()
    try:
        store.check()
    except StoreError as error:
        yield wrong("bucket", str(error), "correct /etc/airglow/environment, or ask who runs the store")
        return
    yield ok("bucket", f"{store.place} answers")
    yield check_clock(_date_of(store), before, now())
    refused = _rights(store)
    if refused:
        yield wrong("bucket rights", "; ".join(refused), _ASK)
        return
    yield ok("bucket rights", f"list, write, read, copy and delete work below {PROBES}")
    yield check_prefixes(store, prefixes)
    yield from _check_deletions(store)


def check_clock(date: dt.datetime | None, before: dt.datetime, after: dt.datetime) -> Finding:
    """Compare the clock of this machine with that of the store.

    Parameters
    ----------
    date
        What the store's answer says, to the second; None if it says nothing.
    before, after
        This machine's time before the request and after the answer (aware).

    Returns
    -------
    Finding
    """
    if date is None:
        return warning("clock", "the store's answers have no date", "compare the clock by hand: date -u")
    # The date stands for a whole second, and was written at some time between the request and its answer.
    early = (before - date - dt.timedelta(seconds=1)).total_seconds()
    late = (date - after).total_seconds()
    off = max(early, late, 0.0)
    seen = f"this machine is {off:.0f} s {'ahead of' if early > late else 'behind'} the store"
    action = "set it by NTP: timedatectl set-ntp true, then timedatectl; or ask who runs the store"
    if off > CLOCK_WRONG_S:
        return wrong("clock", seen, action)
    if off > CLOCK_TOLD_S:
        return warning("clock", seen, action)
    return ok("clock", f"within {CLOCK_TOLD_S:g} s of the store's")


def _date_of(store: Store) -> dt.datetime | None:
    """The date of an answer of the store."""
    from airglow.store.answers import asked

    with asked(store.place, "look at the bucket"):
        return date_of(store.client.head_bucket(Bucket=store.bucket))


def _rights(store: Store) -> list[str]:
    """What the bucket does not let us do."""
    refused = []
    copied = f"{PROBES}copy"
    try:
        remove_probes(store)  # also what a doctor that was killed has left
    except StoreError as error:
        refused.append(f"list and delete: {error}")
        return refused
    try:
        with probe_object(store) as key:
            for name, act in (
                ("read", lambda: store.get_bytes(key)),
                ("copy", lambda: store.copy(key, copied)),
            ):
                try:
                    act()
                except StoreError as error:
                    refused.append(f"{name}: {error}")
    except StoreError as error:
        refused.append(f"write, list and delete: {error}")
    try:
        remove_probes(store)
    except StoreError as error:
        refused.append(f"delete: {error}")
    return refused


def check_prefixes(store: Store, prefixes: Iterable[str]) -> Finding:
    """Try what runs do below each prefix: policies may differ from one to the other.

    Parameters
    ----------
    store
        The bucket.
    prefixes
        Where products and pages go.

    Returns
    -------
    Finding
    """
    places = (RAW, *_ARCHIVE, *prefixes)
    refused = {place: problem for place in places if (problem := try_prefix(store, place))}
    if not refused:
        return ok("rights by prefix", f"write, read and delete work below {', '.join(places)}")
    told = "; ".join(f"below {place}: {problem}" for place, problem in refused.items())
    if set(refused) == {RAW} and not try_prefix(store, RAW, may_write=False):
        # Instruments write there; runs only read and delete.
        return ok("rights by prefix", f"all that runs need; {told}, which they do without")
    return wrong("rights by prefix", told, _ASK)


def _check_deletions(store: Store) -> Iterator[Finding]:
    """How the store guards deletions, and what becomes of what is deleted."""
    try:
        honours, state = honours_if_match(store), versioning(store)
    except StoreError as error:
        yield wrong("deletions", str(error), _ASK)
        return
    if honours:
        yield ok("deletions", "DELETE honours If-Match: an upload that has changed is never deleted")
    elif state == "Enabled":
        yield ok("deletions", "DELETE ignores If-Match; raw objects are deleted by the version that was read")
    else:
        yield warning(
            "deletions",
            "DELETE ignores If-Match, and the bucket keeps no versions: uploads rest before they are deleted",
            "let the bucket keep versions to be safe; README, What is promised of raw objects, has the rest",
        )
    if state == "Suspended":
        yield warning(
            "versions",
            "suspended: deletions leave markers, and old versions stay",
            "enable versioning again, or remove old versions with a lifecycle rule",
        )
    elif state == "Enabled":
        yield ok("versions", "the bucket keeps what is deleted: a lifecycle rule should bound that")
    else:
        yield ok("versions", "the bucket keeps none")
