"""A night's numbers: each is one, whoever shows it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from results import empty_night, example_result

from airglow.catalogue.rows import night_rows
from airglow.model.result import BAD, GOOD
from airglow.model.summary import finite_median, number_text, summary
from airglow.pages.records import night_record
from airglow.products import log_text


@pytest.fixture(scope="module")
def night():
    """A night whose good samples have smaller errors than the others; one has no temperature."""
    result = example_result(9, 4, annuli=4)
    flag = np.array([GOOD, GOOD, GOOD, BAD, BAD, BAD, BAD, BAD, BAD], np.int8)
    sky = dataclasses.replace(
        result.sky,
        wind_flag=flag,
        temperature_flag=flag,
        wind_error_mps=np.array([1.0, 2, 3, 40, 50, 60, 70, 80, 90]),
        temperature_k=np.array([700.0, 710, 720, 800, 810, 820, 830, 840, np.nan]),
        temperature_error_k=np.array([7.0, 8, 9, 10, 11, 12, 13, 14, np.inf]),
    )
    return dataclasses.replace(result, sky=sky)


def test_medians_run_over_all_samples_that_have_a_value(night):
    numbers = summary(night)
    assert (numbers.sky_frames, numbers.laser_frames) == (9, 4)
    assert (numbers.good_winds, numbers.good_temperatures) == (3, 3)
    assert numbers.rejected_frames == len(night.rejections) > 0
    assert numbers.median_wind_error_mps == 50.0
    assert numbers.median_temperature_k == 805.0
    assert numbers.median_temperature_error_k == 10.5
    sky = night.sky
    assert numbers.first_start == sky.start_time[0].item()
    assert numbers.last_stop == sky.start_time[-1].item() + dt.timedelta(seconds=sky.exposure_s[-1].item())


def test_database_pages_and_log_say_the_same(night):
    about = {"instrument": night.instrument, "site": night.site, "date": f"{night.date:%Y%m%d}"}
    outcome = {**about, "tag": "XR", "state": "analysed", "reason": "", "products": []}
    row = night_rows([night], [outcome], [], None).tables["fpi_night"][0]
    for name, value in dataclasses.asdict(summary(night)).items():
        assert row[name] == value
    index = {
        "night": f"{night.instrument}_{night.site}_{night.date:%Y%m%d}",
        "manifest_sha256": "",
        "outcomes": {"XR": outcome},
        "products": [],
    }
    page = night_record(index, [night])["tags"]["XR"]
    assert (page["wind_error_mps"], page["temperature_k"], page["temperature_error_k"]) == (50.0, 805.0, 10.5)
    assert page["last"] == f"{summary(night).last_stop:%Y-%m-%dT%H:%MZ}"
    text = log_text(night)
    assert "median wind error      50.00 m/s" in text
    assert "median temperature     805.0 K" in text


def test_what_does_not_exist_is_none():
    numbers = summary(empty_night())
    assert (numbers.sky_frames, numbers.good_winds) == (0, 0)
    assert numbers.median_temperature_k is None
    assert numbers.first_start is None
    assert finite_median(np.array([np.nan, np.inf])) is None
    assert finite_median(np.array([np.nan, 4.0, 2.0, np.inf])) == 3.0
    assert finite_median(np.array([]), otherwise=0.0) == 0.0
    assert number_text(None, 1, "K") == "unknown"
