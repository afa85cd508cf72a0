"""Hold a night: no run takes it up of its own until it is released (``airglow release``)."""

from __future__ import annotations

import argparse

from airglow.store import open_store, settings_from_environment
from airglow.uploads import NightId, hold


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``hold``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.add_argument("night", nargs="+", help="such as minime05_uao_20250429")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, which status shows")


def run(args: argparse.Namespace) -> int:
    """Hold nights.

    Parameters
    ----------
    args
        What `configure` describes.

    Returns
    -------
    int
        0.

    Raises
    ------
    AirglowError
        If a name is none of a night, before anything is held; or if the bucket cannot be written.
    """
    nights = [NightId.parse(name) for name in args.night]
    store = open_store(settings_from_environment())
    for night in nights:
        hold(store, night, args.because)
        print(f"{night.name} is held; a run that is at work on it goes on")
    return 0
