"""Bring the pages up to date, make them anew, or copy them and the files that they lead to into a folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from airglow.pages.export import export_pages
from airglow.pages.rebuild import rebuild_pages
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages
from airglow.pipeline.stored_table import read_table
from airglow.registry import load_config
from airglow.store import open_store, settings_from_environment


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command ``pages``."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--rebuild", action="store_true", help="make all pages anew from the published files (reads each)"
    )
    choice.add_argument(
        "--out", type=Path, metavar="DIR", help="copy pages and files to here; changes nothing"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="over those of the workflow: with a section pages"
    )


def run(args: argparse.Namespace) -> int:
    """Do it, and say what was done; exit status 1 when something was amiss."""
    settings = PagesSettings(**load_config(args.config, working_directory=True)["pages"])
    store = open_store(settings_from_environment())
    if args.out:
        copied = export_pages(store, settings, args.out)
        print(f"{copied['files']} files. Open {copied['index']}, or serve them:")
        print(f"  python3 -m http.server --directory {args.out} 8000")
        print(f"  http://localhost:8000/{settings.prefix}/index.html")
        return _tell_problems(copied)
    known = read_table(store)
    table = None if known.written_at is None else known.rows  # None: as it was said last
    if args.rebuild:
        say = _say_on_terminal if sys.stderr.isatty() else lambda text: None
        answer = rebuild_pages(store, settings, table, say=say)
    else:
        answer = update_pages(store, settings, table)
    print(
        f"{len(answer['nights'])} nights; {len(answer['written'])} objects written, "
        f"{len(answer['deleted'])} deleted, under {settings.prefix}/"
        if settings.prefix
        else "The configuration says that there are no pages (pages: prefix is empty)."
    )
    return _tell_problems(answer)


def _tell_problems(answer: dict[str, Any]) -> int:
    for problem in answer["problems"]:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if answer["problems"] else 0


def _say_on_terminal(text: str) -> None:
    print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
