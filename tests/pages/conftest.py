"""A browser without a window, and a site for it: real nights' pages in a real bucket, served over HTTP."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from airglow.demo.servers import S3Server
from airglow.pages.night import publish_night_page
from airglow.pages.site import update_pages
from airglow.pipeline.table import Row
from airglow.store import Store, open_store, settings_from_environment
from pages.made import SETTINGS, many_records, publish, put_records, result_of

PHONE = (360, 740)
DESKTOP = (1200, 900)
SINCE = dt.datetime(2025, 7, 1, 7, tzinfo=dt.UTC)
NIGHTS = ("minime05_uao_20250428", "minime05_uao_20250429", "minime05_uao_20250430")
ROWS = (
    Row("minime05_uao_20250701", "waiting", "12 of 17 parts", SINCE),
    Row("minime90_mrh_20250630", "failed", "analyze XR: <script>alert(1)</script>. Log: a.log", SINCE),
    Row("minime90_mrh_20250701", "refused", "receipt is rubbish", SINCE),
    Row("minime90_mrh_20250702", "collection error", "collection error", SINCE),
    Row("minime94_bdr_20250701", "held", "held by the configuration", SINCE),
    Row("minime94_bdr_20250702", "queued", "complete; this run takes the 1 oldest nights", SINCE),
)


@dataclass(frozen=True)
class Browser:
    """Headless Chromium; what its console says is an error unless a test asks for it."""

    driver: webdriver.Chrome

    def open(self, url: str) -> None:
        """Go to a page."""
        self.driver.get(url)

    def find(self, selector: str) -> WebElement:
        """The first element by a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements by a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a line of JavaScript says."""
        return self.driver.execute_script(script, *arguments)

    def set_width(self, size: tuple[int, int]) -> None:
        """Be a window, or a phone, of such a size."""
        width, height = size
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def complaints(self) -> list[str]:
        """What the console said since it was asked last: errors, refused contents, missing files."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


def start_browser(*, scripts: bool = True) -> Browser:
    """Start Chromium; fails, and says what to install, where there is none."""
    program = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None or chromium is None:
        pytest.fail("no Chromium: install it with: apt-get install chromium chromium-driver", pytrace=False)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        preferences = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", preferences)
    environment = {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    return Browser(webdriver.Chrome(options=options, service=Service(program, env=environment)))


@pytest.fixture(scope="module")
def one_browser() -> Iterator[Browser]:
    browser = start_browser()
    yield browser
    browser.driver.quit()


@pytest.fixture
def browser(one_browser: Browser) -> Iterator[Browser]:
    """Headless Chromium at desktop size; the test fails if the console complains."""
    one_browser.set_width(DESKTOP)
    one_browser.open("about:blank")
    one_browser.complaints()
    yield one_browser
    assert one_browser.complaints() == []


@dataclass(frozen=True)
class Site:
    """Pages in a bucket, and where a browser finds them."""

    store: Store
    root: str  # address of the bucket

    def url(self, name: str) -> str:
        """Address of a page by its name below the prefix."""
        return f"{self.root}/{SETTINGS.key(name)}"


@pytest.fixture(scope="session")
def site(s3: S3Server) -> Site:
    """An archive of several years and three instruments, of which three nights have real pages."""
    bucket = f"test-pages-{uuid.uuid4().hex}"
    s3.create_bucket(bucket)
    store = open_store(settings_from_environment(s3.environment(bucket)))
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [everybody | {"Resource": f"arn:aws:s3:::{bucket}/*"}]}
    store.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    records = [r for r in many_records(1500) if r["night"] not in NIGHTS]
    last = next(r for r in records if r["night"] == "minime94_bdr_20250630")
    last["tags"]["XR"]["health"] |= {"laser_intensity": 12.3, "ccd_temperature_c": -55.2, "gap_m": 1.4e-2}
    put_records(store, records)
    for name in NIGHTS:
        if name == NIGHTS[2]:
            index = publish(store, [], {"XR": ("camera off", "52 of 52 sky frames were warm")}, name)
            publish_night_page(store, SETTINGS, index, [])
        else:
            results = [result_of(name), result_of(name, "XG")]
            publish_night_page(store, SETTINGS, publish(store, results), results)
    update_pages(store, SETTINGS, ROWS)
    return Site(store, f"{s3.endpoint_url}/{bucket}")


def file_url(path: Path) -> str:
    """Address of a file on this disk."""
    return path.resolve().as_uri()
