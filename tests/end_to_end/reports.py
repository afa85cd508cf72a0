"""What is in a report of Snakemake: read from the HTML file, as its own scripts do."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any


class ReadReport:
    """A report."""

    def __init__(self, path: Path) -> None:
        self._html = path.read_text(encoding="utf-8")
        self.results: dict[str, dict[str, Any]] = self._value("results")
        found: dict[str, dict[str, Any]] = self._value("categories")
        self.categories = {name: set(below) for name, below in found.items()}

    def _value(self, name: str) -> Any:
        match = re.search(rf'<script id="{name}">\s*var {name} = (.*);\s*</script>', self._html)
        assert match, f"no {name} in the report"
        return json.loads(match[1])

    def description(self) -> str:
        """The text on the first page."""
        match = re.search(r'<script id="workflow-desc">\s*var workflow_desc = (.*);\s*</script>', self._html)
        assert match
        return json.loads(match[1])

    def data(self, result: dict[str, Any]) -> bytes:
        """The bytes of a file that the report holds."""
        about, _, data = result["data_uri"].partition(";base64,")
        assert about.startswith("data:")
        return base64.b64decode(data)

    def loads_nothing(self) -> bool:
        """Whether it is complete in itself: no script or style from elsewhere."""
        return not re.search(r"<(?:script|link|iframe)\b[^>]*\s(?:src|href)=", self._html)
