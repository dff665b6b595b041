# From prompts to answers to predictions.


rule train:
    input:
        manifest=training_source("manifest.parquet"),
        tokens=training_source("tokens.parquet"),
    output:
        directory("results/models/{model}"),
    log:
        "logs/train/{model}.log",
    benchmark:
        "results/benchmarks/train/{model}.jsonl"
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if model.training),
    conda:
        "../../envs/cuealign.yaml"
    resources:
        mem=growing("4GB"),
        runtime="2h",
    params:
        training=training_of,
        splits=lambda wildcards: config["datasets"][training_of(wildcards)["dataset"]]["splits"],
        labels=lambda wildcards: labels_of(training_of(wildcards)["dataset"]),
        prompt=prompt_of,
        code=lambda wildcards: digest(f"cuealign.training.{training_of(wildcards)['recipe']}"),
    script:
        "../../scripts/train.py"


# One job loads the model once and answers all conditions of its utterances. What was answered before, by this job or
# one that was killed, is kept in the store beside the output and never computed again.
rule respond:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        conditions=lambda wildcards: paths(
            "results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet",
            runs_of({"dataset": wildcards.dataset, "split": wildcards.split, "model": wildcards.model}),
        ),
        checkpoint=lambda wildcards: config["models"][wildcards.model]["path"] if training_of(wildcards) else [],
    output:
        "results/responses/{dataset}/{split}/{model}/shard{shard}.parquet",
    log:
        "logs/respond/{dataset}/{split}/{model}/shard{shard}.log",
    benchmark:
        "results/benchmarks/respond/{dataset}/{split}/{model}/shard{shard}.jsonl"
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if not model.device.startswith("cuda")),
    conda:
        "../../envs/cuealign.yaml"
    threads: of_model("threads")
    resources:
        mem=memory_of_model,
        runtime=of_model("runtime"),
    params:
        store="results/responses/{dataset}/{split}/{model}/store",
        # No output: figures of the last run, beside Snakemake's own, that nothing depends on.
        work="results/benchmarks/respond/{dataset}/{split}/{model}/shard{shard}.work.json",
        model=backend_of,
        shards=of_model("shards"),
        splits=of_dataset("splits"),
        limit=lambda wildcards: settings.limit(wildcards.dataset, wildcards.split, wildcards.model),
        labels=lambda wildcards: labels_of(wildcards.dataset),
        prompt=prompt_of,
        code=lambda wildcards: digest(
            "cuealign.inference.sweep",
            "cuealign.inference.engines",
            f"cuealign.models.backends.{config['models'][wildcards.model]['backend']}",
        ),
    script:
        "../../scripts/respond.py"


# The same on a GPU: a rule of its own, so that a cluster's profile can send it where the GPUs are.
use rule respond as respond_on_gpu with:
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if model.device.startswith("cuda")),
    resources:
        gpu=1,
        mem=memory_of_model,
        runtime=of_model("runtime"),


rule predict:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        condition="results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet",
        responses=lambda wildcards: expand(
            "results/responses/{dataset}/{split}/{model}/shard{shard}.parquet", **wildcards, shard=shards(wildcards)
        ),
    output:
        "results/predictions/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.parquet",
    log:
        "logs/predict/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        readout=config["readout"],
        splits=of_dataset("splits"),
        limit=lambda wildcards: settings.limit(wildcards.dataset, wildcards.split, wildcards.model),
        labels=lambda wildcards: labels_of(wildcards.dataset),
        prompt=prompt_of,
        code=digest("cuealign.predictions"),
    script:
        "../../scripts/predict.py"
