"""From the tables of an earlier version, with a night in them, to ours: nothing lost, all answered."""

import datetime as dt
import re
from pathlib import Path

import pytest

from airglow.catalogue import connect, known_migrations, load_night, migrate

VERSION_3 = Path(__file__).with_name("version_3.sql")
OLD = (
    "fpi_night",
    "fpi_sky_sample",
    "fpi_laser_sample",
    "fpi_rejection",
    "fpi_product",
    "fpi_load",
    "DataSet",
)
DATE = dt.date(2026, 5, 11)

# Of the files as they were applied to databases that exist: these may never change.
APPLIED = {
    1: "8079a9346292f867b7af156ff3a5aa8314679fda65dce213aa3c43de8cc35fa1",
    2: "31b51437d3085c8079a9463a6c432034762a74aab3147cab88219766336e7230",
    3: "9e8320b611e1e6d46a095849a5247876667af6622829713d046989639c646064",
}


def _rows(connection, sql, *values):
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


@pytest.fixture
def old(settings):
    """A connection to a database as version 3 left it."""
    connection = connect(settings)
    migrate(connection, known_migrations()[:3])
    with connection.cursor() as cursor:
        for statement in VERSION_3.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
    connection.commit()
    yield connection
    connection.close()


@pytest.fixture
def columns(old):
    """The columns that version 3 has, by table."""
    return {table: ", ".join(row[0] for row in _rows(old, f"SHOW COLUMNS FROM {table}")) for table in OLD}


def _content(connection, columns):
    return {table: _rows(connection, f"SELECT {names} FROM {table}") for table, names in columns.items()}


def test_the_files_are_those_that_were_applied():
    assert {m.version: m.sha256 for m in known_migrations() if m.version in APPLIED} == APPLIED


def test_every_row_of_before_is_there_after(old, columns):
    before = _content(old, columns)
    assert {table: len(rows) for table, rows in before.items()} == {
        "fpi_night": 2,
        "fpi_sky_sample": 6,
        "fpi_laser_sample": 2,
        "fpi_rejection": 2,
        "fpi_product": 5,
        "fpi_load": 2,
        "DataSet": 3,
    }
    assert migrate(old) == [m.name for m in known_migrations()[3:]]
    assert _content(old, columns) == before


def test_an_upgraded_database_is_the_same_as_a_new_one(old, mariadb, settings):
    migrate(old)
    mariadb.create_database(f"{settings.database}_new")
    new = connect(settings)
    new.select_db(f"{settings.database}_new")
    migrate(new)

    def schema(connection):
        names = [name for name, kind in _rows(connection, "SHOW FULL TABLES") if kind == "BASE TABLE"]
        return {
            name: re.sub(r" AUTO_INCREMENT=\d+", "", _rows(connection, f"SHOW CREATE TABLE {name}")[0][1])
            for name in names
        }

    assert schema(old) == schema(new)


def test_the_views_answer_for_nights_of_before(old):
    migrate(old)
    last = _rows(old, "SELECT tag, local_date, state, site_name, good_winds FROM fpi_last_night ORDER BY tag")
    assert last == [("XG", DATE, "camera off", None, 0), ("XR", DATE, "analysed", None, 5)]
    assert _rows(
        old, "SELECT state, nights FROM fpi_nights_by_state WHERE month = 202605 ORDER BY state"
    ) == [
        ("analysed", 1),
        ("camera off", 1),
    ]
    good = _rows(old, "SELECT sample_number FROM fpi_sky_sample WHERE wind_flag = 0 AND temperature_flag = 0")
    best = _rows(old, "SELECT sample_number FROM fpi_best_sample WHERE month = 202605")
    assert sorted(best) == sorted(good) != []
    assert len(_rows(old, "SELECT * FROM fpi_sample")) == 6
    assert len(_rows(old, "SELECT * FROM fpi_night_product WHERE object_key IS NOT NULL")) == 5
    assert _rows(old, "SELECT tag, state FROM fpi_trouble") == [("XG", "camera off")]
    history = "SELECT tag, is_current, code_version, loaded_by, load_s FROM fpi_history ORDER BY tag"
    assert _rows(old, history) == [("XG", 1, None, None, None), ("XR", 1, "0.1.0", None, None)]
    assert _rows(old, "SELECT * FROM fpi_horizontal_wind") == []  # nobody wrote them down then


def test_a_load_of_a_night_of_before_replaces_it_and_fills_what_is_new(old, make_night):
    migrate(old)
    night = make_night("minime13", tags=("XR",), empty_tags=("XG",), date=DATE, sky_frames=18)
    load_night(old, *night)
    (result,) = night.results
    counts = {
        table: _rows(old, f"SELECT COUNT(*) FROM {table}")[0][0]
        for table in (*OLD, "fpi_cycle_wind", "fpi_smooth_wind", "fpi_wind_model", "fpi_site")
    }
    assert counts == {
        "fpi_night": 2,
        "fpi_sky_sample": 18,
        "fpi_laser_sample": 4,
        "fpi_rejection": 2,
        "fpi_product": 5,
        "fpi_load": 4,
        "DataSet": 3,
        "fpi_cycle_wind": len(result.cycles),
        "fpi_smooth_wind": len(result.smooth_winds),
        "fpi_wind_model": 1,
        "fpi_site": 1,
    }
    current = _rows(old, "SELECT loaded_by IS NULL, is_current FROM fpi_history ORDER BY loaded_at")
    assert sorted(current) == [(0, 1), (0, 1), (1, 0), (1, 0)]
    assert _rows(old, "SELECT DISTINCT site_name FROM fpi_last_night") == [
        ("Urbana Atmospheric Observatory",)
    ]


RENAMED = {
    ("fpi_sky_sample", "tangent_latitude_deg"): "pierce_latitude_deg",
    ("fpi_sky_sample", "tangent_longitude_deg"): "pierce_longitude_deg",
    ("fpi_sky_sample", "tangent_height_m"): "pierce_height_m",
    ("fpi_sky_sample", "tangent_azimuth_deg"): "pierce_azimuth_deg",
    ("fpi_sky_sample", "tangent_zenith_deg"): "pierce_zenith_deg",
    ("fpi_sky_sample", "wind_zero_error_mps"): "wind_reference_error_mps",
    ("fpi_sky_sample", "zero_mps"): "doppler_reference_mps",
    ("fpi_night", "zero_method"): "doppler_reference_method",
    ("fpi_night", "zero_mps"): "doppler_reference_mps",
    ("fpi_night", "zero_error_mps"): "doppler_reference_error_mps",
    ("fpi_night", "shape_source"): "instrument_parameters_source",
    ("fpi_night", "magnification_rad_per_pixel"): "plate_scale_rad_per_pixel",
    ("fpi_night", "magnification_error_rad_per_pixel"): "plate_scale_error_rad_per_pixel",
}


def test_a_column_has_its_old_name_as_well(old):
    before = {key: _rows(old, f"SELECT {key[1]} FROM {key[0]}") for key in RENAMED}
    migrate(old)
    for (table, name), new in RENAMED.items():
        assert _rows(old, f"SELECT {name} FROM {table}") == before[table, name]
        assert _rows(old, f"SELECT {new} FROM {table}") == before[table, name]
        assert {row[0] for row in before[table, name]} != {None} or name.startswith("tangent"), name
    assert _rows(
        old, "SELECT zero_method, doppler_reference_method FROM fpi_last_night WHERE tag = 'XR'"
    ) == [(_rows(old, "SELECT zero_method FROM fpi_night WHERE tag = 'XR'")[0][0],) * 2]


def _execute(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.commit()


def test_a_change_of_names_that_was_killed_begins_again(old, columns):
    """After each of its statements; also once the files before it have been run again, as for new views."""
    migrate(old, known_migrations()[:6])
    before = _content(old, columns)
    statements = next(m for m in known_migrations() if m.version == 7).statements
    for k in range(len(statements) + 1):
        _execute(old, statements[:k])
    _execute(old, [s for m in known_migrations() if m.version in (3, 4, 5, 6) for s in m.statements])
    migrate(old)
    assert _content(old, columns) == before
    assert _rows(old, "SELECT zero_method FROM fpi_last_night") != []
