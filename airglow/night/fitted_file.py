"""The fits of a night in a file, from which it can be finished again with other weather.

It is an ``.npz`` file as `numpy.load` reads it, with all arrays, and a member ``night.json`` with everything
else. Nothing in it depends on when or where it was written, and nothing is lost. Only the code that wrote it
may finish the night: with other code the same frames might have given other fits.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from airglow.model.errors import BadInput, MachineError, NotAnalysable
from airglow.model.files import parse_json, written_whole
from airglow.model.result import Rejection
from airglow.model.version import code_version
from airglow.night.fitted import FittedNight
from airglow.night.plain import from_plain, to_plain
from airglow.night.request import NightRequest

LAYOUT = 2
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of members of the zip: it has to say something
_TREE = "night.json"
_COMPRESSION = 1  # the noise of profiles gives no more: 6 saves a hundredth, and takes half as long again
_ANALYSE_AGAIN = "Analyse the night again from its frames"


@dataclass(frozen=True)
class Origin:
    """Which night the fits are of, and what made them.

    Parameters
    ----------
    instrument, site, date, tag
        The night: keys of the registry, date as YYYYMMDD.
    code_version
        Version of airglow.
    settings_hash
        SHA-256 of the settings of the analysis, and of what was decided by hand for the night.
    registry_epoch
        ``always``, or the date from which the instrument's entry in the registry holds.
    registry_hash
        SHA-256 of what the registry knew of instrument and site.
    manifest_hash
        SHA-256 of the manifest in the archive that lists the frames; empty without one.
    """

    instrument: str
    site: str
    date: str
    tag: str
    code_version: str
    settings_hash: str
    registry_epoch: str
    registry_hash: str
    manifest_hash: str = ""

    @property
    def night(self) -> str:
        """The night in words."""
        return f"{self.instrument} {self.site} {self.date} {self.tag}"


@dataclass(frozen=True)
class StoredFits:
    """What a file of fits holds.

    Parameters
    ----------
    name
        Of the file, for messages.
    origin
        Which night, and what made it.
    fits
        The fits, or why there are none.
    """

    name: str
    origin: Origin
    fits: FittedNight | NotAnalysable

    def of(self, request: NightRequest) -> FittedNight:
        """The fits, if they are what a new analysis of the same frames would give.

        Parameters
        ----------
        request
            The night, with the settings and the registry of now.

        Returns
        -------
        FittedNight

        Raises
        ------
        BadInput
            If they are of another night, or settings or registry have changed since.
        NotAnalysable
            If the night could not be analysed.
        """
        then, now = self.origin, origin_of(request)
        if then.night != now.night:
            reason = f"holds the fits of {then.night}, not of {now.night}"
            raise BadInput(self.name, reason, "Give the fits of this night")
        for name, what in (
            ("settings_hash", "settings of the analysis or decisions by hand"),
            ("registry_epoch", "values of the instrument"),
            ("registry_hash", "entries of instrument and site in the registry"),
        ):
            if getattr(then, name) != getattr(now, name):
                reason = f"its fits were made with other {what} than those of now"
                raise BadInput(self.name, reason, _ANALYSE_AGAIN)
        if isinstance(self.fits, NotAnalysable):
            raise self.fits
        return self.fits


def origin_of(request: NightRequest, manifest_hash: str = "") -> Origin:
    """What fits that are made now come from.

    Parameters
    ----------
    request
        The night.
    manifest_hash
        Of the manifest that lists its frames.

    Returns
    -------
    Origin
    """
    return Origin(
        instrument=request.instrument.key,
        site=request.site.key,
        date=f"{request.date:%Y%m%d}",
        tag=request.tag,
        code_version=code_version(),
        settings_hash=request.settings_hash,
        registry_epoch=request.registry_epoch,
        registry_hash=request.registry_digest(),
        manifest_hash=manifest_hash,
    )


def write_fits(
    path: Path, request: NightRequest, fits: FittedNight | NotAnalysable, manifest_hash: str = ""
) -> Path:
    """Write the fits of a night.

    The same fits always give the same bytes. The file appears whole or not at all.

    Parameters
    ----------
    path
        The file to be.
    request
        The night.
    fits
        The fits, or why there are none.
    manifest_hash
        Of the manifest that lists its frames.

    Returns
    -------
    Path
        ``path``.
    """
    arrays: dict[str, np.ndarray] = {}
    tree: dict[str, Any] = {"layout": LAYOUT, "origin": asdict(origin_of(request, manifest_hash))}
    if isinstance(fits, NotAnalysable):
        rejections = [[each.name, each.reason] for each in fits.rejections]
        tree["not_analysable"] = {"state": fits.state, "reason": fits.reason, "rejections": rejections}
    else:
        tree["fits"] = to_plain(fits, arrays, "fits")
    members = {_TREE: json.dumps(tree).encode()} | {f"{name}.npy": _npy(arrays[name]) for name in arrays}
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED, _COMPRESSION)
    return Path(path)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_fits(path: Path) -> StoredFits:
    """Read a file that `write_fits` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    StoredFits
        Equal to what was written, to the bit.

    Raises
    ------
    BadInput
        If it is no such file, is damaged, or was written by other code than this.
    MachineError
        If the operating system does not give it out.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(str(path), "is not there", "Give the file of fits of an analysis") from error
    except OSError as error:
        raise MachineError.from_os(str(path), error) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tree = parse_json(archive.read(_TREE))
            _refuse_other_code(path.name, tree)
            arrays = {
                name.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in archive.namelist()
                if name != _TREE
            }
        return StoredFits(path.name, Origin(**tree["origin"]), _fits_in(tree, arrays))
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError),  # bytes that are not those that were written
        *(RuntimeError, ValueError, LookupError, TypeError, AttributeError),
    ) as error:
        reason = f"is not a whole file of fits: {error or type(error).__name__}"
        raise BadInput(path.name, reason, _ANALYSE_AGAIN) from error


def _refuse_other_code(name: str, tree: dict[str, Any]) -> None:
    layout, version = tree["layout"], tree["origin"]["code_version"]
    if layout != LAYOUT:
        raise BadInput(name, f"has layout {layout} of files of fits, this airglow {LAYOUT}", _ANALYSE_AGAIN)
    if version != code_version():
        reason = f"its fits were made by airglow {version}, this is {code_version()}"
        raise BadInput(name, reason, _ANALYSE_AGAIN)


def _fits_in(tree: dict[str, Any], arrays: dict[str, np.ndarray]) -> FittedNight | NotAnalysable:
    if "not_analysable" not in tree:
        return from_plain(FittedNight, tree["fits"], arrays)
    why = tree["not_analysable"]
    rejections = tuple(Rejection(*each) for each in why["rejections"])
    return NotAnalysable(why["state"], why["reason"], rejections)
