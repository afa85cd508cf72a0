"""The nights of `tests.benchmarks.silence`: small ones with one fault each, and those that call for no alarm.

256 x 256 pixels of 4 x 4 on the sensor, 60 sky and 20 laser frames in 4.3 hours from dusk: the bound is
0.8 m/s and 2.7 K, and a night costs a few seconds.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from airglow.registry import Registry
from airglow.simulate import (
    SCENARIOS,
    Camera,
    Scenario,
    SimulatedNight,
    night_bound,
    simulate_night,
    write_night,
)
from airglow.simulate.plan import evenly
from airglow.simulate.scenario import UnseenClouds
from tests.benchmarks.nights import DATE, FIRST_SEED, SITE, simulator_digest

CAMERA = Camera(rows=256, columns=256, x_binning=4, y_binning=4)
NIGHT_H = 4.35  # from the first to the last frame
BOUND_FILE = "bound.json"
BOUND_EVERY = 17  # sky frames; no multiple of the cycle of look directions
NOMINAL = SCENARIOS["nominal"]
SETTLING = replace(NOMINAL, gap_settles_nm=44.0, gap_settles_h=1.5)  # 42 nm until the end of the night
UNSEEN = UnseenClouds(0.3 * NIGHT_H, 0.7 * NIGHT_H, scattered=0.8)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    title
        What happened.
    scenario
        How it is simulated.
    instrument, tag
        Of the night.
    no_alarm
        True where nothing is wrong that new causes may flag.
    own_line
        False where the light of a frame is not of one place: truth and bound are those of the line of sight.
    camera
        Of the instrument.
    oh_known
        True where the registry has the wavelength of the hydroxyl line.
    """

    title: str
    scenario: Scenario
    instrument: str = "minime05"
    tag: str = "XR"
    no_alarm: bool = False
    own_line: bool = True
    camera: Camera = CAMERA
    oh_known: bool = True


ROWS = {
    row.title: row
    for row in (
        Row("clean", NOMINAL, no_alarm=True),
        Row("moonlit", SCENARIOS["moonlight"], no_alarm=True),
        Row(
            "windy",
            replace(
                NOMINAL,
                extra_wind_mps=(150.0, -100.0),
                wind_gradient_mps_per_mm=(60.0, -40.0, 30.0, 40.0),
            ),
            no_alarm=True,
        ),
        Row("low signal", SCENARIOS["dim"], no_alarm=True),
        Row("gap drift", SETTLING, no_alarm=True),
        Row("clouds seen", SCENARIOS["clouds"], no_alarm=True, own_line=False),
        Row("green line", NOMINAL, "minime13", "XG"),
        Row("lasers clipped", replace(NOMINAL, converter_bits=14, laser_intensity=42.0)),
        Row("lasers dim", replace(NOMINAL, laser_intensity=0.006)),
        Row("clouds unseen", replace(NOMINAL, unseen_clouds=(UNSEEN,)), own_line=False),
        Row(
            "clouds unseen and dim",
            replace(NOMINAL, unseen_clouds=(replace(UNSEEN, transmission=0.5),)),
            own_line=False,
        ),
        Row("OH line 3-8 % at 0.12", replace(NOMINAL, oh_share=(0.03, 0.08), oh_orders_off=0.12)),
        Row("OH line 1-4 % at 0.3", replace(NOMINAL, oh_share=(0.01, 0.04), oh_orders_off=0.3)),
        Row(
            "OH unknown 3-8 % at 0.12",
            replace(NOMINAL, oh_share=(0.03, 0.08), oh_orders_off=0.12),
            oh_known=False,
        ),
        Row(
            "OH unknown 1-4 % at 0.3",
            replace(NOMINAL, oh_share=(0.01, 0.04), oh_orders_off=0.3),
            oh_known=False,
        ),
        Row("sky R lower by 0.02", replace(NOMINAL, sky_reflectivity_change=-0.02)),
        Row("sky R lower by 0.005", replace(NOMINAL, sky_reflectivity_change=-0.005)),
        Row("laser drifts by 30 m/s", replace(NOMINAL, laser_drift_mps=30.0)),
        Row("laser jumps by 316 m/s", replace(NOMINAL, laser_jump_mps=316.0)),
        Row("gap jumps", SCENARIOS["jumps"]),
        Row(
            "twilight",
            replace(NOMINAL, twilight_ratio=20.0, twilight_line_share=0.015, twilight_line_orders_off=0.3),
        ),
        Row("gap drift 3 lasers", replace(SETTLING, laser_frames=3, laser_at=evenly(3))),
        Row("gap drift 1 laser", replace(SETTLING, laser_frames=1, laser_at=evenly(1))),
        # A camera with a noise of one count and a line of one count: a quarter of a count counts there.
        Row(
            "column pattern of 0.25",
            replace(NOMINAL, intensity=0.004, column_pattern_counts=0.25, sky_frames=30, laser_frames=10),
            camera=Camera(gain_e_per_count=2.5),
        ),
    )
}


@dataclass(frozen=True)
class MadeNight:
    """A simulated night on disk, and the least errors that its frames allow."""

    row: Row
    night: SimulatedNight
    folder: Path
    wind_bound_mps: float
    temperature_bound_k: float


def make(row: Row, seed: int, known: Registry, keep: Path) -> MadeNight:
    """Simulate a night, or find it where an earlier run left it.

    Parameters
    ----------
    row
        Which.
    seed
        0, 1, 2 ...
    known
        The registry.
    keep
        Folder of the nights. One that another simulator or scenario made is made again.

    Returns
    -------
    MadeNight
    """
    instrument, site = known.instrument(row.instrument, DATE), known.site(SITE)
    night = simulate_night(
        instrument, site, DATE, row.scenario, (row.tag,), FIRST_SEED + seed, camera=row.camera
    )
    made_by = hashlib.sha256(f"{simulator_digest()} {row} {instrument}".encode()).hexdigest()
    folder = keep / f"{''.join(c if c.isalnum() else '-' for c in row.title)}_{seed}_{made_by[:12]}"
    if not folder.exists():
        keep.mkdir(parents=True, exist_ok=True)
        # Whole or not at all, also where two runs make the same night at once.
        with tempfile.TemporaryDirectory(dir=keep) as partial:
            write_night(night, Path(partial) / "night")
            bound = json.dumps(night_bound(night, row.tag, BOUND_EVERY))
            (Path(partial) / "night" / BOUND_FILE).write_text(bound)
            with suppress(OSError):
                (Path(partial) / "night").rename(folder)
    return MadeNight(row, night, folder, *json.loads((folder / BOUND_FILE).read_text()))
