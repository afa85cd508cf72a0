"""Sky line fits: Doppler shift and width, intensity, background, with uncertainties."""

from airglow.spectra.fitted_sky import FittedSky
from airglow.spectra.foreign import ForeignLight, foreign_light, foreign_lines
from airglow.spectra.foreign_scan import (
    ForeignScan,
    FoundLine,
    errors_by_place,
    scan_for_foreign_line,
    settle_foreign_line,
)
from airglow.spectra.line import LineFit, first_harmonic, fit_line, fit_line_in_all
from airglow.spectra.line_errors import cramer_rao_bound
from airglow.spectra.nonlinearity import DifferentialNonlinearity, find_nonlinearity, pixel_variance
from airglow.spectra.shape_error import shape_errors_k, temperature_response
from airglow.spectra.sky_evidence import SkyEvidence, weigh_sky
from airglow.spectra.sky_line import SkyLine, network_intensity_scale
from airglow.spectra.sky_parameters import refine_for_sky

__all__ = [
    "DifferentialNonlinearity",
    "FittedSky",
    "ForeignLight",
    "ForeignScan",
    "FoundLine",
    "LineFit",
    "SkyEvidence",
    "SkyLine",
    "cramer_rao_bound",
    "errors_by_place",
    "find_nonlinearity",
    "first_harmonic",
    "fit_line",
    "fit_line_in_all",
    "foreign_light",
    "foreign_lines",
    "network_intensity_scale",
    "pixel_variance",
    "refine_for_sky",
    "scan_for_foreign_line",
    "settle_foreign_line",
    "shape_errors_k",
    "temperature_response",
    "weigh_sky",
]
