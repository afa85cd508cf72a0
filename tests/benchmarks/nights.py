"""The simulated nights that are measured, and a folder that keeps them."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

import airglow.simulate
from airglow.registry import Registry, load_registry
from airglow.simulate import SCENARIOS, Scenario, SimulatedNight, night_bound, simulate_night, write_night
from airglow.simulate.plan import evenly
from tests.benchmarks.text import listed

CONFIG = Path(__file__).parents[2] / "airglow/data"
SITE = "uao"
DATE = dt.date(2026, 5, 11)
INSTRUMENTS = ("minime05", "minime13")
FIRST_SEED = 100
QUICK = ("nominal", "drifting", "dim", "green", "jumps", "3 lasers", "no-laser")


def _variants() -> dict[str, Scenario]:
    nominal = SCENARIOS["nominal"]
    names = ("nominal", "full", "drifting", "drifting-centre", "dim", "green", "jumps")
    found = {name: SCENARIOS[name] for name in names}
    for lasers in range(5, 0, -1):
        title = f"{lasers} laser" + "s" * (lasers > 1)
        found[title] = replace(nominal, laser_at=evenly(lasers), laser_frames=lasers)
    found["lasers to 45 %"] = SCENARIOS["few-lasers"]
    found["lasers from 60 %"] = replace(
        nominal, laser_frames=8, laser_at=tuple(0.6 + 0.4 * x for x in evenly(8))
    )
    found |= {name: SCENARIOS[name] for name in ("no-laser", "clouds", "moonlight", "corrupt-frame")}
    return found


VARIANTS = _variants()  # by title


@dataclass(frozen=True)
class BenchmarkNight:
    """A simulated night on disk, what made it, and the least errors that its frames allow."""

    title: str
    night: SimulatedNight
    tag: str
    folder: Path
    wind_bound_mps: float
    temperature_bound_k: float

    @property
    def frames(self) -> Path:
        """Folder of the frames."""
        return self.folder / "frames"

    @property
    def clouds(self) -> Path:
        """Folder of the cloud sensor's files."""
        return self.folder / "clouds"


def registry() -> Registry:
    """The network's."""
    return load_registry(CONFIG / "sites.yaml", CONFIG / "instruments.yaml")


def make_night(known: Registry, keep: Path, title: str, instrument: str, seed: int) -> BenchmarkNight:
    """Simulate a night, or find it where an earlier run left it."""
    scenario = VARIANTS[title]
    tag = "XG" if scenario.tags == ("XG",) else "XR"
    night = simulate_night(known.instrument(instrument, DATE), known.site(SITE), DATE, scenario, (tag,), seed)
    folder = keep / f"{title.replace(' ', '-').replace('%', 'percent')}_{instrument}_{seed}"
    bound_file, made_by = folder / "bound.json", simulator_digest()
    known_bound = json.loads(bound_file.read_text()) if bound_file.exists() else {}
    if known_bound.get("made_by") != made_by:
        write_night(night, folder)
        known_bound = {"made_by": made_by, "bound": night_bound(night, tag)}
        bound_file.write_text(json.dumps(known_bound))
    return BenchmarkNight(title, night, tag, folder, *known_bound["bound"])


def make_nights(
    titles: list[str], instruments: list[str], seeds: int, keep: Path
) -> Iterator[BenchmarkNight]:
    """All nights of these titles, one after the other, with a progress bar."""
    known = registry()
    wanted = [
        (title, instrument, FIRST_SEED + seed)
        for title in titles
        for instrument in instruments
        for seed in range(seeds)
        if VARIANTS[title].tags != ("XG",)
        or known.instrument(instrument, DATE).optics.green_line_wavelength_m
    ]
    with tqdm(wanted, leave=False, unit="night", disable=None) as bar:
        for title, instrument, seed in bar:
            bar.set_description(f"{title}, {instrument}")
            yield make_night(known, keep, title, instrument, seed)


def simulator_digest() -> str:
    """Of the simulator's code: nights of another simulator are made again."""
    digest = hashlib.sha256()
    for path in sorted(Path(airglow.simulate.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def night_arguments(description: str, seeds: int) -> argparse.ArgumentParser:
    """The options that choose nights."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=seeds, help="nights of each kind (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="one night each of a few kinds of minime05")
    parser.add_argument("--only", help=f"kinds, separated by commas, of: {listed(VARIANTS)}")
    parser.add_argument("--instruments", default=",".join(INSTRUMENTS), help="(%(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the simulated nights for another run")
    return parser


@contextmanager
def chosen_nights(given: argparse.Namespace) -> Iterator[Iterator[BenchmarkNight]]:
    """The nights that the command line asks for."""
    titles = given.only.split(",") if given.only else list(QUICK if given.quick else VARIANTS)
    unknown = sorted(set(titles) - set(VARIANTS))
    if unknown:
        raise SystemExit(f"no such night: {', '.join(unknown)}; there are {', '.join(VARIANTS)}")
    instruments = given.instruments.split(",")
    if given.quick:  # the green line is minime13's alone
        instruments = instruments[:1] if "green" not in titles or given.only else instruments
    with tempfile.TemporaryDirectory(prefix="airglow-nights-") as temporary:
        keep = given.keep or Path(temporary)
        yield make_nights(titles, instruments, 1 if given.quick else given.seeds, keep)
