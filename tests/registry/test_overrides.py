"""What is decided by hand: read, refused, and what of it concerns a night."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest
import yaml

from airglow.model.errors import RegistryError
from airglow.night import AnalysisSettings, NightRequest
from airglow.registry import PinnedParameters, load_config, registry_of
from airglow.registry.configuration import DATA, DIRECTORY_VARIABLE

DATE = dt.date(2025, 4, 29)


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's directory, empty."""
    directory = tmp_path / "etc"
    directory.mkdir()
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(directory))
    monkeypatch.chdir(tmp_path)
    return directory


def request_of(registry, date=DATE, instrument="minime05", site="uao") -> NightRequest:
    known = registry.instrument(instrument, date)
    return NightRequest(known, registry.site(site), date, "XR", AnalysisSettings())


def given(directory: Path, text: str, date: dt.date = DATE) -> NightRequest:
    (directory / "overrides.yaml").write_text(text)
    return request_of(registry_of(load_config()), date)


def test_nothing_is_decided_by_hand_as_it_comes(operator: Path) -> None:
    registry = registry_of(load_config())
    assert all(not epoch.overrides for epochs in registry.epochs.values() for epoch in epochs)
    assert request_of(registry).overrides.entries == ()
    assert request_of(registry).settings_hash == AnalysisSettings().digest()


def test_the_example_that_comes_with_airglow_is_one(operator: Path) -> None:
    example = (DATA / "overrides.yaml").read_text().split("For example\n#\n")[1]
    text = re.sub("^# ", "", example, flags=re.M)
    overrides = given(operator, text).overrides
    laser, sky = (each for each, _ in overrides.left_out)
    assert (laser.only, laser.frames) == ("laser", "")
    assert laser.span.start == dt.datetime(2025, 4, 30, 7, 40, tzinfo=dt.UTC)
    assert laser.span.stop == dt.datetime(2025, 4, 30, 9, tzinfo=dt.UTC)
    assert (sky.only, sky.frames, sky.span.start) == ("", "UAO_XR_20250430_0215*", None)
    [(flag, reason)] = overrides.flags
    assert (flag.wind, flag.temperature, flag.direction) == (1, 0, "")
    assert reason.endswith("show the lamp of the dome (A. Scientist)")
    assert overrides.doppler_reference == ""
    later = given(operator, text, dt.date(2025, 5, 24)).overrides
    assert later.doppler_reference == "zenith"
    assert later.parameters == PinnedParameters(reflectivity=0.71)


@pytest.mark.parametrize(
    ("dates", "nights"),
    [
        ("date: 2025-04-29", [29]),
        ("from: 2025-04-28, to: 2025-04-29", [28, 29]),
        ("from: 2025-04-29, to: null", [29, 30]),
    ],
)
def test_dates_hold_with_both_ends(operator: Path, dates: str, nights: list[int]) -> None:
    text = f"minime05: [{{{dates}, because: it is so, doppler_reference: zenith}}]"
    held = [
        day
        for day in (27, 28, 29, 30)
        if given(operator, text, dt.date(2025, 4, day)).overrides.doppler_reference == "zenith"
    ]
    assert held == nights


def test_a_night_is_concerned_by_its_own_spans_alone(operator: Path) -> None:
    """Local noon at uao is about 18 UTC: an exposure at 02 UTC belongs to the night of the day before."""
    text = (
        "minime05: [{from: 2025-04-28, to: 2025-05-03, because: a lamp, leave_out: ["
        "{from: 2025-04-30T02:00:00Z, to: 2025-04-30T03:00:00Z}, "
        "{from: 2025-05-01T19:00:00+02:00, to: 2025-05-02T03:00:00+02:00}]}]"
    )
    spans = {
        day: [
            str(each.span)
            for each, _ in given(
                operator, text, dt.date(2025, 4, 28) + dt.timedelta(days=day)
            ).overrides.left_out
        ]
        for day in range(5)
    }
    last = "2025-05-01T17:00:00Z to 2025-05-02T01:00:00Z"
    assert spans == {0: [], 1: ["2025-04-30T02:00:00Z to 2025-04-30T03:00:00Z"], 2: [last], 3: [last], 4: []}


def test_times_without_a_zone_are_utc(operator: Path) -> None:
    text = (
        "minime05: [{date: 2025-04-29, because: a lamp, flags: [{wind: bad, temperature: caution, "
        "from: 2025-04-30 02:00:00, to: 2025-04-30 03:00:00}]}]"
    )
    [(flag, _)] = given(operator, text).overrides.flags
    assert flag.span.start == dt.datetime(2025, 4, 30, 2, tzinfo=dt.UTC)
    assert (flag.wind, flag.temperature) == (2, 1)


def test_entries_of_all_layers_hold_together(operator: Path, tmp_path: Path) -> None:
    entry = "minime05: [{{date: 2025-04-29, because: {}, leave_out: [{{frames: {}}}]}}]"
    (operator / "overrides.yaml").write_text(entry.format("first", "a*"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config/overrides.yaml").write_text(entry.format("second", "b*"))
    more = tmp_path / "more"
    more.mkdir()
    (more / "overrides.yaml").write_text(entry.format("third", "c*"))

    def patterns(config, directory=None):
        overrides = request_of(registry_of(config, directory)).overrides
        return [(each.frames, reason) for each, reason in overrides.left_out]

    ours = [("a*", "first"), ("b*", "second"), ("c*", "third")]
    assert patterns(load_config(working_directory=True), more) == ours
    assert patterns(load_config()) == ours[:1]  # elsewhere the file of the working directory is not ours
    assert patterns(load_config(given={"registry": {"overrides": "more/overrides.yaml"}})) == [
        ours[0],
        ours[2],
    ]


def test_the_hash_of_settings_changes_for_the_nights_that_are_concerned_alone(operator: Path) -> None:
    usual = AnalysisSettings().digest()
    text = "minime05: [{{from: 2025-04-28, to: {}, because: {}, doppler_reference: {}}}]"
    by_zenith = given(operator, text.format("2025-04-29", "so", "zenith")).settings_hash
    assert by_zenith != usual
    assert given(operator, text.format("2025-05-09", "so", "zenith")).settings_hash == by_zenith
    assert given(operator, text.format("2025-04-29", "so", "laser")).settings_hash not in (usual, by_zenith)
    assert given(operator, text.format("2025-04-29", "thus", "zenith")).settings_hash not in (
        usual,
        by_zenith,
    )
    before = dt.date(2025, 4, 27)
    assert given(operator, text.format("2025-04-29", "so", "zenith"), before).settings_hash == usual
    other = registry_of(load_config())
    assert request_of(other, DATE, "minime02", "caj").settings_hash == usual


ENTRY = {"date": DATE, "because": "it is so", "doppler_reference": "laser"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"becuase": "x"}, "minime05: 0: .*'becuase' was unexpected"),
        ({"because": None}, "minime05: 0: 'because' is a required property"),
        ({"because": "  "}, r"minime05: 0: because: '  ' does not match .*\(The reason\)"),
        ({"doppler_reference": "lamp"}, "doppler_reference: 'lamp' is not one of"),
        ({"doppler_reference": None}, "minime05: 0: decides nothing"),
        ({"date": None}, "minime05: 0: needs either date, or from and to"),
        ({"to": DATE}, "minime05: 0: needs either date, or from and to"),
        ({"date": None, "from": DATE}, "minime05: 0: needs either date, or from and to"),
        (
            {"date": None, "from": DATE, "to": DATE - dt.timedelta(days=1)},
            "ends on 2025-04-28, before it begins",
        ),
        ({"date": dt.date(2005, 4, 29)}, "minime05: 0: the instrument was at no site on 2005-04-29"),
        ({"parameters": {"reflectivity": 1.2}}, "parameters: reflectivity: 1.2 is greater"),
        ({"parameters": {"reflectivity": float("nan")}}, "reflectivity: nan is no finite number"),
        (
            {"parameters": {"gap_variance_m2": "1e-17", "gap_third_moment_m3": 0}},
            "gap_variance_m2: '1e-17' is not of type 'number' .With a point, such as 1.0e-17",
        ),
        ({"date": "2025-04-29"}, "date: '2025-04-29' is not of type 'date' .Local date .*without quotes"),
        ({"parameters": {"finesse": 9}}, "parameters: .*'finesse' was unexpected"),
        ({"parameters": {"gap_variance_m2": 1e-17}}, "'gap_third_moment_m3' is a dependency of"),
        ({"leave_out": [{"only": "sky"}]}, "leave_out: 0: needs either frames, or from and to"),
        ({"leave_out": [{"frames": "a\nb"}]}, "leave_out: 0: frames: 'a.*' does not match"),
        (
            {"leave_out": [{"from": 190, "to": 250}]},
            "leave_out: 0: .* is not of type 'time' .Date and time in UTC, such as 2025-04-30T03:10:00Z",
        ),
        (
            {"leave_out": [{"from": dt.datetime(2025, 4, 30, 3), "to": dt.datetime(2025, 4, 30, 3)}]},
            "leave_out: 0: ends at 2025-04-30 03:00:00, not after it begins",
        ),
        (
            {"leave_out": [{"from": dt.datetime(2025, 4, 30, 19), "to": dt.datetime(2025, 4, 30, 20)}]},
            "2025-04-30T19:00:00Z to 2025-04-30T20:00:00Z is not within the nights of 2025-04-29",
        ),
        ({"flags": [{"wind": "bad", "from": dt.datetime(2025, 4, 30, 3)}]}, "flags: 0: has one end only"),
        ({"flags": [{"direction": "North"}]}, "flags: 0: .*Needs wind, temperature or both"),
        ({"flags": [{"wind": "good"}]}, "flags: 0: .*'good' is not one of"),
        ({"flags": [{"wind": "bad", "direction": "Up"}]}, "uao has no look direction 'Up', only .*Zenith"),
    ],
)
def test_wrong_entries_are_refused_with_file_place_and_reason(operator: Path, change, message: str) -> None:
    entry = {key: value for key, value in {**ENTRY, **change}.items() if value is not None}
    with pytest.raises(RegistryError, match=message) as raised:
        given(operator, yaml.safe_dump({"minime05": [entry]}))
    assert str(raised.value).startswith(f"{operator}/overrides.yaml: minime05: 0: ")


def test_an_instrument_that_is_not_known_is_refused(operator: Path) -> None:
    with pytest.raises(RegistryError, match=r"overrides\.yaml: minime77: unknown instrument"):
        given(operator, yaml.safe_dump({"minime77": [ENTRY]}))


@pytest.mark.parametrize("dates", [{"date": DATE}, {"from": dt.date(2025, 4, 1), "to": None}])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"doppler_reference": "laser"}, {"doppler_reference": "zenith"}),
        ({"parameters": {"reflectivity": 0.7}}, {"parameters": {"reflectivity": 0.71}}),
    ],
)
def test_entries_that_contradict_each_other_are_refused(operator: Path, tmp_path: Path, dates, one, other):
    """Those of other files too; the same twice, or on other dates, is none."""

    def text(what, when):
        return yaml.safe_dump({"minime05": [{"because": "it is so", **when, **what}]})

    more = tmp_path / "more.yaml"
    more.write_text(text(other, {"date": DATE}))
    config = load_config(given={"registry": {"overrides": str(more)}})
    (operator / "overrides.yaml").write_text(text(one, dates))
    with pytest.raises(RegistryError, match=rf"more\.yaml: minime05: 0: .* contradicts .* in {operator}"):
        registry_of(config)
    (operator / "overrides.yaml").write_text(text(other, dates))
    assert len(request_of(registry_of(config)).overrides.entries) == 2
    (operator / "overrides.yaml").write_text(text(one, {"date": dt.date(2025, 4, 30)}))
    assert len(request_of(registry_of(config)).overrides.entries) == 1


def test_parameters_of_several_entries_hold_together(operator: Path) -> None:
    text = (
        "minime05: [{date: 2025-04-29, because: a, parameters: {reflectivity: 0.7}}, "
        "{date: 2025-04-29, because: b, parameters: {blur_px: [1, 0, 0.5]}}]"
    )
    parameters = given(operator, text).overrides.parameters
    assert parameters.given == {"reflectivity": 0.7, "blur_px": (1.0, 0.0, 0.5)}
    assert dataclasses.replace(parameters, blur_px=None).given == {"reflectivity": 0.7}


def test_each_decision_is_told_with_its_reason(operator: Path) -> None:
    text = (
        "minime05:\n- date: 2025-04-29\n  because: |\n    a lamp\n    in the dome\n  who: B\n"
        "  doppler_reference: laser\n  leave_out: [{frames: UAO_L*, only: laser}]\n"
        "  parameters: {reflectivity: 0.7}\n"
        "  flags: [{wind: bad, temperature: caution, direction: North}]\n"
    )
    assert given(operator, text).overrides.sentences == (
        "Doppler reference laser: a lamp in the dome (B)",
        "left out laser frames UAO_L*: a lamp in the dome (B)",
        "instrument parameters reflectivity 0.7: a lamp in the dome (B)",
        "flag wind bad and temperature caution, direction North: a lamp in the dome (B)",
    )


def test_a_registry_of_older_software_is_told_where_its_reference_belongs(operator: Path) -> None:
    (operator / "instruments.yaml").write_text("minime05: {epochs: [{from: null, plot_reference: zenith}]}")
    with pytest.raises(RegistryError, match=r"minime05: plot_reference is gone: .* overrides\.yaml"):
        registry_of(load_config())
