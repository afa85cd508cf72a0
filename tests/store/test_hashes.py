"""Hashes of files larger than what is read at once."""

import hashlib
from pathlib import Path

from airglow.store import hash_file, json_bytes


def test_size_and_hashes_are_of_the_whole_file(tmp_path: Path):
    data = bytes(range(251)) * 10_000  # two chunks and a half
    (tmp_path / "file").write_bytes(data)
    hashes = hash_file(tmp_path / "file")
    assert hashes.size == 2_510_000
    assert (hashes.sha256, hashes.md5) == (hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())


def test_json_does_not_depend_on_the_order_of_keys():
    assert json_bytes({"b": 1, "a": "ß"}) == b'{\n "a": "\xc3\x9f",\n "b": 1\n}\n'
    assert json_bytes({"b": 1, "a": "ß"}) == json_bytes({"a": "ß", "b": 1})
