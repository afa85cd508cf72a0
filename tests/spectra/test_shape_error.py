"""What an error of the instrument's shape does to temperatures, against fits of fringes by quadrature."""

from dataclasses import replace

import numpy as np
import pytest

from airglow.etalon import FringeTables, ShapeCovariance, central_phase
from airglow.etalon.shape import BLUR, GAP_THIRD_MOMENT, GAP_VARIANCE, LOG_REFLECTIVITY
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile
from airglow.spectra import FittedSky, SkyLine, fit_line, shape_errors_k
from airglow.spectra.shape_error import temperature_response
from tests.fringe_model import fringes_on_annuli, illumination

LINE = SkyLine(6.300304e-7, 800.0)
GAP_M, TEMPERATURE_K = 1.5e-2, 850.0
PHASE = central_phase(GAP_M, LINE.wavelength_m)
WIDTH_PX2 = 256.0**2 / 500
S = (np.arange(230) + 0.5) * WIDTH_PX2
PARAMETERS = InstrumentParameters(8.83e-5, 0.6, (0.12, -0.06), (1.2, 0.16, -0.04), 256.0, GAP_M)
NONE = {"own_illumination": False, "own_reflectivity": False, "own_blur": False}


def profile(parameters=PARAMETERS, gaps=((0.0,), (1.0,))):
    """A sky frame without noise."""
    light = fringes_on_annuli(S, WIDTH_PX2, PHASE, parameters, temperature_k=TEMPERATURE_K, gaps=gaps)
    counts = 300.0 + illumination(S, parameters) * (10.0 * light + 3.0)
    return RingProfile(S, counts, np.sqrt((counts - 290.0) / 411), WIDTH_PX2)


def fitted(data, parameters=PARAMETERS):
    return fit_line(data, PHASE, parameters, LINE, 0.0)


PLAIN = profile()
AT_REST = fitted(PLAIN)
TABLES = FringeTables(PHASE, PARAMETERS, LINE.terms_needed(PHASE, PARAMETERS.reflectivity))
NIGHT = FittedSky([PLAIN], [AT_REST], [0.0], TABLES, LINE)


def response(**own):
    return temperature_response(NIGHT, **(NONE | own))


def blurred(by):
    return replace(PARAMETERS, blur_px=(PARAMETERS.blur_px[0] + by, *PARAMETERS.blur_px[1:]))


def reflecting(by):
    return replace(PARAMETERS, reflectivity=PARAMETERS.reflectivity * (1.0 + by))


@pytest.mark.parametrize(
    ("place", "step", "data"),
    [
        (LOG_REFLECTIVITY, 0.01, profile(reflecting(0.01))),
        (BLUR.start, 0.03, profile(blurred(0.03))),
        (GAP_VARIANCE, 0.04**2 / PHASE**2, profile(gaps=((-0.04, 0.04), (0.5, 0.5)))),
        (
            GAP_THIRD_MOMENT,
            (0.9 * 0.02**3 - 0.1 * 0.18**3) / PHASE**3,
            profile(gaps=((0.02, -0.18), (0.9, 0.1))),
        ),
    ],
)
def test_a_change_of_the_shape_moves_temperatures_as_it_says(place, step, data):
    expected = response()[place] * step
    if place == GAP_THIRD_MOMENT:  # it comes with a variance
        expected += response()[GAP_VARIANCE] * (0.9 * 0.02**2 + 0.1 * 0.18**2) / PHASE**2
    moved = fitted(data).temperature_k - AT_REST.temperature_k
    assert abs(moved) > 2.0
    assert moved == pytest.approx(expected, rel=0.05)


def test_a_reflectivity_of_the_skys_own_follows_the_blur():
    """By brute force: that of least chi-square among fits with many, of a frame with another blur."""
    data = profile(blurred(0.05))
    trials = np.linspace(-0.03, 0.03, 7)
    fits = [fitted(data, reflecting(by)) for by in trials]
    chi_square = np.polynomial.Polynomial.fit(trials, [fit.reduced_chi_square for fit in fits], 4)
    best = min((root.real for root in chi_square.deriv().roots() if abs(root.imag) < 1e-9), key=chi_square)
    temperature = np.polynomial.Polynomial.fit(trials, [fit.temperature_k for fit in fits], 3)(best)
    free = response(own_reflectivity=True)
    assert free[LOG_REFLECTIVITY] == 0.0
    assert temperature - AT_REST.temperature_k == pytest.approx(free[BLUR.start] * 0.05, rel=0.15)
    assert abs(free[BLUR.start]) < 0.9 * abs(response()[BLUR.start])


def test_errors_are_those_of_the_covariance():
    blur = np.zeros((9, 9))
    blur[BLUR.start, BLUR.start] = 0.02**2
    noise, misfit = shape_errors_k(NIGHT, ShapeCovariance(blur, 4.0 * blur), **NONE)
    expected = fitted(profile(blurred(0.02))).temperature_k - AT_REST.temperature_k
    assert noise == pytest.approx(abs(expected), rel=0.03)
    assert misfit == pytest.approx(2.0 * noise)
