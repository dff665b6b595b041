# From audio to concept tokens.


# The store keeps descriptors by the hash of the samples, so that no sound is extracted twice.
rule extract_descriptors:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
    output:
        descriptors="results/corpora/{dataset}/descriptors.parquet",
    log:
        "logs/extract_descriptors/{dataset}.log",
    benchmark:
        "results/benchmarks/extract_descriptors/{dataset}.jsonl"
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem=growing("4GB"),
        runtime="4h",
    params:
        store="results/corpora/{dataset}/descriptors",
        code=version("extract_descriptors"),
    script:
        "../../scripts/extract_descriptors.py"


rule fit_tokenizer:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        descriptors="results/corpora/{dataset}/descriptors.parquet",
    output:
        tokenizer="results/corpora/{dataset}/tokenizer.json",
    log:
        "logs/fit_tokenizer/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        tokens=of_dataset("tokens"),
        splits=of_dataset("splits"),
        code=version("fit_tokenizer"),
    script:
        "../../scripts/fit_tokenizer.py"


rule tokenise:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        descriptors="results/corpora/{dataset}/descriptors.parquet",
        tokenizer="results/corpora/{dataset}/tokenizer.json",
    output:
        tokens="results/corpora/{dataset}/tokens.parquet",
    log:
        "logs/tokenise/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        cue_block=lambda wildcards: settings.cue_block,
        code=version("tokenise"),
    script:
        "../../scripts/tokenise.py"
