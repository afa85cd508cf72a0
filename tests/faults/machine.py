"""Faults of the machine: a disk that is full or broken, a clock that jumps, several runs at once."""

from __future__ import annotations

import datetime as dt
import errno
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from airglow.model.errors import AirglowError
from airglow.pipeline.whole_night import process_night

from .kills import NIGHT, SCENARIOS, Scenario, forked, state_of, until_like, wait_for
from .s3_proxy import S3Proxy
from .table import Tried
from .world import World, analysis_replaced, frames_of, hour, hours_until_quiet

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink")
DISK = {"full": errno.ENOSPC, "read-only": errno.EROFS, "broken": errno.EIO}
TOLD = 3  # status of a run that says that a night failed
CLOCK_H = (-48, -7, -1, 1, 7, 48)


def _fail_from(root: Path, number: int, code: int, pipe: int) -> None:
    """Let each change of a file below a directory fail, from the n-th one on; 0 lets none fail."""
    seen = 0

    def hook(name: str, given: tuple) -> None:
        nonlocal seen
        is_change = name in _CHANGES
        if name == "open" and isinstance(given[2], int):
            is_change = bool(given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if not is_change or not str(given[0]).startswith(str(root)):
            return
        seen += 1
        os.write(pipe, b".")
        if number and seen >= number:
            raise OSError(code, os.strerror(code), str(given[0]))

    sys.addaudithook(hook)


def disk(world: World, scenario: Scenario, step: int) -> Iterator[Tried]:
    """Let the disk fail at every ``step``-th change of a file, and go on when it is mended."""

    def work(of: World) -> None:
        if scenario.run(of).failed:
            os._exit(TOLD)

    def run(number: int, code: int) -> tuple[int, int]:
        reading, writing = os.pipe()
        child = forked(world, work, lambda: _fail_from(world.root, number, code, writing))
        os.close(writing)
        status = wait_for(child)
        with os.fdopen(reading, "rb") as pipe:
            return len(pipe.read()), status

    world.clear()
    scenario.prepare(world)
    changes, _ = run(0, 0)
    hours_until_quiet(world)
    undisturbed = state_of(world)
    for name, code in DISK.items():
        for number in range(1, changes + 1, step):
            world.clear()
            scenario.prepare(world)
            _, status = run(number, code)
            world.check()
            is_done = world.store.head(NIGHT.cleaned_key) is not None
            is_told = os.waitstatus_to_exitcode(status) == TOLD
            silent = [] if is_done or is_told else ["it is not done, and the run did not say so"]
            stuck = until_like(world, undisturbed)
            what = f"{scenario.name}: disk {name} from change {number} of {changes}"
            tried = Tried.of("disk full, read-only, broken", what, world.seen, stuck)
            yield replace(tried, silent=(*tried.silent, *silent))


def clock(world: World) -> Iterator[Tried]:
    """Let the clock jump between the runs of a night, and in the middle of its work."""
    for scenario in SCENARIOS[:2]:
        world.clear()
        scenario.prepare(world)
        hours_until_quiet(world)
        undisturbed = state_of(world)
        for jump in CLOCK_H:
            world.clear()
            scenario.prepare(world)
            child = forked(world, scenario.run, lambda jump=jump: _jump(jump))
            status = wait_for(child)
            stuck = ["an error came that is none of airglow's"] if status else []
            later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=jump)
            hours_until_quiet(world, 2, now=later)
            stuck += until_like(world, undisturbed)
            yield Tried.of("clock that jumps", f"{scenario.name}: by {jump} hours", world.seen, stuck)


def _jump(hours: float) -> None:
    """From here on this process's clock is wrong."""
    real_time, offset = time.time, 3600.0 * hours
    time.time = lambda: real_time() + offset

    class Wrong(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime.fromtimestamp(real_time() + offset, tz)

    for module in [module for name, module in sys.modules.items() if name.startswith("airglow.")]:
        if getattr(module, "dt", None) is dt:
            module.dt = _Module(dt, Wrong)


class _Module:
    """The module ``datetime`` with another clock."""

    def __init__(self, real: object, wrong: type) -> None:
        self._real, self.datetime = real, wrong

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def _reanalyse(world: World) -> None:
    with analysis_replaced(world.settings):
        process_night(NIGHT, world.around())


def at_once(world: World, proxy: S3Proxy | None, rounds: int, differ: bool = False) -> Iterator[Tried]:
    """Two runs in directories of their own, and a reanalysis in a third, all on one night and one bucket.

    If their settings differ, it is left to chance whose products stay: all else has to belong to them.
    """
    world.clear()
    SCENARIOS[1].prepare(world)
    hours_until_quiet(world)
    undisturbed = state_of(world)
    luck = random.Random(1)
    for number in range(rounds):
        world.clear()
        SCENARIOS[0].prepare(world)
        hours_until_quiet(world)
        if not differ:
            world.send(NIGHT, frames_of(NIGHT, 4, "again"), parts=2)
        works = [_reanalyse] * 3 if differ else [hour, hour, _reanalyse][: 2 + number % 2]
        if proxy is not None and not differ:
            proxy.after_write = world.check
        children, roots = [], []
        for which, work in enumerate(works):
            roots.append(world.root.with_name(f"{world.root.name}-{which}"))
            of_child = replace(world, root=roots[-1], settings=str(which) if differ else "")
            children.append(forked(of_child, partial(_later, work, luck.uniform(0.0, 0.7))))
        for child in children:
            wait_for(child)
        if proxy is not None:
            proxy.after_write = None
        ran = hours_until_quiet(world)
        world.check()
        stuck = [] if ran[-1].is_quiet else [f"still at work: {ran[-1].failed}"]
        if not differ:
            stuck += until_like(world, undisturbed)
        for root in roots:
            shutil.rmtree(root, ignore_errors=True)
        what = f"round {number}, {len(works)} at once"
        kind = "several at once, other settings each" if differ else "two runs and a reanalysis at once"
        yield Tried.of(f"{kind}, directories of their own", what, world.seen, stuck)


def _later(work: Callable[[World], object], wait_s: float, world: World) -> None:
    """One that finds another's work half done may fail, and says so."""
    time.sleep(wait_s)
    try:
        work(world)
    except AirglowError as error:
        print(f"at once: {type(error).__name__}: {error}", file=sys.stderr)
