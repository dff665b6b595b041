# The results page: one file per dataset and split that a researcher can send to a colleague, and a cover.


rule make_page:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        conditions=lambda wildcards: paths(CONDITION, runs_of(wildcards)),
        predictions=lambda wildcards: paths(PREDICTION, runs_of(wildcards)),
        metrics=lambda wildcards: metrics_of(runs_of(wildcards), PAGE_NEEDS),
        counts="results/corpora/{dataset}/counts.json",
        shown=lambda wildcards: expand(
            "results/figures/{drawing}.{format}", drawing=drawings_of_page(wildcards), format=["svg", "json"]
        )
        + expand("results/tables/{table}.{format}", table=TABLES_SHOWN, format=["csv", "json"]),
        provenance="results/provenance.json",
    output:
        page=report(
            "results/report/{dataset}_{split}.html",
            caption="../report/page.rst",
            category="All results",
            labels={"dataset": "{dataset}", "split": "{split}"},
        ),
        summary="results/report/{dataset}_{split}.json",
    log:
        "logs/make_page/{dataset}/{split}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        runs=lambda wildcards: [(run.model, *run.condition) for run in runs_of(wildcards)],
        datasets=SENT_DATASETS,
        models=SENT_MODELS,
        colours=lambda wildcards: {run.model: MODEL_COLOURS[run.model] for run in runs_of(wildcards)},
        prompts=lambda wildcards: config["prompts"],
        answers=lambda wildcards: answers_of(wildcards.dataset),
        cue_block=lambda wildcards: settings.cue_block,
        readout=settings.readout,
        statistics=config["statistics"],
        judgement=config["grounding"],
        tables=TABLES_SHOWN,
        drawings=drawings_of_page,
        citation=lambda wildcards: resource("citation.cff"),
        has_conditions="conditions" in PAGE_NEEDS,
        options=config["report"],
        content=look_version(),
        code=lambda wildcards: version("make_page", *intervention_modules(runs_of(wildcards))),
    script:
        "../../scripts/make_page.py"


rule make_cover:
    input:
        pages=PAGES,
        summaries=paths("results/report/{dataset}_{split}.json", RUNS),
    output:
        cover="results/report/index.html",
    log:
        "logs/make_cover.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        content=look_version(),
        code=version("make_cover"),
    script:
        "../../scripts/make_cover.py"
