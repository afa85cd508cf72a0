"""The views: right on rows that one can count by hand, for accounts that may only read, and quick."""

import contextlib
import dataclasses
import datetime as dt
import re
from pathlib import Path

import pymysql
import pytest

from airglow.catalogue import RIGHTS, connect, known_migrations, load_night, migrate
from airglow.model.result import Cause

ROOT = Path(__file__).parents[2]
VIEWS = {
    "fpi_last_night",
    "fpi_nights_by_state",
    "fpi_best_sample",
    "fpi_sample",
    "fpi_sample_cause",
    "fpi_horizontal_wind",
    "fpi_night_product",
    "fpi_trouble",
    "fpi_history",
}
UAO, GREEN, MRH = ("uao", "minime05", "XR"), ("uao", "minime05", "XG"), ("mrh", "minime90", "X")
OTHER = ("uao", "minime13", "XR")
MAY_1, MAY_9, MAY_10, MAY_11 = (dt.date(2026, 5, day) for day in (1, 9, 10, 11))
APRIL_30, LAST_YEAR = dt.date(2026, 4, 30), dt.date(2025, 5, 10)


def _rows(connection, sql, *values):
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return list(cursor.fetchall())


def _insert(connection, table, **values):
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
            tuple(values.values()),
        )
    connection.commit()


def _key(which, date):
    return dict(zip(("site", "instrument", "tag"), which, strict=True)) | {"local_date": date}


def _night(connection, which, date, state="analysed", reason="", good=1, updated=None, **values):
    none = dict.fromkeys(("sky_frames", "laser_frames", "rejected_frames", "good_temperatures"), 0)
    updated = updated or dt.datetime(date.year, date.month, date.day, 18)
    columns = {"state": state, "reason": reason, "good_winds": good, "updated_at": updated}
    _insert(connection, "fpi_night", **_key(which, date), **none | columns | values)


def _sample(connection, which, date, number, error=1.0, wind=10.0, flags=(0, 0), causes=0, **values):
    moment = dt.datetime(date.year, date.month, date.day, 22, number)
    times = {"start_time": moment, "mid_time": moment, "exposure_s": 60, "direction": "North"}
    columns = {"line_of_sight_wind_mps": wind, "wind_error_mps": error, "causes": causes}
    flagged = dict(zip(("wind_flag", "temperature_flag"), flags, strict=True))
    named = {"sample_number": number, "frame": f"{number}.hdf5"}
    _insert(
        connection, "fpi_sky_sample", **_key(which, date), **named, **times, **columns, **flagged, **values
    )


@pytest.fixture
def nights(database):
    """Six nights of four series."""
    _night(database, UAO, MAY_10, good=2)
    _night(database, UAO, MAY_11, "camera off", "95 % of the frames are warm", good=0)
    _night(database, GREEN, MAY_9, good=0, sky_frames=40, rejected_frames=3)
    _night(database, MRH, APRIL_30)
    _night(database, MRH, MAY_1)
    _night(database, OTHER, LAST_YEAR)
    return database


@pytest.fixture(params=["on the views", "on the database"])
def reader(request, mariadb, database, settings):
    """An account with SELECT and nothing else."""
    name = settings.database
    with mariadb.connect_as_root() as root, root.cursor() as cursor:
        cursor.execute("CREATE USER 'reader'@'%' IDENTIFIED BY 'word'")
        if request.param == "on the views":
            for view in VIEWS:
                cursor.execute(f"GRANT SELECT ON `{name}`.{view} TO 'reader'@'%'")
        else:
            pattern = name.replace("_", r"\_")
            cursor.execute(f"GRANT SELECT ON `{pattern}`.* TO 'reader'@'%'")
        try:
            with connect(dataclasses.replace(settings, user="reader", password="word")) as connection:
                yield connection
        finally:
            cursor.execute("DROP USER 'reader'@'%'")


def test_these_are_the_views(database):
    found = _rows(database, "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()")
    assert {name for (name,) in found} == VIEWS


def test_who_may_only_read_can_read_every_view(reader, database, make_night):
    load_night(database, *make_night(sky_frames=80))
    load_night(database, *make_night(tags=(), empty_tags=("XR",), date=MAY_10))
    for view in VIEWS:
        assert _rows(reader, f"SELECT * FROM {view}"), view
    with pytest.raises(pymysql.MySQLError, match="denied"):
        _rows(reader, "UPDATE fpi_trouble SET reason = ''")
    with pytest.raises(pymysql.MySQLError, match="denied"):
        _rows(reader, "DELETE FROM fpi_night")


def test_the_questions_of_the_readme_are_answered(reader, database, make_night):
    load_night(database, *make_night(sky_frames=80))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    questions = re.search(r"```sql\n(.*?)```", text, re.S)[1].split(";\n")[:-1]
    assert len(questions) == 3
    for question in questions:
        assert _rows(reader, question), question


def test_readers_of_any_character_set_can_compare_words(nights, reader, settings):
    _sample(nights, UAO, MAY_10, 0, flags=(1, 0), causes=Cause.CLOUDY.mask)
    for charset, collation in (
        ("utf8mb4", "utf8mb4_general_ci"),
        ("utf8mb4", "utf8mb4_spanish_ci"),
        ("latin1", "latin1_swedish_ci"),
    ):
        with reader.cursor() as cursor:
            cursor.execute(f"SET NAMES {charset} COLLATE {collation}")
        found = _rows(
            reader,
            "SELECT sample_number FROM fpi_sample WHERE wind_quality = 'caution'"
            " AND temperature_quality = 'good' AND cause_names LIKE '%CLOUDY%'",
        )
        assert found == [(0,)]


def test_the_last_night_of_each_series(nights):
    _night(nights, GREEN, MAY_11)
    _insert(
        nights, "fpi_site", site="mrh", name="Merihill", latitude_deg=-12, longitude_deg=-77, altitude_m=9
    )
    sql = "SELECT site, instrument, tag, local_date, state, site_name FROM fpi_last_night ORDER BY 1, 2, 3"
    assert _rows(nights, sql) == [
        (*MRH, MAY_1, "analysed", "Merihill"),
        (*GREEN, MAY_11, "analysed", None),
        (*UAO, MAY_11, "camera off", None),
        (*OTHER, LAST_YEAR, "analysed", None),
    ]


def test_nights_by_month_and_state(nights):
    _night(nights, UAO, MAY_1)
    sql = "SELECT month, site, instrument, tag, state, nights, first_date, last_date FROM fpi_nights_by_state"
    assert sorted(_rows(nights, sql)) == [
        (202505, *OTHER, "analysed", 1, LAST_YEAR, LAST_YEAR),
        (202604, *MRH, "analysed", 1, APRIL_30, APRIL_30),
        (202605, *MRH, "analysed", 1, MAY_1, MAY_1),
        (202605, *GREEN, "analysed", 1, MAY_9, MAY_9),
        (202605, *UAO, "analysed", 2, MAY_1, MAY_10),
        (202605, *UAO, "camera off", 1, MAY_11, MAY_11),
    ]


def test_the_best_samples_of_a_month(nights):
    """Those good in wind and temperature, the least error first; no other month, no other year."""
    _night(nights, GREEN, MAY_10)
    _sample(nights, UAO, MAY_10, 0, error=3.0)
    _sample(nights, UAO, MAY_10, 1, error=1.0)
    _sample(nights, UAO, MAY_10, 2, error=0.5, flags=(1, 0))
    _sample(nights, UAO, MAY_10, 3, error=0.4, flags=(0, 1))
    _sample(nights, UAO, MAY_10, 4, error=0.3, wind=None)
    _sample(nights, UAO, MAY_10, 5, error=None)
    _sample(nights, MRH, MAY_1, 0, error=2.0)
    _sample(nights, MRH, APRIL_30, 0, error=0.1)
    _sample(nights, OTHER, LAST_YEAR, 0, error=0.2)
    sql = "SELECT site, local_date, sample_number, wind_error_mps FROM fpi_best_sample WHERE month = 202605"
    best = [("uao", MAY_10, 1, 1.0), ("mrh", MAY_1, 0, 2.0), ("uao", MAY_10, 0, 3.0)]
    assert _rows(nights, sql) == best  # in order, although nobody asked for it
    assert _rows(nights, f"{sql} ORDER BY wind_error_mps LIMIT 1") == best[:1]
    assert _rows(nights, sql.replace("202605", "202604")) == [("mrh", APRIL_30, 0, 0.1)]


def test_the_causes_of_a_sample_in_words(nights):
    last = max(Cause, key=lambda cause: cause.bit)
    _sample(nights, UAO, MAY_10, 0)
    _sample(nights, UAO, MAY_10, 1, flags=(1, 1), causes=Cause.CLOUDY.mask | Cause.DIM_LINE.mask)
    _sample(nights, UAO, MAY_10, 2, flags=(2, 1), causes=Cause.OVERCAST.mask | last.mask)
    named = "SELECT sample_number, wind_quality, temperature_quality, cause_names FROM fpi_sample ORDER BY 1"
    assert _rows(nights, named) == [
        (0, "good", "good", None),
        (1, "caution", "caution", "DIM_LINE, CLOUDY"),
        (2, "bad", "caution", f"OVERCAST, {last.name}"),
    ]
    flags = "raises_wind_flag, raises_temperature_flag"
    single = f"SELECT sample_number, cause, meaning, {flags} FROM fpi_sample_cause"
    expected = [(1, Cause.DIM_LINE), (1, Cause.CLOUDY), (2, Cause.OVERCAST), (2, last)]
    assert sorted(_rows(nights, single)) == sorted(
        (number, cause.name, cause.meaning, cause.wind, cause.temperature) for number, cause in expected
    )


def test_every_cause_fits_into_the_words(nights):
    """MySQL cuts what it joins at 1,024 bytes."""
    _sample(nights, UAO, MAY_10, 0, flags=(2, 2), causes=sum(cause.mask for cause in Cause))
    ((words,),) = _rows(nights, "SELECT cause_names FROM fpi_sample")
    assert words == ", ".join(cause.name for cause in sorted(Cause, key=lambda cause: cause.bit))
    assert len(words.encode()) < 1024


def test_horizontal_winds_with_names(nights):
    place = {"name": "Urbana", "latitude_deg": 40.1, "longitude_deg": -88.2, "altitude_m": 200}
    _insert(nights, "fpi_site", site="uao", **place)
    moment = dt.datetime(2026, 5, 11, 3)
    times = {"start_time": moment, "mid_time": moment, "stop_time": moment}
    own = {
        "zonal_time": moment + dt.timedelta(seconds=97),
        "meridional_time": moment - dt.timedelta(seconds=5),
    }
    wind = {"zonal_wind_mps": 55.5, "zonal_wind_error_mps": 3.5, "meridional_wind_mps": -20.0}
    columns = times | own | wind | {"samples": 5, "directions": 4, "flag": 0, "causes": 0, "reason": ""}
    reason = "too few directions for the zonal, meridional and vertical wind"
    missing = times | {
        "samples": 1,
        "directions": 1,
        "flag": 2,
        "causes": Cause.CLOUDY.mask,
        "reason": reason,
    }
    _insert(nights, "fpi_cycle_wind", **_key(UAO, MAY_10), cycle_number=0, **columns)
    _insert(nights, "fpi_cycle_wind", **_key(MRH, MAY_1), cycle_number=0, **missing)
    sql = (
        "SELECT site_name, site_latitude_deg, zonal_wind_mps, meridional_wind_mps, vertical_wind_mps,"
        " samples, directions, quality, cause_names, reason FROM fpi_horizontal_wind ORDER BY site DESC"
    )
    assert _rows(nights, sql) == [
        ("Urbana", 40.1, 55.5, -20.0, None, 5, 4, "good", None, ""),
        (None, None, None, None, None, 1, 1, "bad", "CLOUDY", reason),
    ]
    sql = "SELECT zonal_time, meridional_time, vertical_time FROM fpi_horizontal_wind ORDER BY site DESC"
    assert _rows(nights, sql) == [(*own.values(), moment), (moment, moment, moment)]


def test_the_products_of_a_night(nights):
    for which, date, name in (
        (UAO, MAY_10, "minime05_uao_20260510_xr.nc"),
        (UAO, MAY_10, "minime05_uao_20260510_xr_winds.png"),
        (MRH, MAY_1, "minime90_mrh_20260501.nc"),
        (MRH, MAY_1, "minime90_mrh_20260501_diagnostics.png"),
    ):
        where = {"object_key": f"Results/2026/{name}", "size_bytes": 7, "sha256": "ab" * 32}
        _insert(nights, "fpi_product", **_key(which, date), name=name, **where)
    _night(nights, GREEN, MAY_10)
    sql = "SELECT suffix, object_key, size_bytes, sha256 FROM fpi_night_product WHERE site = %s ORDER BY name"
    assert _rows(nights, sql, "uao") == [
        (".nc", "Results/2026/minime05_uao_20260510_xr.nc", 7, "ab" * 32),
        ("_winds.png", "Results/2026/minime05_uao_20260510_xr_winds.png", 7, "ab" * 32),
    ]
    assert [row[0] for row in _rows(nights, sql, "mrh")] == [".nc", "_diagnostics.png"]


def test_what_could_not_be_analysed_or_has_no_good_wind(nights):
    _night(nights, OTHER, MAY_10, "no frames", "no XR frame", 0, dt.datetime(2026, 9, 1))  # looked at lately
    assert _rows(nights, "SELECT instrument, tag, local_date, state, reason FROM fpi_trouble") == [
        ("minime13", "XR", MAY_10, "no frames", "no XR frame"),
        ("minime05", "XR", MAY_11, "camera off", "95 % of the frames are warm"),
        ("minime05", "XG", MAY_9, "analysed", "none of 40 winds is good; 3 frames took no part"),
    ]
    lately = "SELECT instrument FROM fpi_trouble WHERE updated_at > '2026-08-25'"
    assert _rows(nights, lately) == [("minime13",)]


def test_history_says_which_load_made_what_is_there(nights):
    first, second = dt.datetime(2026, 5, 10, 18), dt.datetime(2026, 5, 11, 18)
    columns = {"reason": "", "sky_frames": 9, "laser_frames": 3}
    old = {"load_id": "a" * 32, "loaded_at": first, "state": "analysed", "code_version": "0.1", **columns}
    new = {"load_id": "b" * 32, "loaded_at": second, "state": "camera off", **columns, "loaded_by": "0.2"}
    _insert(nights, "fpi_load", **_key(UAO, MAY_11), **old, analysis_s=80.5)
    _insert(nights, "fpi_load", **_key(UAO, MAY_11), **new, load_s=0.1)
    _night(nights, GREEN, MAY_11, updated=second)
    sql = (
        "SELECT loaded_at, state, is_current, code_version, loaded_by, analysis_s, load_s FROM fpi_history"
        " WHERE site = 'uao' AND local_date = '2026-05-11' ORDER BY loaded_at"
    )
    assert _rows(nights, sql) == [
        (first, "analysed", 0, "0.1", None, 80.5, None),
        (second, "camera off", 1, None, "0.2", None, 0.1),
    ]


def test_views_whose_definer_is_gone_are_made_again(mariadb, database, settings):
    """As after a restore, or a change of accounts, in the way of airglow/catalogue/README.md."""
    text = (ROOT / "airglow/catalogue/README.md").read_text(encoding="utf-8")
    (again,) = re.findall(r"^DELETE FROM .*(?=;$)", text, re.M)
    assert f"GRANT {RIGHTS} ON" in text
    pattern = settings.database.replace("_", r"\_")
    with mariadb.connect_as_root() as root, root.cursor() as cursor, contextlib.ExitStack() as stack:
        for user in ("before", "after"):
            cursor.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'word'")
            cursor.execute(f"GRANT ALL ON `{pattern}`.* TO '{user}'@'%'")
            stack.callback(cursor.execute, f"DROP USER IF EXISTS '{user}'@'%'")
        remade = [m.name for m in known_migrations()[4:]]
        for user in ("before", "after"):
            with connect(dataclasses.replace(settings, user=user, password="word")) as connection:
                if user == "after":  # MariaDB says to an account like this one that it is denied
                    with pytest.raises(pymysql.MySQLError, match=r"definer|denied"):
                        _rows(connection, "SELECT * FROM fpi_last_night")
                with connection.cursor() as own:
                    own.execute(again)
                connection.commit()
                assert migrate(connection) == remade
                assert _rows(connection, "SELECT * FROM fpi_last_night") == []
            cursor.execute(f"DROP USER '{user}'@'%'")


NIGHTS, SAMPLES = 600, 12
QUESTIONS = {  # what is asked of each view, and how many rows the server may read for it
    "fpi_last_night": ("site = 'mrh'", 100),
    "fpi_nights_by_state": ("month = 202602", 300),
    "fpi_best_sample": ("month = 202602", 5000),
    "fpi_sample": ("site = 'uao' AND local_date = '2026-02-03'", 1500),
    "fpi_sample_cause": ("site = 'uao' AND local_date = '2026-02-03'", 1500),
    "fpi_horizontal_wind": ("site = 'uao' AND mid_time BETWEEN '2026-02-03' AND '2026-02-04'", 1500),
    "fpi_night_product": ("site = 'uao' AND local_date = '2026-02-03'", 100),
    "fpi_trouble": ("updated_at > '2026-05-27'", 100),
    "fpi_history": ("site = 'uao' AND local_date = '2026-02-03'", 100),
}


def _fill(connection):
    """Nights of four instruments, each with samples, cycles, products and a load."""
    tables = ("fpi_sky_sample", "fpi_cycle_wind", "fpi_product", "fpi_load")
    places = [("uao", f"minime{n:02d}", "XR") for n in range(3)] + [MRH]
    rows = {table: [] for table in ("fpi_night", *tables)}
    for n in range(NIGHTS):
        which = places[n % 4]
        date = dt.date(2026, 1, 1) + dt.timedelta(n // 4)
        moment = dt.datetime(date.year, date.month, date.day, 12)
        key = _key(which, date)
        counts = {"sky_frames": SAMPLES, "laser_frames": 0, "rejected_frames": 0}
        good = {"good_winds": 0 if n % 9 == 0 else 5, "good_temperatures": 5}
        columns = {"state": "analysed", "reason": ""}
        rows["fpi_night"].append(key | counts | good | columns | {"updated_at": moment})
        load = {"load_id": f"{n:032d}", "loaded_at": moment, "sky_frames": SAMPLES, "laser_frames": 0}
        rows["fpi_load"].append(key | columns | load)
        for k in range(SAMPLES):
            time = moment + dt.timedelta(minutes=k)
            times = {"start_time": time, "mid_time": time}
            sample = {"sample_number": k, "frame": str(k), "exposure_s": 60, "direction": "North"}
            flags = {"wind_flag": 0, "temperature_flag": 0, "causes": 1}
            wind = {"line_of_sight_wind_mps": 1.0, "wind_error_mps": 1.0}
            rows["fpi_sky_sample"].append(key | times | sample | flags | wind)
            cycle = {"cycle_number": k, "stop_time": time, "samples": 1, "directions": 1}
            rows["fpi_cycle_wind"].append(key | times | cycle | {"flag": 0, "causes": 1, "reason": ""})
            rows["fpi_product"].append(key | {"name": f"minime_{n}_{k}"})
    with connection.cursor() as cursor:
        for table, its in rows.items():
            names = list(its[0])
            marks = ", ".join(["%s"] * len(names))
            sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
            cursor.executemany(sql, [tuple(row.values()) for row in its])
        connection.commit()
        cursor.execute(f"ANALYZE TABLE {', '.join(rows)}")


def test_a_view_reads_what_it_is_asked_for_and_not_the_whole_table(database):
    _fill(database)
    for view, (condition, enough) in QUESTIONS.items():
        with database.cursor() as cursor:
            before = _read(cursor)
            cursor.execute(f"SELECT * FROM {view} WHERE {condition}")
            found = len(cursor.fetchall())
            read = _read(cursor) - before
        assert 0 < found <= read < enough, f"{view}: {read} rows read for {found}"


def _read(cursor):
    """Rows that the server has read for this session, also from tables of its own."""
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
    return sum(int(value) for _, value in cursor.fetchall())
