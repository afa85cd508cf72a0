# From the products of an analysis to the bucket and the database.


# The night is marked as unfinished here: the next step begins with the loss of the old index. What is to be kept of
# it, where a tag has come to no result this time, is in the plan; and a copy of it is in the bucket (delivered.json).
rule collect:
    input:
        outcomes=of_every_tag(rules.analyze.output.outcome),
        products=of_every_tag(
            rules.analyze.output.night,
            *rules.tables.output,
            *rules.plots.output,
            *rules.quicklook.output,
        ),
    output:
        plan=temp(f"work/{NIGHT}/delivery.json"),
    log:
        f"logs/{NIGHT}/collect.log",
    priority: 7
    conda:
        "../../environment.yml"
    script:
        "../scripts/collect.py"


rule publish:
    input:
        plan=rules.collect.output.plan,
    output:
        index=sentinel("published"),
    log:
        f"logs/{NIGHT}/publish.log",
    priority: 8
    conda:
        "../../environment.yml"
    script:
        "../scripts/publish.py"


rule load:
    input:
        index=rules.publish.output.index,
    output:
        loaded=sentinel("loaded"),
    log:
        f"logs/{NIGHT}/load.log",
    priority: 9
    conda:
        "../../environment.yml"
    script:
        "../scripts/load.py"


if config["pages"]["prefix"]:

    # The night's own page. The index, which is of all nights, is brought up to date after the run.
    rule page:
        input:
            loaded=rules.load.output.loaded,
        output:
            page=sentinel("page"),
        log:
            f"logs/{NIGHT}/page.log",
        priority: 10
        conda:
            "../../environment.yml"
        script:
            "../scripts/page.py"
