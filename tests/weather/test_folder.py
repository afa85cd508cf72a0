"""A folder of weather files: one that is bad never costs the rest."""

from __future__ import annotations

import builtins
import datetime as dt
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.model.errors import BadInput, MachineError
from airglow.weather import read_cloud_file, read_folder, read_temperature_log


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


def _failing(monkeypatch, module, name: str, path, error: OSError | MemoryError) -> None:
    """Let the machine fail at one path."""
    real = getattr(module, name)

    def fail(where, *args, **kwargs):
        if str(where) == str(path):
            raise error
        return real(where, *args, **kwargs)

    monkeypatch.setattr(module, name, fail)


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENOLCK, errno.ESTALE])
@pytest.mark.parametrize("name", ["Cloud_uao_20250429.txt", "TempL00_uao_20250429.txt"])
def test_a_machine_that_fails_to_read_is_no_verdict_on_the_file(tmp_path, monkeypatch, name, number):
    (tmp_path / name).write_text("anything")
    for module, call in ((builtins, "open"), (os, "stat")):
        with monkeypatch.context() as patch:
            _failing(patch, module, call, tmp_path / name, OSError(number, os.strerror(number)))
            with pytest.raises(MachineError, match=name) as caught:
                read_folder(tmp_path, Site(), NIGHT)
        assert os.strerror(number) in caught.value.reason


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError(errno.EIO, "Input/output error"), "Input/output"), (MemoryError(), "out of memory")],
)
@pytest.mark.parametrize("read", [read_cloud_file, read_temperature_log])
def test_so_is_one_that_fails_under_a_reader(tmp_path, monkeypatch, read, error, words):
    path = tmp_path / "Cloud_uao_20250429.txt"
    path.write_text(line("2025-04-29", "23:59:50", -35))

    def fail(self):
        raise error

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(MachineError, match=words):
        read(path, ZoneInfo("UTC"))


def test_a_folder_that_cannot_be_listed(tmp_path, monkeypatch):
    def fail(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", fail)
    with pytest.raises(MachineError, match="Permission denied"):
        read_folder(tmp_path, Site())


def test_what_is_no_file_never_costs_the_rest(tmp_path):
    (tmp_path / "Cloud_uao_20250429.txt").mkdir()
    (tmp_path / "TempL00_uao_20250429.txt").mkdir()
    os.mkfifo(tmp_path / "TempL01_uao_20250429.txt")
    (tmp_path / "TempL02_uao_20250429.txt").symlink_to("nothing")
    (tmp_path / "TempL03_uao_20250429.txt").symlink_to("TempL03_uao_20250429.txt")
    (tmp_path / "Cloud_uao_20250430.txt").write_text(line("2025-04-30", "00:00:10", -34))
    weather = read_folder(tmp_path, Site(), NIGHT)
    assert weather.files == weather.cloud_files == ("Cloud_uao_20250430.txt",)
    assert dict(weather.rejected) == {
        "TempL01_uao_20250429.txt": "is not a file",
        "TempL02_uao_20250429.txt": "cannot be read: No such file or directory",
        "TempL03_uao_20250429.txt": f"cannot be read: {os.strerror(errno.ELOOP)}",
    }


def test_which_cloud_files_of_the_night_were_there(tmp_path):
    (tmp_path / "TempL00_uao_20250429.txt").write_text("04/29/2025 21:30:00,14.2,22.1\n")
    (tmp_path / "Cloud_uao_20250501.txt").write_text(line("2025-05-01", "00:00:10", -10))
    assert read_folder(tmp_path, Site(), NIGHT).cloud_files == ()
    (tmp_path / "Cloud_uao_20250429.txt").write_text("rubbish")
    assert read_folder(tmp_path, Site(), NIGHT).cloud_files == ("Cloud_uao_20250429.txt",)


def test_the_remarks_of_all_files(tmp_path):
    (tmp_path / "Cloud_uao_20250429.txt").write_text(line("2025-04-29", "23:59:50", -35) + "bad\n")
    (tmp_path / "TempL00_uao_20250429.txt").write_text("04/29/2025 21:30:00,--,22.1\n")
    of_clouds = "1 of 2 lines were left out, such as line 2: not a line of this sensor: 'bad'."
    assert read_folder(tmp_path, Site(), NIGHT).remarks == (
        f"Cloud_uao_20250429.txt: {of_clouds}",
        "TempL00_uao_20250429.txt: 1 of 1 lines have no temperature dome.",
    )
