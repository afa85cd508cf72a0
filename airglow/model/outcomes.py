"""What the analysis of a night and tag came to, in words: outcomes are plain values, as JSON holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airglow.model.typed import moment_of


def outcome_reason(outcome: Mapping[str, Any]) -> str:
    """Why a tag has no result, or why it still has an earlier one; empty for a result of the last analysis.

    Parameters
    ----------
    outcome
        As in the index of products: ``state``, ``reason`` and, if a later analysis was refused in favour of
        this earlier result, ``kept`` with that analysis' ``state``, ``reason`` and ``at`` (ISO 8601).

    Returns
    -------
    str
        Of an earlier result that was kept, it has the time of the later analysis (UTC) and what it came to.
    """
    kept = outcome.get("kept")
    if not kept:
        return outcome.get("reason") or ""
    at = moment_of(kept["at"])
    why = f"{kept['state']}, {kept['reason']}" if kept["reason"] else kept["state"]
    return f"earlier result kept: the analysis of {at:%Y-%m-%d %H:%M} UTC came to none: {why}"


def manifest_of_delivery(outcome: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest that was analysed last: of an earlier result that was kept, not its own.

    Parameters
    ----------
    outcome
        As for `outcome_reason`, with ``manifest_sha256`` in it and in ``kept``.

    Returns
    -------
    str
        In hexadecimal.
    """
    return (outcome.get("kept") or outcome)["manifest_sha256"]
