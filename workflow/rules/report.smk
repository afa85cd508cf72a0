# What is published of a night, brought back from the bucket: for `snakemake --report` where the local results are
# gone, and for plots of an archived night without a new analysis. The report of a night on a fresh disk is
#
#   snakemake --profile hourly -R fetch fetched/uao_20250429.json
#   snakemake --report uao_20250429.html fetched/uao_20250429.json
#
# No rule here has a night's sentinels or results as its input: they would ask for the night itself to be made.


# It also fills results/ where nothing is: of that, plots can be made again (-R plots nights/uao_20250429.json).
rule fetch:
    output:
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
        f"logs/{FETCHED}.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch.py"


rule fetched:
    input:
        lambda wildcards: [
            directory
            for night in published_nights(wildcards.asked)
            for directory in fetched_files(night)
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
    conda:
        "../../environment.yml"
    params:
        nights=lambda wildcards: [
            night.name for night in published_nights(wildcards.asked)
        ],
    script:
        "../scripts/night_summary.py"
