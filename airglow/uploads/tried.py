"""What an attempt at a night tried, by which a verdict is known to be of what is there now, or not."""

from __future__ import annotations

from airglow.model.states import ErrorClass

_BY_WEATHER = ("weather", "refresh")  # steps that weather files can stop


def tried(upload: str, weather: str) -> str:
    """What is there of a night to be tried.

    Parameters
    ----------
    upload
        Digest of its upload; empty if there is none.
    weather
        Digest of the weather files in ``raw/`` that it needs; empty if there are none.

    Returns
    -------
    str
        Never empty, so that it differs from what is not known.
    """
    return f"{upload}+{weather}"


def what_counts(of_tried: str, step: str, error_class: ErrorClass | None) -> str:
    """The part of what was tried that a verdict depends on.

    Parameters
    ----------
    of_tried
        As of `tried`.
    step
        The step that failed; empty if none did.
    error_class
        Whose fault it was.

    Returns
    -------
    str
        The upload. With the weather files where these may have stopped the step: not after a fault of the
        machine, or a file that grows every hour would cut each pause short.
    """
    upload, _, weather = of_tried.partition("+")
    is_by_weather = step.split(" ")[0] in _BY_WEATHER and error_class is not ErrorClass.MACHINE
    return f"{upload}+{weather}" if is_by_weather and weather else upload
