"""Frozen dataclasses as plain values that JSON can hold, beside arrays, and back.

The types of their fields say what plain values were. Nothing is lost: JSON gives floats back to the bit, and
arrays stay arrays.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from airglow.gp import KERNELS
from airglow.gp.kernels import Kernel

_KERNELS = {kernel.__name__: kernel for kernel in KERNELS}


def to_plain(value: Any, arrays: dict[str, np.ndarray], place: str) -> Any:
    """A value as plain ones; arrays are put aside under the names of their places.

    Parameters
    ----------
    value
        A frozen dataclass of arrays, numbers, texts, enumerations, correlation functions, and tuples and
        further dataclasses of these.
    arrays
        Gets the arrays.
    place
        Name of the value's place.

    Returns
    -------
    dict, list, str, int, float, bool or None
        With the name of each array in its place.

    Raises
    ------
    TypeError
        If there is something else in it.
    """
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return place
    if is_dataclass(value):
        return {
            each.name: to_plain(getattr(value, each.name), arrays, f"{place}/{each.name}")
            for each in fields(value)
        }
    if isinstance(value, tuple):
        return [to_plain(each, arrays, f"{place}/{number}") for number, each in enumerate(value)]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, str | int | float):
        return value
    if value in KERNELS:
        return value.__name__
    raise TypeError(f"{place}: a {type(value).__name__} cannot be stored")


def from_plain(kind: Any, plain: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The value that `to_plain` made plain.

    Parameters
    ----------
    kind
        Its type, as a field's annotation has it.
    plain
        What `to_plain` returned.
    arrays
        The arrays by name.

    Returns
    -------
    object
        Of that type.

    Raises
    ------
    KeyError, TypeError, ValueError
        If plain values and type do not belong together.
    """
    if kind is np.ndarray:
        return arrays[plain]
    if is_dataclass(kind):
        # Modules that import NumPy for their annotations alone do not have it by name.
        hints = get_type_hints(kind, localns={"np": np})
        values = {each.name: from_plain(hints[each.name], plain[each.name], arrays) for each in fields(kind)}
        return kind(**values)
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            kinds = kinds[:1] * len(plain)
        return tuple(from_plain(each, value, arrays) for each, value in zip(kinds, plain, strict=True))
    if get_origin(kind) in (Union, types.UnionType):
        (other,) = (each for each in get_args(kind) if each is not type(None))
        return None if plain is None else from_plain(other, plain, arrays)
    if kind == Kernel:
        return _KERNELS[plain]
    if issubclass(kind, Enum):
        return kind[plain]
    return plain
