# What the study takes, before its models are run: snakemake --cores 2 plan


rule plan_study:
    input:
        manifests=paths("results/corpora/{dataset}/manifest.parquet", RUNS),
        conditions=paths(CONDITION, RUNS),
        # Figures of jobs that ran here, if any did.
        measured=lambda wildcards: sorted(map(str, Path("results/benchmarks/respond").glob("*/*/*/*.report.json"))),
    output:
        csv="results/plan.csv",
        md="results/plan.md",
    log:
        "logs/plan_study.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        planned=[
            {
                "experiment": vars(experiment),
                "limit": limit(settings, experiment),
                "conditions": [run.condition for run in RUNS_OF[experiment]],
            }
            for experiment in EXPERIMENTS
        ],
        datasets=SHOWN_DATASETS,
        models={name: config["models"][name] for name in SHOWN_MODELS},
        gpus=lambda wildcards: gpus_here(),
        missing=lambda wildcards: missing_here(SHOWN_MODELS),
        code=version("plan_study"),
    script:
        "../../scripts/plan_study.py"
