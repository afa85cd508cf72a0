# The analysis of a night, once for each tag that the registry expects, and what is made of its result. All of it is
# local: the products in the bucket are replaced only after the whole night was analysed.
#
# Every file is a target of its own, and tables and plots are made from night.nc alone:
#
#   snakemake --profile hourly results/minime05/uao/2025/20250429/XR/winds.png
#   snakemake --profile hourly -R plots nights/uao_20250429.json # all of them once more, nothing is fitted
#
# A tag that cannot be analysed has all these files too: they say why, and stay here (outcome.json tells publish).


# The picture of a laser frame and a sky frame is the only one that needs frames, which are at hand here.
rule analyze:
    """Analyse one tag of a night: from frames to winds and temperatures"""
    input:
        frames=rules.frames.output.frames,
        manifest=rules.frames.output.manifest,
        weather=rules.weather.output.record,
        clouds=rules.weather.output.files,
    output:
        night=f"{RESULTS}/night.nc",
        outcome=f"{RESULTS}/outcome.json",
        frames=in_report(f"{RESULTS}/frames.png", "frames"),
        fitted=f"{RESULTS}/fitted.npz",
    log:
        f"logs/{NIGHT}/analyze_{{tag}}.log",
    priority: 5
    threads: 1  # as for linear algebra: small fits gain nothing from more
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        settings=config["analysis"],
        overrides=decided_by_hand,  # the instrument has them; here they tell Snakemake what has changed
    script:
        "../scripts/analyze.py"


rule plots:
    """Write tables and Madrigal files from the result of a tag, and draw it"""
    input:
        night=rules.analyze.output.night,
    output:
        **if_wanted("legacy_npz", legacy=f"{RESULTS}/legacy.npz"),
        log=in_report(f"{RESULTS}/night.log", "log"),
        madrigal=f"{RESULTS}/madrigal.txt",
        madrigal_hdf5=f"{RESULTS}/madrigal.hdf5",
        samples=f"{RESULTS}/samples.csv",
        winds_table=f"{RESULTS}/winds.csv",
        winds=in_report(f"{RESULTS}/winds.png", "winds"),
        temperature=in_report(f"{RESULTS}/temperature.png", "temperature"),
        diagnostics=in_report(f"{RESULTS}/diagnostics.png", "diagnostics"),
        profiles=in_report(f"{RESULTS}/profiles.png", "profiles"),
    log:
        f"logs/{NIGHT}/plots_{{tag}}.log",
    priority: 6
    resources:
        mem_mb=1000,
        runtime=15,
    script:
        "../scripts/products.py"


# For who asks for one of them by name; with products.paper_plots they are published with the rest of every night.
rule paper_plots:
    """Draw the result of a tag as PDFs for papers"""
    input:
        night=rules.analyze.output.night,
    output:
        winds_paper=f"{RESULTS}/winds.pdf",
        temperature_paper=f"{RESULTS}/temperature.pdf",
        diagnostics_paper=f"{RESULTS}/diagnostics.pdf",
        profiles_paper=f"{RESULTS}/profiles.pdf",
    log:
        f"logs/{NIGHT}/paper_plots_{{tag}}.log",
    priority: 6
    resources:
        mem_mb=1000,
        runtime=15,
    script:
        "../scripts/products.py"


PUBLISHED_PAPER_PLOTS = (
    list(rules.paper_plots.output) if config["products"]["paper_plots"] else []
)
