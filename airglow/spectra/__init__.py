"""Sky line fits: Doppler shift and width, intensity, background, with uncertainties."""

from airglow.spectra.converter import ConverterWaves, find_converter_waves, pixel_variance
from airglow.spectra.line import (
    LineFit,
    SkyLine,
    cramer_rao_bound,
    first_harmonic,
    fit_line,
    network_intensity_scale,
)
from airglow.spectra.sky_parameters import refine_for_sky

__all__ = [
    "ConverterWaves",
    "LineFit",
    "SkyLine",
    "cramer_rao_bound",
    "find_converter_waves",
    "first_harmonic",
    "fit_line",
    "network_intensity_scale",
    "pixel_variance",
    "refine_for_sky",
]
