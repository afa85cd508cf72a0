"""Madrigal text to the column, and the log."""

from __future__ import annotations

import dataclasses

import numpy as np
from results import example_result

from airglow.products import log_text, madrigal_text, write_log, write_madrigal
from airglow.products.madrigal import HEADER, KINST
from airglow.result import Cause

WIDTHS = (19, 6, 5, 7, 6, 7, 6, 6, 6, 6, 6, 7, 4, 3, 6, 6, 1, 1, 6, 7, 5)


def golden_night():
    """Two samples with numbers chosen by hand, one of them with everything missing that can be."""
    result = example_result(2, 1)
    sky = dataclasses.replace(
        result.sky,
        start_time=np.array(["2025-04-30T02:30:05.750000", "2025-04-30T02:35:00"], "datetime64[us]"),
        exposure_s=np.array([180.0, 30.0]),
        azimuth_deg=np.array([0.04, 281.18]),
        zenith_deg=np.array([0.0, 53.34]),
        temperature_k=np.array([851.237, np.nan]),
        temperature_error_k=np.array([12.5, np.nan]),
        line_of_sight_wind_mps=np.array([-104.125, np.nan]),
        wind_error_mps=np.array([4.21, np.nan]),
        wind_fit_error_mps=np.array([3.5, np.nan]),
        wind_calibration_error_mps=np.array([0.456, 0.5]),
        intensity=np.array([1.23456, 0.0]),
        intensity_error=np.array([0.01, 0.0]),
        reduced_chi_square=np.array([1.037, 12.5]),
        sky_minus_ambient_mean_c=np.array([-35.26, np.nan]),
        wind_flag=np.array([0, 2], np.int8),
        temperature_flag=np.array([1, 2], np.int8),
        causes=np.array([0, Cause.FIT_FAILED.mask | Cause.ZENITH_REFERENCE.mask], np.uint32),
    )
    provenance = dataclasses.replace(result.provenance, code_version="0.1.0+abc")
    return dataclasses.replace(result, sky=sky, provenance=provenance)


GOLDEN = (
    "LEVEL 1 DATA PRODUCT:\n"
    "---------------------\n"
    "UTCTime____________  ____Az  ___Ze  ______T  _T_Sig  ___Wind  _W_Sig  FitSig  CalSig  _____I  _I_Sig"
    "  ___Bkgd B_Sig  Sec  Chisqr  CldInd TF WF  __Ref  ______Wl  Vers\n"
    "2025-04-30 02:30:05     0.0    0.0   851.24   12.50  -104.12    4.21    3.50    0.46  1.2346  0.0100"
    "  -999.00  -999  180    1.04   -35.3  1  0  laser   6.3e-07  0.1.0\n"
    "2025-04-30 02:35:00   281.2   53.3      nan     nan      nan     nan     nan    0.50  0.0000  0.0000"
    "  -999.00  -999   30   12.50  -999.0  2  2  zenith  6.3e-07  0.1.0\n"
)


def test_golden_lines():
    assert madrigal_text(golden_night()) == GOLDEN


def test_columns_are_where_readers_look_for_them():
    for line in madrigal_text(example_result()).splitlines()[3:]:
        assert len(line) == sum(WIDTHS) + 2 * (len(WIDTHS) - 1)
        begin = 0
        for width in WIDTHS:
            assert line[begin : begin + width].strip(), line
            assert line[begin + width : begin + width + 2].strip() == ""
            begin += width + 2


def test_a_night_without_sky_frames_has_only_the_header(tmp_path):
    path = write_madrigal(example_result(0, 3), tmp_path / "night.txt")
    assert path.read_text() == HEADER


def test_every_site_has_its_own_code():
    assert (KINST["uao"], KINST["mrh"]) == (5548, 5552)
    assert sorted(KINST.values()) == list(range(5545, 5558))


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
