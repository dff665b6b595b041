# Cue alignment: do audio language models use the acoustic cues that they are given?
#
#   manifest - descriptors - tokenizer - tokens - intervention - responses - predictions - metrics - tables, figures
#
# expanded over dataset x split x model x intervention x p x seed, as the grid of the config says.

from snakemake.utils import min_version

min_version("9.25")


# Read from beside this file, so that the workflow runs in any working directory; --configfile goes over all of them.
configfile: workflow.source_path("config/datasets.yaml")
configfile: workflow.source_path("config/models.yaml")
configfile: workflow.source_path("config/prompts.yaml")
configfile: workflow.source_path("config/config.yaml")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        metrics_of(RUNS),
        expand("results/tables/{table}.{format}", table=settings.tables, format=["csv", "tex", "md"]),
        expand("results/figures/{name}.{format}", name=FIGURES, format=["pdf", "svg", "png"]),
        "results/provenance.json",


include: "workflow/rules/corpora.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/tokens.smk"
include: "workflow/rules/interventions.smk"
include: "workflow/rules/inference.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/targets.smk"
