"""Run the workflow: check what is asked for, take the lock, then let Snakemake plan and work."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from airglow.model.errors import AirglowError, BadInput
from airglow.pipeline.backlog import what_is_left, work_off
from airglow.pipeline.failures import Failure, failures
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.pipeline.preflight import check_surroundings
from airglow.pipeline.runlock import Busy, Run, begin_run
from airglow.pipeline.targets import Target, is_there, looks_like_target, parse_target, why_not_there
from airglow.registry import load_config, registry_of
from airglow.store import Store
from airglow.uploads import read_refusal

OK, STEP_FAILED, WRONG_REQUEST, NOT_READY, BUSY = range(5)
_EXIT_CODES = """\
exit status:
  0  all is well; nights that wait, are held or refused are no failure of a run
  1  a step failed; the others were done as far as they do not need it
  2  the request is wrong: nothing was planned, and nothing is on record
  3  the surroundings are not there: environment, bucket, database settings, configuration, workflow
  4  another run is at work in this directory, and did not end in time
  128 + N  stopped by signal N (130 is Ctrl-C, 143 is SIGTERM); the next run goes on from there

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
    parser.epilog = _EXIT_CODES
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
        return _refuse(NOT_READY, str(error))

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
        return _refuse(WRONG_REQUEST, *problems)

    try:
        store = check_surroundings(warn=_tell)
        problems = _missing(targets, store)
    except AirglowError as error:
        return _refuse(NOT_READY, str(error))
    if problems:
        return _refuse(WRONG_REQUEST, *problems)

    command = _command(root, given, targets[: len(given.night)])
    if given.dry_run or _NO_WORK.intersection(given.passed_on):
        return WRONG_REQUEST if subprocess.run(command).returncode else OK
    try:
        # Only now: Snakemake plans what is to be done when no other run can change it any more.
        lock = begin_run(_LOCKS, config["run"]["wait_seconds"], _tell)
    except Busy as error:
        return _refuse(BUSY, str(error))
    except OSError as error:
        return _refuse(NOT_READY, f"{Path.cwd()}: no run can be made here: {error.strerror or error}")
    hours = 0 if targets else config["run"]["hours"]
    return _work(command, lock, store, targets, hours)


def _work(command: Sequence[str], lock: Run, store: Store, targets: Sequence[Target], hours: float) -> int:
    """Let Snakemake work under the lock, and say how it went."""
    begun = dt.datetime.now(dt.UTC).replace(microsecond=0)  # failures are on record to the second
    _LOG.parent.mkdir(exist_ok=True)
    _LOG.write_bytes(b"")  # each plan adds to it
    ended = work_off(_WORK, lock.identifier, hours, lambda: _supervise(command, lock))
    lock.end()
    code, stopped_by = ended.code, ended.stopped_by
    for line in what_is_left(ended, hours):
        _tell(line)
    if stopped_by:
        named = ", ".join(target.request for target in targets)
        _tell(f"stopped. {f'Ask again for {named}' if named else 'The next run goes on from here'}")
        return 128 + stopped_by
    if code == 0:
        return OK
    failed = [failure for failure in failures(_WORK) if failure.at >= begun]
    if failed:
        _tell(f"failed: {', '.join(map(_step, failed))}")
        return STEP_FAILED
    if refused := _refused_since(begun, store, targets):
        _tell(f"refused, until another upload comes: {'; '.join(refused)}")
        return OK
    output = _LOG.read_text(encoding="utf-8", errors="replace")
    print("\n".join(output.splitlines()[-_SHOWN_LINES:]), file=sys.stderr)
    if code < 0:
        _tell(f"Snakemake was killed by signal {-code}. Start again; {_LOG} has what it said")
        return STEP_FAILED
    _tell(f"Snakemake gave up; {_LOG} has all that it said")
    cannot_be_made = code == 2 or "MissingRuleException" in output  # 2 is an argument that it does not know
    return WRONG_REQUEST if cannot_be_made else STEP_FAILED


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


def _refused_since(begun: dt.datetime, store: Store, targets: Sequence[Target]) -> list[str]:
    """Nights of this run whose uploads were refused in it, with the reasons."""
    nights = {night for target in targets for night in target.nights}
    try:
        if discovery := last_discovery(_WORK / DISCOVERY):
            nights |= {report.night for report in discovery.wanted}
        refusals = {night.name: read_refusal(store, night) for night in nights}
    except AirglowError:  # then it is not known, and the run failed
        return []
    since = {name: refusal for name, refusal in refusals.items() if refusal and refusal.made_at >= begun}
    return [f"{name} ({refusal.reason})" for name, refusal in sorted(since.items())]


def _step(failure: Failure) -> str:
    return " ".join(filter(None, (failure.rule, failure.tag))) + f" of {failure.name}"


def _refuse(status: int, *reasons: str) -> int:
    for reason in reasons:
        _tell(reason)
    return status


def _tell(text: str) -> None:
    print(f"airglow run: {text}", file=sys.stderr, flush=True)
