"""The command line: ``python -m airglow``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import airglow
from airglow.model.errors import AirglowError
from airglow.model.process import make_short_lived

# Modules by name: a command imports what it uses, and none of what the others do.
_COMMANDS = {
    "analyze": ("airglow.night.command", "analyse a folder of frames, with no bucket and no database"),
    "profiles": ("airglow.night.profiles_command", "analyse a file of ring profiles"),
    "refresh": ("airglow.night.refresh_command", "finish a night again from its fits, with other weather"),
    "history": ("airglow.pipeline.history", "show every attempt at a night, and its log"),
    "hold": ("airglow.pipeline.hold_command", "let no run take up a night until it is released"),
    "cleanup": ("airglow.pipeline.cleanup_command", "show what would be deleted from raw/, by which proof"),
    "clean": ("airglow.pipeline.clean_command", "remove what runs have left on this disk and nobody needs"),
    "doctor": ("airglow.doctor.command", "say whether all is there that a run needs, and what to do if not"),
    "pages": ("airglow.pages.command", "bring the pages of all nights up to date, or copy them"),
    "release": ("airglow.pipeline.release_command", "try a night again that is held, refused or failed"),
    "rebuild-database": (
        "airglow.pipeline.rebuild_command",
        "load all rows of the database again, from what is published",
    ),
    "run": ("airglow.pipeline.run", "run the workflow: all nights that are ready, or some by name"),
    "simulate": ("airglow.simulate.command", "make a night that never was, with known truth"),
    "status": ("airglow.pipeline.status", "show where nights stand, and why"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Errors that airglow raises on purpose, and those of the machine, are one line on stderr and exit status 1;
    ``airglow run`` has more exit statuses.
    """
    if arguments is None:  # the process is this command's own
        make_short_lived()
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="airglow", description=airglow.__doc__)
    parser.add_argument("--version", action="version", version=f"airglow {airglow.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (path, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if words[:1] == [name]:
            module = importlib.import_module(path)
            command.description = module.__doc__
            module.configure(command)
    passed_on = []
    if words[:1] == ["run"] and "--" in words:  # what follows is for Snakemake
        at = words.index("--")
        words, passed_on = words[:at], words[at + 1 :]
    given = parser.parse_args(words)
    given.passed_on = passed_on
    try:
        return module.run(given)
    except AirglowError as error:
        print(f"airglow {given.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who read the output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        reason = str(error) or "out of memory"
        print(f"airglow {given.command}: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
