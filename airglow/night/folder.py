"""A night from a folder of frames to a folder of products, with no bucket and no database."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from airglow.model.errors import BadInput, NotAnalysable
from airglow.model.products import DEFAULT_KINDS, FITTED, FRAMES, SUFFIXES, local_name
from airglow.model.result import ANALYSED, NightResult
from airglow.model.summary import summary
from airglow.night.analyse import finish_night, fit_night
from airglow.night.fitted import FittedNight
from airglow.night.fitted_file import StoredFits, write_fits
from airglow.night.frames import Progress, no_progress, read_night
from airglow.night.no_result import no_result
from airglow.night.profile_input import read_profiles
from airglow.night.reduce import reduce_night
from airglow.night.request import NightRequest
from airglow.night.settings import AnalysisSettings
from airglow.products import Beside, write_products
from airglow.registry import Instrument, Site
from airglow.weather import WeatherFolder, read_folder


def analyse_folder(
    frames: Path,
    clouds: Path | WeatherFolder | None,
    instrument: Instrument,
    site: Site,
    date: dt.date,
    tag: str,
    out: Path,
    settings: AnalysisSettings | None = None,
    *,
    kinds: Iterable[str] = DEFAULT_KINDS,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Analyse a folder of frames and write the products.

    Parameters
    ----------
    frames, clouds, instrument, site, date, tag
        As for `analyse_frames`.
    out
        Folder for the products, made if absent.
    settings
        Of the analysis; by default those that come with airglow.
    kinds
        Of products, as for `airglow.products.write_products`.
    progress
        Told of each stage and frame.

    Returns
    -------
    dict
        The outcome as of `analyse_frames`, and ``products``: names of files in ``out``; none if there was no
        analysis.

    Raises
    ------
    BadInput
        If a folder does not exist.
    """
    request = NightRequest(instrument, site, date, tag, settings or AnalysisSettings())
    analysis = _analyse(request, lambda: _fit_frames(frames, request, progress), clouds)
    return _with_products(analysis, Path(out), request, kinds, progress, frames)


def analyse_frames(
    frames: Path,
    clouds: Path | WeatherFolder | None,
    request: NightRequest,
    *,
    sha256: Mapping[str, str] | None = None,
    manifest_hash: str = "",
    fitted: Path | None = None,
    progress: Progress = no_progress,
) -> tuple[NightResult, dict[str, Any]]:
    """Analyse a folder of frames.

    Parameters
    ----------
    frames
        Folder of the night's frames.
    clouds
        Folder of the site's weather files, or what was read of it; None if there are none.
    request
        The night and tag; instrument and site of the registry, as of the date.
    sha256
        Of the frames by name, where they are known already.
    manifest_hash
        Of the manifest that lists them in the archive; empty without one.
    fitted
        File for the fits, or for why there are none, as of `airglow.night.read_fits`; None writes none.
    progress
        Told of each stage and frame.

    Returns
    -------
    result
        Empty, with a note that says why, if there is no analysis.
    outcome
        As JSON can hold it: ``instrument``, ``site``, ``date``, ``tag``, ``state`` (`ANALYSED`, or why there
        is no analysis), ``reason``, ``overrides`` if anything was decided by hand, ``weather`` (``name``,
        ``size`` and ``sha256`` of each weather file, read or rejected), and a few numbers for tables.

    Raises
    ------
    BadInput
        If a folder does not exist.
    """
    analysis = _analyse(
        request, lambda: _fit_frames(frames, request, progress, sha256), clouds, manifest_hash
    )
    if fitted is not None:
        write_fits(fitted, request, analysis.fits, manifest_hash)
    return analysis.result, analysis.outcome


def _fit_frames(
    frames: Path, request: NightRequest, progress: Progress, sha256: Mapping[str, str] | None = None
) -> FittedNight:
    """Read, reduce and fit the frames of a folder."""
    frames = Path(frames)
    if not frames.is_dir():
        raise BadInput(str(frames), "is not a directory", "Give the folder of the night's frames")
    reduced = reduce_night(request, read_night(frames, request, progress, sha256), progress)
    return fit_night(request, reduced, progress)


def analyse_profile_file(
    profiles: Path,
    clouds: Path | WeatherFolder | None,
    request: NightRequest,
    out: Path,
    *,
    kinds: Iterable[str] = DEFAULT_KINDS,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Analyse a file of ring profiles and write the products.

    Parameters
    ----------
    profiles
        As for `airglow.night.read_profiles`.
    clouds
        Folder of the site's weather files, or what was read of it; None if there are none.
    request
        The night.
    out
        Folder for the products, made if absent.
    kinds
        Of products; there are no frames to plot.
    progress
        Told of each stage and frame.

    Returns
    -------
    dict
        As of `analyse_folder`.

    Raises
    ------
    BadInput
        If the file is not one of ring profiles.
    """
    analysis = _analyse(
        request, lambda: fit_night(request, read_profiles(profiles, request), progress), clouds
    )
    return _with_products(analysis, Path(out), request, kinds, progress)


def refresh_fits(
    fits: StoredFits,
    clouds: Path | WeatherFolder | None,
    request: NightRequest,
    out: Path,
    *,
    kinds: Iterable[str] = DEFAULT_KINDS,
    frames: Path | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Finish a night again from its fits, and write the products: those of an analysis with this weather.

    Parameters
    ----------
    fits
        Of the night, as of `airglow.night.read_fits`.
    clouds
        Folder of the site's weather files, or what was read of it; None if there are none.
    request
        The night, with the settings and the registry of now.
    out
        Folder for the products, made if absent.
    kinds
        Of products.
    frames
        Folder of the night's frames, for the plot that shows two of them; None leaves it out.
    progress
        Told of each stage.

    Returns
    -------
    dict
        As of `analyse_folder`.

    Raises
    ------
    BadInput
        If the fits are of another night, settings or registry have changed since, or the folder lacks a frame
        that the plot shows. Nothing was written then.
    """
    kinds = tuple(kinds)
    analysis = _finish(fits, clouds, request)
    if frames is not None and FRAMES in kinds and analysis.outcome["state"] == ANALYSED:
        _check_shown(analysis.result, frames)
    return _with_products(analysis, Path(out), request, kinds, progress, frames)


def _check_shown(result: NightResult, frames: Path) -> None:
    """Refuse a folder that lacks a frame of which a plot shows the image: its box would be empty."""
    from airglow.products.plots.typical import typical_frames  # matplotlib

    lacking = [name for name in typical_frames(result) if not (Path(frames) / name).is_file()]
    if lacking:
        hint = "Give the folder of the night's frames, or leave out --frames"
        raise BadInput(str(frames), f"lacks {' and '.join(lacking)}, which {local_name(FRAMES)} shows", hint)


def finish_fits(
    fits: StoredFits, clouds: Path | WeatherFolder | None, request: NightRequest
) -> tuple[NightResult, dict[str, Any]]:
    """Finish a night again from its fits.

    Parameters
    ----------
    fits, clouds, request
        As for `refresh_fits`.

    Returns
    -------
    result, outcome
        As of `analyse_frames` with this weather.

    Raises
    ------
    BadInput
        If the fits are of another night, or settings or registry have changed since.
    """
    analysis = _finish(fits, clouds, request)
    return analysis.result, analysis.outcome


def _finish(fits: StoredFits, clouds: Path | WeatherFolder | None, request: NightRequest) -> _Analysis:
    return _analyse(request, lambda: fits.of(request), clouds, fits.origin.manifest_hash)


@dataclass(frozen=True)
class _Analysis:
    """What an analysis came to; the fits, or why there are none; and the manifest of the frames."""

    result: NightResult
    outcome: dict[str, Any]
    fits: FittedNight | NotAnalysable
    manifest_hash: str


def _analyse(
    request: NightRequest,
    fit: Callable[[], FittedNight],
    clouds: Path | WeatherFolder | None,
    manifest_hash: str = "",
) -> _Analysis:
    """Fit, finish with the weather, and say what came of it."""
    night_dates = (request.date, request.date + dt.timedelta(days=1))
    known = clouds is None or isinstance(clouds, WeatherFolder)
    weather = clouds if known else read_folder(clouds, request.site, night_dates)
    outcome: dict[str, Any] = {
        "instrument": request.instrument.key,
        "site": request.site.key,
        "date": f"{request.date:%Y%m%d}",
        "tag": request.tag,
    }
    begun = time.monotonic()
    try:
        # The matrices are small: more BLAS threads only wait for each other.
        with threadpool_limits(limits=1):
            fits = fit()
            result = finish_night(request, fits, weather)
    except NotAnalysable as why:
        fits = why
        result = no_result(request, weather, f"No analysis ({why.state}): {why.reason}", why.rejections)
        outcome |= {"state": why.state, "reason": why.reason}
    else:
        outcome |= {**_numbers(result), "state": ANALYSED, "reason": ""}
    if result.provenance.overrides:
        outcome["overrides"] = list(result.provenance.overrides)
    outcome["weather"] = [asdict(source) for source in weather.sources] if weather else []
    by, took = result.provenance.code_version, round(time.monotonic() - begun, 1)
    result = replace(result, provenance=replace(result.provenance, manifest_hash=manifest_hash))
    return _Analysis(result, {**outcome, "code_version": by, "analysis_s": took}, fits, manifest_hash)


def _with_products(
    analysis: _Analysis,
    out: Path,
    request: NightRequest,
    kinds: Iterable[str],
    progress: Progress,
    frames: Path | None = None,
) -> dict[str, Any]:
    """Write the products of an analysis, and add their names to the outcome."""
    result, outcome, kinds = analysis.result, analysis.outcome, tuple(kinds)
    if outcome["state"] != ANALYSED:
        return {**outcome, "products": []}
    out.mkdir(parents=True, exist_ok=True)
    progress("write products", 0, 1)
    written = write_products(result, out, Beside(frames, request.site, request.instrument), kinds)
    if FITTED in kinds:
        path = out / (result.stem + SUFFIXES[FITTED])
        written.append(write_fits(path, request, analysis.fits, analysis.manifest_hash))
    return {**outcome, "products": [path.name for path in written]}


def _numbers(result: NightResult) -> dict[str, Any]:
    """A few numbers for tables, rounded as people read them."""
    night, reference = asdict(summary(result)), result.doppler_reference
    numbers = {name: value for name, value in night.items() if name not in ("first_start", "last_stop")}
    error_mps = round(reference.error_mps, 3)
    return {
        **{name: round(value, 3) if isinstance(value, float) else value for name, value in numbers.items()},
        "doppler_reference_method": reference.method,
        "doppler_reference_error_mps": error_mps,
        "zero_method": reference.method,  # old names, for one version more
        "zero_error_mps": error_mps,
        "input_hash": result.provenance.input_hash,
    }
