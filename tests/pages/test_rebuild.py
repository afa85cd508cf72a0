"""All pages anew from what was published, pages in a folder, and the command line."""

from html import unescape
from pathlib import Path

import pytest

from airglow.__main__ import main
from airglow.demo.servers import S3Server
from airglow.model.errors import AirglowError
from airglow.pages.export import export_pages
from airglow.pages.night import publish_night_page
from airglow.pages.rebuild import rebuild_pages
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages
from airglow.pipeline.stored_table import write_table
from airglow.pipeline.table import Table
from airglow.products import write_netcdf
from airglow.store import Store, open_store, settings_from_environment
from pages.made import SETTINGS, publish, result_of
from pages.watching import OFF, WAITING, A, B, C, contents, page_of, requests_of, text_of


@pytest.fixture(scope="module")
def made(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three nights with their pages: two analysed, with real netCDF files, and one without a result."""
    s3.create_bucket("made-for-rebuild")
    store = open_store(settings_from_environment(s3.environment("made-for-rebuild")))
    folder = tmp_path_factory.mktemp("made")
    for name in (A, B, C):
        results = [] if name == C else [result_of(name), result_of(name, "XG")]
        files = {}
        for result in results:
            path = write_netcdf(result, folder / f"{result.stem}.nc")
            files[path.name] = path.read_bytes()
        index = publish(store, results, OFF if name == C else None, name, files)
        publish_night_page(store, SETTINGS, index, results)
    update_pages(store, SETTINGS, [WAITING])
    return store


@pytest.fixture
def archive(made: Store, store: Store) -> Store:
    """All of that, in a bucket of the test's own."""
    for found in made.list(""):
        there = {"Bucket": made.bucket, "Key": found.key}
        store.client.copy_object(Bucket=store.bucket, Key=found.key, CopySource=there)
    return store


def test_a_rebuild_from_the_bucket_alone_makes_the_same_pages(archive: Store) -> None:
    expected = contents(archive)
    assert rebuild_pages(archive, SETTINGS, [WAITING])["written"] == []
    assert contents(archive) == expected
    for found in archive.list("pages/"):
        archive.delete(found.key)
    answer = rebuild_pages(archive, SETTINGS, [WAITING])
    assert answer["nights"] == [A, B, C]
    assert answer["problems"] == []
    assert contents(archive) == expected
    requests = requests_of(archive, lambda: update_pages(archive, SETTINGS, [WAITING]))
    assert requests == ["ListObjectsV2"]


def test_a_rebuild_forgets_nights_that_are_gone_and_keeps_what_waits(archive: Store) -> None:
    archive.delete("state/minime05/uao/2025/20250428/published.json")
    archive.put_bytes("state/of/something/else/published.json", b"{}")
    archive.put_bytes("state/else/published.json", b"{}")
    answer = rebuild_pages(archive, SETTINGS, None)
    assert page_of(A) in answer["deleted"]
    assert "20250428" not in text_of(archive, "index.html")
    assert 'rel="prev"' not in archive.get_bytes(page_of(B)).decode()
    assert "12 of 17 parts" in text_of(archive, "attention.html")


def test_a_file_that_cannot_be_read_is_said_and_costs_no_other_page(archive: Store) -> None:
    archive.put_bytes(f"Results/2025/{A}_xr.nc", b"broken")
    archive.delete(f"Results/2025/{B}_xg.nc")
    answer = rebuild_pages(archive, SETTINGS, [])
    assert len(answer["problems"]) == 2
    assert f"{A}_xr.nc" in answer["problems"][0]
    assert f"{B}_xg.nc" in answer["problems"][1]
    html = archive.get_bytes(page_of(A)).decode()
    assert "630.0 nm" not in html
    assert "557.7 nm, green line" in html
    assert "analysed, but its netCDF file could not be read" in html


def test_a_new_look_reaches_every_page_with_a_rebuild(archive: Store) -> None:
    renamed = PagesSettings(title="Winds over the Andes", files_url="https://files.example.org")
    update_pages(archive, renamed, [WAITING])
    assert "Winds over the Andes" in text_of(archive, "index.html")
    assert "Winds over the Andes" not in archive.get_bytes(page_of(B)).decode()
    rebuild_pages(archive, renamed, [WAITING])
    html = archive.get_bytes(page_of(B)).decode()
    assert "Winds over the Andes" in html
    assert f'src="https://files.example.org/SummaryImages/2025/{B}_xr_winds.png?v=' in html
    assert "img-src 'self' https://files.example.org;" in unescape(html)


def test_a_folder_has_pages_and_what_they_lead_to(archive: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copied = export_pages(archive, SETTINGS, out)
    assert copied["index"] == out / "pages/index.html"
    assert copied["problems"] == []
    there = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    products = {
        key for key in contents(archive) if key.startswith(("Results/", "SummaryImages/")) and "/2025/" in key
    }
    assert products <= there
    assert len(there) == copied["files"]
    assert not [name for name in there if "/pending/" in name or name.startswith("state/")]

    first = requests_of(archive, lambda: export_pages(archive, SETTINGS, out))
    assert "GetObject" not in first  # all is there already
    archive.put_bytes(f"Results/2025/{B}_xr.log", b"of another analysis")
    (out / f"Results/2025/{B}_xr.log").unlink()
    (problem,) = export_pages(archive, SETTINGS, out)["problems"]
    assert problem == f"Results/2025/{B}_xr.log: it is not the file that the night's page speaks of"
    archive.delete(f"Results/2025/{A}_xr.log")
    (out / f"Results/2025/{A}_xr.log").unlink()
    assert f"{A}_xr.log: not in bucket" in export_pages(archive, SETTINGS, out)["problems"][0]


def test_a_folder_of_pages_that_lead_elsewhere_leads_to_its_own_files(archive: Store, tmp_path: Path) -> None:
    away = PagesSettings(files_url="https://files.example.org")
    rebuild_pages(archive, away, [])
    export_pages(archive, away, tmp_path / "out")
    html = (tmp_path / "out" / page_of(B)).read_text()
    assert "files.example.org" not in html
    assert f'src="../../../../SummaryImages/2025/{B}_xr_winds.png?v=' in html


def test_no_name_leads_out_of_the_folder(archive: Store, tmp_path: Path) -> None:
    key = page_of(B).replace(".html", ".json")
    record = archive.get_json(key)
    record["tags"]["XR"]["products"][0]["key"] = "../../evil"
    archive.put_json(key, record)
    copied = export_pages(archive, SETTINGS, tmp_path / "deep" / "out")
    assert copied["problems"] == [f"../../evil: its name leads out of {tmp_path / 'deep' / 'out'}"]


def test_without_pages_there_is_nothing_to_copy_or_rebuild(store: Store, tmp_path: Path) -> None:
    with pytest.raises(AirglowError, match="no pages under pages/ yet"):
        export_pages(store, SETTINGS, tmp_path)
    for work in (
        lambda: export_pages(store, PagesSettings(prefix=""), tmp_path),
        lambda: rebuild_pages(store, PagesSettings(prefix=""), []),
    ):
        with pytest.raises(AirglowError, match="there are no pages: set pages: prefix"):
            work()


def test_the_command_line(
    archive: Store,
    s3: S3Server,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    for name, value in s3.environment(bucket).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert main(["pages"]) == 0
    printed = capsys.readouterr()
    assert "0 nights; 0 objects written, 0 deleted, under pages/" in printed.out
    assert "12 of 17 parts" in text_of(archive, "attention.html")  # no run has left a table: it stays
    write_table(archive, Table(), Table())
    assert main(["pages"]) == 0
    assert "12 of 17 parts" not in text_of(archive, "attention.html")
    assert main(["pages", "--rebuild"]) == 0
    assert "3 nights; 0 objects written" in capsys.readouterr().out

    config = tmp_path / "config.yaml"
    config.write_text("pages: {title: Winds of the Andes}\n")
    assert main(["pages", "--config", str(config)]) == 0
    assert "Winds of the Andes" in text_of(archive, "index.html")
    assert main(["pages", "--config", str(config), "--out", "copy"]) == 0
    assert "Open copy/pages/index.html" in capsys.readouterr().out
    assert (tmp_path / "copy/pages/index.html").is_file()

    config.write_text("pages: {colour: blue}\n")
    assert main(["pages", "--config", str(config)]) == 1
    assert "colour" in capsys.readouterr().err
    config.write_text("pages: {prefix: ''}\n")
    assert main(["pages", "--config", str(config)]) == 0
    assert "there are no pages" in capsys.readouterr().out
