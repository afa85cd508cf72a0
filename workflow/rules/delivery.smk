# From the products of an analysis to the bucket and the database.


# The night is marked as unfinished first, then the old index goes: from there on the night is between old and new.
# What is to be kept of it, where a tag has come to no result this time, is found before.
rule publish:
    """Put the products of a night into the bucket, and their index after them"""
    input:
        outcomes=of_every_tag(rules.analyze.output.outcome),
        products=of_every_tag(
            rules.analyze.output.night,
            rules.analyze.output.frames,
            *rules.plots.output,
            *PUBLISHED_PAPER_PLOTS,
        ),
    output:
        index=sentinel("published"),
    log:
        f"logs/{NIGHT}/publish.log",
    priority: 8
    retries: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        transfers=config["archive"]["threads"],
    script:
        "../scripts/publish.py"


# The page is the night's own; the index, which is of all nights, is brought up to date after the run.
rule load:
    """Load a night into the database, in one transaction, and write its page"""
    input:
        index=reached("published"),
    output:
        **{
            name: sentinel(name)
            for name in ("loaded", "page")
            if name == "loaded" or config["pages"]["prefix"]
        },
    log:
        f"logs/{NIGHT}/load.log",
    priority: 9
    retries: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        attempts=config["database"]["attempts"],
        pages=config["pages"],
    script:
        "../scripts/load.py"
