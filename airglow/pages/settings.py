"""What an operator decides about the pages, and the names that follow from it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from airglow.model.errors import AirglowError
from airglow.uploads import NightId

_TAKEN = ("raw", "state", "fpi", "cloudsensor", "templogs")


@dataclass(frozen=True)
class PagesSettings:
    """Where the pages are and what they are called.

    Parameters
    ----------
    prefix
        What the keys of the pages begin with; empty for no pages.
    title
        Title of every page.
    files_url
        Where the web has the bucket's root; empty if the pages find it from where they are.

    Raises
    ------
    AirglowError
        If a value cannot be what it is for.
    """

    prefix: str = "pages"
    title: str = "Airglow winds and temperatures"
    files_url: str = ""

    def __post_init__(self) -> None:
        prefix = self.prefix.strip("/")
        parts = prefix.split("/") if prefix else []
        if any(not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", part) for part in parts):
            raise AirglowError(f"pages: prefix {self.prefix!r} cannot be one: use letters, digits, - and _")
        if parts and parts[0] in _TAKEN:
            raise AirglowError(
                f"pages: prefix {self.prefix!r}: {parts[0]}/ belongs to the archive. Use another"
            )
        url = self.files_url.rstrip("/")
        split = urlsplit(url)
        on_the_web = split.scheme in ("http", "https") and re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", split.netloc)
        here = url.startswith("/") and not url.startswith("//")
        if url and not (on_the_web or here):
            raise AirglowError(
                f"pages: files_url {self.files_url!r} is none: give https://host/path, /path, or nothing"
            )
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "files_url", url)

    @property
    def image_sources(self) -> str:
        """Where the Content Security Policy lets pictures come from."""
        split = urlsplit(self.files_url)
        return f"'self' {split.scheme}://{split.netloc}" if split.netloc else "'self'"

    def file_url(self, page: str, key: str, version: str = "") -> str:
        """How a page refers to a product.

        Parameters
        ----------
        page
            Key of the page.
        key
            Key of the product.
        version
            Changes when the product does, so that no browser shows an old one beside new numbers.

        Returns
        -------
        str
        """
        url = f"{self.files_url}/{quote(key)}" if self.files_url else relative_url(page, key)
        return f"{url}?v={quote(version)}" if version else url

    # Keys, all below the prefix.

    def key(self, name: str) -> str:
        """Key of something by its name below the prefix.

        Parameters
        ----------
        name
            Name below the prefix.

        Returns
        -------
        str
        """
        return f"{self.prefix}/{name}"

    def night_page(self, night: NightId) -> str:
        """Key of a night's page.

        Parameters
        ----------
        night
            The night.

        Returns
        -------
        str
        """
        return self.key(f"nights/{night.site}/{night.instrument}/{night.day}.html")

    def night_record(self, night: NightId) -> str:
        """Key of what a night's page is made from.

        Parameters
        ----------
        night
            The night.

        Returns
        -------
        str
        """
        return self.key(f"nights/{night.site}/{night.instrument}/{night.day}.json")

    def pending_record(self, night: NightId) -> str:
        """Key of a night's record while it waits for its place in the index.

        Parameters
        ----------
        night
            The night.

        Returns
        -------
        str
        """
        return self.key(f"pending/{night.name}.json")

    def instrument_page(self, instrument: str, site: str) -> str:
        """Key of an instrument's page.

        Parameters
        ----------
        instrument
            Key of the instrument.
        site
            Key of the site.

        Returns
        -------
        str
        """
        return self.key(f"instruments/{instrument}_{site}.html")


def relative_url(page: str, key: str) -> str:
    """How a page refers to another object of the bucket, or of a copy of it on a disk."""
    return quote(posixpath.relpath(key, posixpath.dirname(page)))
