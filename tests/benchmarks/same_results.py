"""Whether two trees of netCDF products hold the same results.

python -m tests.benchmarks.same_results OLD NEW [--renames FILE] [--tolerance-sigma X] [--expected NAME ...]

Every file, group, variable and attribute is compared.

- Floating-point values may differ by so many of their stated errors (``--tolerance-sigma``). The stated error
  of ``x`` is ``x_error`` in its group, or else the first of its ancillary variables that is an error
  (``*_error``, ``error``, ``sigma``); that of ``a_b_covariance`` is the product of ``a_wind_error`` and
  ``b_wind_error``, since a covariance near zero has no relative difference of its own. Values without one may
  differ by a relative 1e-6 of the value, or of the median magnitude of the variable where that is larger.
- Flags, causes, counts, times and strings must be the same, and so must the pattern of missing values.
- Attributes of groups, and units, masks and meanings of variables must be the same. Provenance (code version,
  time of making) and other wording of variables is listed and does not count.

FILE has a line ``old = new`` for each name that changed: of a variable or group wherever it stands
(``tangent_height``), or of one by its path (``zero_reference/value``). ``#`` begins a comment. Names within
attributes are translated too. The renames since version 0.1 are in ``tests/benchmarks/renames_0.1.txt``.
Deprecated names, under which a variable or group stands a second time, are passed over. What is expected to
be new or worded otherwise is named by ``--expected``: the path of a variable, such as ``log/note``, or an
attribute of groups, such as ``:summary``. It is listed and does not count.

The exit status is 0 where the results are the same, else 1.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from tests.benchmarks.text import table

TOLERANCE_SIGMA = 1e-4
TOLERANCE_RELATIVE = 1e-6
PROVENANCE = frozenset(
    {"history", "code_version", "product_version", "date_created", "date_modified", "date_issued"}
)
COUNTED_OF_VARIABLES = frozenset({"units", "calendar", "flag_masks", "flag_values", "flag_meanings"})
HEADERS = ("file", "variable", "differ", "absolute", "relative", "sigma", "verdict")


@dataclass(frozen=True)
class Difference:
    """How a variable differs between two files.

    Attributes
    ----------
    file, variable
        Relative path of the old file; path of the variable in it.
    differing
        Number of elements that are not identical.
    largest_absolute, largest_relative, largest_sigma
        Largest difference: in the variable's unit, over its magnitude, over its stated error; NaN where there
        is none to give.
    why
        Why the difference counts; "" if it is within the tolerance.
    """

    file: str
    variable: str
    differing: int
    largest_absolute: float = np.nan
    largest_relative: float = np.nan
    largest_sigma: float = np.nan
    why: str = ""

    def row(self) -> tuple[str, ...]:
        """Cells of a table with `HEADERS`."""
        sizes = (self.largest_absolute, self.largest_relative, self.largest_sigma)
        cells = (f"{size:.2g}" if np.isfinite(size) else "-" for size in sizes)
        return self.file, self.variable, str(self.differing), *cells, self.why or "within"


@dataclass
class Report:
    """What a comparison found.

    Attributes
    ----------
    identical
        Number of variables that are identical to the last bit.
    differences
        Variables that are not.
    failures
        What is missing or differs and counts, beside variables.
    listed
        What differs and does not count.
    expected
        Paths of variables, and attributes of groups, that may be new or worded otherwise.
    """

    identical: int = 0
    differences: list[Difference] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    expected: frozenset[str] = frozenset()

    def miss(self, path: str, line: str) -> None:
        """Note a difference, which counts unless one of this path is expected."""
        (self.listed if path in self.expected else self.failures).append(line)

    def counts_of_group(self, attribute: str) -> bool:
        """Whether a difference in an attribute of groups counts."""
        return f":{attribute}" not in self.expected

    @property
    def same(self) -> bool:
        """Whether nothing that counts differs."""
        return not self.failures and not any(difference.why for difference in self.differences)

    def text(self) -> str:
        """The report as text."""
        lines = []
        if self.differences:
            lines += [table(HEADERS, [difference.row() for difference in self.differences]), ""]
        lines += [f"counts: {failure}" for failure in self.failures]
        lines += [f"does not count: {line}" for line in self.listed]
        beyond = sum(bool(difference.why) for difference in self.differences)
        lines.append(
            f"{self.identical} variables are identical, {len(self.differences) - beyond} differ within the "
            f"tolerance, {beyond} beyond it; {len(self.failures)} other differences count."
        )
        return "\n".join(lines)


def read_renames(path: Path) -> dict[str, str]:
    """Read a map of renames.

    Parameters
    ----------
    path
        Of a text file with lines ``old = new``.

    Returns
    -------
    dict
        New names by old ones.

    Raises
    ------
    ValueError
        If a line is no rename.
    """
    renames = {}
    for line in path.read_text().splitlines():
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        old, equals, new = (part.strip() for part in entry.partition("="))
        if not (old and equals and new):
            raise ValueError(f"{path}: not a line of the form old = new: {line!r}")
        renames[old] = new
    return renames


def renamed(path: str, renames: Mapping[str, str]) -> str:
    """Give the new path of a group or variable.

    Parameters
    ----------
    path
        Old path, parts separated by "/".
    renames
        New names by old ones.

    Returns
    -------
    str
        The path itself if it was renamed, else the new path of its group and the new name of its last part.
    """
    if path in renames:
        return renames[path]
    group, slash, name = path.rpartition("/")
    return (renamed(group, renames) if group else "") + slash + renames.get(name, name)


def compare_trees(
    old: Path,
    new: Path,
    renames: Mapping[str, str] | None = None,
    tolerance_sigma: float = TOLERANCE_SIGMA,
    expected: Collection[str] = (),
) -> Report:
    """Compare all netCDF files of two directories.

    Parameters
    ----------
    old, new
        Directories; files are paired by their relative paths.
    renames
        New names of variables and groups by old ones.
    tolerance_sigma
        Largest difference of a value that has a stated error, in units of that error.
    expected
        Paths of variables, and names of groups' attributes behind a colon, that may be new or worded
        otherwise.

    Returns
    -------
    Report

    Raises
    ------
    FileNotFoundError
        If there is no netCDF file in the old directory: a comparison of nothing would pass.
    """
    renames, report = renames or {}, Report(expected=frozenset(expected))
    names_old, names_new = (
        {str(path.relative_to(top)) for path in top.rglob("*.nc")} for top in (Path(old), Path(new))
    )
    if not names_old:
        raise FileNotFoundError(f"no netCDF file in {old}")
    report.failures += [f"{name}: only in {old}" for name in sorted(names_old - names_new)]
    report.failures += [f"{name}: only in {new}" for name in sorted(names_new - names_old)]
    for name in sorted(names_old & names_new):
        with netCDF4.Dataset(old / name) as before, netCDF4.Dataset(new / name) as after:
            before.set_auto_mask(False)
            after.set_auto_mask(False)
            _compare_files(name, before, after, renames, tolerance_sigma, report)
    return report


def _groups(top: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All groups of a file with their paths, the file itself first."""
    yield path, top
    for name, group in top.groups.items():
        yield from _groups(group, f"{path}/{name}" if path else name)


def _variables(groups: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{path}/{name}" if path else name: variable
        for path, group in groups.items()
        for name, variable in group.variables.items()
    }


def _compare_files(
    file: str, before: Any, after: Any, renames: Mapping[str, str], tolerance_sigma: float, report: Report
) -> None:
    groups_before, groups_after = dict(_groups(before)), dict(_groups(after))
    for path, group in groups_before.items():
        other = groups_after.get(renamed(path, renames))
        if other is not None:  # the variables of a missing group are missed below
            _compare_attributes(
                f"{file} {path}",
                group,
                other,
                renames,
                report,
                lambda name: f":{name}" not in report.expected,
            )
    variables_before, variables_after = _variables(groups_before), _variables(groups_after)
    expected = {renamed(path, renames): path for path in variables_before}
    for path in sorted(variables_after.keys() - expected.keys()):
        if not _is_deprecated(variables_after[path]):
            report.miss(path, f"{file} {path}: new")
    for new_path, path in expected.items():
        variable, other = variables_before[path], variables_after.get(new_path)
        if other is None:
            report.failures.append(f"{file} {path}: missing, looked for as {new_path}")
            continue
        difference = _compare_values(file, path, variable, other, tolerance_sigma)
        if difference is None:
            report.identical += 1
        elif new_path in report.expected and variable.dtype is str and other.dtype is str:
            report.listed.append(f"{file} {path}: {difference.differing} texts are worded otherwise")
        else:
            report.differences.append(difference)
        _compare_attributes(
            f"{file} {path}", variable, other, renames, report, COUNTED_OF_VARIABLES.__contains__
        )


def _compare_attributes(
    where: str, before: Any, after: Any, renames: Mapping[str, str], report: Report, counts: Any
) -> None:
    """Compare attributes; ``counts`` tells by the name whether a difference is one of results."""

    def translated(value: Any) -> Any:
        return re.sub(r"\w+", lambda word: renames.get(word[0], word[0]), value)

    old = {renames.get(name, name): before.getncattr(name) for name in before.ncattrs()}
    new = {name: after.getncattr(name) for name in after.ncattrs()}
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if isinstance(one, str) and isinstance(other, str) and one != other:
            one = translated(one)
        if type(one) is type(other) and _equal(one, other):
            continue
        line = f"{where}:{name}: {one!r} -> {other!r}"
        (report.failures if counts(name) and name not in PROVENANCE else report.listed).append(line)


def _is_deprecated(variable: Any) -> bool:
    """Whether a variable, or the group that it is in, stands under a deprecated name."""
    return any("deprecated" in each.ncattrs() for each in (variable, variable.group()))


def _equal(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")


def _compare_values(
    file: str, path: str, before: Any, after: Any, tolerance_sigma: float
) -> Difference | None:
    """Compare one variable; None if it is identical."""
    old, new = np.asarray(before[...]), np.asarray(after[...])
    if old.dtype != new.dtype or old.shape != new.shape:
        why = f"was {old.dtype}{old.shape}, is {new.dtype}{new.shape}"
        return Difference(file, path, max(old.size, new.size), why=why)
    if old.dtype.kind != "f":
        differing = int(np.count_nonzero(old != new))
        return Difference(file, path, differing, why="not the same") if differing else None
    if old.tobytes() == new.tobytes():
        return None
    unequal = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    differing = int(np.count_nonzero(unequal))
    if not differing:  # zeros of unlike sign, or unlike kinds of NaN
        return None
    off = np.abs(new[unequal].astype(float) - old[unequal])
    if not np.isfinite(off).all():
        return Difference(file, path, differing, why="missing where the other is not")
    magnitude = np.abs(old[np.isfinite(old)]).astype(float)
    scale = np.maximum(np.maximum(np.abs(old), np.abs(new))[unequal], np.median(magnitude))
    relative = off / scale
    sigma = np.full(off.shape, np.nan)
    error = _stated_error(before)
    if error is not None and error.shape == old.shape:
        sigma = off / np.where(error[unequal] > 0, error[unequal], np.nan)
    beyond = np.where(np.isfinite(sigma), sigma > tolerance_sigma, relative > TOLERANCE_RELATIVE)
    return Difference(
        file,
        path,
        differing,
        float(off.max()),
        float(relative.max()),
        float(np.nanmax(sigma)) if np.isfinite(sigma).any() else np.nan,
        "beyond" if beyond.any() else "",
    )


def _stated_error(variable: Any) -> np.ndarray | None:
    """Standard errors that are stated for a variable; None if there are none."""
    siblings = variable.group().variables
    between = re.fullmatch(r"([a-z]+)_([a-z]+)_covariance", variable.name)
    pair = [f"{name}_wind_error" for name in between.groups()] if between else []
    if pair and all(name in siblings for name in pair):
        return np.prod([np.asarray(siblings[name][...], float) for name in pair], axis=0)
    ancillary = getattr(variable, "ancillary_variables", "").split()
    candidates = [
        f"{variable.name}_error",
        *(name for name in ancillary if name.endswith("_error") or name in {"error", "sigma"}),
    ]
    name = next((name for name in candidates if name in siblings), None)
    return None if name is None else np.asarray(siblings[name][...], float)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and tell by the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, metavar="OLD", help="directory with netCDF files")
    parser.add_argument("new", type=Path, metavar="NEW", help="directory to compare with it")
    parser.add_argument("--renames", type=Path, metavar="FILE", help="lines old = new")
    parser.add_argument(
        "--tolerance-sigma", type=float, default=TOLERANCE_SIGMA, metavar="X", help="(%(default)s)"
    )
    parser.add_argument(
        "--expected", nargs="+", default=[], metavar="NAME", help="paths that may be new or worded otherwise"
    )
    options = parser.parse_args(arguments)
    renames = read_renames(options.renames) if options.renames else {}
    report = compare_trees(options.old, options.new, renames, options.tolerance_sigma, options.expected)
    print(report.text())
    return 0 if report.same else 1


if __name__ == "__main__":
    sys.exit(main())
