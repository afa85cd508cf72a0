"""What the scripts beside this one share: the job that Snakemake started, seen as airglow sees it.

A script hands paths and settings to one function of airglow, inside `step`, which gives each step its log,
keeps it apart from runs that were killed, and puts every failure on record.
"""

import contextlib
import datetime as dt
import errno
import functools
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import __main__
from airglow.model.errors import AirglowError, MachineError, RefusedUpload
from airglow.model.files import write_whole
from airglow.model.process import make_short_lived
from airglow.model.states import ErrorClass, error_class_of
from airglow.pipeline.at_work import StepAtWork, begin_step, end_step
from airglow.pipeline.attempts import ATTEMPT_VARIABLE, LogFormatter, attempt_key, attempt_log, step_name
from airglow.pipeline.failures import forget_failure, record_failure
from airglow.pipeline.overtime import check_not_overtime, end_after
from airglow.pipeline.runlock import RUN_VARIABLE, step_of_run
from airglow.pipeline.states import marked_tried
from airglow.registry import Instrument, Registry, Site
from airglow.store import Store, json_bytes, open_store, settings_from_environment
from airglow.uploads import Fault, NightId

make_short_lived()

snakemake = __main__.snakemake  # Snakemake puts it into the script that it starts
LOCKS = Path(".snakemake")
WORK = Path("work")
RESULTS = Path("results")
BENCHMARKS = Path("benchmarks")
STATES = WORK / "states"  # of nights, as Snakemake sees them
ATTEMPT = os.environ.get(ATTEMPT_VARIABLE, "")  # empty without a run
WILDCARDS = {name: value for name, value in snakemake.wildcards.items() if name != "year"}


class Step:
    """The job at hand."""

    config: dict[str, Any] = snakemake.config

    @functools.cached_property
    def store(self) -> Store:
        """The bucket of the environment."""
        return open_store(settings_from_environment())

    @property
    def registry(self) -> Registry:
        """Sites and instruments as the Snakefile read them: reading them again would outlast many a step."""
        return self.config["registry"]

    @property
    def date(self) -> dt.date:
        """The local date on which the night began."""
        return dt.datetime.strptime(snakemake.wildcards.date, "%Y%m%d").date()

    @property
    def night(self) -> NightId:
        """The night at hand."""
        return NightId(snakemake.wildcards.instrument, snakemake.wildcards.site, self.date)

    @property
    def attempt_key(self) -> str:
        """Where the log of this attempt at the night will be in the bucket; empty without a run."""
        return attempt_key(self.night, ATTEMPT) if ATTEMPT else ""

    @property
    def site(self) -> Site:
        """The site at hand."""
        return self.registry.site(snakemake.wildcards.site)

    @property
    def instrument(self) -> Instrument:
        """The instrument at hand, as it was on that night."""
        return self.registry.instrument(snakemake.wildcards.instrument, self.date)

    def local(self, root: Path, night: NightId | None = None) -> Path:
        """A night's directory below ``work`` or ``results``; by default that of the night at hand."""
        return (night or self.night).below(root)


def tell(text: str) -> None:
    """Tell something in the log of the step, and to whom started the run."""
    logging.warning(text)
    print(text, flush=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write a file that is whole as soon as it is there, also when we are killed."""
    write_whole(path, json_bytes(value))


def read_json(path: str | Path) -> Any:
    """Read a file that `write_json` wrote."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


@contextlib.contextmanager
def step() -> Iterator[Step]:
    """Do the job's work in a ``with`` block: with its log, its lock, and its failure on record."""
    _begin_logs()
    about = " ".join([snakemake.rule, *WILDCARDS.values()])
    begun = time.monotonic()
    try:
        with contextlib.ExitStack() as stack:
            if run := os.environ.get(RUN_VARIABLE):
                stack.enter_context(step_of_run(LOCKS, run))
            hours = Step.config["run"]["step_hours"]
            check_not_overtime(WORK, snakemake.rule, WILDCARDS, ATTEMPT, hours)
            stack.enter_context(end_after(hours, lambda reason: _give_up(about, reason)))
            begin_step(WORK, StepAtWork(snakemake.rule, WILDCARDS, snakemake.log[0], ATTEMPT, _tried()))
            stack.callback(end_step, WORK, snakemake.rule, WILDCARDS)
            yield Step()
    except RefusedUpload as refusal:
        # The step has to fail, or the next one would begin.
        _fail(about, str(refusal), ErrorClass.DATA, refused=True)
    except AirglowError as error:
        _fail(about, str(error), error_class_of(error))
    except OSError as error:
        logging.exception("unexpected")
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        unexpected = f"unexpected {type(error).__name__}: {error}"
        reason = str(MachineError.from_os(str(error.filename or WORK), error)) if full else unexpected
        _fail(about, reason, ErrorClass.MACHINE)
    except Exception as error:
        logging.exception("unexpected")
        _fail(about, f"unexpected {type(error).__name__}: {error}", error_class_of(error))
    seconds = time.monotonic() - begun
    done = f"{about}: done in {seconds:.1f} s"
    logging.info(done, extra={"event": "done", "fields": {"seconds": f"{seconds:.1f}"}})
    print(done, flush=True)
    _note_cost(seconds)
    forget_failure(WORK, snakemake.rule, WILDCARDS)


def _note_cost(seconds: float) -> None:
    """Note what the step took, under the name of its log: time, own peak memory, CPU time with workers."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    # Unlike what getrusage says, this peak is not that of the process which started this one.
    peak_kb = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    path = BENCHMARKS / Path(snakemake.log[0]).relative_to("logs").with_suffix(".tsv")
    # Names and units of Snakemake's own benchmarks.
    with contextlib.suppress(OSError, AirglowError):  # the work is done, whatever comes of this
        write_whole(path, f"s\tmax_rss\tcpu_time\n{seconds:.2f}\t{peak_kb / 1024:.1f}\t{cpu:.2f}\n".encode())


def _begin_logs() -> None:
    """Let what is logged go into the log of the step and into that of the attempt at the night."""
    names = [WILDCARDS[name] for name in ("instrument", "site", "date") if name in WILDCARDS]
    night = "_".join(names) or snakemake.rule
    about = {"night": night, "step": snakemake.rule, "tag": WILDCARDS.get("tag", "")}
    paths = [Path(snakemake.log[0])]
    if ATTEMPT:
        of_attempt = attempt_log(ATTEMPT, night)
        with contextlib.suppress(OSError):  # a disk that fails is told by the work itself
            of_attempt.parent.mkdir(parents=True, exist_ok=True)
            paths.append(of_attempt)
    logging.root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a full disk: the work itself meets it, and says so
    for path in paths:
        try:
            handler = logging.FileHandler(path, encoding="utf-8")
        except OSError:
            continue
        handler.setFormatter(LogFormatter(about))
        logging.root.addHandler(handler)
    logging.info("begins", extra={"event": "begin"})


def _tried() -> str:
    """What of its night the step works on, by the discovery; empty where it is of no single night."""
    if "instrument" not in WILDCARDS:
        return ""
    return marked_tried(Step().night, os.environ.get(RUN_VARIABLE), STATES)


def _record_at_once(fault: Fault) -> None:
    """Put the failure of a night into the bucket."""
    from airglow.pipeline.recording import record_at_once  # of use on a full disk alone
    from airglow.pipeline.versions import versions_of

    if "instrument" in WILDCARDS:
        job = Step()
        versions = versions_of(job.config, job.registry)
        record_at_once(job.store, job.night, fault, _tried(), ATTEMPT, versions)


def _give_up(about: str, reason: str) -> None:
    _note_failure(about, reason)
    end_step(WORK, snakemake.rule, WILDCARDS)  # or it would pass for one that was killed


def _fail(about: str, reason: str, error_class: ErrorClass, refused: bool = False) -> None:
    _note_failure(about, reason, error_class, refused)
    sys.exit(1)


def _note_failure(
    about: str, reason: str, error_class: ErrorClass = ErrorClass.MACHINE, refused: bool = False
) -> None:
    """Put a failure on record, and tell it."""
    where = snakemake.rule, WILDCARDS
    try:
        record_failure(WORK, *where, reason, snakemake.log[0], error_class, refused, ATTEMPT, _tried())
    except MachineError as error:
        print(f"{about}: this cannot be noted on the disk: {error}", flush=True)
        name = step_name(snakemake.rule, WILDCARDS.get("tag", ""))
        try:
            _record_at_once(Fault(name, reason, error_class, refused))
        except Exception as second:  # what failed first is still to be told
            print(f"{about}: nor in the bucket: {second}", flush=True)
    event = "refused" if refused else "failed"
    logging.error(reason, extra={"event": event, "fields": {"class": error_class.value}})
    print(f"{about}: {'refused: ' * refused}{reason} (log: {snakemake.log[0]})", flush=True)
