# Raw objects go, once everything they were for is proven. One at a time (raw_listing): two nights of one site that
# look at the same moment would each find the other one still in need of their common cloud file.


rule cleanup:
    """Delete the raw objects of a night, once all they were for is proven"""
    input:
        manifest=reached("manifest"),
        published=reached("published"),
        reached=rules.load.output,
    output:
        cleaned=sentinel("cleaned"),
    log:
        f"logs/{NIGHT}/cleanup.log",
    priority: 11
    retries: 1
    resources:
        mem_mb=500,
        runtime=30,
        raw_listing=1,
    script:
        "../scripts/cleanup.py"


# Weather files that were uploaded again, complete, after the nights that needed them were done.
rule cleanup_weather:
    """Archive and delete weather files that no upload needs any more"""
    output:
        done=temp("work/weather/{site}_{date}.cleaned.json"),
    log:
        "logs/weather/{site}/{date}_cleanup.log",
    priority: 11
    retries: 1
    resources:
        mem_mb=500,
        runtime=10,
        raw_listing=1,
    script:
        "../scripts/cleanup_weather.py"
