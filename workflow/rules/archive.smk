# From an upload in raw/ to frames in the archive, and the frames of an archived night on the local disk.
#
# No rule here has an object of raw/ as its input: an archived night is analysed again without them, and a night
# whose upload vanished fails by itself instead of stopping the planning of all others. It is the discovery that
# knows whether an upload is complete, or is another one than that in the archive.


# The parts are joined in here: nothing else needs the archive, which stays on the disk only if the step fails. The
# unpacked frames are not temp: nobody has to need them (an archived night has none), so Snakemake would remove them at
# once. frames takes them away.
rule extract:
    """Join and unpack an upload, put its frames into the archive, and the manifest after them"""
    output:
        manifest=sentinel("manifest"),
        unpacked=directory(f"work/{NIGHT}/unpacked"),
    log:
        f"logs/{NIGHT}/extract.log",
    priority: 2
    resources:
        mem_mb=500,
        runtime=90,
    params:
        limits=LIMITS,
        transfers=config["archive"]["threads"],
    script:
        "../scripts/extract.py"


# The archived weather files are not declared as outputs, or they would be removed before each new copy.
rule weather:
    """Archive the cloud files of a date and the next one, and bring them to this disk"""
    output:
        record=temp("work/weather/{site}_{date}.json"),
        files=temp(directory("work/weather/{site}_{date}")),
    log:
        "logs/weather/{site}/{date}.log",
    priority: 3
    retries: 1
    resources:
        mem_mb=500,
        runtime=10,
    script:
        "../scripts/weather.py"


# What extract has just unpacked is moved; the rest, or all, comes from the archive.
rule frames:
    """Bring the frames of an archived night to this disk"""
    input:
        manifest=reached("manifest"),
    output:
        frames=temp(directory(f"work/{NIGHT}/frames")),
        manifest=temp(f"work/{NIGHT}/frames.json"),
    log:
        f"logs/{NIGHT}/frames.log",
    priority: 4
    retries: 1
    resources:
        mem_mb=500,
        runtime=60,
    params:
        unpacked=rules.extract.output.unpacked,
        transfers=config["archive"]["threads"],
    script:
        "../scripts/frames.py"
