# From tokens and metrics to figures.


rule draw_figure:
    input:
        figure_inputs,
    output:
        pdf="results/figures/{name}.pdf",
        svg="results/figures/{name}.svg",
        png=report(
            "results/figures/{name}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{name}"},
        ),
    log:
        "logs/draw_figure/{name}.log",
    wildcard_constraints:
        name=wildcard(FIGURES),
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        figure=lambda wildcards: FIGURES[wildcards.name]["figure"],
        scope=lambda wildcards: FIGURES[wildcards.name]["scope"],
        datasets=config["datasets"],
        models=config["models"],
        cells=CELLS,
        confidence=config["statistics"]["confidence"],
        code=lambda wildcards: digest(f"cuealign.figures.{FIGURES[wildcards.name]['figure']}"),
    script:
        "../../scripts/draw_figure.py"
