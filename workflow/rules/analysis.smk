# The analysis of a night, once for each tag that the registry expects. Its outputs are local: the products in the
# bucket are replaced only after the whole night was analysed.


rule analyze:
    input:
        frames=rules.frames.output.frames,
        manifest=rules.frames.output.manifest,
        weather=rules.weather.output.record,
        clouds=rules.weather.output.files,
    output:
        outcome=f"results/{NIGHT}/{{tag}}/outcome.json",
        products=directory(f"results/{NIGHT}/{{tag}}/products"),
    log:
        f"logs/{NIGHT}/analyze_{{tag}}.log",
    priority: 5
    conda:
        "../../environment.yml"
    script:
        "../scripts/analyze.py"
