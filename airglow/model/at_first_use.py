"""Packages that export names without loading the modules behind them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def from_modules(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a package's ``__getattr__``, which imports a module when a name in it is used for the first time.

    A step that needs one function of a package need not load the libraries of all others (PEP 562).

    Parameters
    ----------
    package
        Name of the package.
    homes
        Name that is exported, and the module of the package that has it.

    Returns
    -------
    callable
        To be called ``__getattr__`` in the package.
    """

    def look_up(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return look_up
