# Named targets: one per stage, over the whole grid.


localrules:
    all,
    manifests,
    descriptors,
    tokens,
    responses,
    metrics,
    tables,
    figures,


rule manifests:
    input:
        paths("results/corpora/{dataset}/manifest.parquet", RUNS),


rule descriptors:
    input:
        paths("results/corpora/{dataset}/descriptors.parquet", RUNS),


rule tokens:
    input:
        paths("results/corpora/{dataset}/tokens.parquet", RUNS),
        paths("results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet", RUNS),


rule responses:
    input:
        rules.record_provenance.input.responses,


rule metrics:
    input:
        metrics_of(RUNS),


rule tables:
    input:
        expand("results/tables/{table}.{format}", table=settings.tables, format=["csv", "tex", "md"]),


rule figures:
    input:
        expand("results/figures/{name}.{format}", name=FIGURES, format=["pdf", "svg", "png"]),
