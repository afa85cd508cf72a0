"""Parts to tar.gz to frames in the bucket, and the manifest that says what is there."""

from airglow.archive.cleanup import cleanup_night, cleanup_weather
from airglow.archive.cleanup_preview import RawFate, preview_cleanup
from airglow.archive.extract import criteria, extract_night
from airglow.archive.join import RawObject, join_if_changed, join_parts
from airglow.archive.manifest import (
    ArchivedFile,
    Excluded,
    Manifest,
    fetch_frames,
    load_manifest,
    read_manifest,
)
from airglow.archive.proof import (
    NotArchived,
    NotLoaded,
    are_loaded,
    list_products,
    products_digest,
    prove_archived,
    prove_loaded,
    prove_published,
)
from airglow.archive.replaced import REPLACED, no_longer_named
from airglow.archive.superseded import (
    UploadVersion,
    bring_back,
    earlier_manifests,
    expire_superseded,
    upload_versions,
)
from airglow.archive.tar import UnpackLimits
from airglow.archive.unpack import KeptOut, Unpacked, unpack
from airglow.archive.weather import (
    ArchivedWeather,
    archive_weather,
    fetch_weather,
    sync_weather_file,
    with_uploads,
)

__all__ = [
    "REPLACED",
    "ArchivedFile",
    "ArchivedWeather",
    "Excluded",
    "KeptOut",
    "Manifest",
    "NotArchived",
    "NotLoaded",
    "RawFate",
    "RawObject",
    "UnpackLimits",
    "Unpacked",
    "UploadVersion",
    "archive_weather",
    "are_loaded",
    "bring_back",
    "cleanup_night",
    "cleanup_weather",
    "criteria",
    "earlier_manifests",
    "expire_superseded",
    "extract_night",
    "fetch_frames",
    "fetch_weather",
    "join_if_changed",
    "join_parts",
    "list_products",
    "load_manifest",
    "no_longer_named",
    "preview_cleanup",
    "products_digest",
    "prove_archived",
    "prove_loaded",
    "prove_published",
    "read_manifest",
    "sync_weather_file",
    "unpack",
    "upload_versions",
    "with_uploads",
]
