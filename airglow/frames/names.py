"""What a frame's file name says."""

from __future__ import annotations

import datetime as dt
import re

LASER_TAG = "L"

# UAO_L_20091103_210000_001.img, L20091103001.img, UAO_XR_20221129_121336.hdf5; the archive adds
# __<folder> to the second of two frames of one name.
_NAME = re.compile(
    r"^(?:(?P<prefix>[A-Za-z0-9]{2,8})_)?(?P<tag>XR|XG|X|L|D|B)_?(?P<date>\d{8})"
    r"(?:_(?P<time>\d{6}))?(?:_?(?P<number>\d{1,5}))?(?:__[\w-]+)?\.(?:img|hdf5)$",
    re.IGNORECASE,
)


def is_frame_name(name: str) -> bool:
    """Whether a file's base name is that of a frame.

    Parameters
    ----------
    name
        Base name of a file.

    Returns
    -------
    bool
    """
    return _NAME.match(name) is not None


def tag_of_name(name: str) -> str | None:
    """Tag of a frame by its base name: L, X, XR, XG, D or B; None if the name is not a frame's.

    Parameters
    ----------
    name
        Base name of a file.

    Returns
    -------
    str or None
    """
    match = _NAME.match(name)
    return match.group("tag").upper() if match else None


def prefix_of_name(name: str) -> str | None:
    """What stands before the tag in a frame's name, which is the site's; None if nothing does.

    Parameters
    ----------
    name
        Base name of a file.

    Returns
    -------
    str or None
    """
    match = _NAME.match(name)
    return match.group("prefix") if match else None


def date_of_name(name: str) -> dt.date | None:
    """Date in a frame's name, on which it was saved; None if it has none.

    Parameters
    ----------
    name
        Base name of a file.

    Returns
    -------
    datetime.date or None
    """
    match = _NAME.match(name)
    try:
        return dt.datetime.strptime(match.group("date"), "%Y%m%d").date() if match else None
    except ValueError:
        return None


def saved_of_name(name: str) -> dt.datetime | None:
    """Date and time in a frame's name, of the clock that names files; None if there is no time in it.

    Parameters
    ----------
    name
        Base name of a file.

    Returns
    -------
    datetime.datetime or None
    """
    match = _NAME.match(name)
    if not match or not match.group("time"):
        return None
    try:
        return dt.datetime.strptime(match.group("date") + match.group("time"), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def number_of_name(name: str) -> int | None:
    """Running number of a frame among those of its tag; None if its name has none."""
    match = _NAME.match(name)
    return int(match.group("number")) if match and match.group("number") else None
