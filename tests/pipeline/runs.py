"""Runs of the workflow over one bucket, without Snakemake: what steps do is said by the test."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

from known import known_registry
from uploading import counted, keys

from airglow.model.states import ErrorClass
from airglow.pipeline.at_work import StepAtWork, begin_attempt, begin_step
from airglow.pipeline.attempts import attempt_key, attempt_log, attempt_stamp, logfmt
from airglow.pipeline.closing import Closed, close_run
from airglow.pipeline.failures import record_failure
from airglow.pipeline.finishing import finish_night
from airglow.pipeline.interrupted import record_interrupted
from airglow.pipeline.recording import RunAtHand
from airglow.pipeline.states import marked_record, marked_tried, mirror_taken_up, put_state
from airglow.pipeline.table import Row
from airglow.store import Store
from airglow.uploads import (
    MEMORY,
    NightId,
    Plan,
    ScanSettings,
    Versions,
    discovery_to_json,
    read_memory,
    scan,
    take_up,
)

REGISTRY = known_registry()
OTHER = NightId.parse("minime05_uao_20260428")
BEGIN = dt.datetime.now(dt.UTC).replace(microsecond=0)
STEP = "analyze"
DOWN = ("state/x: could not be written: 503", ErrorClass.MACHINE)
BUG = ("unexpected KeyError: 'gap'", ErrorClass.CODE)


class Runs:
    """Runs of the workflow over one bucket, an hour apart, in which steps end as the test says."""

    def __init__(self, store: Store, directory: Path) -> None:
        self.store, self.work = store, directory / "work"
        self.now, self.versions = BEGIN, Versions("1", "a")
        self.number = 0
        self.told: list[str] = []  # when the last run began

    def look(self, plan: Plan | None = None):
        """Only the discovery, and what it asked of the bucket."""
        memory = read_memory(self.work / MEMORY, self.store)
        with counted(self.store) as sent:
            found = scan(
                self.store,
                REGISTRY,
                ScanSettings(),
                now=self.now,
                memory=memory,
                versions=self.versions,
                plan=plan,
            )
        memory.write(self.work / MEMORY)
        return found, sent

    def run(self, later_h: float = 1.0, finish=(), fail=None, pass_step=(), named=(), plan=None) -> Closed:
        """A run: nights that are taken up finish, fail as told, or are interrupted."""
        self.now += dt.timedelta(hours=later_h)
        self.number += 1
        run = RunAtHand(f"run {self.number}", self.now, self.begin(), self.versions, named)
        if not named:
            found, _ = self.look(plan)
            records = take_up(self.store, found, self.versions)
            mirror_taken_up(self.store, found, self.work / "states", run.identifier, records)
            self.work.mkdir(exist_ok=True)
            value = discovery_to_json(replace(found, run=run.identifier))
            (self.work / "discovery.json").write_text(json.dumps(value))
        for night in (*finish, *pass_step):
            self.note(run, night, {"event": "done", "step": STEP})
        for night, (reason, error_class, *refused) in (fail or {}).items():
            names = {"instrument": night.instrument, "site": night.site, "date": night.day}
            tried = marked_tried(night, run.identifier, self.work / "states")
            how = error_class, bool(refused), run.stamp, tried
            record_failure(self.work, STEP, names, reason, "logs/a.log", *how)
            self.note(run, night, {"event": "failed", "step": STEP, "msg": reason})
        self.date_notes()
        for night in finish:
            self.finish(run, night)
        return close_run(self.work, self.store, run, self.now)

    def begin(self) -> str:
        """What the hook of Snakemake does before the first step: says when the run began."""
        stamp = attempt_stamp(self.now)
        begin_attempt(self.work, stamp, self.versions)
        self.told = record_interrupted(self.work, self.store, self.now)
        return stamp

    def come_down(self, at_work=(), pass_step=(), later_h: float = 1.0, step: str = STEP) -> str:
        """A run that takes the nights up that are due, and is killed with all that it started."""
        self.now += dt.timedelta(hours=later_h)
        self.number += 1
        stamp = self.begin()
        run = RunAtHand(f"run {self.number}", self.now, stamp, self.versions)
        found, _ = self.look()
        records = take_up(self.store, found, self.versions)
        mirror_taken_up(self.store, found, self.work / "states", run.identifier, records)
        for night in pass_step:
            self.note(run, night, {"event": "done", "step": step})
        wanted = {report.night for report in found.wanted}
        for night in at_work:
            if night in wanted:
                names = {"instrument": night.instrument, "site": night.site, "date": night.day}
                self.note(run, night, {"event": "begin", "step": step})
                tried = marked_tried(night, run.identifier, self.work / "states")
                begin_step(self.work, StepAtWork(step, names, "logs/a.log", stamp, tried))
        return stamp

    def date_notes(self) -> None:
        """Notes have the time of the machine; here it is that of the run."""
        for path in (self.work / "failures").glob("*.json"):
            value = json.loads(path.read_text())
            if not value["recorded"]:
                path.write_text(json.dumps({**value, "at": self.now.isoformat()}))

    def note(self, run: RunAtHand, night: NightId, fields: dict[str, str]) -> None:
        path = attempt_log(run.stamp, night.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(logfmt({"time": self.now.isoformat(), "night": night.name, **fields}) + "\n")

    def finish(self, run: RunAtHand, night: NightId, *tags: str) -> None:
        states = self.work / "states"
        published = {"outcomes": {tag or "XR": {"state": tag or "analysed"} for tag in tags or ("",)}}
        put_state(self.store, night, "published", published, states)
        for key in keys(self.store, night.raw_prefix):
            self.store.delete(key)
        known = marked_record(night, run.identifier, states)
        cleanup = {"made_at": self.now.isoformat(timespec="seconds")}
        log, code = attempt_key(night, run.stamp), self.versions.code
        of_run = {"record": known, "log": log, "code": code, "now": self.now}
        finish_night(self.store, night, cleanup, published, states, **of_run)


def row_of(closed: Closed, night: NightId) -> Row:
    return next(row for row in closed.rows if row.name == night.name)
