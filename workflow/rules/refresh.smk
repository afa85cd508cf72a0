# A published night whose weather came late, or grew. No frame is needed for it but the two that a picture shows.


# From the fits in the bucket to the cleanup in one job: it takes seconds. Where the fits do not hold any more (other
# code, settings or registry), the night is analysed again from its archived frames, and the log says so.
rule refresh:
    """Finish a published night again with weather files that came late"""
    output:
        record=temp(f"work/{NIGHT}/refreshed.json"),
    log:
        f"logs/{NIGHT}/refresh.log",
    priority: 7
    retries: 1
    resources:
        mem_mb=1500,
        runtime=90,
        raw_listing=1,
    script:
        "../scripts/refresh.py"
