"""What the sky frames of a night hold: foreign lines that the registry knows, and one that it does not."""

from dataclasses import replace

import numpy as np
import pytest

from airglow.night import foreign
from airglow.spectra import foreign_lines
from tests.spectra.test_foreign_scan import TABLES, night
from tests.spectra.test_line import LINE
from tests.spectra.test_sky_evidence import FRAMES, FREE_SPECTRAL_RANGE_M, TEMPERATURES

GAP_MPS = np.linspace(-120.0, 120.0, FRAMES)
KNOWN = foreign_lines(LINE, [LINE.wavelength_m + 0.12 * FREE_SPECTRAL_RANGE_M])


def held(share, known=()):
    """Of a night whose gap drifts, and whose fits are counted from the gap of each frame."""
    profiles, fits = night(4, share, at_rest=-GAP_MPS)
    fits = {k: replace(fit, velocity_mps=fit.velocity_mps + GAP_MPS[k]) for k, fit in enumerate(fits)}
    night_of = dict(enumerate(profiles)), fits, GAP_MPS, TABLES, LINE
    return foreign.weigh_night(foreign.at_one_gap(*night_of), known), night_of


@pytest.mark.parametrize(
    "known", [(), foreign_lines(LINE, [LINE.wavelength_m + 0.4 * FREE_SPECTRAL_RANGE_M])]
)
def test_a_line_that_the_registry_does_not_know_is_found(known):
    holds, _ = held(0.05, known)
    assert holds.foreign == (holds.found.line,)
    assert holds.found.place_orders == pytest.approx(0.12, abs=0.01)
    assert holds.temperature_error_k == holds.evidence.temperature_error_k


def test_nothing_is_scanned_for_beside_a_line_that_is_known():
    holds, _ = held(0.05, KNOWN)
    assert (holds.foreign, holds.scan, holds.found) == (KNOWN, None, None)


def test_what_a_line_that_is_not_there_leaves_is_part_of_the_error():
    holds, _ = held(0.0)
    assert (holds.foreign, holds.found) == ((), None)
    evidence, scan = (
        replace(holds.evidence, temperature_error_k=3.0),
        replace(holds.scan, temperature_error_k=4.0),
    )
    assert replace(holds, evidence=evidence, scan=scan).temperature_error_k == pytest.approx(5.0)


def test_errors_are_widened_by_the_place():
    holds, (profiles, fits, *rest) = held(0.05)
    with_line = {
        k: replace(fit, foreign=np.array([[0.05, 0.01]]), temperature_k=TEMPERATURES[k])
        for k, fit in fits.items()
    }
    frames = [profiles[k] for k in fits]
    widened = foreign.with_errors_by_place(frames, with_line, *rest, holds.found)
    for k, fit in with_line.items():
        shown = foreign.rest_velocities(with_line, GAP_MPS)[k]
        velocity, temperature = foreign.errors_by_place(frames[k], fit, shown, *rest[1:], holds.found)
        assert widened[k].velocity_error_mps ** 2 - fit.velocity_error_mps**2 == pytest.approx(velocity**2)
        assert widened[k].temperature_error_k ** 2 - fit.temperature_error_k**2 == pytest.approx(
            temperature**2
        )
        assert temperature > 0.5
