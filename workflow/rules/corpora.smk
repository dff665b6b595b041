# From a corpus to a manifest.


def corpus_sources(wildcards):
    """Files that a corpus is described by."""
    from cuealign.corpora import reader_module, readers

    dataset = config["datasets"][wildcards.dataset]
    # A reader that is not included yet has no files to name: the dry run shows the plan, onstart stops a real run.
    return reader_module(dataset["reader"]).sources(dataset) if dataset["reader"] in readers() else []


rule synthesise:
    input:
        sentences=workflow.source_path("../../resources/sentences.txt"),
    output:
        manifest="results/emosynth/manifest.csv",
        audio=directory("results/emosynth/audio"),
    params:
        emosynth=lookup("emosynth", within=config),
        code=digest("cuealign.corpora.emosynth"),
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
    script:
        "../../scripts/synthesise.py"


rule build_manifest:
    input:
        corpus_sources,
    output:
        "results/corpora/{dataset}/manifest.parquet",
    params:
        dataset=lookup("datasets/{dataset}", within=config),
        code=digest("cuealign.corpora.gate", "cuealign.corpora.manifest"),
    log:
        "logs/build_manifest/{dataset}.log",
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem="4GB",
        runtime="2h",
    script:
        "../../scripts/build_manifest.py"
