"""What the last discovery found, as the workflow left it on the local disk."""

from __future__ import annotations

from pathlib import Path

from airglow.model.errors import BadInput, MachineError
from airglow.model.files import parse_json
from airglow.uploads import Discovery, discovery_from_json

DISCOVERY = "discovery.json"  # in the workflow's directory for temporary files


def last_discovery(path: Path) -> Discovery | None:
    """What was found last; None before the first discovery.

    Parameters
    ----------
    path
        `DISCOVERY` in the workflow's directory for temporary files.

    Returns
    -------
    Discovery or None

    Raises
    ------
    BadInput
        If it is no discovery, or one of another version.
    MachineError
        If the file cannot be read.
    """
    try:
        return discovery_from_json(parse_json(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MachineError.from_os(str(path), error) from error
    except ValueError as error:  # bytes that are no text, or text that is no JSON
        raise BadInput(str(path), f"not a discovery ({error})", "The next run makes another") from error
