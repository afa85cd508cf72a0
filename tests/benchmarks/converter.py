"""What the camera's converter does to real nights: the evidence of `airglow.spectra.converter`.

python -m tests.benchmarks.converter [--data DIR]

For each night of ring profiles, by three frames in a row in one direction:

- harmonics: each profile is fitted with a free complex amplitude for each order k of its fringes, over the
  first. Their spread over its error is 1 where noise is all; a real part in excess is a change of width, an
  imaginary part in excess one of symmetry;
- temperatures with and without the waves taken out, spread over stated errors;
- the waves: log of the odds for them, and the one of four counts;
- plate scale that sky frames ask for, less that of the laser frames.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import constants
from threadpoolctl import threadpool_limits

import airglow.night.lines
from airglow.etalon import central_phase, fringes, relative_illumination
from airglow.night import AnalysisSettings, NightRequest, read_profiles
from airglow.night.analyse import _sky_line
from airglow.night.frames import no_progress
from airglow.night.instrument import know_instrument
from airglow.night.lines import NightLines, fit_lines
from airglow.night.profiles import Profiles
from airglow.registry import Registry
from airglow.rings import used_part
from airglow.spectra import SkyLine
from tests.benchmarks.nights import registry
from tests.benchmarks.real import DATA, PROFILES, Series, date_of, in_a_row
from tests.benchmarks.text import number, table

ORDERS = 3
FOUR_COUNTS = 3  # place of the wave of this period among those that are sought
HEADERS = (
    "night",
    "k2 re",
    "k2 im",
    "k3 re",
    "k3 im",
    "T without",
    "T with",
    "log odds",
    "wave/4",
    "angle",
    "alpha 1e-4",
)


def harmonics(sky: Profiles, lines: NightLines, line: SkyLine) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes of the orders over the first (n, ORDERS), complex, and their standard errors."""
    phases = central_phase(lines.gap_m, line.wavelength_m)
    typical = float(np.median([fit.temperature_k for fit in lines.fits]))
    amplitude = np.zeros((len(lines.fits), ORDERS), complex)
    error = np.zeros(amplitude.shape)
    for row, (k, fit) in enumerate(zip(lines.index, lines.fits, strict=True)):
        profile, phase = used_part(sky.rings[k], sky.grid), phases[row]
        made = fringes(profile.radius_squared_px2, profile.width_px2, phase, lines.parameters, 2 * ORDERS)
        order_phase = made.order * made.phase[made.annulus]
        terms = made.terms * np.exp(
            order_phase * (-1j * fit.velocity_mps / constants.c)
            - order_phase**2 * (line.thermal_rate() * typical)
        )
        light = relative_illumination(lines.parameters, profile.radius_squared_px2)
        columns = [light, np.ones(len(profile))]
        for order in range(1, ORDERS + 1):
            here = made.order == order
            wave = np.zeros(len(profile), complex)
            wave[made.annulus[here]] = terms[here]
            columns += [light * wave.real, light * wave.imag]
        matrix = np.column_stack(columns) / profile.sigma[:, None]
        covariance = np.linalg.inv(matrix.T @ matrix)
        solution = covariance @ (matrix.T @ (profile.counts / profile.sigma))
        found = solution[2::2] + 1j * solution[3::2]
        amplitude[row] = found / abs(found[0])
        error[row] = np.sqrt(np.diag(covariance)[2::2]) / abs(found[0])
    return amplitude, error


def night_row(path: Path, known_network: Registry) -> list[str]:
    """One line of the table."""
    instrument, site, tag = PROFILES
    date = date_of(path)
    request = NightRequest(
        known_network.instrument(instrument, date), known_network.site(site), date, tag, AnalysisSettings()
    )
    reduced, line = read_profiles(path, request), _sky_line(request)
    known = know_instrument(request, reduced.lasers, reduced.sky, line)
    lines = fit_lines(reduced.sky, known, line, no_progress)
    find = airglow.night.lines.find_converter_waves
    airglow.night.lines.find_converter_waves = lambda *_: None
    try:
        without = fit_lines(reduced.sky, known, line, no_progress)
    finally:
        airglow.night.lines.find_converter_waves = find

    with np.load(path, allow_pickle=False) as file:
        starts = file["sky_time_utc"].astype("datetime64[us]")
        direction = file["sky_direction"]
    frames = [reduced.sky.frames[k].start for k in lines.index]
    direction = direction[[int(np.argmin(np.abs(starts - start))) for start in frames]]

    def spread(value: np.ndarray, sigma: np.ndarray) -> str:
        hours = reduced.sky.mid_time_s[list(lines.index)] / 3600.0
        return number(float(np.sqrt(np.mean(in_a_row(Series(hours, direction, value, sigma))))))

    def temperatures(of: NightLines) -> str:
        columns = (
            [getattr(fit, name) for fit in of.fits] for name in ("temperature_k", "temperature_error_k")
        )
        return spread(*map(np.array, columns))

    amplitude, error = harmonics(reduced.sky, without, line)
    parts = [
        spread(part[:, order], error[:, order])
        for order in range(1, ORDERS)
        for part in (amplitude.real, amplitude.imag)
    ]
    waves = ["none", "-", "-"]
    if lines.waves is not None:
        found = lines.waves.found.amplitude
        cosine, sine = found[FOUR_COUNTS], found[found.size // 2 + FOUR_COUNTS]
        size, angle = np.hypot(cosine, sine), np.degrees(np.arctan2(sine, cosine))
        waves = [number(lines.waves.found.log_odds, 0), number(float(size)), number(float(angle), 0)]
    alpha = lines.parameters.plate_scale_rad_per_pixel
    return [
        path.stem.rsplit("_", 1)[1],
        *parts,
        temperatures(without),
        temperatures(lines),
        *waves,
        number(1e4 * (alpha / known.parameters.plate_scale_rad_per_pixel - 1.0), 1),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="(%(default)s)")
    paths = sorted(parser.parse_args().data.glob("*.npz"))
    if not paths:
        print("No real nights: nothing to measure.")
        return
    network = registry()
    with threadpool_limits(limits=1):
        print(table(HEADERS, [night_row(path, network) for path in paths]))


if __name__ == "__main__":
    main()
