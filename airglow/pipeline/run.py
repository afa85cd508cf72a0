"""Run the workflow: check what is asked for, take the lock, then let Snakemake plan and work."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from airglow.model.errors import AirglowError, BadInput, MachineError
from airglow.model.files import check_room
from airglow.model.states import ExitStatus, exits_help
from airglow.pipeline.backlog import what_is_left, work_off
from airglow.pipeline.closing import ENDED, ended_run
from airglow.pipeline.preflight import check_surroundings
from airglow.pipeline.runlock import Busy, Run, begin_run
from airglow.pipeline.targets import Target, is_there, looks_like_target, parse_target, why_not_there
from airglow.registry import load_config, registry_of
from airglow.store import SilentStore, Store

_HANDED_ON = """

What follows -- is handed to Snakemake: airglow run uao_20250429 -- --cores 8
"""
_LOCKS = Path(".snakemake")
_WORK = Path("work")
_LOG = Path("logs/run.log")
# Arguments with which Snakemake plans or tells something, and does no work on nights.
_NO_WORK = {"-n", "--dry-run", "--dryrun", "-np", "--dag", "--rulegraph", "--filegraph", "--report", "--lint"}
_NO_WORK |= {"-l", "--list", "--list-rules", "--summary", "-S", "--detailed-summary", "-D", "--unlock"}
_NO_WORK |= {"-h", "--help", "-v", "--version"}
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SHOWN_LINES = 20  # of what Snakemake said, when it failed without a step


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``run``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = "airglow run [options] [NIGHT ...] [-- SNAKEMAKE ARGUMENTS]"
    parser.epilog = exits_help() + _HANDED_ON
    parser.add_argument(
        "night",
        nargs="*",
        metavar="NIGHT",
        help="such as minime05_uao_20250429, uao_20250429 (all instruments of the site), or a file like "
        "results/minime05/uao/2025/20250429/XR/winds.png (default: all nights that are ready)",
    )
    parser.add_argument(
        "--reanalyze", action="store_true", help="analyse the named nights anew, from their archived frames"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="show the plan, and do nothing")
    parser.add_argument("--config", type=Path, metavar="FILE", help="last layer of the configuration")
    parser.add_argument(
        "--profile",
        default="hourly",
        metavar="NAME",
        help="in profiles/, or a directory (hourly)",
    )
    parser.add_argument(
        "--workflow", type=Path, metavar="DIR", help="has workflow/ and profiles/ (this clone)"
    )


def run(given: argparse.Namespace) -> int:
    """Run the workflow in the current directory.

    Parameters
    ----------
    given
        What `configure` describes, and ``passed_on``: arguments for Snakemake.

    Returns
    -------
    int
        Exit status, as ``airglow run --help`` explains.
    """
    try:
        root = _workflow_root(given.workflow)
        _profile(root, given.profile)
        config = load_config(given.config, working_directory=True)
        registry = registry_of(config)
    except AirglowError as error:
        return _refuse(ExitStatus.WRONG, str(error))

    requests = [*given.night, *filter(looks_like_target, given.passed_on)]
    targets, problems = [], []
    for request in requests:
        try:
            targets.append(parse_target(request, registry))
        except BadInput as error:
            problems.append(str(error))
    if given.reanalyze and not given.night:
        problems.append("--reanalyze: name the nights that are to be analysed anew")
    if problems:
        return _refuse(ExitStatus.WRONG, *problems)

    try:
        store = check_surroundings(warn=_tell)
        problems = _missing(targets, store)
    except SilentStore as error:
        return _refuse(ExitStatus.FAILING, str(error))
    except AirglowError as error:
        return _refuse(ExitStatus.WRONG, str(error))
    if problems:
        return _refuse(ExitStatus.WRONG, *problems)

    command = _command(root, given, targets[: len(given.night)])
    if given.dry_run or _NO_WORK.intersection(given.passed_on):
        return ExitStatus.WRONG if subprocess.run(command).returncode else ExitStatus.OK
    try:
        # Only now: Snakemake plans what is to be done when no other run can change it any more.
        lock = begin_run(_LOCKS, config["run"]["wait_seconds"], _tell)
    except Busy as error:
        return _refuse(ExitStatus.OK, str(error))
    except OSError as error:
        return _refuse(
            ExitStatus.FAILING, f"{Path.cwd()}: no run can be made here: {error.strerror or error}"
        )
    hours = 0 if targets else config["run"]["hours"]
    return _work(command, lock, targets, hours)


def _work(command: Sequence[str], lock: Run, targets: Sequence[Target], hours: float) -> int:
    """Let Snakemake work under the lock, and say how it went."""
    ends: list[tuple[ExitStatus, list[str]] | None] = []

    def plan_and_work() -> tuple[int, int]:
        (_WORK / ENDED).unlink(missing_ok=True)  # that of the plan before is no word on this one
        code_and_signal = _supervise(command, lock)
        ends.append(ended_run(_WORK, lock.identifier))
        return code_and_signal

    try:
        _LOG.parent.mkdir(exist_ok=True)
        _LOG.write_bytes(b"")  # each plan adds to it
        worked = work_off(_WORK, lock.identifier, hours, plan_and_work)
    except (MachineError, OSError) as error:
        _tell_of(ends)
        return _refuse(ExitStatus.FAILING, f"the run came to no end: {error}. Make room, or mend the disk")
    finally:
        lock.end()
    code, stopped_by = worked.code, worked.stopped_by
    for line in what_is_left(worked, hours):
        _tell(line)
    if stopped_by:
        _tell_of(ends)
        named = ", ".join(target.request for target in targets)
        _tell(f"stopped. {f'Ask again for {named}' if named else 'The next run goes on from here'}")
        return 128 + stopped_by
    if ends[-1] is not None:
        status, said = _together([ended for ended in ends if ended is not None])
        if worked.without_room:  # told above; as long as it lasts, these nights stay where they are
            status = status or ExitStatus.FAILING
        for line in said:
            _tell(line)
        if status or said or code == 0:
            return status
    elif code == 0:  # nothing was to be done, so nothing was begun
        return ExitStatus.OK
    elif _tell_of(ends) is ExitStatus.LOOK:  # of an earlier plan, and told once
        return ExitStatus.LOOK
    try:
        check_room(_WORK)
        check_room(_LOG.parent)
    except MachineError as error:  # nothing that failed could be noted
        return _refuse(ExitStatus.FAILING, f"the run came to no end: {error}")
    output = _LOG.read_text(encoding="utf-8", errors="replace")
    print("\n".join(output.splitlines()[-_SHOWN_LINES:]), file=sys.stderr)
    if code < 0:
        _tell(f"Snakemake was killed by signal {-code}. Start again; {_LOG} has what it said")
        return ExitStatus.BROKEN
    _tell(f"Snakemake gave up; {_LOG} has all that it said")
    cannot_be_made = code == 2 or "MissingRuleException" in output  # 2 is an argument that it does not know
    return ExitStatus.WRONG if cannot_be_made else ExitStatus.BROKEN


def _tell_of(ends: Sequence[tuple[ExitStatus, list[str]] | None]) -> ExitStatus:
    """Say what the plans that came to an end have to say; no later run says it again."""
    ended = [each for each in ends if each is not None]
    if not ended:
        return ExitStatus.OK
    status, said = _together(ended)
    for line in said:
        _tell(line)
    return status


def _together(ends: Sequence[tuple[ExitStatus, list[str]]]) -> tuple[ExitStatus, list[str]]:
    """How a run of several plans ended: what is told once comes first, and each line once."""
    statuses = {status for status, _ in ends}
    worst = ExitStatus.LOOK if ExitStatus.LOOK in statuses else max(statuses)
    return worst, list(dict.fromkeys(line for _, said in ends for line in said))


def _supervise(command: Sequence[str], lock: Run) -> tuple[int, int]:
    """Run Snakemake, hand signals on to it, and wait for its end.

    Its standard output, on which the steps report, is ours. What it says itself goes into a file.

    Returns
    -------
    code
        Exit status of Snakemake.
    stopped_by
        The signal that ended the run; 0 if none did.
    """
    environment, descriptors = lock.for_child()
    stopped: list[int] = []
    process: subprocess.Popen | None = None

    def stop(number: int, _frame: object) -> None:
        stopped.append(number)
        if process is not None:
            # It lets the steps at work finish. (Ctrl-C on a terminal reaches it and the steps by itself.)
            process.send_signal(signal.SIGTERM)

    before = {number: signal.signal(number, stop) for number in _STOPS}
    try:
        with _LOG.open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        if stopped:  # before there was anybody to tell
            process.send_signal(signal.SIGTERM)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code, stopped[0] if stopped else 0


def _command(root: Path, given: argparse.Namespace, targets: Sequence[Target]) -> list[str]:
    profile = _profile(root, given.profile)
    command = [sys.executable, "-m", "snakemake", *(target.path for target in targets)]
    if given.reanalyze:
        command += ["--forcerun", "analyze"]
    if given.dry_run:
        command += ["--quiet", "host", "rules", "--dry-run"]  # a table of the jobs, not a block for each
    if given.config is not None:
        command += ["--configfile", str(given.config)]
    # These last: an option that takes several values would take a file that follows for another one.
    command += ["--profile", str(profile)]
    command += ["--snakefile", str(root / "workflow/Snakefile")]
    return [*command, *given.passed_on]


def _profile(root: Path, name: str) -> Path:
    places = [root / "profiles" / name, Path(name)]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        here = ", ".join(sorted(place.name for place in (root / "profiles").iterdir()))
        raise BadInput("--profile", f"there is no {name}", f"Name a directory, or one of {here}")
    return found


def _workflow_root(given: Path | None) -> Path:
    """Directory that has the workflow: that which is given, the clone of this package, or the current one."""
    places = [given] if given is not None else [Path(__file__).parents[2], Path.cwd()]
    for place in places:
        if (place / "workflow/Snakefile").is_file():
            return place.absolute()
    hint = "Run in a clone of airglow, or name one with --workflow"
    raise BadInput(str(places[-1]), "has no workflow/Snakefile", hint)


def _missing(targets: Sequence[Target], store: Store) -> list[str]:
    return [why_not_there(target) for target in targets if not is_there(target, store)]


def _refuse(status: int, *reasons: str) -> int:
    for reason in reasons:
        _tell(reason)
    return status


def _tell(text: str) -> None:
    print(f"airglow run: {text}", file=sys.stderr, flush=True)
