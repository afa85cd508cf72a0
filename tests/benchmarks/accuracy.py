"""Winds and temperatures of simulated nights against truth and against the least errors possible.

python -m tests.benchmarks.accuracy [--quick] [--seeds N] [--only nominal,dim] [--keep DIR]
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from airglow.model.errors import NotAnalysable
from tests.benchmarks.compare import Comparison, compare, rms, spread_about_zero
from tests.benchmarks.nights import chosen_nights, night_arguments
from tests.benchmarks.text import number, table

HEADERS = (
    "night",
    "instrument",
    "wind",
    "bound",
    "ratio",
    "stated",
    "z",
    "T",
    "bound",
    "ratio",
    "stated",
    "z",
    "zero off",
    "stated",
    "samples",
    "flag 0/1/2",
)
LEGEND = """\
wind   RMS error of the line-of-sight wind (m/s), the night's mean error removed
bound  least standard error that the pixels allow (Cramér-Rao; gap, centre and shape known)
ratio  of the two
stated RMS of the stated errors (wind: fit and calibration)
z      RMS of error over stated error: 1 when errors are true
T      RMS error of the temperature (K)
zero   RMS over the nights of the mean wind error (m/s), and the error stated for it
Not compared: samples with light from clouds, and those between the two lasers on either side of a jump."""


def row(several: Sequence[Comparison]) -> list[str]:
    """One line of the table: nights of one kind and instrument."""
    first = several[0].night
    wind = rms(np.concatenate([each.wind_deviation_mps for each in several]))
    wind_bound = rms([each.night.wind_bound_mps for each in several])
    temperature = rms(np.concatenate([each.temperature_error_k[each.counted] for each in several]))
    temperature_bound = rms([each.night.temperature_bound_k for each in several])
    counted = sum(int(each.counted.sum()) for each in several)
    taken = sum(sum(frame.tag != "L" for frame in each.night.night.frames) for each in several)
    flags = [sum(int(np.sum(each.result.sky.wind_flag == level)) for each in several) for level in range(3)]
    return [
        first.title,
        first.night.instrument.key,
        number(wind),
        number(wind_bound),
        number(wind / wind_bound),
        number(rms(np.concatenate([each.wind_sigma_mps[each.counted] for each in several]))),
        number(spread_about_zero(np.concatenate([each.wind_scores for each in several]))),
        number(temperature),
        number(temperature_bound),
        number(temperature / temperature_bound),
        number(rms(np.concatenate([each.temperature_sigma_k[each.counted] for each in several]))),
        number(spread_about_zero(np.concatenate([each.temperature_scores for each in several]))),
        number(rms([each.zero_error_mps for each in several])),
        number(rms([each.result.doppler_reference.error_mps for each in several])),
        f"{counted}/{taken}",
        "/".join(map(str, flags)),
    ]


def main() -> None:
    """Measure and print."""
    given = night_arguments(__doc__.splitlines()[0], seeds=3).parse_args()
    rows, failures = [], []
    with chosen_nights(given) as nights:
        kinds = itertools.groupby(nights, lambda made: (made.title, made.night.instrument.key))
        for (title, instrument), made in kinds:
            several = []
            for each in made:
                try:
                    several.append(compare(each))
                except NotAnalysable as reason:
                    failures.append(f"{title}, {instrument}, seed {each.night.seed}: {reason}")
            if several:
                rows.append(row(several))
    print(table(HEADERS, rows))
    print(f"\n{LEGEND}")
    for failure in failures:
        print(f"Not analysed: {failure}")


if __name__ == "__main__":
    main()
