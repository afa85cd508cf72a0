"""Time to load a night into a database that holds many already, and of the views over it.

python -m tests.benchmarks.database [--nights N] [--samples N] [--plans]

A private MariaDB server on this machine; CPU time is that of the loading process and that of the server.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from airglow.catalogue import connect, load_night, migrate, settings_from_environment
from airglow.demo.servers import MariadbServer, mariadb_server
from airglow.model.result import NightResult, Rejection
from airglow.registry import Registry
from tests.benchmarks.nights import registry
from tests.benchmarks.text import number, table
from tests.results import example_result

INSTRUMENTS = (("minime05", "uao"), ("minime13", "uao"), ("minime90", "mrh"))
FIRST = dt.date(2026, 1, 1)
LASERS, REJECTIONS = 60, 40
KINDS = (".nc", ".log", ".txt", ".npz", "_winds.png", "_temperature.png", "_diagnostics.png")
QUESTIONS = {
    "fpi_last_night": "SELECT * FROM fpi_last_night WHERE site = 'uao'",
    "fpi_nights_by_state": "SELECT * FROM fpi_nights_by_state WHERE month BETWEEN 202601 AND 202612",
    "fpi_best_sample": "SELECT * FROM fpi_best_sample WHERE month = 202602 ORDER BY wind_error_mps LIMIT 20",
    "fpi_sample": "SELECT * FROM fpi_sample WHERE site = 'uao' AND local_date = '2026-02-03'",
    "fpi_sample_cause": "SELECT cause, COUNT(*) FROM fpi_sample_cause"
    " WHERE site = 'uao' AND local_date BETWEEN '2026-02-01' AND '2026-02-28' GROUP BY cause",
    "fpi_horizontal_wind": "SELECT * FROM fpi_horizontal_wind"
    " WHERE site = 'uao' AND mid_time BETWEEN '2026-02-03' AND '2026-02-05'",
    "fpi_night_product": "SELECT * FROM fpi_night_product WHERE site = 'uao' AND local_date = '2026-02-03'",
    "fpi_trouble": "SELECT * FROM fpi_trouble WHERE updated_at > UTC_TIMESTAMP() - INTERVAL 7 DAY",
    "fpi_history": "SELECT * FROM fpi_history WHERE site = 'uao' AND local_date = '2026-02-03'",
}


def night_on(base: NightResult, instrument: str, site: str, date: dt.date) -> NightResult:
    """The same night on another date and at another place."""
    later = np.timedelta64((date - base.date).days, "D")

    def shifted(part: Any) -> Any:
        times = {
            field.name: getattr(part, field.name) + later
            for field in dataclasses.fields(part)
            if getattr(getattr(part, field.name), "dtype", np.dtype(float)).kind == "M"
        }
        return dataclasses.replace(part, **times)

    parts = {name: shifted(getattr(base, name)) for name in ("sky", "laser", "cycles", "smooth_winds")}
    return dataclasses.replace(base, instrument=instrument, site=site, date=date, **parts)


def load(connection: Connection, known: Registry, result: NightResult) -> None:
    """Load a night of one tag with all its products."""
    names = [result.stem + kind for kind in KINDS]
    outcome = {
        "instrument": result.instrument,
        "site": result.site,
        "date": f"{result.date:%Y%m%d}",
        "tag": result.tag,
        "state": "analysed",
        "reason": "",
        "products": names,
    }
    products = [
        {"tag": result.tag, "name": name, "key": f"Results/2026/{name}", "size": 1, "sha256": "ab" * 32}
        for name in names
    ]
    load_night(
        connection,
        (result,),
        (outcome,),
        known.site(result.site),
        known.instrument(result.instrument, result.date),
        products=products,
        manifest_sha256="cd" * 32,
    )


def measure(server: MariadbServer, work: Callable[[], Any], repeat: int) -> list[str]:
    """Wall, own CPU and server's CPU time in ms: the mean of several times."""

    def clocks() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time(), _server_cpu_s(server)])

    begun = clocks()
    for _ in range(repeat):
        work()
    return [number(1e3 * seconds, 1) for seconds in (clocks() - begun) / repeat]


def _server_cpu_s(server: MariadbServer) -> float:
    """User and system time of the server, to 10 ms."""
    fields = Path(f"/proc/{server.process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows_read(cursor: Cursor, question: str) -> tuple[int, int]:
    """How many rows a query returns, and how many the server reads for it, temporary tables included."""

    def handled() -> int:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for name, value in cursor.fetchall() if name != "Handler_read_retry")

    before = handled()
    cursor.execute(question)
    return len(cursor.fetchall()), handled() - before


def _ask(cursor: Cursor, question: str) -> None:
    cursor.execute(question)
    cursor.fetchall()


def plan(cursor: Cursor, question: str) -> str:
    """Which table is read by which key, and how many rows of it are expected."""
    cursor.execute(f"EXPLAIN FORMAT=TRADITIONAL {question}")
    named = [column[0] for column in cursor.description]
    rows = [dict(zip(named, row, strict=True)) for row in cursor.fetchall()]
    shown = ("select_type", "table", "type", "key", "rows", "Extra")
    return table(shown, [[str(row[name] or "-") for name in shown] for row in rows])


def main() -> None:
    """Fill a database, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=300, help="that are there already (%(default)s)")
    parser.add_argument("--samples", type=int, default=200, help="of each night (%(default)s)")
    parser.add_argument(
        "--repeat", type=int, default=20, help="times each, of which the mean is shown (%(default)s)"
    )
    parser.add_argument("--plans", action="store_true", help="also how the server answers each view")
    given = parser.parse_args()
    known = registry()
    base = example_result(given.samples, LASERS, date=FIRST)
    rejections = tuple(
        Rejection(f"UAO_XR_{n:06d}.hdf5", "the sun is -4.2 degrees high") for n in range(REJECTIONS)
    )
    base = dataclasses.replace(base, rejections=rejections)
    with mariadb_server() as server:
        connection = connect(settings_from_environment(server.environment()))
        migrate(connection)
        for n in range(given.nights):
            day, request = divmod(n, len(INSTRUMENTS))
            load(connection, known, night_on(base, *INSTRUMENTS[request], FIRST + dt.timedelta(day)))
        later = FIRST + dt.timedelta(given.nights)
        nights = [night_on(base, "minime05", "uao", later + dt.timedelta(n)) for n in range(given.repeat)]
        new, again = iter(nights), night_on(base, "minime05", "uao", FIRST)
        rows = [
            ["a new night", *measure(server, lambda: load(connection, known, next(new)), given.repeat)],
            ["the same again", *measure(server, lambda: load(connection, known, again), given.repeat)],
            ["migrate, nothing new", *measure(server, lambda: migrate(connection), given.repeat)],
        ]
        print(
            f"{given.nights} nights of {given.samples} samples, {LASERS} lasers, {REJECTIONS} rejections, "
            f"{len(base.cycles)} cycles and {len(base.smooth_winds)} smooth winds are there\n"
        )
        print(table(("load, ms", "wall", "CPU", "server CPU"), rows), "\n")
        with connection.cursor() as cursor:
            rows = []
            for view, question in QUESTIONS.items():
                returned, read = rows_read(cursor, question)
                wall, *_ = measure(server, functools.partial(_ask, cursor, question), given.repeat)
                rows.append([view, wall, str(returned), str(read)])
            print(table(("view", "wall, ms", "rows", "rows read"), rows))
        if given.plans:
            with server.connect_as_root() as root, root.cursor() as cursor:  # plans of views need SHOW VIEW
                root.select_db(server.database)
                for question in QUESTIONS.values():
                    print(f"\n{question}\n{plan(cursor, question)}")


if __name__ == "__main__":
    main()
