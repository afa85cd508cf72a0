"""Times, covariances and moments that a result computes of its fields."""

import datetime as dt

import numpy as np
from results import example_result

from airglow.model.instrument import InstrumentParameters
from airglow.model.names import is_night, parse_date
from airglow.model.result import Cause, causes_in, end_exposure, mid_exposure


def test_middle_and_end_of_exposures():
    start = np.array(["2026-05-12T04:00:00", "2026-05-12T23:59:59.5"], "datetime64[us]")
    length_s = np.array([240.0, 1.25])
    middle = np.array(["2026-05-12T04:02:00", "2026-05-13T00:00:00.125"], "datetime64[us]")
    end = np.array(["2026-05-12T04:04:00", "2026-05-13T00:00:00.75"], "datetime64[us]")
    np.testing.assert_array_equal(mid_exposure(start, length_s), middle)
    np.testing.assert_array_equal(end_exposure(start, length_s), end)


def test_the_covariance_of_winds_has_each_field_at_its_place():
    """Symmetric, with the squares of the errors on the diagonal: zonal, meridional, vertical."""
    result = example_result(24, 6, annuli=4)
    for winds in (result.cycles, result.smooth_winds):
        covariance = winds.covariance_m2s2
        names = ("zonal", "meridional", "vertical")
        for i, first in enumerate(names):
            error = getattr(winds, f"{first}_wind_error_mps")
            np.testing.assert_allclose(covariance[:, i, i], error * error, rtol=1e-12)
            for k in range(i + 1, 3):
                field = getattr(winds, f"{first}_{names[k]}_covariance_m2s2")
                np.testing.assert_array_equal(covariance[:, i, k], field)
                np.testing.assert_array_equal(covariance[:, k, i], field)


def test_moments_of_the_gap_are_relative_to_its_powers():
    """A spread of 10 nm over the plates of 15 mm, and a skewness of a half."""
    parameters = InstrumentParameters(
        plate_scale_rad_per_pixel=8.67e-5,
        reflectivity=0.8,
        falloff=(0.0, 0.0),
        blur_px=(1.0, 0.0, 0.0),
        max_radius_px=250.0,
        nominal_gap_m=0.015,
        gap_variance=(10e-9 / 0.015) ** 2,
        gap_third_moment=0.5 * (10e-9 / 0.015) ** 3,
    )
    np.testing.assert_allclose(parameters.gap_variance_m2, 1e-16, rtol=1e-12)
    np.testing.assert_allclose(parameters.gap_third_moment_m3, 5e-25, rtol=1e-12)


def test_causes_are_read_from_their_bits():
    """Bits 0, 3 and 23, as products have them for years."""
    assert causes_in(1 + 8 + (1 << 23)) == (Cause.DIM_LINE, Cause.ZENITH_REFERENCE, Cause.TIME_IN_DOUBT)
    assert causes_in(0) == ()


def test_a_date_is_year_month_and_day():
    assert parse_date("20250412") == dt.date(2025, 4, 12)
    assert parse_date("20251304") is None
    assert is_night("minime05_uao_20250412")
    assert not is_night("minime05_uao_20251304")
