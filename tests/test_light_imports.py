"""A command or a step loads what it uses: which of the slow libraries each one may load at its start.

What a table allows is what may be loaded before the work begins; functions that need more load it when they
are called. `import numpy` alone takes as long as Python itself, Matplotlib and SciPy several times that.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from airglow.__main__ import _COMMANDS

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"
HEAVY = {
    "asyncio",
    "boto3",
    "botocore",
    "erfa",
    "h5py",
    "jinja2",
    "jsonschema",
    "matplotlib",
    "netCDF4",
    "numpy",
    "pandas",
    "pymysql",
    "scipy",
    "snakemake",
    "tqdm",
    "yaml",
}
ANALYSIS = {"erfa", "h5py", "numpy", "scipy"}

COMMANDS = {
    "analyze": ANALYSIS,
    "clean": set(),
    "cleanup": set(),
    "doctor": set(),
    "history": set(),
    "hold": set(),
    "pages": {"numpy"},
    "profiles": ANALYSIS,
    "rebuild-database": set(),
    "refresh": ANALYSIS,
    "release": set(),
    "run": set(),
    "simulate": {"h5py", "numpy", "scipy", "tqdm"},
    "status": set(),
}
STEPS = {
    "adapter": set(),
    "analyze": ANALYSIS | {"netCDF4"},
    "cleanup": set(),
    "cleanup_weather": set(),
    "discover": set(),
    "extract": set(),
    "fetch": set(),
    "frames": set(),
    "load": {"pymysql"},
    "night_summary": set(),
    "products": {"netCDF4", "numpy"},
    "publish": set(),
    "refresh": ANALYSIS | {"netCDF4", "pymysql"},  # it finishes, publishes and loads
    "weather": set(),
}


def loaded_by(code):
    """Which of the heavy modules a new process has loaded after some code."""
    code += f"\nimport json, sys\nprint(json.dumps(sorted({HEAVY} & sys.modules.keys())))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_loads_what_it_may(command):
    code = (
        "import contextlib\nfrom airglow.__main__ import main\n"
        f"with contextlib.suppress(SystemExit):\n    main([{command!r}, '--help'])"
    )
    too_much = loaded_by(code) - COMMANDS[command]
    assert not too_much


@pytest.mark.parametrize("script", [path.stem for path in sorted(SCRIPTS.glob("*.py"))])
def test_a_step_loads_what_it_may(script):
    assert script in STEPS, f"{script}.py is not in the table: say which of these it may load: {HEAVY}"
    tree = ast.parse((SCRIPTS / f"{script}.py").read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports
    fake = (
        "import sys, types\n"  # what the step is told comes from Snakemake, which loads some of this itself
        "snakemake = types.SimpleNamespace(config={}, wildcards={})\n"
        f"sys.path.append({str(SCRIPTS)!r})\n"
    )
    too_much = loaded_by(fake + "\n".join(imports)) - STEPS[script]
    assert not too_much


def test_the_tables_name_what_is_there():
    assert COMMANDS.keys() == _COMMANDS.keys()
    assert STEPS.keys() == {path.stem for path in SCRIPTS.glob("*.py")}
