"""A static site of all nights in the bucket, made from results: for a browser and any web server."""

from airglow.model.at_first_use import from_modules

_HOMES = {
    "PagesSettings": "settings",
    "export_pages": "export",
    "publish_night_page": "night",
    "rebuild_pages": "rebuild",
    "update_pages": "site",
}
__all__ = [*_HOMES]

__getattr__ = from_modules(__name__, _HOMES)
