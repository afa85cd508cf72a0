"""The plot of raw frames: rings where the fit has them, on the frame that it names."""

from __future__ import annotations

import dataclasses
import warnings

import h5py
import numpy as np
import pytest
from matplotlib.colors import to_hex
from results import GAP_M, LASER_M, empty_night, example_result
from scipy.signal import find_peaks

from airglow.products import plot_frames
from airglow.products.plots import frames, style, typical
from products import looking

CENTER = (257.0, 250.0)


def simulated_image(profiles, k, aspect, shape):
    """A camera's picture of a ring profile."""
    rows, columns = np.indices(shape)
    squared = (columns - CENTER[0]) ** 2 + ((rows - CENTER[1]) * aspect) ** 2
    used = np.isfinite(profiles.model[k])
    image = np.interp(squared, profiles.radius_squared_px2[k, used], profiles.model[k, used])
    return np.round(10 * image).astype("u2")


def write(directory, name, image, binning=(2, 2)):
    with h5py.File(directory / name, "w") as file:
        dataset = file.create_dataset("image", data=image)
        dataset.attrs.update(
            ExposureTime=30.0,
            azAngle=0.0,
            zeAngle=0.0,
            LocalTime="2025-04-29 21:30:00.250000",
            XBinning=binning[0],
            YBinning=binning[1],
        )


@pytest.fixture(params=[(2, 2), (1, 2)], ids=["square", "tall pixels"])
def night(request, tmp_path):
    """A result, and the two frames that its plot needs."""
    result = example_result(20, 6)
    tables = {}
    for kind in ("sky", "laser"):
        table = getattr(result, kind)
        centers = {f"center_{axis}_px": np.full(len(table), CENTER[n]) for n, axis in enumerate("xy")}
        tables[kind] = dataclasses.replace(table, **centers)
    result = dataclasses.replace(result, **tables)
    aspect = request.param[1] / request.param[0]
    for table, profiles, k in (
        (result.laser, result.laser_profiles, typical.typical_laser(result)),
        (result.sky, result.sky_profiles, typical.typical_sky(result)),
    ):
        write(tmp_path, table.name[k], simulated_image(profiles, k, aspect, (512, 512)), request.param)
    return result, tmp_path, aspect


def pictures(figure):
    return [axes for axes in figure.axes if axes.get_xlabel() == "Column (px)"]


def test_the_rings_lie_on_the_rings_of_the_frame(night):
    result, directory, aspect = night
    with style.drawing():
        figure = frames._figure(result, directory)
    assert len(pictures(figure)) == 2
    for picture in pictures(figure):
        image = np.asarray(picture.images[0].get_array())
        assert picture.get_aspect() == aspect
        rings = [
            ring
            for lines in picture.collections
            if to_hex(lines.get_color()[0]) == frames._RING["color"]
            for ring in lines.get_segments()
        ]
        assert len(rings) > 5
        for ring in rings:
            x, y = ring.T
            assert x.min() >= CENTER[0] - 1e-9  # on the right half alone
            on = image_along(image, x, y)
            inward, outward = (
                image_along(image, *(c + (v - c) * scale for v, c in zip((x, y), CENTER, strict=True)))
                for scale in (0.975, 1.025)
            )
            assert np.median(on) > np.median(inward)
            assert np.median(on) > np.median(outward)
        (center,) = [line for line in picture.lines if line.get_marker() == "+"]
        assert (center.get_xdata()[0], center.get_ydata()[0]) == CENTER


def image_along(image, x, y):
    column, row = np.round(x).astype(int), np.round(y).astype(int)
    there = (column >= 0) & (column < image.shape[1]) & (row >= 0) & (row < image.shape[0])
    return image[row[there], column[there]].astype(float)


def test_the_limits_are_those_of_the_annuli_that_were_fitted():
    result = example_result(3, 0)
    model = result.sky_profiles.model.copy()
    model[1, :20] = np.nan
    profiles = dataclasses.replace(result.sky_profiles, model=model)
    width = 251.4**2 / 200
    assert frames._limits_px2(profiles, 1) == pytest.approx([20 * width, 198 * width])
    assert frames._limits_px2(profiles, 0) == pytest.approx([198 * width])


def test_ring_maxima_are_where_the_etalon_has_them():
    result = example_result(3, 2, annuli=500)
    phase = 2 * GAP_M / LASER_M
    orders = np.arange(np.floor(phase), np.floor(phase) - 30, -1)
    squared = ((phase / orders) ** 2 - 1) / 8.6731e-5**2
    profile = result.laser_profiles
    found = typical.ring_maxima(profile.radius_squared_px2[0], profile.model[0])
    expected = squared[squared < np.nanmax(profile.radius_squared_px2[0, :498]) - 200]
    np.testing.assert_allclose(found, expected, atol=20)  # px², a sixth of an annulus


def test_neither_ripples_nor_slopes_are_rings():
    squared = np.arange(500.0)
    slope = 1281 - 0.001 * squared + 0.3 * np.cos(squared * 2 * np.pi / 80)
    ripple = slope + 1e-4 * (-1) ** np.arange(500)
    found = typical.ring_maxima(squared, ripple)
    np.testing.assert_allclose(found, np.arange(80, 500, 80), atol=3)
    assert typical.ring_maxima(squared, np.full(500, np.nan)).size == 0
    level = np.where(abs(squared - 100) < 2, 5.0, 1.0)
    assert typical.ring_maxima(squared, level) == pytest.approx([100.0])


def test_maxima_are_those_that_scipy_finds():
    random = np.random.default_rng(1)
    for number in range(200):
        height = random.normal(size=random.integers(3, 200))
        height = np.cumsum(height) if number % 2 else height
        least, apart = random.uniform(0.01, 3), int(random.integers(1, 12))
        expected, _ = find_peaks(height, prominence=least, distance=apart)
        assert typical._tops(height, least, apart) == expected.tolist()


def test_the_typical_frame_is_that_of_the_median_among_good_ones():
    result = example_result(9, 0)
    chi_square = np.array([5.0, 1.2, 9.0, 1.1, 1.0, 7.0, 8.0, 6.0, np.nan])
    flag = np.array([2, 0, 2, 0, 0, 2, 2, 2, 0], np.int8)
    sky = dataclasses.replace(result.sky, reduced_chi_square=chi_square, wind_flag=flag)
    assert typical.typical_sky(dataclasses.replace(result, sky=sky)) == 3
    sky = dataclasses.replace(sky, wind_flag=np.full(9, 2, np.int8))
    assert typical.typical_sky(dataclasses.replace(result, sky=sky)) == 7


def texts_of(result, directory):
    with style.drawing():
        figure = frames._figure(result, directory)
        figure.canvas.draw()
        assert looking.cut_off(figure) == []
        assert looking.written_over(figure) == []
        return [" ".join(text.get_text().split()) for text in looking.texts(figure)]


def test_a_frame_that_is_not_there_or_broken_costs_nothing_else(night, tmp_path):
    result, directory, _ = night
    laser, sky = (
        result.laser.name[typical.typical_laser(result)],
        result.sky.name[typical.typical_sky(result)],
    )
    (directory / laser).unlink()
    (directory / sky).write_bytes(b"no frame at all")
    texts = texts_of(result, directory)
    assert f"{laser}: cannot be read or written: No such file or directory" in texts
    assert any(text.startswith(f"{sky}: neither HDF5 nor A3OI image") for text in texts)
    assert plot_frames(result, directory, tmp_path / "out" / "frames.png").stat().st_size > 10_000


def test_a_frame_without_any_light_is_drawn(night):
    result, directory, _ = night
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in (
            result.laser.name[typical.typical_laser(result)],
            result.sky.name[typical.typical_sky(result)],
        ):
            write(directory, name, np.full((64, 96), 300, "u2"))
        assert len(texts_of(result, directory)) > 10


def test_a_night_without_anything_says_why(tmp_path):
    empty = empty_night()
    assert texts_of(empty, tmp_path).count(empty.notes[0]) == 2
    assert "no laser frame was fitted" in texts_of(example_result(4, 0), tmp_path)


@pytest.mark.parametrize("night", [(2, 2)], indirect=True)
@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_frames_always_look_the_same(night, tmp_path, suffix):
    result, directory, _ = night
    first, second = (
        plot_frames(result, directory, tmp_path / f"{name}.{suffix}").read_bytes() for name in ("a", "b")
    )
    assert first == second
