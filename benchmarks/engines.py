"""The packed and the prefix engine compared with one prompt at a time, on the CPU, with the embedded model.

Run after ``make demo``, from the root of the project:

    OMP_NUM_THREADS=1 PYTHONPATH=src .venv/bin/python benchmarks/engines.py

Each utterance gets all distinct prompts of the demo's thirty-three conditions. The engines take turns, utterance by utterance,
so that changes of the machine's speed affect all of them alike. The median of the ratios is printed.
"""

import argparse
import platform
import statistics
import time
from pathlib import Path

import pandas as pd
import torch
import yaml

from cuealign.config.entries.model import Model
from cuealign.core import audio
from cuealign.core.schema import MANIFEST, read_tokens
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.backends import BACKENDS
from cuealign.models.base import Request
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CueBlockTemplate, PromptTemplate


def requests(results: Path, template: PromptTemplate, words: list[str], count: int) -> list[Request]:
    """Requests of the first test utterances, with all distinct prompts."""
    manifest = MANIFEST.read(results / "corpora/emosynth/manifest.parquet")
    conditions = [read_tokens(path) for path in sorted((results / "interventions/emosynth/test").rglob("*.parquet"))]
    blocks = pd.concat(conditions).groupby("utterance")["cue_block"].unique()
    rows = manifest[manifest["utterance"].isin(blocks.index)].head(count)
    return [
        Request(row.utterance, audio.read_utterance(row), tuple(template.render(words, block) for block in blocks[row.utterance]))
        for row in rows.itertuples()
    ]


def main(results: Path, count: int) -> None:
    """Time the engines and compare their answers."""
    prompts = yaml.safe_load(Path("config/prompts.yaml").read_text(encoding="utf-8"))
    template = PromptTemplate(prompts["prompts"]["emotion"], CueBlockTemplate(prompts["cue_block"]))
    labels = [Label(name, prompts["answers"][name]["word"]) for name in ("angry", "happy", "neutral", "sad")]
    about = {"title": "cue-tiny", "licence": "MIT", "backend": "qwen2_audio", "path": str(results / "models/cue-tiny")}
    entry = Model(**about, dtype="float32", device="cpu", max_new_tokens=8)
    model = BACKENDS.get(entry.backend)(entry, "cue-tiny", labels, template)
    engines = {"packed": PackedEngine(model, labels), "prefix": PrefixEngine(model, labels), "reference": ReferenceEngine(model, labels)}
    todo = requests(results, template, [label.word for label in labels], count + 1)
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    different = furthest = 0.0
    for number, request in enumerate(todo):
        answers = {}
        for name, engine in engines.items():
            start = time.perf_counter()
            answers[name] = next(engine.respond([request]))
            if number:  # the first utterance warms up
                seconds[name].append(time.perf_counter() - start)
        for name in ("packed", "prefix"):
            for mine, theirs in zip(answers[name], answers["reference"], strict=True):
                different += mine.answer != theirs.answer
                furthest = max(furthest, *(abs(a - b) for a, b in zip(mine.label_logprobs, theirs.label_logprobs, strict=True)))
    total = sum(len(request.prompts) for request in todo[1:])
    print(f"{platform.machine()}, {torch.get_num_threads()} thread(s), torch {torch.__version__}; {count} utterances, {total} prompts")
    for name, values in seconds.items():
        print(f"{name:>10}: {total / sum(values):8.1f} prompts/s, {1000 * statistics.median(values):8.1f} ms per utterance (median)")
    for name in ("packed", "prefix"):
        ratios = [slow / fast for slow, fast in zip(seconds["reference"], seconds[name], strict=True)]
        spread = f"median {statistics.median(ratios):.1f}, from {min(ratios):.1f} to {max(ratios):.1f}"
        print(f"{name} compared with reference, utterance by utterance: {spread}")
    print(f"answers that differ: {different:.0f}; largest difference of a label's log-probability: {furthest:.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--utterances", type=int, default=40)
    arguments = parser.parse_args()
    main(arguments.results, arguments.utterances)
