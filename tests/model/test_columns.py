"""The table of columns: it has every field of a result, and the database has what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from results import example_result

from airglow.catalogue import connect, migrate, settings_from_environment
from airglow.model.columns import CLASSES, DATABASE_TABLES, all_columns, columns_of
from airglow.model.summary import summary

# Fields that are no columns: what a result is made of, and what products hold as attributes or by themselves.
NO_COLUMNS = {
    "cycles": {"assumption"},
    "temperatures": {"probe", "logger"},  # names of a group and an attribute
    "parameters": {"gap_variance", "gap_third_moment"},  # columns in metres have these
    "result": {
        *("instrument", "site", "date", "tag", "site_name", "site_timezone", "notes", "provenance"),
        *("site_latitude_deg", "site_longitude_deg", "site_altitude_m", "rejections"),
        *("sky", "laser", "instrument_parameters", "doppler_reference", "cycles", "smooth_winds"),
        *("sky_profiles", "laser_profiles", "temperatures"),
    },
}
COMPUTED = {
    "sky": {"mid_time"},
    "laser": {"mid_time"},
    "parameters": {"gap_variance_m2", "gap_third_moment_m3"},
    "wind_model": {"cycle_winds", "cycle_assumption", "smooth_winds"},
}
# Columns of the database that say of which night a row is, and what came of its load.
KEYS = {"site", "local_date", "instrument", "tag"}
OTHERS = {
    "fpi_night": {"month", "state", "reason", "updated_at"},
    "fpi_sky_sample": {"sample_number"},
    "fpi_laser_sample": {"sample_number"},
    "fpi_cycle_wind": {"cycle_number"},
    "fpi_rejection": {"rejection_number"},
}


def _fields(of):
    return {field.name for field in dataclasses.fields(of)}


@pytest.mark.parametrize("of", dict.fromkeys(CLASSES.values()))
def test_every_field_has_a_row_and_every_row_a_field(of):
    tables = [table for table, each in CLASSES.items() if each is of]
    rows = [column.field for table in tables for column in columns_of(table)]
    assert len(rows) == len(set(rows))
    none, computed = (
        set().union(*(some.get(table, ()) for table in tables)) for some in (NO_COLUMNS, COMPUTED)
    )
    assert set(rows) - computed == _fields(of) - none


@pytest.mark.parametrize("table", ["sky", "laser", "cycles", "smooth_winds", "profiles", "temperatures"])
def test_types_are_those_of_a_result(table):
    result = example_result(6, 3, annuli=4)
    of = result.sky_profiles if table == "profiles" else getattr(result, table)
    of = of[0] if table == "temperatures" else of
    for column in columns_of(table):
        value = getattr(of, column.field)
        if column.dtype == "str":
            assert isinstance(value, tuple), column.field
        else:
            assert value.dtype == np.dtype(column.dtype), column.field


def test_types_of_the_summary_are_those_of_the_table():
    night = summary(example_result(6, 3))
    kinds = {"int32": int, "float64": float, "datetime64[us]": object}
    for column in columns_of("summary"):
        assert isinstance(getattr(night, column.field), kinds[column.dtype]), column.field


def test_every_row_says_what_it_means():
    for column in all_columns():
        assert column.table in CLASSES
        assert column.meaning, column
        assert bool(column.database) == bool(column.sql_type), column
        assert bool(column.netcdf) == bool(column.stored), column
        assert not column.old_database or column.database
        assert not column.old_netcdf or column.netcdf


def test_names_are_used_once():
    for table in CLASSES:
        names = [c.netcdf for c in columns_of(table) if c.netcdf]
        assert len(names) == len(set(names))
    names = [(DATABASE_TABLES[c.table], c.database) for c in all_columns() if c.database]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def schema(mariadb):
    """The columns of each table of the database: type, whether it may be NULL, comment, whether computed."""
    mariadb.create_database("airglow_columns")
    connection = connect(settings_from_environment(mariadb.environment("airglow_columns")))
    migrate(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, column_type, is_nullable, column_comment, collation_name, extra"
            " FROM information_schema.columns WHERE table_schema = 'airglow_columns'"
        )
        found = {}
        for table, name, *rest in cursor.fetchall():
            found.setdefault(table, {})[name] = rest
    connection.close()
    return found


@pytest.mark.parametrize("table", sorted(set(DATABASE_TABLES.values())))
def test_the_database_is_as_the_table_says(schema, table):
    rows = [c for c in all_columns() if c.database and DATABASE_TABLES[c.table] == table]
    old = {c.old_database: c for c in rows if c.old_database}
    found = schema[table]
    assert set(found) == {c.database for c in rows} | set(old) | KEYS | OTHERS.get(table, set())
    for column in rows:
        sql_type, nullable, comment, collation, extra = found[column.database]
        binary = " COLLATE utf8mb4_bin" if collation == "utf8mb4_bin" else ""
        null = "NULL" if nullable == "YES" else "NOT NULL"
        described = f"{_spelled(sql_type)}{binary} {null}"
        assert described == column.sql_type, column.database
        assert comment == column.database_comment, column.database
        assert extra == "", column.database
    for name, column in old.items():
        sql_type, _, comment, _, extra = found[name]
        assert _spelled(sql_type) == column.sql_type.removesuffix(" NULL")
        assert comment == f"deprecated: use {column.database}"
        assert "VIRTUAL" in extra.upper()


def _spelled(sql_type):
    """As we write types: the server adds how wide a number is shown, and has BOOLEAN as a small number."""
    sql_type = {"tinyint(1)": "boolean"}.get(sql_type, sql_type).upper()
    for kind in ("TINYINT", "INT"):
        if sql_type.startswith(f"{kind}("):
            return f"{kind} UNSIGNED"
    return sql_type
