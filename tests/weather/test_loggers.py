"""Temperature loggers of three kinds."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.errors import BadInput
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
    assert len(series) == 1
    assert (series.lines.rejected, series.lines.ignored) == (4, 1)


@pytest.mark.parametrize("text", ["", "#Output of something else\n1 2 3\n", "04/29/2025 21:30:00,x,y\n"])
def test_a_file_without_a_sample_is_refused(tmp_path, text):
    with pytest.raises(BadInput) as caught:
        read_temperature_log(write(tmp_path, text), CHICAGO)
    assert caught.value.name == "TempL00_uao_20250429.txt"
