"""Which nights are published, by the whole bucket: for what is made anew of all of them."""

from __future__ import annotations

import contextlib

from airglow.model.errors import BadInput
from airglow.store import Store
from airglow.uploads import NightId

_STATES = "state/"
_INDEX = "/published.json"


def published_nights(store: Store) -> dict[NightId, str]:
    """Key of the index of each published night.

    Lists all sentinels, which costs a request for each thousand: seven for a thousand nights.

    Parameters
    ----------
    store
        The bucket.

    Returns
    -------
    dict
        By night, in the order of their names.

    Raises
    ------
    StoreError
        If the bucket cannot be listed.
    """
    found = {}
    for one in store.list(_STATES):
        if one.key.endswith(_INDEX):
            with contextlib.suppress(ValueError, BadInput):  # what else lies there is none of ours
                instrument, site, _, date = one.key.removeprefix(_STATES).removesuffix(_INDEX).split("/")
                found[NightId.parse(f"{instrument}_{site}_{date}")] = one.key
    return dict(sorted(found.items(), key=lambda item: item[0].name))
