# From a corpus to a manifest.


rule synthesise:
    input:
        sentences=workflow.source_path("../../resources/sentences.txt"),
    output:
        manifest="results/emosynth/manifest.csv",
        audio=directory("results/emosynth/audio"),
    log:
        "logs/synthesise.log",
    benchmark:
        "results/benchmarks/synthesise.jsonl"
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem="2GB",
        runtime="1h",
    params:
        emosynth=lookup("emosynth", within=config),
        code=digest("cuealign.corpora.emosynth"),
    script:
        "../../scripts/synthesise.py"


rule build_manifest:
    input:
        corpus_sources,
    output:
        "results/corpora/{dataset}/manifest.parquet",
    log:
        "logs/build_manifest/{dataset}.log",
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem="4GB",
        runtime="2h",
    params:
        dataset=corpus_of,
        code=digest("cuealign.corpora.gate", "cuealign.corpora.manifest"),
    script:
        "../../scripts/build_manifest.py"
