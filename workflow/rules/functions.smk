# Functions of the rules: which nights and files they mean, and what a report shows.

import datetime as dt
import json
from functools import lru_cache

from airglow.pipeline import nights as nights_of_targets
from airglow.pipeline.states import mirror_path, mirror_states
from airglow.registry.overrides import overrides_of_night
from airglow.uploads import discovery_from_json


def night_of(wildcards):
    """The night that wildcards name."""
    return or_workflow_error(
        NightId.parse, f"{wildcards.instrument}_{wildcards.site}_{wildcards.date}"
    )


@lru_cache
def archived_nights(site, date):
    """Nights of all instruments of a site on a date, in the archive or uploaded; the bucket is asked once."""
    return or_workflow_error(
        nights_of_targets.archived_nights, STORE, REGISTRY, site, date
    )


@lru_cache
def published_nights(asked):
    """Nights with published products that ``uao_20250429`` names; the bucket is asked once."""
    return or_workflow_error(nights_of_targets.published_nights, STORE, REGISTRY, asked)


PLANNED_AT = dt.datetime.now(dt.UTC)
LOOKED_AT = set()  # nights whose sentinels have mirrors like the bucket


def looked_at(night):
    """The night, once the mirrors of its sentinels are like the bucket: it is asked once, by the run itself."""
    if workflow.is_main_process and night not in LOOKED_AT:
        or_workflow_error(mirror_states, STORE, night, STATES)
        LOOKED_AT.add(night)
    return night


def reached(name):
    """A night's sentinel as an input, as the bucket has it when the night is planned: an input function."""

    def mirror(wildcards):
        return str(mirror_path(STATES, looked_at(night_of(wildcards)), name))

    return mirror


def finished(nights):
    """The last sentinels of nights: asking for them asks for everything."""
    return [str(mirror_path(STATES, looked_at(night), "cleaned")) for night in nights]


def files_of(night, patterns):
    """Files of a night by their patterns."""
    return expand(
        patterns,
        instrument=night.instrument,
        site=night.site,
        year=f"{night.date:%Y}",
        date=night.day,
    )


def wanted_by_discovery(wildcards):
    """Sentinels of all nights to be worked on, and weather files to be cleaned.

    Nothing, if a night is asked for by name: ``-R analyze nights/uao_20250429.json`` reads as two things to
    redo and no target, and would redo the nights of the last discovery as well.
    """
    if any(not workflow.is_rule(name) for name in workflow.dag_settings.forcerun):
        return []
    nothing_is_done = workflow.execution_settings is None  # a picture, or a report
    found = str(WORK / "discovery.json")
    # A picture or report is of what was found last, also where a run would look again.
    if not (nothing_is_done and Path(found).exists()):
        found = checkpoints.discover.get().output[0]
    discovery = or_workflow_error(
        discovery_from_json, json.loads(Path(found).read_text()), found
    )
    nights = [report.night for report in discovery.wanted if not report.refresh]
    refreshed = [report.night for report in discovery.wanted if report.refresh]
    if discovery.made_at > PLANNED_AT:  # in this run: it has made the mirrors
        LOOKED_AT.update([*nights, *refreshed])
    if nothing_is_done:
        nights = nights_of_targets.nights_to_show(discovery, WORK)
        refreshed = []
    leftovers = [
        {"site": day.site, "date": f"{day.date:%Y%m%d}"}
        for day in discovery.weather_leftovers
    ]
    return [
        found,
        *finished(nights),
        *(
            path
            for night in refreshed
            for path in files_of(night, rules.refresh.output)
        ),
        *(rules.cleanup_weather.output.done.format(**day) for day in leftovers),
    ]


def of_every_tag(*files):
    """Files of all tags that the instrument uses on a night's date: an input function."""

    def expanded(wildcards):
        night = night_of(wildcards)
        tags = or_workflow_error(
            REGISTRY.instrument, night.instrument, night.date
        ).expected_tags
        return expand(files, tag=tags, **dict(wildcards.items()))

    return expanded


def decided_by_hand(wildcards):
    """What was decided by hand for a night, in words: nothing for most nights."""
    night = night_of(wildcards)
    instrument = or_workflow_error(REGISTRY.instrument, night.instrument, night.date)
    site = or_workflow_error(REGISTRY.site, night.site)
    return list(overrides_of_night(instrument.overrides, site, night.date).sentences)


def if_wanted(switch, **files):
    """Outputs that the configuration may do without."""
    return files if config["products"][switch] else {}


def in_report(path, what, tag=None, **more):
    """Show a file in ``snakemake --report``, with the caption of its kind."""

    def labels(wildcards):
        day = (wildcards.get("date") or wildcards.asked)[-8:]
        night = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        return {"night": night, "tag": tag or wildcards.tag, "what": what}

    return report(
        path,
        caption=f"../report/{what}.rst",
        labels=labels,
        **{"category": "{site}", "subcategory": "{instrument}", **more},
    )
