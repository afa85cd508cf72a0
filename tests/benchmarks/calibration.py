"""Whether stated errors are true: errors over stated errors, over many simulated nights.

python -m tests.benchmarks.calibration [--seeds N] [--only nominal,dim] [--keep DIR]
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from airglow.model.errors import NotAnalysable
from tests.benchmarks.compare import Comparison, compare, rms
from tests.benchmarks.nights import chosen_nights, night_arguments
from tests.benchmarks.text import histogram, number, table

SEEDS = 6
EDGES = np.linspace(-4.0, 4.0, 17)
MEDIAN_TO_SIGMA = 1.4826  # of the absolute deviations of normal deviates
HEADERS = (
    "night",
    "nights",
    "samples",
    "wind z",
    "core",
    "> 3",
    "T z",
    "core",
    "> 3",
    "zero z",
    "chi2 sky",
    "laser",
)
LEGEND = """\
z     RMS of (estimate - truth) / stated error; winds, their mean error removed, against fit and calibration
core  the same from the median of the absolute values, which a few odd samples do not move
> 3   samples further than three stated errors, per cent (0.27 if normal)
zero  RMS over nights of the mean wind error over the error stated for the Doppler reference
chi2  median reduced chi-square of sky and laser fits"""


def summary(scores: np.ndarray) -> list[str]:
    """Spread, spread of the core, and share beyond three."""
    return [
        number(rms(scores)),
        number(MEDIAN_TO_SIGMA * float(np.median(np.abs(scores)))),
        number(100.0 * float(np.mean(np.abs(scores) > 3.0))),
    ]


def row(title: str, several: list[Comparison]) -> list[str]:
    """One line of the table."""
    wind = np.concatenate([each.wind_scores for each in several])
    temperature = np.concatenate([each.temperature_scores for each in several])
    lasers = np.concatenate([each.result.laser.reduced_chi_square for each in several])
    lasers = lasers[np.isfinite(lasers)]
    return [
        title,
        f"{len(several)}",
        f"{wind.size}",
        *summary(wind),
        *summary(temperature),
        number(rms([each.zero_error_mps / each.result.doppler_reference.error_mps for each in several])),
        number(float(np.median(np.concatenate([each.result.sky.reduced_chi_square for each in several])))),
        number(float(np.median(lasers)) if lasers.size else np.nan),
    ]


def main() -> None:
    """Measure and print."""
    given = night_arguments(__doc__.splitlines()[0], SEEDS).parse_args()
    rows, everything, failures = [], [], []
    with chosen_nights(given) as nights:
        for title, made in itertools.groupby(nights, lambda made: made.title):
            several = []
            for each in made:
                try:
                    several.append(compare(each))
                except NotAnalysable as reason:
                    failures.append(f"{title}, seed {each.night.seed}: {reason}")
            if several:
                rows.append(row(title, several))
                everything += several
    if not everything:
        raise SystemExit("no night could be analysed")
    print(table(HEADERS, [*rows, row("all", everything)]))
    print(f"\n{LEGEND}")
    expected = np.diff(stats.norm.cdf(np.concatenate([[-np.inf], EDGES[1:-1], [np.inf]])))
    for quantity in ("wind", "temperature"):
        scores = np.concatenate([getattr(each, f"{quantity}_scores") for each in everything])
        print(f"\nErrors of the {quantity} over stated errors ('|': where a bar of true errors ends)")
        print(histogram(scores, EDGES, expected))
    for failure in failures:
        print(f"Not analysed: {failure}")


if __name__ == "__main__":
    main()
