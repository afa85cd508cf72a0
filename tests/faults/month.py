"""A month of four instruments in which nights come late, in pieces, twice and damaged, and runs are killed.

What becomes of each kind of night is in `EXPECTED`, by the words that an operator sees.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from airglow.archive import UnpackLimits, criteria
from airglow.uploads import NightId, scan

from .kills import killed_at
from .table import Tried
from .world import World, frames_of, hour, hours_until_quiet, packed, receipt, registry

INSTRUMENTS = ("minime05_uao", "minime08_ann", "minime90_mrh", "minime91_nzk")
FIRST = dt.date(2026, 4, 1)
KIND = "nights of a simulated month"
# Kind of night: how many in a hundred, and what it is called at the end of the month.
EXPECTED: Mapping[str, tuple[int, str]] = {
    "on time": (40, "done"),
    "late": (10, "done"),
    "in two pieces": (10, "done"),
    "sent twice": (8, "done"),
    "sent again with other contents": (8, "done"),
    "sent again before it was done": (4, "done"),
    "weather later": (6, "done"),
    "damaged": (5, "refused"),
    "damaged, then whole": (4, "done"),
    "never whole": (3, "waiting"),
    "collection error": (2, "collection error"),
}
_LATER_DAYS = 3
_PATIENCE = dt.timedelta(
    hours=30
)  # by which runs are ahead, so that nobody waits for cloud files that never come


@dataclass(frozen=True)
class Planned:
    """A night and its kind."""

    night: NightId
    kind: str


def plan(days: int, seed: int = 1) -> list[Planned]:
    """The nights of so many days; each kind is among them if they are many."""
    luck = random.Random(seed)
    kinds, weights = list(EXPECTED), [weight for weight, _ in EXPECTED.values()]
    nights = []
    for day in range(days):
        for name in INSTRUMENTS:
            night = NightId.parse(f"{name}_{FIRST + dt.timedelta(days=day):%Y%m%d}")
            if registry().is_deployed(night.instrument, night.site, night.date):
                nights.append(Planned(night, luck.choices(kinds, weights)[0]))
    for kind, place in zip(
        kinds, luck.sample(range(len(nights)), min(len(kinds), len(nights))), strict=False
    ):
        nights[place] = Planned(nights[place].night, kind)
    return nights


def _on_the_day(world: World, planned: Planned) -> None:
    night, frames = planned.night, frames_of(planned.night)
    if planned.kind == "late":
        return
    if planned.kind in ("in two pieces", "never whole"):
        world.send(night, frames, is_whole=False)
    elif planned.kind.startswith("damaged"):
        _send_damaged(world, night)
    elif planned.kind == "collection error":
        world.store.put_bytes(night.receipt_key, receipt(night, 0, 0))
    else:
        world.send(night, frames, clouds=planned.kind != "weather later")
    if planned.kind == "sent again before it was done":
        world.send(night, frames_of(night, 4, "again"))


def _later(world: World, planned: Planned) -> None:
    night, kind = planned.night, planned.kind
    if kind in ("late", "in two pieces", "sent twice", "damaged, then whole"):
        world.send(night, frames_of(night))
    elif kind == "sent again with other contents":
        world.send(night, frames_of(night, 4, "again"))
    elif kind == "weather later":
        world.send_clouds(night)


def _send_damaged(world: World, night: NightId) -> None:
    """An archive that is not what it was when it was packed: its receipt says nothing of that."""
    world.begin_upload(night)
    _, data = packed(night, frames_of(night), 2)
    for key, content in data.items():
        damaged = content[:-9] + b"\x00" * 9 if key.endswith("000001") else content
        world.store.put_bytes(key, damaged)
    world.send_clouds(night)


def month(world: World, days: int, kills: int, seed: int = 1) -> Iterator[Tried]:
    """Live through so many days with two runs each, so many of which are killed."""
    luck = random.Random(seed)
    nights = plan(days, seed)
    runs = 2 * (days + _LATER_DAYS)
    killed = Counter(luck.choices(range(runs), k=kills))
    world.clear()
    for day in range(days + _LATER_DAYS):
        date = FIRST + dt.timedelta(days=day)
        for planned in nights:
            if planned.night.date == date:
                _on_the_day(world, planned)
            if planned.night.date == date - dt.timedelta(days=_LATER_DAYS):
                _later(world, planned)
        for run in (2 * day, 2 * day + 1):
            for _ in range(killed[run]):
                killed_at(world, luck.randrange(1, 900), _patient_hour)
                world.check()
            _patient_hour(world)
            world.check()
    ran = hours_until_quiet(world, now=dt.datetime.now(dt.UTC) + _PATIENCE)
    world.check()
    stuck = [] if ran[-1].is_quiet else [f"still at work: {ran[-1].failed}"]
    found = states(world)
    for number, planned in enumerate(nights):
        expected = EXPECTED[planned.kind][1]
        state = found.get(planned.night, "done" if world.store.head(planned.night.cleaned_key) else "nothing")
        of_night = [] if state == expected else [f"{planned.night.name} is {state}, not {expected}"]
        what = f"{planned.night.name}, {planned.kind}"
        seen = world.seen if number == 0 else ()
        yield Tried.of(KIND, what, seen, [*(stuck if number == 0 else ()), *of_night])


def states(world: World) -> dict[NightId, str]:
    """What the operator is told of each night that is not done."""
    now = dt.datetime.now(dt.UTC) + _PATIENCE
    around = world.around()

    limits = criteria(UnpackLimits.from_settings(around.config["archive"]))
    return {
        report.night: report.state.value for report in scan(world.store, registry(), None, now, limits).nights
    }


def _patient_hour(world: World) -> object:
    return hour(world, now=dt.datetime.now(dt.UTC) + _PATIENCE)
