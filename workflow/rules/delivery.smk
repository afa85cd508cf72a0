# From the products of an analysis to the bucket and the database.


# The night is marked as unfinished here: the next step begins with the loss of the old index. What is to be kept of
# it, where a tag has come to no result this time, is in the plan; and a copy of it is in the bucket (delivered.json).
rule collect:
    """List what a night delivers and keeps"""
    input:
        outcomes=of_every_tag(rules.analyze.output.outcome),
        products=of_every_tag(
            rules.analyze.output.night,
            *rules.tables.output,
            *rules.plots.output,
            *PUBLISHED_PAPER_PLOTS,
            *rules.quicklook.output,
        ),
    output:
        plan=temp(f"work/{NIGHT}/delivery.json"),
    log:
        f"logs/{NIGHT}/collect.log",
    benchmark:
        f"benchmarks/{NIGHT}/collect.tsv"
    priority: 7
    retries: 1
    resources:
        mem_mb=500,
        runtime=10,
    script:
        "../scripts/collect.py"


rule publish:
    """Put the products of a night into the bucket, and their index after them"""
    input:
        plan=rules.collect.output.plan,
    output:
        index=sentinel("published"),
    log:
        f"logs/{NIGHT}/publish.log",
    benchmark:
        f"benchmarks/{NIGHT}/publish.tsv"
    priority: 8
    retries: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        transfers=config["archive"]["threads"],
    script:
        "../scripts/publish.py"


rule load:
    """Load a night into the database, in one transaction"""
    input:
        index=rules.publish.output.index,
    output:
        loaded=sentinel("loaded"),
    log:
        f"logs/{NIGHT}/load.log",
    priority: 9
    retries: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        attempts=config["database"]["attempts"],
    script:
        "../scripts/load.py"


if config["pages"]["prefix"]:

    # The night's own page. The index, which is of all nights, is brought up to date after the run.
    rule page:
        """Write the page of a night"""
        input:
            loaded=rules.load.output.loaded,
        output:
            page=sentinel("page"),
        log:
            f"logs/{NIGHT}/page.log",
        priority: 10
        retries: 1
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            settings=config["pages"],
        script:
            "../scripts/page.py"
