"""A folder of weather files: one that is bad never costs the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.errors import BadInput
from airglow.weather import read_folder


@dataclass(frozen=True)
class Site:
    key: str = "uao"

    def clock(self, date: dt.date) -> ZoneInfo:
        return ZoneInfo("America/Chicago")


def line(date: str, time: str, sky: float) -> str:
    return f"{date} {time} SKYE1 20.0 {sky + 20:.1f} 45 3.2\n"


NIGHT = (dt.date(2025, 4, 29), dt.date(2025, 4, 30))


def test_both_dates_of_a_night_are_joined(tmp_path):
    (tmp_path / "Cloud_uao_20250429.txt").write_text(line("2025-04-29", "23:59:50", -35))
    (tmp_path / "cloud_UAO_20250430.TXT").write_text(line("2025-04-30", "00:00:10", -34))
    (tmp_path / "Cloud_uao_20250501.txt").write_text(line("2025-05-01", "00:00:10", -10))
    (tmp_path / "Cloud_par_20250429.txt").write_text(line("2025-04-29", "23:59:55", -10))
    (tmp_path / "TempL00_uao_20250429.txt").write_text("04/29/2025 21:30:00,14.2,22.1\n")
    weather = read_folder(tmp_path, Site(), NIGHT)
    np.testing.assert_array_equal(weather.clouds.sky_minus_ambient_c, [-35, -34])
    assert weather.files == ("Cloud_uao_20250429.txt", "TempL00_uao_20250429.txt", "cloud_UAO_20250430.TXT")
    assert [series.kind for series in weather.temperatures] == ["dome and inside"]
    assert weather.rejected == ()


def test_a_bad_file_never_costs_the_rest(tmp_path):
    (tmp_path / "Cloud_uao_20250429.txt").write_bytes(bytes(range(256)))
    (tmp_path / "Cloud_uao_20250430.txt").write_text(line("2025-04-30", "00:00:10", -34))
    (tmp_path / "TempL00_uao_20250429.txt").write_bytes(b"\0\0\0")
    (tmp_path / "Cloud_uao_20251399.txt").write_text("x")
    weather = read_folder(tmp_path, Site(), NIGHT)
    assert len(weather.clouds) == 1
    assert [name for name, _ in weather.rejected] == [
        "Cloud_uao_20250429.txt",
        "Cloud_uao_20251399.txt",
        "TempL00_uao_20250429.txt",
    ]
    assert all(reason for _, reason in weather.rejected)


def test_no_files_is_not_an_error_but_no_folder_is(tmp_path):
    weather = read_folder(tmp_path, Site())
    assert (weather.clouds, weather.files) == (None, ())
    with pytest.raises(BadInput, match="not a directory"):
        read_folder(tmp_path / "absent", Site())
