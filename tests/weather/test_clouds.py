"""Cloud sensor files: the four kinds, and every way in which they break."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from airglow.model.errors import BadInput
from airglow.weather import read_cloud_file

CHICAGO = ZoneInfo("America/Chicago")
NEW_HEADER = "2025-04-29 00:00:01 T  Ser# Firmw Serrs  Cldy VCldy Windy VWindy  Rain   Wet  DC   Day\n"
OLD_HEADER = (
    "Date       Time     FvrSkyTemAmbBlkHeaFlgC1sC1tC1aC1bC2sC2tC2aC2bC3sC3tC3aC3bTetAmtRqtSmtDitVctSeqChk\n"
)


def new_line(time: str, sky: str = "-35.2", ambient: str = "12.4", date: str = "2025-04-29") -> str:
    return f"{date} {time} M ~D 0 2 1 0 0 0 {sky} {ambient} 11.0 2.1 60 4.7 0 0 1023 12 99\n"


def old_line(time: str, sky: str = "-33.0", ambient: str = "14.5", rest: str = "60 0 0 1 2 3 4 5") -> str:
    return f"2010-04-29 {time} D {sky} {ambient} {rest}\n"


def numbered_line(n: int, time: str, unit: str = "C", sky: str = "-9.1", ambient: str = "21.2") -> str:
    return f"{n})  2020-08-29 {time} {unit} K {sky}   {ambient}  21      0      59  12.6   000 0 0 00020\n"


def ethernet_line(time: str, ambient: str = "21.2", sky: str = "-9.1") -> str:
    return f"2023-07-10 {time} SKYE1 {ambient} {sky} 45 3.2 0 0\n"


def write(tmp_path: Path, content: str | bytes, name: str = "Cloud_uao_20250429.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def utc(*text: str) -> np.ndarray:
    return np.array(text, "datetime64[us]")


def test_boltwood_new(tmp_path):
    text = NEW_HEADER + new_line("21:30:05.25") + new_line("21:31:05.25", sky="-34.9", ambient="12.3")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert series.kind == "boltwood new"
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:30:05.25", "2025-04-30T02:31:05.25"))
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-35.2, -34.9])
    np.testing.assert_array_equal(series.ambient_c, [12.4, 12.3])
    assert (series.lines.used, series.lines.rejected, series.lines.ignored) == (2, 0, 1)
    assert series.files == ("Cloud_uao_20250429.txt",)


def test_boltwood_new_wet_is_cloudy_and_bad_has_no_value(tmp_path):
    text = new_line("21:30:00", sky="-998.0") + new_line("21:31:00", sky="-999.0") + new_line("21:32:00")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [0.0, -35.2])
    assert series.lines.rejected == 1
    assert "line 2: the sensor says that its value is bad" in series.lines.examples[0]


def test_boltwood_new_other_reports_are_not_faults(tmp_path):
    text = (
        new_line("21:30:00") + "2025-04-29 21:30:10 M ~R 1 2 3 4 5\n" + "2025-04-29 21:30:20 T 00012 00074\n"
    )
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert (series.lines.used, series.lines.rejected, series.lines.ignored) == (1, 0, 2)


def test_decimal_commas(tmp_path):
    text = new_line("21:30:05,25", sky="-35,2", ambient="12,4")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:30:05.25"))
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-35.2])
    np.testing.assert_array_equal(series.ambient_c, [12.4])


def test_boltwood_old(tmp_path):
    text = (
        OLD_HEADER
        + old_line("21:30:00")
        + old_line("21:31:00", rest="illegal 0 0 0 0")
        + old_line("21:32:00", sky="-998")
        + old_line("21:33:00", sky="-8.5")
    )
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert series.kind == "boltwood old"
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-33.0, -8.5])  # -998 is bad here, not wet
    np.testing.assert_array_equal(series.time, utc("2010-04-30T02:30:00", "2010-04-30T02:33:00"))
    assert (series.lines.used, series.lines.rejected, series.lines.ignored) == (2, 2, 1)
    assert "illegal" in series.lines.examples[0]


def test_skyalert_numbered_subtracts(tmp_path):
    text = numbered_line(36, "20:41:41.00") + numbered_line(37, "20:42:41.00", sky="5.0", ambient="21.0")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert series.kind == "skyalert numbered"
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-30.3, -16.0])
    np.testing.assert_array_equal(series.time, utc("2020-08-30T01:41:41", "2020-08-30T01:42:41"))


def test_skyalert_in_fahrenheit(tmp_path):
    text = numbered_line(36, "20:41:41.00", unit="F", sky="15.62", ambient="70.16")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-30.3])
    np.testing.assert_allclose(series.ambient_c, [21.2])


def test_skyalert_without_a_known_unit_is_rejected(tmp_path):
    text = numbered_line(36, "20:41:41.00", unit="K") + numbered_line(37, "20:42:41.00")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert (series.lines.used, series.lines.rejected) == (1, 1)
    assert "'K' is not a unit" in series.lines.examples[0]


def test_skyalert_ethernet_has_ambient_first(tmp_path):
    text = ethernet_line("22:00:00") + ethernet_line("22:00:20", ambient="20.0", sky="18.0")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    assert series.kind == "skyalert ethernet"
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-30.3, -2.0])
    np.testing.assert_array_equal(series.ambient_c, [21.2, 20.0])


def test_five_words_are_enough_when_all_lines_have_five(tmp_path):
    text = "".join(f"2023-07-10 22:00:{s:02d} SKYE1 21.2 -9.1\n" for s in (0, 20, 40))
    series = read_cloud_file(write(tmp_path, text + "2023-07-10 22:01:00 SKYE1 21.2 -9"), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-30.3] * 3)
    assert series.lines.rejected == 1  # the last line has no end: its number may have lost its own


def test_half_lines_never_give_half_numbers(tmp_path):
    whole = new_line("21:30:00")
    halves = "".join(whole[:k] + "\n" for k in range(3, len(whole) - 1))
    series = read_cloud_file(write(tmp_path, new_line("21:29:00") + halves), CHICAGO)
    # What is complete up to and with the ambient temperature and what follows it may be used.
    assert set(series.sky_minus_ambient_c) == {-35.2}
    assert set(series.ambient_c) == {12.4}
    assert series.time.size == 2
    assert series.lines.rejected > 40


def test_nuls_separate_lines(tmp_path):
    data = new_line("21:30:00").encode() + b"2025-04-29 21:31:0" + b"\0" * 300 + new_line("21:40:00").encode()
    series = read_cloud_file(write(tmp_path, data), CHICAGO)
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:30", "2025-04-30T02:40"))
    assert series.lines.rejected == 1


def test_bytes_that_are_not_utf8_cost_only_what_they_hit(tmp_path):
    good = new_line("21:30:00").encode()
    harmless = new_line("21:31:00").encode().replace(b" 1023 ", b" \xb0\xff ")
    hit = new_line("21:32:00").encode().replace(b"-35.2", b"-3\xff.2")
    series = read_cloud_file(write(tmp_path, good + harmless + hit), CHICAGO)
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:30", "2025-04-30T02:31"))
    assert series.lines.rejected == 1


def test_repeated_lines_and_equal_times_count_once(tmp_path):
    text = new_line("21:30:00") * 3 + new_line("21:31:00") + new_line("21:31:00", sky="-20.0")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-35.2, -35.2])
    assert (series.lines.used, series.lines.repeated) == (2, 3)


def test_impossible_values_and_times_are_rejected(tmp_path):
    text = (
        new_line("21:30:00")
        + new_line("25:30:00")
        + new_line("21:32:00", date="2025-02-30")
        + new_line("21:33:00", date="1970-01-01")
        + new_line("21:34:00", sky="nan")
        + new_line("21:35:00", sky="-350.2")
        + new_line("21:36:00", ambient="-998.0")
    )
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:30", "2025-04-30T02:36"))
    np.testing.assert_array_equal(series.ambient_c, [12.4, np.nan])
    assert series.lines.rejected == 5
    assert any("-350.2" in text for text in series.lines.examples)


def test_lines_out_of_order_are_sorted(tmp_path):
    series = read_cloud_file(write(tmp_path, new_line("21:31:00") + new_line("21:30:00", "-20")), CHICAGO)
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-20.0, -35.2])


NO_USABLE_LINE = r"no usable line \(\d rejected, such as line \d: "


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 4096, "empty"),
        (bytes(range(256)) * 40, "none of its"),
        (b"\x1f\x8b\x08\0 some gzip", "none of its"),
        (NEW_HEADER.encode(), "none of its 1 lines"),
        ((new_line("21:30:00", sky="-999.0") * 2).encode(), NO_USABLE_LINE),
        (OLD_HEADER.encode() + old_line("21:31:00", rest="illegal 1").encode(), NO_USABLE_LINE),
    ],
)
def test_a_file_without_a_sample_is_refused_with_its_name(tmp_path, content, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        read_cloud_file(write(tmp_path, content), CHICAGO)
    assert caught.value.name == "Cloud_uao_20250429.txt"


MAKERS_LINE = "2025-04-29 21:00:00 {} 13.67 -3.91 1010 147 38.30 485.00 1 101353.94\n"


@pytest.mark.parametrize(
    "word",
    ["Data-2.4mE", "Data-2.4mE1", "Data-2.4mE:", "Data-2.4mE,", "Data-2.4mE1,", "SKYE", "SKYE1", "E1"],
)
def test_skyalert_ethernet_as_its_maker_and_as_loggers_write_it(tmp_path, word):
    series = read_cloud_file(write(tmp_path, MAKERS_LINE.format(word)), CHICAGO)
    assert series.kind == "skyalert ethernet"
    np.testing.assert_array_equal(series.time, utc("2025-04-30T02:00"))
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-17.58])
    np.testing.assert_allclose(series.ambient_c, [13.67])


def test_skyalert_ethernet_with_a_damaged_byte_behind_its_name(tmp_path):
    line = MAKERS_LINE.format("Data-2.4mE").encode().replace(b"mE ", b"mE\xff\xfe ")
    np.testing.assert_allclose(read_cloud_file(write(tmp_path, line), CHICAGO).sky_minus_ambient_c, [-17.58])


@pytest.mark.parametrize("word", ["E", "D", "Data-2.4m", "Escape", "Data-2.4mE12"])
def test_other_words_do_not_make_a_skyalert(tmp_path, word):
    with pytest.raises(BadInput, match="none of its"):
        read_cloud_file(write(tmp_path, MAKERS_LINE.format(word)), CHICAGO)


def test_a_skyalert_that_replaced_an_old_boltwood_in_the_day_is_not_read_as_one(tmp_path):
    boltwood = OLD_HEADER + old_line("20:00:00").replace("2010", "2025").replace(" D ", " E ")
    series = read_cloud_file(write(tmp_path, boltwood + MAKERS_LINE.format("Data-2.4mE")), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [-33.0, -17.58])


@pytest.mark.parametrize("ambient", ["--", "ERR", "999", "-998.0", "-999.0", "nan", "1\ufffd.4"])
def test_a_bad_ambient_of_a_boltwood_costs_itself_only(tmp_path, ambient):
    new = new_line("21:30:00", ambient=ambient) + new_line("21:31:00")
    old = OLD_HEADER + old_line("21:30:00", ambient=ambient) + old_line("21:31:00")
    for text, difference, good in ((new, -35.2, 12.4), (old, -33.0, 14.5)):
        series = read_cloud_file(write(tmp_path, text), CHICAGO)
        np.testing.assert_array_equal(series.sky_minus_ambient_c, [difference, difference])
        np.testing.assert_array_equal(series.ambient_c, [np.nan, good])
        assert (series.lines.used, series.lines.partial, series.lines.rejected) == (2, 1, 0)
        assert series.remarks == ("Cloud_uao_20250429.txt: 1 of 2 lines have no ambient temperature.",)


@pytest.mark.parametrize("ambient", ["--", "999", "-999.0", "-998.0", "nan"])
@pytest.mark.parametrize("line", [numbered_line, lambda _, time, **v: ethernet_line(time, **v)])
def test_a_bad_ambient_of_a_skyalert_costs_the_line_unless_the_sensor_is_wet(tmp_path, line, ambient):
    text = (
        line(1, "20:41:00", ambient=ambient, sky="998.0")
        + line(2, "20:42:00", ambient=ambient)
        + line(3, "20:43:00", ambient=ambient, sky="-998.0")
        + line(4, "20:44:00")
    )
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [0.0, -30.3])
    np.testing.assert_array_equal(series.ambient_c, [np.nan, 21.2])
    assert (series.lines.rejected, series.lines.partial) == (2, 1)
    assert "2 of 4 lines were left out, such as line 1: " in series.remarks[0]


def test_a_wet_skyalert_needs_no_unit(tmp_path):
    text = numbered_line(1, "20:41:00", unit="?", sky="-998.0") + numbered_line(2, "20:42:00")
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [0.0, -30.3])
    np.testing.assert_array_equal(series.ambient_c, [np.nan, 21.2])


@pytest.mark.parametrize(
    ("header", "line", "difference"),
    [
        ("", new_line("21:30:00"), -35.2),
        (OLD_HEADER, old_line("21:30:00"), -33.0),
        ("", numbered_line(1, "21:30:00"), -30.3),
        ("", ethernet_line("21:30:00"), -30.3),
        ("", "2023-07-10 21:30:00 SKYE1 21.2 -9.1\n", -30.3),
    ],
)
def test_extra_words_and_trailing_commas_do_not_cost_the_line(tmp_path, header, line, difference):
    ends = ("", "", "", " x 7", ",", " ,,", ";")
    text = header + "".join(
        line.rstrip("\n").replace("21:30", f"21:3{k}") + end + "\n" for k, end in enumerate(ends)
    )
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_allclose(series.sky_minus_ambient_c, [difference] * len(ends))
    assert (series.lines.rejected, series.lines.partial) == (0, 0)


def test_a_line_cut_in_its_ambient_keeps_the_difference_of_a_boltwood(tmp_path):
    text = new_line("21:30:00") + new_line("21:31:00").split(" 11.0")[0][:-2]  # 12.4 became 12
    series = read_cloud_file(write(tmp_path, text), CHICAGO)
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-35.2, -35.2])
    np.testing.assert_array_equal(series.ambient_c, [12.4, np.nan])


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_cloud_file(tmp_path / "Cloud_uao_20250429.txt", CHICAGO)


def test_utf16_as_some_loggers_write_it(tmp_path):
    series = read_cloud_file(write(tmp_path, new_line("21:30:00").encode("utf-16")), CHICAGO)
    np.testing.assert_array_equal(series.sky_minus_ambient_c, [-35.2])


def test_the_clock_may_depend_on_the_date(tmp_path):
    def clock(date: dt.date) -> ZoneInfo:
        return ZoneInfo("UTC") if date >= dt.date(2025, 4, 30) else CHICAGO

    text = new_line("23:59:00") + new_line("05:00:00", date="2025-04-30")
    series = read_cloud_file(write(tmp_path, text), clock)
    np.testing.assert_array_equal(series.time, utc("2025-04-30T04:59", "2025-04-30T05:00"))


def test_a_day_of_a_fast_sensor_is_read_fast(tmp_path):
    import time

    day = "".join(
        ethernet_line(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}", sky=f"-{s % 7}.{s % 10}")
        for s in range(0, 86400, 5)
    )
    path = write(tmp_path, day)
    begin = time.process_time()
    series = read_cloud_file(path, CHICAGO)
    assert len(series) == 17280
    assert time.process_time() - begin < 3
