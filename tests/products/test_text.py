"""Madrigal text to the column, and the log."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from results import empty_night, example_result

from airglow.model.result import Cause
from airglow.products import log_text, madrigal_text, write_log, write_madrigal
from airglow.products.madrigal import HEADER

WIDTHS = (19, 6, 5, 7, 6, 7, 6, 6, 6, 6, 6, 7, 4, 3, 6, 6, 1, 1, 6, 7, 5)


def golden_night():
    """Three samples with numbers chosen by hand, one of them with everything missing that can be."""
    result = example_result(3, 1)
    sky = dataclasses.replace(
        result.sky,
        start_time=np.array(
            ["2025-04-30T02:30:05.750000", "2025-04-30T02:35:00", "2025-04-30T09:59:59.999999"],
            "datetime64[us]",
        ),
        exposure_s=np.array([180.0, 30.0, 600.0]),
        azimuth_deg=np.array([0.04, 281.18, 359.94]),
        zenith_deg=np.array([0.0, 53.34, 80.0]),
        temperature_k=np.array([851.237, np.nan, 1234.5]),
        temperature_error_k=np.array([12.5, np.nan, 123.45]),
        line_of_sight_wind_mps=np.array([-104.125, np.nan, 250.0]),
        wind_error_mps=np.array([4.21, np.nan, 12.346]),
        wind_fit_error_mps=np.array([3.5, np.nan, 12.3]),
        wind_calibration_error_mps=np.array([0.456, 0.5, 1.05]),
        intensity=np.array([1.23456, 0.0, 0.0355]),
        intensity_error=np.array([0.01, 0.0, 0.00049]),
        reduced_chi_square=np.array([1.037, 12.5, 0.98]),
        sky_minus_ambient_mean_c=np.array([-35.26, np.nan, -10.0]),
        wind_flag=np.array([0, 2, 1], np.int8),
        temperature_flag=np.array([1, 2, 0], np.int8),
        causes=np.array([0, Cause.FIT_FAILED.mask | Cause.ZENITH_REFERENCE.mask, 0], np.uint32),
    )
    provenance = dataclasses.replace(result.provenance, code_version="0.1.0+gabc")
    return dataclasses.replace(result, sky=sky, provenance=provenance)


def test_golden_file(tmp_path):
    """To the byte what is downstream's to read; the file was written by hand."""
    night = golden_night()
    name = f"{night.stem}.txt"
    written = write_madrigal(night, tmp_path / name)
    assert written.read_bytes() == (Path(__file__).parent / "golden" / name).read_bytes()


def test_columns_are_where_readers_look_for_them():
    for line in madrigal_text(example_result()).splitlines()[3:]:
        assert len(line) == sum(WIDTHS) + 2 * (len(WIDTHS) - 1)
        begin = 0
        for width in WIDTHS:
            assert line[begin : begin + width].strip(), line
            assert line[begin + width : begin + width + 2].strip() == ""
            begin += width + 2


def test_a_night_without_sky_frames_has_only_the_header(tmp_path):
    for night in (example_result(0, 3), empty_night()):
        path = write_madrigal(night, tmp_path / "night.txt")
        assert path.read_text() == HEADER


def test_the_log_says_what_was_left_out_and_why():
    result = example_result()
    text = log_text(result)
    for rejection in result.rejections:
        assert f"{rejection.name}: {rejection.reason}" in text
    for note in result.notes:
        assert note in text
    assert "minime05_uao_20250429_xr" in text
    assert "fit_failed" in text
    assert Cause.OVERCAST.meaning in text
    assert text.count("\n2025-04-30") == len(result.sky) + len(result.cycles) + len(result.laser)
    assert result.cycles.reason[13] == "too few directions for the zonal, meridional and vertical wind"
    assert f"  {result.cycles.reason[13]}\n" in text
    assert result.provenance.input_hash in text


def test_log_of_an_empty_night(tmp_path):
    result = dataclasses.replace(example_result(0, 0), notes=(), rejections=())
    text = write_log(result, tmp_path / "night.log").read_text()
    assert text.count("\nnone\n") == 6


def test_log_of_a_night_that_was_not_analysed():
    text = log_text(empty_night())
    assert "Not analysed: no XR frame in this night." in text
    assert "result                 none: see the notes" in text
    assert "nan" not in text
