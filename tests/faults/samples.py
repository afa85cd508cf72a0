"""Small whole files of every kind that airglow reads, for the fuzzing to begin from."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from airglow.model.errors import NotAnalysable
from airglow.night import AnalysisSettings, NightRequest, analyse_frames
from airglow.night.fitted_file import write_fits
from airglow.simulate import simulate_night, write_night
from airglow.uploads import NightId

from .world import config, frames_of, pack, packed, receipt, registry

NIGHT = NightId.parse("minime05_uao_20260429")
SHA256, MD5 = "0c4d" * 16, "5f2c" * 8

CLOUDS = (
    "2025-04-29 00:00:01 T  Ser# Firmw Serrs  Cldy VCldy Windy VWindy  Rain   Wet  DC   Day\n"
    "2025-04-29 21:30:00 M ~D 0 2 1 0 0 0 -35.2 12.4 11.0 2.1 60 4.7 0 0 1023 12 99\n"
    "2025-04-29 21:31:00 M ~D 0 2 1 0 0 0 -998.0 12.4 11.0 2.1 60 4.7 0 0 1023 12 99\n",
    "Date       Time     FvrSkyTemAmbBlkHeaFlgC1sC1tC1aC1bC2sC2tC2aC2bC3sC3tC3aC3bTetAmtRqt\n"
    "2010-04-29 21:30:00 D -33.0 14.5 60 0 0 1 2 3 4 5\n2010-04-29 21:31:00 D illegal 14.5 60\n",
    "36)  2020-08-29 20:41:41.00 C K -9.1   21.2  21      0      59  12.6   000 0 0 00020\n"
    "37)  2020-08-29 20:42:41.00 F K 29.1   71.2  21      0      59  12.6   000 0 0 00020\n",
    "2023-07-10 20:00:00 SKYE1 21.2 -9.1 45 3.2 0 0\n2023-07-10 20:00:20 SKYE1 21,2 -9,2 45 3.2 0 0\n",
)
LOGGERS = (
    "04/29/2025 21:30:00,14.2,22.1\n04/29/2025 21:31:00,14.1,22.0\n",
    "2025/04/29 21:30:00,31.5\n2025/04/29 21:31:00,31.6\n",
    "2025/04/29 21:30:00,1,2,45.43,5\n2025/04/29 21:31:00,1,2,45.44,5\n",
)
RAW_KEYS = (
    *("raw/fpi05_uao_20250429.tar.gz000016", "raw/fpi05_uao_20250429.txt", "raw/Cloud_uao_20250429.txt"),
    *("raw/TempL01_uao_20250429.txt", "raw/asi01_uao_20250429.tif", "raw/"),
)
CONFIG = (
    "uploads: {hold: [minime05_uao_20250429], cloud_wait_hours: 12}\nrun: {wait_seconds: 5}\n",
    "analysis:\n  frame_threads: 2\nproducts: {legacy_npz: true}\npages: {prefix: pages}\n",
)
SITES = (
    "uao:\n  name: Urbana\n  latitude: 40.133\n  longitude: -88.2\n  altitude_m: 200\n"
    "  clock_timezones: [{from: null, zone: America/Chicago}]\n",
)
OVERRIDES = (
    "minime05:\n- {date: 2025-04-29, because: the lamp was off, leave_out: [{frames: 'UAO_L_*'}]}\n"
    "- {from: 2025-05-01, to: 2025-05-09, because: dew, flags: [{wind: bad, direction: North}]}\n",
    "minime05:\n- date: 2025-04-29\n  because: dew\n  parameters: {reflectivity: 0.8}\n  who: me\n",
)
# What takes a reader down by its shape: depth, width, a value that holds itself.
DEEP_JSON = (b"[" * 100_000, b'{"format":' * 50_000, b'{"format": 1, "night": ' + b"9" * 10_000 + b"}")
ODD_YAML = (
    b"run: &a {wait_seconds: *a}\n",
    b"a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a]\nc: [*b, *b, *b, *b, *b, *b]\n",
    b"[" * 5_000,
    b"? {a: b}\n: c\n",
    b"run: !!python/object/apply:os.getcwd []\n",
)


def manifest() -> bytes:
    """A manifest of three frames, one of them odd."""
    prefix = NIGHT.frames_prefix

    def file(name: str) -> dict[str, Any]:
        return {
            **{"key": f"{prefix}{name}", "name": name, "size": 20, "sha256": SHA256, "etag": MD5},
            "member": f"20260429/{name}",
        }

    parts = [{"key": f"raw/{NIGHT.upload}.tar.gz000000", "size": 99, "etag": MD5}]
    value = {
        **{"format": 1, "night": NIGHT.name, "parts": parts, "archive": {"size": 99, "sha256": SHA256}},
        "receipt": {"key": NIGHT.receipt_key, "size": 120, "etag": MD5},
        "frames": [file(f"UAO_X_20260429_21{k:02d}00_001.hdf5") for k in range(2)],
        "others": [file("notes.txt")],
        "kept_out": [{"member": "notes.txt", "reason": "no frame", "key": f"{prefix}notes.txt"}],
        "totals": {"frames": 2, "bytes": 40, "kept_out": 1},
    }
    return json.dumps(value).encode()


def index() -> bytes:
    """An index of one tag with two products."""
    products = [
        {
            **{"tag": "XR", "name": f"minime05_uao_20260429_xr.{end}", "size": 9, "sha256": SHA256},
            **{"key": f"results/2026/minime05_uao_20260429_xr.{end}", "etag": MD5},
        }
        for end in ("nc", "log")
    ]
    outcome = {"instrument": "minime05", "site": "uao", "date": "20260429", "tag": "XR"}
    outcome |= {"state": "analysed", "reason": "", "products": [one["name"] for one in products]}
    outcome["weather"] = [{"name": "Cloud_uao_20260429.txt", "etag": MD5, "raw_etag": MD5, "size": 9}]
    outcome["weather"][0] |= {"key": "cloudsensor/uao/2026/Cloud_uao_20260429.txt"}
    value = {"format": 1, "night": NIGHT.name, "manifest_sha256": SHA256, "products": products}
    value |= {"outcomes": {"XR": outcome}, "made_at": "2026-04-30T05:00:00+00:00"}
    return json.dumps(value).encode()


def records() -> dict[str, bytes]:
    """What airglow leaves for itself."""
    made = {"made_at": "2026-04-30T05:00:00+00:00", "format": 1}
    refusal = {
        **made,
        "night": NIGHT.name,
        "reason": "damaged",
        "upload": {"raw/a": MD5},
        "criteria": {"a": 1},
    }
    night = {"night": NIGHT.name, "state": "waiting", "reason": "receipt missing", "since": made["made_at"]}
    night |= dict.fromkeys(("parts_present", "size_present"), 2) | {
        "parts_expected": None,
        "size_expected": 5,
    }
    night |= {"changed": False, "withdrawn": False}
    discovery = {
        **made,
        "format": 2,
        "nights": [night],
    }
    discovery["unrecognised"] = [{"key": "raw/x", "reason": "not ours"}]
    discovery |= {"weather_leftovers": [{"site": "uao", "date": "20260429"}], "finished": [NIGHT.name]}
    weather_file = {"kind": "cloud", "date": "20260429", "name": "Cloud_uao_20260429.txt", "size": 9}
    weather_file |= {"key": "cloudsensor/uao/2026/Cloud_uao_20260429.txt", "etag": MD5, "raw_key": None}
    weather = {"format": 1, "site": "uao", "date": "20260429", "files": [weather_file], "left_out": []}
    memory = {"format": 1, "place": "fuzz at nowhere", "receipts": {MD5: "text"}}
    memory["not_archived"] = {NIGHT.name: [SHA256, made["made_at"]]}
    mirror = {"etag": MD5, "value": {"manifest_sha256": SHA256}}
    named = {"refusal": refusal, "discovery": discovery, "weather record": weather, "memory": memory}
    return {name: json.dumps(value).encode() for name, value in {**named, "mirror": mirror}.items()}


def receipts() -> tuple[bytes, ...]:
    """A receipt, and that of a collection error."""
    return receipt(NIGHT, 3, 12_345), receipt(NIGHT, 0, 0)


def archives() -> tuple[bytes, ...]:
    """Archives as an instrument packs them."""
    _, data = packed(NIGHT, frames_of(NIGHT, 2), 1)
    first = next(content for key, content in data.items() if ".tar.gz" in key)
    return first, pack({"20260429/notes.txt": b"clear", "20260429/a/../b.hdf5": b"x" * 2000})


def img() -> bytes:
    """The smallest frame in the older format."""
    data = bytearray(1024)
    struct.pack_into("<4s3i", data, 0, b"A3OI", 1, 1, 1024)
    struct.pack_into("<10h", data, 16, 40, 20, 60, 40, 100, 100, 200, 60, 300, 60)
    struct.pack_into("<2i", data, 60 + 4, 64, 64)
    struct.pack_into("<f", data, 100 + 56, 30.0)
    struct.pack_into("<2i", data, 100 + 84, 2, 2)
    struct.pack_into("<4d", data, 200 + 16, 12.5, -45.0, 3.0, 990.0)
    struct.pack_into("<8h", data, 300 + 4, 2013, 10, 2, 1, 19, 28, 18, 617)
    struct.pack_into("<i", data, 300 + 36, -70)
    return bytes(data) + np.arange(32 * 32, dtype="<u2").tobytes()


def hdf5() -> bytes:
    """The smallest frame in the format of today."""
    attributes = {"ExposureTime": 240.0, "azAngle": 90.0, "zeAngle": -45.0, "CCDTemperature": -70.0}
    attributes |= {"LocalTime": "2025-04-29 21:30:00.250000", "XBinning": 2, "YBinning": 2}
    attributes |= {"AmbientTemperature (C)": 12.5, "OutsideTemperature (C)": -22.5, "Humidity (%)": 45.0}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        dataset = file.create_dataset("image", data=np.arange(32 * 32, dtype="u2").reshape(32, 32))
        for key, value in attributes.items():
            dataset.attrs[key] = value
    return buffer.getvalue()


@cache
def fitted(whole: bool) -> tuple[bytes, ...]:
    """Files of fits: of a night without result, and of a small whole one if wanted."""
    instrument, site = registry().instrument(NIGHT.instrument, NIGHT.date), registry().site(NIGHT.site)
    settings = AnalysisSettings.from_mapping(config()["analysis"])
    request = NightRequest(instrument, site, dt.date(2026, 5, 12), "XR", settings)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_fits(root / "none.npz", request, NotAnalysable("no frames", "no XR frame in this night"))
        found = [(root / "none.npz").read_bytes()]
        if whole:
            made = simulate_night(instrument, site, request.date, sky_frames=4, laser_frames=3, seed=1)
            folder = write_night(made, root / "night")
            analyse_frames(folder.frames, root, request, fitted=root / "whole.npz")
            found.append((root / "whole.npz").read_bytes())
    return tuple(found)
