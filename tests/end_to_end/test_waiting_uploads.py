"""Uploads that lie in ``raw/`` for months, each of which an hourly run is not to ask for again."""

import datetime as dt

from uploading import part_key, receipt

from airglow.uploads import MEMORY, NightId

from .conftest import Place

MANY = 30  # of each: with a request for each upload a run would ask far more than it may


def test_a_second_run_over_many_errors_and_half_uploads_asks_little(place: Place) -> None:
    for number in range(MANY):
        day = dt.timedelta(days=number)
        without_data = NightId("minime05", "uao", dt.date(2025, 1, 1) + day)
        place.store.put_bytes(without_data.receipt_key, receipt(without_data, 0, 0))
        half = NightId("minime05", "uao", dt.date(2026, 1, 1) + day)
        place.store.put_bytes(half.receipt_key, receipt(half, 17, 87647090))
        place.store.put_bytes(part_key(half, 0), b"x")
    first = place.clone.hourly()
    assert first.code == 0, first.text
    assert first.text.count("collection error") >= MANY, first.text
    assert (place.clone.directory / "work" / MEMORY).exists()
    place.front.forget()
    second = place.clone.hourly()
    requests = list(place.front.requests)
    assert second.code == 0, second.text
    assert second.text.count("collection error") >= MANY, second.text
    # the bucket, and three lists: raw objects, markers, pages
    assert len(requests) <= 5, requests
