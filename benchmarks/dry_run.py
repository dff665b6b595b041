"""Time and memory of a dry run of a large made-up study.

    PYTHONPATH=src:. .venv/bin/python benchmarks/dry_run.py [--seeds 20]

Ten datasets, ten models in ten shards each. Each of the hundred pairs has the conditions none, correct and conflict, and with
each seed shuffle, and corrupt at four strengths: 103 conditions for 20 seeds.
"""

import argparse
import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from tests.support.workflow import command, environment

DATASETS, MODELS, SHARDS, STRENGTHS = 10, 10, 10, (0.2, 0.4, 0.6, 0.8)
INTERVENTIONS = ["none", "correct", "conflict", "shuffle", "corrupt"]


def study(folder: Path, seeds: int) -> dict:
    """A config. The tables of its corpora are empty: a dry run only checks that they exist."""
    datasets = {}
    for number in range(DATASETS):
        table = folder / f"corpus{number}.csv"
        table.write_text("file,speaker,label,split\n")
        labels, splits = ["angry", "happy", "neutral", "sad"], ["test"]
        about = {"title": f"corpus {number}", "licence": "none", "reader": "manifest", "manifest": str(table)}
        datasets[f"corpus{number}"] = about | {"labels": labels, "splits": splits}
    about = {"licence": "none", "backend": "audio_flamingo_3", "heading": "zero-shot", "hub_id": "lab/model", "revision": "0" * 40}
    models = {f"model{number}": about | {"title": f"model {number}", "shards": SHARDS} for number in range(MODELS)}
    block = {"models": list(models), "splits": ["test"], "interventions": INTERVENTIONS, "p": list(STRENGTHS), "seeds": list(range(seeds))}
    return {"grid": [{"dataset": dataset} | block for dataset in datasets], "datasets": datasets, "models": models}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "study.yaml").write_text(yaml.safe_dump(study(folder, seeds)))
        line = command(folder, "-n", "--quiet", "rules", configfile=folder / "study.yaml")
        start = time.monotonic()
        done = subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
        seconds, memory = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}
    print(f"{jobs['total']} jobs, of them {jobs['predict']} predict and {jobs['respond_on_gpu']} respond_on_gpu")
    print(f"{seconds:.0f} s, {memory / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
