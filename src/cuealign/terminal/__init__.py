"""What a run shows. ``stages`` counts jobs, ``screen`` writes lines, ``handler`` turns log records of Snakemake into both."""
