# What is published of a night, brought back from the bucket: for `snakemake --report` where the local results are
# gone, and for plots of an archived night without a new analysis. The report of a night on a fresh disk is
#
#   snakemake --profile hourly -R fetch fetched/uao_20250429.json
#   snakemake --report uao_20250429.html fetched/uao_20250429.json
#
# No rule here has a night's sentinels or results as its input: they would ask for the night itself to be made.

FETCHED = f"fetched/{NIGHT}"


# The results take the place of those that are here; plots, say, can be made again from them
# (-R plots nights/uao_20250429.json). They are as new as their files: without -R, asking for the night publishes
# them once more, as they are.
rule fetch:
    """Bring what is published of a night back from the bucket"""
    output:
        results=directory(f"results/{NIGHT}"),
        log=in_report(directory(f"{FETCHED}/log"), "log", patterns=["{tag}.log"]),
        winds=in_report(directory(f"{FETCHED}/winds"), "winds", patterns=["{tag}.png"]),
        temperature=in_report(
            directory(f"{FETCHED}/temperature"), "temperature", patterns=["{tag}.png"]
        ),
        diagnostics=in_report(
            directory(f"{FETCHED}/diagnostics"), "diagnostics", patterns=["{tag}.png"]
        ),
        profiles=in_report(
            directory(f"{FETCHED}/profiles"), "profiles", patterns=["{tag}.png"]
        ),
        frames=in_report(
            directory(f"{FETCHED}/frames"), "frames", patterns=["{tag}.png"]
        ),
    log:
        f"logs/{NIGHT}/fetch.log",
    retries: 1
    resources:
        mem_mb=2000,  # it draws plots of tags without a result
        runtime=30,
    script:
        "../scripts/fetch.py"


rule fetched:
    """What is published of a site's date or of one night: fetched/uao_20250429.json"""
    input:
        lambda wildcards: [
            directory
            for night in published_nights(wildcards.asked)
            for directory in files_of(night, rules.fetch.output)
        ],
    output:
        summary=in_report(
            "fetched/{asked}.json",
            "summary",
            tag="all",
            category=lambda wildcards: wildcards.asked.split("_")[-2],
            subcategory="summary",
        ),
    log:
        "logs/fetched/{asked}.log",
    params:
        nights=lambda wildcards: [
            night.name for night in published_nights(wildcards.asked)
        ],
    script:
        "../scripts/night_summary.py"
