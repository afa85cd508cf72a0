"""What lies around a run: settings of other projects for S3, and what earlier runs left on the disk."""

import subprocess
import sys
from pathlib import Path

import pytest
from running import Clone, clone, new_place, surroundings
from uploading import send

from airglow.demo.servers import MariadbServer, S3Server
from airglow.store import Store
from airglow.uploads import NightId

NIGHT = NightId.parse("minime05_uao_20260510")
FOREIGN = {
    "AWS_PROFILE": "mylab",
    "AWS_DEFAULT_PROFILE": "mylab",
    "AWS_SESSION_TOKEN": "of-another-project",
    "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    "AWS_DEFAULT_REGION": "nowhere at all",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "never",
    "AWS_METADATA_SERVICE_TIMEOUT": "long",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "somewhere",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "always",
    "AWS_CA_BUNDLE": "",
}
HOSTILE = """[default]
endpoint_url = http://127.0.0.1:1
ca_bundle = /nowhere/ca.pem
max_attempts = many
retry_mode = never
region = nowhere at all
s3 =
  addressing_style = virtual
  use_accelerate_endpoint = true
  us_east_1_regional_endpoint = somewhere
"""


@pytest.fixture
def place(tmp_path: Path, s3: S3Server, mariadb: MariadbServer) -> tuple[Clone, Store]:
    """A clone, and an empty bucket."""
    store, database = new_place(s3, mariadb)
    environment = surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database)
    return clone(tmp_path / "clone", environment), store


@pytest.fixture(params=["hostile", "not to be parsed", "another's"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of an account that has settings for another project."""
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(parents=True)
    content = {"hostile": HOSTILE, "not to be parsed": "[default\nno = "}
    more = {"HOME": str(aws.parent)}
    if request.param == "another's":
        (tmp_path / "config").write_text(HOSTILE)
        more |= {
            name: str(tmp_path / "config") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
        }
    else:
        (aws / "config").write_text(content[request.param])
        (aws / "credentials").write_text(content[request.param])
    return {**FOREIGN, **more}


@pytest.mark.parametrize("home", ["hostile"], indirect=True)  # plan and steps ask the bucket as commands do
def test_a_run_heeds_no_settings_of_other_projects(place: tuple[Clone, Store], home: dict[str, str]) -> None:
    at_hand, store = place
    store.put_bytes(NIGHT.receipt_key, b"...")
    ran = at_hand.hourly(**home)
    assert ran.code == 0, ran.text
    assert "Traceback" not in ran.text
    assert f"{NIGHT.name}  refused" in ran.text  # that receipt is none: the steps asked the bucket


def test_a_command_heeds_no_settings_of_other_projects(
    place: tuple[Clone, Store], home: dict[str, str]
) -> None:
    at_hand, store = place
    store.put_json(NIGHT.manifest_key, {})
    ran = subprocess.run(
        [sys.executable, "-m", "airglow", "status", NIGHT.name],
        cwd=at_hand.directory,
        env={**at_hand.environment, **home},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{NIGHT.name}  continuing" in ran.stdout
    assert ran.stdout.rstrip().endswith("  archived, not finished")


def test_mirrors_of_old_sentinels_outlive_the_removal_of_old_files(place: tuple[Clone, Store]) -> None:
    """Of a night that was archived long ago and is unfinished now: without them it would be archived anew."""
    at_hand, store = place
    store.put_json(NIGHT.manifest_key, {"receipt": {"key": NIGHT.receipt_key, "etag": "x"}, "parts": []})
    store.put_json(NIGHT.pending_key, {})
    at_hand.configure("run", keep_local_days=1e-8)  # a millisecond: all of them are older
    ran = at_hand.run("--cores", "1", "discover")
    assert ran.code == 0, ran.text
    mirrors = at_hand.directory / "work/states"
    assert [path.name for path in mirrors.rglob("manifest.json")] == ["manifest.json"]


def test_what_killed_runs_left_is_removed_by_the_next(place: tuple[Clone, Store]) -> None:
    at_hand, store = place
    send(store, NIGHT)
    at_hand.configure("uploads", hold=[NIGHT.name])
    work = at_hand.directory / "work"
    of_held = work / "minime05/uao/2026/20260510/unpacked"
    of_held.mkdir(parents=True)
    left = work / "minime05/uao/2026/20260509"
    for path in (left / "night.tar.gz", left / "unpacked/a.hdf5", work / "weather/uao_20260509.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1_000_000)
    failure = work / "failures/analyze_minime05_uao_20260509_XR.json"
    failure.parent.mkdir()
    failure.write_text("{}")
    ran = at_hand.hourly()
    assert ran.code == 0, ran.text
    assert {path.name for path in work.iterdir()} == {
        "at_work",
        "discovery.json",
        "ended.json",
        "failures",
        "known_uploads.json",
    }
    assert [path.name for path in (work / "at_work").iterdir()] == ["attempt.json"]  # and no step
    assert not failure.exists()  # no run repeats it: that night is neither in raw/ nor unfinished
    log = (at_hand.directory / "logs/discover.log").read_text()
    assert "removed what an earlier run left: work/minime05/uao/2026/20260509 (2.0 MB)" in log
    assert "removed what an earlier run left: work/weather/uao_20260509.json (1.0 MB)" in log
    assert not of_held.exists()  # nobody asked for it


@pytest.mark.long
def test_what_a_night_asked_for_by_name_needs_stays(place: tuple[Clone, Store]) -> None:
    """The discovery of the same run does not want it: it is held."""
    at_hand, store = place
    send(store, NIGHT)
    at_hand.configure("uploads", hold=[NIGHT.name])
    archive = "work/minime05/uao/2026/20260510/unpacked"
    assert at_hand.hourly(archive).code == 0
    ran = at_hand.hourly("work/discovery.json", archive)
    assert ran.code == 0, ran.text
    assert "discover: done" in ran.text
    assert "extract" not in ran.text
    assert (at_hand.directory / archive).exists()
    assert len(store.list(NIGHT.raw_prefix)) == 4  # nobody worked on it
