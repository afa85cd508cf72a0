"""Errors of zonal, meridional and vertical winds over what is stated, on made-up nights without frames.

python -m tests.benchmarks.winds_over_site [--nights 100] [--only "KIND;..."]

Lines of sight are those of `tests.winds.made_winds`, with the Doppler reference found as the analysis does.
What the vertical winds of a night's cycles have in common is that of the Doppler reference: their scores are
about the mean of the night, over the rest of the error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from airglow.winds.horizontal import horizontal_winds
from tests.benchmarks.compare import rms
from tests.benchmarks.text import listed, number, table
from tests.winds.made_winds import LATITUDE_DEG, LONGITUDE_DEG, Made, make_winds, waves

COMPONENTS = ("zonal", "meridional", "vertical")
HEADERS = (
    "winds",
    "nights",
    "cycles z u",
    "v",
    "w",
    "smooth z u",
    "v",
    "w",
    "silent",
    "reference z",
    "stated",
)
SILENT_SIGMAS = 4.0
Component = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Drawn:
    """A component drawn from a Matern process (nu = 3/2), which has changes of every length."""

    hours: np.ndarray
    value_mps: np.ndarray

    def __call__(self, hours: np.ndarray) -> np.ndarray:
        return np.interp(hours, self.hours, self.value_mps)


def drawn(random: np.random.Generator, mean_mps: float, rms_mps: float, time_h: float) -> Drawn:
    """Draw one."""
    hours = np.linspace(-1.0, 7.0, 801)
    lag = np.sqrt(3.0) * np.abs(hours[:, None] - hours) / time_h
    root = np.linalg.cholesky((1.0 + lag) * np.exp(-lag) + 1e-8 * np.eye(hours.size))
    return Drawn(hours, mean_mps + rms_mps * root @ random.normal(size=hours.size))


def tides_and(vertical_mps: float) -> Callable[[np.random.Generator], tuple[Component, ...]]:
    """Horizontal winds of 45 m/s in waves of 4 to 16 hours, vertical ones in waves of 0.4 to 3 hours."""
    return lambda random: (
        waves(random, 40.0, 45.0, 4.0, 16.0),
        waves(random, -30.0, 45.0, 4.0, 16.0),
        waves(random, 0.0, vertical_mps, 0.4, 3.0, 8),
    )


def processes(vertical_mps: float) -> Callable[[np.random.Generator], tuple[Component, ...]]:
    """Horizontal winds that change over 3 hours, vertical ones over 40 minutes; both have slow parts."""
    return lambda random: (
        drawn(random, 40.0, 45.0, 3.0),
        drawn(random, -30.0, 45.0, 3.0),
        drawn(random, 0.0, vertical_mps, 2 / 3),
    )


def windy(random: np.random.Generator) -> tuple[Component, ...]:
    """Tides about a mean wind of 230 m/s."""
    return (
        waves(random, 190.0, 45.0, 4.0, 16.0),
        waves(random, -130.0, 45.0, 4.0, 16.0),
        waves(random, 0.0, 3.0, 0.4, 3.0, 8),
    )


def gravity_waves(random: np.random.Generator) -> tuple[Component, ...]:
    """Tides, and waves of 30 to 70 minutes: 12 m/s sideways and 8 m/s upward."""
    tides = tides_and(0.0)(random)
    sideways = [waves(random, 0.0, 12.0, 0.5, 1.2, 3) for _ in range(2)]
    return (
        lambda hours: tides[0](hours) + sideways[0](hours),
        lambda hours: tides[1](hours) + sideways[1](hours),
        waves(random, 0.0, 8.0, 0.5, 1.2, 3),
    )


KINDS = {
    "waves, w 3 m/s": (tides_and(3.0), {}),
    "waves, w 8 m/s": (tides_and(8.0), {}),
    "waves, w 15 m/s": (tides_and(15.0), {}),
    "waves, dim": (tides_and(3.0), {"noise_mps": 8.0}),
    "waves, gradients": (tides_and(8.0), {"gradient_per_s": 4e-5}),
    "processes, w 3 m/s": (processes(3.0), {}),
    "processes, w 8 m/s": (processes(8.0), {}),
    "processes, w 15 m/s": (processes(15.0), {}),
    "sun, w 3 m/s": (tides_and(3.0), {"follows_sun": True}),
    "sun, w 8 m/s": (tides_and(8.0), {"follows_sun": True}),
    "sun, dim": (tides_and(3.0), {"follows_sun": True, "noise_mps": 8.0}),
    "sun, windy": (windy, {"follows_sun": True, "gradient_per_s": 4.5e-5}),
    "gravity waves": (gravity_waves, {}),
}


def scores_of(winds: object, made: Made) -> np.ndarray:
    """Errors over stated errors, (n, 3)."""
    scores = []
    for k, name in enumerate(COMPONENTS):
        time = getattr(winds, f"{name}_time", getattr(winds, "time", None))
        off = getattr(winds, f"{name}_wind_mps") - made.truth(time)[:, k]
        error = getattr(winds, f"{name}_wind_error_mps")
        if k == 2 and hasattr(winds, "vertical_wind_reference_error_mps"):
            error = np.sqrt(error**2 - winds.vertical_wind_reference_error_mps**2)
            off = (off - off.mean()) * np.sqrt(off.size / (off.size - 1))
        scores.append(off / error)
    return np.stack(scores, axis=1)


def line(kind: str, nights: int) -> list[str]:
    """A row of the table."""
    wind_of, options = KINDS[kind]
    cycles, smooth, zero, stated = [], [], [], []
    for seed in range(nights):
        wind = wind_of(np.random.default_rng(50_000 + seed))
        made = make_winds(seed, wind=wind, **{"noise_mps": 1.0, **options})
        found = horizontal_winds(made.sky, made.laser_time, LATITUDE_DEG, LONGITUDE_DEG, 600.0)
        cycles.append(scores_of(found[0], made))
        smooth.append(scores_of(found[1], made))
        stated.append(made.sky.wind_reference_error_mps[0])
        zero.append(np.mean(made.sky.doppler_reference_mps) / stated[-1])
    silent = np.mean(np.any(np.abs(np.concatenate(smooth)) > SILENT_SIGMAS, axis=1))
    return [
        kind,
        f"{nights}",
        *(number(rms(np.concatenate(cycles)[:, k])) for k in range(3)),
        *(number(rms(np.concatenate(smooth)[:, k])) for k in range(3)),
        f"{100 * silent:.1f} %",
        number(rms(zero)),
        number(float(np.median(stated))),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=100, help="of each kind (%(default)s)")
    parser.add_argument("--only", metavar="KIND;...", help=f"kinds that begin so, of: {listed(KINDS, '; ')}")
    given = parser.parse_args()
    starts = [start.strip() for start in given.only.split(";")] if given.only else [""]
    kinds = [kind for kind in KINDS if any(kind.startswith(start) for start in starts)]
    print(table(HEADERS, [line(kind, given.nights) for kind in kinds]))


if __name__ == "__main__":
    main()
