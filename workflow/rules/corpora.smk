# From a corpus to a manifest.


rule synthesise:
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
        corpus=config["emosynth"],
        sentences=resource("sentences.txt").splitlines(),
        code=version("synthesise"),
    script:
        "../../scripts/synthesise.py"


rule read_corpus:
    input:
        sources=corpus_sources,
    output:
        utterances="results/corpora/{dataset}/utterances.parquet",
    log:
        "logs/read_corpus/{dataset}.log",
    # Before all else: a table with mistakes stops the run before anything is decoded, trained or asked.
    priority: 10
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        entry=lambda wildcards: DESCRIBED[wildcards.dataset],
        content=corpus_content,
        code=lambda wildcards: version("read_corpus", READERS.module_name(settings.datasets[wildcards.dataset].reader)),
    script:
        "../../scripts/read_corpus.py"


# Decodes every file once and writes down what is wrong with it. build_manifest decides what to do about it. The store keeps
# what was decoded by the size and time of its file, so that only files that were replaced are decoded again.
rule audit_audio:
    input:
        utterances="results/corpora/{dataset}/utterances.parquet",
    output:
        audited="results/corpora/{dataset}/audit.csv",
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
        store="results/corpora/{dataset}/audit",
        channel=of_dataset("channel"),
        remove_offset=of_dataset("remove_offset"),
        content=sound_files,
        code=version("audit_audio"),
    script:
        "../../scripts/audit_audio.py"


rule build_manifest:
    input:
        utterances="results/corpora/{dataset}/utterances.parquet",
        audited="results/corpora/{dataset}/audit.csv",
    output:
        manifest="results/corpora/{dataset}/manifest.parquet",
        counts="results/corpora/{dataset}/counts.json",
    log:
        "logs/build_manifest/{dataset}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        entry=lambda wildcards: BUILT[wildcards.dataset],
        code=lambda wildcards: version(
            "build_manifest", READERS.module_name(settings.datasets[wildcards.dataset].reader)
        ),
    script:
        "../../scripts/build_manifest.py"
