"""Every command says how it is used: a % that argparse takes for a format would end it with a traceback."""

import importlib
import sys
from pathlib import Path

import pytest

import tests.benchmarks
from airglow.__main__ import _COMMANDS
from airglow.__main__ import main as airglow

FOLDER = Path(tests.benchmarks.__file__).parent
BENCHMARKS = sorted(
    path.stem for path in FOLDER.glob("*.py") if "def main(" in path.read_text(encoding="utf-8")
)


def shown_by(main, capsys):
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_says_how_it_is_used(name, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [f"python -m tests.benchmarks.{name}", "--help"])
    text = shown_by(importlib.import_module(f"tests.benchmarks.{name}").main, capsys)
    assert "--help" in text
    assert "%%" not in text


@pytest.mark.parametrize("command", [None, *_COMMANDS])
def test_a_command_says_how_it_is_used(command, capsys):
    text = shown_by(lambda: airglow([*([command] if command else []), "--help"]), capsys)
    assert "--help" in text
    assert "%%" not in text


def test_benchmarks_are_found():
    assert {"accuracy", "calibration", "silence", "winds_over_site"} <= set(BENCHMARKS)
