"""How the instrument and the analysis did over a night."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from airglow.model.limits import CLOUDY_C, OVERCAST_C, WARM_CCD_C
from airglow.model.result import BAD, CAUTION, GOOD, LaserSamples, NightResult, RingProfiles, SkySamples
from airglow.model.summary import finite_median
from airglow.model.temperatures import ProbeTemperatures
from airglow.products.colors import BLUE, GREEN, GREY, INK, VERMILLION
from airglow.products.plots import looks, style
from airglow.products.plots.timeaxis import night_span, share_time
from airglow.products.plots.typical import draw_profile, typical_laser, typical_sky

_LIGHT_MPS = 299_792_458.0  # of light: exact, and scipy.constants takes longer to import than a panel to draw
_HOLE_STEPS = 4  # between samples of a logger, from where on a hole is seen
_LINES = (("-", BLUE), ("--", VERMILLION), ("-.", GREEN), (":", INK))
_HOLLOW = ("^", "s", "X")  # of the markers


def plot_diagnostics(result: NightResult, path: Path | str) -> Path:
    """Plot gap, centre, laser, fits, brightness, cloud, CCD temperature, errors and two typical frames.

    If the night has temperatures by loggers, they have a row of panels.

    Parameters
    ----------
    result
        The night.
    path
        PNG, PDF or SVG to be, by its suffix.

    Returns
    -------
    Path
        ``path``.
    """
    with style.drawing():
        return style.save(_figure(result), path)


def _figure(result: NightResult) -> Figure:
    rows = 5 if result.temperatures else 4
    height = 12.6 + 1.9 * (rows - 4)
    figure = style.new_figure(12.0, height)
    upper = figure.add_gridspec(
        rows,
        2,
        left=0.085,
        right=0.945,
        top=1 - 1.15 / height,
        bottom=4.05 / height,
        hspace=0.14,
        wspace=0.22,
    )
    columns = [[figure.add_subplot(upper[row, column]) for row in range(rows)] for column in (0, 1)]
    sky, laser = result.sky, result.laser
    _gap(columns[0][0], result)
    _center(columns[0][1], sky, laser)
    _laser_intensity(columns[0][2], laser)
    _chi_square(columns[0][3], sky, laser)
    _brightness(columns[1][0], sky)
    _wind_errors(columns[1][1], sky)
    _cloud(columns[1][2], sky)
    _ccd(columns[1][3], sky, laser)
    if result.temperatures:
        of_etalon = [each for each in result.temperatures if each.probe.startswith("etalon")]
        others = [each for each in result.temperatures if each not in of_etalon]
        _temperatures(columns[0][4], result, of_etalon, "Etalon\n(°C)", "no temperature logger at the etalon")
        _temperatures(columns[1][4], result, others, "Site\n(°C)", "no other temperature logger")
    for column in columns:
        share_time(column, result)
        for panel in column:
            style.label_at(panel, 0.6)
    lower = figure.add_gridspec(
        2,
        2,
        left=0.085,
        right=0.945,
        top=3.05 / height,
        bottom=0.72 / height,
        hspace=0.08,
        wspace=0.22,
        height_ratios=(3, 1),
    )
    for column, table, profiles, k, title in (
        (0, laser, result.laser_profiles, typical_laser(result), "Laser frame"),
        (1, sky, result.sky_profiles, typical_sky(result), "Sky frame"),
    ):
        _typical_frame(figure, (lower[0, column], lower[1, column]), table, profiles, k, title)
    style.head_and_foot(figure, result, "Diagnostics", looks.FLAG_NAMES)
    return figure


def _plot(panel: Axes, time: np.ndarray, value: np.ndarray, form: str, color: str, label: str) -> None:
    """Line or markers, if there is anything to draw."""
    if np.isfinite(value).any():
        face = "white" if form in _HOLLOW else color
        panel.plot(
            time, value, form, color=color, markerfacecolor=face, markersize=3.9, linewidth=1.1, label=label
        )


def _plot_faded(
    panel: Axes,
    time: np.ndarray,
    value: np.ndarray,
    flag: np.ndarray,
    marker: str,
    color: str,
    label: str,
    error: np.ndarray | None = None,
) -> None:
    """Markers of sky samples, faded by their flag, under one entry in the key."""
    shown = np.isfinite(value)
    if not shown.any():
        return
    look = {
        "linestyle": "",
        "marker": marker,
        "markersize": 3.9,
        "color": color,
        "markerfacecolor": "white" if marker in _HOLLOW else color,
        "markeredgewidth": 1.0 if marker in _HOLLOW else 0.0,
    }
    for level in (BAD, CAUTION, GOOD):
        chosen = shown & (flag == level)
        if chosen.any():
            bars = None if error is None else error[chosen]
            panel.errorbar(
                time[chosen], value[chosen], yerr=bars, elinewidth=0.7, alpha=looks.FADE[level], **look
            )
    panel.plot([], [], label=label, **look)


def _gap(panel: Axes, result: NightResult) -> None:
    """Etalon gap, from its median over the night; the reason for an empty night stands here."""
    sky, laser = result.sky, result.laser
    middle = finite_median(np.concatenate([laser.gap_m[laser.used], sky.gap_m]), 0.0)
    sky_nm, laser_nm = (sky.gap_m - middle) * 1e9, (laser.gap_m - middle) * 1e9
    _plot(panel, sky.mid_time, sky_nm, "-", INK, "at sky frames")
    for used, color, marker, label in (
        (True, BLUE, "o", "laser"),
        (False, VERMILLION, "X", "laser, not used"),
    ):
        chosen = laser.used == used
        if chosen.any():
            panel.errorbar(
                laser.mid_time[chosen],
                laser_nm[chosen],
                yerr=laser.gap_error_m[chosen] * 1e9,
                linestyle="",
                marker=marker,
                markersize=4,
                elinewidth=0.8,
                color=color,
                markerfacecolor=color if used else "white",
                label=label,
            )
    if not middle:
        panel.set_ylabel("Gap\n(nm)")
        style.say_nothing_there(panel, style.why_nothing(result, "no gap was found", 48))
        return
    panel.set_ylabel(f"Gap − {middle * 1e3:.6f} mm\n(nm)")
    _tight(panel, np.concatenate([laser_nm, sky_nm]), 0.05)
    style.key_row(panel)
    panel.text(
        0.99,
        0.94,
        f"10 m/s ↔ {10 * middle * 1e9 / _LIGHT_MPS:.2f} nm",
        transform=panel.transAxes,
        ha="right",
        va="top",
        fontsize=8,
        color=GREY,
    )


def _center(panel: Axes, sky: SkySamples, laser: LaserSamples) -> None:
    """Ring centre, from its median over the night."""
    drawn = []
    for name, laser_px, sky_px, color, marker, line in (
        ("x", laser.center_x_px, sky.center_x_px, BLUE, "o", "-"),
        ("y", laser.center_y_px, sky.center_y_px, VERMILLION, "^", "--"),
    ):
        middle = finite_median(np.concatenate([laser_px, sky_px]), 0.0)
        _plot(panel, laser.mid_time, laser_px - middle, marker, color, f"{name} laser")
        _plot(panel, sky.mid_time, sky_px - middle, line, color, f"{name} − {middle:.2f} px")
        drawn += [laser_px - middle, sky_px - middle]
    panel.set_ylabel("Ring centre\n(px)")
    if _nothing(panel, "no centre was found", *drawn):
        return
    _tight(panel, np.concatenate(drawn), 0.02)
    style.key_row(panel)


def _laser_intensity(panel: Axes, laser: LaserSamples) -> None:
    panel.set_ylabel("Laser\n(counts/s)")
    if _nothing(panel, "no laser frames were analysed", laser.intensity):
        return
    for used, color, marker, label in ((True, BLUE, "o", "used"), (False, VERMILLION, "X", "not used")):
        chosen = laser.used == used
        _plot(panel, laser.mid_time[chosen], laser.intensity[chosen], marker, color, label)
    brightest = np.nanmax(laser.intensity)
    panel.set_ylim(min(0.0, 1.15 * np.nanmin(laser.intensity)), 1.15 * brightest if brightest > 0 else 1.0)
    style.key_row(panel)


def _chi_square(panel: Axes, sky: SkySamples, laser: LaserSamples) -> None:
    panel.set_ylabel("Reduced χ²")
    values = (sky.reduced_chi_square, laser.reduced_chi_square)
    if _nothing(panel, "nothing was fitted", *values):
        return
    panel.axhline(1, color=GREY, linewidth=0.8, zorder=1)
    _plot_faded(panel, sky.mid_time, values[0], sky.wind_flag, "s", VERMILLION, "sky")
    _plot(panel, laser.mid_time, values[1], "o", BLUE, "laser")
    _positive_axis(panel, np.concatenate([*values, [0.9, 1.2]]))
    style.key_row(panel)


def _brightness(panel: Axes, sky: SkySamples) -> None:
    panel.set_ylabel("Sky\n(counts/s)")
    if _nothing(panel, "no sky frames were analysed", sky.intensity, sky.background):
        return
    for value, error, marker, color, label in (
        (sky.intensity, sky.intensity_error, "o", BLUE, "line"),
        (sky.background, sky.background_error, "s", VERMILLION, "background"),
    ):
        positive = np.where(value > 0, value, np.nan)
        _plot_faded(panel, sky.mid_time, positive, sky.wind_flag, marker, color, label, error)
    _positive_axis(panel, np.concatenate([sky.intensity, sky.background]))
    style.key_row(panel)


def _wind_errors(panel: Axes, sky: SkySamples) -> None:
    panel.set_ylabel("Wind error\n(m/s)")
    shown = sky.wind_flag != BAD  # the errors of failed fits would hide all others
    if not shown.any():
        shown = ~shown
    drawn = [
        values[shown]
        for values in (sky.wind_fit_error_mps, sky.wind_calibration_error_mps, sky.wind_reference_error_mps)
    ]
    if _nothing(panel, "no winds", *drawn):
        return
    time, flag = sky.mid_time[shown], sky.wind_flag[shown]
    _plot_faded(panel, time, drawn[0], flag, "o", BLUE, "fit")
    _plot_faded(panel, time, drawn[1], flag, "^", VERMILLION, "calibration")
    _plot(panel, time, drawn[2], "--", GREEN, "reference")
    _positive_axis(panel, np.concatenate(drawn))
    style.key_row(panel)


def _cloud(panel: Axes, sky: SkySamples) -> None:
    mean = sky.sky_minus_ambient_mean_c
    panel.set_ylabel("Sky − ambient\n(°C)")
    if not np.isfinite(mean).any():
        style.say_nothing_there(panel, "no cloud sensor data")
        return
    for limit, label in ((CLOUDY_C, "cloudy"), (OVERCAST_C, "overcast")):
        panel.axhline(limit, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
        panel.annotate(
            label,
            (1.0, limit),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            xytext=(4, 0),
            va="center",
            fontsize=7.5,
            color=GREY,
        )
    low, high = sky.sky_minus_ambient_min_c, sky.sky_minus_ambient_max_c
    panel.errorbar(
        sky.mid_time,
        mean,
        yerr=np.maximum([mean - low, high - mean], 0),
        linestyle="",
        marker="o",
        markersize=3.6,
        elinewidth=0.8,
        color=BLUE,
    )
    _tight(panel, np.concatenate([low, high, [-40.0, -5.0]]), 10.0)


def _ccd(panel: Axes, sky: SkySamples, laser: LaserSamples) -> None:
    panel.set_ylabel("CCD\n(°C)")
    both = np.concatenate([sky.ccd_temperature_c, laser.ccd_temperature_c])
    if _nothing(panel, "no CCD temperatures", both):
        return
    _plot(panel, np.concatenate([sky.mid_time, laser.mid_time]), both, "o", BLUE, "")
    if np.nanmax(both, initial=-np.inf) > WARM_CCD_C - 3:
        panel.axhline(WARM_CCD_C, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
    _tight(panel, both, 2.0)


def _temperatures(
    panel: Axes, result: NightResult, probes: list[ProbeTemperatures], label: str, if_none: str
) -> None:
    """Temperatures of some probes of the site's loggers; a hole in the log is one in the line."""
    panel.set_ylabel(label)
    begin, end = night_span(result)
    shown = []
    for each, (form, color) in zip(probes, _LINES, strict=False):  # a key has room for no more
        during = (each.time >= begin) & (each.time <= end)
        time, value = _with_holes(each.time[during], each.temperature_c[during])
        _plot(panel, time, value, form, color, each.probe.replace("_", " "))
        shown.append(value)
    if _nothing(panel, if_none, *shown):
        return
    _tight(panel, np.concatenate(shown), 0.5)
    style.key_row(panel)
    if len(probes) > len(_LINES):
        more = f"{len(probes) - len(_LINES)} more in the netCDF file"
        panel.text(0.99, 0.83, more, transform=panel.transAxes, ha="right", fontsize=8, color=GREY)


def _with_holes(time: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A series with a NaN wherever many samples are lacking, so that no line is drawn there."""
    step = np.diff(time)
    if not step.size:
        return time, value
    holes = np.flatnonzero(step > _HOLE_STEPS * np.median(step)) + 1
    return np.insert(time, holes, time[holes - 1]), np.insert(value, holes, np.nan)


def _nothing(panel: Axes, text: str, *values: np.ndarray) -> bool:
    """Whether there is nothing to draw; then the panel says so."""
    if any(np.isfinite(value).any() for value in values):
        return False
    style.say_nothing_there(panel, text)
    return True


def _tight(panel: Axes, values: np.ndarray, least_span: float) -> None:
    """Limits around all finite values."""
    finite = values[np.isfinite(values)]
    middle = (finite.min() + finite.max()) / 2
    span = max(finite.max() - finite.min(), least_span) * 1.15
    panel.set_ylim(middle - span / 2, middle + span / 2)


def _positive_axis(panel: Axes, values: np.ndarray) -> None:
    """Limits around all positive values: logarithmic if they span more than a factor of five."""
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size or positive.max() < 5 * positive.min():
        _tight(panel, np.append(positive, 0.0) if not positive.size else positive, 0.2)
        return
    ratio = (positive.max() / positive.min()) ** 0.08
    panel.set_yscale("log", subs=(2, 5))
    panel.set_ylim(positive.min() / ratio, positive.max() * ratio)
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if _is_round(value, panel) else "")


def _is_round(value: float, panel: Axes) -> bool:
    """Whether a minor tick of a logarithmic axis deserves its number: 2s and 5s, on short axes only."""
    low, high = panel.get_ylim()
    first = round(value / 10 ** np.floor(np.log10(value)), 6)
    return first in (2.0, 5.0) and high / low < 200


def _typical_frame(
    figure: Figure,
    places: tuple,
    table: SkySamples | LaserSamples,
    profiles: RingProfiles,
    k: int | None,
    title: str,
) -> None:
    """The profile of a typical frame, under its name."""
    upper, lower = figure.add_subplot(places[0]), figure.add_subplot(places[1])
    draw_profile(upper, lower, profiles, k, f"no {title.lower()} was fitted")
    if k is not None:
        chi_square = f"reduced χ² {table.reduced_chi_square[k]:.2f}"
        upper.set_title(f"{title} {table.name[k]}, {chi_square}", fontsize=9, loc="left")
