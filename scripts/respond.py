"""Answer all conditions of a shard's utterances with a model that is loaded once."""

from collections.abc import Sequence
from pathlib import Path

from cuealign import lease
from cuealign.inference import gates, sweep
from cuealign.inference.engines import responder
from cuealign.inference.store import ResponseStore
from cuealign.jobs import job
from cuealign.models import backends
from cuealign.models.base import CausalModel
from cuealign.questionnaire import label_words, prompt_template
from cuealign.schema import MANIFEST, RESPONSES, read_tokens
from cuealign.splits import select


def main(
    manifest: Path,
    conditions: Sequence[Path],
    output: Path,
    *,
    store: Path,
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
    words, template = label_words(labels), prompt_template(prompt)
    utterances = sweep.shard_of(select(MANIFEST.read(manifest), splits, split, limit=limit), shard, shards)
    loaded = backends.module(entry["backend"], name).load(entry, name, words, template)
    model = responder(loaded, entry, words)
    asked = sweep.questions(
        utterances, [read_tokens(path) for path in conditions], template, words, model.fingerprint, sweep.settings_key(entry, words)
    )
    kept = ResponseStore(Path(store), f"shard{shard}")
    tried = sweep.sample(utterances, asked, kept)
    if isinstance(loaded, CausalModel) and tried:
        gates.check(loaded, model, words, tried, dtype=entry["dtype"])
    computed = sweep.answer(utterances, asked, model, kept, words, pack=entry["pack"], what=f"{name}, shard {shard + 1} of {shards}")
    RESPONSES.write(kept.compile(sweep.wanted(asked)), output)
    return computed


if __name__ == "__main__":
    with job(snakemake.log[0]), lease.device(snakemake.params.model["device"]) as device:
        main(
            snakemake.input.manifest,
            snakemake.input.conditions,
            snakemake.output[0],
            store=snakemake.params.store,
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
