"""The instrument: the Airy function with falloff and blur, laser fits, and its state over a night."""

from airglow.etalon.airy import (
    Fringes,
    FringeTables,
    Shape,
    airy_derivatives,
    central_phase,
    fringes,
    phase_and_beta,
    terms_needed,
)
from airglow.etalon.laser import LaserFit, fit_laser, start_from_fringes
from airglow.etalon.linear import LinearFit, fit_linear, flat_templates
from airglow.etalon.pattern import common_patterns, without_patterns
from airglow.etalon.shape import ShapeFit, SkyShapeFit, fit_shape, refine_shape_on_sky
from airglow.etalon.state import LaserState, measure_state

__all__ = [
    "FringeTables",
    "Fringes",
    "LaserFit",
    "LaserState",
    "LinearFit",
    "Shape",
    "ShapeFit",
    "SkyShapeFit",
    "airy_derivatives",
    "central_phase",
    "common_patterns",
    "fit_laser",
    "fit_linear",
    "fit_shape",
    "flat_templates",
    "fringes",
    "measure_state",
    "phase_and_beta",
    "refine_shape_on_sky",
    "start_from_fringes",
    "terms_needed",
    "without_patterns",
]
