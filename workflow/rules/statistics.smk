# From predictions to metrics and tables.


rule evaluate:
    input:
        lambda wildcards: paths(
            "results/predictions/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.parquet", runs_of(wildcards)
        ),
    output:
        conditions="results/metrics/{dataset}/{split}/{model}/conditions.csv",
        comparisons="results/metrics/{dataset}/{split}/{model}/comparisons.csv",
        trend="results/metrics/{dataset}/{split}/{model}/trend.csv",
        confusion="results/metrics/{dataset}/{split}/{model}/confusion.csv",
    log:
        "logs/evaluate/{dataset}/{split}/{model}.log",
    conda:
        "../../envs/cuealign.yaml"
    resources:
        mem=growing("4GB"),
        runtime="30m",
    params:
        conditions=lambda wildcards: [run.condition for run in runs_of(wildcards)],
        labels=of_dataset("labels"),
        statistics=config["statistics"],
        code=digest("cuealign.statistics.metrics"),
    script:
        "../../scripts/evaluate.py"


rule make_table:
    input:
        metrics=metrics_of(RUNS),
        corpora=paths(
            "results/corpora/{dataset}/{name}", RUNS, name=["counts.json", "manifest.parquet", "descriptors.parquet"]
        ),
        published=workflow.source_path("../../resources/published.csv"),
    output:
        csv=report(
            "results/tables/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        tex="results/tables/{table}.tex",
        md="results/tables/{table}.md",
    log:
        "logs/make_table/{table}.log",
    wildcard_constraints:
        table=wildcard(settings.tables),
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        table="{table}",
        datasets=config["datasets"],
        models=config["models"],
        cells=CELLS,
        confidence=config["statistics"]["confidence"],
        code=lambda wildcards: digest(f"cuealign.tables.{wildcards.table}"),
    script:
        "../../scripts/make_table.py"
