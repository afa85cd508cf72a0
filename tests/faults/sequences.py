"""What sites, operators and machines do, in any order: Hypothesis chooses, and shortens what goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from airglow.uploads import NightId

from .table import Tried
from .world import World, frames_of, hour, hours_until_quiet

NIGHTS = tuple(NightId.parse(f"{name}_20260429") for name in ("minime05_uao", "minime13_uao", "minime90_mrh"))
STEPS = 40  # of a sequence
KIND = "events in any order (steps)"
_nights, _variants = st.sampled_from(NIGHTS), st.sampled_from(("", "again", "a third time"))


class Killed(BaseException):
    """As sudden as a signal: nothing in the code catches it."""


def machine_of(new_world: Callable[[], World]) -> type[RuleBasedStateMachine]:
    """The machine, in worlds that are made by a function."""

    class Events(RuleBasedStateMachine):
        steps = 0

        def __init__(self) -> None:
            super().__init__()
            self.world = new_world()
            self.whole: dict[NightId, bool] = {}

        @rule(night=_nights, variant=_variants, parts=st.integers(1, 3), clouds=st.booleans())
        def upload(self, night: NightId, variant: str, parts: int, clouds: bool) -> None:
            self.world.send(night, frames_of(night, 2, variant), parts, clouds)
            self.whole[night] = True

        @rule(night=_nights, variant=_variants)
        def upload_without_a_part(self, night: NightId, variant: str) -> None:
            self.world.send(night, frames_of(night, 2, variant), 2, is_whole=False)
            self.whole[night] = False

        @rule(night=_nights, until=st.sampled_from(("12:00:00", "21:00:00", "23:59:59")))
        def weather(self, night: NightId, until: str) -> None:
            self.world.send_clouds(night, until)

        @rule(night=_nights, which=st.integers(0, 3))
        def somebody_deletes_a_raw_object(self, night: NightId, which: int) -> None:
            there = self.world.store.list(night.raw_prefix)
            if there:
                self.world.begin_upload(night)
                self.world.store.delete(there[which % len(there)].key)
                self.whole[night] = False

        @rule()
        def the_disk_is_lost(self) -> None:
            shutil.rmtree(self.world.root, ignore_errors=True)

        @rule()
        def run(self) -> None:
            assert not hour(self.world).failed

        @rule(at=st.integers(1, 90))
        def run_that_is_killed(self, at: int) -> None:
            _killed(self.world, at)

        @invariant()
        def all_holds(self) -> None:
            type(self).steps += 1
            found = self.world.check()
            assert not found, found

        def teardown(self) -> None:
            """In the end every night comes whole, and is done."""
            for night, is_whole in self.whole.items():
                if not is_whole:
                    self.world.send(night, frames_of(night, 2, "at last"), 2)
            ran = hours_until_quiet(self.world, 6)
            assert ran[-1].is_quiet, ran[-1]
            assert not self.world.check(), self.world.seen
            left = [found.key for found in self.world.store.list("raw/") if ".tar.gz" in found.key]
            assert not left, left
            for night in self.whole:
                assert self.world.store.head(night.cleaned_key), f"{night.name} is not done"

    return Events


def _killed(world: World, at: int) -> None:
    """A run whose process ends at a request, with all its threads."""
    left = [at]
    events = world.store.client.meta.events

    def count(**_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise Killed

    events.register("before-call.s3", count)
    try:
        hour(world)
    except Killed:
        pass
    finally:
        events.unregister("before-call.s3", count)


def sequences(new_world: Callable[[], World], examples: int, steps: int = STEPS) -> Iterator[Tried]:
    """Try so many sequences, the same ones each time."""
    machine = machine_of(new_world)
    wanted = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    stuck: tuple[str, ...] = ()
    try:
        run_state_machine_as_test(machine, settings=wanted)
    except AssertionError as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        stuck = (f"{error} {notes}",)
    for number in range(machine.steps):
        yield Tried(KIND, f"step {number}", stuck=stuck if number == 0 else ())
