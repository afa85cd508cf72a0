"""What an operator installs: units that systemd accepts, an environment that is kept, a command that runs."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT, clone, everything, new_place, surroundings

from airglow.demo.servers import MariadbServer, S3Server
from airglow.pipeline.preflight import REQUIRED

DEPLOY = ROOT / "deploy"
WORST_EXPOSURE = 20  # systemd's own scale: 20 is 2.0, "OK"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here (Debian package systemd)"
)


def install(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([DEPLOY / "install", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory in the place of /, with everything installed."""
    done = install("--root", tmp_path / "root")
    assert done.returncode == 0, done.stderr
    return tmp_path / "root"


@needs_systemd
def test_systemd_accepts_the_units(root: Path) -> None:
    units = sorted((root / "etc/systemd/system").iterdir())
    assert [unit.name for unit in units] == ["airglow.service", "airglow.timer"]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    assert checked.returncode == 0
    assert checked.stdout + checked.stderr == ""  # an unknown key only gives a line here


@needs_systemd
def test_systemd_would_have_said_so(root: Path) -> None:
    service = root / "etc/systemd/system/airglow.service"
    service.write_text(service.read_text().replace("NoNewPrivileges", "NoNewPriviliges"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", service], capture_output=True, text=True
    )
    assert "NoNewPriviliges" in checked.stderr


@needs_systemd
def test_the_service_is_confined(root: Path) -> None:
    checked = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={WORST_EXPOSURE}",
            root / "etc/systemd/system/airglow.service",
        ],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout[-300:]


def test_the_units_are_of_this_clone(root: Path) -> None:
    for unit in (root / "etc/systemd/system").iterdir():
        text = unit.read_text()
        assert not re.search("@[A-Z]+@", text)
        assert str(ROOT) in text
    timer = (root / "etc/systemd/system/airglow.timer").read_text()
    for setting in ("OnCalendar=hourly", "RandomizedDelaySec=", "Persistent=yes"):
        assert setting in timer
    command = root / "usr/local/bin/airglow-workflow"
    assert command.resolve() == DEPLOY / "airglow-workflow"


def test_another_account(tmp_path: Path) -> None:
    assert install("--root", tmp_path, "--user", "fpi").returncode == 0
    assert "User=fpi\n" in (tmp_path / "etc/systemd/system/airglow.service").read_text()


def test_a_second_installation_keeps_the_environment(root: Path) -> None:
    environment = root / "etc/airglow/environment"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert stat.S_IMODE(environment.parent.stat().st_mode) == 0o755  # the service reads config.yaml in it
    environment.write_text("DEST_BUCKET=airglow\n")
    assert install("--root", root).returncode == 0
    assert environment.read_text() == "DEST_BUCKET=airglow\n"


def test_a_dry_run_does_nothing(tmp_path: Path) -> None:
    done = install("--dry-run", "--root", tmp_path / "root")
    assert done.returncode == 0
    assert "airglow.timer" in done.stdout
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("arguments", [["--rot", "x"], ["--user", "no good"]])
def test_a_wrong_option_is_refused(arguments: list[str]) -> None:
    done = install("--dry-run", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("deploy/install: ")
    assert done.stdout == ""


def test_the_example_names_all_that_a_run_needs() -> None:
    text = (DEPLOY / "environment.example").read_text()
    assert re.findall(r"^([A-Z_0-9]+)=", text, re.M) == list(REQUIRED)
    for name in ("MYSQL_PORT", "MYSQL_UNIX_SOCKET", "MYSQL_SSL_CA", "MYSQL_SSL_CERT", "MYSQL_SSL_KEY"):
        assert f"\n#{name}=" in text


def test_a_command_from_a_shell_is_confined_as_the_service_is(root: Path, tmp_path: Path) -> None:
    """By what the unit says, with stand-ins for systemd's programs, which show what they are given."""
    unit = root / "etc/systemd/system/airglow.service"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text(
        f"#!/bin/sh\nif [ $1 = cat ]; then cat {unit}\n"
        "printf '[Unit]\\nWants=a\\n[Service]\\nMemoryMax=4G\\n'\nelse echo fpi; fi\n"
    )
    (programs / "systemd-run").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    command = [DEPLOY / "airglow-workflow", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    given = done.stdout.splitlines()
    assert given[-3:] == [str(DEPLOY / "airglow-workflow"), "doctor", "--json"]
    assert "--uid=fpi" in given
    settings = re.findall(r"^(\w+=.*)$", unit.read_text().split("[Service]")[1], re.M)
    of_a_start = ("Type=", "ExecStart=", "User=", "Environment=", "SuccessExitStatus=", "Timeout")
    confining = [setting for setting in settings if not setting.startswith(of_a_start)]
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0027", "StateDirectory=airglow"} < set(
        confining
    )
    assert [word for word in given if word.startswith("--property=")] == [
        f"--property={setting}" for setting in [*confining, "MemoryMax=4G"]
    ]


def test_the_installed_command_runs_the_workflow_and_tells_where_nights_stand(
    tmp_path: Path, s3: S3Server, mariadb: MariadbServer
) -> None:
    """As the service starts it: another directory, and a clone that is not written to."""
    store, database = new_place(s3, mariadb)
    store.put_bytes("raw/fpi05_uao_20260510.txt", b"?")
    place = clone(tmp_path / "clone", surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database))
    shutil.copytree(DEPLOY, place.directory / "deploy")
    before = sorted(path for path in place.directory.rglob("*") if "__pycache__" not in str(path))
    state = tmp_path / "state"
    state.mkdir()
    environment = {**place.environment, "STATE_DIRECTORY": str(state), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"

    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = place.directory / "deploy/airglow-workflow"
        return subprocess.run([command, *arguments], cwd="/", env=environment, capture_output=True, text=True)

    early = run("status")
    assert early.returncode == 0
    assert "No run has looked for nights in this bucket yet" in early.stdout
    refused = run("-R", "analyze", "nights/uaa_20260510.json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "nights/uaa_20260510.json: unknown site uaa" in refused.stderr
    ran = run()
    assert ran.returncode == 3, ran.stderr  # a night is refused, which is told once
    assert "minime05_uao_20260510  refused" in ran.stdout
    assert "minime05_uao_20260510  refused" in run("status").stdout
    doctor = run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "ok      bucket rights: " in doctor.stdout
    assert run("rebuild-database", "--dry-run").stdout.startswith("0 nights would be loaded")
    assert "leftovers would go" in run("clean", "--dry-run").stdout
    assert run("run", "--help").stdout.startswith("usage: airglow run")
    assert (state / "work/discovery.json").exists()
    assert sorted(path for path in place.directory.rglob("*")) == before
    pages = {key for key in everything(store) if key.startswith("pages/")}
    assert "pages/attention.html" in pages
    left = {key for key in everything(store) if not key.startswith(("pages/", "state/"))}
    assert left == {"raw/fpi05_uao_20260510.txt"}
