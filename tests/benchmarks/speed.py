"""CPU time by stage and memory of one full night: 180 sky and 60 laser frames of 512 x 512, read from HDF5.

python -m tests.benchmarks.speed [--keep DIR] [--repeat N]

The night is analysed in a process of its own with one thread; what its child takes, which reads the frames,
is counted too. The stages are the functions of `airglow` that `analyse_night`, `reduce_night` and
`read_night` call; each is charged with what its own callees do not take.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.benchmarks.nights import DATE, FIRST_SEED, SITE, make_night, registry
from tests.benchmarks.text import number, table

ROOT = Path(__file__).resolve().parents[2]
USUAL_CODE_S = 271.0  # CPU time of the code in use, for as many frames
INSTRUMENT, TAG = "minime05", "XR"
STAGE_MODULES = ("airglow.night.frames", "airglow.night.reduce", "airglow.night.analyse")
# Which stages belong to one kind of frames; reading is shared by their numbers.
OF_LASERS = ("reduce_lasers", "know_instrument", "laser_table")
OF_SKIES = ("reduce_skies", "fit_lines", "sky_samples")
SMALLEST_SHARE = 0.005
PRELOAD = "AIRGLOW_BENCHMARK_MODULES"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}


def cpu_s() -> float:
    """CPU time (s) of this process, and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


class Stopwatch:
    """CPU time of functions, each without that of the other timed functions that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, name: str, function: Callable) -> Callable:
        """The same function, timed."""

        @functools.wraps(function)
        def wrapper(*positional: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            begin = cpu_s()
            try:
                return function(*positional, **named)
            finally:
                took = cpu_s() - begin
                inner = self._inner.pop()
                self._inner[-1] += took
                self.seconds[name] = self.seconds.get(name, 0.0) + took - inner

        return wrapper

    def watch(self, module: ModuleType) -> None:
        """Time all functions of airglow that a module calls by name."""
        for name, value in vars(module).copy().items():
            if inspect.isfunction(value) and value.__module__.startswith("airglow") and name != "no_progress":
                setattr(module, name, self.timed(name, value))


def measure(folder: Path) -> dict[str, Any]:
    """Analyse the night in this process; seconds by stage and peak memory.

    Modules that an earlier process turned out to need are imported first: many are imported only at their
    first use, which is no part of a stage.
    """
    begin = cpu_s()
    for name in json.loads(os.environ.get(PRELOAD, "[]")):
        importlib.import_module(name)
    from airglow.night import AnalysisSettings, NightRequest
    from airglow.weather import read_folder

    known = registry()
    imported = cpu_s() - begin
    site, settings = known.site(SITE), AnalysisSettings()
    watch = Stopwatch()
    for name in STAGE_MODULES:
        watch.watch(importlib.import_module(name))
    frames_module, analyse_module = (
        importlib.import_module(f"airglow.night.{n}") for n in ("frames", "analyse")
    )
    begin = cpu_s()
    request = NightRequest(known.instrument(INSTRUMENT, DATE), site, DATE, TAG, settings)
    frames = frames_module.read_night(folder / "frames", request)
    weather = read_folder(folder / "clouds", site)
    result = analyse_module.analyse_night(request, frames, weather)
    total = cpu_s() - begin
    return {
        "sky": len(result.sky),
        "laser": len(result.laser),
        "total_s": total,
        "import_s": imported,
        "stages_s": watch.seconds,
        "modules": sorted(name for name in sys.modules if name.startswith(("airglow.", "scipy.", "h5py."))),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def report(runs: list[dict[str, Any]]) -> str:
    """The run of least CPU time as a table."""
    run = min(runs, key=lambda each: each["total_s"])
    stages, total = run["stages_s"], run["total_s"]
    frames = run["sky"] + run["laser"]
    reading = (stages.get("read_night", 0.0) + stages.get("read_frame", 0.0)) / frames
    shown = sorted(
        ((name, seconds) for name, seconds in stages.items() if seconds > SMALLEST_SHARE * total),
        key=lambda each: -each[1],
    )
    rest = total - sum(seconds for _, seconds in shown)
    rows = [
        [name, number(seconds, 3), number(100 * seconds / total, 1)]
        for name, seconds in (*shown, ("all others", rest), ("total", total))
    ]
    per_sky = sum(stages.get(name, 0.0) for name in OF_SKIES) / run["sky"] + reading
    per_laser = sum(stages.get(name, 0.0) for name in OF_LASERS) / run["laser"] + reading
    totals = ", ".join(number(each["total_s"]) for each in runs)
    return "\n".join(
        (
            f"{run['sky']} sky and {run['laser']} laser frames, one thread",
            f"CPU seconds of {len(runs)} runs: {totals}; the fastest:",
            "",
            table(("stage", "CPU s", "%"), rows),
            "",
            f"per sky frame   {number(1e3 * per_sky, 1):>7} ms, reading included ({', '.join(OF_SKIES)})",
            f"per laser frame {number(1e3 * per_laser, 1):>7} ms, reading included ({', '.join(OF_LASERS)})",
            f"peak memory     {run['peak_mb']:7.0f} MB",
            f"imports         {number(run['import_s'], 2):>7} s, not in the total",
            f"usual code      {USUAL_CODE_S:7.0f} s, {USUAL_CODE_S / total:.0f} times as much",
        )
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the simulated night for another run")
    parser.add_argument(
        "--repeat", type=int, default=3, help="runs, of which the fastest is shown (%(default)s)"
    )
    parser.add_argument(
        "--measure", type=Path, metavar="DIR", help=argparse.SUPPRESS
    )  # in the process measured
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return
    with tempfile.TemporaryDirectory(prefix="airglow-speed-") as temporary:
        night = make_night(registry(), given.keep or Path(temporary), "full", INSTRUMENT, FIRST_SEED)
        runs = measure_in_turn(night.folder, given.repeat)
    print(report(runs))


def measure_in_turn(folder: Path, repeat: int, tree: Path = ROOT) -> list[dict[str, Any]]:
    """Analyse a night in some processes, one after the other; a first one only tells what they import.

    This file measures, whatever tree the code is of, so that the same is measured of both.
    """
    command = [sys.executable, __file__, "--measure", str(folder)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(tree)}
    runs = []
    for _ in range(repeat + 1):
        done = subprocess.run(
            command, env=environment, cwd=tree, stdout=subprocess.PIPE, check=True, text=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        environment[PRELOAD] = json.dumps(runs[0]["modules"])
    return runs[1:]


if __name__ == "__main__":
    main()
