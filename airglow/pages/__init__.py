"""A static site of all nights in the bucket, made from results: for a browser and any web server."""

from airglow.pages.export import export_pages
from airglow.pages.night import publish_night_page
from airglow.pages.rebuild import rebuild_pages
from airglow.pages.settings import PagesSettings
from airglow.pages.site import update_pages

__all__ = ["PagesSettings", "export_pages", "publish_night_page", "rebuild_pages", "update_pages"]
