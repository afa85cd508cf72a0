"""Files of temperature loggers from their upload in the bucket to the products, while a clock is put back."""

import dataclasses
import datetime as dt

import numpy as np
from results import example_result
from weather.test_probes import NIGHT, PUT_BACK, box_line, clock_of, dome_line, value_line, write

from airglow.archive import archive_weather, fetch_weather
from airglow.night import NightRequest
from airglow.night.site_temperatures import logger_notes, site_temperatures
from airglow.products import read_netcdf, write_netcdf
from airglow.products.legacy import legacy_results
from airglow.weather import read_folder

DATE = NIGHT[0]


def test_from_the_upload_to_the_products(store, registry, tmp_path):
    uploaded = tmp_path / "uploaded"
    uploaded.mkdir()
    write(uploaded, "TempL00", box_line)
    write(uploaded, "TempL01", value_line)
    write(uploaded, "TempL02", dome_line, lambda utc: clock_of(utc).date())
    bad = uploaded / "TempL01_uao_20251102.txt"
    bad.write_text(bad.read_text() + "2025/11/02 24:61:00,rubbish\n")
    for path in uploaded.iterdir():
        store.put_bytes(f"raw/{path.name}", path.read_bytes())

    fetched = tmp_path / "fetched"
    record = archive_weather(store, "uao", DATE, directory=fetched)
    fetch_weather(store, record, fetched)
    request = NightRequest(registry.instrument("minime05", DATE), registry.site("uao"), DATE, "XR")
    weather = read_folder(fetched, request.site, NIGHT)
    result = dataclasses.replace(example_result(date=DATE), temperatures=site_temperatures(request, weather))
    first, again = (write_netcdf(result, tmp_path / name) for name in ("first.nc", "again.nc"))
    assert first.read_bytes() == again.read_bytes()
    sky, results = result.sky, legacy_results(read_netcdf(first))

    assert sky.mid_time[0] < np.datetime64(PUT_BACK) < sky.mid_time[-1]
    hours = (sky.mid_time - np.datetime64(PUT_BACK)) / np.timedelta64(1, "h")
    for key, at_put_back, per_hour in (
        ("EtalonInside", 24, 1 / 16),
        ("EtalonOutside", 18, 1 / 4),
        ("Dome", 14, -1),
        ("Inside", 21, 1 / 8),
    ):
        line = at_put_back + per_hour * hours
        # Samples of ten minutes before and after an exposure: their mean is its middle's, to half a step.
        reach = abs(per_hour) * (sky.exposure_s / 2 + 600) / 3600
        half_step = abs(per_hour) * 150 / 3600 + 1e-4
        assert (np.abs(results[key]["mean"] - line) <= half_step).all(), key
        assert (np.abs(results[key]["max"] - (line + reach)) <= 2 * half_step).all(), key
        assert (np.abs(results[key]["min"] - (line - reach)) <= 2 * half_step).all(), key
    assert logger_notes(weather) == [
        "Temperature logger TempL00: etalon box, 516 samples.",  # 43 hours until midnight UTC
        "Temperature logger TempL01: single, 516 samples.",
        "Temperature logger TempL02: dome and inside, 588 samples.",  # two days, of which one has 25 hours
    ]
    assert [text for text in weather.remarks if "TempL01_uao_20251102.txt: 1 of" in text]


def test_it_reaches_from_noon_to_noon(registry, tmp_path):
    write(tmp_path, "TempL00", box_line)
    request = NightRequest(registry.instrument("minime05", DATE), registry.site("uao"), DATE, "XR")
    (probe,) = site_temperatures(request, read_folder(tmp_path, request.site, NIGHT))
    noon = dt.datetime(2025, 11, 1, 17, 52, 38)  # of the mean sun at 88.159 degrees west
    assert probe.time[0] == np.datetime64("2025-11-01T17:55")
    assert probe.time[-1] == np.datetime64("2025-11-02T17:50")
    assert request.site.noon(DATE).replace(tzinfo=None, microsecond=0) == noon
