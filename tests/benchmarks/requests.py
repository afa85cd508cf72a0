"""Which requests to the bucket a night's data need, and which come on top."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

# Once for each object: the parts and weather files are read, frames are written and read, products and pages
# are written, weather files are archived. What the keys look like, after the name of the bucket.
_DATA = {
    ("GET", r"raw/.*\.tar\.gz\d+"),
    ("GET", r"(raw/|cloudsensor/|temperature/|.*/)(Cloud|TempL)[^/]*"),
    ("PUT", r"(?!raw/).*(Cloud|TempL)[^/]*"),
    ("PUT", r"(?!raw/|state/|results/|summaryimages/|madrigal/|pages/).*\.(hdf5|img|h5)"),
    ("GET", r"(?!raw/|state/|results/|summaryimages/|madrigal/|pages/).*\.(hdf5|img|h5)"),
    ("PUT", r"(results|summaryimages|madrigal|pages)/.*"),
}


def beyond_data(requests: Iterable[tuple[str, str]]) -> Counter[str]:
    """Requests that are not one of those that the data need, by what they ask for.

    Parameters
    ----------
    requests
        Method and path with query of each.

    Returns
    -------
    Counter
        Number by kind, such as ``HEAD state/.../published.json``.
    """
    seen: set[tuple[str, str]] = set()
    beyond: Counter[str] = Counter()
    for method, asked in requests:
        address = urlsplit(asked)
        key = unquote(address.path).lstrip("/").partition("/")[2]
        if not key and "prefix=" in address.query:
            key = unquote(re.search(r"prefix=([^&]*)", address.query)[1]) + "?list"
        kind = (method, key)
        needed = not key.endswith("?list") and any(
            method == of and re.fullmatch(pattern, key) for of, pattern in _DATA
        )
        if needed and kind not in seen:
            seen.add(kind)
            continue
        beyond[f"{method} {_general(key)}"] += 1
    return beyond


def _general(key: str) -> str:
    """A key without what differs between nights and frames."""
    return re.sub(r"\d{4,}", "#", re.sub(r"state/[^/]+/[^/]+/\d{4}/\d{8}/", "state/.../", key)) or "bucket"
