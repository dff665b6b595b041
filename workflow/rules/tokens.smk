# From descriptors to concept tokens.


rule fit_tokenizer:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        descriptors="results/corpora/{dataset}/descriptors.parquet",
    output:
        "results/corpora/{dataset}/tokenizer.json",
    log:
        "logs/fit_tokenizer/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        tokens=of_dataset("tokens"),
        splits=of_dataset("splits"),
        code=digest("cuealign.tokenisation"),
    script:
        "../../scripts/fit_tokenizer.py"


rule tokenise:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        descriptors="results/corpora/{dataset}/descriptors.parquet",
        tokenizer="results/corpora/{dataset}/tokenizer.json",
    output:
        "results/corpora/{dataset}/tokens.parquet",
    log:
        "logs/tokenise/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        cue_block=lambda wildcards: config["cue_block"],
        code=digest("cuealign.concepts", "cuealign.conditions"),
    script:
        "../../scripts/tokenise.py"
