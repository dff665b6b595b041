# The whole study, run from a clone with nothing else: snakemake --cores 2
#
# The workflow itself lies in workflow/Snakefile, which the workflow catalog and other workflows name.


include: "workflow/Snakefile"


# A default target does not come along with an include.
rule study:
    default_target: True
    input:
        rules.all.input,
    localrule: True
