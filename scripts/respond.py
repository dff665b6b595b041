"""Answer all conditions of a shard's utterances with a model that is loaded once."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from cuealign import lease
from cuealign.inference import gates, sweep
from cuealign.inference.engines import responder
from cuealign.inference.manner import learn_manner
from cuealign.inference.packed import PackedEngine
from cuealign.inference.store import ResponseStore
from cuealign.inference.work import Stopwatch, report
from cuealign.jobs import job
from cuealign.models import backends
from cuealign.models.base import CausalModel
from cuealign.questionnaire import label_words, prompt_template
from cuealign.schema import MANIFEST, RESPONSES, read_tokens
from cuealign.splits import select

logger = logging.getLogger("cuealign.respond")

_FEW_UTTERANCES, _FEW_PROMPTS = 5, 8


def main(
    manifest: Path,
    conditions: Sequence[Path],
    output: Path,
    *,
    store: Path,
    work: Path,
    name: str,
    entry: dict,
    split: str,
    splits: dict,
    limit: int | None,
    shard: int,
    shards: int,
    labels: dict,
    prompt: dict,
) -> int:
    if devices := os.environ.get("CUDA_VISIBLE_DEVICES"):
        logger.info("CUDA_VISIBLE_DEVICES is %s", devices)
    watch = Stopwatch()
    words, template = label_words(labels), prompt_template(prompt)
    whole = select(MANIFEST.read(manifest), splits, split, limit=limit)
    utterances = sweep.shard_of(whole, shard, shards)
    with watch("load"):
        loaded = backends.module(entry["backend"], name).load(entry, name, words, template)
    model = responder(loaded, entry, words)
    tables, settings = [read_tokens(path) for path in conditions], sweep.settings_key(entry, words)
    asked = sweep.questions(utterances, tables, template, words, model.fingerprint, settings)
    kept = ResponseStore(Path(store), f"shard{shard}")
    tried = sweep.sample(utterances, asked, kept)
    if isinstance(loaded, CausalModel) and tried:
        with watch("gates"):
            gates.check(loaded, model, words, tried, dtype=entry["dtype"])
            if isinstance(model, PackedEngine):
                few = sweep.spread(whole, _FEW_UTTERANCES)
                known = sweep.questions(few, tables, template, words, model.fingerprint, settings)
                learn_manner(model, words, sweep.sweeps(few, known, most=_FEW_PROMPTS))
    elif tried and not loaded.control:
        with watch("gates"):
            gates.check_responder(loaded, tried, dtype=entry["dtype"])
    before = getattr(loaded, "tokens_run", 0)
    with watch("answer"):
        what = f"{name}, shard {shard + 1} of {shards}"
        prompts, heard = sweep.answer(utterances, asked, model, kept, words, pack=entry["pack"], what=what)
    RESPONSES.write(kept.compile(sweep.wanted(asked)), output)
    tokens = getattr(loaded, "tokens_run", 0) - before
    figures = report(loaded, entry["engine"], watch, tokens=tokens, prompts=prompts, utterances=heard)
    Path(work).parent.mkdir(parents=True, exist_ok=True)
    Path(work).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return prompts


if __name__ == "__main__":
    with job(snakemake.log[0]), lease.device(snakemake.params.model["device"]) as device:
        main(
            snakemake.input.manifest,
            snakemake.input.conditions,
            snakemake.output[0],
            store=snakemake.params.store,
            work=snakemake.params.work,
            name=snakemake.wildcards.model,
            entry=snakemake.params.model | {"device": device},
            split=snakemake.wildcards.split,
            splits=snakemake.params.splits,
            limit=snakemake.params.limit,
            shard=int(snakemake.wildcards.shard),
            shards=snakemake.params.shards,
            labels=snakemake.params.labels,
            prompt=snakemake.params.prompt,
        )
