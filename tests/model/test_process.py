"""What a process of seconds asks of the C library."""

import platform
import subprocess
import sys

import pytest

# Arrays of a megabyte, more together than glibc keeps by itself: made again, they need no page once more.
FAULTS = """
import resource
import numpy as np
from airglow.model.process import make_short_lived

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(1 << 17) for _ in range(16)]
    del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

make_short_lived()
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have no such option")
def test_memory_of_arrays_is_used_again():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100
