"""`tests.benchmarks.silence` counts what is wrong and not flagged."""

import numpy as np
import pytest

from airglow.model.result import Cause
from tests.benchmarks.silence import NEW_CAUSES, beyond, error_line, over_bound, sample_line
from tests.benchmarks.silence_measure import (
    OLD_CAUSES,
    Errors,
    Measured,
    Total,
    about_mean,
    spread,
    stated_over_true,
)
from tests.benchmarks.silence_nights import ROWS, Row


def errors(error, sigma=1.0, flag=0):
    error = np.asarray(error, float)
    return Errors(error, np.broadcast_to(float(sigma), error.shape), np.broadcast_to(flag, error.shape))


def measured(wind, temperature, flag=0, causes=0, seed=0, winds=(0.0, 0.0)):
    wind, temperature = (np.asarray(each, float) for each in (wind, temperature))
    over_site = (errors(winds), *(errors(np.clip(winds, -3.0, 3.0)) for _ in range(2)))
    return Measured(
        seed=seed,
        wind=errors(wind, 1.0, flag),
        wind_about_mean=about_mean(wind, np.ones(wind.shape), np.broadcast_to(flag, wind.shape)),
        temperature=errors(temperature, 3.0, flag),
        causes=np.full(wind.shape, causes, np.uint32),
        reference_off_mps=float(np.mean(wind)),
        reference_error_mps=1.0,
        bound=(1.0, 3.0),
        cycles=over_site,
        smooth=over_site,
        chi_square=(1.0, 1.0),
    )


def test_silent_is_what_is_far_off_given_and_not_flagged():
    found = Errors(
        np.array([4.1, -4.1, 3.9, 9.0, np.nan, 9.0]),
        np.array([1.0, 1.0, 1.0, 1.0, 1.0, np.nan]),
        np.array([0, 0, 0, 1, 0, 0]),
    )
    assert found.silent.tolist() == [True, True, False, False, False, False]
    assert found.given.tolist() == [True] * 4 + [False] * 2


def test_shares_are_over_all_nights_and_the_worst_night_is_one():
    nights = [measured([5.0, 0.0, 0.0, 0.0], [13.0, 13.0, 0.0, 0.0]), measured([0.0] * 4, [0.0] * 4, seed=1)]
    total = Total(nights)
    assert total.silent_share("wind") == 1 / 8
    assert total.silent_share("temperature") == 2 / 8
    assert (total.most_silent("wind"), total.most_silent("temperature")) == (1, 2)
    assert Total([measured([9.0] * 4, [90.0] * 4, flag=1)]).silent_share("temperature") == 0


def test_wind_is_judged_about_the_mean_of_the_night_and_temperature_is_not():
    rng = np.random.default_rng(1)
    wind, temperature = 40.0 + 2.0 * rng.standard_normal(500), 40.0 + 3.0 * rng.standard_normal(500)
    total = Total([measured(wind, temperature)])
    assert spread(total.pooled("wind_about_mean")) == pytest.approx(2.0, rel=0.1)
    assert stated_over_true(total.pooled("wind_about_mean")) == pytest.approx(0.5, rel=0.1)
    assert spread(total.pooled("temperature")) == pytest.approx(np.hypot(40, 3) / 3, rel=0.05)
    assert over_bound(total)[0] == pytest.approx(2.0, rel=0.1)


def test_the_mean_takes_a_freedom():
    assert about_mean(np.array([-1.0, 1.0]), np.ones(2), np.zeros(2)).error.tolist() == pytest.approx(
        [-np.sqrt(2), np.sqrt(2)]
    )


def test_new_causes_are_those_beyond_the_ones_of_old():
    assert OLD_CAUSES & Cause.TIME_IN_DOUBT.mask
    assert not NEW_CAUSES & Cause.TIME_IN_DOUBT.mask
    total = Total([measured([0.0] * 4, [0.0] * 4, causes=(1 << 24) | Cause.CLOUDY.mask)])
    assert total.share_with(NEW_CAUSES) == 1
    assert total.names_of_causes().startswith("CLOUDY 100")
    row = Row("clean", ROWS["clean"].scenario, no_alarm=True)
    assert any("false alarms 100" in words for words in beyond(row, total))


def test_a_row_beyond_its_limits_is_named():
    rng = np.random.default_rng(2)
    good = Total([measured(rng.standard_normal(400), 3.0 * rng.standard_normal(400), winds=[1.0, -1.0] * 9)])
    assert beyond(ROWS["clean"], good) == []
    silent = Total([measured([9.0, *[0.0] * 99], [0.0, *[15.0] * 5, *[0.0] * 94], winds=(0.0, 5.0))])
    words = "; ".join(beyond(ROWS["twilight"], silent))
    assert "silent wind" not in words
    assert "silent temperature 5.0 %, 5 in a night" in words
    assert "silent cycles 50.0 %" in words
    assert "silent smooth winds 50.0 %" in words
    winds = 2.0 * rng.standard_normal(200)
    wide = Total([measured(0.4 * rng.standard_normal(400), rng.standard_normal(400), winds=winds)])
    assert any("errors of wind 2." in each for each in beyond(ROWS["twilight"], wide))
    assert any("z of zonal" in each for each in beyond(ROWS["clouds seen"], wide))


def test_every_line_has_a_cell_for_each_header():
    from tests.benchmarks.silence import ERRORS, SAMPLES

    total = Total([measured([0.5, -0.5], [1.0, -1.0])])
    assert len(sample_line("clean", total)) == len(SAMPLES)
    assert len(error_line(ROWS["clean"], total)) == len(ERRORS)
