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
        paths(CONDITION, RUNS),
    localrule: True


rule responses:
    input:
        RESPONSE_FILES,
    localrule: True


rule metrics:
    input:
        METRIC_FILES,
    localrule: True


rule tables:
    input:
        TABLE_FILES,
    localrule: True


rule figures:
    input:
        FIGURE_FILES,
    localrule: True


rule report:
    input:
        REPORT_FILES,
    localrule: True


rule plan:
    input:
        "results/plan.md",
    localrule: True
