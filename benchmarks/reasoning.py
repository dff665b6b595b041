"""Decoding of long answers at full size on one GPU: in rows that come and go, compared with batches and with one at a time.

    PYTHONPATH=src python benchmarks/reasoning.py

The model has the family's full size and random weights, in bf16 (see benchmarks/sweep.py). Answers have 50 to 600 tokens, most of
them short: a geometric distribution. Their lengths are set by a chain of tokens, each of which makes its successor certain, up to
the end of turn; the last token of a prompt is a place in this chain. So every candidate computes the same answers, and they are
checked. Nothing in the decoding knows of it.

Candidates answer all thirty-three conditions of the utterances, from features and token ids to token ids, so that reading the
prompts is included. Each runs in a process of its own, in turn, after a warm-up:

* ``rows``: what a job on a GPU does;
* ``batches``: the decoding of commit 7f209c5, which runs off a GPU still;
* ``generate``: one prompt at a time, on three prompts.

The slow ones get fewer utterances, of the same lengths.

``agreement`` decodes free text, which begins with random tokens: in the same packs with other rows beside, in other packs, and in
batches of two sizes. The numbers of answers that differ say what rounding does. Then the packed engine answers a few utterances, and
again those behind its first packs, as a job does that was killed there: bit by bit the same is expected.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from sweep import NEVER_SAID, build, corpus, requests

from cuealign.inference.decoding import Prompt, decode_greedily
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefetch import prepare_request
from cuealign.inference.rows import RowDecoder
from cuealign.models.huggingface import HuggingFaceModel

SHORTEST, LONGEST, MEAN = 50, 600, 160
"""Tokens of an answer; the mean is that of the part beyond the shortest."""

FIRST = 2000
"""First token of the chain, which the tokenizer does not have."""


@dataclass(frozen=True)
class Pack:
    """What a pass leaves to decode."""

    left: list[Prompt]
    utterances: int


def chain(model: HuggingFaceModel) -> None:
    """Set rows of the embeddings and of the output layer, so that each token of the chain makes the next one certain."""
    embeddings, head = model.model.get_input_embeddings().weight, model.model.lm_head.weight
    generator = torch.Generator(embeddings.device).manual_seed(2)
    ids = [*range(FIRST, FIRST + LONGEST), model.frontend.end_of_turn]
    with torch.no_grad():
        embeddings[FIRST : FIRST + LONGEST] = 3 * torch.randn(LONGEST, embeddings.shape[1], device=embeddings.device, generator=generator)
        for before, after in itertools.pairwise(ids):
            head[after] = 0.05 * embeddings[before].sign()


def expected(length: int, end: int) -> list[int]:
    """The answer of a prompt whose last token is ``length`` tokens from the end of the chain."""
    return [*range(FIRST + LONGEST - length + 1, FIRST + LONGEST), end]


def packs(model: HuggingFaceModel, count: int, size: int, last: Sequence[int], *, every: int = 1) -> list[Pack]:
    """Prompts of all conditions, each with a further token at its end, in packs of ``size`` utterances.

    Of ``count`` utterances from the longest to the shortest, every ``every``-th is taken.
    """
    found, rest = [], iter(last)
    with tempfile.TemporaryDirectory() as folder:
        ready = [prepare_request(model.frontend, request) for request in requests(corpus(Path(folder), count, None))[::every]]
    for first in range(0, len(ready), size):
        part = ready[first : first + size]
        prompts = [Prompt(one.utterance, [*ids, next(rest)], one.audio) for one in part for ids in one.prompts]
        found.append(Pack(prompts, len(part)))
    return found


def answers_of(name: str, model: HuggingFaceModel, todo: Sequence[Pack], arguments: argparse.Namespace) -> Iterator[list[list[int]]]:
    """Answers of each pack."""
    if name == "batches":
        for pack in todo:
            yield decode_greedily(model, pack.left)
        return
    if "decoder" not in vars(arguments):
        arguments.decoder = RowDecoder(model, rows=arguments.rows)
    for _, answers in arguments.decoder.run(iter(todo)):
        yield answers


def timed(run: Any) -> tuple[float, Any]:
    torch.cuda.synchronize()
    start = time.perf_counter()
    result = run()
    torch.cuda.synchronize()
    return time.perf_counter() - start, result


@torch.inference_mode()
def candidate(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Figures of one candidate, in this process."""
    model = build(arguments.shape, arguments.layers)
    if name == "agreement":
        return {"candidate": name, "free answers that differ": agreement(model, arguments), "resumed": resumed(model)}
    model.max_new_tokens = LONGEST
    chain(model)
    random = np.random.default_rng(3)
    lengths = np.clip(SHORTEST + random.geometric(1 / MEAN, 40 * arguments.utterances), SHORTEST, LONGEST)
    every = 1 if name == "rows" else max(1, arguments.utterances // arguments.slow)
    todo = packs(model, arguments.utterances, arguments.pack, (FIRST + LONGEST - lengths).tolist(), every=every)
    prompts = [prompt for pack in todo for prompt in pack.left]
    truth = [expected(length, model.frontend.end_of_turn) for length in lengths[: len(prompts)].tolist()]
    report: dict[str, Any] = {"candidate": name, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "prompts": len(prompts)}
    report |= {"tokens_per_prompt": statistics.mean(len(prompt.ids) for prompt in prompts)}
    report |= {"tokens_per_answer": statistics.mean(map(len, truth))}
    if name == "generate":
        places = [int(np.argsort(lengths[: len(prompts)])[int(share * len(prompts))]) for share in (0.25, 0.5, 0.75)]
        model.generate([*prompts[0].ids[:-1], FIRST + LONGEST - 3], prompts[0].audio)
        taken, found = timed(lambda: [model.generate(prompts[place].ids, prompts[place].audio) for place in places])
        tokens = sum(len(truth[place]) for place in places)
        return report | {"right": found == [truth[place] for place in places], "tokens_per_s": tokens / taken}
    report["warm_up_s"], _ = timed(lambda: list(answers_of(name, model, [Pack(todo[0].left[:40], 2)], arguments)))
    torch.cuda.reset_peak_memory_stats()
    taken, found = timed(lambda: [answer for answers in answers_of(name, model, todo, arguments) for answer in answers])
    report |= {
        "seconds": taken,
        "tokens_per_s": sum(map(len, truth)) / taken,
        "wrong": sum(a != b for a, b in zip(found, truth, strict=True)),
    }
    report |= {"peak_memory_gb": torch.cuda.max_memory_reserved() / 1e9}
    if name != "batches":
        report |= {"rows": arguments.decoder.rows}
        if arguments.profile:
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
                list(answers_of(name, model, todo[:1], arguments))
            print(profile.key_averages().table(sort_by="cuda_time_total", row_limit=30, max_name_column_width=80))
    return report


def agreement(model: HuggingFaceModel, arguments: argparse.Namespace) -> dict[str, Any]:
    """How many free answers differ between ways to decode them."""
    model.max_new_tokens = arguments.free_tokens
    random = np.random.default_rng(4)
    todo = packs(model, 3 * arguments.compared, arguments.compared, random.integers(3000, 100_000, 120 * arguments.compared).tolist())
    whole = [answer for answers in answers_of("rows", model, todo, arguments) for answer in answers]
    rest = [answer for answers in answers_of("rows", model, todo[1:], arguments) for answer in answers]
    # Other packs: each audio's prompts are read together with other ones.
    other = [Pack(todo[0].left[-20:] + todo[1].left, 1), Pack(todo[2].left, 1)]
    moved = [answer for answers in answers_of("rows", model, other, arguments) for answer in answers][20:]
    first = len(todo[0].left)
    some = todo[1].left + todo[2].left
    batches = {size: [a for s in range(0, len(some), size) for a in decode_greedily(model, some[s : s + size])] for size in (len(some), 61)}

    def differ(one: list[list[int]], two: list[list[int]]) -> int:
        return sum(a != b for a, b in zip(one, two, strict=True))

    rows, (large, small) = whole[first:], batches.values()
    arguments.decoder = None  # for its memory
    return {
        "answers": len(rows),
        "tokens": arguments.free_tokens,
        "distinct": len(set(map(tuple, rows))),
        "same packs, other rows beside": differ(rows, rest),
        "other packs": differ(rows, moved),
        "batches of the same size": differ(rows, large),
        "batches of two sizes": differ(large, small),
    }


def resumed(model: HuggingFaceModel) -> dict[str, int]:
    """How many responses change if a job begins behind its first packs."""
    model.max_new_tokens = 8
    model.compile()
    engine = PackedEngine(model, NEVER_SAID, budget=8192, workers=4)
    with tempfile.TemporaryDirectory() as folder:
        todo = requests(corpus(Path(folder), 32, None))
        whole, ends = [], []
        for number, found in enumerate(engine.respond(todo), start=1):
            whole.append(found)
            ends += [number] if engine.between_packs else []
        rest = list(engine.respond(todo[ends[1] :]))
    pairs = [pair for found, again in zip(whole[ends[1] :], rest, strict=True) for pair in zip(found, again, strict=True)]
    return {
        "packs": len(ends),
        "responses": len(pairs),
        "decoded": sum(one.path == "decoded" for one, _ in pairs),
        "differ": sum(one != two for one, two in pairs),
    }


def main(arguments: argparse.Namespace) -> None:
    """Run the candidates in turn, each in a process of its own, and print their ratio."""
    reports: dict[str, list[dict[str, Any]]] = {}
    names = [*arguments.candidates] * arguments.rounds + arguments.once
    for name in names:
        command = [sys.executable, __file__, *sys.argv[1:], "--candidate", name]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(printed, flush=True)
        reports.setdefault(name, []).append(json.loads(printed.splitlines()[-1]))
    rates = {name: [report["tokens_per_s"] for report in found] for name, found in reports.items() if name != "agreement"}
    for name in set(rates) - {"rows"} if "rows" in rates else ():
        ratios = [mine / theirs for mine in rates["rows"] for theirs in rates[name]]
        print(f"rows over {name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["audio_flamingo_3", "qwen2_audio"], default="audio_flamingo_3")
    parser.add_argument("--utterances", type=int, default=128)
    parser.add_argument("--pack", type=int, default=24, help="utterances of a pass")
    parser.add_argument("--layers", type=int, help="layers of the language model, for a quick test")
    parser.add_argument("--rows", type=int, help="rows; by default as many as in a job")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--slow", type=int, default=24, help="utterances given to the slow candidates, of all lengths")
    parser.add_argument("--candidates", nargs="+", default=["batches", "rows"], help="run in turn")
    parser.add_argument("--once", nargs="*", default=["generate", "agreement"], help="run after them")
    parser.add_argument("--compared", type=int, default=8, help="utterances of a pack whose free answers are compared")
    parser.add_argument("--free-tokens", type=int, default=64)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--candidate", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.candidate:
        print(json.dumps(candidate(given.candidate, given)))
    else:
        main(given)
