"""Sky line fits: Doppler shift and width, intensity, background, with uncertainties."""

from airglow.spectra.line import (
    LineFit,
    SkyLine,
    cramer_rao_bound,
    first_harmonic,
    fit_line,
    network_intensity_scale,
)

__all__ = ["LineFit", "SkyLine", "cramer_rao_bound", "first_harmonic", "fit_line", "network_intensity_scale"]
