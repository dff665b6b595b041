# From audio to descriptors.


rule extract_descriptors:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
    output:
        "results/corpora/{dataset}/descriptors.parquet",
    log:
        "logs/extract_descriptors/{dataset}.log",
    benchmark:
        "results/benchmarks/extract_descriptors/{dataset}.jsonl"
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem="4GB",
        runtime="4h",
    params:
        voiced_mean=lookup("datasets/{dataset}/tokens/voiced_mean", within=config),
        code=digest("cuealign.descriptors"),
    script:
        "../../scripts/extract_descriptors.py"
