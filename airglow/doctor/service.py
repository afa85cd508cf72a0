"""The systemd units: are they installed, do they start, how did the last run end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from airglow.doctor.finding import Finding, ok, warning, wrong

SERVICE, TIMER = "airglow.service", "airglow.timer"
_RUNNING = Path("/run/systemd/system")  # there while systemd is the first process
_SERVICE_PROPERTIES = ("LoadState", "ActiveState", "Result", "ExecMainStatus", "ExecMainExitTimestamp")
_TIMER_PROPERTIES = ("LoadState", "UnitFileState", "ActiveState", "NextElapseUSecRealtime")
_TIMEOUT_S = 20


def check_units(running: Path = _RUNNING) -> Iterator[Finding]:
    """Look at the units; nothing is said where there is no systemd.

    Parameters
    ----------
    running
        Directory that is there while systemd is at work.

    Yields
    ------
    Finding
    """
    if not running.is_dir() or shutil.which("systemctl") is None:
        return
    try:
        service = _show(SERVICE, _SERVICE_PROPERTIES)
        timer = _show(TIMER, _TIMER_PROPERTIES)
    except (OSError, subprocess.SubprocessError) as error:
        yield warning(
            "units", f"systemctl does not answer: {error}", "look yourself: systemctl status airglow"
        )
        return
    if service.get("LoadState") != "loaded" or timer.get("LoadState") != "loaded":
        yield warning("units", "not installed: nothing starts runs", "sudo deploy/install")
        return
    yield _timer(timer)
    yield _last_run(service)


def _timer(timer: dict[str, str]) -> Finding:
    enable = f"sudo systemctl enable --now {TIMER}"
    if timer.get("ActiveState") != "active":
        return wrong("timer", f"{timer.get('ActiveState', 'unknown')}: no run starts by itself", enable)
    next_run = timer.get("NextElapseUSecRealtime") or "when the run at work has ended"
    if timer.get("UnitFileState") != "enabled":
        return warning("timer", f"not enabled: it ends with this boot; next run {next_run}", enable)
    return ok("timer", f"enabled; next run {next_run}")


def _last_run(service: dict[str, str]) -> Finding:
    if service.get("ActiveState") in ("active", "activating", "deactivating"):
        return ok("service", "a run is at work")
    ended = service.get("ExecMainExitTimestamp")
    if not ended:
        return ok("service", "no run since the machine was started")
    result, status = service.get("Result", "unknown"), service.get("ExecMainStatus", "?")
    if result == "success":
        return ok("service", f"the last run ended well, {ended}")
    return warning(
        "service",
        f"the last run ended with {result}, status {status}, {ended}",
        "journalctl -u airglow -n 50 says why, and airglow run --help what the status means",
    )


def _show(unit: str, properties: tuple[str, ...]) -> dict[str, str]:
    command = ["systemctl", "show", unit, f"--property={','.join(properties)}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
