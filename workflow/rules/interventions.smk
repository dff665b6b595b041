# From tokens to perturbed tokens; the audio is never touched.


rule intervene:
    input:
        manifest="results/corpora/{dataset}/manifest.parquet",
        tokens="results/corpora/{dataset}/tokens.parquet",
    output:
        "results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet",
    log:
        "logs/intervene/{dataset}/{split}/{intervention}/p{p}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/cuealign.yaml"
    params:
        splits=of_dataset("splits"),
        cue_block=lambda wildcards: config["cue_block"],
        options=lambda wildcards: config["intervention_options"].get(wildcards.intervention, {}),
        code=lambda wildcards: digest("cuealign.conditions", f"cuealign.interventions.{wildcards.intervention}"),
    script:
        "../../scripts/intervene.py"
