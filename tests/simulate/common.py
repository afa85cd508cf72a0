"""Dates and a camera that several tests use."""

import datetime as dt

from airglow.simulate import Camera

SPRING = dt.date(2025, 4, 29)
SPRING_2026 = dt.date(2026, 4, 17)
COARSE = Camera(rows=128, columns=128, x_binning=8, y_binning=8)  # a sixteenth of the pixels
