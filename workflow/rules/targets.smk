# What may be asked for beside everything that the discovery found to do (all): single nights of the archive.


rule site_night:
    """All nights of a site on a date, in one summary: nights/uao_20250429.json"""
    input:
        lambda wildcards: finished(archived_nights(wildcards.site, wildcards.date)),
    output:
        summary=in_report(
            "nights/{site}_{date}.json", "summary", tag="all", subcategory="summary"
        ),
    log:
        "logs/nights/{site}_{date}.log",
    params:
        nights=lambda wildcards: [
            night.name for night in archived_nights(wildcards.site, wildcards.date)
        ],
    script:
        "../scripts/night_summary.py"


rule instrument_night:
    """A night of one instrument: nights/minime05_uao_20250429.json"""
    input:
        lambda wildcards: finished([night_of(wildcards)]),
    output:
        summary=in_report(
            "nights/{instrument}_{site}_{date}.json",
            "summary",
            tag="all",
            subcategory="summary",
        ),
    log:
        "logs/nights/{instrument}_{site}_{date}.log",
    params:
        nights=lambda wildcards: [night_of(wildcards).name],
    script:
        "../scripts/night_summary.py"
