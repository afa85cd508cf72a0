"""Read what was decided by hand, and refuse what cannot be."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from airglow.model.errors import RegistryError
from airglow.registry.checks import check_numbers
from airglow.registry.overrides import FlagByHand, LeftOut, Override, PinnedParameters, Span
from airglow.registry.records import Deployment, Site

_LEVEL = {"caution": 1, "bad": 2}
_DAY = dt.timedelta(days=1)
_SCHEMA = Path(__file__).with_name("overrides.schema.yaml")


def read_overrides(
    paths: Sequence[Path],
    deployments: Mapping[str, Sequence[Deployment]],
    sites: Mapping[str, Site],
) -> dict[str, tuple[Override, ...]]:
    """Read and validate files of overrides; the entries of all files hold together.

    Parameters
    ----------
    paths
        YAML files of entries by the instrument's key; one without any changes nothing.
    deployments
        Of the instruments, by their key.
    sites
        By their key.

    Returns
    -------
    dict
        Entries by the instrument's key, in the order of the files.

    Raises
    ------
    RegistryError
        If a file cannot be read or is wrong; the message names the file, the entry and the reason.
    """
    found: dict[str, list[tuple[str, Override]]] = {}
    for path in paths:
        for key, entries in _read(path).items():
            if key not in deployments:
                raise RegistryError(f"{path}: {key}: unknown instrument: it is not in instruments.yaml")
            for number, content in enumerate(entries):
                place = f"{path}: {key}: {number}"
                entry = _entry(content, place)
                _check_against_deployments(entry, deployments[key], sites, place)
                found.setdefault(key, []).append((place, entry))
    for placed in found.values():
        _refuse_contradictions(placed)
    return {key: tuple(entry for _, entry in placed) for key, placed in found.items()}


def _read(path: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    from airglow.registry.yaml_files import problem_of, read_schema, read_yaml

    content = read_yaml(path)
    if content is None:
        return {}
    problem = problem_of(content, read_schema(_SCHEMA))
    if problem is not None:
        where = ": ".join(map(str, (path, *problem.absolute_path)))
        hint = problem.schema.get("description")
        raise RegistryError(f"{where}: {problem.message}" + (f" ({hint})" if hint else ""))
    for key, entries in content.items():
        check_numbers(entries, path, (key,))
    return content


def _entry(content: Mapping[str, Any], place: str) -> Override:
    first, last = _dates(content, place)
    parameters = dict(content.get("parameters", {}))
    if "blur_px" in parameters:
        parameters["blur_px"] = tuple(float(value) for value in parameters["blur_px"])
    entry = Override(
        first=first,
        last=last,
        because=_one_line(content["because"]),
        who=_one_line(content.get("who", "")),
        doppler_reference=content.get("doppler_reference", ""),
        left_out=tuple(
            _left_out(each, f"{place}: leave_out: {k}") for k, each in enumerate(content.get("leave_out", ()))
        ),
        parameters=PinnedParameters(
            **{name: each if name == "blur_px" else float(each) for name, each in parameters.items()}
        ),
        flags=tuple(
            FlagByHand(
                wind=_LEVEL.get(each.get("wind"), 0),
                temperature=_LEVEL.get(each.get("temperature"), 0),
                span=_span(each, f"{place}: flags: {k}"),
                direction=each.get("direction", ""),
            )
            for k, each in enumerate(content.get("flags", ()))
        ),
    )
    if not entry.decisions:
        what = "doppler_reference, leave_out, parameters or flags"
        raise RegistryError(f"{place}: decides nothing. Give {what}, or take the entry out")
    return entry


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _dates(content: Mapping[str, Any], place: str) -> tuple[dt.date, dt.date | None]:
    if ("date" in content) == ("from" in content) or ("from" in content) != ("to" in content):
        raise RegistryError(f"{place}: needs either date, or from and to (to: null for no end)")
    if "date" in content:
        return content["date"], content["date"]
    first, last = content["from"], content["to"]
    if last is not None and last < first:
        raise RegistryError(f"{place}: ends on {last}, before it begins on {first}")
    return first, last


def _left_out(content: Mapping[str, Any], place: str) -> LeftOut:
    span = _span(content, place)
    if ("frames" in content) == (span.start is not None):
        raise RegistryError(f"{place}: needs either frames, or from and to")
    return LeftOut(content.get("frames", ""), span, content.get("only", ""))


def _span(content: Mapping[str, Any], place: str) -> Span:
    if ("from" in content) != ("to" in content):
        raise RegistryError(f"{place}: has one end only. Give from and to")
    if "from" not in content:
        return Span()
    start, stop = (_utc(content[end]) for end in ("from", "to"))
    if stop <= start:
        raise RegistryError(f"{place}: ends at {stop:%Y-%m-%d %H:%M:%S}, not after it begins")
    return Span(start, stop)


def _utc(time: dt.datetime) -> dt.datetime:
    """A time in UTC; without a zone it is UTC already."""
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def _check_against_deployments(
    entry: Override, deployments: Sequence[Deployment], sites: Mapping[str, Site], place: str
) -> None:
    """Refuse an entry for nights, times or look directions that the instrument does not have."""
    there = [deployment for deployment in deployments if deployment.overlaps(entry.first, entry.last)]
    if not there:
        raise RegistryError(f"{place}: the instrument was at no site on {entry.dates}")
    spans = [each.span for each in (*entry.left_out, *entry.flags) if each.span.start is not None]
    for span in spans:
        nights = (
            (sites[deployment.site], date)
            for date in _dates_near(span)
            for deployment in there
            if deployment.includes(date) and entry.includes(date)
        )
        if not any(span.overlaps(site.noon(date), site.noon(date + _DAY)) for site, date in nights):
            raise RegistryError(f"{place}: {span} is not within the nights of {entry.dates}")
    names = {direction.name for deployment in there for direction in sites[deployment.site].directions}
    for flag in entry.flags:
        if flag.direction and flag.direction not in names:
            where = " or ".join(sorted({deployment.site for deployment in there}))
            raise RegistryError(
                f"{place}: {where} has no look direction {flag.direction!r}, only {', '.join(sorted(names))}"
            )


def _dates_near(span: Span) -> Iterable[dt.date]:
    """Local dates on which the nights of a span may have begun, at any longitude."""
    days = (span.stop - span.start).days
    return (span.start.date() + k * _DAY for k in range(-2, days + 3))


def _refuse_contradictions(placed: Sequence[tuple[str, Override]]) -> None:
    """Refuse two entries that decide the same otherwise for one night."""
    for (place, one), (other_place, other) in itertools.combinations(placed, 2):
        if not Deployment("", one.first, one.last).overlaps(other.first, other.last):
            continue
        of_one, of_other = (
            {"doppler_reference": each.doppler_reference or None, **each.parameters.given}
            for each in (one, other)
        )
        for name, value in of_other.items():
            if value is not None and of_one.get(name) not in (None, value):
                raise RegistryError(
                    f"{other_place}: {name} {value} contradicts {of_one[name]} in {place}, "
                    "on the same dates. Correct one of them"
                )
