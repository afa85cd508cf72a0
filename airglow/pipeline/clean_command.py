"""Remove what runs have left on this disk and nobody needs.

Files that were half written, files of nights that are done. Results, logs and records go after the days that
the configuration says (run.keep_local_days, run.keep_log_days); what is in the bucket stays. Runs do by
themselves what goes by age.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from airglow.model.errors import MachineError
from airglow.pipeline.command_head import add_head, refuse
from airglow.pipeline.last_discovery import DISCOVERY, last_discovery
from airglow.pipeline.runlock import Busy, begin_run
from airglow.pipeline.tidying import Leftover, leftovers, remove
from airglow.pipeline.workspace import size_on_disk
from airglow.registry import load_config
from airglow.uploads import State, pending_nights


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``clean``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    add_head(parser, dry_run="list it with its reason, remove nothing")


def run(given: argparse.Namespace) -> int:
    """Find what nobody needs, and remove it.

    Parameters
    ----------
    given
        What `configure` describes.

    Returns
    -------
    int
        Exit status: 1 if something could not be removed, or a run is at work.
    """
    here = Path.cwd()
    keep = load_config(given.config, working_directory=True)["run"]
    if not (here / ".snakemake").is_dir():
        print("no run was ever made here: there is nothing to clean")
        return 0
    try:
        lock = None if given.dry_run else begin_run(here / ".snakemake", 0)
    except Busy as error:
        return refuse("clean", f"{error}. A dry run works meanwhile")
    try:
        found = leftovers(here, _open_nights(here), keep["keep_local_days"], keep["keep_log_days"])
        return _work(here, list(found), given.dry_run)
    finally:
        if lock is not None:
            lock.end()


def _work(here: Path, found: list[Leftover], dry_run: bool) -> int:
    sizes = {leftover.path: size_on_disk(leftover.path) for leftover in found}
    failed = 0
    for leftover in found:
        if dry_run:
            print(f"{sizes[leftover.path] / 1e6:9.1f} MB  {leftover.path.relative_to(here)}: {leftover.why}")
            continue
        try:
            remove(leftover, here)
        except OSError as error:
            failed += 1
            refuse("clean", MachineError.from_os(str(leftover.path), error))
    verb = "would go" if dry_run else "are gone"
    print(f"{len(found) - failed} leftovers {verb}, {sum(sizes.values()) / 1e6:.1f} MB")
    return 1 if failed else 0


def _open_nights(here: Path) -> set[str]:
    """Names of the nights that a run may go on with: by the last discovery, and by marks in the bucket."""
    from airglow.store import open_store, settings_from_environment

    store = open_store(settings_from_environment())
    discovery = last_discovery(here / "work" / DISCOVERY)
    going_on = (
        [report for report in discovery.nights if report.state is not State.WAITING] if discovery else []
    )
    return {report.night.name for report in going_on} | {night.name for night in pending_nights(store)}
