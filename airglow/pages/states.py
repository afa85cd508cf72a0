"""The states of nights as the pages show them: few enough for a calendar that is read at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airglow.model.result import ANALYSED


@dataclass(frozen=True)
class Kind:
    """A kind of state. Its colour is in the style sheet, under its key, with the sign as second cue."""

    key: str
    sign: str
    label: str
    meaning: str


KINDS = {
    kind.key: kind
    for kind in (
        Kind("good", "", "good", "analysed, and at least half of the winds are good"),
        Kind("flagged", "~", "flagged", "analysed, and most winds are flagged: clouds, a dim line, no laser"),
        Kind("nothing", "–", "no result", "could not be analysed: camera off, no frames"),
        Kind("nodata", "○", "collection error", "the instrument says that it has no data"),
        Kind("working", "»", "queued, at work", "complete: queued, or begun and not finished"),
        Kind("waiting", "…", "waiting", "something of the upload is still to come"),
        Kind("held", "‖", "held", "left alone by the configuration"),
        Kind("refused", "×", "refused", "wrong in a way that waiting does not mend"),
        Kind("failed", "!", "failed", "a step failed; it is tried again every hour"),
    )
}
TROUBLE = ("failed", "refused")  # shown even where a night has results of an earlier upload or analysis

_BY_STATE = {
    "waiting": "waiting",
    "held": "held",
    "collection error": "nodata",
    "refused": "refused",
    "failed": "failed",
}


def kind_of_row(state: str) -> Kind:
    """The kind of a state of `airglow.pipeline.status.Row` other than ``done``."""
    return KINDS[_BY_STATE.get(state, "working")]


def kind_of_record(record: Mapping[str, Any]) -> Kind:
    """The kind of a published night, by its record."""
    tags = [tag for tag in record["tags"].values() if tag["state"] == ANALYSED and tag.get("sky")]
    if not tags:
        return KINDS["nothing"]
    good, all_of_them = sum(tag["good"] for tag in tags), sum(tag["sky"] for tag in tags)
    return KINDS["good" if 2 * good >= all_of_them else "flagged"]
