"""How light the pipeline is: CPU time, memory and requests to the bucket; before, as it may be, and now.

python -m tests.benchmarks.light [--keep DIR] [--only NAME ...] [--nights 1 10 50]
    [--against TREE] [--pairs N]

A full night has 180 sky and 60 laser frames of 512 x 512. CPU seconds are user and system time of a process
and all that it started, with one thread each. Requests are counted by a proxy before the S3 server.

``--against TREE`` measures the code of another tree too, such as a copy of the commit of the column "before",
in turn with this one: what else the machine does meanwhile disturbs both alike, and is not in their ratio. A
tree with a ``.venv`` of its own, for libraries that this code does without, is run by that.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
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
from airglow.store import Store, known_deletion, open_store, settings_from_environment
from airglow.store.guard import DELETION
from airglow.uploads import NIGHTS_PER_PLAN, NightId
from tests.benchmarks.light_table import Lines
from tests.benchmarks.nights import DATE, FIRST_SEED, SITE, VARIANTS, registry, simulator_digest
from tests.benchmarks.requests import beyond_data
from tests.benchmarks.speed import measure_in_turn
from tests.benchmarks.text import number

sys.path.insert(0, str(Path(__file__).parents[1]))  # where the tests' own modules are
import running
import uploading

ROOT = Path(__file__).parents[2]
INSTRUMENT, TAG = "minime05", "XR"
PAIRS = 3
BEFORE_REQUESTS = 176  # of 170 to 182
PAIRED_NIGHTS = 10  # more take the earlier code a quarter of an hour
SILENT_NIGHTS = 100  # collection errors, and as many half uploads
# Of the tests alone; where it is installed, Snakemake loads it to compare parameters with it.
WITHOUT_PANDAS = 'import sys\n\nsys.modules["pandas"] = None\n'
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
# A step: its script, whether it opens the bucket, and the goal. Before, all took 0.4 to 1.2 s.
STEPS = {
    "a step without bucket and fit": ("night_summary.py", False, 0.2),
    "a step with the bucket": ("publish.py", True, 0.4),
    "analyze": ("analyze.py", False, 0.6),
}


@dataclass
class Bench:
    """Where the measurements are made, and what came of them."""

    folder: Path
    nights: list[int]
    against: Path | None = None
    pairs: int = PAIRS
    lines: Lines = field(default_factory=Lines)
    night: Path | None = None

    def in_turn(self, measure: Callable[[Path], float], runs: int = 1) -> tuple[float, list[float]]:
        """The least of some runs of this tree, and the ratios to the other one, if there is one."""
        if self.against is None:
            return min(measure(ROOT) for _ in range(runs)), []
        pairs = [(measure(self.against), measure(ROOT)) for _ in range(self.pairs)]
        return min(here for _, here in pairs), [here / there for there, here in pairs]

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
    bench.lines.numpy_s = numpy - empty
    print(f"import numpy: {numpy - empty:.3f} s", file=sys.stderr, flush=True)


def measure_analyze(bench: Bench) -> None:
    """The command, and the analysis in it."""
    folder, peaks = bench.full_night(), []

    def command(tree: Path) -> float:
        seconds, peak_mb = cpu_of_analyze(folder, tree=tree)
        if tree == ROOT:
            peaks.append(peak_mb)
        return seconds

    def analysis(tree: Path) -> float:
        return min(run["total_s"] for run in measure_in_turn(folder, 1 if bench.against else 3, tree))

    say = bench.lines.say
    here, ratios = bench.in_turn(command, 3)
    say("airglow analyze: netCDF, tables, PNGs, log", "s", here, 3.5, before=8.6, ratios=ratios)
    say("... its peak memory", "MB", max(peaks), 350, before=924)
    here, ratios = bench.in_turn(analysis)
    say("... the analysis in it: reading, rings, fits, winds", "s", here, 1.1, before=1.65, ratios=ratios)


def cpu_of_analyze(folder: Path, runs: int = 1, tree: Path = ROOT) -> tuple[float, float]:
    """CPU time (s) and peak memory (MB) of the command, by the code of a tree."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "airglow", "analyze", "--instrument", INSTRUMENT, "--site", SITE]
        command += ["--date", f"{DATE:%Y%m%d}", "--frames", str(folder / "frames"), "--quiet"]
        command += ["--clouds", str(folder / "clouds"), "--out", out]
        return cpu(command, runs, tree)


def measure_starts(bench: Bench) -> None:
    """What steps and a command cost before they do anything."""
    for what, (script, uses_bucket, goal) in STEPS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / script
            environment = "import os\n" + "".join(
                f"os.environ[{name!r}] = {value!r}\n"
                for name, value in {
                    "DEST_BUCKET": "bucket",
                    "AWS_S3_ENDPOINT_URL": "http://127.0.0.1:9",
                    "AWS_ACCESS_KEY_ID": "local",
                    "AWS_SECRET_ACCESS_KEY": "local",
                }.items()
            )
            path.write_text(environment + step_start(script, uses_bucket))
            seconds, _ = cpu([sys.executable, str(path)], 5)
        bench.lines.say(f"start-up: {what}", "s", seconds, goal)
    command = [sys.executable, "-m", "airglow", "status", "--help"]
    # No ratio: the earlier code takes less of it, once compiled, than the column "before" says.
    bench.lines.say("airglow status --help", "s", cpu(command, 5)[0], 0.25, before=1.5)


def step_start(script: str, uses_bucket: bool) -> str:
    """A script that begins as Snakemake starts the named one, and does none of its work."""
    from snakemake.common import get_snakemake_searchpaths

    scripts = ROOT / "workflow/scripts"
    imports: list[str] = []
    for line in (scripts / script).read_text().splitlines():
        if line.startswith("with step()"):
            break
        imports.append(line)
    opened = "open_store(settings_from_environment())" if uses_bucket else ""
    store = "from airglow.store import open_store, settings_from_environment\n" if uses_bucket else ""
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
def place(tree: Path = ROOT) -> Iterator[tuple[running.Clone, running.Front, Store]]:
    """A clone of a tree with servers of its own, and the bucket as the clone addresses it."""
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
        if tree == ROOT:  # earlier code needs it
            (installed / "sitecustomize.py").write_text(WITHOUT_PANDAS)
        environment |= {**ONE_THREAD, "PYTHONPATH": os.pathsep.join([str(installed), str(tree)])}
        clone = running.clone(Path(folder) / "clone", environment, tree)
        clone.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield (
            clone,
            front,
            open_store(
                settings_from_environment(
                    {**environment, **s3.environment(store.bucket), "AWS_S3_ENDPOINT_URL": front.url}
                )
            ),
        )


@dataclass
class Cost:
    """What a run cost."""

    total_s: float  # of all processes
    own_s: float  # of Snakemake's own process


def run_costs(clone: running.Clone, tree: Path = ROOT) -> Cost:
    """An hourly run, ended well, by the Snakemake of a tree."""
    own = tree / ".venv/bin/snakemake"
    snakemake = own if tree != ROOT and own.exists() else running.SNAKEMAKE
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [str(snakemake), "--profile", "hourly"],
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


def make_ready(clone: running.Clone, store: Store, tree: Path = ROOT) -> None:
    """Make what is made once: the database's schema, static pages, the probe of how the store deletes."""
    run_costs(clone, tree)
    known_deletion(store, clone.directory / "work" / DELETION)


@dataclass
class FullNight:
    """What a full night costs through the workflow, and the run after it, with nothing to do."""

    cost: Cost
    requests: list[tuple[str, str]]
    idle: Cost
    idle_requests: int


def full_night_by_workflow(folder: Path, tree: Path = ROOT) -> FullNight:
    """Upload a night and run the workflow of a tree, twice."""
    with place(tree) as (clone, front, store):
        make_ready(clone, store, tree)
        running.upload(store, folder / "raw")
        front.forget()
        cost, asked = run_costs(clone, tree), list(front.requests)
        front.forget()
        return FullNight(cost, asked, run_costs(clone, tree), len(front.requests))


def measure_workflow(bench: Bench) -> None:
    """A full night through the workflow."""
    folder, nights = bench.full_night(), []
    whole: dict[Path, list[float]] = {}

    def beyond_analyze(tree: Path) -> float:
        night = full_night_by_workflow(folder, tree)
        whole.setdefault(tree, []).append(night.cost.total_s)
        if tree == ROOT:
            nights.append(night)
        return night.cost.total_s - cpu_of_analyze(folder, tree=tree)[0]

    here, ratios = bench.in_turn(beyond_analyze)
    say, night = bench.lines.say, nights[-1]
    told = "; ".join(f"{', '.join(number(s, 1) for s in of)} s" for of in whole.values())
    say("that night through the workflow, all processes, less airglow analyze", "s", here, 5, before=23,
        ratios=ratios, note=f"with airglow analyze {told}")  # fmt: skip
    beyond = beyond_data(night.requests)
    parts = sum(count for kind, count in beyond.items() if kind.startswith("DELETE raw/") and ".tar" in kind)
    what = f"its requests beyond its data and the DELETE of each of its {parts} parts"
    say(what, "requests", sum(beyond.values()) - parts, 40, note=top(beyond))
    say("... with its data", "requests", len(night.requests))
    say("a run with nothing to do", "requests", night.idle_requests, 5, before=5)
    say("... CPU of all processes", "s", night.idle.total_s)


def top(counts: Counter) -> str:
    """The most frequent kinds of requests."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common(12))


def many_pending(count: int, tree: Path = ROOT) -> tuple[Cost, Counter[str]]:
    """What the workflow of a tree costs with nights pending that have no frame to analyse."""
    with place(tree) as (clone, front, store):
        make_ready(clone, store, tree)
        for night in range(count):
            uploading.send(store, NightId(INSTRUMENT, SITE, DATE - dt.timedelta(days=2 * night)))
        front.forget()
        plans = [run_costs(clone, tree)]
        while (
            tree == ROOT and len(plans) * NIGHTS_PER_PLAN < count
        ):  # as airglow run does, until all are done
            plans.append(run_costs(clone, tree))
        total = Cost(sum(plan.total_s for plan in plans), sum(plan.own_s for plan in plans))
        return total, beyond_data(front.requests)


def measure_many(bench: Bench) -> None:
    """Many pending nights at once: what Snakemake itself costs."""
    goals = {1: (3.0, 3.0), 10: (8.0, 5.0), 50: (70.0, 15.0)}
    factor = math.nan
    for count in bench.nights:
        before, goal = goals.get(count, (math.nan, math.nan))
        costs: list[tuple[Cost, Counter[str]]] = []
        there: list[float] = []
        for _ in range(bench.pairs if bench.against and count == 1 else 1):
            if bench.against and count <= PAIRED_NIGHTS:
                there.append(many_pending(count, bench.against)[0].own_s)
            costs.append(many_pending(count))
        cost, beyond = min(costs, key=lambda each: each[0].own_s)
        ratios = [own.own_s / earlier for (own, _), earlier in zip(costs, there, strict=False)]
        note = ""
        if there:
            factor = before / statistics.median(there)
        elif bench.against and math.isfinite(factor):
            ratios, note = [cost.own_s * factor / before], "scaled as the line with fewer nights"
        say = bench.lines.say
        say(f"Snakemake itself, {count} nights pending", "s", cost.own_s, goal, before=before, ratios=ratios,
            note=note)  # fmt: skip
        say(f"... all processes, a night, {count} pending", "s", cost.total_s / count)
        each = sum(beyond.values()) / count
        what = f"... requests of a night of three parts beyond its data, {count} pending"
        say(what, "requests", each, 40, before=BEFORE_REQUESTS if count == 1 else math.nan, note=top(beyond))


def measure_silent(bench: Bench) -> None:
    """Nights that only wait: receipts that report collection errors, and uploads that lack a part."""
    with place() as (clone, front, store):
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
        bench.lines.say("a second run with 100 collection errors and 100 half uploads", "requests",
                        len(front.requests), 12, before=305, note=note)  # fmt: skip


PARTS: dict[str, Callable[[Bench], None]] = {
    "analyze": measure_analyze,
    "start-up": measure_starts,
    "workflow": measure_workflow,
    "silent": measure_silent,
    "pending": measure_many,
}


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
        help="also the code of another tree, in turn with this one, and the ratio",
    )
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of that (%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="airglow-light-") as temporary:
        told = Lines(given.against.name if given.against else "", given.pairs)
        bench = Bench(given.keep or Path(temporary), given.nights, given.against, given.pairs, told)
        measure_yardstick(bench)
        for name in given.only:
            PARTS[name](bench)
    print(bench.lines)


if __name__ == "__main__":
    main()
