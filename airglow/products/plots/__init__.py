"""Plots of a night: winds, temperatures and diagnostics, as PNGs that are the same each time."""

from airglow.products.plots.diagnostics import plot_diagnostics
from airglow.products.plots.temperature import plot_temperature
from airglow.products.plots.winds import plot_winds

__all__ = ["plot_diagnostics", "plot_temperature", "plot_winds"]
