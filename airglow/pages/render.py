"""From records to HTML: the templates, the style sheet and the script, and what templates may ask."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airglow.model.limits import CLOUDY_C
from airglow.model.result import ANALYSED
from airglow.model.tags import LINE_NAMES
from airglow.pages.settings import PagesSettings, relative_url
from airglow.pages.states import KINDS
from airglow.uploads import NightId

if TYPE_CHECKING:
    import jinja2

HTML, SVG = "text/html; charset=utf-8", "image/svg+xml"
KEEP = "public, max-age=31536000, immutable"  # for names that change with what they hold
ASK = "no-cache"  # keep it, but ask each time whether it is still the same
_ROOM = Path(__file__).parent
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": SVG}


@dataclass(frozen=True)
class Page:
    """An object to be, of the pages."""

    key: str
    data: bytes
    content_type: str = HTML
    cache_control: str = ASK


@cache
def look() -> str:
    """Changes when anything in this room does, so that pages are made anew by a new version."""
    digest = hashlib.sha256()
    for path in sorted(_ROOM.rglob("*")):
        if path.suffix in (".py", ".html", ".css", ".js", ".svg"):
            digest.update(f"{path.relative_to(_ROOM)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def _static() -> dict[str, tuple[str, bytes]]:
    """Name with a hash of the contents, and the contents, of each file that all pages use."""
    found = {}
    for path in sorted((_ROOM / "static").iterdir()):
        data = path.read_bytes()
        found[path.name] = f"static/{path.stem}-{hashlib.sha256(data).hexdigest()[:12]}{path.suffix}", data
    return found


def static_pages(settings: PagesSettings) -> list[Page]:
    """The files that all pages use."""
    return [
        Page(settings.key(name), data, _TYPES[Path(name).suffix], KEEP) for name, data in _static().values()
    ]


def render(settings: PagesSettings, template: str, key: str, **values: Any) -> Page:
    """Fill in a template.

    Parameters
    ----------
    settings
        Of the operator.
    template
        Its name without ``.html``.
    key
        Of the page to be.
    values
        What the template speaks of.
    """

    def to(name: str) -> str:
        """Address of something of the pages by its name below the prefix."""
        return relative_url(key, settings.key(name))

    policy = "; ".join(
        [
            "default-src 'none'",
            f"img-src {settings.image_sources}",
            "style-src 'self'",
            "script-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    text = (
        _environment()
        .get_template(f"{template}.html")
        .render(
            title=settings.title,
            policy=policy,
            static={name: to(hashed) for name, (hashed, _) in _static().items()},
            to=to,
            file_url=lambda product: settings.file_url(key, product["key"], product["sha256"][:8]),
            kinds=KINDS,
            **values,
        )
    )
    return Page(key, text.encode())


def render_night(settings: PagesSettings, record: Mapping[str, Any]) -> Page:
    """The page of a night from its `airglow.pages.records.night_record`."""
    night = NightId.parse(record["night"])
    # What was analysed comes first.
    tags = sorted(record["tags"].items(), key=lambda item: (item[1]["state"] != ANALYSED, item[0]))
    return render(
        settings,
        "night",
        settings.night_page(night),
        night=record,
        tags=tags,
        cloudy_c=CLOUDY_C,
        previous=_neighbour(night, record["previous"]),
        next=_neighbour(night, record["next"]),
    )


def _neighbour(night: NightId, day: str | None) -> dict[str, Any] | None:
    return {"file": f"{day}.html", "date": f"{day[:4]}-{day[4:6]}-{day[6:]}"} if day else None


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # which an update that finds nothing to do never needs

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOM / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day=_day, month=lambda date: f"{date:%B %Y}", utc=_utc, number=_number, size=_size, line=_line, id=_id
    )
    return environment


def _day(value: dt.date | str) -> str:
    """``29 April 2025``."""
    date = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return f"{date.day} {date:%B %Y}"


def _utc(value: dt.datetime | str | None) -> str:
    """``2025-04-30 01:27``."""
    if not value:
        return "–"
    moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def _number(value: float | None, digits: int = 0, unit: str = "") -> str:
    """A number with its unit; a dash if there is none."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}".replace("-", "−")
    return f"{text}\u00a0{unit}" if unit else text


def _size(value: int) -> str:
    """``1.4 MB``."""
    for unit, factor, digits in (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if value >= factor:
            return f"{value / factor:.{digits}f}\u00a0{unit}"
    return f"{value}\u00a0B"


def _line(tag: str) -> str:
    return LINE_NAMES.get(tag, "")


def _id(text: str) -> str:
    """A name for an element, from text that may hold anything."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", text)
