"""A night as an HDF5 file in the layout of CEDAR Madrigal, to be taken up there as it is.

``Data/Table Layout`` holds a record per sky sample (kind of data 7100, red line, or 7110, green line: basic
temperature and line-of-sight wind) and one per cycle of look directions that tells a wind (7101 or 7111:
vector wind), in the order of their beginnings; what a kind of record does not tell is NaN. ``Metadata`` says
what the columns are. Names are Madrigal's own mnemonics, with its units (km, degrees, m/s, K, nm); the error
of a value has its name after a D. Year to second are those of the middle of a record, ``ut1_unix`` and
``ut2_unix`` its ends.

``pandas.DataFrame(h5py.File(path)["Data/Table Layout"][:])`` is the table, and of it
``table[table.kindat % 10 == 0]`` are the sky samples.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
from pathlib import Path

import h5py
import numpy as np

from airglow.model.files import write_whole
from airglow.model.result import Cause, NightResult, end_exposure
from airglow.model.tags import GREEN_TAG
from airglow.products.madrigal_parameters import PARAMETERS, PROLOG, Parameter

MISSING_KINST = -32767  # Madrigal's own sign of a missing whole number: it takes no such file
_RED, _GREEN = (7100, 7101), (7110, 7111)  # samples, vectors
_KINDS = {
    7100: "Red line FPI basic temperature and los wind data",
    7101: "Red line FPI higher level vector wind data",
    7110: "Green line FPI basic temperature and los wind data",
    7111: "Green line FPI higher level vector wind data",
}


def write_madrigal_hdf5(result: NightResult, path: Path | str, kinst: int | None = None) -> Path:
    """Write a night in Madrigal's HDF5 layout; whole or not at all.

    The same result always gives the same bytes (with the same HDF5 library).

    Parameters
    ----------
    result
        The night.
    path
        The file to be.
    kinst
        Madrigal's code of the instrument at the site; None if it has none. Such a file is for use here only.

    Returns
    -------
    Path
        ``path``.
    """
    table = madrigal_table(result, kinst)
    contents = {
        "Data/Table Layout": table,
        "Metadata/Data Parameters": _text_table([_described(each) for each in (*PROLOG, *PARAMETERS)]),
        "Metadata/Experiment Notes": _text_table([{"File Notes": line} for line in _notes(result)], 80),
        "Metadata/Experiment Parameters": _text_table(_experiment(result, table, kinst)),
        "Metadata/Independent Spatial Parameters": np.zeros(0, [("mnemonic", "S1"), ("description", "S1")]),
        "Metadata/_record_layout": np.ones(1, [(name, "<i8") for name in table.dtype.names]),
    }
    # In memory first: where the disk is full, the library ends the process, not the write.
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        for name, values in contents.items():
            file.create_dataset(name, data=values, track_times=False)
    return write_whole(path, image.getvalue())


def madrigal_table(result: NightResult, kinst: int | None = None) -> np.ndarray:
    """Records of a night.

    Parameters
    ----------
    result
        The night.
    kinst
        As for `write_madrigal_hdf5`.

    Returns
    -------
    ndarray
        Structured; a field per parameter.
    """
    samples, vectors = _GREEN if result.tag == GREEN_TAG else _RED
    tables = [_sample_records(result, samples), _vector_records(result, vectors)]
    table = np.concatenate(tables)
    table = table[np.argsort(table["ut1_unix"], kind="stable")]
    table["recno"] = np.arange(table.size)
    table["kinst"] = MISSING_KINST if kinst is None else kinst
    return table


def _sample_records(result: NightResult, kindat: int) -> np.ndarray:
    sky = result.sky
    by_laser = (sky.causes & np.uint32(Cause.ZENITH_REFERENCE.mask)) == 0
    return _records(
        sky.start_time,
        end_exposure(sky.start_time, sky.exposure_s),
        kindat,
        azm=sky.azimuth_deg,
        elm=90.0 - sky.zenith_deg,
        gdlat=sky.pierce_latitude_deg,
        glon=sky.pierce_longitude_deg,
        gdalt=sky.pierce_height_m / 1e3,
        wavlen=round(result.wavelength_m * 1e9, 6),
        vnu=sky.line_of_sight_wind_mps,
        dvnu=sky.wind_error_mps,
        fit_sigma=sky.wind_fit_error_mps,
        cal_sigma=sky.wind_calibration_error_mps,
        tn=sky.temperature_k,
        dtn=sky.temperature_error_k,
        rle=sky.intensity,
        drle=sky.intensity_error,
        bkgrad=sky.background,
        dbkgrad=sky.background_error,
        chisq=sky.reduced_chi_square,
        cloudind=sky.sky_minus_ambient_mean_c,
        wind_err=sky.wind_flag,
        temp_err=sky.temperature_flag,
        doppl_ref=by_laser,
    )


def _vector_records(result: NightResult, kindat: int) -> np.ndarray:
    winds, height_m = result.cycles, result.sky.pierce_height_m
    components = (winds.zonal_wind_mps, winds.meridional_wind_mps, winds.vertical_wind_mps)
    known = np.isfinite(components).any(axis=0)
    by_laser = (winds.causes & np.uint32(Cause.ZENITH_REFERENCE.mask)) == 0
    records = _records(
        winds.start_time,
        winds.stop_time,
        kindat,
        gdlat=result.site_latitude_deg,
        glon=result.site_longitude_deg,
        gdalt=np.median(height_m) / 1e3 if height_m.size else np.nan,
        wavlen=round(result.wavelength_m * 1e9, 6),
        vn1=winds.zonal_wind_mps,
        dvn1=winds.zonal_wind_error_mps,
        vn2=winds.meridional_wind_mps,
        dvn2=winds.meridional_wind_error_mps,
        vn3=winds.vertical_wind_mps,
        dvn3=winds.vertical_wind_error_mps,
        chisq=winds.reduced_chi_square,
        wind_err=winds.flag,
        doppl_ref=by_laser,
    )
    return records[known]


def _records(start: np.ndarray, stop: np.ndarray, kindat: int, **values: np.ndarray | float) -> np.ndarray:
    kinds = [(each.field, "<i8" if each.whole else "<f8") for each in (*PROLOG, *PARAMETERS)]
    table = np.zeros(start.size, kinds)
    middle = start + (stop - start) // 2
    day, second = middle.astype("datetime64[D]"), middle.astype("datetime64[s]").astype("int64")
    table["year"] = day.astype("datetime64[Y]").astype("int64") + 1970
    table["month"] = day.astype("datetime64[M]").astype("int64") % 12 + 1
    table["day"] = (day - day.astype("datetime64[M]")).astype("int64") + 1
    table["hour"], table["min"], table["sec"] = second // 3600 % 24, second // 60 % 60, second % 60
    table["kindat"] = kindat
    table["ut1_unix"], table["ut2_unix"] = (
        t.astype("datetime64[us]").astype("int64") / 1e6 for t in (start, stop)
    )
    for parameter in PARAMETERS:
        table[parameter.field] = values.get(parameter.field, np.nan)
    return table


def _described(parameter: Parameter) -> dict[str, str | int]:
    return {
        "mnemonic": parameter.mnemonic,
        "description": parameter.description,
        "isError": int(parameter.is_error),
        "units": parameter.units,
        "category": parameter.category,
    }


def _experiment(result: NightResult, table: np.ndarray, kinst: int | None) -> list[dict[str, str]]:
    place = result.site_name or result.site
    kinds = [int(kind) for kind in np.unique(table["kindat"])]
    ends = (table["ut1_unix"].min(), table["ut2_unix"].max()) if table.size else (None, None)
    begin, end = ("" if t is None else _stamp(t) for t in ends)
    values = {
        "instrument": f"{place} Fabry-Perot interferometer {result.instrument}",
        "instrument code(s)": "none" if kinst is None else str(kinst),
        "kind of data file": ", ".join(f"{_KINDS[kind]} (code {kind})" for kind in kinds),
        "kindat code(s)": ", ".join(map(str, kinds)),
        "start time": begin,
        "end time": end,
        "Cedar file name": f"{result.stem}.hdf5",
        "status description": "final",
        "instrument latitude": str(result.site_latitude_deg),
        "instrument longitude": str(result.site_longitude_deg),
        "instrument altitude": str(result.site_altitude_m / 1e3),
        "instrument category": "Fabry-Perots",
        "instrument PI": "",
        "instrument PI email": "",
    }
    return [{"name": key, "value": value} for key, value in values.items()]


def _stamp(unix_s: float) -> str:
    return f"{np.datetime64(int(unix_s), 's')} UT".replace("T", " ", 1)


def _notes(result: NightResult) -> list[str]:
    """Lines of at most 80 characters: what a reader has to know, and where the file comes from."""
    made = result.provenance
    paragraphs = [
        "Header information from record 0:",
        "Winds along the line of sight (VNU) are positive away from the instrument; place and height are "
        "those at which the line of sight meets the airglow layer. Their error (DVNU) holds that of the fit "
        "(FIT_SIGMA), of the calibration (CAL_SIGMA) and of the Doppler reference.",
        "Vector winds (VN1 eastward, VN2 northward, VN3 upward) are those over the site in a cycle of look "
        f"directions. Assumed: {result.cycles.assumption}.",
        "WIND_ERR and TEMP_ERR: 0 good, 1 caution, 2 bad. CLOUDIND is the temperature of the sky less that "
        "of the air: below about -25 is clear.",
        *result.notes,
        f"Made by airglow {made.code_version}, settings {made.settings_hash}, registry epoch "
        f"{made.registry_epoch}, input {made.input_hash}, manifest {made.manifest_hash or 'none'}.",
    ]
    return [line for text in paragraphs for line in textwrap.wrap(text, 76)]


def _text_table(rows: list[dict[str, str | int]], width: int = 0) -> np.ndarray:
    """Rows of texts and whole numbers as a structured array of bytes, as Madrigal has them."""
    encoded = [
        tuple(_ascii(value) if isinstance(value, str) else value for value in row.values()) for row in rows
    ]
    kinds = []
    for k, name in enumerate(rows[0]):
        column = [row[k] for row in encoded]
        longest = max((len(value) for value in column if isinstance(value, bytes)), default=0)
        kinds.append((name, f"S{max(longest, width, 1)}" if isinstance(column[0], bytes) else "<i8"))
    return np.array(encoded, kinds)


def _ascii(text: str) -> bytes:
    plain = text.replace("±", "+/-").replace("−", "-").replace("–", "-")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore")
