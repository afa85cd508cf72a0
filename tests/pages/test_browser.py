"""The pages as people see them: in Chromium, over HTTP from the bucket and from a folder."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from airglow.pages.export import export_pages
from pages.conftest import PHONE, Browser, Site, file_url, start_browser
from pages.made import PNG, SETTINGS

PATIENCE_S = 120  # a moment on an idle machine
PAGES = (
    "index.html",
    "attention.html",
    "nights/uao/minime05/20250429.html",
    "nights/uao/minime05/20250430.html",
    "instruments/minime05_uao.html",
    "instruments/minime94_bdr.html",  # with alarms
)
SHOWN = ".days a.night:not([hidden])"


def choose(browser: Browser, name: str, value: str) -> None:
    Select(browser.find(f"#filter-{name}")).select_by_value(value)


def shown(browser: Browser) -> int:
    """How many nights of the calendar can be seen."""
    script = """
        const nights = Array.from(document.querySelectorAll('.days .night'));
        return nights.filter(night => !night.closest('[hidden]')).length
    """
    return browser.run(script)


def has_all_pictures(browser: Browser) -> bool:
    """Whether every picture has arrived, also those that are far down."""
    script = """
        for (const image of document.images) image.loading = 'eager';
        return Array.from(document.images).every(image => image.complete && image.naturalWidth > 0)
    """
    WebDriverWait(browser.driver, PATIENCE_S).until(lambda _: browser.run(script))
    return True


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_whole_and_the_console_is_silent(browser: Browser, site: Site, name: str) -> None:
    browser.open(site.url(name))
    assert has_all_pictures(browser)
    assert browser.run("return document.styleSheets.length") == 1
    assert browser.run("return document.documentElement.classList.contains('script')")
    assert browser.find("h1").text


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", [PHONE, (768, 1024)])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, site: Site, name: str, size: tuple[int, int]
) -> None:
    browser.set_width(size)
    browser.open(site.url(name))
    assert browser.find("h1").text
    assert has_all_pictures(browser)
    for details in browser.all("details"):
        browser.run("arguments[0].open = true", details)
    wide, there = browser.run(
        "const page = document.scrollingElement; return [page.scrollWidth, page.clientWidth]"
    )
    assert wide == there >= size[0] - 20  # but for a scroll bar


def test_from_the_calendar_to_a_night_its_neighbours_its_instrument_and_what_waits(
    browser: Browser, site: Site
) -> None:
    browser.open(site.url("index.html"))
    browser.find('.days a[href="nights/uao/minime05/20250428.html"]').click()
    assert browser.find("h1").text == "28 April 2025"
    browser.find(".steps a[rel=next]").click()
    assert browser.find("h1").text == "29 April 2025"
    browser.find("body").send_keys(Keys.ARROW_RIGHT)
    WebDriverWait(browser.driver, PATIENCE_S).until(lambda _: browser.find("h1").text == "30 April 2025")
    assert "camera off: 52 of 52 sky frames were warm" in browser.find(".notice").text
    browser.find("body").send_keys(Keys.ARROW_LEFT)
    WebDriverWait(browser.driver, PATIENCE_S).until(lambda _: browser.find("h1").text == "29 April 2025")
    browser.driver.find_element(By.LINK_TEXT, "minime05 at uao").click()
    assert browser.find("h1").text == "minime05"
    browser.driver.find_element(By.LINK_TEXT, "Waiting and failed").click()
    assert "12 of 17 parts" in browser.find("#minime05_uao_20250701").text
    browser.driver.find_element(By.LINK_TEXT, "Nights").click()
    assert browser.find("h1").text == "Nights"


def test_links_to_files_lead_to_the_files(browser: Browser, site: Site) -> None:
    browser.open(site.url("nights/uao/minime05/20250429.html"))
    links = [link.get_property("href") for link in browser.all(".files a")]
    assert len(links) == 14
    for link in links:
        with build_opener(ProxyHandler({})).open(link) as answer:
            found = answer.read()
        name = urlsplit(link).path.rsplit("/", 1)[-1]
        assert found == (PNG if name.endswith(".png") else f"of {name}".encode())


def test_filters_by_site_instrument_and_state(browser: Browser, site: Site) -> None:
    browser.open(site.url("index.html"))
    everything = shown(browser)
    assert everything > 1500
    assert browser.find("#filter-count").text == f"{everything:,} nights"

    choose(browser, "site", "mrh")
    of_site = shown(browser)
    assert 0 < of_site < everything / 2
    assert {line.get_attribute("data-site") for line in browser.all(".line:not([hidden])")} == {"mrh"}
    assert browser.find("#filter-count").text == f"{of_site:,} of {everything:,} nights"

    choose(browser, "state", "failed")
    assert shown(browser) == 1
    assert (
        browser.find(f"{SHOWN}.failed").get_attribute("title").startswith("2025-06-30 failed: analyze XR: <")
    )
    assert len(browser.all(".month:not([hidden])")) == 1

    choose(browser, "instrument", "minime05")
    assert shown(browser) == 0
    assert browser.find("#filter-none").is_displayed()

    choose(browser, "site", "")
    choose(browser, "state", "nothing")
    assert shown(browser) > 5
    assert not browser.find("#filter-none").is_displayed()

    browser.find("#filter-reset").click()
    assert shown(browser) == everything


def test_filters_are_in_the_address_and_survive_going_back(browser: Browser, site: Site) -> None:
    browser.open(site.url("index.html"))
    choose(browser, "instrument", "minime05")
    choose(browser, "state", "nothing")
    count = shown(browser)
    assert browser.driver.current_url.endswith("index.html?instrument=minime05&state=nothing")
    browser.find('.days a[href="nights/uao/minime05/20250430.html"]').click()
    browser.driver.back()
    assert shown(browser) == count
    browser.open(site.url("index.html?instrument=minime05&state=nothing"))
    assert shown(browser) == count
    assert Select(browser.find("#filter-state")).first_selected_option.text == "no result"
    browser.open(site.url("index.html?site=nowhere&state=%3Cscript%3E"))
    assert shown(browser) > 1500

    browser.open(site.url("instruments/minime90_mrh.html"))
    browser.driver.find_element(By.LINK_TEXT, "Its calendar").click()
    assert {line.get_attribute("data-instrument") for line in browser.all(".line:not([hidden])")} == {
        "minime90"
    }


def test_everything_can_be_reached_with_the_keyboard(browser: Browser, site: Site) -> None:
    browser.open(site.url("index.html"))
    press = ActionChains(browser.driver)
    press.send_keys(Keys.TAB).perform()
    assert browser.run("return document.activeElement.textContent") == "Skip to the content"
    assert browser.run("return document.activeElement.getBoundingClientRect().left") > 0
    press.send_keys(Keys.ENTER).perform()
    assert browser.run("return document.activeElement.id") == "content"
    browser.run("document.getElementById('filter-state').focus()")
    press.send_keys("w").perform()  # the select's own keys
    WebDriverWait(browser.driver, PATIENCE_S).until(lambda _: shown(browser) == 1)
    browser.find("#filter-reset").send_keys(Keys.ENTER)

    browser.find('.days a[href="nights/uao/minime05/20250428.html"]').send_keys(Keys.ARROW_RIGHT)
    focused = "return document.activeElement.getAttribute('href')"
    assert browser.run(focused) == "nights/uao/minime05/20250429.html"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(outline) == "solid"
    press.send_keys(Keys.ENTER).perform()
    WebDriverWait(browser.driver, PATIENCE_S).until(lambda _: browser.find("h1").text == "29 April 2025")


def test_states_differ_in_more_than_colour(browser: Browser, site: Site) -> None:
    browser.open(site.url("index.html"))
    signs = {}
    for kind in ("good", "flagged", "nothing", "nodata", "working", "waiting", "held", "refused", "failed"):
        night = browser.find(f".days .night.{kind}")
        signs[kind] = browser.run("return getComputedStyle(arguments[0], '::after').content", night)
    assert signs.pop("good") == "none"
    assert len(set(signs.values())) == len(signs) == 8


def test_nights_on_a_phone_are_large_enough_for_a_finger(browser: Browser, site: Site) -> None:
    browser.set_width(PHONE)
    browser.open(site.url("index.html"))
    box = browser.run("return arguments[0].getBoundingClientRect()", browser.find(SHOWN))
    assert box["width"] >= 24
    assert box["height"] >= 24


def test_what_was_meant_as_a_script_is_text(browser: Browser, site: Site) -> None:
    browser.open(site.url("attention.html"))
    assert "<script>alert(1)</script>" in browser.find("#minime90_mrh_20250630").text


def test_the_policy_lets_nothing_in_that_is_not_ours(browser: Browser, site: Site) -> None:
    browser.open(site.url("index.html"))
    browser.run(
        """
        const script = document.createElement('script');
        script.textContent = 'window.broken = true';
        document.body.append(script);
        const button = document.createElement('p');
        button.setAttribute('style', 'color: red');
        document.body.append(button);
        """
    )
    assert browser.run("return window.broken") is None
    complaints = browser.complaints()
    assert len(complaints) == 2
    assert all("Content Security Policy" in one for one in complaints)


def test_without_scripts_calendar_and_pages_are_there(site: Site) -> None:
    browser = start_browser(scripts=False)
    try:
        browser.open(site.url("index.html"))
        assert not browser.find(".filters").is_displayed()
        assert browser.find(".legend").is_displayed()
        night = browser.find('.days a[href="nights/uao/minime05/20250429.html"]')
        assert night.is_displayed()
        night.click()
        assert browser.find("h1").text == "29 April 2025"
        browser.find("summary").click()
        assert "the sun is -4.2 degrees high" in browser.find("details").text
        browser.find(".steps a[rel=prev]").click()
        assert browser.find("h1").text == "28 April 2025"
        assert browser.complaints() == []
    finally:
        browser.driver.quit()


def test_a_copy_works_from_a_folder_without_a_server(browser: Browser, site: Site, tmp_path: Path) -> None:
    copied = export_pages(site.store, SETTINGS, tmp_path)
    assert copied["problems"] == []
    for name in ("index.html", "nights/uao/minime05/20250429.html", "instruments/minime05_uao.html"):
        browser.open(file_url(tmp_path / SETTINGS.key(name)))
        assert has_all_pictures(browser)
    browser.open(file_url(copied["index"]))
    choose(browser, "state", "waiting")
    assert shown(browser) == 1
    assert browser.driver.current_url.endswith("index.html?state=waiting")
    browser.find("#filter-reset").click()
    browser.find('.days a[href="nights/uao/minime05/20250429.html"]').click()
    picture = browser.find("figure a").get_property("href")
    assert "SummaryImages/2025/" in picture
    browser.open(picture)
    assert browser.run("return document.images[0].naturalWidth") == 1
