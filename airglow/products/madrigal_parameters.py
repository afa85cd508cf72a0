"""Parameters of the Madrigal table: mnemonics, descriptions, units and categories are Madrigal's own."""

from __future__ import annotations

from dataclasses import dataclass

_PROLOG = "Madrigal Hdf5 Prolog Parameters"
_PLACE = "Geographic Coordinate"
_QUALITY = "Data Quality Parameter"
_NEUTRAL = "Neutral Atmosphere Parameter"
_VECTOR = "Vector Quantity"
_SPECTRAL = "Spectral Parameter"
_OPERATION = "Radar Instrument Operation Parameter"


@dataclass(frozen=True)
class Parameter:
    """A column of the table."""

    mnemonic: str
    description: str
    units: str
    category: str
    whole: bool = False
    is_error: bool = False

    @property
    def field(self) -> str:
        """Name of the column."""
        return self.mnemonic.lower()


def _with_error(mnemonic: str, description: str, units: str, category: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter(mnemonic, description, units, category),
        Parameter(f"D{mnemonic}", f"Error in {description}", units, category, is_error=True),
    )


PROLOG = (
    Parameter("YEAR", "Year (universal time)", "y", _PROLOG, whole=True),
    Parameter("MONTH", "Month (universal time)", "m", _PROLOG, whole=True),
    Parameter("DAY", "Day (universal time)", "d", _PROLOG, whole=True),
    Parameter("HOUR", "Hour (universal time)", "h", _PROLOG, whole=True),
    Parameter("MIN", "Minute (universal time)", "m", _PROLOG, whole=True),
    Parameter("SEC", "Second (universal time)", "s", _PROLOG, whole=True),
    Parameter("RECNO", "Logical Record Number", "N/A", _PROLOG, whole=True),
    Parameter("KINDAT", "Kind of data", "N/A", _PROLOG, whole=True),
    Parameter("KINST", "Instrument Code", "N/A", _PROLOG, whole=True),
    Parameter("UT1_UNIX", "Unix seconds (1/1/1970) at start", "s", _PROLOG),
    Parameter("UT2_UNIX", "Unix seconds (1/1/1970) at end", "s", _PROLOG),
)
"""What every table of Madrigal begins with, in this order."""

PARAMETERS = (
    Parameter("AZM", "Mean azimuth angle (0=geog N;90=east)", "deg", _PLACE),
    Parameter("ELM", "Elevation angle (0=horizontal;90=vert)", "deg", _PLACE),
    Parameter("GDLAT", "Geodetic latitude of measurement", "deg", _PLACE),
    Parameter("GLON", "Geographic longitude of measurement", "deg", _PLACE),
    Parameter("GDALT", "Geodetic altitude (height)", "km", _PLACE),
    Parameter("WAVLEN", "Wavelength", "nm", _SPECTRAL),
    *_with_error("VNU", "Line of sight neutral vel (pos = away)", "ms-1", _NEUTRAL),
    Parameter("FIT_SIGMA", "Wind uncertainty - LSF to sky fringes", "ms-1", _OPERATION),
    Parameter("CAL_SIGMA", "Wind uncertainty - fluct in cal source", "ms-1", _OPERATION),
    *_with_error("TN", "Neutral atmosphere temperature (Tn)", "K", _NEUTRAL),
    *_with_error("VN1", "Neutral wind in direction 1 (eastward)", "ms-1", _VECTOR),
    *_with_error("VN2", "Neutral wind in direction 2 (northward)", "ms-1", _VECTOR),
    *_with_error("VN3", "Neutral wind in direction 3 (up)", "ms-1", _VECTOR),
    *_with_error("RLE", "Relative (uncalibrated) emission", "N/A", _SPECTRAL),
    *_with_error("BKGRAD", "Relative background radiance", "N/A", _SPECTRAL),
    Parameter("CHISQ", "Reduced-chi square of fit", "N/A", _QUALITY),
    Parameter("CLOUDIND", "AmbTemp - SkyTemp. < -25 implies clear", "K", _QUALITY),
    Parameter("WIND_ERR", "Wind flag: 0 ok; 1 caution; 2 likely ba", "N/A", _OPERATION),
    Parameter("TEMP_ERR", "Temp flag: 0 ok; 1 caution; 2 likely ba", "N/A", _OPERATION),
    Parameter("DOPPL_REF", "Doppler cal: 1=laser; 0=no vert winds", "N/A", _OPERATION),
)
