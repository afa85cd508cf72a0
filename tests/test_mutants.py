"""Faults are of lines that stand in the code, and the runner tells a wrong value from an exception."""

import textwrap
from collections import Counter
from dataclasses import replace

import pytest

from tests.mutants import (
    ERROR,
    KILLED,
    PATTERNS,
    ROOT,
    SUBPACKAGES,
    SURVIVED,
    Fault,
    FaultRefused,
    faults_file,
    new_faults,
    read_faults,
    run_faults,
    table,
)

FEWEST, FEWEST_OF_EACH = 100, 6


@pytest.mark.parametrize("subpackage", SUBPACKAGES)
def test_faults_are_of_lines_that_stand_in_the_code(subpackage):
    faults = read_faults([subpackage])
    assert len(faults) >= FEWEST_OF_EACH
    assert max(Counter((fault.path, fault.fault, fault.after) for fault in faults).values()) == 1
    for fault in faults:
        path, _, name = fault.killed_by.partition("::")
        assert path.startswith(f"tests/{subpackage}/")
        assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8")


def test_there_are_many_faults_of_every_pattern():
    faults = read_faults()
    assert len(faults) >= FEWEST
    assert {fault.pattern for fault in faults} == set(PATTERNS)


@pytest.fixture
def small(tmp_path):
    """A package of one function, with a test and a list of faults to be filled."""
    for name, text in {
        "airglow/__init__.py": "",
        "airglow/gp/__init__.py": "",
        "airglow/gp/half.py": """
            def half(x):
                y = x
                y = y / 2.0
                y = y
                return y
            """,
        "tests/gp/test_half.py": """
            import pytest
            from airglow.gp.half import half

            def test_half():
                assert half(4.0) == 2.0

            def test_half_of_text():
                with pytest.raises(TypeError):
                    half("a")

            def test_wrong():
                assert half(4.0) == 3.0
            """,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path


def fault(line, by, test="test_half", after=""):
    return Fault("gp", "half.py", line, by, "factor", "a", f"tests/gp/test_half.py::{test}", after)


def test_the_runner_tells_a_wrong_value_from_an_exception(small):
    faults = [
        fault("y = y / 2.0", "y = y / 3.0"),
        fault("y = y", "y = y + 0.0"),
        fault("y = y / 2.0", "y = y / 0.0"),
        fault("y = y / 2.0", "y = y y"),
        fault("y = y / 2.0", "y = y * 2", "test_half_of_text"),
    ]
    outcomes = run_faults(faults, small, jobs=2)
    assert outcomes == [KILLED, SURVIVED, ERROR, ERROR, ERROR]
    assert "| gp | 5 | 1 |" in table(faults, outcomes)
    assert "/ 2.0" in (small / "airglow/gp/half.py").read_text()  # the code itself stays


@pytest.mark.parametrize("test", ["test_wrong", "test_that_is_not_there"])
def test_a_test_must_pass_without_faults(small, test):
    with pytest.raises(FaultRefused, match="without faults"):
        run_faults([fault("y = y", "y = 1", test)], small)


@pytest.mark.parametrize(
    ("line", "after", "message"),
    [
        ("y = y / 4.0", "", "half.py: stands there 0 times: y = y / 4.0"),
        ("y = x", "y = y", "does not stand after y = y: y = x"),
        ("y = y", "y = z", "stands there 0 times: y = z"),
    ],
)
def test_a_line_that_is_not_there_is_named(small, line, after, message):
    with pytest.raises(FaultRefused, match=message):
        fault(line, "y = 1.0", after=after).put_into((small / "airglow/gp/half.py").read_text())


def test_a_line_that_stands_twice_needs_one_before_it():
    text = "a\n    b\nc\n    b\n"
    with pytest.raises(FaultRefused, match="stands there 2 times: b"):
        fault("b", "d").put_into(text)
    assert fault("b", "d", after="c").put_into(text) == "a\n    b\nc\n    d\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('pattern = "odd"', "pattern odd"),
        ('pattern = "factor"\nwhy = "x"', "why"),
        ('pattern = "factor"\nfault = "y = y"', "nothing changes"),
    ],
)
def test_a_wrong_entry_is_refused(small, change, message):
    entry = {"file": "half.py", "line": "y = y", "fault": "y = 2", "what": "a", "killed_by": "b"}
    given = "\n".join(f'{key} = "{value}"' for key, value in entry.items() if f"{key} =" not in change)
    (small / "tests/mutants_table").mkdir()
    faults_file("gp", small).write_text(f"[[fault]]\n{given}\n{change}\n")
    with pytest.raises(FaultRefused, match=message):
        read_faults(["gp"], small)


def test_a_fault_is_new_until_the_table_has_it_as_killed_by_this_test():
    first, second, third, *_ = read_faults(["gp"])
    text = table([first, second], [KILLED, SURVIVED])
    assert new_faults([first, second, third], text) == [second, third]
    assert new_faults([replace(first, killed_by=second.killed_by)], text) != []
