"""The instrument's state over a night: one set of parameters, and a gap that drifts and may jump."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from airglow.etalon.airy import central_phase, terms_needed
from airglow.etalon.blur_course import BlurCourse, find_blur_course
from airglow.etalon.laser import LaserFit, fit_laser, start_phase
from airglow.etalon.misfit import explains_fringes
from airglow.etalon.parameters import ParametersFit, fit_parameters
from airglow.etalon.pattern import common_patterns, without_patterns
from airglow.etalon.shape import ShapeCovariance
from airglow.etalon.tables import FringeTables
from airglow.gp import KERNELS, Course, Samples, fit_course, fit_process
from airglow.gp.course import Piece
from airglow.model.errors import NotAnalysable
from airglow.model.instrument import InstrumentParameters
from airglow.rings import RingProfile

# Natural rate of the gap, nm/h: three nights of minime90 drifted by 0.3 to 0.6 on the whole, 1.1 at the
# fastest.
GAP_RATE_NM_PER_H = 1.0
# Lasers from which their own scatter tells how fast the gap moves (`airglow.gp.series` fits the process to as
# many). With fewer it may settle by tens of nm between them, as after the etalon was warmed.
FEWEST_LASERS = 4
# Rates that are tried then, nm/h. Up to 64: a gap that settles by 44 nm with a time of 1.5 h begins with 29.
_RATES_NM_PER_H = GAP_RATE_NM_PER_H * 2.0 ** np.arange(7)
# Width of their log-normal prior about the natural rate: that of the amplitude in `airglow.gp.series`.
_RATE_LOG_WIDTH = 1.5
_FEWEST_TO_TELL_A_RATE = 3  # lasers: two lie on any straight line


@dataclass(frozen=True)
class LaserState:
    """What the laser frames say of the instrument.

    Parameters
    ----------
    parameters
        Parameters of the instrument, fitted to several laser profiles together.
    reduced_chi_square
        Chi-square per degree of freedom of that fit.
    fringes_left
        Part of the fringes' power that the fit leaves.
    shape
        Covariance of the parameters.
    fits
        One fit per laser profile, None where it failed.
    used
        Bool, shape (n,): the profile took part in the gap's course.
    gap_nm
        Course of the gap less its median, in nanometres.
    median_gap_m
        Median of the gap.
    other_courses
        Where there are too few lasers to tell how fast the gap moves: courses at several rates, each with the
        natural logarithm of its density, without what the zenith has to say.
    blur
        How it drifts; None where it stays.
    """

    parameters: InstrumentParameters
    reduced_chi_square: float
    fringes_left: float
    shape: ShapeCovariance
    fits: tuple[LaserFit | None, ...]
    used: np.ndarray
    gap_nm: Course
    median_gap_m: float
    other_courses: tuple[tuple[float, Course], ...] = ()
    blur: BlurCourse | None = None

    def with_course(self, course: Course) -> LaserState:
        """The same with another course of the gap.

        Parameters
        ----------
        course
            Of the gap less its median, in nanometres.

        Returns
        -------
        LaserState
        """
        return replace(self, gap_nm=course)

    def gap_m(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gap and its standard error at some times.

        Parameters
        ----------
        time_s
            Times on the clock of the lasers, shape (n,).

        Returns
        -------
        gap_m, error_m : ndarray
            Shape (n,).
        """
        value, error = self.gap_nm.at(time_s)
        return self.median_gap_m + 1e-9 * value, 1e-9 * error

    def gap_covariance_m2(self, time_s: np.ndarray) -> np.ndarray:
        """Covariance of the gap's error between times.

        Parameters
        ----------
        time_s
            Times on the clock of the lasers, shape (n,).

        Returns
        -------
        ndarray
            Shape (n, n).
        """
        return 1e-18 * self.gap_nm.covariance(time_s)


def measure_state(
    lasers: Sequence[RingProfile],
    mid_time_s: np.ndarray,
    wavelength_m: float,
    start: InstrumentParameters,
    *,
    estimate_blur: bool,
    lasers_together: int,
    other_plate_scales: Sequence[float] = (),
    held: Collection[str] = (),
) -> LaserState:
    """Fit parameters and gap to the night's laser profiles.

    Parameters
    ----------
    lasers
        Laser profiles in the order of time.
    mid_time_s
        Middle of their exposures.
    wavelength_m
        Of the laser.
    start
        Parameters to begin with, from the registry.
    estimate_blur
        False keeps the blur of ``start``.
    lasers_together
        Number of profiles fitted together for the parameters.
    other_plate_scales, held
        As for `airglow.etalon.fit_parameters`.

    Returns
    -------
    LaserState

    Raises
    ------
    NotAnalysable
        If no laser profile can be fitted, or no fit explains the fringes of its profile.
    """
    if not lasers:
        raise NotAnalysable("no laser", "no laser frame bright enough")
    chosen = _spread(lasers, lasers_together)

    def fit_to(profiles: Sequence[RingProfile]) -> ParametersFit:
        return fit_parameters(
            profiles,
            wavelength_m,
            start,
            estimate_blur=estimate_blur,
            other_plate_scales=other_plate_scales,
            held=held,
        )

    def explained_by(joint: ParametersFit, profiles: Sequence[RingProfile]) -> list[RingProfile]:
        fits = _fit_each(profiles, joint.parameters, wavelength_m)
        return [profile for profile, fit in zip(profiles, fits, strict=True) if _is_fit(fit)]

    together = _fit_of_most([lasers[k] for k in chosen], fit_to, explained_by)
    parameters = together.parameters
    fits = _fit_each(lasers, parameters, wavelength_m)
    # Judged before patterns are taken out: what wrong parameters leave is a pattern too.
    explained = np.array([_is_fit(fit) for fit in fits])
    if not explained.any():
        raise NotAnalysable("laser fit failed", _why_no_fit(fits))
    good = np.flatnonzero(explained)
    amounts = np.array([[fit.intensity if fit else 0.0] for fit in fits])
    cleaned = list(lasers)
    patterns = common_patterns([lasers[k] for k in good], [fits[k].model for k in good], amounts[good])
    if patterns is not None:
        cleaned = [
            without_patterns(profile, of, patterns) for profile, of in zip(lasers, amounts, strict=True)
        ]
        fits = [
            replace(fit, model=fit.model + profile.counts - clean.counts) if fit else None
            for fit, profile, clean in zip(
                _fit_each(cleaned, parameters, wavelength_m), lasers, cleaned, strict=True
            )
        ]
    gap_m = np.array([fit.gap_m if fit else np.nan for fit in fits])
    error_m = np.array([fit.gap_error_m if fit else np.nan for fit in fits])
    if not np.isfinite(gap_m[explained]).any():
        raise NotAnalysable("laser fit failed", "no laser frame of the night could be fitted")
    gap_m = _one_order(gap_m, wavelength_m, explained)
    median = float(np.nanmedian(gap_m[explained]))
    gap_nm = np.where(explained, 1e9 * (gap_m - median), np.nan)
    course = fit_course(mid_time_s, gap_nm, 1e9 * error_m, natural_rate=GAP_RATE_NM_PER_H, find_jumps=True)
    blur = None
    if estimate_blur and "blur_px" not in held:
        blur = find_blur_course(cleaned, mid_time_s, fits, course.used, parameters, wavelength_m)
    others: tuple[tuple[float, Course], ...] = ()
    if course.used.sum() < FEWEST_LASERS:
        others = _courses_at_rates(mid_time_s, gap_nm, 1e9 * error_m)
    return LaserState(
        parameters=parameters,
        reduced_chi_square=together.reduced_chi_square,
        fringes_left=together.fringes_left,
        shape=together.shape,
        fits=tuple(fits),
        used=course.used,
        gap_nm=course,
        median_gap_m=median,
        other_courses=others,
        blur=blur,
    )


def _courses_at_rates(
    time_s: np.ndarray, gap_nm: np.ndarray, error_nm: np.ndarray
) -> tuple[tuple[float, Course], ...]:
    """Courses of the gap at several rates, rough and smooth, each with the logarithm of its density."""
    used = np.isfinite(gap_nm) & np.isfinite(error_nm) & (error_nm > 0)
    courses = []
    for rate, kernel in itertools.product(_RATES_NM_PER_H, KERNELS):
        samples = Samples(time_s[used], gap_nm[used], error_nm[used], float(rate))
        process, of_lasers = fit_process(samples, (kernel,))
        density = -0.5 * (np.log(rate / GAP_RATE_NM_PER_H) / _RATE_LOG_WIDTH) ** 2
        if len(samples) >= _FEWEST_TO_TELL_A_RATE:
            density += of_lasers
        courses.append((float(density), Course((Piece(-np.inf, np.inf, samples, process),), used)))
    return tuple(courses)


def _is_fit(fit: LaserFit | None) -> bool:
    return fit is not None and explains_fringes(fit.fringes_left)


def _fit_of_most(
    profiles: Sequence[RingProfile],
    fit_to: Callable[[Sequence[RingProfile]], ParametersFit],
    explained_by: Callable[[ParametersFit, Sequence[RingProfile]], list[RingProfile]],
) -> ParametersFit:
    """Fit to all profiles together; if it does not explain each of them, to the majority that agrees.

    One frame of something else, such as a lamp, would draw the parameters away from all others.
    """
    together: ParametersFit | NotAnalysable
    try:
        together = fit_to(profiles)
        if len(explained_by(together, profiles)) == len(profiles):
            return together
    except NotAnalysable as failure:
        together = failure
    most: list[RingProfile] = []
    for one in profiles:
        try:
            agreeing = explained_by(fit_to([one]), profiles)
        except NotAnalysable:
            continue
        if len(agreeing) > len(most):
            most = agreeing
    if len(profiles) > len(most) > len(profiles) / 2:
        return fit_to(most)
    if isinstance(together, NotAnalysable):
        raise together
    return together


def _why_no_fit(fits: Sequence[LaserFit | None]) -> str:
    done = [fit for fit in fits if fit]
    if not done:
        return "no laser frame of the night could be fitted"
    best = min(done, key=lambda fit: fit.fringes_left)
    return (
        f"the fits leave {100 * best.fringes_left:.0f} % or more of the fringes of every laser frame, "
        f"reduced chi-square {best.reduced_chi_square:.3g} and more"
    )


def _fit_each(
    lasers: Sequence[RingProfile], parameters: InstrumentParameters, wavelength_m: float
) -> list[LaserFit | None]:
    """Fit the gap of each profile; None where that fails."""
    nominal_phase = central_phase(parameters.nominal_gap_m, wavelength_m)
    tables = FringeTables(nominal_phase, parameters, terms_needed(parameters.reflectivity))
    fits: list[LaserFit | None] = []
    for profile in lasers:
        try:
            phase = start_phase(profile, nominal_phase, parameters.plate_scale_rad_per_pixel)
            fits.append(fit_laser(profile, wavelength_m, phase, parameters, tables))
        except NotAnalysable:
            fits.append(None)
    return fits


def _spread(lasers: Sequence[RingProfile], number: int) -> list[int]:
    """Indices of bright profiles spread over the night: the brightest of each of ``number`` stretches."""
    contrast = np.array([np.ptp(profile.counts) / np.median(profile.sigma) for profile in lasers])
    stretches = np.array_split(np.arange(len(lasers)), min(number, len(lasers)))
    return [int(stretch[np.argmax(contrast[stretch])]) for stretch in stretches]


def _one_order(gap_m: np.ndarray, wavelength_m: float, trusted: np.ndarray) -> np.ndarray:
    """Gaps moved by whole orders to within a quarter wavelength of the middle of the trusted ones."""
    order_m = wavelength_m / 2.0
    turns = np.exp(2j * np.pi * gap_m[trusted & np.isfinite(gap_m)] / order_m)
    middle = np.angle(np.median(turns.real) + 1j * np.median(turns.imag)) / (2 * np.pi) * order_m
    nearest = np.nanmedian(gap_m[trusted])
    middle += order_m * np.round((nearest - middle) / order_m)
    return gap_m - order_m * np.round((gap_m - middle) / order_m)
