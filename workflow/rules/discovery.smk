# What is in raw/, and which nights are worked on. The hourly profile repeats it in every run.


checkpoint discover:
    output:
        "work/discovery.json",
    log:
        "logs/discover.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/discover.py"
