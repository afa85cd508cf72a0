"""The instrument: the Airy function with falloff and blur, laser fits, and its state over a night."""

from airglow.etalon.airy import (
    Fringes,
    central_phase,
    fringes,
    phase_and_beta,
    relative_illumination,
    terms_needed,
)
from airglow.etalon.blur_course import BlurCourse
from airglow.etalon.derivatives import airy_derivatives
from airglow.etalon.laser import LaserFit, fit_laser, start_from_fringes
from airglow.etalon.linear import LinearFit, fit_linear, fit_linear_together, flat_templates, smooth_trend
from airglow.etalon.misfit import fits_poorly
from airglow.etalon.parameters import ParametersFit, fit_parameters, refine_parameters_on_sky
from airglow.etalon.pattern import Patterns, common_patterns, without_patterns
from airglow.etalon.shape import ShapeCovariance
from airglow.etalon.state import LaserState, measure_state
from airglow.etalon.tables import FringeTables

__all__ = [
    "BlurCourse",
    "FringeTables",
    "Fringes",
    "LaserFit",
    "LaserState",
    "LinearFit",
    "ParametersFit",
    "Patterns",
    "ShapeCovariance",
    "airy_derivatives",
    "central_phase",
    "common_patterns",
    "fit_laser",
    "fit_linear",
    "fit_linear_together",
    "fit_parameters",
    "fits_poorly",
    "flat_templates",
    "fringes",
    "measure_state",
    "phase_and_beta",
    "refine_parameters_on_sky",
    "relative_illumination",
    "smooth_trend",
    "start_from_fringes",
    "terms_needed",
    "without_patterns",
]
