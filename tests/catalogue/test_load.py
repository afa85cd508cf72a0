"""Nights in the database: every value, replaced and never doubled, whole or not at all."""

import dataclasses
import datetime as dt
import threading
import time

import numpy as np
import pytest

from airglow.catalogue import connect, load_night
from airglow.model.errors import CatalogueError
from airglow.model.result import ANALYSED
from airglow.night import folder

OURS = (
    "fpi_night",
    "fpi_sky_sample",
    "fpi_laser_sample",
    "fpi_cycle_wind",
    "fpi_smooth_wind",
    "fpi_wind_model",
    "fpi_rejection",
    "fpi_product",
    "DataSet",
)
FAST = {"attempts": 3, "pause_s": 0.05}


def _rows(connection, sql, *values):
    connection.rollback()  # see what others have committed
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def _counts(connection):
    return {table: _rows(connection, f"SELECT COUNT(*) FROM {table}")[0][0] for table in OURS}


def _everything(connection):
    """All rows but the moment at which they were written."""
    names = {table: [row[0] for row in _rows(connection, f"SHOW COLUMNS FROM {table}")] for table in OURS}
    names["fpi_night"].remove("updated_at")
    return {table: _rows(connection, f"SELECT {', '.join(names[table])} FROM {table}") for table in OURS}


def test_samples_come_back_to_the_bit(database, make_night):
    night = make_night(sky_frames=80)  # so many that the example has NaN in it
    (result,) = night.results
    load_night(database, *night)
    names = (
        "line_of_sight_wind_mps",
        "temperature_k",
        "gap_m",
        "sky_minus_ambient_mean_c",
        "wind_flag",
        "causes",
    )
    rows = _rows(
        database,
        f"SELECT frame, start_time, mid_time, direction, {', '.join(names)} FROM fpi_sky_sample"
        " WHERE site = 'uao' AND local_date BETWEEN '2026-05-11' AND '2026-05-11' ORDER BY start_time",
    )
    assert tuple(row[0] for row in rows) == result.sky.name
    assert [row[1] for row in rows] == result.sky.start_time.tolist()
    assert [row[2] for row in rows] == result.sky.mid_time.tolist()
    assert tuple(row[3] for row in rows) == result.sky.direction
    for column, name in enumerate(names, start=4):
        values = getattr(result.sky, name)
        assert [row[column] for row in rows] == [None if np.isnan(v) else v for v in values.tolist()], name
    assert np.isnan(result.sky.temperature_k).any()
    lasers = _rows(database, "SELECT frame, gap_m, gap_error_m, used FROM fpi_laser_sample ORDER BY mid_time")
    laser = result.laser
    expected = zip(
        laser.name, laser.gap_m.tolist(), laser.gap_error_m.tolist(), laser.used.tolist(), strict=True
    )
    assert lasers == list(expected)


def test_every_value_of_a_result_has_a_column(database, make_night):
    (result,) = make_night().results
    tables = {
        "fpi_sky_sample": (result.sky, {"name"}),  # frame
        "fpi_laser_sample": (result.laser, {"name"}),
        "fpi_cycle_wind": (result.cycles, {"assumption"}),  # of the whole night: in fpi_wind_model
    }
    for table, (samples, not_here) in tables.items():
        assert {field.name for field in dataclasses.fields(samples)} - not_here <= _columns(database, table)
    smooth = {field.name for field in dataclasses.fields(result.smooth_winds)}
    smooth = smooth - {"time", "reason", "assumption"} | {"mid_time", "smooth_reason", "smooth_assumption"}
    assert smooth <= _columns(database, "fpi_smooth_wind") | _columns(database, "fpi_wind_model")


def _columns(connection, table):
    return {row[0] for row in _rows(connection, f"SHOW COLUMNS FROM {table}")}


def test_a_night_says_what_it_is_and_what_made_it(database, make_night):
    night = make_night()
    (result,) = night.results
    products = [
        {"tag": "XR", "name": f"{result.stem}.nc", "key": "Results/2026/x.nc", "size": 7, "sha256": "ab"}
    ]
    record = load_night(database, *night, products=products, manifest_sha256="cd" * 32)
    row = _rows(
        database,
        "SELECT state, sky_frames, laser_frames, rejected_frames, first_start, median_wind_error_mps,"
        " doppler_reference_method, doppler_reference_error_mps, input_hash, manifest_sha256, updated_at"
        " FROM fpi_night",
    )[0]
    assert row[:5] == ("analysed", 12, 4, 2, result.sky.start_time[0].item())
    assert row[5] == np.median(result.sky.wind_error_mps)
    assert row[6:10] == (result.doppler_reference.method, 1.63, result.provenance.input_hash, "cd" * 32)
    assert abs(row[10] - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=1)
    known = _rows(database, "SELECT name, size_bytes FROM fpi_product WHERE object_key IS NOT NULL")
    assert known == [(f"{result.stem}.nc", 7)]
    assert record["rows"] == {
        "fpi_night": 1,
        "fpi_sky_sample": 12,
        "fpi_laser_sample": 4,
        "fpi_cycle_wind": len(result.cycles),
        "fpi_smooth_wind": len(result.smooth_winds),
        "fpi_wind_model": 1,
        "fpi_rejection": 2,
        "fpi_product": 5,
    }
    assert record["night"] == "minime05_uao_20260511"


def test_a_tag_without_frames_is_on_record(database, make_night):
    load_night(database, *make_night("minime13", tags=("XR",), empty_tags=("XG",)))
    assert _rows(database, "SELECT tag, state, reason, sky_frames FROM fpi_night ORDER BY tag") == [
        ("XG", "no frames", "no frame has tag XG", 0),
        ("XR", "analysed", "", 12),
    ]


def test_loading_again_changes_nothing_but_the_history(database, make_night):
    night = make_night("minime13", tags=("XG", "XR"))
    load_night(database, *night)
    before = _everything(database)
    assert load_night(database, *night)["data_set"] == {"inserted": 0, "updated": 6}
    assert _everything(database) == before
    history = _rows(database, "SELECT load_id, COUNT(*), MIN(sky_frames) FROM fpi_load GROUP BY load_id")
    assert [row[1:] for row in history] == [(2, 12), (2, 12)]


def test_what_a_reanalysis_no_longer_has_is_gone(database, make_night):
    load_night(database, *make_night("minime13", tags=("XG", "XR")))
    load_night(database, *make_night("minime13", tags=("XR",), empty_tags=("XG",), sky_frames=9))
    counts = _counts(database)
    assert (counts["fpi_night"], counts["fpi_sky_sample"], counts["fpi_laser_sample"]) == (2, 9, 4)
    assert counts["DataSet"] == 6  # the green images are still in the bucket


def test_other_nights_are_left_alone(database, make_night):
    others = (make_night(), make_night("minime13"), make_night(date=dt.date(2026, 5, 12)))
    for night in others:
        load_night(database, *night)
    load_night(database, *make_night(sky_frames=3))
    rows = _rows(
        database,
        "SELECT instrument, local_date, COUNT(*) FROM fpi_sky_sample GROUP BY 1, 2 ORDER BY 1, 2",
    )
    first, second = dt.date(2026, 5, 11), dt.date(2026, 5, 12)
    assert rows == [("minime05", first, 3), ("minime05", second, 12), ("minime13", first, 12)]


def test_a_night_without_a_single_sample_is_no_error(database, make_night):
    record = load_night(database, *make_night(sky_frames=0, laser_frames=0))
    assert _rows(database, "SELECT sky_frames, first_start, median_wind_error_mps FROM fpi_night") == [
        (0, None, None)
    ]
    assert record["data_set"] == {"inserted": 0, "updated": 0}
    assert "no sky samples" in record["notes"][0]


def _refuse_lasers(administrator):
    """From now on the server itself refuses laser rows, which come after the night and its sky samples."""
    with administrator.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON fpi_laser_sample FOR EACH ROW"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'disk of the server on fire'"
        )


def test_a_failure_half_way_changes_nothing(database, administrator, make_night):
    load_night(database, *make_night())
    before = _everything(database)
    history = _rows(database, "SELECT * FROM fpi_load")
    _refuse_lasers(administrator)
    with pytest.raises(CatalogueError, match=r"minime05_uao_20260511: .*on fire; nothing was changed"):
        load_night(database, *make_night(sky_frames=5))
    assert _everything(database) == before
    assert _rows(database, "SELECT * FROM fpi_load") == history


def test_a_value_that_the_schema_forbids_changes_nothing(database, make_night):
    load_night(database, *make_night())
    before = _everything(database)
    night = make_night()
    (result,) = night.results
    flags = result.sky.wind_flag.copy()
    flags[7] = 3
    wrong = dataclasses.replace(result, sky=dataclasses.replace(result.sky, wind_flag=flags))
    with pytest.raises(CatalogueError, match="nothing was changed"):
        load_night(database, (wrong,), *list(night)[1:])
    assert _everything(database) == before


def test_readers_see_the_old_night_or_the_new_one(database, settings, administrator, make_night):
    """While a load is at work, and held up, another session still reads what was there."""
    load_night(database, *make_night())
    with administrator.cursor() as cursor:
        cursor.execute("CREATE TABLE gate (id INT PRIMARY KEY) ENGINE=InnoDB")
        cursor.execute("INSERT INTO gate VALUES (1)")
        cursor.execute(
            "CREATE TRIGGER wait_at_gate BEFORE INSERT ON fpi_laser_sample FOR EACH ROW"
            " UPDATE gate SET id = id WHERE id = 1"
        )
        administrator.begin()
        cursor.execute("SELECT * FROM gate FOR UPDATE")
        loading = threading.Thread(target=load_night, args=(connect(settings), *make_night(sky_frames=5)))
        loading.start()
        _wait_for_lock(administrator)
        assert _counts(database)["fpi_sky_sample"] == 12
        administrator.commit()
    loading.join(300)
    assert _counts(database)["fpi_sky_sample"] == 5


def _wait_for_lock(administrator, seconds=300.0):
    """Wait until a transaction waits for a lock, and return its connection's number."""
    deadline = time.monotonic() + seconds
    with administrator.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
            )
            if found := cursor.fetchall():
                return found[0][0]
            time.sleep(0.1)  # the server refreshes this table ten times a second
    raise AssertionError("no transaction waits for a lock")


def test_a_load_whose_connection_is_killed_is_done_again_and_once(
    mariadb, database, settings, administrator, make_night
):
    load_night(database, *make_night())
    records = []
    with administrator.cursor() as cursor, mariadb.connect_as_root() as killer:
        administrator.begin()
        cursor.execute("SELECT id FROM DataSet FOR UPDATE")  # the load waits at its very end
        night = make_night(sky_frames=5)
        connection = connect(settings)
        loading = threading.Thread(target=lambda: records.append(load_night(connection, *night, pause_s=0.2)))
        loading.start()
        killer.kill(_wait_for_lock(administrator))
        administrator.rollback()
    loading.join(300)
    assert records[0]["rows"]["fpi_sky_sample"] == 5
    assert _counts(database)["fpi_sky_sample"] == 5
    assert _counts(database)["DataSet"] == 3
    assert len(_rows(database, "SELECT * FROM fpi_load")) == 2


def test_a_lock_that_is_never_free_is_an_error_that_changes_nothing(
    database, settings, administrator, make_night
):
    load_night(database, *make_night())
    before = _everything(database)
    connection = connect(settings)
    with connection.cursor() as patience, administrator.cursor() as cursor:
        patience.execute("SET SESSION innodb_lock_wait_timeout = 1")
        administrator.begin()
        cursor.execute("SELECT id FROM DataSet FOR UPDATE")
        with pytest.raises(CatalogueError, match=r"Lock wait timeout.*after 2 attempts; nothing was changed"):
            load_night(connection, *make_night(sky_frames=5), attempts=2, pause_s=0.05)
        administrator.rollback()
    assert _everything(database) == before


def test_a_database_that_went_away_is_an_error_and_not_a_hang(database, administrator, make_night):
    administrator.kill(database.thread_id())
    record = load_night(database, *make_night(), **FAST)
    assert record["rows"]["fpi_night"] == 1


def test_two_loads_of_one_night_at_once_are_one_night(database, settings, make_night):
    records, problems = [], []

    def load(frames):
        try:
            records.append(load_night(connect(settings), *make_night(sky_frames=frames)))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=load, args=(frames,)) for frames in (5, 6, 7, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert problems == []
    assert sorted(s["data_set"]["inserted"] for s in records) == [0, 0, 0, 3]
    counts = _counts(database)
    assert (counts["fpi_night"], counts["DataSet"]) == (1, 3)
    assert counts["fpi_sky_sample"] in (5, 6, 7, 8)


def test_results_and_outcomes_must_be_of_one_night(database, make_night, registry):
    night = make_night()
    other = make_night(date=dt.date(2026, 5, 12))
    cases = [
        (night.results, other.outcomes, "one night at a time"),
        ((), night.outcomes, r"analysed are \['XR'\], but there are results of \[\]"),
        (night.results, night.outcomes * 2, "twice"),
    ]
    for results, outcomes, words in cases:
        with pytest.raises(CatalogueError, match=words):
            load_night(database, results, outcomes, night.site, night.instrument)
    with pytest.raises(CatalogueError, match="is not of minime05 at mrh"):
        load_night(database, night.results, night.outcomes, registry.site("mrh"), night.instrument)
    assert not any(_counts(database).values())


def test_values_are_never_part_of_the_sql(database, make_night):
    night = make_night()
    outcome = {
        **night.outcomes[0],
        "state": "x",
        "reason": "'); DROP TABLE fpi_night; -- 100 % \\",
        "products": [],
    }
    load_night(database, (), (outcome,), night.site, night.instrument)
    assert _rows(database, "SELECT reason FROM fpi_night") == [(outcome["reason"],)]


def test_the_analysis_and_the_load_mean_the_same_by_analysed():
    assert folder.ANALYSED == ANALYSED


def test_a_result_that_was_kept_is_loaded_as_it_was_with_the_reason(database, make_night):
    results, outcomes, site, instrument = make_night("minime13", ("XG", "XR"))
    first = [{**outcome, "manifest_sha256": "a" * 64} for outcome in outcomes]
    load_night(database, results, first, site, instrument, manifest_sha256="a" * 64)
    before = _below_the_night(database)
    kept = {"state": "camera off", "reason": "too warm", "at": "2026-05-12T11:30:00+00:00"}
    later = [
        {**outcome, "manifest_sha256": "b" * 64}
        if outcome["tag"] == "XR"
        else {**outcome, "manifest_sha256": "a" * 64, "kept": kept | {"manifest_sha256": "b" * 64}}
        for outcome in outcomes
    ]
    load_night(database, results, later, site, instrument, manifest_sha256="b" * 64)
    assert _below_the_night(database) == before
    found = _rows(database, "SELECT tag, state, reason, manifest_sha256 FROM fpi_night ORDER BY tag")
    reason = "earlier result kept: the analysis of 2026-05-12 11:30 UTC came to none: camera off, too warm"
    assert found == [("XG", "analysed", reason, "a" * 64), ("XR", "analysed", "", "b" * 64)]
    assert _rows(database, "SELECT tag, state, reason FROM fpi_trouble") == [("XG", "analysed", reason)]
    assert (reason,) in _rows(database, "SELECT reason FROM fpi_history WHERE is_current AND tag = 'XG'")


def _below_the_night(database):
    tables = ("fpi_sky_sample", "fpi_laser_sample", "fpi_cycle_wind", "fpi_smooth_wind", "fpi_product")
    return {table: sorted(_rows(database, f"SELECT * FROM {table}"), key=repr) for table in tables}


def test_a_night_without_any_result_has_its_rows(database, make_night):
    _, outcomes, site, instrument = make_night("minime13", (), ("XG", "XR"))
    record = load_night(database, [], outcomes, site, instrument)
    assert record["tags"] == {"XG": "no frames", "XR": "no frames"}
    assert _rows(database, "SELECT tag, state, reason, sky_frames FROM fpi_night ORDER BY tag") == [
        ("XG", "no frames", "no frame has tag XG", 0),
        ("XR", "no frames", "no frame has tag XR", 0),
    ]
