"""Derivatives of a sky frame's model by the instrument, against differences of fringes by quadrature."""

from dataclasses import replace

import numpy as np
import pytest

from airglow.etalon.shape import (
    BLUR,
    FALLOFF,
    GAP_THIRD_MOMENT,
    GAP_VARIANCE,
    LOG_REFLECTIVITY,
    PLATE_SCALE,
    SHAPE_SIZE,
)
from airglow.spectra.line import fit_line_in_all
from airglow.spectra.sky_derivatives import sky_derivatives
from airglow.spectra.sky_parameters import _UNITS, _moved
from tests.fringe_model import fringes_on_annuli

from .test_line_errors import (
    COUNTS,
    DATA,
    DERIVATIVES,
    LIGHT,
    LINE,
    PARAMETERS,
    PHASE,
    SIGMA,
    TABLES,
    TRUE,
    WIDTH_PX2,
    S,
    counts_of,
)

FREE = np.stack(DERIVATIVES, axis=1) / SIGMA[:, None]  # velocity, temperature, intensity, continuum, bias
START = [(TRUE["velocity"], TRUE["temperature"])]
# Light of a narrow line beside the sky line, under the illumination that all light has.
FOREIGN = LIGHT * fringes_on_annuli(S, WIDTH_PX2, PHASE, PARAMETERS, velocity_mps=900.0, temperature_k=190.0)


def scaled(name, by, place=None):
    value = getattr(PARAMETERS, name)
    if place is None:
        return replace(PARAMETERS, **{name: value * np.exp(by)})
    return replace(PARAMETERS, **{name: tuple(old + by * (k == place) for k, old in enumerate(value))})


def with_gaps(departures_rad, shares):
    """Counts with gaps that differ over the plates by what adds to the central phase."""
    light = fringes_on_annuli(
        S,
        WIDTH_PX2,
        PHASE,
        PARAMETERS,
        velocity_mps=TRUE["velocity"],
        temperature_k=TRUE["temperature"],
        gaps=(departures_rad, shares),
        thermal_nodes=65,
    )
    return TRUE["bias"] + LIGHT * (TRUE["intensity"] * light + TRUE["continuum"])


def differences():
    """Derivatives of the counts by the parameters of the shape, in its order."""
    by = np.empty((S.size, SHAPE_SIZE))
    changes = [
        (PLATE_SCALE, "plate_scale_rad_per_pixel", None, 1e-5),
        (LOG_REFLECTIVITY, "reflectivity", None, 1e-3),
    ]
    changes += [(FALLOFF.start + k, "falloff", k, 1e-3) for k in range(2)]
    changes += [(BLUR.start + k, "blur_px", k, 1e-3) for k in range(3)]
    for column, name, place, step in changes:
        counts = [counts_of(scaled(name, sign * step, place)) for sign in (1, -1)]
        by[:, column] = (counts[0] - counts[1]) / (2 * step)
    # Two gaps on either side have a variance alone. Unlike shares of unlike gaps and their mirror image have
    # the same variance and opposite third moments.
    off, (near, far), even = 0.01, (0.02, 0.18), with_gaps((0.0,), (1.0,))
    by[:, GAP_VARIANCE] = (with_gaps((-off, off), (0.5, 0.5)) - even) / (off**2 / PHASE**2)
    third = (0.9 * near**3 - 0.1 * far**3) / PHASE**3
    mirrored = [with_gaps((sign * near, -sign * far), (0.9, 0.1)) for sign in (1, -1)]
    by[:, GAP_THIRD_MOMENT] = (mirrored[0] - mirrored[1]) / (2 * third)
    return by / SIGMA[:, None]


@pytest.fixture(scope="module")
def by_differences():
    return differences()


@pytest.fixture(scope="module")
def derivatives():
    (fit,) = fit_line_in_all([DATA], TABLES, LINE, START)
    return sky_derivatives(DATA, fit, TABLES, LINE)


@pytest.mark.parametrize("column", range(SHAPE_SIZE))
def test_derivatives_by_the_shape_are_those_of_differences(derivatives, by_differences, column):
    found, expected = derivatives.by_shape[:, column], by_differences[:, column]
    assert np.linalg.norm(found - expected) < 0.02 * np.linalg.norm(expected)


def test_what_no_line_can_be_is_left(derivatives):
    assert np.abs(derivatives.residual).max() < 0.1
    columns = derivatives.by_shape
    left, expected = derivatives.left_by_line(columns), columns - FREE @ np.linalg.lstsq(FREE, columns)[0]
    assert (np.abs(left - expected).max(axis=0) < 0.01 * np.abs(columns).max(axis=0)).all()


def test_a_line_takes_up_what_looks_like_it(derivatives, by_differences):
    taken = derivatives.taken_up(np.column_stack([FREE, by_differences]))
    expected = np.linalg.lstsq(FREE, by_differences)[0][:2]
    np.testing.assert_allclose(taken[:, :5] - np.eye(2, 5), 0.0, atol=0.01)
    np.testing.assert_allclose(taken[:, 5:], expected, rtol=0.03, atol=1e-6 * np.abs(expected).max())


def test_foreign_light_belongs_to_what_the_fit_takes_up():
    data = replace(DATA, counts=COUNTS + 0.05 * TRUE["intensity"] * FOREIGN)
    (fit,) = fit_line_in_all([data], TABLES, LINE, START, [FOREIGN[None]])
    by = sky_derivatives(data, fit, TABLES, LINE, FOREIGN[None])
    assert by.line_light == pytest.approx(TRUE["intensity"], rel=2e-3)
    assert np.abs(by.residual).max() < 0.1
    shining = FOREIGN[:, None] / SIGMA[:, None]
    assert np.abs(by.left_by_line(shining)).max() < 1e-9 * np.abs(shining).max()
    without = sky_derivatives(DATA, fit_line_in_all([DATA], TABLES, LINE, START)[0], TABLES, LINE)
    assert np.abs(without.left_by_line(shining)).max() > 0.05 * np.abs(shining).max()


@pytest.mark.parametrize(("axis", "place"), [(0, PLATE_SCALE), (1, FALLOFF.start), (2, FALLOFF.start + 1)])
def test_steps_of_the_sky_s_parameters_are_those_of_the_shape(derivatives, axis, place):
    changed = [counts_of(_moved(PARAMETERS, step * np.eye(3)[axis])) for step in (0.1, -0.1)]
    expected = (changed[0] - changed[1]) / 0.2 / SIGMA
    column = derivatives.by_shape[:, place] * _UNITS[axis]
    assert np.abs(column - expected).max() < 0.02 * np.abs(expected).max()
