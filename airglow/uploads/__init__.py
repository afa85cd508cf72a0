"""What is in ``raw/``: names, receipts, which nights are complete, and why the others wait."""

from airglow.uploads.days import ONE_DAY, end_of_day, nights_that_need
from airglow.uploads.discovery import (
    Discovery,
    NightReport,
    State,
    WeatherDay,
    discovery_from_json,
    discovery_to_json,
)
from airglow.uploads.keys import (
    RAW,
    NightId,
    RawPart,
    RawReceipt,
    UnrecognisedObject,
    WeatherFile,
    cloud_file,
    first_part,
    is_of_upload,
    parse_raw_key,
    weather_prefix,
)
from airglow.uploads.memory import MEMORY, Memory, read_memory
from airglow.uploads.pending import (
    archived_upload,
    clear_pending,
    kept_manifest_key,
    mark_pending,
    pending_nights,
    take_up,
)
from airglow.uploads.queue import NIGHTS_PER_PLAN, Plan, disk_need_bytes, lacks_room
from airglow.uploads.receipt import Receipt, parse_receipt, what_is_missing
from airglow.uploads.refusals import (
    Refusal,
    check_not_refused,
    forget_refusal,
    read_refusal,
    record_refusal,
    refusal_of,
)
from airglow.uploads.scan import ScanSettings, scan

__all__ = [
    "MEMORY",
    "NIGHTS_PER_PLAN",
    "ONE_DAY",
    "RAW",
    "Discovery",
    "Memory",
    "NightId",
    "NightReport",
    "Plan",
    "RawPart",
    "RawReceipt",
    "Receipt",
    "Refusal",
    "ScanSettings",
    "State",
    "UnrecognisedObject",
    "WeatherDay",
    "WeatherFile",
    "archived_upload",
    "check_not_refused",
    "clear_pending",
    "cloud_file",
    "discovery_from_json",
    "discovery_to_json",
    "disk_need_bytes",
    "end_of_day",
    "first_part",
    "forget_refusal",
    "is_of_upload",
    "kept_manifest_key",
    "lacks_room",
    "mark_pending",
    "nights_that_need",
    "parse_raw_key",
    "parse_receipt",
    "pending_nights",
    "read_memory",
    "read_refusal",
    "record_refusal",
    "refusal_of",
    "scan",
    "take_up",
    "weather_prefix",
    "what_is_missing",
]
