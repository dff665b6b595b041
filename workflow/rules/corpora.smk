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
        mem=growing("2GB"),
        runtime="1h",
    params:
        emosynth=config["emosynth"],
        code=digest("cuealign.corpora.emosynth"),
    script:
        "../../scripts/synthesise.py"


rule read_corpus:
    input:
        corpus_sources,
    output:
        "results/corpora/{dataset}/utterances.parquet",
    log:
        "logs/read_corpus/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        dataset=corpus_of,
        sources=source_hashes,
        code=lambda wildcards: digest(
            "cuealign.corpora.description",
            f"cuealign.corpora.readers.{config['datasets'][wildcards.dataset]['reader']}",
        ),
    script:
        "../../scripts/read_corpus.py"


# Every file is decoded once. What is wrong with it is written down, whatever is done about it afterwards.
rule audit_audio:
    input:
        "results/corpora/{dataset}/utterances.parquet",
    output:
        "results/corpora/{dataset}/audit.csv",
    log:
        "logs/audit_audio/{dataset}.log",
    benchmark:
        "results/benchmarks/audit_audio/{dataset}.jsonl"
    conda:
        "../../envs/cuealign.yaml"
    threads: 8
    resources:
        mem=growing("4GB"),
        runtime="2h",
    params:
        code=digest("cuealign.corpora.audit"),
    script:
        "../../scripts/audit_audio.py"


rule build_manifest:
    input:
        utterances="results/corpora/{dataset}/utterances.parquet",
        audit="results/corpora/{dataset}/audit.csv",
    output:
        manifest="results/corpora/{dataset}/manifest.parquet",
        counts="results/corpora/{dataset}/counts.json",
    log:
        "logs/build_manifest/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        dataset=corpus_of,
        on_bad_audio=of_dataset("on_bad_audio"),
        code=digest("cuealign.corpora.gate"),
    script:
        "../../scripts/build_manifest.py"
