"""Images that are kept on disk come back as they were, or the machine is to blame."""

import os
import tempfile

import numpy as np
import pytest

from airglow.frames import KeptImages, total_counts
from airglow.model.errors import MachineError


@pytest.mark.parametrize("dtype", ["uint16", ">i4", "float32"])
def test_images_come_back_as_they_were(dtype):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 60000, shape).astype(dtype) for shape in ((40, 60), (33, 50))]
    images.append(images[0][::2, ::-1])  # not contiguous
    kept = KeptImages()
    places = [kept.put(image) for image in images]
    for place, image in reversed(list(zip(places, images, strict=True))):
        opened = kept.opened(place)
        assert opened.shape == image.shape
        assert np.asarray(opened).dtype == image.dtype
        np.testing.assert_array_equal(np.asarray(opened), image)
        np.testing.assert_array_equal(np.asarray(opened, float), image.astype(float))
        assert total_counts(opened) == total_counts(image) == image.sum(dtype=float)


def test_a_child_keeps_images_for_its_parent():
    kept, image = KeptImages(), np.arange(2000.0).reshape(40, 50)
    first = kept.put(image)
    child = os.fork()
    if child == 0:
        kept.put(image + 1.0)
        os._exit(0)
    os.waitpid(child, 0)
    last = kept.put(image + 2.0)
    assert last.offset == first.offset + 2 * image.nbytes
    np.testing.assert_array_equal(np.asarray(kept.opened(last)), image + 2.0)


def test_what_cannot_be_read_or_kept_is_the_machines_fault(monkeypatch, tmp_path):
    kept = KeptImages()
    place = kept.opened(kept.put(np.ones((40, 50))))
    os.truncate(kept._file.fileno(), 3000)
    with pytest.raises(MachineError, match="13,000 bytes too early"):
        np.asarray(place)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(MachineError, match="temporary file"):
        KeptImages()
