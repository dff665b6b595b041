# What the study takes, before its models are run: snakemake --cores 2 plan


rule plan_study:
    input:
        manifests=paths("results/corpora/{dataset}/manifest.parquet", RUNS),
        conditions=paths("results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet", RUNS),
        # Figures of jobs that ran here, if any did.
        measured=lambda wildcards: sorted(map(str, Path("results/benchmarks/respond").glob("*/*/*/*.work.json"))),
    output:
        csv="results/plan.csv",
        md="results/plan.md",
    log:
        "logs/plan_study.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        cells=[
            {
                "cell": cell,
                "limit": settings.limit(*cell),
                "conditions": [run.condition for run in RUNS_OF_CELL[cell]],
            }
            for cell in CELLS
        ],
        datasets={name: {key: entry[key] for key in ("title", "splits")} for name, entry in config["datasets"].items()},
        models={
            name: {key: entry[key] for key in ("title", "device", "shards", "runtime", "seconds_per_utterance")}
            for name, entry in config["models"].items()
        },
        code=digest("cuealign.plan"),
    script:
        "../../scripts/plan_study.py"
