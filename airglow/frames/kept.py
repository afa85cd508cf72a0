"""Images of a night on disk, to be read one at a time: together they need more memory than all else.

What is kept are the pixels that were read and hashed, so that nothing can change between the two.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from airglow.model.errors import MachineError

_WHAT = "the temporary file of a night's images"


@dataclass(frozen=True)
class KeptImage:
    """An image on disk, which `numpy.asarray` reads.

    Parameters
    ----------
    offset
        In the file, bytes.
    shape
        Rows and columns.
    dtype
        Of its pixels.
    total
        Sum of its pixels.
    kept
        Where it is; None on its way from the process that read it.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype
    total: float
    kept: KeptImages | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The pixels; read from disk each time.

        Raises
        ------
        MachineError
            If they cannot be had.
        """
        image = self.kept.read(self)
        return image if dtype is None else image.astype(dtype, copy=False)


class KeptImages:
    """The file, which has no name and is gone when nobody uses it any more.

    Raises
    ------
    MachineError
        If it cannot be made.
    """

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="airglow-")  # noqa: SIM115, it stays open as long as this
        except OSError as error:
            raise MachineError.from_os(_WHAT, error) from error

    def put(self, image: np.ndarray) -> KeptImage:
        """Keep an image; a child process may do so for its parent.

        Parameters
        ----------
        image
            (rows, columns) counts.

        Returns
        -------
        KeptImage
            For `opened`.

        Raises
        ------
        MachineError
            If it cannot be written.
        """
        try:
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(np.ascontiguousarray(image))
            self._file.flush()
        except OSError as error:
            raise MachineError.from_os(_WHAT, error) from error
        return KeptImage(offset, image.shape, image.dtype, float(image.sum(dtype=float)))

    def opened(self, image: KeptImage) -> KeptImage:
        """An image that was kept, so that it can be read.

        Parameters
        ----------
        image
            As of `put`.

        Returns
        -------
        KeptImage
        """
        return replace(image, kept=self)

    def read(self, image: KeptImage) -> np.ndarray:
        """Read an image.

        Parameters
        ----------
        image
            As of `put`.

        Returns
        -------
        ndarray
            Of its shape and type.

        Raises
        ------
        MachineError
            If it cannot be read.
        """
        size = int(np.prod(image.shape)) * image.dtype.itemsize
        try:
            data = os.pread(self._file.fileno(), size, image.offset)
        except (OSError, MemoryError) as error:
            raise MachineError.from_os(_WHAT, error) from error
        if len(data) < size:
            raise MachineError(_WHAT, f"ends {size - len(data):,} bytes too early", "Look for a full disk")
        return np.frombuffer(data, image.dtype).reshape(image.shape)


def total_counts(image: np.ndarray | KeptImage) -> float:
    """Sum of the pixels of an image, without reading it from disk again.

    Parameters
    ----------
    image
        In memory or kept.

    Returns
    -------
    float
    """
    return image.total if isinstance(image, KeptImage) else float(image.sum(dtype=float))
