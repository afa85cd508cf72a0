"""How light the pipeline is: CPU time, memory and requests to the bucket, beside their goals.

python -m tests.benchmarks.light [--keep DIR] [--only NAME ...] [--nights 1 10 50]
    [--against TREE] [--pairs N]

A full night has 180 sky and 60 laser frames of 512 x 512. CPU seconds are user and system time of a process
and all that it started, the least of some runs with one thread each. They are also given for the machine of
the goals, where ``import numpy`` takes 0.07 s: divided by what it takes here. Requests are counted by a proxy
before the S3 server.

On a machine that others use as well, that yardstick moves by half within a minute: it is short, and mostly
waits for memory. So ``--against TREE`` measures the analysis of another tree too, such as a worktree of an
earlier commit, in turn with this one. What disturbs both alike is not in their ratio.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from airglow.demo.servers import mariadb_server, s3_server
from airglow.simulate import simulate_night, write_night
from airglow.store import Store, known_deletion
from airglow.uploads import NIGHTS_PER_PLAN, NightId
from tests.benchmarks.nights import DATE, FIRST_SEED, SITE, VARIANTS, registry, simulator_digest
from tests.benchmarks.requests import beyond_data
from tests.benchmarks.speed import measure_in_turn
from tests.benchmarks.text import number, table

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests' own modules are
import running
import uploading

ROOT = Path(__file__).parents[2]
INSTRUMENT, TAG = "minime05", "XR"
NUMPY_S = 0.07  # on the machine that the goals are for
PAIRS = 3
SILENT_NIGHTS = 100  # collection errors, and as many half uploads
# Of the tests alone; where it is installed, Snakemake loads it to compare parameters with it.
WITHOUT_PANDAS = 'import sys\n\nsys.modules["pandas"] = None\n'
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
# A step: what Snakemake puts before a script, and the imports of the script itself.
STEPS = {
    "a step without bucket and fit": ("night_summary.py", "", 0.2),
    "a step with the bucket": ("publish.py", "step_store()", 0.4),
    "analyze": ("analyze.py", "", 0.6),
}


@dataclass
class Goal:
    """A line of the table."""

    what: str
    measured: float
    unit: str
    goal: float
    note: str = ""


@dataclass
class Bench:
    """Where the measurements are made, and what came of them."""

    folder: Path
    nights: list[int]
    against: Path | None = None
    pairs: int = PAIRS
    numpy_s: float = NUMPY_S
    lines: list[Goal] = field(default_factory=list)
    night: Path | None = None

    def say(self, what: str, measured: float, unit: str, goal: float, note: str = "") -> None:
        """Add a line, and show that it is there."""
        self.lines.append(Goal(what, measured, unit, goal, note))
        print(f"{what}: {measured:.3g} {unit}", file=sys.stderr, flush=True)

    def full_night(self) -> Path:
        """Folder of the simulated night."""
        if self.night is None:
            folder = self.folder / f"full-packed-{simulator_digest()[:12]}"
            if not (folder / "raw").is_dir():
                known = registry()
                instrument, site = known.instrument(INSTRUMENT, DATE), known.site(SITE)
                made = simulate_night(instrument, site, DATE, VARIANTS["full"], (TAG,), FIRST_SEED)
                with tempfile.TemporaryDirectory(dir=self.folder) as partial:
                    write_night(made, Path(partial) / "night", pack=True)
                    (Path(partial) / "night").rename(folder)
            self.night = folder
        return self.night


def environment_of(tree: Path) -> dict[str, str]:
    """The environment of everything measured: the code of this tree, one thread."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **ONE_THREAD, "PYTHONPATH": str(tree)}


def cpu(command: list[str], runs: int = 1, tree: Path = ROOT) -> tuple[float, float]:
    """Least CPU time (s) of some runs, and peak memory (MB) of the largest process in them."""
    times = []
    for _ in range(runs):
        code = (
            "import resource, subprocess, sys\n"
            "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
            "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
            "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
        )
        asked = [sys.executable, "-c", code, *command]
        environment = environment_of(tree)
        done = subprocess.run(asked, env=environment, cwd=tree, stdout=subprocess.PIPE, check=True, text=True)
        code, seconds, peak_mb = done.stdout.split()
        if code != "0":
            raise SystemExit(f"{' '.join(command)} ended with status {code}")
        times.append((float(seconds), float(peak_mb)))
    return min(times)[0], max(peak for _, peak in times)


def measure_yardstick(bench: Bench) -> None:
    """What ``import numpy`` costs here, beyond an empty Python."""
    empty, _ = cpu([sys.executable, "-c", "pass"], 10)
    numpy, _ = cpu([sys.executable, "-c", "import numpy"], 10)
    bench.numpy_s = numpy - empty
    bench.say("import numpy", bench.numpy_s, "s", NUMPY_S)


def measure_analyze(bench: Bench) -> None:
    """The command, and the analysis in it."""
    folder = bench.full_night()
    seconds, peak_mb = cpu_of_analyze(folder, 3)
    bench.say("airglow analyze, netCDF, tables, PNGs, log", seconds, "s", 3.5)
    bench.say("... its peak memory", peak_mb, "MB", 350)
    runs = [run["total_s"] for run in measure_in_turn(folder, 3)]
    bench.say("... the analysis in it (reading, rings, fits, winds)", min(runs), "s", 1.1)
    if bench.against is not None:
        measure_in_pairs(bench, folder, bench.against)


def cpu_of_analyze(folder: Path, runs: int = 1, tree: Path = ROOT) -> tuple[float, float]:
    """CPU time (s) and peak memory (MB) of the command, by the code of a tree."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "airglow", "analyze", "--instrument", INSTRUMENT, "--site", SITE]
        command += ["--date", f"{DATE:%Y%m%d}", "--frames", str(folder / "frames"), "--quiet"]
        command += ["--clouds", str(folder / "clouds"), "--out", out]
        return cpu(command, runs, tree)


def measure_in_pairs(bench: Bench, folder: Path, tree: Path) -> None:
    """The command and the analysis in it, of another tree and of this one in turn: medians of the ratios."""
    measures: dict[str, Callable[[Path], float]] = {
        "airglow analyze": lambda code: cpu_of_analyze(folder, tree=code)[0],
        "the analysis in it": lambda code: measure_in_turn(folder, 1, code)[0]["total_s"],
    }
    for what, measure in measures.items():
        pairs = [(measure(tree), measure(ROOT)) for _ in range(bench.pairs)]
        ratios = [here / there for there, here in pairs]
        note = ", ".join(f"{here:.2f} / {there:.2f} s" for there, here in pairs)
        bench.say(f"{what}, over that of {tree.name}", statistics.median(ratios), "x", float("nan"), note)


def measure_starts(bench: Bench) -> None:
    """What steps and a command cost before they do anything."""
    for what, (script, after, goal) in STEPS.items():
        text = step_start(script, after)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / script
            path.write_text(text)
            environment = "import os\n" + "".join(
                f"os.environ[{name!r}] = {value!r}\n"
                for name, value in {
                    "DEST_BUCKET": "bucket",
                    "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9",
                    "AWS_ACCESS_KEY_ID": "local",
                    "AWS_SECRET_ACCESS_KEY": "local",
                }.items()
            )
            path.write_text(environment + text)
            seconds, _ = cpu([sys.executable, str(path)], 5)
        bench.say(f"start-up: {what}", seconds, "s", goal)
    seconds, _ = cpu([sys.executable, "-m", "airglow", "status", "--help"], 5)
    bench.say("airglow status --help", seconds, "s", 0.25)


def step_start(script: str, after: str) -> str:
    """A script that begins as Snakemake starts the named one, and does none of its work."""
    from snakemake.common import get_snakemake_searchpaths

    scripts = ROOT / "workflow/scripts"
    imports: list[str] = []
    for line in (scripts / script).read_text().splitlines():
        if line.startswith("with step()"):
            break
        imports.append(line)
    opened = "open_store(settings_from_environment())" if after else ""
    store = "from airglow.store import open_store, settings_from_environment\n" if after else ""
    # Made in a process of its own: what pickles the job loads more than what reads it.
    code = (
        "import pickle, sys\n"
        "from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Snakemake, Wildcards\n"
        "empty = (InputFiles(), OutputFiles(), Params(), Wildcards())\n"
        "job = Snakemake(*empty, 1, {}, Log(), {}, 'rule', 0, '.')\n"
        "sys.stdout.buffer.write(pickle.dumps(job, protocol=4))"
    )
    pickled = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout
    job = (
        f"import pickle\nsnakemake = pickle.loads({pickled})\n"
        "from snakemake.logging import logger\nfrom snakemake.iocontainers import Snakemake\n"
    )
    paths = [*get_snakemake_searchpaths(), str(scripts)]
    return f"import sys\nsys.path.extend({paths!r})\n{job}\n" + "\n".join(imports) + f"\n{store}{opened}\n"


@contextmanager
def place(bench: Bench) -> Iterator[tuple[running.Clone, running.Front, Store]]:
    """A clone with servers of its own."""
    with (
        s3_server() as s3,
        mariadb_server() as mariadb,
        running.front(s3.endpoint_url) as front,
        tempfile.TemporaryDirectory(prefix="airglow-light-") as folder,
    ):
        store, database = running.new_place(s3, mariadb)
        environment = running.surroundings(front.url, store.bucket, s3, mariadb, database)
        installed = Path(folder) / "installed"
        installed.mkdir()
        (installed / "sitecustomize.py").write_text(WITHOUT_PANDAS)
        paths = os.pathsep.join([str(installed), str(ROOT)])
        clone = running.clone(Path(folder) / "clone", {**environment, **ONE_THREAD, "PYTHONPATH": paths})
        clone.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield clone, front, store


@dataclass
class Cost:
    """What a run cost."""

    total_s: float  # of all processes
    own_s: float  # of Snakemake's own process


def run_costs(clone: running.Clone) -> Cost:
    """An hourly run, ended well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [str(running.SNAKEMAKE), "--profile", "hourly"],
            cwd=clone.directory, env=clone.environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        # Of the process without its children, while it is still in the table of processes.
        values = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        own_s = (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
        process.wait()
        output.seek(0)
        if process.returncode:
            raise SystemExit(f"the run failed:\n{output.read()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Cost(used, own_s)


def make_ready(clone: running.Clone, store: Store) -> None:
    """Make what is made once: the database's schema, static pages, the probe of how the store deletes."""
    run_costs(clone)
    known_deletion(store, None)


def measure_workflow(bench: Bench) -> None:
    """A full night through the workflow."""
    folder = bench.full_night()
    analysis = [
        line.measured for line in bench.lines if line.what.startswith(("airglow analyze", "... the a"))
    ]
    with place(bench) as (clone, front, store):
        make_ready(clone, store)
        running.upload(store, folder / "raw")
        front.forget()
        cost = run_costs(clone)
        asked = list(front.requests)
        front.forget()
        idle = run_costs(clone)
        bench.say("idle run", len(front.requests), "requests", 5)
        bench.say("... CPU of all processes", idle.total_s, "s", float("nan"))
    bench.say("full night through the workflow, all processes", cost.total_s, "s", float("nan"))
    if analysis:
        bench.say("... less airglow analyze", cost.total_s - analysis[0], "s", 5)
        bench.say("... less the analysis in it", cost.total_s - analysis[1], "s", 5)
    beyond = beyond_data(asked)
    bench.say("requests of this night beyond its data", sum(beyond.values()), "requests", 40, top(beyond))
    bench.say("... with its data", len(asked), "requests", float("nan"))


def top(counts: Counter) -> str:
    """The most frequent kinds of requests."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common(12))


def measure_many(bench: Bench) -> None:
    """Many pending nights at once, without frames to analyse: what Snakemake itself costs."""
    goals = {1: 3.0, 10: 5.0, 50: 15.0}
    for count in bench.nights:
        with place(bench) as (clone, front, store):
            make_ready(clone, store)
            for night in range(count):
                uploading.send(store, NightId(INSTRUMENT, SITE, DATE - dt.timedelta(days=2 * night)))
            front.forget()
            plans = [run_costs(clone)]
            while len(plans) * NIGHTS_PER_PLAN < count:  # as airglow run does, until nothing is left
                plans.append(run_costs(clone))
            cost = Cost(sum(plan.total_s for plan in plans), sum(plan.own_s for plan in plans))
            beyond = beyond_data(front.requests)
        bench.say(f"Snakemake's own CPU, {count} pending", cost.own_s, "s", goals.get(count, float("nan")))
        bench.say(f"... all processes, a night, {count} pending", cost.total_s / count, "s", float("nan"))
        each = sum(beyond.values()) / count
        bench.say(f"... requests beyond data, a night, {count} pending", each, "requests", 40, top(beyond))


def measure_silent(bench: Bench) -> None:
    """Nights that only wait: receipts that report collection errors, and uploads that lack a part."""
    with place(bench) as (clone, front, store):
        for day in range(SILENT_NIGHTS):
            night = NightId(INSTRUMENT, SITE, DATE - dt.timedelta(days=day))
            store.put_bytes(night.receipt_key, uploading.receipt(night, 0, 0))
            half = NightId("minime13", SITE, DATE - dt.timedelta(days=day))
            uploading.send(store, half, clouds=False)
            store.delete(uploading.part_key(half, 1))
        run_costs(clone)
        front.forget()
        run_costs(clone)
        note = top(Counter(method for method, _ in front.requests))
        bench.say(
            "second run with 100 collection errors, 100 half uploads",
            len(front.requests),
            "requests",
            12,
            note,
        )


PARTS: dict[str, Callable[[Bench], None]] = {
    "analyze": measure_analyze,
    "start-up": measure_starts,
    "workflow": measure_workflow,
    "silent": measure_silent,
    "pending": measure_many,
}


def report(bench: Bench) -> str:
    """The table."""
    scale = NUMPY_S / bench.numpy_s
    rows = []
    for line in bench.lines:
        scaled = line.measured * (scale if line.unit == "s" else 1.0)
        digits = 2 if line.unit in ("s", "x") else 0
        goal = "" if line.goal != line.goal else f"{line.goal:g} {line.unit}"
        met = "" if not goal else "yes" if scaled <= line.goal * (1 + 1e-9) else "no"
        rows.append(
            [
                line.what,
                f"{number(line.measured, digits)} {line.unit}",
                f"{number(scaled, digits)}",
                goal,
                met,
            ]
        )
    notes = [f"{line.what}: {line.note}" for line in bench.lines if line.note]
    head = ("", "here", f"numpy in {NUMPY_S} s", "goal", "met")
    return "\n".join([table(head, rows), "", *notes])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the simulated night for another run")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="some parts (default: all)"
    )
    parser.add_argument(
        "--nights", nargs="+", type=int, default=[1, 10, 50], help="pending at once (%(default)s)"
    )
    parser.add_argument(
        "--against",
        type=lambda text: Path(text).resolve(),
        metavar="TREE",
        help="also the analysis of another tree of airglow, in turn with this one, and the ratio",
    )
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of that (%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="airglow-light-") as temporary:
        bench = Bench(given.keep or Path(temporary), given.nights, given.against, given.pairs)
        measure_yardstick(bench)
        for name in given.only:
            PARTS[name](bench)
    print(report(bench))


if __name__ == "__main__":
    main()
