"""A sweep: all conditions of all utterances of a shard. Only prompts without a stored response are computed."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from cuealign.config.entries.model import Model
from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.inference.store import ResponseStore, response_key
from cuealign.models.base import Request, Responder
from cuealign.models.finite import check_finite
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template, prompt_id
from cuealign.runtime.progress import Progress

logger = logging.getLogger(__name__)

PROTOCOL = "3"
"""Version of the code that renders prompts and computes responses. Raise it when a change of code changes responses: stored
responses of another version are not used."""


def settings_key(entry: Model, labels: Sequence[Label]) -> str:
    """Part of a response's key: everything that a response depends on besides audio, prompt and weights."""
    words = {label.name: label.word for label in labels}
    options = dict(sorted(entry.options.items()))
    return json.dumps([PROTOCOL, entry.backend, entry.engine, entry.max_new_tokens, options, words])


@dataclass(frozen=True)
class KeyedPrompt:
    """A prompt for an utterance, and the key of the response to it."""

    key: str
    prompt: str


def keyed_prompts(
    manifest: pd.DataFrame,
    conditions: Sequence[pd.DataFrame],
    template: Template,
    labels: Sequence[Label],
    fingerprint: str,
    settings: str,
) -> dict[str, list[KeyedPrompt]]:
    """Distinct prompts of each utterance over all conditions.

    Args:
        manifest: utterances of the shard.
        conditions: intervention tables of the split; each must have every utterance of the shard.
        template, labels: to render the prompts with.
        fingerprint, settings: of the model, see :func:`cuealign.inference.store.response_key`.

    Returns:
        Prompts by utterance, in the manifest's order; those of an utterance in the order in which the conditions need them.

    Raises:
        InputError: if a condition lacks an utterance.
    """
    words = template.words(labels)
    blocks: dict[str, dict[str, None]] = {utterance: {} for utterance in manifest["utterance"]}
    for table in conditions:
        block_of = dict(zip(table["utterance"], table["cue_block"], strict=True))
        for utterance, found in blocks.items():
            if utterance not in block_of:
                raise InputError(f"an intervention has no tokens for utterance {utterance!r}; delete results/interventions to remake it")
            found[block_of[utterance]] = None
    hashes = dict(zip(manifest["utterance"], manifest["audio_sha256"], strict=True))
    result = {}
    for utterance, found in blocks.items():
        prompts = [template.render(words, block) for block in found]
        result[utterance] = [KeyedPrompt(response_key(hashes[utterance], prompt, fingerprint, settings), prompt) for prompt in prompts]
    return result


_Run = list[tuple[Any, list[KeyedPrompt]]]
"""Rows of the manifest with the prompts to answer."""


def sample_requests(
    manifest: pd.DataFrame, prompts: Mapping[str, Sequence[KeyedPrompt]], store: ResponseStore, count: int = 3
) -> list[Request]:
    """A few unanswered requests for the sanity checks, from the shortest utterance to the longest; none if all are answered."""
    unanswered = np.array([any(each.key not in store for each in prompts[utterance]) for utterance in manifest["utterance"]], dtype=bool)
    return requests_for(spread(manifest[unanswered], count), prompts)


def spread(manifest: pd.DataFrame, count: int) -> pd.DataFrame:
    """A few utterances, from the shortest to the longest."""
    places = sorted({round(place * (len(manifest) - 1) / max(1, count - 1)) for place in range(count)}) if len(manifest) else []
    return manifest.sort_values(["duration", "utterance"]).iloc[places]


def requests_for(manifest: pd.DataFrame, prompts: Mapping[str, Sequence[KeyedPrompt]], most: int | None = None) -> list[Request]:
    """Requests of some utterances, with all of their prompts or the first ``most``."""
    return [
        Request(row.utterance, audio.deferred_read(row), tuple(each.prompt for each in prompts[row.utterance][:most]))
        for row in manifest.itertuples()
    ]


def _runs(manifest: pd.DataFrame, prompts: Mapping[str, Sequence[KeyedPrompt]], store: ResponseStore) -> list[_Run]:
    """What is to be answered, in runs: packs never reach from one run into the next.

    First comes what is open of earlier plans, in their order. Since whole packs are written, what is open between two answered
    requests begins and ends with a pack. Then comes all that is missing and was never planned; it is planned now.
    """
    asked: dict[str, tuple[Any, KeyedPrompt]] = {}
    for row in manifest.sort_values(["duration", "utterance"], ascending=[False, True]).itertuples():
        for each in prompts[row.utterance]:
            asked.setdefault(each.key, (row, each))  # two utterance ids of the same samples have the same keys: computed once
    runs: list[_Run] = []
    for plan in store.plans:
        keys = [key for key in plan if key in asked]
        if all(key in store for key in keys):
            continue
        for is_open, run in groupby(_by_utterance(keys, asked), lambda request: any(each.key not in store.own for each in request[1])):
            runs += [list(run)] if is_open else []
    planned = {key for plan in store.plans for key in plan}
    if new := [key for key in asked if key not in store and key not in planned]:
        store.add_plan(new)
        runs.append(list(_by_utterance(new, asked)))
    return runs


def _by_utterance(keys: Sequence[str], asked: Mapping[str, tuple[Any, KeyedPrompt]]) -> Iterator[tuple[Any, list[KeyedPrompt]]]:
    """Utterances (rows of the manifest) with their prompts."""
    for _, found in groupby(keys, lambda key: asked[key][0].utterance):
        together = [asked[key] for key in found]
        yield together[0][0], [each for _, each in together]


def answer_all(
    manifest: pd.DataFrame,
    prompts: Mapping[str, Sequence[KeyedPrompt]],
    responder: Responder,
    store: ResponseStore,
    labels: Sequence[Label],
    *,
    write_every: int,
    what: str,
) -> tuple[int, int]:
    """Answer every prompt that has no stored response.

    The longest utterances go first: if memory is short, the job fails early. Responses are written in whole packs. A resumed job
    follows the plan of the one that was killed, from the first pack that is not there, so that its packs are the same.

    Args:
        manifest: utterances of the shard.
        prompts: see :func:`keyed_prompts`.
        responder: answers the requests.
        store: receives the responses.
        labels: in the order of the log-probabilities.
        write_every: utterances between two writes to the store, more if a pack is longer.
        what: name of the job, for the log.

    Returns:
        Numbers of prompts and utterances that were computed.
    """
    runs = _runs(manifest, prompts, store)
    total = sum(len(found) for run in runs for _, found in run)
    known = sum(map(len, prompts.values())) - total
    logger.info("%s: %d prompts to answer, %d already answered", what, total, known)
    order = "|".join(label.name for label in labels)
    truncated = cut = 0
    with Progress(total, what, "prompt", group="utterance") as shown:
        for run in runs:
            requests = [Request(row.utterance, audio.deferred_read(row), tuple(each.prompt for each in found)) for row, found in run]
            rows, waiting = [], 0
            answered = zip(run, responder.respond(requests), strict=True)
            for number, ((row, found), responses) in enumerate(answered, start=1):
                rows += [
                    (each.key, row.utterance, prompt_id(each.prompt), response) for each, response in zip(found, responses, strict=True)
                ]
                for response in responses:
                    check_finite(response.label_logprobs, row.utterance)
                truncated += any(response.audio_truncated for response in responses)
                cut += sum(response.cut for response in responses)
                shown.update(len(found))
                waiting += 1
                if number == len(run) or (waiting >= write_every and responder.between_packs):
                    store.append([each for each in rows if each[0] not in store.own], order, responder.fingerprint)
                    rows, waiting = [], 0
    if truncated:
        logger.warning("%s: %d utterances exceed the model's audio limit and were cut (column audio_truncated)", what, truncated)
    if cut:
        logger.warning(
            "%s: %d of %d answers were cut by max_new_tokens and have no end; they count as INVALID (raise it in the model's entry)",
            *(what, cut, total),
        )
    return total, sum(map(len, runs))


def wanted(prompts: Mapping[str, Sequence[KeyedPrompt]]) -> Iterator[tuple[str, str, str]]:
    """Key, utterance and prompt id of every prompt, for :meth:`ResponseStore.compile`."""
    for utterance, found in prompts.items():
        for each in found:
            yield each.key, utterance, prompt_id(each.prompt)


def shard_of(manifest: pd.DataFrame, shard: int, shards: int) -> pd.DataFrame:
    """Utterances of a shard: every ``shards``-th of the split, starting with number ``shard``."""
    return manifest.iloc[shard::shards].reset_index(drop=True)
