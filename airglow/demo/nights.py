"""The nights of the demo: simulated, and uploaded as instruments upload them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from airglow.registry import load_registry
from airglow.registry.configuration import DATA
from airglow.simulate import NightFolder, simulate_night, write_night
from airglow.store import Store
from airglow.uploads import NightId

SEED = 7


@dataclass(frozen=True)
class DemoNight:
    """A night to simulate.

    Parameters
    ----------
    name
        Name of the night.
    sky_frames
        Number of sky frames of each tag.
    laser_frames
        Number of laser frames.
    arrives
        True if all parts of its upload arrive.
    """

    name: str
    sky_frames: int
    laser_frames: int
    arrives: bool = True

    @property
    def night(self) -> NightId:
        """Which night it is."""
        return NightId.parse(self.name)


NIGHTS = (  # the largest first, so that two processes end together
    DemoNight("minime13_uao_20260511", 60, 20),
    DemoNight("minime05_uao_20260511", 60, 20),
    DemoNight("minime05_uao_20260512", 10, 4, arrives=False),
)

QUICK_NIGHTS = tuple(replace(demo, sky_frames=10, laser_frames=4) for demo in NIGHTS)


@contextmanager
def simulated(directory: Path, nights: tuple[DemoNight, ...] = NIGHTS) -> Iterator[Iterator[NightFolder]]:
    """Simulate nights in processes of their own, beginning at once.

    Parameters
    ----------
    directory
        Each night gets a directory in it.
    nights
        What to simulate.

    Yields
    ------
    iterator of NightFolder
        Gives each night when it is ready.
    """
    # A fresh interpreter each: this process may have threads, which a fork does not survive well.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context) as pool:
        # What a terminal's Ctrl-C sends to all of us is for this process alone, which ends the others.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        waiting = [pool.submit(_simulate, night, directory / night.name) for night in nights]
        signal.signal(signal.SIGINT, before)
        try:
            yield (done.result() for done in as_completed(waiting))
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _simulate(demo: DemoNight, directory: Path) -> NightFolder:
    registry = load_registry(DATA / "sites.yaml", DATA / "instruments.yaml")
    night = simulate_night(
        registry.instrument(demo.night.instrument, demo.night.date),
        registry.site(demo.night.site),
        demo.night.date,
        seed=SEED,
        sky_frames=demo.sky_frames,
        laser_frames=demo.laser_frames,
    )
    part_bytes = 5 * 2**20 if demo.arrives else 2**20  # the small night has several parts too
    return write_night(night, directory, pack=True, part_bytes=part_bytes)


def upload(store: Store, folder: NightFolder, arrives: bool) -> tuple[int, int]:
    """Put a night into ``raw/``, as its instrument does.

    Instruments of one site write the same weather file; the first one to come stays.

    Parameters
    ----------
    store
        The bucket.
    folder
        The night.
    arrives
        If not, the last part is still under way.

    Returns
    -------
    objects, size_bytes
        What was sent.
    """
    night = [*folder.upload.parts, folder.upload.receipt]
    weather = [path for path in sorted(folder.raw.iterdir()) if path not in night]
    there = {stored.key for stored in store.list("raw/")}
    sent = night if arrives else [path for path in night if path != folder.upload.parts[-1]]
    sent += [path for path in weather if f"raw/{path.name}" not in there]
    for path in sent:
        store.put_file(f"raw/{path.name}", path)
    return len(sent), sum(path.stat().st_size for path in sent)
