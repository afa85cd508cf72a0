"""What commands for operators have in common: their first arguments, and how they refuse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_head(parser: argparse.ArgumentParser, dry_run: str = "", epilog: str = "") -> None:
    """Give a command its form, and the arguments that all of them have.

    Parameters
    ----------
    parser
        Gets them.
    dry_run
        What ``--dry-run`` does; empty for a command that has none.
    epilog
        What stands below its help.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = epilog
    if dry_run:
        parser.add_argument("-n", "--dry-run", action="store_true", help=dry_run)
    parser.add_argument("--config", type=Path, metavar="FILE", help="last layer of the configuration")


def refuse(command: str, reason: object, status: int = 1) -> int:
    """Say on standard error why a command does not do what was asked.

    Parameters
    ----------
    command
        Its name.
    reason
        A sentence.
    status
        Exit status.

    Returns
    -------
    int
        The exit status.
    """
    print(f"airglow {command}: {reason}", file=sys.stderr)
    return status
