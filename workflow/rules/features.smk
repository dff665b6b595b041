# From audio to descriptors. What was extracted is kept in the store by the hash of the samples, and never extracted twice.


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
        mem=growing("4GB"),
        runtime="4h",
    params:
        store="results/corpora/{dataset}/descriptors",
        code=digest("cuealign.extraction"),
    script:
        "../../scripts/extract_descriptors.py"
