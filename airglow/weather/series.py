"""What sensor files hold, as plain series in UTC, and their summary per frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

WIDEN_CADENCES = 2.0
WIDEN_LIMITS_S = (30.0, 600.0)


@dataclass(frozen=True)
class LineCounts:
    """What became of the lines of a file (or of several).

    Parameters
    ----------
    used
        Lines that gave a sample.
    rejected
        Lines that are broken, or whose value the sensor calls bad.
    repeated
        Lines with the very text of an earlier one.
    ignored
        Headers and reports of other kinds.
    partial
        Lines that are used although one of their values is none.
    stuck
        Lines left out because the sensor repeated its last answer for too long.
    examples
        Some of the rejected lines, with number and reason.
    """

    used: int = 0
    rejected: int = 0
    repeated: int = 0
    ignored: int = 0
    partial: int = 0
    stuck: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of_all(cls, parts: Iterable[LineCounts]) -> LineCounts:
        """What became of the lines of several files together.

        Parameters
        ----------
        parts
            One per file.

        Returns
        -------
        LineCounts
        """
        parts = list(parts)
        return cls(
            used=sum(part.used for part in parts),
            rejected=sum(part.rejected for part in parts),
            repeated=sum(part.repeated for part in parts),
            ignored=sum(part.ignored for part in parts),
            partial=sum(part.partial for part in parts),
            stuck=sum(part.stuck for part in parts),
            examples=tuple(text for part in parts for text in part.examples),
        )


@dataclass(frozen=True)
class CloudSeries:
    """Samples of a cloud sensor, sorted by time, one per time.

    Parameters
    ----------
    time
        datetime64[us] in UTC, shape (n,).
    sky_minus_ambient_c
        Temperature of the sky minus that of the air, shape (n,); 0 when the sensor is wet.
    ambient_c
        Temperature of the air, shape (n,); NaN where the file has no sensible value.
    kind
        ``boltwood new``, ``boltwood old``, ``skyalert numbered`` or ``skyalert ethernet``; ``+`` joins
        several.
    files
        Names of the files.
    lines
        What became of their lines.
    answers
        Text of each line apart from times and running numbers, object array of shape (n,); None if not known.
    remarks
        Sentences for the log of a night.
    """

    time: np.ndarray
    sky_minus_ambient_c: np.ndarray
    ambient_c: np.ndarray
    kind: str
    files: tuple[str, ...]
    lines: LineCounts = field(default_factory=LineCounts)
    answers: np.ndarray | None = None
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.time.size


@dataclass(frozen=True)
class TemperatureSeries:
    """Samples of a temperature logger, sorted by time, one per time.

    Parameters
    ----------
    time
        datetime64[us] in UTC, shape (n,).
    values_c
        Temperatures by name, each of shape (n,): ``dome`` and ``inside``, or ``value``, or ``etalon_box``;
        NaN where a probe has none.
    kind
        ``dome and inside``, ``single`` or ``etalon box``.
    files
        Names of the files.
    lines
        What became of their lines.
    remarks
        Sentences for the log of a night.
    answers
        Text of each line apart from its time, object array of shape (n,); None if not known.
    """

    time: np.ndarray
    values_c: dict[str, np.ndarray]
    kind: str
    files: tuple[str, ...]
    lines: LineCounts = field(default_factory=LineCounts)
    remarks: tuple[str, ...] = ()
    answers: np.ndarray | None = None

    def __len__(self) -> int:
        return self.time.size

    @property
    def logger(self) -> str:
        """Name of the logger, as its files begin: ``TempL00``."""
        return self.files[0].partition("_")[0]


@dataclass(frozen=True)
class Summary:
    """Samples of n frames, summarised; NaN where no sample belongs to the frame.

    Parameters
    ----------
    mean
        Mean, shape (n,).
    max
        Maximum, shape (n,).
    min
        Minimum, shape (n,).
    samples
        Number of samples, shape (n,).
    """

    mean: np.ndarray
    max: np.ndarray
    min: np.ndarray
    samples: np.ndarray


def in_order(time: np.ndarray) -> np.ndarray:
    """Indices that sort times and keep the first of equal ones."""
    return np.unique(time, return_index=True)[1]


def merge_clouds(series: Iterable[CloudSeries]) -> CloudSeries | None:
    """Join series of several files: sorted by time; of equal times the first series given wins.

    Parameters
    ----------
    series
        Any number.

    Returns
    -------
    CloudSeries or None
        None if there is nothing to join.
    """
    parts = list(series)
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    time = np.concatenate([part.time for part in parts])
    order = in_order(time)
    kinds = dict.fromkeys(kind for part in parts for kind in part.kind.split("+"))
    return CloudSeries(
        time=time[order],
        sky_minus_ambient_c=np.concatenate([part.sky_minus_ambient_c for part in parts])[order],
        ambient_c=np.concatenate([part.ambient_c for part in parts])[order],
        kind="+".join(kinds),
        files=tuple(name for part in parts for name in part.files),
        lines=LineCounts.of_all(part.lines for part in parts),
        answers=np.concatenate([_answers(part) for part in parts])[order],
        remarks=tuple(text for part in parts for text in part.remarks),
    )


def rejection_remark(name: str, lines: LineCounts) -> tuple[str, ...]:
    """A sentence for people about the rejected lines of a file; none if there are none."""
    if not lines.rejected:
        return ()
    total = lines.used + lines.rejected + lines.repeated
    such = f", such as {lines.examples[0]}" if lines.examples else ""
    return (f"{name}: {lines.rejected} of {total} lines were left out{such}.",)


def _answers(part: CloudSeries) -> np.ndarray:
    return np.full(len(part), None, object) if part.answers is None else part.answers


def sensor_cadence_s(time: np.ndarray) -> float:
    """Median time between samples, so that gaps do not count.

    Parameters
    ----------
    time
        datetime64, shape (n,), sorted.

    Returns
    -------
    float
        Seconds; NaN for fewer than two samples.
    """
    if time.size < 2:
        return float("nan")
    return float(np.median(np.diff(time) / np.timedelta64(1, "s")))


def summarise(
    series: CloudSeries | None,
    start_time: np.ndarray,
    exposure_s: np.ndarray,
    values: np.ndarray | None = None,
) -> Summary:
    """Sky minus ambient temperature during each frame.

    The samples that count lie within the exposure widened at both ends by twice the sensor's cadence
    (30 s at least, 10 min at most), so that a short exposure between two samples has a value, and one in a
    hole of the log has none.

    Parameters
    ----------
    series
        Cloud series, or None (then everything is NaN).
    start_time
        datetime64, UTC, starts of the exposures, shape (n,).
    exposure_s
        Lengths, s, shape (n,) or a number.
    values
        Summarise these values at the series' times (for instance ``series.ambient_c``) instead of sky
        minus ambient. NaNs do not count.

    Returns
    -------
    Summary
        Arrays of shape (n,), in the unit of the values (C).
    """
    if series is None:
        return summarise_values(np.zeros(0, "datetime64[us]"), np.zeros(0), start_time, exposure_s)
    chosen = series.sky_minus_ambient_c if values is None else values
    return summarise_values(series.time, chosen, start_time, exposure_s)


def summarise_values(
    time: np.ndarray, values: np.ndarray, start_time: np.ndarray, exposure_s: np.ndarray
) -> Summary:
    """Values of a sensor during each frame: which ones count is as for `summarise`.

    Parameters
    ----------
    time
        datetime64, UTC, of the samples, sorted, shape (m,).
    values
        Shape (m,); NaNs do not count.
    start_time, exposure_s
        As for `summarise`.

    Returns
    -------
    Summary
        Arrays of shape (n,), in the unit of the values.
    """
    start = np.atleast_1d(np.asarray(start_time, "datetime64[us]"))
    exposure = np.broadcast_to(np.asarray(exposure_s, float), start.shape)
    mean, high, low = (np.full(start.shape, np.nan) for _ in range(3))
    samples = np.zeros(start.shape, int)
    data = np.asarray(values, float)
    good = np.isfinite(data)
    time, data = time[good], data[good]
    if not data.size:
        return Summary(mean, high, low, samples)
    cadence = np.nan_to_num(sensor_cadence_s(time), nan=60.0)
    widen = _timedelta(np.clip(WIDEN_CADENCES * cadence, *WIDEN_LIMITS_S))
    stop = start + _timedelta(np.nan_to_num(exposure))
    first = np.searchsorted(time, start - widen, "left")
    last = np.searchsorted(time, stop + widen, "right")
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        if b > a:
            part = data[a:b]
            mean[i], high[i], low[i], samples[i] = part.mean(), part.max(), part.min(), b - a
    return Summary(mean, high, low, samples)


def _timedelta(seconds: float | np.ndarray) -> np.ndarray:
    return np.round(np.asarray(seconds) * 1e6).astype("int64").astype("timedelta64[us]")
