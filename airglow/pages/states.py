"""The states of nights as the pages show them: few enough for a calendar that is read at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airglow.model.result import ANALYSED
from airglow.model.states import INFO, NightState


@dataclass(frozen=True)
class Kind:
    """A kind of state. Its colour is in the style sheet, under its key, with the sign as second cue."""

    key: str
    sign: str
    label: str
    meaning: str


def _of_state(key: str, sign: str, state: NightState) -> Kind:
    """A kind that is one state, in the words of the table of states."""
    return Kind(key, sign, state.value, INFO[state].meaning.replace("`", ""))


KINDS = {
    kind.key: kind
    for kind in (
        Kind("good", "", "good", "analysed, and at least half of the winds are good"),
        Kind("flagged", "~", "flagged", "analysed, and most winds are flagged: clouds, a dim line, no laser"),
        Kind("nothing", "–", "no result", "could not be analysed: camera off, no frames"),
        _of_state("nodata", "○", NightState.COLLECTION_ERROR),
        Kind("working", "»", "queued, at work", "complete: queued, or begun and not finished"),
        _of_state("waiting", "…", NightState.WAITING),
        _of_state("held", "‖", NightState.HELD),
        _of_state("refused", "×", NightState.REFUSED),
        _of_state("failed", "!", NightState.FAILED),
    )
}
TROUBLE = ("failed", "refused")  # shown even where a night has results of an earlier upload or analysis

_STATES = {state.value for state in NightState}
_BY_STATE = {kind.label: kind.key for kind in KINDS.values() if kind.label in _STATES}


def kind_of_row(state: str) -> Kind:
    """The kind of a state of `airglow.pipeline.table.Row` other than ``done`` and ``degraded``."""
    return KINDS[_BY_STATE.get(state, "working")]


def kind_of_record(record: Mapping[str, Any]) -> Kind:
    """The kind of a published night, by its record."""
    tags = [tag for tag in record["tags"].values() if tag["state"] == ANALYSED and tag.get("sky")]
    if not tags:
        return KINDS["nothing"]
    good, all_of_them = sum(tag["good"] for tag in tags), sum(tag["sky"] for tag in tags)
    return KINDS["good" if 2 * good >= all_of_them else "flagged"]
