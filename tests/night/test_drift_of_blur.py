"""What a drift of the blur adds to temperatures is taken away again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from airglow.etalon import BlurCourse
from airglow.night.lines import _without_drift_of_blur


@dataclass(frozen=True)
class Fit:
    temperature_k: float
    temperature_error_k: float


def test_temperatures_fall_where_fringes_were_broader_than_the_fit_took_them_for():
    course = BlurCourse(np.array([0.0, 100.0]), np.array([-0.1, 0.1]), np.array([0.0, 0.0]))
    fits = {0: Fit(800.0, 3.0), 2: Fit(800.0, 3.0)}
    found = _without_drift_of_blur(fits, course, np.array([0.0, 50.0, 100.0]), 200.0)
    assert found[0].temperature_k == pytest.approx(820.0)
    assert found[2].temperature_k == pytest.approx(780.0)
    assert found[2].temperature_error_k == pytest.approx(5.0)  # 3 K, and a fifth of 20 K
