"""Whether a part of the fringes does better than all of them.

python -m tests.benchmarks.fringe_fraction [--seeds N] [--only nominal,dim] [--real DIR] [--keep DIR]

Older code of the network fits a sky frame of three instruments twice, the second time only where the order of
interference is within half a fraction of a fringe of a peak: the troughs between fringes take no part. Here
nights are analysed four ways:

- all: with every annulus;
- peaks: sky frames without the troughs, as that code does;
- one peak: only the fringe in the middle of the annuli, as it does at a3o;
- inner: sky and laser frames with the inner part of the annuli only, by area.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.model.errors import NotAnalysable
from airglow.model.result import NightResult
from airglow.night import NightRequest, read_night
from airglow.night.analyse import analyse_profiles
from airglow.night.profile_input import read_profiles
from airglow.night.profiles import Profiles
from airglow.night.reduce import ReducedNight, reduce_night
from airglow.simulate import night_bound, simulate_night, write_night
from tests.benchmarks.compare import rms
from tests.benchmarks.nights import DATE, FIRST_SEED, VARIANTS, BenchmarkNight, night_arguments, registry
from tests.benchmarks.real import DATA, PROFILES, core, date_of, median
from tests.benchmarks.text import number, table

LIGHT_MPS = 299_792_458.0
FRACTIONS = {"minime90": ("mrh", 0.82), "minime91": ("nzk", 0.9), "minime92": ("a3o", 0.6)}
"""By instrument: its site, and the fraction of older configurations."""

REAL_HEADERS = ("night", "frames", "way")
REAL_HEADERS += ("v - all", "core", "+- all", "+- way", "T - all", "core", "+- all", "+- way", "sky chi2")
SIMULATED_HEADERS = ("night", "nights", "way", "wind", "z", "T", "mean", "rms of means", "stated", "z")
LEGEND = """\
real      median and core (spread without outliers) of the differences to all annuli (velocity of the line
          before the Doppler reference, m/s; temperature, K), and medians of the stated errors of either
simulated RMS errors (m/s, K), the night's mean wind error removed; the nights' mean temperature errors: their
          mean and their RMS; the median of the stated errors; z is the RMS of error over stated error"""


def without_troughs(reduced: ReducedNight, known: NightResult, fraction: float, one: bool) -> ReducedNight:
    """Sky profiles without annuli far from a peak, or from the one peak in the middle."""
    sky, at = known.sky, {name: k for k, name in enumerate(known.sky.name)}
    scale = known.instrument_parameters.plate_scale_rad_per_pixel
    rings = []
    for timed, each in zip(reduced.sky.frames, reduced.sky.rings, strict=True):
        k = at[timed.frame.name]
        velocity = sky.line_of_sight_wind_mps[k] + sky.doppler_reference_mps[k]
        wavelength = known.wavelength_m * (1.0 + velocity / LIGHT_MPS)
        order = 2.0 * sky.gap_m[k] / wavelength * np.cos(scale * np.sqrt(each.radius_squared_px2))
        peak = np.round(order[order.size // 2]) if one else np.round(order)
        near = np.abs(order - peak) < fraction / 2.0
        rings.append(replace(each, counts=np.where(near, each.counts, np.nan)))
    return replace(reduced, sky=replace(reduced.sky, rings=tuple(rings)))


def inner_part(reduced: ReducedNight, fraction: float) -> ReducedNight:
    """Profiles of the inner annuli, which are of equal area."""

    def cut(profiles: Profiles) -> Profiles:
        grid = profiles.grid
        stop = grid.first + round(fraction * (grid.stop - grid.first))
        return replace(profiles, grid=replace(grid, stop=stop))

    return replace(reduced, sky=cut(reduced.sky), lasers=cut(reduced.lasers))


def each_way(request: NightRequest, reduced: ReducedNight, fraction: float) -> dict[str, NightResult]:
    """A night by way of its analysis; a way that fails is left out."""
    with threadpool_limits(limits=1):
        known = analyse_profiles(request, reduced, None)
        found = {"all": known}
        ways: dict[str, Callable[[], ReducedNight]] = {
            "peaks": lambda: without_troughs(reduced, known, fraction, one=False),
            "one peak": lambda: without_troughs(reduced, known, fraction, one=True),
            "inner": lambda: inner_part(reduced, fraction),
        }
        for way, profiles in ways.items():
            try:
                found[way] = analyse_profiles(request, profiles(), None)
            except (NotAnalysable, ValueError, np.linalg.LinAlgError) as error:
                print(f"{request.instrument.key}, {way}: {error}")
    return found


def simulated_rows(several: Sequence[BenchmarkNight]) -> list[list[str]]:
    """A row by way, of nights of one kind and instrument: errors against truth."""
    by_way: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for made in several:
        night = made.night
        request = NightRequest(night.instrument, night.site, night.date, made.tag)
        with threadpool_limits(limits=1):
            reduced = reduce_night(request, read_night(made.frames, request))
        truth = {frame.name: frame for frame in night.frames}
        for way, result in each_way(request, reduced, FRACTIONS[night.instrument.key][1]).items():
            sky = result.sky
            wind = sky.line_of_sight_wind_mps - np.array([truth[name].los_wind_mps for name in sky.name])
            temperature = sky.temperature_k - np.array([truth[name].temperature_k for name in sky.name])
            by_way.setdefault(way, []).append(
                (
                    wind - wind.mean(),
                    np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps),
                    temperature,
                    sky.temperature_error_k,
                )
            )
    rows = []
    for way, nights in by_way.items():
        wind, wind_sigma, temperature, sigma_k = (
            np.concatenate(parts) for parts in zip(*nights, strict=True)
        )
        biases = [float(each[2].mean()) for each in nights]
        rows.append(
            [
                f"{several[0].title} {several[0].night.instrument.key}",
                f"{len(nights)}/{len(several)}",
                way,
                number(rms(wind)),
                number(rms(wind / wind_sigma)),
                number(rms(temperature), 1),
                number(float(np.mean(biases)), 1),
                number(rms(biases), 1),
                number(float(np.median(sigma_k)), 1),
                number(rms(temperature / sigma_k)),
            ]
        )
    return rows


def real_rows(path: Path) -> list[list[str]]:
    """A row by way: how far it is from all annuli, with the stated errors of both."""
    known, (key, site, tag) = registry(), PROFILES
    date = date_of(path)
    request = NightRequest(known.instrument(key, date), known.site(site), date, tag)
    found = each_way(request, read_profiles(path, request), FRACTIONS[key][1])
    everything, rows = found["all"].sky, []
    for way, result in found.items():
        sky, place = result.sky, {name: k for k, name in enumerate(result.sky.name)}
        both = [(place[name], k) for k, name in enumerate(everything.name) if name in place]
        here, there = (np.array(index, int) for index in zip(*both, strict=True))
        # Of the line, not of the wind: whether a night has a drift of its own may hang on a hair.
        velocities = (each.line_of_sight_wind_mps + each.doppler_reference_mps for each in (sky, everything))
        quantities = (
            (*velocities, "wind_fit_error_mps"),
            (sky.temperature_k, everything.temperature_k, "temperature_error_k"),
        )
        row = [path.stem, f"{len(here)}", way]
        for value, of_all, error in quantities:
            apart = value[here] - of_all[there]
            sigmas = (getattr(everything, error)[there], getattr(sky, error)[here])
            row += [number(x, 1) for x in (median(apart), core(apart), *map(median, sigmas))]
        rows.append([*row, number(median(sky.reduced_chi_square))])
    return rows


def make(keep: Path, title: str, instrument: str, seed: int) -> BenchmarkNight:
    """Simulate a night of one of the instruments at its site."""
    known = registry()
    night = simulate_night(
        known.instrument(instrument, DATE),
        known.site(FRACTIONS[instrument][0]),
        DATE,
        VARIANTS[title],
        ("XR",),
        seed,
    )
    folder = keep / f"{title}_{instrument}_{seed}"
    write_night(night, folder)
    return BenchmarkNight(title, night, "XR", folder, *night_bound(night, "XR"))


def main() -> None:
    """Measure and print."""
    parser = night_arguments(__doc__.splitlines()[0], seeds=2)
    parser.add_argument("--real", type=Path, default=DATA, metavar="DIR", help="(%(default)s)")
    parser.set_defaults(instruments=",".join(FRACTIONS), only="nominal")
    given = parser.parse_args()
    rows = [row for path in sorted(given.real.glob("*.npz")) for row in real_rows(path)]
    if rows:
        print(table(REAL_HEADERS, rows), flush=True)
    with tempfile.TemporaryDirectory(prefix="airglow-nights-") as keep:
        for title in given.only.split(","):
            for instrument in given.instruments.split(","):
                seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
                several = [make(given.keep or Path(keep), title, instrument, seed) for seed in seeds]
                if several:
                    print(table(SIMULATED_HEADERS, simulated_rows(several)), flush=True)
    print(LEGEND)


if __name__ == "__main__":
    main()
