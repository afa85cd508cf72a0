"""While nights are loaded again and again, whoever reads sees one whole load: never half, never two."""

import contextlib
import threading

import pytest

from airglow.catalogue import connect, load_night

LOADS = 40
COUNTED = (
    "fpi_night",
    "fpi_sky_sample",
    "fpi_laser_sample",
    "fpi_cycle_wind",
    "fpi_smooth_wind",
    "fpi_wind_model",
    "fpi_rejection",
    "fpi_product",
)
QUESTIONS = (  # each is one value; together they tell one load from the other, and from half of one
    *(f"SELECT COUNT(*) FROM {table}" for table in COUNTED),
    "SELECT SUM(sky_frames) FROM fpi_night",
    "SELECT MAX(mid_time) FROM fpi_sky_sample",
    "SELECT GROUP_CONCAT(DISTINCT StopUTTime) FROM DataSet",
    "SELECT COUNT(DISTINCT SummaryImage) FROM DataSet",
)


def _in_one_statement(cursor):
    cursor.execute(f"SELECT {', '.join(f'({question})' for question in QUESTIONS)}")
    return cursor.fetchone()


def _in_one_transaction(cursor):
    answers = []
    cursor.execute("START TRANSACTION")
    for question in QUESTIONS:
        cursor.execute(question)
        answers.append(cursor.fetchone()[0])
    cursor.execute("COMMIT")
    return tuple(answers)


@pytest.mark.parametrize(
    ("isolation", "look"),
    [
        ("REPEATABLE READ", _in_one_statement),
        ("REPEATABLE READ", _in_one_transaction),
        ("READ COMMITTED", _in_one_statement),
    ],
)
def test_readers_see_whole_nights(database, settings, make_night, isolation, look):
    """Half of the loads have one tag fewer, other numbers of everything, and another end of the night."""
    nights = [
        make_night("minime13", tags=("XG", "XR"), sky_frames=12, laser_frames=4),
        make_night("minime13", tags=("XR",), empty_tags=("XG",), sky_frames=7, laser_frames=2),
    ]
    with contextlib.ExitStack() as stack:
        reader, other = (stack.enter_context(connect(settings)) for _ in range(2))
        cursor = stack.enter_context(reader.cursor())
        cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
        reader.autocommit(True)
        load_night(database, *nights[0])
        whole = [look(cursor)]
        load_night(database, *nights[1])
        whole.append(look(cursor))
        assert whole[0] != whole[1]
        problems = []

        def load():
            try:
                for n in range(LOADS):
                    load_night(other, *nights[n % 2])
            except Exception as problem:
                problems.append(problem)

        thread = threading.Thread(target=load)
        thread.start()
        seen = []
        while thread.is_alive():
            seen.append(look(cursor))
        thread.join()
    assert problems == []
    assert [answer for answer in seen if answer not in whole] == []
    assert {whole.index(answer) for answer in seen} == {0, 1}
    assert len(seen) > LOADS


def test_before_the_first_load_there_is_nothing_and_then_all(database, settings, make_night):
    night = make_night()
    with connect(settings) as reader, reader.cursor() as cursor:
        reader.autocommit(True)
        empty = _in_one_statement(cursor)
        thread = threading.Thread(target=load_night, args=(database, *night))
        thread.start()
        seen = [empty]
        while thread.is_alive():
            seen.append(_in_one_statement(cursor))
        thread.join()
        whole = _in_one_statement(cursor)
    assert empty[:2] == (0, 0)
    assert whole[:2] == (1, 12)
    assert set(seen) <= {empty, whole}
