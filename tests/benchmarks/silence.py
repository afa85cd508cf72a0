"""What passes unflagged and is wrong: simulated nights with one fault each, against their truth.

python -m tests.benchmarks.silence [--seeds N] [--only NAME,...] [--keep DIR] [--processes 1|2]

A sample is silent if it is off by more than four stated errors with flag 0. Nights in which nothing is wrong
are among them: no cause may be raised there that is meant for faults.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from tests.benchmarks.compare import rms
from tests.benchmarks.nights import registry
from tests.benchmarks.silence_measure import (
    COMPONENTS,
    OLD_CAUSES,
    Errors,
    Measured,
    Total,
    measure,
    spread,
    stated_over_true,
)
from tests.benchmarks.silence_nights import ROWS, Row, make
from tests.benchmarks.text import listed, number, table

SEEDS = 2
EVERY_CAUSE = (1 << 32) - 1
NEW_CAUSES = EVERY_CAUSE & ~OLD_CAUSES
# Limits beyond which a row is named below the tables.
MOST_SILENT, MOST_SILENT_SAMPLES, MOST_ALARMS, WIDEST = 0.01, 1, 0.02, 1.5
WIND_OVER_BOUND, TEMPERATURE_OVER_BOUND = 1.05, 1.1
FIT_Z, CYCLE_Z = (0.95, 1.05), (0.9, 1.1)

SAMPLES = (
    "what happened",
    "nights",
    "wind",
    "z",
    "zero off",
    "stated",
    "T off",
    "T rms",
    "z",
    "silent wind",
    "silent T",
    "worst",
    "causes",
    "new",
    "flagged",
)
ERRORS = (
    "what happened",
    "wind/bound",
    "T/bound",
    "stated wind",
    "stated T",
    "z wind 0",
    "z T 0",
    "chi2 laser",
    "sky",
    "cycles z u",
    "v",
    "w",
    "silent",
    "smooth z u",
    "v",
    "silent",
)
LEGEND = """\
wind, z      RMS error of the line-of-sight wind (m/s), the night's mean removed; over the errors of fit and
             calibration
zero off     RMS over the nights of the mean wind error (m/s), and the error stated for the Doppler reference
T off, rms   mean and RMS error of the temperature (K); z over its stated error, mean included
silent       per cent of the samples off by more than four stated errors with flag 0; worst: of wind and of
             temperature in the night that has most
causes       per cent of the samples that carry any cause, one of the new causes, or a flag
/bound       RMS over the least standard error that the pixels allow (Cramer-Rao)
stated       median stated error over the true RMS (wind: fit and calibration, the night's mean removed)
z wind 0     as z, of the samples with flag 0
cycles       RMS of error over stated error of zonal (u), meridional (v) and vertical (w) wind over the site,
             (w: about the mean of the night, without the part of the Doppler reference), and per cent of
             cycles with a component off by more than four stated errors and flag 0; the same of the smooth
             winds"""


def work(task: tuple[str, int, Path | None]) -> tuple[str, Measured]:
    """Make and measure one night; without a folder to keep it in it is gone afterwards."""
    title, seed, keep = task
    known = registry()
    with threadpool_limits(limits=1):
        if keep is not None:
            return title, measure(make(ROWS[title], seed, known, keep))
        with tempfile.TemporaryDirectory(prefix="airglow-silence-") as folder:
            return title, measure(make(ROWS[title], seed, known, Path(folder)))


def measured(
    titles: Sequence[str], seeds: int, keep: Path | None, processes: int
) -> dict[str, list[Measured]]:
    """All nights of these rows."""
    tasks = [(title, seed, keep) for title in titles for seed in range(seeds)]
    found: dict[str, list[Measured]] = {title: [] for title in titles}

    def answers() -> Iterator[tuple[str, Measured]]:
        if processes == 1:
            yield from map(work, tasks)
            return
        with ProcessPoolExecutor(processes) as pool:
            yield from pool.map(work, tasks)

    with tqdm(answers(), total=len(tasks), unit="night", leave=False, disable=None) as bar:
        for title, night in bar:
            found[title].append(night)
    return found


def percent(share: float) -> str:
    """A share in per cent."""
    return number(100 * share, 1)


def sample_line(title: str, total: Total) -> list[str]:
    """A row of the table of samples."""
    about_mean, temperature = total.pooled("wind_about_mean"), total.pooled("temperature")
    return [
        title,
        f"{len(total.nights)}",
        number(rms(about_mean.error[about_mean.given])),
        number(spread(about_mean)),
        number(rms([night.reference_off_mps for night in total.nights])),
        number(rms([night.reference_error_mps for night in total.nights])),
        number(float(np.nanmean(temperature.error))),
        number(rms(temperature.error[temperature.given])),
        number(spread(temperature)),
        percent(total.silent_share("wind")),
        percent(total.silent_share("temperature")),
        f"{total.most_silent('wind')}+{total.most_silent('temperature')}",
        percent(total.share_with(EVERY_CAUSE)),
        percent(total.share_with(NEW_CAUSES)),
        percent(total.flagged),
    ]


def over_bound(total: Total) -> tuple[float, float]:
    """RMS errors of wind (mean removed) and temperature over the bound."""
    wind, temperature = total.pooled("wind_about_mean"), total.pooled("temperature")
    bounds = np.array([night.bound for night in total.nights])
    return (
        rms(wind.error[wind.given]) / rms(bounds[:, 0]),
        rms(temperature.error[temperature.given]) / rms(bounds[:, 1]),
    )


def error_line(row: Row, total: Total) -> list[str]:
    """A row of the table of stated errors and of winds over the site."""
    bounds = over_bound(total) if row.own_line else (np.nan, np.nan)
    chi_square = np.nanmedian([night.chi_square for night in total.nights], axis=0)
    return [
        row.title,
        *(number(each) for each in bounds),
        number(stated_over_true(total.pooled("wind_about_mean"))),
        number(stated_over_true(total.pooled("temperature"))),
        number(spread(total.pooled("wind_about_mean"), unflagged=True)),
        number(spread(total.pooled("temperature"), unflagged=True)),
        *(number(each) for each in chi_square),
        *(number(spread(total.component("cycles", k))) for k in range(len(COMPONENTS))),
        percent(total.silent_winds("cycles")),
        *(number(spread(total.component("smooth", k))) for k in range(2)),
        percent(total.silent_winds("smooth")),
    ]


def keeps(limits: tuple[float, float], errors: Errors) -> bool:
    """Whether the RMS of the scores is within limits, give or take twice what chance makes of it."""
    chance = 2.0 / np.sqrt(2.0 * max(errors.scores.size, 1))
    return limits[0] - chance <= spread(errors) <= limits[1] + chance


def beyond(row: Row, total: Total) -> list[str]:
    """Which limits a row does not keep, in words."""
    found = []
    for name in ("wind", "temperature"):
        share, most = total.silent_share(name), total.most_silent(name)
        if share > MOST_SILENT or most > MOST_SILENT_SAMPLES:
            found.append(f"silent {name} {percent(share)} %, {most} in a night")
    if total.silent_winds("cycles") > 0:
        found.append(f"silent cycles {percent(total.silent_winds('cycles'))} %")
    if total.silent_winds("smooth") > 0:
        found.append(f"silent smooth winds {percent(total.silent_winds('smooth'))} %")
    if row.no_alarm and total.share_with(NEW_CAUSES) > MOST_ALARMS:
        found.append(f"false alarms {percent(total.share_with(NEW_CAUSES))} %")
    if not row.no_alarm:
        for name in ("wind_about_mean", "temperature"):
            if (wide := stated_over_true(total.pooled(name))) > WIDEST:
                found.append(f"errors of {name.split('_')[0]} {number(wide)} times the true")
    if row.title == "clean":
        wind, temperature = over_bound(total)
        if wind > WIND_OVER_BOUND or temperature > TEMPERATURE_OVER_BOUND:
            found.append(f"wind {number(wind)} and temperature {number(temperature)} of the bound")
        if not keeps(FIT_Z, fit := total.pooled("wind_about_mean")):
            found.append(f"z of fit and calibration {number(spread(fit))}")
    if row.title in ("clean", "clouds seen"):
        for k, name in enumerate(COMPONENTS):
            if not keeps(CYCLE_Z, cycles := total.component("cycles", k)):
                found.append(f"z of {name} winds of cycles {number(spread(cycles))}")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="nights of each row (%(default)s)")
    parser.add_argument("--only", metavar="NAME,...", help=f"rows that begin so, of: {listed(ROWS)}")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the simulated nights for another run")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=2, help="at once (%(default)s)")
    given = parser.parse_args()
    starts = [start.strip() for start in given.only.split(",")] if given.only else [""]
    titles = [title for title in ROWS if any(title.startswith(start) for start in starts)]
    if not titles:
        raise SystemExit(f"no such row: {given.only}; there are {', '.join(ROWS)}")
    found = measured(titles, given.seeds, given.keep, given.processes)
    totals = {
        title: Total(analysed)
        for title, nights in found.items()
        if (analysed := [night for night in nights if not night.failure])
    }
    print(table(SAMPLES, [sample_line(title, total) for title, total in totals.items()]))
    print()
    print(table(ERRORS, [error_line(ROWS[title], total) for title, total in totals.items()]))
    print(f"\n{LEGEND}\n\nCauses, per cent of the samples:")
    for title, total in totals.items():
        print(f"  {title}: {total.names_of_causes() or 'none'}")
    print("\nBeyond the limits:")
    for title, total in totals.items():
        print(f"  {title}: {'; '.join(beyond(ROWS[title], total)) or 'none'}")
    for title, nights in found.items():
        for night in nights:
            if night.failure:
                print(f"Not analysed: {title}, seed {night.seed}: {night.failure}")


if __name__ == "__main__":
    sys.exit(main())
