"""Wrong settings and missing surroundings: one clear message, before anything is done.

One of each kind is shown to Snakemake; the others are those of tests/registry and tests/pipeline.
"""

import re
from pathlib import Path

import pytest
import yaml
from running import ROOT, Clone, clone, new_place, surroundings

from airglow.archive import UnpackLimits
from airglow.demo.servers import MariadbServer, S3Server
from airglow.night import AnalysisSettings
from airglow.pages.settings import PagesSettings
from airglow.registry.configuration import DATA, config_schema
from airglow.uploads import ScanSettings

CONFIG = yaml.safe_load((DATA / "config.yaml").read_text())
SCHEMA = config_schema()


@pytest.fixture
def at_hand(tmp_path: Path, s3: S3Server, mariadb: MariadbServer) -> Clone:
    """A clone with everything that a run needs."""
    store, database = new_place(s3, mariadb)
    return clone(tmp_path / "clone", surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database))


def test_a_wrong_value_is_named(at_hand: Clone) -> None:
    at_hand.configure("uploads", cloud_wait_hours=-1)
    ran = at_hand.hourly("-n")
    assert ran.code == 1
    assert "config/config.yaml: uploads: cloud_wait_hours: -1 is less than the minimum" in ran.text
    assert "Traceback" not in ran.text
    assert not (at_hand.directory / "work").exists()


@pytest.mark.long
def test_an_instrument_that_sends_to_madrigal_from_a_site_without_code_stops_a_run(at_hand: Clone) -> None:
    path = at_hand.directory / "etc/instruments.yaml"
    path.write_text("minime94: {epochs: [{from: null, send_to_madrigal: true}]}\n")
    ran = at_hand.hourly("-n")
    assert ran.code == 1
    (line,) = [line for line in ran.text.splitlines() if "madrigal" in line]
    assert "instruments.yaml: minime94: send_to_madrigal at bdr, which has no madrigal_kinst" in line
    assert "Traceback" not in ran.text


def test_what_is_missing_around_is_named_also_in_a_dry_run(at_hand: Clone) -> None:
    ran = at_hand.hourly("-n", AWS_S3_ENDPOINT_URL="http://127.0.0.1:1")
    assert ran.code == 1
    assert re.search("does not answer: .*Check AWS_S3_ENDPOINT_URL", ran.text), ran.text
    assert "Traceback" not in ran.text
    assert "extract" not in ran.text  # nothing was planned


def keys(schema: dict, prefix: str = "") -> dict[str, dict]:
    """Every key that a schema describes, by its dotted name."""
    found = {}
    for name, entry in schema["properties"].items():
        found |= {f"{prefix}{name}": entry} | (
            keys(entry, f"{prefix}{name}.") if "properties" in entry else {}
        )
    return found


def test_every_key_is_described_and_explained_to_the_operator() -> None:
    readme = (ROOT / "config/README.md").read_text()
    for name, entry in keys(SCHEMA).items():
        assert len(entry["description"]) > 20, name
        if "properties" not in entry:
            assert f"`{name}`" in readme, name


def test_every_key_has_a_value_that_comes_with_airglow() -> None:
    described = {name for name, entry in keys(SCHEMA).items() if "properties" not in entry}
    assert {f"{section}.{key}" for section, values in CONFIG.items() for key in values} == described


def test_the_keys_are_those_that_the_package_takes() -> None:
    AnalysisSettings(**CONFIG["analysis"])
    ScanSettings(**CONFIG["uploads"])
    assert AnalysisSettings(**CONFIG["analysis"]) == AnalysisSettings()
    assert PagesSettings(**CONFIG["pages"]) == PagesSettings()
    assert {"max_members", "max_bytes", "max_member_bytes"} == set(UnpackLimits.__dataclass_fields__)
