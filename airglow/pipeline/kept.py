"""An earlier result of a night stays where a later analysis comes to none.

Publication begins with the loss of the old index. So what is to be kept is decided
before, and a copy of the old index is made safe in the bucket first. The copy
(`airglow.pipeline.publish.delivered_key`) is replaced only when all products of the next index are in the
bucket.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from typing import Any

from airglow.archive import REPLACED, list_products, no_longer_named
from airglow.model.errors import BadInput, StoreError
from airglow.model.files import parse_json
from airglow.model.result import ANALYSED
from airglow.pipeline.publish import delivered_key, read_index
from airglow.store import MissingObject, Store, StoredObject
from airglow.uploads import NightId

log = logging.getLogger(__name__)


def keep_earlier_results(
    store: Store,
    plan: Mapping[str, Any],
    now: dt.datetime | None = None,
    there: Collection[str] | None = None,
) -> dict[str, Any]:
    """Let a plan keep what was published of tags that now come to no result, and secure the old index.

    Changes nothing that is published. Killed at any moment and done again, it gives the same plan.

    Parameters
    ----------
    store
        The bucket.
    plan
        As of `airglow.pipeline.publish.plan_delivery`.
    now
        The present, for the record.
    there
        Keys of the night's state in the bucket, as just listed; without them it is asked.

    Returns
    -------
    dict
        The plan. Of a tag that is kept it has the earlier outcome, with ``kept``: ``state`` and ``reason`` of
        the outcome that was refused, ``at`` (UTC) and ``manifest_sha256`` of what was analysed then; and the
        earlier products, with their ETags. Products of before that it does not name are under ``replaced``,
        and the cleanup deletes them.

    Raises
    ------
    BadInput
        If there is an earlier index that cannot be read, and a tag without result that may be in it.
    StoreError
        If a product that is to be kept is not in the bucket as it was published.
    """
    night = NightId.parse(plan["night"])
    refused = {tag: outcome for tag, outcome in plan["outcomes"].items() if outcome["state"] != ANALYSED}
    earlier = _earlier_index(store, night, bool(refused), there)
    if earlier is None:
        return dict(plan)
    if refused.keys() == plan["outcomes"].keys():
        refused |= _no_longer_expected(plan, earlier)
    kept = {
        tag: outcome
        for tag, outcome in earlier["outcomes"].items()
        if tag in refused and outcome["state"] == ANALYSED
    }
    at = (now or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    outcomes = dict(plan["outcomes"])
    for tag, outcome in kept.items():
        refusal = {"state": refused[tag]["state"], "reason": refused[tag]["reason"]}
        refusal["manifest_sha256"] = plan["manifest_sha256"]
        before = outcome.get("kept") or {}
        # The same refusal once more, as after a kill or for new plots, keeps its time.
        again = all(before.get(name) == value for name, value in refusal.items())
        outcomes[tag] = {**outcome, "kept": {**refusal, "at": before["at"] if again else at}}
        log.warning(
            "%s: no result now (%s); the earlier one is kept", tag, refusal["reason"] or refusal["state"]
        )
    wanted = [product for product in earlier["products"] if product["tag"] in kept]
    listed = list_products(store, wanted)
    there = [_as_published(listed, product, night, refused) for product in wanted]
    products = [*plan["products"], *there]
    replaced = no_longer_named(store, products, earlier, night, outcomes)
    for tag in sorted(earlier["outcomes"].keys() - outcomes.keys()):
        log.warning(
            "%s: published before, and the registry expects it no more: its products stay where they are, "
            "and the night's index, rows and page do not name them",
            tag,
        )
    more = {REPLACED: replaced} if replaced else {}
    return {**plan, "outcomes": outcomes, "products": products, **more}


def _earlier_index(
    store: Store, night: NightId, needed: bool, there: Collection[str] | None
) -> dict[str, Any] | None:
    """The index of what is delivered, a copy of which is safe then; None if nothing is."""
    unreadable = []
    keys = (night.published_key, delivered_key(night))
    found = {key: _bytes_or_none(store, key) for key in keys if there is None or key in there}
    safe = found.get(delivered_key(night))
    for key in keys:
        data = found.get(key)
        if data is None:
            continue
        try:
            index = read_index(parse_json(data), key)
        except (ValueError, BadInput):
            unreadable.append(key)
            continue
        if data != safe:
            store.put_bytes(delivered_key(night), data, "application/json")
        return index
    if unreadable and needed:
        raise BadInput(
            unreadable[0],
            "is not an index of products, so an earlier result cannot be kept, and now there is none",
            "Put a good copy of it back, or delete it to give an earlier result up, and start again",
        )
    return None


def _bytes_or_none(store: Store, key: str) -> bytes | None:
    try:
        return store.get_bytes(key)
    except MissingObject:
        return None


def _no_longer_expected(plan: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Outcomes for tags that were published and are no longer asked for, while those that are have no result.

    A mistake in the registry looks like this: it should not cost the night.
    """
    tags = ", ".join(plan["outcomes"])
    reason = f"the registry expects {tags} of this night"
    return {
        tag: {"state": "not expected", "reason": reason}
        for tag in earlier["outcomes"]
        if tag not in plan["outcomes"]
    }


def _as_published(
    listed: Mapping[str, StoredObject],
    product: Mapping[str, Any],
    night: NightId,
    refused: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """A product that is to be kept, if it is in the bucket as its index says."""
    found = listed.get(product["key"])
    if found is None or found.size != product["size"] or product.get("etag", found.etag) != found.etag:
        why = refused[product["tag"]]
        raise StoreError(
            f"{product['key']}: not in the bucket as it was published, so the earlier result of tag"
            f" {product['tag']} cannot be kept, and now there is none ({why['state']}: {why['reason']})."
            f" Nothing was changed. Put it back; or give the earlier result up: delete {night.published_key}"
            f" and {delivered_key(night)}, and start again"
        )
    return {**product, "etag": found.etag}
