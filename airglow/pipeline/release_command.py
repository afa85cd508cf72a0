"""Release a night that is held, refused or failed: the next run tries it again."""

from __future__ import annotations

import argparse

from airglow.store import open_store, settings_from_environment
from airglow.uploads import NightId, release


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``release``.

    Parameters
    ----------
    parser
        Gets the arguments.
    """
    parser.add_argument("night", nargs="+", help="such as minime05_uao_20250429")


def run(args: argparse.Namespace) -> int:
    """Release nights.

    Parameters
    ----------
    args
        What `configure` describes.

    Returns
    -------
    int
        0; 1 if one of them was neither held nor refused nor failed.

    Raises
    ------
    AirglowError
        If a name is none of a night, before anything is released; or if the bucket cannot be written.
    """
    nights = [NightId.parse(name) for name in args.night]
    store = open_store(settings_from_environment())
    status = 0
    for night in nights:
        if undone := release(store, night):
            print(f"{night.name} is released; the next run tries it. It was {'; '.join(undone)}")
        else:
            print(f"{night.name}: neither held nor refused nor failed, as the bucket has it")
            status = 1
    return status
