"""Names of the winds over the site in the netCDF file (see `airglow.products.columns`)."""

from __future__ import annotations

from airglow.products.columns import CAUSE_ATTRIBUTES, FLAG_ATTRIBUTES, MEASURED, QUALITY, Column

_WIND_COMPONENTS = (
    ("zonal", "eastward", "eastward_wind"),
    ("meridional", "northward", "northward_wind"),
    ("vertical", "upward", "upward_air_velocity"),
)


def _wind_columns(more: str) -> tuple[Column, ...]:
    """Components of the wind over the site; ``more`` names what qualifies them besides their errors."""
    columns = []
    for name, towards, standard_name in _WIND_COMPONENTS:
        columns += [
            Column(
                f"{name}_wind_mps",
                f"{name}_wind",
                f"{name} wind over the site, positive {towards}",
                "m s-1",
                ancillary=f"{name}_wind_error{more}",
                attributes={"standard_name": standard_name},
                content=MEASURED,
            ),
            Column(
                f"{name}_wind_error_mps",
                f"{name}_wind_error",
                f"standard error of the {name} wind",
                "m s-1",
                attributes={"standard_name": f"{standard_name} standard_error"},
                content=QUALITY,
            ),
        ]
    return (
        *columns,
        *(
            Column(
                f"{one}_{other}_covariance_m2s2",
                f"{one}_{other}_covariance",
                f"covariance of the errors of {one} and {other} wind",
                "m2 s-2",
                content=QUALITY,
            )
            for one, other in (("zonal", "meridional"), ("zonal", "vertical"), ("meridional", "vertical"))
        ),
    )


CYCLE_COLUMNS = (
    *_wind_columns(" wind_flag flag_causes reason"),
    Column(
        "reduced_chi_square",
        "reduced_chi_square",
        "reduced chi-square of the cycle's winds",
        "1",
        content=QUALITY,
    ),
    Column("samples", "samples", "number of samples that took part", "1", dtype="i4", content=QUALITY),
    Column(
        "directions",
        "directions",
        "number of different look directions among them",
        "1",
        dtype="i4",
        content=QUALITY,
    ),
    Column(
        "flag",
        "wind_flag",
        "worst quality of the samples that took part; bad where there is no wind",
        dtype="i1",
        ancillary="flag_causes",
        attributes=FLAG_ATTRIBUTES,
        content=QUALITY,
    ),
    Column(
        "causes",
        "flag_causes",
        "why the samples that took part are flagged",
        dtype="u4",
        attributes=CAUSE_ATTRIBUTES,
        content=QUALITY,
    ),
    Column("reason", "reason", "why components are missing", dtype="str"),
)

SMOOTH_COLUMNS = _wind_columns("")

TEXTURE_COLUMNS = (
    Column(
        "horizontal_spread_mps",
        "horizontal_spread",
        "spread of the horizontal wind about its mean over the night",
        "m s-1",
    ),
    Column("horizontal_time_s", "horizontal_time", "time in which the horizontal wind changes", "s"),
    Column(
        "horizontal_length_m", "horizontal_length", "distance over which the horizontal wind changes", "m"
    ),
    Column("vertical_spread_mps", "vertical_spread", "spread of the vertical wind", "m s-1"),
    Column("vertical_time_s", "vertical_time", "time in which the vertical wind changes", "s"),
    Column("vertical_length_m", "vertical_length", "distance in which the vertical wind changes", "m"),
    Column("smoothness", "smoothness", "nu of the Matern covariance of the winds in time", "1"),
    Column(
        "excess_noise",
        "excess_noise",
        "noise of the samples beyond their stated errors, as a part of these",
        "1",
    ),
    Column("samples", "samples", "number of samples that took part", "1", dtype="i4", content=QUALITY),
)
