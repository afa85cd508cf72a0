"""Temperature loggers of three kinds."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.model.errors import BadInput
from airglow.weather import read_temperature_log

CHICAGO = ZoneInfo("America/Chicago")


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "TempL00_uao_20250429.txt"
    path.write_text(content)
    return path


def test_dome_and_inside_in_site_time(tmp_path):
    text = "04/29/2025 21:30:00,14.2,22.1\n04/29/2025 21:31:00,14.1,22.0\n04/29/2025 21:31:00,14.1,22.0\n"
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    assert series.kind == "dome and inside"
    np.testing.assert_array_equal(
        series.time, np.array(["2025-04-30T02:30", "2025-04-30T02:31"], "datetime64[us]")
    )
    np.testing.assert_array_equal(series.values_c["dome"], [14.2, 14.1])
    np.testing.assert_array_equal(series.values_c["inside"], [22.1, 22.0])
    assert series.lines.repeated == 1


def test_one_value_in_utc(tmp_path):
    series = read_temperature_log(write(tmp_path, "2025/04/29 21:30:00,31.5\n"), CHICAGO)
    np.testing.assert_array_equal(series.time, np.array(["2025-04-29T21:30"], "datetime64[us]"))
    np.testing.assert_array_equal(series.values_c["value"], [31.5])


def test_five_columns_in_utc_hold_the_etalon_box(tmp_path):
    series = read_temperature_log(write(tmp_path, "2025/04/29 21:30:00,1,2,45.43,5\n"), CHICAGO)
    np.testing.assert_array_equal(series.time, np.array(["2025-04-29T21:30"], "datetime64[us]"))
    np.testing.assert_allclose(series.values_c["etalon_box"], [31.0])


def test_broken_lines_are_counted_and_the_others_kept(tmp_path):
    text = (
        "time,dome,inside\n"
        "04/29/2025 21:30:00,14.2,22.1\n"
        "xx/29/2025 21:31:00,14.2,22.1\n"
        "04/29/2025 21:32:00,14.2\n"
        "04/29/2025 21:33:00,850.0,22.1\n"
        "04/29/2025 21:34:00,14.2,2"
    )
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.values_c["dome"], [14.2, np.nan, 14.2])
    np.testing.assert_array_equal(series.values_c["inside"], [22.1, 22.1, np.nan])
    assert (series.lines.rejected, series.lines.ignored, series.lines.partial) == (2, 1, 2)
    assert (
        "2 of 5 lines were left out, such as line 3: 'xx/29/2025 21:31:00' is not a time" in series.remarks[0]
    )


@pytest.mark.parametrize("rubbish", ["--", "", "999", "-127.0", "DISCONNECTED", "nan", "1e3"])
def test_a_dead_probe_costs_itself_only(tmp_path, rubbish):
    text = f"04/29/2025 21:30:00,{rubbish},22.1\n04/29/2025 21:31:00,14.2,{rubbish}\n" + GOOD
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.values_c["dome"], [np.nan, 14.2, 14.0])
    np.testing.assert_array_equal(series.values_c["inside"], [22.1, np.nan, 22.0])
    assert (series.lines.used, series.lines.partial, series.lines.rejected) == (3, 2, 0)
    assert series.remarks == (
        "TempL00_uao_20250429.txt: 1 of 3 lines have no temperature dome.",
        "TempL00_uao_20250429.txt: 1 of 3 lines have no temperature inside.",
    )


GOOD = "04/29/2025 21:32:00,14.0,22.0\n"


@pytest.mark.parametrize("rubbish", ["--", ""])
def test_a_probe_that_is_dead_all_day_does_not_make_the_file_another_kind(tmp_path, rubbish):
    text = "".join(f"04/29/2025 21:{m}:00,14.{m},{rubbish}\n" for m in range(30, 40))
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    assert series.kind == "dome and inside"
    assert series.time[0] == np.datetime64("2025-04-30T02:30")  # the site's time
    assert np.isfinite(series.values_c["dome"]).all()
    assert np.isnan(series.values_c["inside"]).all()


def test_other_columns_of_the_etalon_box_may_hold_anything(tmp_path):
    text = "2025/04/29 21:30:00,--,,45.43,\n2025/04/29 21:31:00,1,2,--,5\n2025/04/29 21:32:00,1,2,45.53,5,\n"
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    np.testing.assert_allclose(series.values_c["etalon_box"], [31.0, 31.1])
    assert series.lines.rejected == 1
    assert "no probe has a value" in series.lines.examples[0]


@pytest.mark.parametrize("commas", ["", ",", ",,"])
@pytest.mark.parametrize(
    ("row", "kind", "begin"),
    [
        ("04/29/2025 21:30:00,14.2,22.1", "dome and inside", "2025-04-30T02:30"),
        ("2025/04/29 21:30:00,31.5", "single", "2025-04-29T21:30"),
        ("2025/04/29 21:30:00,1,2,45.43,5", "etalon box", "2025-04-29T21:30"),
    ],
)
def test_trailing_commas_do_not_make_another_kind(tmp_path, row, kind, begin, commas):
    middle, last = row.replace("21:30", "21:31"), row.replace("21:30", "21:32")
    path = write(tmp_path, f"{row}{commas}\n{middle}\n{last}{commas}\n")
    series = read_temperature_log(path, CHICAGO)
    assert (series.kind, len(series), series.lines.rejected) == (kind, 3, 0)
    assert series.time[0] == np.datetime64(begin)


def test_a_line_with_other_columns_costs_only_itself(tmp_path):
    text = GOOD + "04/29/2025 21:33:00,14.2\n04/29/2025 21:34:00,14,2,22,1\n" + GOOD.replace("21:32", "21:35")
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.values_c["dome"], [14.0, 14.0])
    assert series.lines.rejected == 2


def log(values: list[str], every_min: int = 5) -> str:
    return "".join(
        f"04/29/2025 {k * every_min // 60:02d}:{k * every_min % 60:02d}:00,{v},22.1\n"
        for k, v in enumerate(values)
    )


def test_a_fine_logger_that_repeats_its_last_answer_is_no_data_after_half_an_hour(tmp_path):
    moving = [f"{14 + k / 50:.2f}" for k in range(24)]  # 0.02 C in 5 min, 0.12 C in half an hour
    other = [f"{20 + k % 7 / 100:.2f}" for k in range(24)]
    text = log([*moving, *["14.55"] * 30, *other, *moving])  # stuck from 02:00 to 04:25, local
    series = read_temperature_log(write(tmp_path, text), CHICAGO)
    assert (series.lines.used, series.lines.stuck) == (24 + 6 + 24 + 24, 24)
    assert np.datetime64("2025-04-29T07:25") in series.time
    assert np.datetime64("2025-04-29T07:30") not in series.time
    assert np.datetime64("2025-04-29T09:30") in series.time
    (remark,) = series.remarks
    assert remark.startswith(
        "The logger of TempL00_uao_20250429.txt was stuck: every digit stayed alike from "
    )
    assert "from 2025-04-29 07:00 to 2025-04-29 09:25 UTC; 24 lines from 2025-04-29 07:30 on" in remark


def test_a_logger_may_stand_still_at_the_turn_of_the_day(tmp_path):
    moving = [f"{14 + k / 50:.2f}" for k in range(24)]
    text = log([*moving, *["14.55"] * 24, *moving])  # 01:55
    assert read_temperature_log(write(tmp_path, text), CHICAGO).lines.stuck == 0


def test_a_logger_of_which_another_probe_changes_is_not_stuck(tmp_path):
    moving = [f"{14 + k / 50:.2f}" for k in range(24)]
    text = log([*moving, *["14.55"] * 48]).splitlines(keepends=True)
    text = [line.replace("22.1", f"22.{k // 12}") for k, line in enumerate(text)]
    assert read_temperature_log(write(tmp_path, "".join(text)), CHICAGO).lines.stuck == 0


@pytest.mark.parametrize("step", [1.0, 0.5, 0.0625])
def test_a_coarse_logger_may_stand_still_for_hours(tmp_path, step):
    values = [f"{14 + step * (k // 60):.2f}" for k in range(180)]
    series = read_temperature_log(write(tmp_path, log(values)), CHICAGO)
    assert (series.lines.used, series.lines.stuck) == (180, 0)


def test_whole_degrees_that_flicker_may_stand_still_for_hours(tmp_path):
    values = [
        *[f"{20 + k % 2}" for k in range(60)],
        *["21"] * 100,
        *[f"{20 + k // 3 % 2}" for k in range(60)],
    ]
    assert read_temperature_log(write(tmp_path, log(values)), CHICAGO).lines.stuck == 0


def test_a_fine_logger_of_a_room_may_stand_still_for_hours(tmp_path):
    values = [f"{21 + 0.1 * np.sin(2 * np.pi * k / 288):.2f}" for k in range(288)]
    assert values.count("21.10") > 24
    assert read_temperature_log(write(tmp_path, log(values)), CHICAGO).lines.stuck == 0


def test_a_logger_with_one_value_all_day_is_kept(tmp_path):
    series = read_temperature_log(write(tmp_path, log(["21"] * 200)), CHICAGO)
    assert (series.lines.used, series.lines.stuck) == (200, 0)


@pytest.mark.parametrize("text", ["", "#Output of something else\n1 2 3\n", "04/29/2025 21:30:00,x,y\n"])
def test_a_file_without_a_sample_is_refused(tmp_path, text):
    with pytest.raises(BadInput) as caught:
        read_temperature_log(write(tmp_path, text), CHICAGO)
    assert caught.value.name == "TempL00_uao_20250429.txt"


def test_a_file_of_values_that_cannot_be_says_why_it_is_refused(tmp_path):
    kelvin = "04/29/2025 21:30:00,291.1,294.2\n04/29/2025 21:31:00,291.1,294.2\n"
    with pytest.raises(BadInput) as caught:
        read_temperature_log(write(tmp_path, kelvin), CHICAGO)
    assert caught.value.reason == (
        "no usable line (2 rejected, such as line 1: no probe has a value: '04/29/2025 21:30:00,291.1,294.2')"
    )
