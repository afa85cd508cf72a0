"""A frame in HDF5: one dataset ``image``, and everything else as its attributes.

The file is read into memory by the caller and opened there: no HDF5 file lock is taken, which some network
disks refuse, and what goes wrong here is the file's fault. What is declared is looked at before any of it is
read: a small file can declare more pixels than any memory holds, and an image that lies in another file
would bring that file's contents into the products.
"""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np

from airglow.frames.header import HeaderValues, text_of
from airglow.model.errors import BadInput

DATASET = "image"
FEWEST_PIXELS, MOST_PIXELS = 32, 4096  # along a side
_LARGEST_ITEM_BYTES = 8  # of a pixel
_LARGEST_IMAGE_BYTES = 1 << 26
_MOST_CHUNKS = 4096
WANTED = (
    "ExposureTime",
    "azAngle",
    "zeAngle",
    "LocalTime",
    "UTC",
    "CCDTemperature",
    "XBinning",
    "YBinning",
    "AmbientTemperature (C)",
    "OutsideTemperature (C)",
    "Pressure (Pa)",
    "Humidity (%)",
    "SiteName",
    "Instrument",
)
"""Attributes that are read; there may be any number of others."""

_LARGEST_ATTRIBUTE_BYTES = 1 << 16
_MOST_ATTRIBUTE_VALUES = 16


def read_hdf5(name: str, data: bytes) -> tuple[np.ndarray, HeaderValues]:
    """Image and header of a frame.

    Parameters
    ----------
    name
        Of the file, for messages.
    data
        All of the file.

    Returns
    -------
    image : ndarray
        (rows, columns), as stored.
    header : HeaderValues
        The attributes of the dataset.

    Raises
    ------
    BadInput
        If this is no frame: the file is damaged, has no such dataset, or its image is of a type, size or
        kind that a camera does not write.
    """
    try:
        with h5py.File(h5py.h5f.open_file_image(data)) as file:
            dataset = _dataset(name, file)
            _check_declared(name, dataset)
            return dataset[()], HeaderValues(name, _attributes(dataset))
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # HDF5 has many ways to say that a file is damaged
        reason = f"damaged or truncated HDF5: {error or type(error).__name__}"
        raise BadInput(name, reason) from error


def _dataset(name: str, file: h5py.File) -> h5py.Dataset:
    """The dataset of the image, which must be in this very file."""
    link = file.get(DATASET, getlink=True)
    if link is None:
        raise BadInput(name, f"HDF5 file without a dataset {DATASET!r}")
    if isinstance(link, h5py.ExternalLink):
        raise BadInput(name, f"its {DATASET!r} is a link to another file, {link.filename!r}: refused")
    if not isinstance(link, h5py.HardLink):
        raise BadInput(name, f"its {DATASET!r} is a link to {link.path!r}: refused")
    dataset = file[DATASET]
    if not isinstance(dataset, h5py.Dataset):
        raise BadInput(name, f"its {DATASET!r} is a {type(dataset).__name__.lower()}, not a dataset")
    return dataset


def _check_declared(name: str, dataset: h5py.Dataset) -> None:
    """Refuse what a camera does not write, by what is declared and without reading a pixel."""
    layout = dataset.id.get_create_plist()
    if layout.get_external_count():
        file_name = layout.get_external(0)[0].decode("utf-8", "replace")
        raise BadInput(name, f"its image is stored in another file, {file_name!r}: refused")
    if dataset.is_virtual:
        raise BadInput(name, "its image is a virtual dataset, put together from other files: refused")
    shape, dtype = dataset.shape, dataset.dtype
    if dtype.kind not in "uif" or dtype.itemsize > _LARGEST_ITEM_BYTES:
        raise BadInput(name, f"image holds {dtype}, not numbers of a camera")
    if shape is None or len(shape) != 2 or not all(FEWEST_PIXELS <= n <= MOST_PIXELS for n in shape):
        raise BadInput(name, f"image of shape {shape} is not a CCD frame")
    if math.prod(shape) * dtype.itemsize > _LARGEST_IMAGE_BYTES:
        raise BadInput(name, f"image of {shape} {dtype} pixels is not a CCD frame")
    if dataset.chunks is None:
        missing = math.prod(shape) * dtype.itemsize - dataset.id.get_storage_size()
        if layout.get_layout() == h5py.h5d.CONTIGUOUS and missing > 0:
            raise BadInput(name, f"{missing:,} bytes of its pixels were never written")
        return
    chunks = math.prod(-(-n // c) for n, c in zip(shape, dataset.chunks, strict=True))
    if math.prod(dataset.chunks) * dtype.itemsize > _LARGEST_IMAGE_BYTES or chunks > _MOST_CHUNKS:
        raise BadInput(name, f"image in {chunks} pieces of {dataset.chunks} pixels is not a CCD frame")
    missing = chunks - dataset.id.get_num_chunks()
    if missing > 0:
        raise BadInput(name, f"{missing} of {chunks} pieces of its pixels were never written")


def _attributes(dataset: h5py.Dataset) -> dict[str, Any]:
    """The attributes that are of use, as text; one that cannot be read is as good as empty text."""
    values: dict[str, Any] = {}
    for key in WANTED:
        if not h5py.h5a.exists(dataset.id, key.encode()):
            continue
        try:
            values[key] = text_of(_value(dataset, key))
        except MemoryError:
            raise
        except Exception:
            values[key] = ""  # the header's reader says what a value is missing for
    return values


def _value(dataset: h5py.Dataset, key: str) -> Any:
    """An attribute's value; the empty text for one that is larger than any header's."""
    attribute = h5py.h5a.open(dataset.id, key.encode())
    shape, dtype = attribute.shape, attribute.dtype
    if shape == () and dtype.kind in "iuf":  # most of them: read by the shortest way
        value = np.empty((), dtype)
        attribute.read(value)
        return value[()]
    count = math.prod(shape or ())
    if count > _MOST_ATTRIBUTE_VALUES or count * dtype.itemsize > _LARGEST_ATTRIBUTE_BYTES:
        return ""
    return dataset.attrs[key]
