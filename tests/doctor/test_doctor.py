"""What is wrong around a run is found, with what to do; and nothing is changed by looking."""

import datetime as dt
import fcntl
import json
import os
import stat
from pathlib import Path

import pytest
from running import everything, new_place, surroundings

from airglow.__main__ import main
from airglow.demo.servers import MariadbServer, S3Server
from airglow.doctor.bucket import check_bucket, check_clock
from airglow.doctor.command import examine, line_of
from airglow.doctor.finding import Finding, Grade
from airglow.doctor.machine import check_locks, disk_finding
from airglow.doctor.service import check_units
from airglow.pipeline.runlock import begin_run
from airglow.store import Store
from airglow.store.probe import PROBES

NOW = dt.datetime(2026, 5, 20, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture
def around(s3: S3Server, mariadb: MariadbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A bucket, an empty database, and the environment of an operator in an empty directory."""
    store, database = new_place(s3, mariadb)
    environment = surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return store, environment


def found(directory: Path, environment: dict[str, str]) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(directory, environment)}


def test_all_is_well_and_nothing_is_changed(around, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    store, _ = around
    store.put_bytes("raw/fpi05_uao_20260510.txt", b"?")
    store.put_bytes(f"{PROBES}left", b"by a doctor that was killed")
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = {line.split(":")[0].split(maxsplit=1)[1]: line for line in lines}
    for check in (
        "configuration",
        "environment",
        "bucket",
        "clock",
        "bucket rights",
        "rights by prefix",
        "database",
        "disk",
        "lock",
    ):
        assert words[check].startswith("ok "), words[check]
    assert words["schema"].startswith("warning schema: no tables yet. The next run makes them")
    assert set(everything(store)) == {"raw/fpi05_uao_20260510.txt"}
    assert list(tmp_path.iterdir()) == []


def test_json_has_the_same(around, capsys: pytest.CaptureFixture) -> None:
    assert main(["doctor", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {"check": "bucket rights", "grade": "ok"}.items() <= {
        **next(finding for finding in findings if finding["check"] == "bucket rights")
    }.items()
    assert all(finding["action"] for finding in findings if finding["grade"] != "ok")


@pytest.mark.parametrize(
    ("variable", "value", "check", "says"),
    [
        ("DEST_BUCKET", "not-there", "bucket", "does not exist"),
        ("AWS_S3_ENDPOINT_URL", "http://127.0.0.1:9", "bucket", "does not answer"),
        ("AWS_S3_ENDPOINT_URL", "store.example.org", "bucket", "is not a URL"),
        ("MYSQL_PASSWORD", "wrong", "database", "Access denied"),
        ("MYSQL_DATABASE", "not_there", "database", "not_there"),
        ("MYSQL_PORT", "1", "database", "127.0.0.1:1"),
        ("RESULTS_PATH", "", "environment", "lacks RESULTS_PATH"),
    ],
)
def test_what_is_wrong_is_named_and_costs_no_other_check(
    around, tmp_path: Path, variable: str, value: str, check: str, says: str
) -> None:
    _, environment = around
    findings = found(tmp_path, {**environment, variable: value})
    assert [one.check for one in findings.values() if one.grade is Grade.WRONG] == [check]
    assert says in findings[check].seen
    assert findings[check].action
    assert {"configuration", "disk", "lock"} <= findings.keys()
    assert line_of(findings[check]).startswith(f"wrong   {check}: ")


def test_a_wrong_layer_of_the_configuration(around, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("archive: {threads: 0}")
    assert main(["doctor"]) == 1
    (line,) = [
        line for line in capsys.readouterr().out.splitlines() if not line.startswith(("ok", "warning"))
    ]
    assert line.startswith("wrong   configuration: config/config.yaml: archive: threads: 0 is less than")


@pytest.mark.parametrize(
    "operation", ["PutObject", "GetObject", "CopyObject", "DeleteObject", "ListObjectsV2"]
)
def test_a_right_that_is_missing_is_named(store: Store, operation: str) -> None:
    from botocore.awsrequest import AWSResponse

    def deny(request, **_):
        response = AWSResponse(request.url, 403, {}, None)
        response._content = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        return response

    store.client.meta.events.register(f"before-send.s3.{operation}", deny)
    findings = {one.check: one for one in check_bucket(store, lambda: dt.datetime.now(dt.UTC))}
    assert findings["bucket rights"].grade is Grade.WRONG
    word = {"PutObject": "write", "ListObjectsV2": "list"}.get(
        operation, operation.removesuffix("Object").lower()
    )
    word = {"get": "read"}.get(word, word)
    assert word in findings["bucket rights"].seen
    assert "AccessDenied" in findings["bucket rights"].seen
    store.client.meta.events.unregister(f"before-send.s3.{operation}", deny)
    if operation != "DeleteObject":
        assert store.list("") == []


def test_versions_and_deletions_are_told(store: Store) -> None:
    def forget(params, **_) -> None:
        params["headers"].pop("If-Match", None)

    store.client.meta.events.register("before-call.s3.DeleteObject", forget)
    for state, grade in (("Enabled", Grade.OK), ("Suspended", Grade.WARNING)):
        store.client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": state})
        findings = {one.check: one for one in check_bucket(store, lambda: dt.datetime.now(dt.UTC))}
        assert findings["versions"].grade is grade
        assert findings["deletions"].grade is grade
        assert findings["deletions"].seen.startswith("DELETE ignores If-Match")
        assert "Versions" not in store.client.list_object_versions(Bucket=store.bucket)


@pytest.mark.parametrize(
    ("off_s", "grade", "says"),
    [
        (0.0, Grade.OK, "within 2 s"),
        (-0.9, Grade.OK, "within 2 s"),
        (1.9, Grade.OK, "within 2 s"),
        (5.0, Grade.WARNING, "behind the store"),
        (-5.0, Grade.WARNING, "ahead of the store"),
        (59.0, Grade.WARNING, "behind"),
        (62.0, Grade.WRONG, "behind"),
        (-3600.0, Grade.WRONG, "3599 s ahead of"),
    ],
)
def test_the_clock(off_s: float, grade: Grade, says: str) -> None:
    finding = check_clock(NOW + dt.timedelta(seconds=off_s), NOW, NOW + dt.timedelta(seconds=0.1))
    assert finding.grade is grade
    assert says in finding.seen


def test_a_store_without_a_date() -> None:
    assert check_clock(None, NOW, NOW).grade is Grade.WARNING


@pytest.mark.parametrize(
    ("free_gb", "files", "grade"),
    [
        (10, 10**6, Grade.OK),
        (10, None, Grade.OK),
        (3, 10**6, Grade.WARNING),
        (0.9, 10**6, Grade.WRONG),
        (10, 10_000, Grade.WARNING),
        (10, 1_000, Grade.WRONG),
    ],
)
def test_the_disk(tmp_path: Path, free_gb: float, files: int | None, grade: Grade) -> None:
    real = os.statvfs(tmp_path)
    values = {name: getattr(real, name) for name in dir(real) if name.startswith("f_")}
    made = type("Disk", (), {**values, "f_frsize": 4096, "f_bavail": int(free_gb * 1e9 / 4096)})
    made.f_files, made.f_favail = (10**9, files) if files is not None else (0, 0)
    finding = disk_finding(tmp_path, 10**9, made)
    assert finding.grade is grade
    assert "a night needs about 1.0 GB" in finding.seen


def test_a_run_at_work_is_no_stale_lock(tmp_path: Path) -> None:
    (quiet,) = check_locks(tmp_path)
    assert quiet.seen == "no run is at work"
    run = begin_run(tmp_path / ".snakemake", 0)
    (busy,) = check_locks(tmp_path)
    assert (busy.grade, f"process {os.getpid()}" in busy.seen) == (Grade.OK, True)
    file = tmp_path / ".snakemake/airglow.run.lock"
    who = json.loads(file.read_text())
    file.write_text(json.dumps({**who, "process": 2**22 + 1}))  # more than there can be
    (stale,) = check_locks(tmp_path)
    assert stale.grade is Grade.WARNING
    assert "is gone" in stale.seen
    run.end()
    assert next(check_locks(tmp_path)).seen == "no run is at work"


def test_steps_that_outlived_their_run_and_locks_of_snakemake(tmp_path: Path) -> None:
    begin_run(tmp_path / ".snakemake", 0).end()
    (tmp_path / ".snakemake/locks").mkdir()
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    with (tmp_path / ".snakemake/airglow.steps.lock").open("a") as steps:
        fcntl.flock(steps, fcntl.LOCK_SH)
        lock, of_snakemake = check_locks(tmp_path)
    assert f"kill {os.getpid()}" in lock.action
    assert of_snakemake.seen.startswith("1 files in ")


SYSTEMCTL = """#!/bin/sh
case "$2" in
airglow.service) printf '%s' "$SERVICE" | tr ';' '\\n' ;;
airglow.timer) printf '%s' "$TIMER" | tr ';' '\\n' ;;
esac
"""
GOOD_SERVICE = (
    "LoadState=loaded;ActiveState=inactive;Result=success;ExecMainStatus=0;ExecMainExitTimestamp=noon"
)
GOOD_TIMER = "LoadState=loaded;UnitFileState=enabled;ActiveState=active;NextElapseUSecRealtime=one"


@pytest.mark.parametrize(
    ("service", "timer", "expected"),
    [
        (
            GOOD_SERVICE,
            GOOD_TIMER,
            ["ok timer: enabled; next run one", "ok service: the last run ended well"],
        ),
        (
            GOOD_SERVICE.replace("=success;ExecMainStatus=0", "=exit-code;ExecMainStatus=4"),
            GOOD_TIMER,
            ["ok timer", "warning service: the last run ended with exit-code, status 4, noon"],
        ),
        (
            GOOD_SERVICE,
            GOOD_TIMER.replace("=enabled", "=disabled"),
            ["warning timer: not enabled", "ok service"],
        ),
        (GOOD_SERVICE, GOOD_TIMER.replace("=active", "=inactive"), ["wrong timer: inactive", "ok service"]),
        ("LoadState=loaded;ActiveState=activating", GOOD_TIMER, ["ok timer", "ok service: a run is at work"]),
        ("LoadState=not-found", "LoadState=not-found", ["warning units: not installed"]),
    ],
)
def test_the_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, timer: str, expected: list[str]
) -> None:
    command = tmp_path / "systemctl"
    command.write_text(SYSTEMCTL)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SERVICE", service)
    monkeypatch.setenv("TIMER", timer)
    lines = [f"{one.grade.value} {one.check}: {one.seen}" for one in check_units(tmp_path)]
    assert len(lines) == len(expected)
    for line, begin in zip(lines, expected, strict=True):
        assert line.startswith(begin)


def test_without_systemd_nothing_is_said(tmp_path: Path) -> None:
    assert list(check_units(tmp_path / "not there")) == []


@pytest.fixture
def denying(store: Store):
    """The bucket, with a policy that denies an operation below a prefix."""
    from botocore.awsrequest import AWSResponse

    rules: list[tuple[str, str]] = []

    def deny(request, event_name, **_):
        if (event_name.rpartition(".")[2], True) not in [
            (operation, f"/{prefix}" in request.url) for operation, prefix in rules
        ]:
            return None
        response = AWSResponse(request.url, 403, {}, None)
        response._content = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        return response

    store.client.meta.events.register("before-send.s3", deny)
    return store, lambda operation, prefix: rules.append((operation, prefix))


def _by_prefix(store: Store) -> Finding:
    findings = check_bucket(store, lambda: dt.datetime.now(dt.UTC), ("results/", "pages/"))
    return {one.check: one for one in findings}["rights by prefix"]


@pytest.mark.parametrize(
    ("operation", "prefix", "word"),
    [
        ("PutObject", "results/", "write"),
        ("GetObject", "fpi/", "read"),
        ("DeleteObject", "raw/", "delete"),
        ("PutObject", "raw-refused/", "write"),
    ],
)
def test_a_right_that_is_missing_below_a_prefix_is_named(
    denying, operation: str, prefix: str, word: str
) -> None:
    store, deny = denying
    deny(operation, prefix)
    finding = _by_prefix(store)
    assert finding.grade is Grade.WRONG
    assert finding.seen.startswith(f"below {prefix}: {word}: ")
    assert "AccessDenied" in finding.seen
    assert store.list("") == [] or operation == "DeleteObject"


def test_instruments_alone_may_write_below_raw(denying) -> None:
    store, deny = denying
    store.put_bytes("raw/fpi05_uao_20260510.txt", b"?")
    deny("PutObject", "raw/")
    finding = _by_prefix(store)
    assert finding.grade is Grade.OK
    assert "below raw/: write: " in finding.seen
    deny("DeleteObject", "raw/")
    assert _by_prefix(store).grade is Grade.WRONG
    assert [one.key for one in store.list("")] == ["raw/fpi05_uao_20260510.txt"]
