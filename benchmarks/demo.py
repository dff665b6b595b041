"""What the demo's model gains from its cues, over seeds of its training and of the corpus.

    PYTHONPATH=src:. .venv/bin/python benchmarks/demo.py [--corpora 404 505 606] [--trainings 8] [--folder kept]

Every training runs through the workflow with the demo's grid, and its own evaluation gives the figures. The corpus seeds are neither
the demo's nor those on which its recipe was chosen (101, 202, 303 and 2026). A processor of another kind changes the demo's model as
another seed does, so the ranges hold for other machines too.
With ``--folder``, what was computed is kept, and a run that was interrupted continues.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tests.support import workflow
from tests.support.config import shipped

METRICS = "results/metrics/emosynth/test"


def study(corpus_seed: int, trainings: int) -> dict:
    """Config: the demo with another corpus, and cue-tiny trained with ``trainings`` seeds."""
    demo = shipped()
    entry, grid = demo["models"]["cue-tiny"], next(each for each in demo["grid"] if "cue-tiny" in each["models"])
    models = {
        f"cue-tiny-{seed}": entry | {"path": f"results/models/cue-tiny-{seed}", "training": entry["training"] | {"options": {"seed": seed}}}
        for seed in range(1, trainings + 1)
    }
    return {"emosynth": {"seed": corpus_seed}, "models": models, "grid": [grid | {"models": list(models)}]}


def measure(folder: Path, corpus_seed: int, trainings: int, *, cores: int) -> pd.DataFrame:
    """Run the trainings on one corpus; one row for each."""
    folder.mkdir(parents=True, exist_ok=True)
    config = study(corpus_seed, trainings)
    targets = [f"{METRICS}/{model}/{table}.csv" for model in config["models"] for table in ("conditions", "comparisons", "trend")]
    command = workflow.command(folder, "--cores", str(cores), *targets, configfile=workflow.write_config(folder / "study.yaml", config))
    done = subprocess.run(command, cwd=folder, env=workflow.environment(), stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"the study of corpus seed {corpus_seed} failed in {folder}")
    return pd.DataFrame([row(folder / METRICS / model) | {"corpus": corpus_seed, "model": model} for model in config["models"]])


def row(metrics: Path) -> dict[str, float]:
    """Figures of one training, from the tables of its evaluation."""
    conditions = pd.read_csv(metrics / "conditions.csv", dtype={"p": str, "seed": str})
    conditions["name"] = conditions["intervention"].where(conditions["p"] == "0", conditions["intervention"] + "(" + conditions["p"] + ")")
    # Rows of seeds and of their mean have the same mean.
    uar = conditions[conditions["seed"] != "mean"].groupby("name")["uar"].mean()
    comparisons = pd.read_csv(metrics / "comparisons.csv").set_index(["a", "b"])
    gain = comparisons.loc[("correct", "none")]
    (trend,) = pd.read_csv(metrics / "trend.csv")["spearman_rho"]
    return {
        **{name: uar[name] for name in ("none", "correct", "shuffle", "conflict", "corrupt(1.0)")},
        "gain": gain["delta"],
        "ci_low": gain["ci_low"],
        "ci_high": gain["ci_high"],
        "holm_p": gain["holm_p"],
        "trend": trend,
    }


def report(table: pd.DataFrame) -> str:
    """The benchmark's table and its bars, as text."""
    figures = ("none", "correct", "gain", "shuffle", "conflict", "corrupt(1.0)", "trend")
    lines = ["| figure | smallest | median | greatest |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {table[name].min():.3f} | {table[name].median():.3f} | {table[name].max():.3f} |" for name in figures]
    perturbed = table[["shuffle", "conflict", "corrupt(1.0)"]]
    between = (perturbed.lt(table["correct"], axis=0) & (perturbed > 0.28)).all(axis=1)
    bars = {
        "gain of at least .04 (all)": table["gain"] >= 0.04,
        "interval of the gain above 0 (95 %)": table["ci_low"] > 0,
        "shuffle, conflict and corrupt(1) below correct and above .28 (all)": between,
        "trend at or below -.7 (95 %)": table["trend"] <= -0.7,
    }
    lines += ["", *(f"{bar}: {held.sum()} of {len(held)}" for bar, held in bars.items())]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=int, nargs="+", default=[404, 505, 606], help="seeds of the corpus")
    parser.add_argument("--trainings", type=int, default=8, help="seeds of the training, for each corpus")
    parser.add_argument("--folder", type=Path, help="where the studies are kept; by default nothing is")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        base = options.folder.resolve() if options.folder else Path(temporary)
        table = pd.concat([measure(base / str(seed), seed, options.trainings, cores=options.cores) for seed in options.corpora])
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    print(report(table))


if __name__ == "__main__":
    main()
