"""The errors that airglow raises on purpose: each says what was wrong, with what, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any


class AirglowError(Exception):
    """Base of every error that this package raises on purpose."""


class BadInput(AirglowError):
    """A file or object that is refused.

    Parameters
    ----------
    name
        The file or object, as its owner knows it.
    reason
        Why it is refused.
    hint
        What to do about it, if anything helps.
    """

    def __init__(self, name: str, reason: str, hint: str = "") -> None:
        self.name = str(name)
        self.reason = reason
        self.hint = hint
        super().__init__(f"{self.name}: {reason}" + (f". {hint}" if hint else ""))

    def __reduce__(self):  # three arguments, one message: pickling needs help
        return type(self), (self.name, self.reason, self.hint)


class RefusedUpload(BadInput):
    """An upload that is refused for what is in it: a verdict on data, which holds until another one comes.

    Parameters
    ----------
    name, reason, hint
        As of `BadInput`.
    """


class MachineError(AirglowError):
    """The machine failed (its disk, memory, rights or locks): no verdict on data, so the step is tried again.

    Parameters
    ----------
    name
        The file or resource, as the operator knows it.
    reason
        What the operating system says.
    hint
        What to do about it.
    """

    def __init__(self, name: str, reason: str, hint: str = "Mend that and start again") -> None:
        self.name = str(name)
        self.reason = reason
        self.hint = hint
        super().__init__(f"{self.name}: {reason}" + (f". {hint}" if hint else ""))

    def __reduce__(self):
        return type(self), (self.name, self.reason, self.hint)

    @classmethod
    def from_os(cls, name: str, error: OSError | MemoryError) -> MachineError:
        """Say what the operating system refused.

        Parameters
        ----------
        name
            The file or resource, as the operator knows it.
        error
            What the operating system raised.

        Returns
        -------
        MachineError
            To be raised by the caller.
        """
        if isinstance(error, MemoryError):
            return cls(name, "out of memory", "Free some memory and start again")
        reason = f"cannot be read or written: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            disk = f"Make room on the disk at {mount_point(name)}, for example with airglow clean"
            return cls(name, reason, disk)
        return cls(name, reason)


def mount_point(path: str | os.PathLike[str]) -> str:
    """Where the disk of a path is mounted: by that an operator knows which one is full.

    Parameters
    ----------
    path
        A file or directory; it need not be there.

    Returns
    -------
    str
    """
    there = os.path.realpath(path)
    while not os.path.ismount(there):
        there = os.path.dirname(there)
    return there


class StoreError(AirglowError):
    """The bucket cannot be reached, or did not do what it was asked."""


class RegistryError(AirglowError):
    """The registry is wrong, or does not know what it was asked for."""


class CatalogueError(AirglowError):
    """The database cannot be reached, or refused; nothing was changed."""


class NotAnalysable(AirglowError):
    """A night (of one tag) that yields no result, as an outcome on record rather than a fault.

    Parameters
    ----------
    state
        One word or two for tables: ``no frames``, ``camera off``.
    reason
        A sentence for people.
    rejections
        What was there but is of no use, if that is known: names and reasons, for the log.
    """

    def __init__(self, state: str, reason: str, rejections: Sequence[Any] = ()) -> None:
        self.state = state
        self.reason = reason
        self.rejections = tuple(rejections)
        super().__init__(f"{state}: {reason}")

    def __reduce__(self):
        return type(self), (self.state, self.reason, self.rejections)
