"""A job of a model: load it once, check it, and answer all conditions of a shard of utterances."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.model import Model
from cuealign.inference import checks, sweep
from cuealign.inference.answer_formats import learn_answer_formats
from cuealign.inference.engines import make_responder
from cuealign.inference.job_checks import checks_of_job
from cuealign.inference.job_report import Stopwatch, job_report
from cuealign.inference.packed import PackedEngine
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
        Table of kind :data:`cuealign.core.schema.RESPONSES`, the figures of the job (see :func:`job_report`), and what it found
        out about the model (see :func:`checks_of_job`).

    Raises:
        ModelError: if the model cannot be loaded, fails its checks, or gives output that cannot be used.
    """
    if devices := os.environ.get("CUDA_VISIBLE_DEVICES"):
        logger.info("CUDA_VISIBLE_DEVICES is %s", devices)
    watch, utterances = Stopwatch(), sweep.shard_of(split, shard, entry.shards)
    with watch("load"):
        loaded = BACKENDS.get(entry.backend)(entry, name, labels, template)
    model, settings = make_responder(loaded, entry, labels), sweep.settings_key(entry, labels)
    if isinstance(loaded, CausalModel):
        checks.check_label_words(loaded, labels, parse)

    def prompts_of(rows: pd.DataFrame) -> dict[str, list[sweep.KeyedPrompt]]:
        return sweep.keyed_prompts(rows, conditions, template, labels, model.fingerprint, settings)

    prompts, responses = prompts_of(utterances), ResponseStore(store, f"shard{shard}")
    if tried := sweep.sample_requests(utterances, prompts, responses):
        with watch("checks"):
            _prepare(loaded, model, labels, tried, lambda: _few(split, prompts_of), dtype=entry.dtype)
    before = getattr(loaded, "tokens_run", 0)
    with watch("answer"):
        what = f"{name}, shard {shard + 1} of {entry.shards}"
        counts = sweep.answer_all(utterances, prompts, model, responses, labels, write_every=entry.write_every, what=what)
    tokens = getattr(loaded, "tokens_run", 0) - before
    figures = job_report(loaded, entry.engine, watch, tokens=tokens, prompts=counts[0], utterances=counts[1])
    found = checks_of_job(loaded, model, lambda: _to_ask_again(split, prompts_of), shard=shard, store=store, settings=settings)
    return responses.compile(sweep.wanted(prompts)), figures, found


def _prepare(
    loaded: Responder | CausalModel,
    model: Responder,
    labels: Sequence[Label],
    tried: Sequence[Request],
    few: Callable[[], Sequence[Request]],
    *,
    dtype: str,
) -> None:
    """Check the model on a few requests, and learn how it words its answers."""
    if isinstance(loaded, CausalModel):
        checks.check_language_model(loaded, model, labels, tried, dtype=dtype)
        if isinstance(model, PackedEngine):
            learn_answer_formats(model, labels, few())
    elif not loaded.control:
        checks.check_responder(loaded, tried, dtype=dtype)


def _to_ask_again(split: pd.DataFrame, prompts_of: Callable[[pd.DataFrame], dict[str, list[sweep.KeyedPrompt]]]) -> list[Request]:
    """Requests from all lengths of utterances, for the noise floor."""
    rows = sweep.spread(split, _ASKED_AGAIN)
    return sweep.requests_for(rows, prompts_of(rows))


def _few(split: pd.DataFrame, prompts_of: Callable[[pd.DataFrame], dict[str, list[sweep.KeyedPrompt]]]) -> list[Request]:
    """A few requests, the same ones for every shard of a split and for a resumed job."""
    rows = sweep.spread(split, _FEW_UTTERANCES)
    return sweep.requests_for(rows, prompts_of(rows), most=_FEW_PROMPTS)
