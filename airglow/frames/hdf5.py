"""A frame in HDF5: one dataset ``image``, and everything else as its attributes.

The file is read into memory by the caller and opened there: no HDF5 file lock is taken, which some network
disks refuse, and what goes wrong here is the file's fault. What is declared is looked at before any of it is
read: a small file can declare more pixels than any memory holds, and an image that lies in another file
would bring that file's contents into the products. All goes through h5py's low-level functions: to set up its
files, datasets and attributes takes several times as long as to read what is in them.
"""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5s, h5t

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

# HDF5 reads from the bytes that it is given, and neither copies nor frees them: H5LT_FILE_IMAGE_DONT_COPY and
# H5LT_FILE_IMAGE_DONT_RELEASE, which h5py has no names for. The copy took a sixth of the time of a frame.
_IN_PLACE = 0x2 | 0x4
_LARGEST_ATTRIBUTE_BYTES = 1 << 16
_MOST_ATTRIBUTE_VALUES = 16
_PLAIN = ((h5t.IEEE_F64LE, np.dtype("<f8")), (h5t.STD_I64LE, np.dtype("<i8")))
"""Types of most attributes, in the file and in memory."""


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
    dataset = None
    try:
        file = h5f.open_file_image(data, _IN_PLACE)
        try:
            dataset = _dataset(name, file)
            _check_declared(name, dataset)
            return _pixels(dataset), HeaderValues(name, _attributes(dataset))
        finally:
            dataset = None  # as long as there is one, the file is open, and lies in ``data``
            file.close()
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # HDF5 has many ways to say that a file is damaged
        reason = f"damaged or truncated HDF5: {error or type(error).__name__}"
        raise BadInput(name, reason) from error


def _dataset(name: str, file: h5f.FileID) -> h5d.DatasetID:
    """The dataset of the image, which must be in this very file."""
    key = DATASET.encode()
    if not file.links.exists(key):
        raise BadInput(name, f"HDF5 file without a dataset {DATASET!r}")
    kind = file.links.get_info(key).type
    if kind == h5l.TYPE_EXTERNAL:
        file_name = file.links.get_val(key)[0].decode("utf-8", "replace")
        raise BadInput(name, f"its {DATASET!r} is a link to another file, {file_name!r}: refused")
    if kind != h5l.TYPE_HARD:
        path = file.links.get_val(key).decode("utf-8", "replace")
        raise BadInput(name, f"its {DATASET!r} is a link to {path!r}: refused")
    dataset = h5o.open(file, key)
    if not isinstance(dataset, h5d.DatasetID):
        kind = "group" if isinstance(dataset, h5g.GroupID) else "datatype"
        raise BadInput(name, f"its {DATASET!r} is a {kind}, not a dataset")
    return dataset


def _check_declared(name: str, dataset: h5d.DatasetID) -> None:
    """Refuse what a camera does not write, by what is declared and without reading a pixel."""
    layout = dataset.get_create_plist()
    if layout.get_external_count():
        file_name = layout.get_external(0)[0].decode("utf-8", "replace")
        raise BadInput(name, f"its image is stored in another file, {file_name!r}: refused")
    if layout.get_layout() == h5d.VIRTUAL:
        raise BadInput(name, "its image is a virtual dataset, put together from other files: refused")
    shape, dtype = dataset.shape, dataset.dtype
    if dtype.kind not in "uif" or dtype.itemsize > _LARGEST_ITEM_BYTES:
        raise BadInput(name, f"image holds {dtype}, not numbers of a camera")
    if shape is None or len(shape) != 2 or not all(FEWEST_PIXELS <= n <= MOST_PIXELS for n in shape):
        raise BadInput(name, f"image of shape {shape} is not a CCD frame")
    if math.prod(shape) * dtype.itemsize > _LARGEST_IMAGE_BYTES:
        raise BadInput(name, f"image of {shape} {dtype} pixels is not a CCD frame")
    if layout.get_layout() != h5d.CHUNKED:
        missing = math.prod(shape) * dtype.itemsize - dataset.get_storage_size()
        if layout.get_layout() == h5d.CONTIGUOUS and missing > 0:
            raise BadInput(name, f"{missing:,} bytes of its pixels were never written")
        return
    chunk = layout.get_chunk()
    chunks = math.prod(-(-n // c) for n, c in zip(shape, chunk, strict=True))
    if math.prod(chunk) * dtype.itemsize > _LARGEST_IMAGE_BYTES or chunks > _MOST_CHUNKS:
        raise BadInput(name, f"image in {chunks} pieces of {chunk} pixels is not a CCD frame")
    missing = chunks - dataset.get_num_chunks()
    if missing > 0:
        raise BadInput(name, f"{missing} of {chunks} pieces of its pixels were never written")


def _pixels(dataset: h5d.DatasetID) -> np.ndarray:
    image = np.empty(dataset.shape, dataset.dtype)
    dataset.read(h5s.ALL, h5s.ALL, image)
    return image


def _attributes(dataset: h5d.DatasetID) -> dict[str, Any]:
    """The attributes that are of use, as text; one that cannot be read is as good as empty text."""
    values: dict[str, Any] = {}
    for key in WANTED:
        if not h5a.exists(dataset, key.encode()):
            continue
        try:
            values[key] = text_of(_value(dataset, key))
        except MemoryError:
            raise
        except Exception:
            values[key] = ""  # the header's reader says what a value is missing for
    return values


def _value(dataset: h5d.DatasetID, key: str) -> Any:
    """An attribute's value; the empty text for one that is larger than any header's."""
    attribute = h5a.open(dataset, key.encode())
    shape, stored = attribute.shape, attribute.get_type()
    if shape == ():  # most of them: to ask for the dtype takes longer than to read them
        for kind, plain in _PLAIN:
            if stored == kind:
                value = np.empty((), plain)
                attribute.read(value, mtype=kind)
                return value[()]
    dtype = attribute.dtype
    if shape == () and h5t.check_string_dtype(dtype) and dtype.kind == "O":
        value = np.empty((), dtype)
        attribute.read(value)
        return value[()].decode("utf-8", "surrogateescape")
    count = math.prod(shape or ())
    if count > _MOST_ATTRIBUTE_VALUES or count * dtype.itemsize > _LARGEST_ATTRIBUTE_BYTES:
        return ""
    return h5py.Dataset(dataset).attrs[key]
