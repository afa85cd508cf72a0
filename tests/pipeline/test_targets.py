"""What may be asked for by name, and what is said of the rest."""

import datetime as dt

import pytest
from known import known_registry

from airglow.model.errors import BadInput
from airglow.pipeline.targets import is_there, looks_like_target, parse_target, why_not_there
from airglow.store import Store

REGISTRY = known_registry()
TODAY = dt.date(2026, 5, 12)


@pytest.mark.parametrize(
    ("name", "path", "nights"),
    [
        ("minime05_uao_20260511", "nights/minime05_uao_20260511.json", ["minime05_uao_20260511"]),
        (
            "uao_20260511",
            "nights/uao_20260511.json",
            ["minime05_uao_20260511", "minime13_uao_20260511"],
        ),
        (
            "fetched/minime13_uao_20260511.json",
            "fetched/minime13_uao_20260511.json",
            ["minime13_uao_20260511"],
        ),
        (
            "results/minime05/uao/2026/20260511/XR/winds.png",
            "results/minime05/uao/2026/20260511/XR/winds.png",
            ["minime05_uao_20260511"],
        ),
    ],
)
def test_nights_and_their_files(name: str, path: str, nights: list[str]) -> None:
    target = parse_target(name, REGISTRY, TODAY)
    assert target.path == path
    assert [night.name for night in target.nights] == nights


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("minime77_uao_20250429", "unknown instrument minime77"),
        ("fpi05_uao_20250429", r"unknown instrument fpi05\. Did you mean minime05\?"),
        ("minime05_uaa_20250429", "unknown site uaa"),
        ("minime05_uao_2025042", "2025042 is no date"),
        ("minime05_uao_20250230", "20250230 is no date"),
        ("minime05_uao_20260514", "2026-05-14 has not come yet"),
        ("minime05_par_20250429", r"minime05 was not at par on 2025-04-29\. .* at uao from 2012-07-03"),
        ("uao_19990101", "no instrument was at uao on 1999-01-01"),
        ("minime05", "is no night"),
        ("minime05_uao_20250429_XR", "is no night"),
        ("minime05__20250429", "is no night"),
        ("", "is no night"),
        ("../nights/uao_20250429.json", "unknown site"),
        ("nights/uao_2025.json", "2025 is no date"),
        ("results/minime05/uao/2024/20250429/XR/winds.png", "2024 is not the year of 20250429"),
        ("results/minime05/par/2025/20250429/XR/winds.png", "minime05 was not at par"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as raised:
        parse_target(name, REGISTRY, TODAY)
    assert str(raised.value).startswith(f"{name}: ")


def test_files_among_the_arguments_of_snakemake_are_found() -> None:
    arguments = ["-R", "analyze", "nights/uao_20250429.json", "--cores", "2", "results/minime05/x"]
    assert [word for word in arguments if looks_like_target(word)] == [arguments[2], arguments[5]]


def test_a_night_is_there_once_it_is_uploaded_or_archived(store: Store) -> None:
    site, single, published = (
        parse_target(name, REGISTRY, TODAY)
        for name in ("uao_20260511", "minime05_uao_20260511", "fetched/uao_20260511.json")
    )
    assert not is_there(site, store)
    assert why_not_there(site) == (
        "uao_20260511: the bucket has no archived frames, and no receipt in raw/ (of minime05, minime13). "
        "Correct the name, or upload the night"
    )
    store.put_bytes("raw/fpi13_uao_20260511.txt", b"...")
    assert is_there(site, store)
    assert not is_there(single, store)
    store.put_json(single.nights[0].manifest_key, {})
    assert is_there(single, store)
    assert not is_there(published, store)
    store.put_json(published.nights[1].published_key, {})
    assert is_there(published, store)
