"""A sensor that is gone and whose last answer is repeated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.weather import read_cloud_file, read_folder, summarise

UTC = ZoneInfo("UTC")
DATE = "2025-04-29"


class Site:
    key = "uao"

    def clock(self, date: dt.date) -> ZoneInfo:
        return UTC


def clock_of(second: float) -> str:
    return str(np.datetime64(f"{DATE}T00:00:00") + np.timedelta64(int(second), "s")).replace("T", " ")


def ethernet(k: int, when: str, sky: float, humidity: str) -> str:
    return f"{when} Data-2.4mE 13.67 {sky:.2f} 1010 147 {humidity} 485.00 1 101353.94\n"


def numbered(k: int, when: str, sky: float, humidity: str) -> str:
    return f"{k})  {when}.00 C K {sky:.2f} 13.7 21 0 {humidity} 12.6 000 0 0 {k:05d} 045775.{k:05d} 1 1 1\n"


def new(k: int, when: str, sky: float, humidity: str) -> str:
    return f"{when}.25 M ~D 0 2 1 0 0 0 {sky:.2f} 12.4 11.0 2.1 {humidity} 4.7 0 0 1023 12 99\n"


def old(k: int, when: str, sky: float, humidity: str) -> str:
    header = "Date       Time     FvrSkyTemAmbBlkHeaFlg\n" if k == 0 else ""
    return f"{header}{when} D {sky:.2f} 14.5 {humidity} 0 0 1 2\n"


KINDS = pytest.mark.parametrize("line", [ethernet, numbered, new, old])


def write(folder: Path, lines: list[str], date: str = "20250429") -> Path:
    path = folder / f"Cloud_uao_{date}.txt"
    path.write_text("".join(lines))
    return path


def night(line, humidity_while_stuck=lambda k: "38.30", sky_while_stuck=-20.0) -> list[str]:
    """A line a minute for three hours: for the two hours from 00:30 on the sky does not change."""
    lines = []
    for k in range(180):
        still = 30 <= k < 150
        sky, humidity = (sky_while_stuck, humidity_while_stuck(k)) if still else (-30 + k / 100, "40.00")
        lines.append(line(k, clock_of(60 * k), sky, humidity))
    return lines


def minutes(series) -> list[int]:
    return sorted(((series.time - np.datetime64(DATE)) / np.timedelta64(1, "m")).astype(int).tolist())


@KINDS
def test_what_is_repeated_is_no_data_from_half_an_hour_after_the_last_change(tmp_path, line):
    series = read_cloud_file(write(tmp_path, night(line)), UTC)
    assert minutes(series) == [*range(60), *range(150, 180)]
    assert (series.lines.used, series.lines.stuck, series.lines.rejected) == (90, 90, 0)
    assert series.remarks == (
        "The cloud sensor was stuck: every digit stayed alike from 2025-04-29 00:30 to 2025-04-29 02:29 UTC; "
        "90 lines from 2025-04-29 01:00 on are no data. Check the sensor and its cable.",
    )


@KINDS
def test_a_sensor_of_which_another_digit_changes_is_not_stuck(tmp_path, line):
    series = read_cloud_file(write(tmp_path, night(line, lambda k: f"38.{k // 20:02d}")), UTC)
    assert (len(series), series.lines.stuck, series.remarks) == (180, 0, ())


@pytest.mark.parametrize("line", [ethernet, numbered, new])
def test_a_wet_sensor_is_not_stuck_while_its_other_values_change(tmp_path, line):
    wet = read_cloud_file(write(tmp_path, night(line, lambda k: f"9{k % 9}.00", -998.0)), UTC)
    assert (len(wet), np.sum(wet.sky_minus_ambient_c == 0)) == (180, 120)
    gone = read_cloud_file(write(tmp_path, night(line, sky_while_stuck=-998.0)), UTC)
    assert (len(gone), np.sum(gone.sky_minus_ambient_c == 0)) == (90, 30)


def test_frames_meanwhile_have_no_cloud_data(tmp_path):
    write(tmp_path, night(ethernet))
    clouds = read_folder(tmp_path, Site()).clouds
    frames = np.datetime64(DATE) + np.array([20, 45, 58, 70, 120, 140, 170]) * np.timedelta64(1, "m")
    seen = np.isfinite(summarise(clouds, frames, 60.0).mean)
    assert seen.tolist() == [True, True, True, False, False, False, True]


def test_gaps_and_broken_lines_are_no_change(tmp_path):
    lines = night(ethernet)
    for k in range(35, 145, 10):
        lines[k] = lines[k][: len(lines[k]) // 2] + "\n"  # cut
        lines[k + 1] = lines[k + 1].replace("101353.94", "10135\ufffd.94")  # damaged
        lines[k + 2] = lines[k + 2].replace(" 485.00 1 101353.94", " 485.0")  # cut further behind
        lines[k + 3] = lines[k + 3].replace(".", ",")
        lines[k + 4] = lines[k + 4].rstrip("\n") + " ,\n"
    del lines[70:100]
    series = read_cloud_file(write(tmp_path, lines), UTC)
    assert set(minutes(series)) <= {*range(60), *range(150, 180)}
    assert {*range(30), 30, 34, 44, 59, *range(150, 180)} <= set(minutes(series))


def test_after_a_gap_the_same_answer_is_still_the_old_one(tmp_path):
    lines = [ethernet(0, clock_of(t), -20.0, "38.30") for t in (0, 60, 7200, 7260)]
    assert minutes(read_cloud_file(write(tmp_path, lines), UTC)) == [0, 1]


def test_a_change_of_one_digit_begins_anew(tmp_path):
    lines = [ethernet(0, clock_of(60 * k), -20.0 - 0.01 * (k >= 25), "38.30") for k in range(54)]
    assert len(read_cloud_file(write(tmp_path, lines), UTC)) == 54


def test_a_sensor_that_is_stuck_before_midnight_still_is_after_it(tmp_path):
    evening = [ethernet(0, clock_of(86400 + 60 * k), -20.0, "38.30") for k in range(-50, 0)]
    morning = [ethernet(0, clock_of(86400 + 60 * k), -20.0, "38.30") for k in range(90)]
    moving = [ethernet(0, clock_of(86400 + 60 * k), -21.0 - k / 100, "38.30") for k in range(90, 100)]
    write(tmp_path, evening)
    write(tmp_path, morning + moving, "20250430")
    weather = read_folder(tmp_path, Site())
    assert minutes(weather.clouds) == [*range(1390, 1420), *range(1530, 1540)]
    assert (weather.clouds.lines.used, weather.clouds.lines.stuck) == (40, 110)
    assert len(weather.remarks) == 1
    assert (
        "from 2025-04-29 23:10 to 2025-04-30 01:29 UTC; 110 lines from 2025-04-29 23:40" in weather.remarks[0]
    )


def test_many_stretches_are_not_told_one_by_one(tmp_path):
    lines = [ethernet(0, clock_of(60 * k), -20.0 - k // 40, "38.30") for k in range(9 * 40)]
    series = read_cloud_file(write(tmp_path, lines), UTC)
    assert series.lines.stuck == 9 * 10
    assert len(series.remarks) == 6
    assert series.remarks[-1] == "The cloud sensor was stuck 4 more times, with 40 lines that are no data."


@pytest.mark.parametrize("cut_at", [0, 24])
def test_a_cut_line_does_not_hide_a_change_of_what_it_lacks(tmp_path, cut_at):
    lines = [ethernet(0, clock_of(60 * k), -20.0, "38.30" if k < 25 else "38.40") for k in range(50)]
    lines[cut_at] = lines[cut_at].replace(" 38.30 485.00 1 101353.94", "")
    series = read_cloud_file(write(tmp_path, lines), UTC)
    assert (len(series), series.lines.stuck) == (50, 0)
