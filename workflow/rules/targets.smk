# What may be asked for: everything that the discovery found to do, or single nights of the archive.


rule site_night:
    input:
        lambda wildcards: [
            cleaned(night) for night in archived_nights(wildcards.site, wildcards.date)
        ],
    output:
        summary=in_report(
            "nights/{site}_{date}.json", "summary", tag="all", subcategory="summary"
        ),
    log:
        "logs/nights/{site}_{date}.log",
    conda:
        "../../environment.yml"
    params:
        nights=lambda wildcards: [
            night.name for night in archived_nights(wildcards.site, wildcards.date)
        ],
    script:
        "../scripts/night_summary.py"


rule instrument_night:
    input:
        lambda wildcards: cleaned(night_of(wildcards)),
    output:
        summary=in_report(
            f"nights/{NIGHT_NAME}.json", "summary", tag="all", subcategory="summary"
        ),
    log:
        f"logs/nights/{NIGHT_NAME}.log",
    conda:
        "../../environment.yml"
    params:
        nights=lambda wildcards: [night_of(wildcards).name],
    script:
        "../scripts/night_summary.py"
