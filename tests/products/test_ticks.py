"""Ticks joined to few artists: each pixel is as matplotlib draws it."""

from __future__ import annotations

import numpy as np
import pytest
from results import empty_night, example_result

from airglow.products.plots import diagnostics, profiles, style, temperature, winds
from airglow.products.plots.ticks import join_ticks


def pixels(figure):
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())


def ticks(figure):
    """Number of ticks that matplotlib would draw."""
    every = [each for axes in figure.axes for each in (axes, *axes.child_axes)]
    shown = [axis for axes in every for axis in (axes.xaxis, axes.yaxis) if axis.get_visible()]
    return sum(len(axis.get_majorticklocs()) for axis in shown)


@pytest.mark.parametrize("module", [winds, temperature, diagnostics, profiles])
@pytest.mark.parametrize("result", [example_result(), empty_night()], ids=["night", "nothing"])
def test_a_figure_with_joined_ticks_is_the_same_picture(module, result):
    with style.drawing():
        before, figure = pixels(module._figure(result)), module._figure(result)
        join_ticks(figure)
        after = pixels(figure)
    assert not ticks(figure)
    assert (after == before).all()


def odd_axes(figure):
    """Axes turned round, logarithmic, with marks inside, and with a factor over their labels."""
    turned, logarithmic, plain, factor = (
        figure.add_axes((0.1 + 0.22 * k, 0.1, 0.15, 0.8), ylabel="counts") for k in range(4)
    )
    turned.set_ylim(1.03, -0.02)
    turned.tick_params(axis="x", rotation=60, labelsize=7, top=True, labeltop=True)
    logarithmic.set_yscale("log", subs=(2, 5))
    logarithmic.set_ylim(3, 4e4)
    plain.tick_params(direction="in", labelleft=False, right=True)
    plain.minorticks_on()
    plain.grid(visible=False)
    factor.plot([0, 3e8], [0, 5e7])
    for axes in (turned, logarithmic, plain, factor):
        style.label_at(axes, 0.4)
    return figure


def test_axes_of_all_kinds_look_the_same():
    with style.drawing():
        before, figure = pixels(odd_axes(style.new_figure(9, 3))), odd_axes(style.new_figure(9, 3))
        join_ticks(figure)
        after = pixels(figure)
    assert (after == before).all()
    factor = figure.axes[3].yaxis  # its labels are nothing without what stands over the axis
    assert len(factor.get_majorticklocs()) > 2
    assert factor.get_offset_text().get_text()
    assert not any(len(axes.yaxis.get_majorticklocs()) for axes in figure.axes[:3])
