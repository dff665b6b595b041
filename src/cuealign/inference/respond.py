"""A job of a model: load it once, check it, and answer all conditions of a shard of utterances."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cuealign.config.entries.model import Model
from cuealign.inference import sweep
from cuealign.inference.asked import asked_model
from cuealign.inference.checks import check_responder
from cuealign.inference.job_report import Stopwatch, job_report
from cuealign.inference.store import ResponseStore
from cuealign.models.backends import BACKENDS
from cuealign.models.base import CausalModel, Request, Responder
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

logger = logging.getLogger(__name__)

_FEW_UTTERANCES, _FEW_PROMPTS = 5, 8
_ASKED_AGAIN = 50  # utterances


def respond(
    split: pd.DataFrame,
    conditions: Sequence[pd.DataFrame],
    labels: Sequence[Label],
    template: Template,
    *,
    entry: Model,
    name: str,
    parse: Callable[[str], str],
    shard: int,
    store: Path,
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Answer all conditions of a shard of a split.

    Responses in the store are not computed again. New ones are stored as they come, so a killed job loses at most the batch
    in flight.

    Args:
        split: utterances of the split, table of kind :data:`cuealign.core.schema.MANIFEST`.
        conditions: intervention tables of the split.
        labels: with the words that stand for them.
        template: wording of the prompts.
        entry, name: of the model in the config; ``entry.device`` is the device to use.
        parse: reads the label that an answer names.
        shard: number of the job, of ``entry.shards``.
        store: folder of the response store.

    Returns:
        Table of kind :data:`cuealign.core.schema.RESPONSES`, the figures of the job, and what it found out about the model: the number
        of tensors of its networks, of a language model also the noise floor (the first shard measures it), and the number of its
        sounds and of those that the model's limit cut.

    Raises:
        ModelError: if the model cannot be loaded, fails its checks, or gives output that cannot be used.
    """
    if devices := os.environ.get("CUDA_VISIBLE_DEVICES"):
        logger.info("CUDA_VISIBLE_DEVICES is %s", devices)
    watch, utterances = Stopwatch(), sweep.shard_of(split, shard, entry.shards)
    with watch("load"):
        loaded = BACKENDS.get(entry.backend)(entry, name, labels, template)
    asked, settings = asked_model(loaded, entry, labels), sweep.settings_key(entry, labels)
    responder = asked.engine if asked else loaded
    if asked:
        asked.check_words(parse)

    def prompts_of(rows: pd.DataFrame) -> dict[str, list[sweep.KeyedPrompt]]:
        return sweep.keyed_prompts(rows, conditions, template, labels, responder.fingerprint, settings)

    prompts, responses = prompts_of(utterances), ResponseStore(store, f"shard{shard}")
    if tried := sweep.sample_requests(utterances, prompts, responses):
        with watch("checks"):
            if asked:
                asked.prepare(tried, lambda: _few(split, prompts_of))
            elif not responder.control:
                check_responder(responder, tried, dtype=entry.dtype)
    before = asked.tokens_run if asked else 0
    with watch("answer"):
        what = f"{name}, shard {shard + 1} of {entry.shards}"
        counts = sweep.answer_all(utterances, prompts, responder, responses, labels, write_every=entry.write_every, what=what)
    figures = job_report(watch, prompts=counts[0], utterances=counts[1])
    found: dict[str, Any] = {"tensors_placed": _tensors_placed(loaded)}
    if asked:
        figures |= asked.figures(watch.seconds["answer"], asked.tokens_run - before)
        if shard == 0:
            found |= asked.noise(lambda: _to_ask_again(split, prompts_of), store=store, settings=settings)
    table = responses.compile(sweep.wanted(prompts))
    sounds = table.groupby("utterance")["audio_truncated"].any()
    return table, figures, found | {"sounds": len(sounds), "sounds_cut": int(sounds.sum())}


def _tensors_placed(loaded: Responder | CausalModel) -> int:
    """Number of tensors of the loaded networks; the loaders refuse a checkpoint of which one is missing or left over."""
    parts = [loaded, getattr(loaded, "model", None)]
    networks = {id(value): value for part in parts if part is not None for value in vars(part).values() if hasattr(value, "state_dict")}
    arrays = [value for value in vars(loaded).values() if isinstance(value, np.ndarray)]  # a listener's
    return sum(len(network.state_dict()) for network in networks.values()) + len(arrays)


def _to_ask_again(split: pd.DataFrame, prompts_of: Callable[[pd.DataFrame], dict[str, list[sweep.KeyedPrompt]]]) -> list[Request]:
    """Requests from all lengths of utterances, for the noise floor."""
    rows = sweep.spread(split, _ASKED_AGAIN)
    return sweep.requests_for(rows, prompts_of(rows))


def _few(split: pd.DataFrame, prompts_of: Callable[[pd.DataFrame], dict[str, list[sweep.KeyedPrompt]]]) -> list[Request]:
    """A few requests, the same ones for every shard of a split and for a resumed job."""
    rows = sweep.spread(split, _FEW_UTTERANCES)
    return sweep.requests_for(rows, prompts_of(rows), most=_FEW_PROMPTS)
