"""Real frames and real nights of ring profiles, against the answers in the files and against themselves.

python -m tests.benchmarks.real [--data DIR]

The answers in the files (``ref_...``) come from one run of another code in April 2021, whose blur does not
fit its own laser fringes: its temperatures are 47 to 78 K too low, as `airglow/METHOD.md` shows. The truth of
a real night is not known, but samples of one look direction tell how much the answers scatter. Two kinds of
triplets are formed; either way a root mean square of 1 says that errors are true:

- in a row: three frames taken one after the other in one direction, each frame in one triplet only. They
  span some ten minutes, in which nature hardly changes: the variance of the three about their mean over the
  mean of their squared errors; "rms" is the root of its mean, "core" that of its median over the median of
  normal deviates.
- returning: three consecutive samples of a direction with other directions between, overlapping, within
  `LONGEST_RETURN_H`. The middle one less the straight line in time between the outer two, over the error of
  that difference: steady changes cancel, waves of an hour or two do not.

Winds are held against fit and calibration errors together.
"""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from airglow.model.result import NightResult
from airglow.night import AnalysisSettings, NightRequest, analyse_night, read_night
from airglow.night.analyse import analyse_profiles
from airglow.night.profile_input import read_profiles
from airglow.registry import Registry
from tests.benchmarks.compare import rms
from tests.benchmarks.nights import registry
from tests.benchmarks.text import number, table

DATA = Path(__file__).parents[3] / "shared" / "reference" / "real"
FRAMES = ("minime05", "uao", dt.date(2013, 10, 1), "X")  # instrument, site, local date, tag
PROFILES = ("minime90", "mrh", "X")
LONGEST_RETURN_H = 2.5
MEDIAN_TO_SIGMA = 1.4826
MEDIAN_VARIANCE_OF_THREE = float(
    np.log(2.0)
)  # of three normal deviates about their mean: half a chi-square of two
TRIPLET_HEADERS = (
    "night",
    "whose",
    "what",
    "median error",
    "in a row",
    "rms",
    "core",
    "returning",
    "rms",
    "core",
)
ABOUT_REF = """\
ref is one run of another code in April 2021, whose blur does not fit its own laser fringes: its temperatures
are 47 to 78 K too low (airglow/METHOD.md), and T - ref shows that error. Its winds serve for comparison."""
DIFFERENCE_HEADERS = (
    "night",
    "samples",
    "laser chi2",
    "ref",
    "sky chi2",
    "ref",
    "wind - ref",
    "core",
    "T - ref",
    "core",
    "zero +-",
    "flag 0/1/2",
)


@dataclass(frozen=True)
class Series:
    """Values of one kind over a night, with what triplets are formed by."""

    hours: np.ndarray
    direction: np.ndarray
    value: np.ndarray
    sigma: np.ndarray


def in_a_row(series: Series) -> np.ndarray:
    """Variance of every three frames in a row of one direction, over their mean squared error."""
    ratios, begin = [], 0
    while begin + 3 <= series.value.size:
        three = slice(begin, begin + 3)
        value, sigma = series.value[three], series.sigma[three]
        one_direction = np.all(series.direction[three] == series.direction[begin])
        if one_direction and np.all(np.isfinite(value)) and np.all(sigma > 0):
            ratios.append(np.var(value, ddof=1) / np.mean(sigma**2))
            begin += 3
        else:
            begin += 1
    return np.array(ratios)


def returning(series: Series) -> np.ndarray:
    """Middle samples less the line between those before and after of their direction, over the error."""
    scores = []
    for name in np.unique(series.direction):
        index = np.flatnonzero((series.direction == name) & np.isfinite(series.value) & (series.sigma > 0))
        for three in np.lib.stride_tricks.sliding_window_view(index, 3) if index.size > 2 else ():
            t, v, e = series.hours[three], series.value[three], series.sigma[three]
            if np.ptp(three) == 2 or np.ptp(t) > LONGEST_RETURN_H:
                continue
            part = (t[1] - t[0]) / (t[2] - t[0])
            weight = np.array([part - 1.0, 1.0, -part])
            scores.append((weight @ v) / np.sqrt(weight**2 @ e**2))
    return np.array(scores)


def triplet_row(night: str, whose: str, quantity: str, series: Series) -> list[str]:
    """One line of the table of triplets."""
    row, back = in_a_row(series), returning(series)
    return [
        night,
        whose,
        quantity,
        number(median(series.sigma), 1),
        f"{row.size}",
        number(float(np.sqrt(np.mean(row))) if row.size else np.nan),
        number(float(np.sqrt(np.median(row) / MEDIAN_VARIANCE_OF_THREE)) if row.size else np.nan),
        f"{back.size}",
        number(rms(back) if back.size else np.nan),
        number(MEDIAN_TO_SIGMA * median(np.abs(back))),
    ]


def date_of(path: Path) -> dt.date:
    """Date of a night of ring profiles, as its file is called (UTC, of the evening or later)."""
    return dt.datetime.strptime(path.stem.rsplit("_", 1)[1], "%Y%m%d").date()


def analyse_real_profiles(path: Path, known: Registry) -> NightResult:
    """Analyse a night of ring profiles."""
    instrument, site, tag = PROFILES
    date = date_of(path)
    request = NightRequest(
        known.instrument(instrument, date), known.site(site), date, tag, AnalysisSettings()
    )
    with threadpool_limits(limits=1):
        return analyse_profiles(request, read_profiles(path, request), None)


def report_profiles(paths: list[Path], known: Registry) -> str:
    """Tables of triplets and of differences to the answers in the files."""
    triplet_rows, difference_rows = [], []
    for path in paths:
        result = analyse_real_profiles(path, known)
        sky = result.sky
        with np.load(path, allow_pickle=False) as file:
            given = {name: file[name] for name in file.files if not name.endswith("_profile")}
        starts = given["sky_time_utc"].astype("datetime64[us]")
        place = np.array([int(np.argmin(np.abs(starts - start))) for start in sky.start_time])
        hours = (sky.mid_time - sky.mid_time[0]) / np.timedelta64(1, "s") / 3600.0
        direction = given["sky_direction"][place]
        night = path.stem.rsplit("_", 1)[1]
        answers = {
            ("this", "wind"): (
                sky.line_of_sight_wind_mps,
                np.hypot(sky.wind_fit_error_mps, sky.wind_calibration_error_mps),
            ),
            ("ref", "wind"): (
                given["ref_los_wind"][place],
                np.hypot(given["ref_sigma_fit"], given["ref_sigma_cal"])[place],
            ),
            ("this", "T"): (sky.temperature_k, sky.temperature_error_k),
            ("ref", "T"): (given["ref_temperature"][place], given["ref_sigma_temperature"][place]),
        }
        for (whose, quantity), (value, sigma) in answers.items():
            triplet_rows.append(triplet_row(night, whose, quantity, Series(hours, direction, value, sigma)))
        differences = [
            answers["this", quantity][0] - answers["ref", quantity][0] for quantity in ("wind", "T")
        ]
        difference_rows.append(
            [
                night,
                f"{len(sky)}/{starts.size}",
                number(median(result.laser.reduced_chi_square)),
                number(median(given["ref_laser_chisqr"])),
                number(median(sky.reduced_chi_square)),
                number(median(given["ref_sky_chisqr"])),
                *(number(x, 1) for each in differences for x in (median(each), core(each))),
                number(result.doppler_reference.error_mps, 1),
                "/".join(str(int(np.sum(sky.wind_flag == level))) for level in range(3)),
            ]
        )
    return (
        "Chi-squares are medians of reduced chi-squares; differences (m/s, K) medians, core their spread.\n\n"
        f"{table(DIFFERENCE_HEADERS, difference_rows)}\n{ABOUT_REF}\n\n"
        "Spread of triplets of one look direction over their stated errors (see this file).\n\n"
        f"{table(TRIPLET_HEADERS, triplet_rows)}"
    )


def report_frames(data: Path, known: Registry) -> str:
    """Table of the four real frames."""
    instrument, site_key, date, tag = FRAMES
    site, settings = known.site(site_key), AnalysisSettings()
    request = NightRequest(known.instrument(instrument, date), site, date, tag, settings)
    with threadpool_limits(limits=1):
        result = analyse_night(request, read_night(data, request), None)
    sky, laser = result.sky, result.laser
    rows = [
        [name, number(laser.reduced_chi_square[k]), number(1e9 * laser.gap_error_m[k], 3), "-", "-", "-", "-"]
        for k, name in enumerate(laser.name)
    ]
    rows += [
        [
            name,
            number(sky.reduced_chi_square[k]),
            "-",
            number(sky.line_of_sight_wind_mps[k], 1),
            number(sky.wind_error_mps[k], 1),
            number(sky.temperature_k[k], 1),
            number(sky.temperature_error_k[k], 1),
        ]
        for k, name in enumerate(sky.name)
    ]
    return table(("frame", "chi2", "gap +- nm", "wind m/s", "+-", "T K", "+-"), rows)


def median(values: np.ndarray) -> float:
    """Median of what is finite."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else np.nan


def core(values: np.ndarray) -> float:
    """Spread of the middle of values, as the standard deviation of normal deviates."""
    return MEDIAN_TO_SIGMA * median(np.abs(values - median(values)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="(%(default)s)")
    data = parser.parse_args().data
    if not data.is_dir():
        print(f"No real data in {data}: nothing to measure.")
        return
    known = registry()
    print(report_frames(data, known))
    paths = sorted(data.glob("*.npz"))
    if paths:
        print(f"\n{report_profiles(paths, known)}")


if __name__ == "__main__":
    main()
