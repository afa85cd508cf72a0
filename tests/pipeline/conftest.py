"""What several tests of this room need."""

from pathlib import Path

import pytest

from airglow.store import Store
from pipeline.runs import Runs


@pytest.fixture
def runs(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)  # logs of attempts are below the working directory
    return Runs(store, tmp_path)
