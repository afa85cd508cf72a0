"""The wind over a site, in the forms that a result has: by cycle of look directions, and smooth in time.

Times are UTC (``datetime64[us]``); a component that does not exist is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class HorizontalWinds:
    """One entry per cycle of look directions (n entries): the wind over the site.

    Each component belongs to a time of its own, since the directions that tell it are not taken in the middle
    of the cycle.

    A component that a cycle does not tell is NaN, and so are its error and covariances. Every field but the
    last is an array or tuple of n values; `airglow.model.columns` has the unit and meaning of each.

    Parameters
    ----------
    assumption
        On which the winds rest, in words.
    """

    start_time: np.ndarray  # datetime64[us], start of the first exposure
    stop_time: np.ndarray  # datetime64[us], end of the last
    mid_time: np.ndarray  # datetime64[us], mean over the samples that took part
    zonal_time: np.ndarray  # datetime64[us], for which the component holds; mid_time where there is none
    meridional_time: np.ndarray  # datetime64[us]
    vertical_time: np.ndarray  # datetime64[us]
    zonal_wind_mps: np.ndarray  # eastward
    zonal_wind_error_mps: np.ndarray
    meridional_wind_mps: np.ndarray  # northward
    meridional_wind_error_mps: np.ndarray
    vertical_wind_mps: np.ndarray  # upward
    vertical_wind_error_mps: np.ndarray
    vertical_wind_reference_error_mps: np.ndarray  # the part of it that the night's Doppler reference makes
    zonal_meridional_covariance_m2s2: np.ndarray  # (m/s)^2
    zonal_vertical_covariance_m2s2: np.ndarray
    meridional_vertical_covariance_m2s2: np.ndarray
    reduced_chi_square: np.ndarray  # NaN without a sample to spare
    samples: np.ndarray  # int32, that took part
    directions: np.ndarray  # int32, different ones among these
    flag: np.ndarray  # int8: the worst wind flag of these; 2 where there is no wind at all
    causes: np.ndarray  # uint32 mask of Cause: those of these samples together
    reason: tuple[str, ...]  # why components are missing, "" where none is
    assumption: str

    def __len__(self) -> int:
        return len(self.reason)

    @property
    def covariance_m2s2(self) -> np.ndarray:
        """Covariance of zonal, meridional and vertical wind, (n, 3, 3)."""
        return _covariance(self)


@dataclass(frozen=True)
class SmoothWinds:
    """The wind over the site on a regular grid of times (n entries), with its posterior error.

    ``..._spread``, ``..._time`` and ``..._length`` are the spread of the wind about the night's mean and the
    time and distance over which it changes, as found on the night; NaN where there is no such wind. Times,
    winds, errors and covariances are arrays of n values; `airglow.model.columns` has the unit and meaning of
    each field.
    """

    time: np.ndarray  # datetime64[us]
    zonal_wind_mps: np.ndarray  # eastward
    zonal_wind_error_mps: np.ndarray
    meridional_wind_mps: np.ndarray  # northward
    meridional_wind_error_mps: np.ndarray
    vertical_wind_mps: np.ndarray  # upward
    vertical_wind_error_mps: np.ndarray
    zonal_meridional_covariance_m2s2: np.ndarray  # (m/s)^2
    zonal_vertical_covariance_m2s2: np.ndarray
    meridional_vertical_covariance_m2s2: np.ndarray
    flag: np.ndarray  # int8: the worst wind flag of the samples that carry weight; 2 where there is no wind
    causes: np.ndarray  # uint32 mask of Cause: those of these samples together
    horizontal_spread_mps: float
    horizontal_time_s: float
    horizontal_length_m: float
    vertical_spread_mps: float
    vertical_time_s: float
    vertical_length_m: float
    smoothness: float  # nu of the Matern covariance in time
    excess_noise: float  # of the samples beyond their stated errors, as a part of these
    samples: int  # that took part
    left_out: tuple[str, ...]  # frames that no wind explains which the others allow; cycles lack them too
    reason: str  # why components are missing, "" if none is
    assumption: str  # on which the winds rest

    def __len__(self) -> int:
        return len(self.time)

    @property
    def covariance_m2s2(self) -> np.ndarray:
        """Covariance of zonal, meridional and vertical wind, (n, 3, 3)."""
        return _covariance(self)


def _covariance(winds: HorizontalWinds | SmoothWinds) -> np.ndarray:
    import numpy as np

    zonal, meridional, vertical = (
        error**2
        for error in (
            winds.zonal_wind_error_mps,
            winds.meridional_wind_error_mps,
            winds.vertical_wind_error_mps,
        )
    )
    zonal_meridional = winds.zonal_meridional_covariance_m2s2
    zonal_vertical = winds.zonal_vertical_covariance_m2s2
    meridional_vertical = winds.meridional_vertical_covariance_m2s2
    rows = (
        (zonal, zonal_meridional, zonal_vertical),
        (zonal_meridional, meridional, meridional_vertical),
        (zonal_vertical, meridional_vertical, vertical),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
