"""Faults put into the science code one by one, to see that a test of the same subpackage finds each.

    python -m tests.mutants                    # all of them
    python -m tests.mutants gp rings           # those of some subpackages
    python -m tests.mutants --jobs 2 --write   # all, two at a time, and the table to tests/MUTANTS.md
    python -m tests.mutants --new --write      # those that the table does not have as killed, and the table

A fault is one line in place of another. ``tests/mutants_table/<subpackage>.toml`` has a ``[[fault]]`` each:

==============  =====================================================================================
``file``        relative to ``airglow/<subpackage>/``
``line``        the whole line without its indentation; it must stand in the file once
``after``       a line that stands once before it, where ``line`` itself stands in the file more than once
``fault``       the line that is put in its place
``pattern``     one of `PATTERNS`
``what``        what it means, in a few words
``killed_by``   the test that finds it, as pytest names it
==============  =====================================================================================

Each test runs in a copy of the code that has one fault. The fault is killed if the test fails by an
assertion: a wrong value was seen. Another exception does not count, since any test would see that.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
SUBPACKAGES = (  # the science, and what deletes
    *("gp", "rings", "etalon", "spectra", "registry"),
    *("geometry", "winds", "frames", "weather", "night", "model", "archive", "uploads", "store"),
)
PATTERNS = ("sign", "factor", "off by one", "comparison", "dropped term", "wrong axis")
TABLE = Path("tests/MUTANTS.md")
KILLED, SURVIVED, ERROR = "killed", "survived", "error"
_COPIED = ("airglow", "tests", "config", "deploy", "docs", "profiles", "workflow", "pyproject.toml")
_LONGEST_S = 300.0  # a fault may make a loop endless


class FaultRefused(ValueError):
    """An entry that is no fault of a line that stands in the code, or whose test fails without it."""


@dataclass(frozen=True)
class Fault:
    """A line of a subpackage and what is put in its place, as the module's table describes it."""

    subpackage: str
    file: str
    line: str
    fault: str
    pattern: str
    what: str
    killed_by: str
    after: str = ""

    @property
    def path(self) -> Path:
        """The file, relative to the root."""
        return Path("airglow", self.subpackage, self.file)

    def put_into(self, text: str) -> str:
        """The text of the file with the fault in it.

        Raises
        ------
        FaultRefused
            If the line does not stand in it, or more than once.
        """
        lines = text.splitlines(keepends=True)
        bare = [line.strip() for line in lines]
        unique = self.after or self.line
        if bare.count(unique) != 1:
            raise FaultRefused(f"{self.path}: stands there {bare.count(unique)} times: {unique}")
        place = bare.index(unique)
        if self.after:
            if self.line not in bare[place + 1 :]:
                raise FaultRefused(f"{self.path}: does not stand after {self.after}: {self.line}")
            place = bare.index(self.line, place + 1)
        lines[place] = lines[place].replace(self.line, self.fault)
        return "".join(lines)


def faults_file(subpackage: str, root: Path = ROOT) -> Path:
    """The file that lists the faults of a subpackage."""
    return root / "tests" / "mutants_table" / f"{subpackage}.toml"


def read_faults(subpackages: Sequence[str] = (), root: Path = ROOT) -> list[Fault]:
    """Read the faults of some subpackages (of all by default), and see that each can be put in.

    Raises
    ------
    FaultRefused
        Naming the file and the reason.
    """
    faults = []
    for name in subpackages or SUBPACKAGES:
        listed = faults_file(name, root)
        if not listed.exists():
            raise FaultRefused(f"{listed}: is not there")
        for entry in tomllib.loads(listed.read_text(encoding="utf-8"))["fault"]:
            try:
                fault = Fault(name, **entry)
            except TypeError as error:
                raise FaultRefused(f"{listed}: {entry}: {error}") from error
            if fault.pattern not in PATTERNS or fault.fault == fault.line:
                raise FaultRefused(f"{listed}: {fault.line}: pattern {fault.pattern}, or nothing changes")
            fault.put_into((root / fault.path).read_text(encoding="utf-8"))
            faults.append(fault)
    return faults


def run_faults(faults: Sequence[Fault], root: Path = ROOT, jobs: int = 1) -> list[str]:
    """Run the test of each fault in a copy of the code that has the fault.

    Parameters
    ----------
    faults
        As of `read_faults`.
    root
        Directory of ``airglow`` and ``tests``.
    jobs
        How many at a time.

    Returns
    -------
    list of str
        `KILLED`, `SURVIVED`, or `ERROR` where the test failed by another exception than an assertion.

    Raises
    ------
    FaultRefused
        If a test fails without faults.
    """
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, str(number)) for number in range(jobs)]
        for name in _COPIED:
            if (root / name).is_dir():
                shutil.copytree(
                    root / name, copies[0] / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
                )
            elif (root / name).exists():
                shutil.copy2(root / name, copies[0] / name)
        _check_without_faults(faults, copies[0])
        for copy in copies[1:]:
            shutil.copytree(copies[0], copy)
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)

        def run(fault: Fault) -> str:
            copy = free.get()
            try:
                outcome = _run_one(fault, copy)
            finally:
                free.put(copy)
            print(f"{outcome:9s}{fault.path}: {fault.fault}", file=sys.stderr, flush=True)
            return outcome

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(run, faults))


def _check_without_faults(faults: Sequence[Fault], copy: Path) -> None:
    command = [sys.executable, "-c", "import airglow; print(airglow.__file__)"]
    shown = subprocess.run(command, cwd=copy, env=_environment(copy), stdout=subprocess.PIPE, check=True)
    imported = Path(shown.stdout.decode().strip()).resolve()
    if not imported.is_relative_to(copy.resolve()):
        raise FaultRefused(f"tests would import {imported}, which is not the copy")
    outcomes = _run_tests({fault.killed_by for fault in faults}, copy)
    failed = sorted(test for test, outcome in outcomes.items() if outcome != SURVIVED)
    if failed or not outcomes:
        raise FaultRefused(f"fail without faults, or are not there: {', '.join(failed) or 'all tests'}")


def _run_one(fault: Fault, copy: Path) -> str:
    path = copy / fault.path
    text = path.read_text(encoding="utf-8")
    # Python tells old compiled code by the time and size of its source, which a fault may leave as they are.
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    path.write_text(fault.put_into(text), encoding="utf-8")
    try:
        outcomes = _run_tests({fault.killed_by}, copy, PYTHONDONTWRITEBYTECODE="1").values()
    finally:
        path.write_text(text, encoding="utf-8")
    return next((outcome for outcome in (KILLED, ERROR, SURVIVED) if outcome in outcomes), ERROR)


def _run_tests(tests: set[str], copy: Path, **environment: str) -> dict[str, str]:
    """Outcome by the name of each test that ran; empty if none did in time."""
    report = copy / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    try:
        subprocess.run(
            [*command, f"--rootdir={copy}", f"--junitxml={report}", *sorted(tests)],
            cwd=copy,
            env=_environment(copy) | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LONGEST_S + 10.0 * len(tests),
        )
    except subprocess.TimeoutExpired:
        return {}
    if not report.exists():
        return {}
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in cases}


def _outcome(case: ElementTree.Element) -> str:
    if case.find("error") is not None or case.find("skipped") is not None:  # before the test itself, or none
        return ERROR
    failure = case.find("failure")
    if failure is None:
        return SURVIVED
    # pytest begins with the exception's name, which it leaves out before the text of a plain assertion.
    return KILLED if failure.get("message", "").startswith(("AssertionError", "assert ")) else ERROR


def _environment(copy: Path) -> dict[str, str]:
    own = {"PYTHONPATH": str(copy), "PYTEST_ADDOPTS": "", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return os.environ | own


def table(faults: Sequence[Fault], outcomes: Sequence[str]) -> str:
    """The faults with their outcomes, and their numbers by subpackage, in Markdown."""
    lines = [
        "# Faults that the tests find",
        "",
        "Each was put into the code by itself, and the test beside it was run: `python -m tests.mutants`.",
        "Killed: the test failed because a value was wrong.",
        "",
        "| subpackage | faults | killed |",
        "|---|---|---|",
    ]
    number = Counter(fault.subpackage for fault in faults)
    pairs = list(zip(faults, outcomes, strict=True))
    killed = Counter(fault.subpackage for fault, outcome in pairs if outcome == KILLED)
    lines += [f"| {name} | {count} | {killed[name]} |" for name, count in number.items()]
    lines += [f"| all | {len(faults)} | {killed.total()} |", ""]
    lines += ["| subpackage | file | pattern | fault | killed by | outcome |", "|---|---|---|---|---|---|"]
    lines += [_row(fault, outcome) for fault, outcome in pairs]
    return "\n".join(lines) + "\n"


def _row(fault: Fault, outcome: str) -> str:
    """The line of the table for a fault."""
    test = fault.killed_by.removeprefix(f"tests/{fault.subpackage}/")
    shown = f"{fault.what}: `{fault.fault}`".replace("|", "\\|")
    cells = [fault.subpackage, fault.file, fault.pattern, shown, f"`{test}`".replace("|", "\\|"), outcome]
    return f"| {' | '.join(cells)} |"


def new_faults(faults: Sequence[Fault], text: str) -> list[Fault]:
    """Those that a table, as `table` made it, does not have as killed in the same way."""
    known = set(text.splitlines())
    return [fault for fault in faults if _row(fault, KILLED) not in known]


def main() -> int:
    """Run the faults named on the command line; 1 unless all are killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subpackages", nargs="*", metavar="SUBPACKAGE", help=f"of {', '.join(SUBPACKAGES)}")
    parser.add_argument(
        "--new", action="store_true", help=f"only faults that {TABLE} does not have as killed"
    )
    parser.add_argument("--write", action="store_true", help=f"write {TABLE}; of all subpackages only")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="faults at a time (default: 1)")
    arguments = parser.parse_args()
    if arguments.write and arguments.subpackages:
        parser.error("--write is for the table of all subpackages")
    try:
        faults = read_faults(arguments.subpackages)
        known = (ROOT / TABLE).read_text(encoding="utf-8") if arguments.new else ""
        chosen = new_faults(faults, known)
        found = dict(zip(chosen, run_faults(chosen, jobs=arguments.jobs) if chosen else (), strict=True))
        outcomes = [found.get(fault, KILLED) for fault in faults]
    except FaultRefused as refused:
        parser.error(str(refused))
    text = table(faults, outcomes)
    print(text, end="")
    if arguments.write:
        (ROOT / TABLE).write_text(text, encoding="utf-8")
    return 0 if set(outcomes) == {KILLED} else 1


if __name__ == "__main__":
    sys.exit(main())
