# Named targets: one per stage, over the whole grid.


rule manifests:
    input:
        paths("results/corpora/{dataset}/manifest.parquet", RUNS),
    localrule: True


rule descriptors:
    input:
        paths("results/corpora/{dataset}/descriptors.parquet", RUNS),
    localrule: True


rule tokens:
    input:
        paths("results/corpora/{dataset}/tokens.parquet", RUNS),
        paths("results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet", RUNS),
    localrule: True


rule responses:
    input:
        rules.record_provenance.input.responses,
    localrule: True


rule metrics:
    input:
        metrics_of(RUNS),
    localrule: True


rule tables:
    input:
        expand("results/tables/{table}.{format}", table=settings.tables, format=["csv", "tex", "md"]),
    localrule: True


rule figures:
    input:
        expand("results/figures/{name}.{format}", name=FIGURES, format=["pdf", "svg", "png"]),
    localrule: True


rule plan:
    input:
        "results/plan.md",
    localrule: True
