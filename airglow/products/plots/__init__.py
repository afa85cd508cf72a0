"""Plots of a night, the same each time: PNG for screens, PDF or SVG for papers, as the path's suffix says."""

from airglow.products.plots.diagnostics import plot_diagnostics
from airglow.products.plots.frames import plot_frames
from airglow.products.plots.profiles import plot_profiles
from airglow.products.plots.temperature import plot_temperature
from airglow.products.plots.winds import plot_winds

__all__ = ["plot_diagnostics", "plot_frames", "plot_profiles", "plot_temperature", "plot_winds"]
