"""The website's table: one row for each summary image, found by the image, never a second one."""

import dataclasses
import datetime as dt

import pytest

from airglow.catalogue import load_night

COLUMNS = "Site, Instrument, StartUTTime, StopUTTime, SummaryImage, SummaryMovie, LogFile"


def _data_set(connection, columns=COLUMNS):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM DataSet ORDER BY Instrument, SummaryImage")
        return list(cursor.fetchall())


def test_a_row_for_each_image_with_the_numbers_of_the_website(database, make_night):
    night = make_night("minime13", tags=("XG", "XR"))
    assert load_night(database, *night)["data_set"] == {"inserted": 6, "updated": 0}
    rows = _data_set(database)
    assert [(row[0], row[1], row[4], row[6]) for row in rows] == [
        (6, number, f"SummaryImages/2026/{stem}{kind}.png", f"SummaryLogs/{stem}_log.log")
        for number, stem, kind in [
            (139, "minime13_uao_20260511_xr", "_winds"),
            (140, "minime13_uao_20260511_xr", "_temperature"),
            (141, "minime13_uao_20260511_xg", "_winds"),
            (142, "minime13_uao_20260511_xg", "_temperature"),
            (143, "minime13_uao_20260511_xg", "_diagnostics"),
            (143, "minime13_uao_20260511_xr", "_diagnostics"),
        ]
    ]
    assert all(row[5] is None for row in rows)


def test_times_are_utc_from_the_first_exposure_to_the_end_of_the_last(database, make_night):
    night = make_night()
    sky = night.results[0].sky
    load_night(database, *night)
    last = sky.start_time[-1].item() + dt.timedelta(seconds=sky.exposure_s[-1])
    for row in _data_set(database):
        assert abs(row[2] - sky.start_time[0].item()) <= dt.timedelta(seconds=0.5)
        assert abs(row[3] - last) <= dt.timedelta(seconds=0.5)


def test_an_existing_row_is_updated_and_keeps_what_is_not_ours(database, make_night):
    image = "SummaryImages/2026/minime05_uao_20260511_xr_winds.png"
    with database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO DataSet (id, {COLUMNS})"
            " VALUES (977, 1, 2, '2000-01-01', '2000-01-02', %s, 'm.mp4', 'x')",
            (image,),
        )
        database.commit()
    record = load_night(database, *make_night())
    assert record["data_set"] == {"inserted": 2, "updated": 1}
    rows = [row for row in _data_set(database, f"id, {COLUMNS}") if row[5] == image]
    assert len(rows) == 1
    assert rows[0][:3] == (977, 6, 72)
    assert rows[0][3].year == 2026
    assert rows[0][6:] == ("m.mp4", "SummaryLogs/minime05_uao_20260511_xr_log.log")


def test_a_table_as_old_as_the_website_is_good_enough(database, administrator, make_night):
    """Without transactions, without an index on the image, without utf8mb4."""
    with administrator.cursor() as cursor:
        cursor.execute("DROP TABLE DataSet")
        cursor.execute(
            "CREATE TABLE DataSet (id INT AUTO_INCREMENT PRIMARY KEY, Site INT, Instrument INT,"
            " StartUTTime DATETIME, StopUTTime DATETIME, SummaryImage VARCHAR(99), SummaryMovie VARCHAR(99),"
            " LogFile VARCHAR(99))"
            " ENGINE=MyISAM CHARSET=latin1"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON fpi_product FOR EACH ROW"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'refused'"
        )
    with pytest.raises(Exception, match="refused"):
        load_night(database, *make_night())
    assert _data_set(database) == []  # it is written last: a failure before leaves it alone
    with administrator.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse")
    load_night(database, *make_night())
    load_night(database, *make_night())
    assert len(_data_set(database)) == 3


@pytest.mark.parametrize(
    ("change_site", "change_ids", "images", "note"),
    [
        ({"database_site_id": None}, {}, 0, "uao has no database_site_id"),
        ({}, {"winds": None}, 2, "minime05 has no database id for winds"),
        ({}, {"winds": None, "temperatures": None, "diagnostics": None}, 0, "no database id for diagnostics"),
    ],
)
def test_what_the_website_does_not_know_is_noted(database, make_night, change_site, change_ids, images, note):
    night = make_night()
    site = dataclasses.replace(night.site, **change_site)
    ids = dataclasses.replace(night.instrument.database_ids, **change_ids)
    instrument = dataclasses.replace(night.instrument, database_ids=ids)
    record = load_night(database, night.results, night.outcomes, site, instrument)
    assert len(_data_set(database)) == images
    assert any(note in words for words in record["notes"])
    assert record["rows"]["fpi_sky_sample"] == 12


def test_only_images_that_exist_are_shown(database, make_night):
    night = make_night()
    outcome = {**night.outcomes[0], "products": ["minime05_uao_20260511_xr_winds.png"]}
    load_night(database, night.results, (outcome,), night.site, night.instrument)
    assert [row[1] for row in _data_set(database)] == [72]
