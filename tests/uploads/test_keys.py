"""Names of objects say what they are; what is named otherwise says why it is none of ours."""

import datetime as dt

import pytest
from uploading import MINIME05

from airglow.model.errors import BadInput
from airglow.uploads import (
    NightId,
    RawPart,
    RawReceipt,
    UnrecognisedObject,
    WeatherFile,
    cloud_file,
    first_part,
    parse_raw_key,
)


def test_a_night_and_its_names():
    assert MINIME05.name == "minime05_uao_20260429"
    assert MINIME05.upload == "fpi05_uao_20260429"
    assert first_part(MINIME05) == "fpi05_uao_20260429.tar.gz000000"
    assert MINIME05.frames_prefix == "fpi/minime05/uao/2026/20260429/"
    assert MINIME05.manifest_key == "state/minime05/uao/2026/20260429/manifest.json"
    assert MINIME05.pending_key == "state/pending/minime05_uao_20260429.json"
    assert NightId.parse(MINIME05.name) == MINIME05


@pytest.mark.parametrize("name", ["minime05_uao", "fpi05_uao_20260429", "minime05_uao_20260230", "../x", ""])
def test_not_a_night(name: str):
    with pytest.raises(BadInput, match="not a"):
        NightId.parse(name)


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("raw/fpi05_uao_20260429.txt", RawReceipt(MINIME05)),
        ("raw/fpi05_uao_20260429.tar.gz000016", RawPart(MINIME05, 16)),
        ("raw/Cloud_uao_20260429.txt", cloud_file("uao", MINIME05.date)),
        (
            "raw/TempL01_uao_20260429.txt",
            WeatherFile("temperature", "uao", dt.date(2026, 4, 29), "TempL01_uao_20260429.txt"),
        ),
        ("raw/fpi77_uao_20260429.txt", RawReceipt(NightId.parse("minime77_uao_20260429"))),
    ],
)
def test_raw_keys(key: str, meaning):
    assert parse_raw_key(key) == meaning


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("raw/fpi05_uao_20260230.txt", "20260230 is not a date"),
        ("raw/Cloud_uao_20261301.txt", "20261301 is not a date"),
        ("raw/fpi05_uao_20260429.tar.gz", "named neither"),
        ("raw/fpi05_uao_20260429.tar.gz0000000", "named neither"),
        ("raw/fpi05_uao_20260429.txt\n", "named neither"),
        ("raw/fpi05_uao_2026042٩.txt", "named neither"),
        ("raw/fpi05_../_20260429.txt", "named neither"),
        ("raw/Cloud_uao.txt", "not named like a weather file"),
        ("raw/asi01_uao_20260429.tar.gz000000", "not from a Fabry-Perot"),
        ("raw/sub/fpi05_uao_20260429.txt", "not from a Fabry-Perot"),
    ],
)
def test_unrecognised_objects_say_why(key: str, reason: str):
    found = parse_raw_key(key)
    assert isinstance(found, UnrecognisedObject)
    assert reason in found.reason


def test_archive_of_weather():
    assert cloud_file("uao", MINIME05.date).archive_key == "cloudsensor/uao/2026/Cloud_uao_20260429.txt"
    logger = parse_raw_key("raw/TempL00_uao_20260429.txt")
    assert logger.archive_key == "templogs/uao/2026/TempL00_uao_20260429.txt"
