"""Load all rows of the database again, from what is published in the bucket.

For a database that was lost, or moved: the bucket is its backup. Nights whose rows are there already are
passed over, so a rebuild that was stopped goes on where it ended. Of the history of loads the bucket has the
last one of each night, which comes back with its time; earlier ones are not brought back.
"""

from __future__ import annotations

import argparse
import sys

from airglow.registry import load_config, registry_of
from airglow.registry.configuration import add_configuration_arguments
from airglow.store import open_store, settings_from_environment

_SAID_EVERY = 100  # nights, where nobody watches a terminal


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``rebuild-database``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("-n", "--dry-run", action="store_true", help="say which nights would be loaded")
    parser.add_argument(
        "--all", action="store_true", help="load nights again whose rows are there, too (after an upgrade)"
    )
    add_configuration_arguments(parser)


def run(given: argparse.Namespace) -> int:
    """Rebuild, with progress on standard error.

    Parameters
    ----------
    given
        What `configure` describes.

    Returns
    -------
    int
        Exit status: 1 if a night could not be loaded.
    """
    from airglow.catalogue import settings_from_environment as database_settings
    from airglow.pipeline.rebuild import rebuild_database

    registry = registry_of(load_config(given.config, working_directory=True), given.registry)
    done = rebuild_database(
        open_store(settings_from_environment()),
        registry,
        database_settings(),
        given.all,
        given.dry_run,
        _Progress(given.dry_run),
    )
    if sys.stderr.isatty():
        print(file=sys.stderr)
    verb = "would be loaded" if given.dry_run else "loaded"
    print(
        f"{len(done.loaded)} nights {verb}, {done.there} were there, {len(done.problems)} could not be loaded"
    )
    for name, problem in done.problems:
        print(f"airglow rebuild-database: {name}: {problem}", file=sys.stderr)
    if done.problems:
        print(
            "airglow rebuild-database: mend these (airglow run --reanalyze NIGHT publishes a night anew), "
            "and start again: nights that are there are passed over",
            file=sys.stderr,
        )
    return 1 if done.problems else 0


class _Progress:
    """Says how far it is: on a terminal in one line, elsewhere now and then."""

    def __init__(self, every_night: bool) -> None:
        self.every_night = every_night
        self.said = 0

    def __call__(self, text: str) -> None:
        self.said += 1
        if self.every_night and text.endswith("would be loaded"):
            print(text)
        elif sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif self.said % _SAID_EVERY == 0:
            print(text, file=sys.stderr, flush=True)
