"""Tags of frames: what an exposure shows. Frames are named by them, and nights analysed by them."""

from __future__ import annotations

from collections.abc import Mapping

RED_TAGS = ("X", "XR")
"""The red line of oxygen, 630.0 nm: ``X`` of instruments with this line alone, ``XR`` of those with two."""

GREEN_TAG = "XG"
"""The green line of oxygen, 557.7 nm."""

SKY_TAGS = (*RED_TAGS, GREEN_TAG)
"""Tags by which nights are analysed."""

LASER_TAG = "L"
"""The frequency-stabilised laser: it says where the etalon's gap is."""

CALIBRATION_TAGS = ("D", "B")
"""Dark and bias frames: known by name, and not used."""

FRAME_TAGS = (*SKY_TAGS, LASER_TAG, *CALIBRATION_TAGS)
"""All tags that a frame's name may have."""

LINE_NAMES: Mapping[str, str] = {**dict.fromkeys(RED_TAGS, "red line"), GREEN_TAG: "green line"}
"""What people call the line that a tag means."""

TAG_PATTERN = "|".join(SKY_TAGS)
"""Regular expression of a sky tag, for paths."""
