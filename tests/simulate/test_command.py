"""The command: what it writes, and how it refuses."""

import argparse

import pytest

from airglow.frames import is_frame_name
from airglow.model.errors import AirglowError, BadInput
from airglow.simulate import read_truth
from airglow.simulate.command import configure, run


def command(*words):
    parser = argparse.ArgumentParser(prog="airglow simulate")
    configure(parser)
    return run(parser.parse_args([str(word) for word in words]))


NIGHT = ("--instrument", "minime13", "--site", "uao", "--date", "2026-04-17")
SHORT = ("--sky-frames", 2, "--laser-frames", 1, "--seed", 5)


def test_a_night_lands_on_disk(tmp_path, capsys):
    assert command(*NIGHT, *SHORT, "--out", tmp_path, "--pack", "--part-mib", 0.5) == 0
    truth = read_truth(tmp_path)
    assert [frame.tag for frame in truth] == ["L", "XG", "XR", "XG", "XR"]
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == sorted(f.name for f in truth)
    assert all(is_frame_name(frame.name) for frame in truth)
    raw = {path.name for path in (tmp_path / "raw").iterdir()}
    assert {"fpi13_uao_20260417.txt", "fpi13_uao_20260417.tar.gz000000"} <= raw
    assert {"Cloud_uao_20260417.txt", "Cloud_uao_20260418.txt", "TempL00_uao_20260417.txt"} <= raw
    assert (tmp_path / "clouds" / "Cloud_uao_20260418.txt").is_file()
    printed = capsys.readouterr().out
    assert "4 sky and 1 laser frames" in printed
    assert "parts" in printed


def test_options_reach_the_night(tmp_path):
    options = ("--tags", "XG", "--format", "img", "--cloud-kind", "none")
    assert command(*NIGHT, *SHORT, "--out", tmp_path, *options) == 0
    assert {frame.tag for frame in read_truth(tmp_path)} == {"L", "XG"}
    assert {path.suffix for path in (tmp_path / "frames").iterdir()} == {".img"}
    assert not list((tmp_path / "clouds").glob("Cloud*"))
    assert not (tmp_path / "raw").exists()


def test_frames_of_another_night_are_left_alone(tmp_path):
    assert command(*NIGHT, *SHORT, "--out", tmp_path) == 0
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()}
    with pytest.raises(BadInput, match="empty directory"):
        command(*NIGHT, *SHORT, "--out", tmp_path, "--tags", "XR")
    assert before == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "frames").iterdir()}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--scenario", "sunny"), "nominal, full, dim"),
        (("--sky-frames", "5000"), "do not fit"),
        (("--date", "20269999"), "not a date"),
        (("--instrument", "minime77"), "minime77"),
        (("--site", "atlantis"), "atlantis"),
        (("--instrument", "minime05", "--tags", "XG"), "green"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(tmp_path, words, reason):
    with pytest.raises(AirglowError, match=reason):
        command(*NIGHT, "--out", tmp_path, *words)
    assert not list(tmp_path.iterdir())


def test_an_instrument_elsewhere_is_simulated_with_a_word_about_it(tmp_path, capsys):
    assert command(*NIGHT, *SHORT, "--out", tmp_path, "--date", "20250429", "--tags", "XR") == 0
    assert "was not at uao" in capsys.readouterr().err
