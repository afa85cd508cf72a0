# What may be asked for: everything that the discovery found to do, or single nights of the archive.


rule site_night:
    input:
        lambda wildcards: [
            cleaned(night) for night in archived_nights(wildcards.site, wildcards.date)
        ],
    output:
        summary="nights/{site}_{date}.json",
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
        summary=f"nights/{NIGHT_NAME}.json",
    log:
        f"logs/nights/{NIGHT_NAME}.log",
    conda:
        "../../environment.yml"
    params:
        nights=lambda wildcards: [night_of(wildcards).name],
    script:
        "../scripts/night_summary.py"
