"""Madrigal level 1 text: a line of fixed columns per sky frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from airglow.model.files import write_whole
from airglow.model.result import Cause, NightResult

HEADER = (
    "LEVEL 1 DATA PRODUCT:\n"
    "---------------------\n"
    "UTCTime____________  ____Az  ___Ze  ______T  _T_Sig  ___Wind  _W_Sig  FitSig  CalSig  _____I  _I_Sig"
    "  ___Bkgd B_Sig  Sec  Chisqr  CldInd TF WF  __Ref  ______Wl  Vers\n"
)
NO_CLOUD_DATA = -999.0
_LINE = (
    "{time:19s}  {az:6.1f}  {ze:5.1f}  {t:7.2f}  {t_sig:6.2f}  {wind:7.2f}  {w_sig:6.2f}  {fit:6.2f}"
    "  {cal:6.2f}  {i:6.4f}  {i_sig:6.4f}  -999.00  -999  {sec:3.0f}  {chisqr:6.2f}  {cloud:6.1f}"
    "  {tf:1.0f}  {wf:1.0f}  {ref:6s}  {wl:7.1e}  {vers:5s}\n"
)


def madrigal_text(result: NightResult) -> str:
    """Level 1 text of a night.

    Times are the starts of the exposures (UTC), winds are along the line of sight and positive away from the
    instrument, intensities per second of exposure. The error of the wind is that of fit, calibration and
    Doppler reference together. A sample without cloud data has -999; one whose fit failed has ``nan``.

    Parameters
    ----------
    result
        The night.

    Returns
    -------
    str
        Header and a line per sky sample, each ended by a newline.
    """
    sky = result.sky
    cloud = np.where(np.isfinite(sky.sky_minus_ambient_mean_c), sky.sky_minus_ambient_mean_c, NO_CLOUD_DATA)
    by_zenith = (sky.causes & np.uint32(Cause.ZENITH_REFERENCE.mask)) != 0
    start = np.datetime_as_string(sky.start_time.astype("datetime64[s]"))
    lines = [
        _LINE.format(
            time=str(start[k]).replace("T", " "),
            az=sky.azimuth_deg[k],
            ze=sky.zenith_deg[k],
            t=sky.temperature_k[k],
            t_sig=sky.temperature_error_k[k],
            wind=sky.line_of_sight_wind_mps[k],
            w_sig=sky.wind_error_mps[k],
            fit=sky.wind_fit_error_mps[k],
            cal=sky.wind_calibration_error_mps[k],
            i=sky.intensity[k],
            i_sig=sky.intensity_error[k],
            sec=sky.exposure_s[k],
            chisqr=sky.reduced_chi_square[k],
            cloud=cloud[k],
            tf=sky.temperature_flag[k],
            wf=sky.wind_flag[k],
            ref="zenith" if by_zenith[k] else "laser",
            wl=result.wavelength_m,
            vers=result.provenance.code_version[:5],
        )
        for k in range(len(sky))
    ]
    return HEADER + "".join(lines)


def write_madrigal(result: NightResult, path: Path | str) -> Path:
    """Write a night's level 1 text (see `madrigal_text`); whole or not at all.

    Parameters
    ----------
    result
        The night.
    path
        The file to be.

    Returns
    -------
    Path
        ``path``.
    """
    return write_whole(path, madrigal_text(result))
