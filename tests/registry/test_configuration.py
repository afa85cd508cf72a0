"""The configuration in layers: what a later one changes, and what is said of a wrong one."""

import datetime as dt
import os
from pathlib import Path

import pytest
import yaml

from airglow.model.errors import RegistryError
from airglow.night import AnalysisSettings
from airglow.registry import load_config, registry_of
from airglow.registry.configuration import DATA, DIRECTORY_VARIABLE
from airglow.registry.layers import merged

DATE = dt.date(2026, 5, 11)


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's directory, empty."""
    directory = tmp_path / "etc"
    directory.mkdir()
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(directory))
    monkeypatch.chdir(tmp_path)
    return directory


def test_without_layers_everything_is_as_it_comes(operator: Path) -> None:
    config = load_config(working_directory=True)
    assert config == yaml.safe_load((DATA / "config.yaml").read_text())
    assert AnalysisSettings.from_mapping(config["analysis"]) == AnalysisSettings()


def test_each_layer_changes_what_it_names_and_nothing_else(operator: Path, tmp_path: Path) -> None:
    (operator / "config.yaml").write_text(
        "uploads: {cloud_wait_hours: 1, hold: [minime05_uao_20250429]}\npages:\n"
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("uploads: {cloud_wait_hours: 2}\nrun: {wait_seconds: 2}\n")
    (tmp_path / "given.yaml").write_text("run: {wait_seconds: 3}\narchive: {threads: 3}\n")
    config = load_config(Path("given.yaml"), {"archive": {"threads": 4}}, working_directory=True)
    changed = {
        (section, key): value
        for section, values in config.items()
        for key, value in values.items()
        if value != load_config(environ={})[section][key]
    }
    assert changed == {
        ("uploads", "cloud_wait_hours"): 2,
        ("uploads", "hold"): ["minime05_uao_20250429"],
        ("run", "wait_seconds"): 3,
        ("archive", "threads"): 4,
    }
    assert load_config()["uploads"]["cloud_wait_hours"] == 1  # not that of the working directory


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("archive: {threads: many}", "archive: threads: 'many' is not of type 'integer'"),
        ("uploads: {max_nights: 20}", r"uploads: max_nights is gone: .* set run: hours"),
        ("products: {legacy_npz: no thanks}", "products: legacy_npz: 'no thanks' is not of type 'boolean'"),
        ("pages: {prefix: raw/pages}", "pages: prefix: 'raw/pages' does not match"),
        ("pages: {files_url: example.org}", "pages: files_url: 'example.org' does not match"),
        ("run: {wait_seconds: null}", "run: wait_seconds: None is not of type 'number'"),
        ("uploads: {cloud_wait_hour: 3}", "uploads: .*'cloud_wait_hour' was unexpected"),
        (
            "uploads: {hold: [minime05_uao_20250230]}",
            "uploads: hold: 0: 'minime05_uao_20250230' is not a 'night'",
        ),
        ("uploads", "'uploads' is not of type 'object'"),
        ("run: {}\nrun: {}", "is not YAML: run stands twice"),
    ],
)
def test_a_wrong_layer_is_named_with_key_and_reason(operator: Path, text: str, message: str) -> None:
    (operator / "config.yaml").write_text(text)
    with pytest.raises(RegistryError, match=message) as raised:
        load_config()
    assert str(raised.value).startswith(f"{operator}/config.yaml: ")


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_a_number_that_is_not_finite_is_refused(operator: Path, value: str) -> None:
    (operator / "config.yaml").write_text(f"archive: {{max_gigabytes: {value}}}")
    with pytest.raises(RegistryError, match=r"config\.yaml: archive: max_gigabytes: "):
        load_config()


def test_a_date_that_cannot_be_is_named_with_its_file(operator: Path) -> None:
    (operator / "instruments.yaml").write_text("minime05: {epochs: [{from: 2013-13-01}]}")
    with pytest.raises(RegistryError, match=r"instruments\.yaml: .*month must be in 1\.\.12"):
        registry_of(load_config())


def test_an_empty_file_changes_nothing(operator: Path) -> None:
    before = registry_of(load_config())
    for name in ("config.yaml", "sites.yaml", "instruments.yaml"):
        (operator / name).write_text("# nothing differs here\n")
    assert registry_of(load_config()) == before


def test_what_a_command_was_given_is_checked_too(operator: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="--configfile or --config: archive: threads: 0 is less than"):
        load_config(given={"archive": {"threads": 0}})
    # Snakemake makes text of what stands inside --config uploads='{cloud_wait_hours: 3}'.
    typed = load_config(given={"uploads": {"cloud_wait_hours": "3"}, "products": {"paper_plots": "false"}})
    assert typed["uploads"]["cloud_wait_hours"] == 3
    assert typed["products"]["paper_plots"] is False
    assert load_config(given={"pages": {"title": "7"}})["pages"]["title"] == "7"
    with pytest.raises(RegistryError, match=r"none\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "none.yaml")


def test_a_directory_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=f"{DIRECTORY_VARIABLE}: there is no directory .*/etc_airglow"):
        load_config(environ={DIRECTORY_VARIABLE: str(tmp_path / "etc_airglow")})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read_is_no_empty_one(operator: Path) -> None:
    operator.chmod(0)
    try:
        with pytest.raises(RegistryError, match="Let this account read it"):
            load_config()
    finally:
        operator.chmod(0o700)


def test_the_registry_takes_changes_by_entry_key_and_date(operator: Path, tmp_path: Path) -> None:
    (operator / "instruments.yaml").write_text(
        "minime05:\n"
        "  epochs:\n"
        "  - {from: 2026-01-01, expected_tags: [X]}\n"
        "  - {from: 2025-08-30, annuli: {stop: 400}}\n"
    )
    (operator / "sites.yaml").write_text("uao: {altitude_m: 222}\n")
    more = tmp_path / "more"
    more.mkdir()
    (more / "sites.yaml").write_text("uao: {directions: {Moon: {azimuth_deg: 1, zenith_deg: 2}}}\n")
    before, after = registry_of(load_config(), None, {}), registry_of(load_config(), more)

    assert after.site("uao").altitude_m == 222
    added = set(after.site("uao").directions) - set(before.site("uao").directions)
    assert [direction.name for direction in added] == ["Moon"]
    assert after.instrument("minime05", DATE).expected_tags == ("X",)
    assert after.instrument("minime05", DATE).annuli.stop == 400
    assert after.instrument("minime05", dt.date(2025, 12, 31)).expected_tags == ("XR",)
    assert after.instrument("minime13", DATE) == before.instrument("minime13", DATE)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sites.yaml", "uao: {latitude_deg: 91}", "uao: latitude_deg: 91 is greater"),
        ("sites.yaml", "[uao]", "holds no entries"),
        ("instruments.yaml", "minime05: {epochs: [{from: soon}]}", "minime05: epochs: 2: from: 'soon'"),
        (
            "instruments.yaml",
            "fpi05: {deployments: [{site: uao, start: 2020-01-01, stop: null}], epochs: [{from: null}]}",
            "fpi05: is no name of an instrument",
        ),
        ("instruments.yaml", "minime77: {epochs: []}", "minime77: 'deployments' is a required property"),
    ],
)
def test_a_wrong_entry_is_named_with_its_layer(operator: Path, name: str, text: str, message: str) -> None:
    (operator / name).write_text(text)
    with pytest.raises(RegistryError, match=message) as raised:
        registry_of(load_config())
    assert str(raised.value).startswith(f"{operator}/{name}: ")


def test_files_that_the_configuration_names_are_a_layer(operator: Path, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("uao: {name: Here}\n")
    config = load_config(given={"registry": {"sites": "ours.yaml"}})
    assert registry_of(config).site("uao").name == "Here"
    with pytest.raises(
        RegistryError, match=r"has neither sites\.yaml, instruments\.yaml nor overrides\.yaml"
    ):
        registry_of(config, tmp_path)


def test_merging_changes_neither_layer() -> None:
    base, over = {"a": {"b": [1]}, "c": 1}, {"a": {"d": 2}}
    assert merged(base, over) == {"a": {"b": [1], "d": 2}, "c": 1}
    assert (base, over) == ({"a": {"b": [1]}, "c": 1}, {"a": {"d": 2}})


def test_a_later_layer_overrules_an_entry_of_the_same_date_and_adds_others_in_order() -> None:
    base = {"epochs": [{"from": None, "stop": 500, "count": 500}, {"from": DATE, "stop": 300}]}
    over = {"epochs": [{"from": DATE, "stop": 400}, {"from": DATE - dt.timedelta(days=9), "stop": 450}]}
    assert merged(base, over)["epochs"] == [
        {"from": None, "stop": 500, "count": 500},
        {"from": DATE - dt.timedelta(days=9), "stop": 450},
        {"from": DATE, "stop": 400},
    ]
