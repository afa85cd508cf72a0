"""Winds over the site, sites, and the history of loads: what is written, and read back."""

import dataclasses
import datetime as dt

import numpy as np

from airglow.catalogue import load_night
from airglow.model.columns import database_columns
from airglow.model.version import code_version


def _rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _expected(values):
    return [None if isinstance(v, float) and np.isnan(v) else v for v in np.asarray(values, object).tolist()]


def test_winds_over_the_site_come_back_to_the_bit(database, make_night):
    night = make_night(sky_frames=120)
    (result,) = night.results
    load_night(database, *night)
    for table, winds, columns in (
        ("fpi_cycle_wind", result.cycles, database_columns("cycles")),
        ("fpi_smooth_wind", result.smooth_winds, database_columns("smooth_winds")),
    ):
        names = [column.field for column in columns if column.field not in ("time", "mid_time")]
        assert len(names) >= 9
        found = _rows(database, f"SELECT mid_time, {', '.join(names)} FROM {table} ORDER BY mid_time")
        time = winds.time if table == "fpi_smooth_wind" else winds.mid_time
        assert [row[0] for row in found] == time.tolist() != []
        for column, name in enumerate(names, start=1):
            values = getattr(winds, name)
            plain = values.tolist() if isinstance(values, np.ndarray) else values
            assert [row[column] for row in found] == _expected(plain), name
    assert np.isnan(result.cycles.zonal_wind_mps).any()  # a cycle in which clouds left one sample
    assert any(result.cycles.reason)


def test_what_the_winds_rest_on_is_told_once_for_the_night(database, make_night):
    night = make_night(sky_frames=120)
    (result,) = night.results
    smooth = dataclasses.replace(
        result.smooth_winds, left_out=("a.hdf5", "b.hdf5"), reason="no vertical wind"
    )
    load_night(database, (dataclasses.replace(result, smooth_winds=smooth),), *list(night)[1:])
    found = _rows(
        database,
        "SELECT cycle_winds, cycle_assumption, smooth_winds, smooth_assumption, smooth_reason, left_out,"
        " samples, horizontal_spread_mps, vertical_time_s, smoothness, excess_noise FROM fpi_wind_model",
    )
    text = (len(result.cycles), result.cycles.assumption, len(smooth), smooth.assumption, "no vertical wind")
    numbers = (smooth.horizontal_spread_mps, smooth.vertical_time_s, smooth.smoothness, smooth.excess_noise)
    assert found == [(*text, "a.hdf5, b.hdf5", smooth.samples, *numbers)]


def test_a_site_has_the_facts_of_its_last_load(database, make_night):
    night = make_night()
    load_night(database, *night)
    moved = dataclasses.replace(night.site, name="The hill", latitude_deg=40.2, network=None)
    load_night(database, night.results, night.outcomes, moved, night.instrument)
    found = _rows(
        database, "SELECT site, name, network, latitude_deg, longitude_deg, altitude_m FROM fpi_site"
    )
    assert found == [("uao", "The hill", None, 40.2, -88.159, 200)]


def test_history_has_every_load_with_its_outcome_code_and_duration(database, make_night):
    """What was done with this night, when, by which code, with which outcome, and how long it took."""
    night = make_night("minime13", tags=("XR",), empty_tags=("XG",))
    red, green = night.outcomes
    off = green | {"state": "camera off", "reason": "too warm", "code_version": "0.1.0", "analysis_s": 2.5}
    outcomes = (red | {"analysis_s": 71.25}, off)
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    load_night(database, night.results, outcomes, night.site, night.instrument)
    load_night(database, *night)
    after = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    found = _rows(
        database,
        "SELECT loaded_at, is_current, tag, state, reason, code_version, loaded_by, analysis_s, load_s,"
        " good_winds, rejected_frames FROM fpi_history WHERE site = 'uao' AND local_date = '2026-05-11'"
        " ORDER BY loaded_at, tag",
    )
    (result,) = night.results
    made_by, version = result.provenance.code_version, code_version()
    assert [row[1:8] for row in found] == [
        (0, "XG", "camera off", "too warm", "0.1.0", version, 2.5),
        (0, "XR", "analysed", "", made_by, version, 71.25),
        (1, "XG", "no frames", "no frame has tag XG", None, version, None),
        (1, "XR", "analysed", "", made_by, version, None),
    ]
    assert before <= found[0][0] <= found[2][0] <= after
    assert all(0 < row[8] < 30 for row in found)
    assert [row[9:] for row in found[2:]] == [(0, 0), (np.count_nonzero(result.sky.wind_flag == 0), 2)]
