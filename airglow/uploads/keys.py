"""Names of objects: what is in ``raw/``, and where everything about a night lives in the bucket."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.model.names import (
    DATE,
    INSTRUMENT,
    SITE,
    UPLOAD,
    UPLOAD_PREFIX,
    instrument_of_upload,
    parse_date,
    upload_name,
)

RAW = "raw/"
PENDING = "state/pending/"

_NIGHT = re.compile(f"(?P<instrument>{INSTRUMENT})_(?P<site>{SITE})_(?P<date>{DATE})")
_UPLOAD = re.compile(
    rf"raw/(?P<name>{UPLOAD})_(?P<site>{SITE})_(?P<date>{DATE})\."
    r"(?:(?P<receipt>txt)|tar\.gz(?P<part>[0-9]{6}))"
)
_OTHER = re.compile(r"raw/(?P<prefix>[A-Za-z][A-Za-z0-9]+_)[a-z]{3}")  # bwc00_uao..., x3t00_, asi_, pic_
_WEATHER = re.compile(
    rf"raw/(?P<name>(?:Cloud|(?P<logger>TempL[0-9]*))_(?P<site>{SITE})_(?P<date>{DATE})\.txt)"
)


@dataclass(frozen=True)
class NightId:
    """One night of one instrument at one site, by the local date on which it began.

    Parameters
    ----------
    instrument
        Key of the instrument.
    site
        Key of the site.
    date
        Local date on which the night began.
    """

    instrument: str
    site: str
    date: dt.date

    @classmethod
    def parse(cls, name: str) -> NightId:
        """The night named ``minime05_uao_20250429``.

        Parameters
        ----------
        name
            Name of the night.

        Returns
        -------
        NightId

        Raises
        ------
        BadInput
            If the name is not of that form, or the date does not exist.
        """
        match = _NIGHT.fullmatch(name)
        if match is None:
            raise BadInput(name, "not a night", "A night is named like minime05_uao_20250429")
        date = parse_date(match["date"])
        if date is None:
            raise BadInput(name, f"{match['date']} is not a date")
        return cls(match["instrument"], match["site"], date)

    @property
    def name(self) -> str:
        """``minime05_uao_20250429``."""
        return f"{self.instrument}_{self.site}_{self.day}"

    @property
    def day(self) -> str:
        """The date as in names: ``20250429``."""
        return f"{self.date:%Y%m%d}"

    @property
    def upload(self) -> str:
        """What the instrument calls the night: ``fpi05_uao_20250429``."""
        return f"{upload_name(self.instrument)}_{self.site}_{self.day}"

    @property
    def raw_prefix(self) -> str:
        """What the keys of the receipt and of all parts begin with; unrecognised objects may begin so too."""
        return f"{RAW}{self.upload}."

    @property
    def receipt_key(self) -> str:
        """Key of the receipt."""
        return f"{RAW}{self.upload}.txt"

    @property
    def frames_prefix(self) -> str:
        """What the keys of the archived frames begin with."""
        return f"fpi/{self._path}/"

    @property
    def state_prefix(self) -> str:
        """What the keys of the night's state begin with."""
        return f"state/{self._path}/"

    @property
    def manifest_key(self) -> str:
        """Written last by the archiving: which frames are in the bucket."""
        return f"{self.state_prefix}manifest.json"

    @property
    def refused_key(self) -> str:
        """Written when an upload is refused for what is in it: which one, and why."""
        return f"{self.state_prefix}refused.json"

    @property
    def published_key(self) -> str:
        """Written last by the publication: which products are in the bucket."""
        return f"{self.state_prefix}published.json"

    @property
    def loaded_key(self) -> str:
        """Written after the rows are committed."""
        return f"{self.state_prefix}loaded.json"

    @property
    def page_key(self) -> str:
        """Written after the night has its page."""
        return f"{self.state_prefix}page.json"

    @property
    def cleaned_key(self) -> str:
        """Written last of all: nothing of this night's upload waits in ``raw/``."""
        return f"{self.state_prefix}cleaned.json"

    @property
    def pending_key(self) -> str:
        """There while work on the night has begun and is not finished."""
        return f"{PENDING}{self.name}.json"

    def below(self, root: Path) -> Path:
        """The night's own directory on a disk.

        Parameters
        ----------
        root
            The directory of all nights.

        Returns
        -------
        Path
            The same parts below it as in the keys of the bucket.
        """
        return root / self._path

    @property
    def _path(self) -> str:
        return f"{self.instrument}/{self.site}/{self.date:%Y}/{self.day}"


def first_part(night: NightId) -> str:
    """File name of the first part of the night's upload.

    Parameters
    ----------
    night
        The night.

    Returns
    -------
    str
    """
    return f"{night.upload}.tar.gz000000"


@dataclass(frozen=True)
class WeatherFile:
    """A cloud sensor's or temperature logger's file of one local date.

    Parameters
    ----------
    kind
        ``cloud`` or ``temperature``.
    site
        Key of the site.
    date
        Local date.
    name
        File name.
    """

    kind: str
    site: str
    date: dt.date
    name: str

    @property
    def raw_key(self) -> str:
        """Where the site uploads it."""
        return f"{RAW}{self.name}"

    @property
    def archive_key(self) -> str:
        """Where it is kept."""
        return f"{weather_prefix(self.kind, self.site, self.date)}{self.name}"


def weather_prefix(kind: str, site: str, date: dt.date) -> str:
    """What the keys of a site's archived weather files of a year begin with.

    Parameters
    ----------
    kind
        ``cloud`` or ``temperature``.
    site
        Key of the site.
    date
        A date of the year.

    Returns
    -------
    str
    """
    folder = "cloudsensor" if kind == "cloud" else "templogs"
    return f"{folder}/{site}/{date:%Y}/"


def cloud_file(site: str, date: dt.date) -> WeatherFile:
    """The cloud sensor's file of a site and local date.

    Parameters
    ----------
    site
        Key of the site.
    date
        Local date.

    Returns
    -------
    WeatherFile
    """
    return WeatherFile("cloud", site, date, f"Cloud_{site}_{date:%Y%m%d}.txt")


@dataclass(frozen=True)
class RawReceipt:
    """A night's receipt.

    Parameters
    ----------
    night
        The night.
    """

    night: NightId


@dataclass(frozen=True)
class RawPart:
    """One part of a night's archive.

    Parameters
    ----------
    night
        The night.
    number
        Number of the part, from 0.
    """

    night: NightId
    number: int


@dataclass(frozen=True)
class UnrecognisedObject:
    """An object in ``raw/`` that is none of ours.

    Parameters
    ----------
    reason
        Why it is not recognised.
    prefix
        What its name begins with, if it is named like an object of another instrument: ``bwc00_``. Such
        objects belong to other people.
    """

    reason: str
    prefix: str = ""


def parse_raw_key(key: str) -> RawReceipt | RawPart | WeatherFile | UnrecognisedObject:
    """Say what an object in ``raw/`` is, by its key alone.

    Parameters
    ----------
    key
        Key of the object.

    Returns
    -------
    RawReceipt, RawPart, WeatherFile or UnrecognisedObject
    """
    if match := _UPLOAD.fullmatch(key):
        date = parse_date(match["date"])
        if date is None:
            return UnrecognisedObject(f"{match['date']} is not a date")
        night = NightId(instrument_of_upload(match["name"]), match["site"], date)
        return RawReceipt(night) if match["receipt"] else RawPart(night, int(match["part"]))
    if match := _WEATHER.fullmatch(key):
        date = parse_date(match["date"])
        if date is None:
            return UnrecognisedObject(f"{match['date']} is not a date")
        kind = "temperature" if match["logger"] else "cloud"
        return WeatherFile(kind, match["site"], date, match["name"])
    if key.startswith(f"{RAW}{UPLOAD_PREFIX}"):
        return UnrecognisedObject(
            "named neither like a receipt nor like a part (fpi05_uao_20250429.tar.gz000000)"
        )
    if key.startswith(("raw/Cloud", "raw/TempL")):
        return UnrecognisedObject("not named like a weather file (Cloud_uao_20250429.txt)")
    other = _OTHER.match(key)
    return UnrecognisedObject("not from a Fabry-Perot interferometer", other["prefix"] if other else "")


def is_of_upload(key: str, night: NightId) -> bool:
    """Whether a key is that of a night's receipt or part, not of an unrecognised object beside them.

    Parameters
    ----------
    key
        Key of an object.
    night
        The night.

    Returns
    -------
    bool
    """
    parsed = parse_raw_key(key)
    return isinstance(parsed, RawReceipt | RawPart) and parsed.night == night
