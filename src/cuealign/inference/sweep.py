"""All conditions of all utterances of a shard, with only the prompts computed that the store lacks."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cuealign.config.entries.model import Model
from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.inference.store import ResponseStore, response_key
from cuealign.models.base import Request, Responder
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template, prompt_id
from cuealign.runtime.progress import Progress

logger = logging.getLogger(__name__)


PROTOCOL = "2"
"""Version of how prompts are posed and answers computed. Raise it with a change of code that changes responses: what a
store holds under another version is not used."""


def settings_key(entry: Model, labels: Sequence[Label]) -> str:
    """Part of a response's key: everything besides audio, prompt and model that a response depends on."""
    words = {label.name: label.word for label in labels}
    options = dict(sorted(entry.options.items()))
    return json.dumps([PROTOCOL, entry.backend, entry.engine, entry.max_new_tokens, options, words])


@dataclass(frozen=True)
class KeyedPrompt:
    """One distinct prompt put to one utterance, and the key of the response to it."""

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
    """Distinct prompts of every utterance over all conditions.

    Args:
        manifest: utterances of the shard.
        conditions: intervention tables of the split; each must name every utterance of the shard.
        template, labels: render the prompts.
        fingerprint, settings: of the model, see :func:`cuealign.inference.store.response_key`.

    Returns:
        Utterance to prompts, in the manifest's order and the order in which conditions first need them.

    Raises:
        InputError: if a condition lacks an utterance.
    """
    words = [label.word for label in labels]
    blocks: dict[str, dict[str, None]] = {utterance: {} for utterance in manifest["utterance"]}
    for table in conditions:
        of = dict(zip(table["utterance"], table["cue_block"], strict=True))
        for utterance, found in blocks.items():
            if utterance not in of:
                raise InputError(f"an intervention has no tokens for utterance {utterance!r}; delete results/interventions to remake it")
            found[of[utterance]] = None
    hashes = dict(zip(manifest["utterance"], manifest["audio_sha256"], strict=True))
    result = {}
    for utterance, found in blocks.items():
        prompts = [template.render(words, block) for block in found]
        result[utterance] = [KeyedPrompt(response_key(hashes[utterance], prompt, fingerprint, settings), prompt) for prompt in prompts]
    return result


def sample_requests(
    manifest: pd.DataFrame, asked: Mapping[str, Sequence[KeyedPrompt]], store: ResponseStore, count: int = 3
) -> list[Request]:
    """A few of the requests to come, from the shortest utterance to the longest, for the sanity checks; none if all is answered."""
    unanswered = [any(each.key not in store for each in asked[utterance]) for utterance in manifest["utterance"]]
    return requests_for(spread(manifest[unanswered], count), asked)


def spread(manifest: pd.DataFrame, count: int) -> pd.DataFrame:
    """A few utterances, from the shortest to the longest."""
    places = sorted({round(place * (len(manifest) - 1) / max(1, count - 1)) for place in range(count)}) if len(manifest) else []
    return manifest.sort_values(["duration", "utterance"]).iloc[places]


def requests_for(manifest: pd.DataFrame, asked: Mapping[str, Sequence[KeyedPrompt]], most: int | None = None) -> list[Request]:
    """The requests of some utterances, with their first ``most`` prompts, or all."""
    return [
        Request(row.utterance, audio.reader(row), tuple(each.prompt for each in asked[row.utterance][:most]))
        for row in manifest.itertuples()
    ]


def answer_all(
    manifest: pd.DataFrame,
    asked: Mapping[str, Sequence[KeyedPrompt]],
    responder: Responder,
    store: ResponseStore,
    labels: Sequence[Label],
    *,
    write_every: int,
    what: str,
) -> tuple[int, int]:
    """Answer every prompt that the store lacks.

    Longest utterances go first: if memory is short, it shows at once.

    Args:
        manifest: utterances of the shard.
        asked: see :func:`keyed_prompts`.
        responder: model.
        store: receives the responses.
        labels: in the order of the log-probabilities.
        write_every: utterances between two writes to the store.
        what: name of the work, for the progress line.

    Returns:
        Numbers of prompts and utterances computed.
    """
    todo, claimed = [], set()
    for row in manifest.sort_values(["duration", "utterance"], ascending=[False, True]).itertuples():
        # The same samples under two ids ask the same: computed once.
        open_prompts = [each for each in asked[row.utterance] if each.key not in store and each.key not in claimed]
        claimed.update(each.key for each in open_prompts)
        if open_prompts:
            todo.append((row, open_prompts))
    total = sum(len(open_prompts) for _, open_prompts in todo)
    known = sum(len(found) for found in asked.values()) - total
    logger.info("%s: %d prompts to answer, %d already answered", what, total, known)
    order = "|".join(label.name for label in labels)
    truncated = 0
    requests = [Request(row.utterance, audio.reader(row), tuple(each.prompt for each in found)) for row, found in todo]
    with Progress(total, what, "prompt", group="utterance") as shown:
        rows = []
        answered = zip(todo, responder.respond(requests), strict=True)
        for number, ((row, found), responses) in enumerate(answered, start=1):
            rows += [(each.key, row.utterance, prompt_id(each.prompt), response) for each, response in zip(found, responses, strict=True)]
            truncated += any(response.audio_truncated for response in responses)
            shown.update(len(found))
            if number % write_every == 0 or number == len(todo):
                store.append(rows, order, responder.fingerprint)
                rows = []
    if truncated:
        logger.warning("%s: %d utterances are longer than the model's audio limit and were cut (column audio_truncated)", what, truncated)
    return total, len(todo)


def wanted(asked: Mapping[str, Sequence[KeyedPrompt]]) -> Iterator[tuple[str, str, str]]:
    """Key, utterance and prompt id of every prompt, for :meth:`ResponseStore.compile`."""
    for utterance, found in asked.items():
        for each in found:
            yield each.key, utterance, prompt_id(each.prompt)


def shard_of(manifest: pd.DataFrame, shard: int, shards: int) -> pd.DataFrame:
    """Utterances of a shard: every ``shards``-th of the split, starting at ``shard``."""
    return manifest.iloc[shard::shards].reset_index(drop=True)
