"""Sky line fits: Doppler shift and width, intensity, background, with uncertainties."""

from airglow.spectra.line import LineFit, SkyLine, fit_line, network_intensity_scale, start_velocity

__all__ = ["LineFit", "SkyLine", "fit_line", "network_intensity_scale", "start_velocity"]
