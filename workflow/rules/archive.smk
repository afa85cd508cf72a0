# From an upload in raw/ to frames in the archive, and the frames of an archived night on the local disk.
#
# No rule here has an object of raw/ as its input: an archived night is analysed again without them, and a night
# whose upload vanished fails by itself instead of stopping the planning of all others. It is the discovery that
# knows whether an upload is complete, or is another one than that in the archive.


rule concatenate:
    output:
        archive=temp(f"work/{NIGHT}/night.tar.gz"),
        record=temp(f"work/{NIGHT}/parts.json"),
    log:
        f"logs/{NIGHT}/concatenate.log",
    priority: 1
    conda:
        "../../environment.yml"
    script:
        "../scripts/concatenate.py"


rule extract:
    input:
        archive=rules.concatenate.output.archive,
        record=rules.concatenate.output.record,
    output:
        manifest=sentinel("manifest"),
    log:
        f"logs/{NIGHT}/extract.log",
    priority: 2
    conda:
        "../../environment.yml"
    script:
        "../scripts/extract.py"


# The archived weather files are not declared as outputs, or they would be removed before each new copy.
rule weather:
    output:
        record=temp("work/weather/{site}_{date}.json"),
        files=temp(directory("work/weather/{site}_{date}")),
    log:
        "logs/weather/{site}/{date}.log",
    priority: 3
    conda:
        "../../environment.yml"
    script:
        "../scripts/weather.py"


rule frames:
    input:
        manifest=rules.extract.output.manifest,
    output:
        frames=temp(directory(f"work/{NIGHT}/frames")),
        manifest=temp(f"work/{NIGHT}/frames.json"),
    log:
        f"logs/{NIGHT}/frames.log",
    priority: 4
    conda:
        "../../environment.yml"
    script:
        "../scripts/frames.py"
