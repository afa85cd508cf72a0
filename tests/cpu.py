"""``--cpu``: CPU time of the tests, of their process and of all that it started, servers included.

A machine with other work shows times on the clock that say little. A test's file decides in which of two
processes it runs, so the table has files, the dearest tests, and the sum of each process.
"""

from __future__ import annotations

import os
import resource
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SHOWN = 40


def cpu_s() -> float:
    """CPU seconds of this process, of its children that ended, and of all its descendants that live."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(each.ru_utime + each.ru_stime for each in used)
    children, times = defaultdict(list), {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        process = int(path.parent.name)
        children[int(fields[1])].append(process)
        times[process] = sum(map(int, fields[11:15])) / TICKS_PER_S
    below = list(children[os.getpid()])
    while below:
        process = below.pop()
        total += times[process]
        below += children[process]
    return total


class CpuTimes:
    """Notes in its report what each phase of a test took; reports come to the process that prints."""

    def __init__(self) -> None:
        self.before = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        report = yield
        now = cpu_s()
        report.cpu_s, self.before = now - self.before, now
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        processes, files, tests = Counter(), Counter(), Counter()
        for report in (report for reports in terminalreporter.stats.values() for report in reports):
            taken = getattr(report, "cpu_s", None)
            if taken is not None:
                processes[getattr(report, "worker_id", "this process")] += taken
                files[report.location[0]] += taken
                tests[f"{report.nodeid} {report.when}"] += taken
        terminalreporter.section("CPU seconds")
        for table in (processes, files, tests):
            for name, taken in table.most_common(SHOWN):
                terminalreporter.write_line(f"{taken:8.1f}  {name}")
            terminalreporter.write_line(f"{table.total():8.1f}  together\n")
