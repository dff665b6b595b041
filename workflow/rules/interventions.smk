# From tokens to perturbed tokens; the audio is never touched.


rule intervene:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        tokens="results/corpora/{dataset}/tokens.parquet",
    output:
        perturbed=CONDITION,
    log:
        "logs/intervene/{dataset}/{split}/{intervention}/p{p}/seed{seed}.log",
    # The model that is asked most waits for the last of them.
    priority: 1
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        splits=of_dataset("splits"),
        cue_block=lambda wildcards: settings.cue_block,
        options=lambda wildcards: settings.intervention_options.get(wildcards.intervention, {}),
        code=lambda wildcards: version("intervene", INTERVENTIONS.module_name(wildcards.intervention)),
    script:
        "../../scripts/intervene.py"
