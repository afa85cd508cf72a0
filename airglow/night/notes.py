"""The log of an analysis, a sentence each."""

from __future__ import annotations

import numpy as np

from airglow.night.instrument import KnownInstrument
from airglow.night.lines import NightLines
from airglow.night.reduce import ReducedNight
from airglow.night.self_checks import SelfChecks
from airglow.night.site_temperatures import logger_notes
from airglow.registry import NightOverrides
from airglow.registry.overrides import BY_LASER, BY_ZENITH
from airglow.weather import WeatherFolder
from airglow.winds.doppler_reference import SampleReference


def fit_notes(reduced: ReducedNight, known: KnownInstrument, lines: NightLines) -> tuple[str, ...]:
    """What is to be said of frames and fits."""
    notes = [*reduced.notes, f"{len(lines.fits)} of {len(reduced.sky)} sky frames were fitted."]
    if known.lasers is None:
        notes.append(
            "The registry's parameters, refined on the sky, describe the instrument, since "
            f"{known.why_default}; they leave {known.temperature_error_k:.0f} K open in every temperature."
        )
    else:
        state = known.lasers
        notes.append(
            f"{int(state.used.sum())} of {len(reduced.lasers)} laser frames give the gap, "
            f"{1e3 * state.median_gap_m:.6f} mm; "
            f"reduced chi-square of the instrument's parameters {state.reduced_chi_square:.2f}."
        )
        for before, after in state.gap_nm.jumps_s:
            notes.append(f"The gap jumped {before / 3600:.2f} to {after / 3600:.2f} h after the first frame.")
        if state.blur is not None:
            change_px = state.blur.change_px
            notes.append(
                "The focus drifts: by the lasers the blur is "
                f"{change_px.min():+.3f} to {change_px.max():+.3f} px off that of the night, "
                "and temperatures are corrected for it. See to the lens, and how it keeps its temperature."
            )
    notes += known.remarks
    if lines.parameters is not known.parameters:
        relative = (
            lines.parameters.plate_scale_rad_per_pixel / known.parameters.plate_scale_rad_per_pixel - 1.0
        )
        notes.append(
            f"Sky frames see a plate scale that differs from the lasers' by {1e4 * relative:+.1f} parts in "
            "10000, and an illumination of their own."
        )
    notes += _of_foreign_light(lines)
    nonlinearity = lines.nonlinearity
    if nonlinearity is not None:
        notes.append(
            f"The camera's converter adds waves of {nonlinearity.amplitude_counts:.2f} counts, which "
            f"temperatures show; they are taken out (log of the odds {nonlinearity.found.log_odds:.0f})."
        )
    return tuple(notes)


def finish_notes(
    known: KnownInstrument,
    reference: SampleReference,
    weather: WeatherFolder | None,
    checks: SelfChecks,
    by_hand: NightOverrides,
) -> tuple[str, ...]:
    """What is to be said of winds, flags and weather, which follow the fits."""
    notes = [
        f"Doppler reference: {reference.method}, {np.mean(reference.value_mps):.1f} m/s "
        f"from {reference.zenith_samples} samples, error {np.sqrt(np.mean(reference.error_mps**2)):.1f} m/s "
        f"with a vertical wind of {reference.vertical_wind_spread_mps:.1f} m/s."
    ]
    if by_hand.doppler_reference == BY_LASER and known.lasers is None:
        notes.append("The Doppler reference laser, decided by hand, is not to be had: no laser can be used.")
    if by_hand.doppler_reference == BY_ZENITH and not reference.follows_zenith:
        notes.append(
            "The Doppler reference zenith, decided by hand, is not to be had: fewer than two samples look up."
        )
    if checks.clouds.under.any():
        notes.append(
            f"{int(checks.clouds.under.sum())} samples are under clouds by their winds and brightness: "
            f"up to {100 * checks.clouds.cover.max():.0f} % of their light is from all over the sky "
            f"(log of the odds {max(checks.clouds.log_odds):.0f})."
        )
    scattered = checks.scattered
    if scattered.broken.any():
        notes.append(
            f"{int(scattered.broken.sum())} samples are under broken clouds: from frame to frame their winds "
            "and brightness scatter more than a wind and a layer do."
        )
    if scattered.bank.any():
        notes.append(
            f"{int(scattered.bank.sum())} samples look into clouds in one direction: its wind and brightness "
            "leave those of the other directions for a while."
        )
    if checks.drift is not None:
        by_laser = by_hand.doppler_reference == BY_LASER
        follows = "is one value, by hand" if by_laser else "follows the zenith"
        notes.append(
            f"All directions drift together by some {checks.drift.size_mps:.0f} m/s over the night, "
            f"against the lasers (log of the odds {checks.drift.log_odds:.0f}); the Doppler reference "
            f"{follows}."
        )
    if checks.laser_jumps is not None:
        sizes = " and ".join(f"{size:+.0f} m/s" for size in checks.laser_jumps.sizes_mps)
        notes.append(
            f"The gap jumps by the lasers, and the velocities of all directions by {sizes} with it: it was "
            f"the laser (log of the odds {checks.laser_jumps.log_odds:.0f}). No wind is to be used."
        )
    if checks.bright_twilight.any():
        notes.append(f"{int(checks.bright_twilight.sum())} samples are in a bright twilight.")
    if weather is None or weather.clouds is None:
        notes.append("No cloud sensor data.")
    else:
        notes.append(f"Cloud sensor: {weather.clouds.kind}, {len(weather.clouds)} samples.")
    notes += logger_notes(weather)
    for name, reason in weather.rejected if weather else ():
        notes.append(f"{name} was refused: {reason}.")
    notes += weather.remarks if weather else ()
    return tuple(notes)


def _of_foreign_light(lines: NightLines) -> list[str]:
    """What the sky frames hold that lasers cannot show."""
    holds, notes = lines.holds, []
    if holds is None:
        return notes
    evidence = holds.evidence
    if evidence.reflectivity_change:
        notes.append(
            "Sky frames see a reflectivity that differs from the lasers' by "
            f"{evidence.reflectivity_change:+.4f} +/- {evidence.reflectivity_error:.4f}."
        )
    if evidence.blur_change_px:
        notes.append(
            f"Sky frames see a blur that differs from the lasers' by {evidence.blur_change_px:+.4f} "
            f"+/- {evidence.blur_error_px:.4f} pixels."
        )
    if evidence.reflectivity_change or evidence.blur_change_px:
        notes.append(f"That leaves {evidence.temperature_error_k:.1f} K open in every temperature.")
    if holds.found is not None:
        notes.append(
            f"A line that the registry does not know is in the sky frames, {holds.found.place_orders:+.4f} "
            f"+/- {holds.found.place_error_orders:.4f} free spectral ranges from the sky line, give or take "
            f"whole ones (log of the odds {holds.scan.log_odds:.0f}): each fit takes it out as hydroxyl."
        )
    else:
        notes += [
            f"The hydroxyl line at {1e9 * each.wavelength_m:.4f} nm is in the sky frames: "
            "each fit takes it out."
            for each in holds.foreign
        ]
    return notes
