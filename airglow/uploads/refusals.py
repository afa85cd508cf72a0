"""Uploads that were refused for what is in them: on record in the bucket, so that nobody tries them again.

A refusal is of one upload, named by the ETags of its objects, under certain criteria (limits, code): another
upload of the night, a larger limit or another version of the code begins anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airglow.model.errors import RefusedUpload
from airglow.model.files import parse_json
from airglow.model.typed import Fields
from airglow.store import MissingObject, Store
from airglow.uploads.keys import NightId

FORMAT = 1


@dataclass(frozen=True)
class Refusal:
    """A verdict on an upload.

    Parameters
    ----------
    reason
        A sentence for people.
    upload
        ETag by key of its objects.
    criteria
        What the verdict depends on beside the upload.
    made_at
        When (UTC).
    """

    reason: str
    upload: Mapping[str, str]
    criteria: Mapping[str, Any]
    made_at: dt.datetime

    def is_of(self, upload: Mapping[str, str], criteria: Mapping[str, Any]) -> bool:
        """Whether it is of this upload, and would be the same today.

        Parameters
        ----------
        upload
            ETag by key of the receipt and all parts.
        criteria
            Those of today.

        Returns
        -------
        bool
        """
        return self.upload == upload and self.criteria == criteria


def record_refusal(
    store: Store,
    night: NightId,
    reason: str,
    upload: Mapping[str, str],
    criteria: Mapping[str, Any],
    now: dt.datetime | None = None,
) -> None:
    """Put on record that an upload is refused. Nothing of it is touched.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    reason
        A sentence for people.
    upload
        ETag by key of the receipt and all parts.
    criteria
        What the verdict depends on beside them, as JSON can hold it.
    now
        The present (UTC), for the record.
    """
    moment = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    value = {"format": FORMAT, "night": night.name, "reason": reason, "made_at": moment}
    store.put_json(night.refused_key, {**value, "upload": dict(upload), "criteria": dict(criteria)})


def read_refusal(store: Store, night: NightId) -> Refusal | None:
    """The last refusal of an upload of a night; None without one, or for one that cannot be read.

    Then the upload is looked at again, and the verdict is the same.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.

    Returns
    -------
    Refusal or None
    """
    try:
        fields = Fields.of(parse_json(store.get_bytes(night.refused_key)))
        if fields.values.get("format") != FORMAT:
            return None
        upload, criteria = fields.object("upload"), fields.object("criteria")
        return Refusal(fields.text("reason"), upload, criteria, fields.required_moment("made_at"))
    except (MissingObject, ValueError):
        return None


def refusal_of(
    store: Store, night: NightId, upload: Mapping[str, str], criteria: Mapping[str, Any]
) -> Refusal | None:
    """The refusal of this very upload under these criteria. Costs one request.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    upload
        ETag by key of the receipt and all parts.
    criteria
        Those of today.

    Returns
    -------
    Refusal or None
        None if there is none.
    """
    refusal = read_refusal(store, night)
    return refusal if refusal and refusal.is_of(upload, criteria) else None


def check_not_refused(
    store: Store, night: NightId, upload: Mapping[str, str], criteria: Mapping[str, Any]
) -> None:
    """Before work on an upload: stop if it was refused; remove the refusal of another one.

    Costs one request if there is no refusal.

    Parameters
    ----------
    store, night, upload, criteria
        As in `refusal_of`.

    Raises
    ------
    RefusedUpload
        With the reason of then.
    """
    refusal = read_refusal(store, night)
    if refusal is None:
        return
    if refusal.is_of(upload, criteria):
        raise RefusedUpload(night.upload, refusal.reason)
    forget_refusal(store, night)


def forget_refusal(store: Store, night: NightId) -> None:
    """Remove the refusal of an upload that is no longer there, if there is one.

    Parameters
    ----------
    store
        The bucket.
    night
        Which night.
    """
    store.delete(night.refused_key)
