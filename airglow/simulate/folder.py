"""A simulated night on disk: frames, sensor files, truth, and the upload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airglow.model.errors import BadInput
from airglow.simulate.files import write_frames, write_truth
from airglow.simulate.night import SimulatedNight
from airglow.simulate.packing import PART_BYTES, Upload, pack_upload
from airglow.simulate.sensors import write_cloud_log, write_temperature_log


@dataclass(frozen=True)
class NightFolder:
    """Folders and files that `write_night` wrote.

    Parameters
    ----------
    frames
        Folder of the frames.
    clouds
        Folder of the sensors' files.
    truth
        File of the truth.
    raw
        Folder of the upload; None unless it was asked for.
    upload
        The upload; None unless it was asked for.
    """

    frames: Path
    clouds: Path
    truth: Path
    raw: Path | None
    upload: Upload | None


def write_night(
    night: SimulatedNight,
    out_dir: Path,
    cloud_kind: str | None = "skyalert-ethernet",
    cloud_flaws: bool = False,
    pack: bool = False,
    part_bytes: int = PART_BYTES,
    two_folders: bool = False,
    progress: Callable[[str], None] | None = None,
) -> NightFolder:
    """Write a night: ``frames/``, ``clouds/``, ``truth.csv``, ``truth.json`` and, packed, ``raw/``.

    Parameters
    ----------
    night
        The night.
    out_dir
        Where; made if it is not there.
    cloud_kind
        Kind of the cloud sensor's files, of the date and the next one; None for a site without.
    cloud_flaws
        Whether they are damaged here and there.
    pack
        Also write ``raw/`` as the bucket's prefix would hold it: parts, receipt, cloud files and a
        temperature logger's.
    part_bytes, two_folders
        As for `pack_upload`.
    progress
        Called with the name of each frame that has been written.

    Returns
    -------
    NightFolder

    Raises
    ------
    BadInput
        When there are other files among the frames, as of another simulation.
    """
    frames, clouds, raw = out_dir / "frames", out_dir / "clouds", out_dir / "raw"
    ours = {frame.name for frame in night.frames}
    strangers = sorted(path.name for path in frames.glob("*") if path.name not in ours)
    if strangers:
        raise BadInput(str(frames), f"already holds {strangers[0]}", "Choose an empty directory")
    write_frames(night, frames, progress)
    write_truth(night, out_dir)
    upload = pack_upload(frames, raw, night, part_bytes, two_folders) if pack else None
    for date in (night.date, night.date + dt.timedelta(days=1)):
        for directory in (clouds, raw) if pack else (clouds,):
            if cloud_kind is not None:
                write_cloud_log(night, date, directory, cloud_kind, cloud_flaws)
            write_temperature_log(night, date, directory)
    return NightFolder(frames, clouds, out_dir, raw if pack else None, upload)
