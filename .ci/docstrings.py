"""Check that the docstrings of all that the package's subpackages export are complete, by numpydoc's rules.

A subpackage exports what is in its ``__all__``, or every public class and function of its modules if it has
none. Of a class its public methods are checked too. Besides numpydoc's rules, each exception that a function
itself raises must be under Raises.

    python .ci/docstrings.py              # every subpackage
    python .ci/docstrings.py etalon rings # some of them
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import enum
import importlib
import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import ERROR_MSGS, validate

import airglow
from airglow.model import columns
from airglow.model.columns import CLASSES, columns_of

# Rules of numpydoc that are off, and why. All others hold.
OFF = {
    "ES01": "a summary is often all that there is to say",
    "EX01": "examples are in README.md and in the tests",
    "PR04": "types are in the annotations",
    "PR06": "types are in the annotations",
    "PR08": "a description may begin with a NumPy type or a shape, such as datetime64 or (n,)",
    "RT02": "a name says more than a type, also where one value is returned",
    "RT03": "where the summary names what is returned there is nothing to add",
    "RT04": "as PR08",
    "SA01": "a name in backquotes leads to what is related",
    "SS05": "a summary may begin with a noun in the plural, which the rule takes for a verb",
}


def subpackages() -> list[str]:
    """Names of the packages below airglow."""
    return [found.name for found in pkgutil.walk_packages(airglow.__path__, "airglow.") if found.ispkg]


def exported(package: ModuleType) -> list[Any]:
    """Classes and functions that a package exports."""
    if hasattr(package, "__all__"):
        values = [getattr(package, name) for name in package.__all__]
    else:
        modules = [package] + [
            importlib.import_module(f"{package.__name__}.{found.name}")
            for found in pkgutil.iter_modules(package.__path__)
            if not found.ispkg and found.name != "__main__"
        ]
        values = [
            value
            for module in modules
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
        ]
    return [value for value in values if inspect.isclass(value) or inspect.isfunction(value)]


def with_methods(value: Any) -> Iterator[tuple[str, Any]]:
    """A class or function by its full name, and the public methods that a class defines itself."""
    name = f"{value.__module__}.{value.__qualname__}"
    yield name, value
    if inspect.isclass(value):
        for method, member in vars(value).items():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if not method.startswith("_") and inspect.isfunction(function):
                yield f"{name}.{method}", function


def faults(name: str, value: Any) -> Iterator[str]:
    """What is wrong with one docstring."""
    off = set(OFF)
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        off.add("PR01")  # nobody calls the constructor of an enumeration
    if _inherits_fields(value):
        off.add("PR01")
        listed = {entry.name for entry in get_doc_object(value)["Parameters"]}
        for missing in sorted(value.__annotations__.keys() - listed):
            yield f"PR01 Parameter {missing} not documented"
    if value in CLASSES.values():
        off.add("PR01")
        yield from _faults_of_table(value)
    for code, message in validate(name)["errors"]:
        if code not in off:
            yield f"{code} {message}"
    if inspect.isfunction(value) and value.__doc__:
        listed = {
            listed.strip() for entry in get_doc_object(value)["Raises"] for listed in entry.type.split(",")
        }
        for missing in sorted(raised(value) - listed):
            yield f"raises {missing}, which is not under Raises"


def _faults_of_table(value: Any) -> Iterator[str]:
    """What a table of a result lacks: what is in the table of columns need not be in its docstring again."""
    listed = {entry.name for entry in get_doc_object(value)["Parameters"]}
    listed = {name.strip() for names in listed for name in names.split(",")}
    fields = {field.name for field in dataclasses.fields(value)}
    rows = {column.field for table, each in CLASSES.items() if each is value for column in columns_of(table)}
    for missing in sorted(fields - rows - listed):
        yield f"PR01 Parameter {missing} not documented, and it is no column"
    if fields - listed and columns.__name__ not in value.__doc__:
        yield f"does not name {columns.__name__}, where its other fields are"


def _inherits_fields(value: Any) -> bool:
    """Whether it is a dataclass that adds to the fields of another, which documents them already."""
    return dataclasses.is_dataclass(value) and any(map(dataclasses.is_dataclass, value.__mro__[1:]))


def raised(function: Any) -> set[str]:
    """Exceptions that a function raises itself, by name; those that it catches again are left out."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    found: set[str] = set()
    _collect(tree.body, frozenset(), function.__globals__, found)
    return found - {"AssertionError"}  # which says that a line is never reached


def _caught_by(handler: ast.ExceptHandler, names: dict[str, Any]) -> set[str]:
    """Names of the exceptions that a handler catches, also those in a tuple that has a name."""
    caught: set[str] = set()
    for node in ast.walk(handler.type) if handler.type else ():
        value = names.get(node.id, vars(builtins).get(node.id)) if isinstance(node, ast.Name) else None
        caught |= {each.__name__ for each in (value if isinstance(value, tuple) else (value,)) if each}
    return caught


def _collect(
    statements: list[ast.stmt], caught: frozenset[str], names: dict[str, Any], found: set[str]
) -> None:
    for statement in statements:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
            function = statement.exc.func
            # `raise MachineError.from_os(...)` raises a MachineError.
            name = function.value if isinstance(function, ast.Attribute) else function
            if isinstance(name, ast.Name) and name.id[0].isupper() and name.id not in caught:
                found.add(name.id)
        inner = caught
        if isinstance(statement, ast.Try):
            inner = caught.union(*(_caught_by(handler, names) for handler in statement.handlers))
            for handler in statement.handlers:
                _collect(handler.body, caught, names, found)
        for part in ("body", "orelse", "finalbody"):
            _collect(getattr(statement, part, []), inner if part == "body" else caught, names, found)
        for case in getattr(statement, "cases", []):
            _collect(case.body, caught, names, found)


def main(rooms: list[str]) -> int:
    """Print what is wrong, one line each; 1 if anything is."""
    unknown = OFF.keys() - ERROR_MSGS.keys()
    if unknown:
        print(f"numpydoc has no rules {sorted(unknown)}", file=sys.stderr)
        return 1
    seen: set[str] = set()
    found: list[str] = []
    for package in subpackages():
        if rooms and package.split(".")[1] not in rooms:
            continue
        for value in exported(importlib.import_module(package)):
            for name, member in with_methods(value):
                if name in seen:
                    continue
                seen.add(name)
                found += [f"{name}: {fault}" for fault in faults(name, member)]
    for line in sorted(found):
        print(line)
    if not rooms:
        print(f"{len(seen)} docstrings checked")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
