"""What Snakemake shows of a night without doing it: the plan and the pictures."""

import re
from pathlib import Path

import pytest
from running import ROOT, Clone, clone, everything, new_place, surroundings
from uploading import send

from airglow.demo.servers import MariadbServer, S3Server
from airglow.store import Store
from airglow.uploads import NightId

NIGHT = NightId.parse("minime13_uao_20260510")
WAY = (
    "extract",
    "frames",
    "weather",
    "analyze",
    "plots",
    "publish",
    "load",
    "cleanup",
)
OF_EACH_TAG = ("analyze", "plots")


@pytest.fixture
def place(tmp_path: Path, s3: S3Server, mariadb: MariadbServer) -> tuple[Clone, Store]:
    """A clone, and an empty bucket."""
    store, database = new_place(s3, mariadb)
    environment = surroundings(s3.endpoint_url, store.bucket, s3, mariadb, database)
    return clone(tmp_path / "clone", environment), store


@pytest.fixture
def there(place: tuple[Clone, Store]) -> tuple[Clone, Store]:
    """A clone, and a bucket with the receipt of a night."""
    place[1].put_bytes(NIGHT.receipt_key, b"...")
    return place


def test_a_dry_run_shows_the_full_night_and_does_nothing(there: tuple[Clone, Store]) -> None:
    at_hand, store = there
    before = everything(store)
    ran = at_hand.run("--cores", "1", "-n", "nights/uao_20260510.json")
    assert ran.code == 0, ran.text
    planned = dict(re.findall(r"^(\w+) +(\d+)$", ran.text, re.M))
    assert {rule: planned.get(rule) for rule in WAY} == {
        rule: "2" if rule in OF_EACH_TAG else "1" for rule in WAY
    }
    assert everything(store) == before


def test_a_picture_shows_the_full_night_and_the_files_that_are_asked_for(there: tuple[Clone, Store]) -> None:
    """Of the others --rulegraph is that in the README, and --dag is of the same jobs without their files."""
    at_hand, _ = there
    plot = "results/minime13/uao/2026/20260510/XR/winds.png"
    ran = at_hand.run("--cores", "1", "nights/minime13_uao_20260510.json", plot, "--filegraph")
    assert ran.code == 0, ran.text
    assert "digraph" in ran.text
    for part in (*WAY, "/page.json", "/winds.png"):
        assert part in ran.text


def test_the_year_of_a_path_is_that_of_its_date(there: tuple[Clone, Store]) -> None:
    """By a constraint that all rules share."""
    at_hand, _ = there
    wrong = "results/minime13/uao/2025/20260510/XR/winds.png"
    ran = at_hand.run("--cores", "1", "-n", wrong)
    assert ran.code == 1
    assert f"No rule to produce {wrong}" in ran.text


def test_results_of_a_version_that_kept_no_fits_are_not_analysed_again(
    place: tuple[Clone, Store],
) -> None:
    at_hand, _ = place
    folder = at_hand.directory / "results/minime13/uao/2026/20260510/XR"
    folder.mkdir(parents=True)
    for name in ("night.nc", "outcome.json", "frames.png"):
        (folder / name).write_text("of an earlier version")
    plot = str((folder / "winds.png").relative_to(at_hand.directory))
    ran = at_hand.run("--cores", "1", "-n", "--rerun-triggers", "mtime", "-R", "plots", "--", plot)
    assert ran.code == 0, ran.text
    planned = dict(re.findall(r"^(\w+) +(\d+)$", ran.text, re.M))
    assert planned == {"plots": "1", "total": "1"}


def test_without_pages_the_night_gets_none(there: tuple[Clone, Store]) -> None:
    at_hand, _ = there
    at_hand.configure("pages", prefix="")
    ran = at_hand.run("--cores", "1", "nights/uao_20260510.json", "--filegraph")
    assert ran.code == 0, ran.text
    assert "/loaded.json" in ran.text
    assert "/page.json" not in ran.text


def test_the_picture_in_the_readme_is_that_of_the_workflow(place: tuple[Clone, Store]) -> None:
    """Made with a complete night in raw/: snakemake --cores 1 discover, then --rulegraph | dot -Tsvg."""
    at_hand, store = place
    send(store, NIGHT)
    assert at_hand.run("--cores", "1", "discover").code == 0
    graph = at_hand.run("--cores", "1", "--rulegraph").text
    picture = (ROOT / "docs/rulegraph.svg").read_text()
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', graph, re.M))
    arrows = {(names[a], names[b]) for a, b in re.findall(r"^\s*(\d+) -> (\d+)$", graph, re.M)}
    shown = dict(re.findall(r"<title>(\d+)</title>.*?<text[^>]*>(\w+)</text>", picture, re.S))
    drawn = re.findall(r"<title>(\d+)&#45;&gt;(\d+)</title>", picture)
    assert set(shown.values()) == set(names.values()) >= {*WAY, "discover", "all"}
    assert {(shown[a], shown[b]) for a, b in drawn} == arrows


@pytest.mark.long
def test_a_database_that_can_never_take_a_night_stops_a_run_and_one_that_is_down_does_not(
    there: tuple[Clone, Store],
) -> None:
    at_hand, _ = there
    arguments = ("--profile", "hourly", "-n", "nights/minime13_uao_20260510.json")
    ran = at_hand.run(*arguments, MYSQL_PASSWORD="wrong")
    assert ran.code == 1
    assert "Access denied for user" in ran.text
    assert "Traceback" not in ran.text
    ran = at_hand.run(*arguments, MYSQL_PORT="1")
    assert ran.code == 0, ran.text
    assert ran.text.count("The database does not answer, so nights wait to be loaded: database ") == 1
    assert "extract" in ran.text


def test_decisions_by_hand_are_parameters_of_their_night_alone(there: tuple[Clone, Store]) -> None:
    """So Snakemake can tell which results were made with others."""
    at_hand, _ = there
    file = at_hand.directory / "config/overrides.yaml"
    file.write_text(
        "minime13:\n"
        "- {date: 2026-05-10, because: a lamp, doppler_reference: zenith}\n"
        "- {date: 2026-05-11, because: the moon, doppler_reference: laser}\n"
    )
    show = at_hand.directory / "workflow/rules/report.smk"
    show.write_text(
        show.read_text() + "\n"
        "class Wildcards:\n"
        "    instrument, site, date = 'minime13', 'uao', '20260510'\n"
        "is_parameter = rules.analyze.params.overrides is decided_by_hand\n"
        "print(f'decided: {decided_by_hand(Wildcards)} {is_parameter}')\n"
    )
    ran = at_hand.run("--cores", "1", "-n", "nights/uao_20260510.json")
    assert ran.code == 0, ran.text
    assert "decided: ['Doppler reference zenith: a lamp'] True" in ran.text


@pytest.mark.long
def test_a_wrong_file_of_decisions_stops_a_run_before_it_plans(there: tuple[Clone, Store]) -> None:
    at_hand, _ = there
    file = at_hand.directory / "config/overrides.yaml"
    file.write_text("minime13: [{date: 2026-05-10, doppler_reference: zenith}]\n")
    ran = at_hand.run("--cores", "1", "-n", "nights/uao_20260510.json")
    assert ran.code == 1
    assert "config/overrides.yaml: minime13: 0: 'because' is a required property" in ran.text
    assert "Traceback" not in ran.text
