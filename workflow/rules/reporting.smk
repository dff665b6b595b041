# From metrics to tables and figures, and the provenance of all results.


rule make_table:
    input:
        metrics=lambda wildcards: metrics_of(RUNS, needs_of_table(wildcards)),
        corpora=paths(
            "results/corpora/{dataset}/{name}", RUNS, name=["counts.json", "manifest.parquet", "descriptors.parquet"]
        ),
        blocks=blocks_of_table,
    output:
        csv=report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        tex="results/tables/{table}.tex",
        md="results/tables/{table}.md",
        json="results/tables/{table}.json",
    log:
        "logs/make_table/{table}.log",
    wildcard_constraints:
        table=wildcard(settings.tables),
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        options=lambda wildcards: settings.tables[wildcards.table],
        datasets=SENT_DATASETS,
        models=SENT_MODELS,
        experiments=[vars(experiment) for experiment in EXPERIMENTS],
        # A table that shows no model has no interval.
        statistics=lambda wildcards: PLAIN["statistics"] if needs_of_table(wildcards) else {},
        deviations=lambda wildcards: DEVIATIONS if needs_of_table(wildcards) else {},
        published=resource("published.csv"),
        code=lambda wildcards: version(
            "make_table",
            TABLES.module_name(wildcards.table),
            *intervention_modules(RUNS if needs_of_table(wildcards) else []),
        ),
    script:
        "../../scripts/make_table.py"


rule draw_figure:
    input:
        shown=figure_inputs,
    output:
        pdf="results/figures/{drawing}.pdf",
        svg="results/figures/{drawing}.svg",
        tex="results/figures/{drawing}.tex",
        json="results/figures/{drawing}.json",
        png=report(
            "results/figures/{drawing}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{drawing}"},
        ),
    log:
        "logs/draw_figure/{drawing}.log",
    wildcard_constraints:
        drawing=wildcard(DRAWINGS),
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        figure=lambda wildcards: DRAWINGS[wildcards.drawing]["figure"],
        scope=lambda wildcards: DRAWINGS[wildcards.drawing]["scope"],
        options=lambda wildcards: figure_of(wildcards).options,
        width=lambda wildcards: figure_of(wildcards).width,
        style=PLAIN["figure_style"],
        colours=lambda wildcards: {run.model: MODEL_COLOURS[run.model] for run in evaluated_in(wildcards)},
        caption=lambda wildcards: FIGURES.constant(DRAWINGS[wildcards.drawing]["figure"], "CAPTION", ""),
        datasets=lambda wildcards: {run.dataset: SENT_DATASETS[run.dataset] for run in shown_in(wildcards)},
        models=lambda wildcards: {run.model: SENT_MODELS[run.model] for run in evaluated_in(wildcards)},
        experiments=lambda wildcards: [
            vars(experiment) for experiment in dict.fromkeys(run.experiment for run in evaluated_in(wildcards))
        ],
        statistics={"confidence": settings.statistics.confidence},
        code=lambda wildcards: version(
            "draw_figure",
            FIGURES.module_name(DRAWINGS[wildcards.drawing]["figure"]),
            *intervention_modules(evaluated_in(wildcards)),
        ),
    script:
        "../../scripts/draw_figure.py"


# Its inputs are all results, so that it is made again whenever one of them is.
rule record_provenance:
    input:
        corpora=paths("results/corpora/{dataset}/{name}", RUNS, name=["manifest.parquet", "counts.json"]),
        responses=RESPONSE_FILES,
        metrics=METRIC_FILES,
        tables=TABLE_FILES,
        figures=FIGURE_FILES,
    output:
        provenance="results/provenance.json",
    log:
        "logs/record_provenance.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        config=PLAIN,
        shown=TABLE_FILES + FIGURE_FILES,
        code=version("record_provenance"),
    script:
        "../../scripts/record_provenance.py"
