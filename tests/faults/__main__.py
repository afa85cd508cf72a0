"""Commit every kind of fault and print what came of it. ``make faults``, or

    python -m tests.faults                        # all of it
    python -m tests.faults kills parsers          # some parts
    python -m tests.faults --share 10             # a tenth of it, to see that it still runs

The status is 1 if anything was lost, stayed stuck, or was wrong in silence.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from airglow.demo.servers import mariadb_server, s3_server
from airglow.registry.configuration import DIRECTORY_VARIABLE

from .parts import PARTS
from .table import Tried, table


def main() -> int:
    """Run the parts named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--share", type=int, default=1, metavar="N", help="commit one fault in N (default: 1)"
    )
    given = parser.parse_args()
    if unknown := sorted(set(given.parts) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    tried: list[Tried] = []
    with (
        tempfile.TemporaryDirectory(prefix="airglow-faults-") as directory,
        s3_server() as s3,
        mariadb_server() as mariadb,
    ):
        root = Path(directory)
        (root / "etc").mkdir()
        os.environ[DIRECTORY_VARIABLE] = str(root / "etc")  # nothing of this machine's operator
        for name in given.parts or PARTS:
            begun, before = time.monotonic(), len(tried)
            for one in PARTS[name](s3, mariadb, root / name, given.share):
                tried.append(one)
                if not one.is_fine:
                    print(one, file=sys.stderr, flush=True)
            seconds = time.monotonic() - begun
            print(f"{name}: {len(tried) - before:,} in {seconds:.0f} s", file=sys.stderr, flush=True)
    print(table(tried), end="")
    return 0 if all(one.is_fine for one in tried) else 1


if __name__ == "__main__":
    sys.exit(main())
