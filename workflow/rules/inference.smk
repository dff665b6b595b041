# From prompts to answers to predictions.


rule train:
    input:
        manifest=training_source("manifest.parquet"),
        tokens=training_source("tokens.parquet"),
    output:
        checkpoint=directory("results/models/{model}"),
    log:
        "logs/train/{model}.log",
    benchmark:
        "results/benchmarks/train/{model}.jsonl"
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if model.training),
    # Training and answering take longest and the most waits for them, so they go before the short jobs that are ready.
    priority: 2
    conda:
        "../../envs/cuealign.yaml"
    resources:
        mem=growing("4GB"),
        runtime="2h",
    params:
        training=of_model("training"),
        descriptors=training_source("descriptors"),
        splits=lambda wildcards: settings.datasets[training_of(wildcards).dataset].splits,
        answers=lambda wildcards: answers_of(training_of(wildcards).dataset),
        instruction=instruction_of,
        cue_block=lambda wildcards: settings.cue_block,
        code=lambda wildcards: version("train", RECIPES.module_name(training_of(wildcards).recipe)),
    script:
        "../../scripts/train.py"


# One job loads the model once and answers all conditions of its utterances. The store beside the output keeps every answer,
# also of a job that was killed, so that none is computed again.
rule respond:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        conditions=lambda wildcards: paths(CONDITION, runs_of_experiment(wildcards)),
        checkpoint=lambda wildcards: settings.models[wildcards.model].path if training_of(wildcards) else [],
    output:
        responses="results/responses/{dataset}/{split}/{model}/shard{shard}.parquet",
        checks="results/responses/{dataset}/{split}/{model}/shard{shard}.checks.json",
    log:
        "logs/respond/{dataset}/{split}/{model}/shard{shard}.log",
    benchmark:
        "results/benchmarks/respond/{dataset}/{split}/{model}/shard{shard}.jsonl"
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if not model.on_gpu),
    priority: 1
    conda:
        "../../envs/cuealign.yaml"
    threads: of_model("threads")
    resources:
        mem=memory_of_model,
        runtime=of_model("runtime"),
    params:
        store="results/responses/{dataset}/{split}/{model}/store",
        descriptors="results/corpora/{dataset}/descriptors",
        # Not an output: figures of the last run, on which nothing depends.
        report="results/benchmarks/respond/{dataset}/{split}/{model}/shard{shard}.report.json",
        entry=lambda wildcards: ASKED[wildcards.model],
        splits=of_dataset("splits"),
        limit=limit_of,
        answers=lambda wildcards: answers_of(wildcards.dataset),
        instruction=instruction_of,
        cue_block=lambda wildcards: settings.cue_block,
        content=checkpoint_content,
        code=code_of_model,
    script:
        "../../scripts/respond.py"


# The same on a GPU: a rule of its own, so that a cluster's profile can send it where the GPUs are.
use rule respond as respond_on_gpu with:
    wildcard_constraints:
        model=wildcard(name for name, model in settings.models.items() if model.on_gpu),
    resources:
        gpu=1,
        mem=memory_of_model,
        runtime=of_model("runtime"),


rule predict:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        condition=CONDITION,
        responses=lambda wildcards: responses_of(Experiment(wildcards.dataset, wildcards.split, wildcards.model)),
    output:
        predictions="results/predictions/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.parquet",
    log:
        "logs/predict/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        readout=settings.readout,
        splits=of_dataset("splits"),
        limit=limit_of,
        answers=lambda wildcards: answers_of(wildcards.dataset),
        instruction=instruction_of,
        cue_block=lambda wildcards: settings.cue_block,
        code=version("predict"),
    script:
        "../../scripts/predict.py"
