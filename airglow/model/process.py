"""What a process asks of Python and of the C library, where it does one thing and ends."""

from __future__ import annotations

import atexit
import ctypes
import gc

# New objects before Python looks for those that hold each other. A command is over in seconds, and imports
# make some hundred thousand objects that stay: at 700, the default, that takes 6 % of an analysis.
_OBJECTS_BETWEEN_COLLECTIONS = 500_000
# What the C library keeps of memory that arrays gave back, and the largest array that it has from there. An
# analysis makes arrays of the size of a frame all the time: fresh pages for each of them take 4 % of it.
_MEMORY_KEPT_BYTES, _LARGEST_FROM_THERE_BYTES = 1 << 26, 1 << 25
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def make_short_lived() -> None:
    """Settle for a process of seconds: it looks for unused objects seldom, and keeps memory that it has."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)  # nor are they looked through when the process ends
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # libraries other than glibc have none
    if set_option is not None:
        set_option(_M_TRIM_THRESHOLD, _MEMORY_KEPT_BYTES)
        set_option(_M_MMAP_THRESHOLD, _LARGEST_FROM_THERE_BYTES)
