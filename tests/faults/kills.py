"""``kill -9`` at every request, query and change of a file: the run is a process of its own, and really dies.

A scenario is prepared, a run is killed in the middle, everything is checked, and runs go on until there is
nothing to do. Then bucket and database must be as if nothing had happened.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pymysql

from airglow.pipeline.whole_night import process_night
from airglow.store import open_store
from airglow.store.settings import StoreSettings
from airglow.uploads import NightId

from .checker import differences, end_rows, end_state
from .table import Tried
from .world import World, analysis_replaced, frames_of, hour, hours_until_quiet

NIGHT = NightId.parse("minime05_uao_20260429")
LONGEST_S = 300.0
_FILE_EVENTS = ("os.rename", "os.remove", "os.mkdir", "shutil.rmtree")


@dataclass(frozen=True)
class Scenario:
    """What is there before the run that is killed, and that run."""

    name: str
    prepare: Callable[[World], None]
    run: Callable[[World], object]


def _first_upload(world: World) -> None:
    world.send(NIGHT, frames_of(NIGHT), parts=3)


def _other_upload(world: World) -> None:
    """A night that is done is sent again with other contents, and a frame more."""
    _first_upload(world)
    hours_until_quiet(world)
    world.send(NIGHT, frames_of(NIGHT, 4, "again"), parts=2)


def _done(world: World) -> None:
    _first_upload(world)
    hours_until_quiet(world)


def _reanalyse(world: World) -> None:
    with analysis_replaced():
        process_night(NIGHT, world.around())


SCENARIOS = (
    Scenario("first upload", _first_upload, hour),
    Scenario("other upload of a night that is done", _other_upload, hour),
    Scenario("reanalysis", _done, _reanalyse),
)


def killed_at(world: World, number: int, run: Callable[[World], object]) -> int:
    """Run in a process that kills itself at the n-th event; says how many events there were.

    Events are requests to the bucket, before they are sent and after they are answered; queries to the
    database, likewise; and changes of files.
    """
    reading, writing = os.pipe()
    child = forked(world, run, lambda: _count_down(number, writing))
    os.close(writing)
    status = wait_for(child)
    with os.fdopen(reading, "rb") as pipe:
        events = len(pipe.read())
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"the run that was to be killed at {number} failed by itself")
    return events


def forked(world: World, run: Callable[[World], object], before: Callable[[], None] = lambda: None) -> int:
    """Run in a process of its own; its number. It ends with 1 if an error came that is none of airglow's."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            before()
            run(replace(world, through=own_store(world), _connection=None))
            code = 0
        except BaseException as error:  # whatever it is, it must not go on as the parent
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return child


def wait_for(child: int) -> int:
    """How a process ended (`os.waitpid`); one that does not is killed."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def own_store(world: World) -> Any:
    """A client of the child's own: the parent's connections are the parent's."""
    given = world.through or world.store
    store = open_store(StoreSettings(given.bucket, given.endpoint_url, "local", "local-secret"))
    if _Event.pipe >= 0:
        store.client.meta.events.register("before-call.s3", _Event.happens)
        store.client.meta.events.register("after-call.s3", _Event.happens)
    return store


class _Event:
    left = 0
    pipe = -1

    @classmethod
    def happens(cls, **_: object) -> None:
        os.write(cls.pipe, b".")
        cls.left -= 1
        if cls.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _count_down(number: int, pipe: int) -> None:
    _Event.left, _Event.pipe = number, pipe
    query = pymysql.connections.Connection.query

    def counted(*given: Any, **more: Any) -> Any:
        _Event.happens()
        answer = query(*given, **more)
        _Event.happens()
        return answer

    pymysql.connections.Connection.query = counted

    def file_event(name: str, _: object) -> None:
        if name in _FILE_EVENTS:
            _Event.happens()

    sys.addaudithook(file_event)


def kill_everywhere(world: World, scenario: Scenario, step: int = 1, first: int = 1) -> Iterator[Tried]:
    """Kill the run of a scenario at every ``step``-th event; at each, see that nothing is lost and all heals.

    In every other case the disk is gone too.
    """
    world.clear()
    scenario.prepare(world)
    events = killed_at(world, -1, scenario.run)
    hours_until_quiet(world)
    undisturbed = state_of(world)
    if world.check():
        raise RuntimeError(f"{scenario.name}: does not hold undisturbed: {world.seen}")
    for number in range(first, events + 1, step):
        world.clear()
        scenario.prepare(world)
        killed_at(world, number, scenario.run)
        world.check()
        if number // step % 2:
            shutil.rmtree(world.root, ignore_errors=True)
        stuck = until_like(world, undisturbed)
        what = f"{scenario.name}, killed at event {number} of {events}"
        yield Tried.of("kill -9 of a run, at every request, query and file", what, world.seen, stuck)


def state_of(world: World) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Where bucket and database ended."""
    return end_state(world.bucket), end_rows(world.connection)


def until_like(world: World, undisturbed: tuple[Any, Any], most: int = 4) -> list[str]:
    """Let runs go on until there is nothing to do; what is still not as it would be without a fault."""
    ran = hours_until_quiet(world, most)
    world.check()
    stuck = [] if ran[-1].is_quiet else [f"still at work after {len(ran)} runs: {ran[-1].failed}"]
    for one, other in zip(undisturbed, state_of(world), strict=True):
        stuck += [f"ended with another {name}" for name in differences(one, other)]
    return stuck
