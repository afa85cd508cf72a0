# What is in raw/, and which nights are worked on. The hourly profile repeats it in every run.

# What an archive may unpack to: decides with its bytes whether it is refused.
LIMITS = {
    name: config["archive"][name]
    for name in ("max_members", "max_gigabytes", "max_member_megabytes")
}


checkpoint discover:
    """Look at raw/: which nights are complete, and why the others wait"""
    output:
        "work/discovery.json",
    log:
        "logs/discover.log",
    retries: 1
    resources:
        mem_mb=500,
        runtime=10,
    script:
        "../scripts/discover.py"
