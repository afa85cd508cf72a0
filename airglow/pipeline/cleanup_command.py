"""Show what would be deleted now, object by object, and by which proof; or why it stays.

Of raw/, and of products that an earlier publication of a night left.

By the plans by which runs delete. Runs delete by themselves what is proven, so this command only shows it.
"""

from __future__ import annotations

import argparse

from airglow.model.errors import AirglowError
from airglow.model.states import ExitStatus
from airglow.pipeline.command_head import add_head, refuse
from airglow.registry import load_config, registry_of
from airglow.store import StoredObject
from airglow.uploads import RAW, NightId, RawPart, RawReceipt, parse_raw_key


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``cleanup``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    add_head(parser, dry_run="must be given: runs delete by themselves")
    parser.add_argument(
        "night",
        nargs="*",
        metavar="NIGHT",
        help="such as minime05_uao_20250429 (default: all that is in raw/)",
    )


def run(given: argparse.Namespace) -> int:
    """Show it.

    Parameters
    ----------
    given
        What `configure` describes.

    Returns
    -------
    int
        Exit status: 2 if the request is wrong.
    """
    from airglow.archive import preview_cleanup
    from airglow.store import guard_of, open_store, settings_from_environment

    if not given.dry_run:
        reason = "runs delete by themselves what is proven; say --dry-run to see it"
        return refuse("cleanup", reason, ExitStatus.WRONG)
    try:
        nights = [NightId.parse(name) for name in given.night]
    except AirglowError as error:
        return refuse("cleanup", error, ExitStatus.WRONG)
    config = load_config(given.config, working_directory=True)
    registry, store = registry_of(config), open_store(settings_from_environment())
    guard = guard_of(store, config["archive"])
    listed = {found.key: found for found in store.list(RAW)}
    goes, bytes_that_go = 0, 0
    shown: set[str] = set()
    for night in nights or _nights_in_raw(listed):
        if night.site not in registry.sites:
            print(f"{night.name}: stays: the registry knows no site {night.site}")
            continue
        fates = preview_cleanup(store, registry, night, listed, guard)
        print(night.name if fates else f"{night.name}: nothing of it is in raw/")
        for fate in fates:
            print(f"  {'goes ' if fate.goes else 'stays'} {fate.key}, {fate.size:,} bytes: {fate.why}")
            if fate.goes and fate.key not in shown:  # two nights of a site share weather files
                shown.add(fate.key)
                goes, bytes_that_go = goes + 1, bytes_that_go + fate.size
    print(f"{goes} objects, {bytes_that_go / 1e6:.1f} MB would be deleted; nothing was")
    return ExitStatus.OK


def _nights_in_raw(listed: dict[str, StoredObject]) -> list[NightId]:
    parsed = map(parse_raw_key, listed)
    nights = {one.night for one in parsed if isinstance(one, RawReceipt | RawPart)}
    return sorted(nights, key=lambda night: (night.date, night.site, night.instrument))
