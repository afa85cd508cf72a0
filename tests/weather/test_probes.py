"""From the files of temperature loggers to a series per probe, over a night on which a clock is put back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.weather import probes_of, read_folder

# Clocks in Chicago showed UTC - 5 h until 07:00 UTC of this date, and UTC - 6 h from then on.
PUT_BACK = dt.datetime(2025, 11, 2, 7)
NIGHT = (dt.date(2025, 11, 1), dt.date(2025, 11, 2))
BEGIN, END = np.datetime64("2025-11-01T18", "us"), np.datetime64("2025-11-02T18", "us")


class Site:
    key = "uao"

    def clock(self, date: dt.date) -> ZoneInfo:
        return ZoneInfo("America/Chicago")


def clock_of(utc: dt.datetime) -> dt.datetime:
    return utc - dt.timedelta(hours=5 if utc < PUT_BACK else 6)


def hours_of(utc: dt.datetime) -> float:
    return (utc - PUT_BACK).total_seconds() / 3600


def dome_line(utc: dt.datetime) -> str:
    return f"{clock_of(utc):%m/%d/%Y %H:%M:%S},{14 - hours_of(utc):.4f},{21 + hours_of(utc) / 8:.4f}\n"


def value_line(utc: dt.datetime) -> str:
    return f"{utc:%Y/%m/%d %H:%M:%S},{18 + hours_of(utc) / 4:.4f}\n"


def box_line(utc: dt.datetime) -> str:
    return f"{utc:%Y/%m/%d %H:%M:%S},3.25,41.5,{24 + hours_of(utc) / 16 + 14.43:.4f},0.00\n"


def write(folder: Path, logger: str, line, date_of=lambda utc: utc.date()) -> None:
    """A logger's files of both dates: a line every five minutes from before the night until after it."""
    for date in NIGHT:
        path = folder / f"{logger}_uao_{date:%Y%m%d}.txt"
        path.write_text("".join(line(utc) for utc in times() if date_of(utc) == date))


def times() -> list[dt.datetime]:
    first = dt.datetime(2025, 11, 1, 5)  # midnight in Chicago
    return [first + dt.timedelta(minutes=5 * k) for k in range(49 * 12)]


def probes(folder: Path, begin=BEGIN, end=END):
    return {
        probe.probe: probe for probe in probes_of(read_folder(folder, Site(), NIGHT).temperatures, begin, end)
    }


@pytest.fixture
def folder(tmp_path):
    """All three formats, as loggers write them."""
    write(tmp_path, "TempL00", box_line)
    write(tmp_path, "TempL01", value_line)
    write(tmp_path, "TempL02", dome_line, lambda utc: clock_of(utc).date())
    return tmp_path


def test_every_format_gives_its_probes_in_utc_while_the_clock_is_put_back(folder):
    found = probes(folder)
    of = {
        "etalon_inside": ("TempL00", 24, 1 / 16),
        "etalon_outside": ("TempL01", 18, 1 / 4),
        "dome": ("TempL02", 14, -1),
        "inside": ("TempL02", 21, 1 / 8),
    }
    assert set(found) == set(of)
    expected = np.array([np.datetime64(utc, "us") for utc in times()])
    expected = expected[(expected >= BEGIN) & (expected <= END)]
    hours = (expected - np.datetime64(PUT_BACK, "us")) / np.timedelta64(1, "h")
    for name, (logger, at_put_back, per_hour) in of.items():
        assert found[name].logger == logger
        np.testing.assert_array_equal(found[name].time, expected, err_msg=name)
        np.testing.assert_allclose(
            found[name].temperature_c, at_put_back + per_hour * hours, atol=1e-4, err_msg=name
        )


def test_places_that_are_not_known_have_the_name_of_the_logger(tmp_path):
    for logger in ("TempL", "TempL07"):
        write(tmp_path, logger, value_line)
    found = probes(tmp_path)
    assert set(found) == {"templ", "templ07"}
    assert {probe.place for probe in found.values()} == {"at a place that is not known"}


def test_no_two_probes_have_one_name(tmp_path):
    """Three loggers at the etalon, one of which changed its format at midnight, and two domes."""
    for logger in ("TempL", "TempL03"):
        write(tmp_path, logger, box_line)
    (tmp_path / "TempL00_uao_20251101.txt").write_text("".join(map(box_line, times()[:220])))
    (tmp_path / "TempL00_uao_20251102.txt").write_text("".join(map(value_line, times()[230:])))
    for logger in ("TempL04", "TempL05"):
        write(tmp_path, logger, dome_line, lambda utc: clock_of(utc).date())
    weather = read_folder(tmp_path, Site(), NIGHT)
    found = probes_of(weather.temperatures, BEGIN, END)
    assert [probe.probe for probe in found] == [
        *("etalon_inside", "etalon_inside_templ00", "etalon_inside_templ00_2", "etalon_inside_templ03"),
        *("dome", "inside", "dome_templ05", "inside_templ05"),
    ]
    assert {probe.place for probe in found[:4]} == {"inside the etalon's box"}
    assert [probe.place for probe in found[-2:]] == ["in the dome", "inside the building"]


def test_a_logger_that_dies_or_writes_rubbish_costs_nothing_else(folder):
    """One stuck from the evening on, one with a bad line and a dead probe, one of no kind: three remarks."""
    healthy = probes(folder)
    stuck_from = dt.datetime(2025, 11, 2, 3)  # local: two hours before midnight
    for date in NIGHT:
        lines = [
            box_line(utc) if utc <= stuck_from else f"{utc:%Y/%m/%d %H:%M:%S}{box_line(stuck_from)[19:]}"
            for utc in times()
            if utc.date() == date
        ]
        (folder / f"TempL00_uao_{date:%Y%m%d}.txt").write_text("".join(lines))
    path = folder / "TempL02_uao_20251102.txt"
    lines = path.read_text().splitlines(keepends=True)
    lines[40] = "11/02/2025 0\0\0;;\n"
    cells = lines[50].split(",")
    lines[50] = f"{cells[0]},{cells[1]},--\n"
    path.write_text("".join(lines))
    (folder / "TempL03_uao_20251101.txt").write_bytes(b"\xff\xfe\0garbage")
    weather = read_folder(folder, Site(), NIGHT)
    found = {probe.probe: probe for probe in probes_of(weather.temperatures, BEGIN, END)}
    assert found["etalon_inside"].time[-1] == np.datetime64(stuck_from + dt.timedelta(minutes=25), "us")
    np.testing.assert_array_equal(found["etalon_outside"].time, healthy["etalon_outside"].time)
    assert len(found["dome"]) == len(healthy["dome"]) - 1
    assert len(found["inside"]) == len(healthy["inside"]) - 2
    (name, reason) = weather.rejected[0]
    assert name == "TempL03_uao_20251101.txt"
    assert "known temperature logger" in reason
    told = "\n".join(weather.remarks)
    assert "The logger of TempL00_uao_20251101.txt and TempL00_uao_20251102.txt was stuck" in told
    assert "TempL02_uao_20251102.txt: 1 of" in told
    assert "have no temperature inside" in told


def test_a_logger_that_was_stuck_before_midnight_still_is_after_it(tmp_path):
    """By itself the second file is of a logger with one value, which may be right."""
    last = dt.datetime(2025, 11, 1, 23, 50)
    (tmp_path / "TempL01_uao_20251101.txt").write_text(
        "".join(value_line(utc) for utc in times() if utc <= last)
    )
    (tmp_path / "TempL01_uao_20251102.txt").write_text(
        "".join(
            f"{utc:%Y/%m/%d %H:%M:%S}{value_line(last)[19:]}" for utc in times() if utc.date() == NIGHT[1]
        )
    )
    (probe,) = probes(tmp_path).values()
    assert probe.time[-1] == np.datetime64("2025-11-02T00:15", "us")


def test_a_span_without_samples_has_no_probe(folder):
    assert probes(folder, END + np.timedelta64(3, "D"), END + np.timedelta64(4, "D")) == {}
