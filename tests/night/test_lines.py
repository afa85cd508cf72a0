"""Line fits of a night, on ring profiles made by numerical integration of an Airy function over a line."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import constants

from airglow.model.instrument import InstrumentParameters
from airglow.night import lines
from airglow.night.frames import no_progress
from airglow.night.profiles import Profiles
from airglow.rings import AnnulusGrid, Center, RingProfile
from airglow.spectra import SkyLine

RED_M, GAP_M, OXYGEN_KG = 6.3e-7, 0.015, 15.999 * constants.atomic_mass
PLATE_SCALE, REFLECTIVITY, LARGEST_PX = 8.67e-5, 0.8, 250.0
GRID = AnnulusGrid(500, LARGEST_PX, 10, 490)
LINE = SkyLine(RED_M, 800.0)
PARAMETERS = InstrumentParameters(PLATE_SCALE, REFLECTIVITY, (0.0, 0.0), (1e-3, 0.0, 0.0), LARGEST_PX, GAP_M)


def ring_profile(velocity_mps, temperature_k, gap_m, random, noise=0.2):
    """Counts of annuli: the Airy function, weighted with the line at 121 speeds, and averaged over pixels."""
    width = LARGEST_PX**2 / GRID.count
    s = (np.arange(GRID.count)[:, None] + (np.arange(6) + 0.5) / 6) * width
    across, of_pixel = np.polynomial.legendre.leggauss(3)  # a pixel is one pixel wide
    radius = np.sqrt(s)[..., None] + across / 2
    cosine = 1 / np.sqrt(1 + (PLATE_SCALE * radius) ** 2)
    speeds = np.linspace(-5, 5, 121)
    of_line = np.exp(-0.5 * speeds**2) / np.exp(-0.5 * speeds**2).sum()
    light = np.zeros(radius.shape)
    for speed, weight in zip(speeds, of_line, strict=True):
        speed_mps = velocity_mps + speed * np.sqrt(constants.k * temperature_k / OXYGEN_KG)
        phase = 4 * np.pi * gap_m * cosine / (RED_M * (1 + speed_mps / constants.c))
        light += weight / (1 + 4 * REFLECTIVITY / (1 - REFLECTIVITY) ** 2 * np.sin(phase / 2) ** 2)
    light = (light @ of_pixel / 2).mean(axis=1)
    counts = 300 + 400 * light + random.normal(0, noise, GRID.count)
    return RingProfile(s.mean(axis=1), counts, np.full(GRID.count, noise), width)


@pytest.fixture(scope="module")
def night():
    """Six frames over which the gap grows by 5 nm, their velocities and temperatures."""
    random = np.random.default_rng(7)
    velocity, temperature = np.array([60.0, -140.0, 0.0, 120.0, -60.0, 30.0]), np.full(6, 820.0)
    gap_m = GAP_M + np.arange(6) * 1e-9
    rings = [ring_profile(*values, random) for values in zip(velocity, temperature, gap_m, strict=True)]
    frames = tuple(SimpleNamespace(frame=SimpleNamespace(name=f"{k}")) for k in range(6))
    sky = Profiles(frames, (Center(256.0, 256.0, 0.01),) * 6, np.arange(6) * 600.0, GRID, tuple(rings))
    known = SimpleNamespace(
        parameters=PARAMETERS,
        lasers=None,
        gap_m=lambda time_s: (GAP_M + time_s / 600 * 1e-9, np.zeros(time_s.size)),
    )
    return sky, known, velocity, temperature


@pytest.fixture(scope="module")
def fitted(night):
    return lines.fit_lines(night[0], night[1], LINE, no_progress)


def test_velocities_are_those_of_the_light_whatever_the_gap_did(night, fitted):
    assert fitted.index == tuple(range(6))
    got = np.array([fit.velocity_mps for fit in fitted.fits])
    stated = np.array([fit.velocity_error_mps for fit in fitted.fits])
    assert 0.1 < stated.min() < stated.max() < 0.3
    np.testing.assert_allclose(got, night[2], atol=1.0)  # a nanometre of the gap would be 20
    temperatures = np.array([fit.temperature_k for fit in fitted.fits])
    np.testing.assert_allclose(temperatures, night[3], atol=3.0)


def test_errors_are_true(night):
    """On 300 profiles with ten times the noise: the same light, so that only the noise differs."""
    clean, known, velocity, temperature = night
    random = np.random.default_rng(12)
    rings = [
        replace(ring, counts=ring.counts + random.normal(0, 2.0, GRID.count), sigma=np.full(GRID.count, 2.01))
        for _ in range(50)
        for ring in clean.rings
    ]
    many = replace(
        clean,
        frames=clean.frames * 50,
        centers=clean.centers * 50,
        mid_time_s=np.tile(clean.mid_time_s, 50),
        rings=tuple(rings),
    )
    fits = lines.fit_lines(many, known, LINE, no_progress).fits
    wind = [(fit.velocity_mps - velocity[k % 6]) / fit.velocity_error_mps for k, fit in enumerate(fits)]
    warmth = [
        (fit.temperature_k - temperature[k % 6]) / fit.temperature_error_k for k, fit in enumerate(fits)
    ]
    assert len(fits) == 300
    for scores in (wind, warmth):
        assert np.sqrt(np.mean(np.square(scores))) == pytest.approx(1.0, abs=0.1)


def test_the_errors_of_the_converter_are_part_of_those_of_the_lines(night, fitted, monkeypatch):
    converter = SimpleNamespace(
        added=lambda model, variance: np.zeros(model.shape), errors_left=lambda fit, variance: (3.0, 7.0)
    )
    monkeypatch.setattr(lines, "find_nonlinearity", lambda *_: converter)
    monkeypatch.setattr(lines, "with_excess", tuple)
    with_it = lines.fit_lines(night[0], night[1], LINE, no_progress)
    monkeypatch.setattr(lines, "find_nonlinearity", lambda *_: None)
    without = lines.fit_lines(night[0], night[1], LINE, no_progress)
    for a, b in zip(with_it.fits, without.fits, strict=True):
        assert a.velocity_error_mps == pytest.approx(np.hypot(b.velocity_error_mps, 3.0), rel=1e-3)
        assert a.temperature_error_k == pytest.approx(np.hypot(b.temperature_error_k, 7.0), rel=1e-3)


def test_errors_grow_by_the_mean_excess_of_the_frames_around(fitted):
    """Of seven before and seven after; where it is more than chance would have it."""
    random = np.random.default_rng(3)
    velocity = np.concatenate([np.full(20, 1.0), random.uniform(2, 6, 19), [50.0]])
    temperature = random.uniform(0.5, 1.4, 40)
    fits = [
        replace(fitted.fits[0], velocity_excess=v, temperature_excess=t, velocity_error_mps=2.0)
        for v, t in zip(velocity, temperature, strict=True)
    ]
    got = lines.with_excess(fits)
    for k in range(40):
        around = np.minimum(velocity[max(0, k - 7) : k + 8], 12.0)
        mean = around.mean()
        by_chance = 1 + 2.5 * 0.36 / np.sqrt(around.size)
        expected = 2.0 * (np.sqrt(mean) if mean > by_chance else 1.0)
        assert got[k].velocity_error_mps == pytest.approx(expected, rel=1e-12)
        assert got[k].temperature_error_k == fits[k].temperature_error_k
