"""The table of costs scales what was measured here to the machine of its goals."""

import math

import pytest

from tests.benchmarks.light_table import Line, Lines


def test_seconds_are_scaled_by_pairs_or_else_by_the_import_of_numpy():
    by_pairs = Line("", "s", 9.0, before=8.0, ratios=[0.4, 0.9, 0.5])
    assert by_pairs.scaled(numpy_s=0.14) == pytest.approx(4.0)
    assert Line("", "s", 9.0, before=8.0).scaled(numpy_s=0.14) == pytest.approx(4.5)
    assert Line("", "requests", 9.0, before=8.0, ratios=[0.5]).scaled(numpy_s=0.14) == 9.0


@pytest.mark.parametrize(("here", "met"), [(7.9, "yes"), (8.1, "no")])
def test_what_is_scaled_is_compared_with_the_goal(here: float, met: str):
    lines = Lines(numpy_s=0.14)
    lines.say("a night", "s", here, 4.0)
    assert str(lines).splitlines()[2].split()[-1] == met


def test_a_line_without_a_pair_is_marked_where_others_have_one():
    lines = Lines("earlier", 2, 0.14)
    lines.say("paired", "s", 6.0, before=4.0, ratios=[0.5])
    lines.say("alone", "s", 6.0)
    lines.say("counted", "requests", 6.0)
    rows = {line.split()[0]: line for line in str(lines).splitlines() if line}
    assert "2.00 " in f"{rows['paired']} "
    assert "3.00*" in rows["alone"]
    assert "*" not in rows["paired"] + rows["counted"]
    assert math.isnan(lines.lines[1].goal)
