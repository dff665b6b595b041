# What the results were made of.


rule record_provenance:
    input:
        corpora=paths("results/corpora/{dataset}/{name}", RUNS, name=["manifest.parquet", "counts.json"]),
        responses=[
            path
            for dataset, split, model in CELLS
            for path in expand(
                "results/responses/{dataset}/{split}/{model}/shard{shard}.parquet",
                dataset=dataset,
                split=split,
                model=model,
                shard=range(settings.models[model].shards),
            )
        ],
    output:
        "results/provenance.json",
    log:
        "logs/record_provenance.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        config=config,
        cells=CELLS,
        source=None if LIBRARY.is_dir() else SOURCE,
        code=digest("cuealign.provenance"),
    script:
        "../../scripts/record_provenance.py"
