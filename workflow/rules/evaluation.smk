# From predictions to metrics.


rule evaluate:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        predictions=lambda wildcards: paths(PREDICTION, runs_of_experiment(wildcards)),
    output:
        metrics=expand("results/metrics/{{dataset}}/{{split}}/{{model}}/{analysis}.csv", analysis=settings.analyses),
    log:
        "logs/evaluate/{dataset}/{split}/{model}.log",
    conda:
        "../../envs/cuealign.yaml"
    resources:
        mem=growing("4GB"),
        runtime="30m",
    params:
        splits=of_dataset("splits"),
        limit=limit_of,
        conditions=lambda wildcards: [run.condition for run in runs_of_experiment(wildcards)],
        labels=of_dataset("labels"),
        statistics=config["statistics"],
        analyses=settings.analyses,
        code=lambda wildcards: version(
            "evaluate",
            *map(ANALYSES.module_name, settings.analyses),
            *intervention_modules(runs_of_experiment(wildcards)),
        ),
    script:
        "../../scripts/evaluate.py"


rule summarise_checks:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        predictions=lambda wildcards: paths(PREDICTION, runs_of_experiment(wildcards)),
        checks=lambda wildcards: checks_of(Experiment(wildcards.dataset, wildcards.split, wildcards.model)),
        comparisons=lambda wildcards: metrics_of(
            runs_of_experiment(wildcards), ["comparisons"] if "comparisons" in settings.analyses else []
        ),
    output:
        summary="results/metrics/{dataset}/{split}/{model}/checks.csv",
    log:
        "logs/summarise_checks/{dataset}/{split}/{model}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        splits=of_dataset("splits"),
        limit=limit_of,
        labels=of_dataset("labels"),
        code=version("summarise_checks"),
    script:
        "../../scripts/summarise_checks.py"


rule measure_grounding:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        predictions=lambda wildcards: paths(PREDICTION, runs_of_experiment(wildcards)),
        blocks=lambda wildcards: paths(CONDITION, with_block(runs_of_experiment(wildcards))),
        listeners=lambda wildcards: paths(PREDICTION, runs_of_listeners(wildcards)),
        checks="results/metrics/{dataset}/{split}/{model}/checks.csv",
    output:
        reliance="results/metrics/{dataset}/{split}/{model}/reliance.csv",
        reading="results/metrics/{dataset}/{split}/{model}/reading.csv",
        interactions="results/metrics/{dataset}/{split}/{model}/interactions.csv",
        speakers="results/metrics/{dataset}/{split}/{model}/speakers.csv",
        judged="results/metrics/{dataset}/{split}/{model}/verdict.json",
    log:
        "logs/measure_grounding/{dataset}/{split}/{model}.log",
    conda:
        "../../envs/cuealign.yaml"
    resources:
        mem=growing("4GB"),
        runtime="30m",
    params:
        splits=of_dataset("splits"),
        conditions=lambda wildcards: [run.condition for run in runs_of_experiment(wildcards)],
        with_block=lambda wildcards: [run.condition for run in with_block(runs_of_experiment(wildcards))],
        listened=lambda wildcards: [(hears_of(run.model), *run.condition) for run in runs_of_listeners(wildcards)],
        labels=of_dataset("labels"),
        statistics=config["statistics"],
        judgement=config["grounding"],
        code=lambda wildcards: version(
            "measure_grounding",
            *intervention_modules(runs_of_experiment(wildcards)),
        ),
    script:
        "../../scripts/measure_grounding.py"


rule compare_models:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        predictions=lambda wildcards: paths(PREDICTION, compared_runs(wildcards)),
        blocks=lambda wildcards: paths(CONDITION, with_block(compared_runs(wildcards))),
    output:
        compared="results/metrics/{dataset}/{split}/models.csv",
    log:
        "logs/compare_models/{dataset}/{split}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        splits=of_dataset("splits"),
        runs=lambda wildcards: [(run.model, *run.condition) for run in compared_runs(wildcards)],
        with_block=lambda wildcards: list(dict.fromkeys(run.condition for run in with_block(compared_runs(wildcards)))),
        labels=of_dataset("labels"),
        statistics=config["statistics"],
        code=version("compare_models"),
    script:
        "../../scripts/compare_models.py"
