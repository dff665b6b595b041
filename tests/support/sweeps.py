"""A sweep of a few short utterances, with a responder that records its requests."""

from pathlib import Path

import pandas as pd

from cuealign.inference import sweep
from cuealign.inference.store import ResponseStore
from cuealign.models.base import Responder, Response
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE, random_tokens

COUNT = 7
"""Utterances of the split."""

ENTRY = entry(engine="prefix", max_new_tokens=4)
SETTINGS = sweep.settings_key(ENTRY, LABELS)


class Recorder(Responder):
    """Answers with the lengths of audio and prompt, and records (utterance, prompt) of all that it answers."""

    def __init__(self, fingerprint: str = "recorder"):
        self._fingerprint, self.answered = fingerprint, []

    @property
    def fingerprint(self):
        return self._fingerprint

    def respond(self, requests):
        for request in requests:
            self.answered += [(request.utterance, prompt) for prompt in request.prompts]
            yield [
                Response(f"{len(request.load_audio())} {len(prompt)}", (-0.5, -1.0, -2.0, -float(len(prompt))), "similarity")
                for prompt in request.prompts
            ]


def conditions(seeds: list[int]) -> list[pd.DataFrame]:
    """Intervention tables of the whole split: one without cue blocks, and one of random tokens for each seed."""
    utterances = [f"u{index}" for index in range(COUNT)]
    return [pd.DataFrame({"utterance": utterances, "cue_block": ""}), *(random_tokens(utterances, seed) for seed in seeds)]


def run(
    manifest: pd.DataFrame, seeds: list[int], folder: Path, *, shard: str = "shard0", responder: Responder | None = None
) -> tuple[pd.DataFrame, int, Responder]:
    """Responses of a sweep, the number of prompts that were computed, and the responder."""
    responder = responder or Recorder()
    store = ResponseStore(folder, shard)
    prompts = sweep.keyed_prompts(manifest, conditions(seeds), TEMPLATE, LABELS, responder.fingerprint, SETTINGS)
    computed, _ = sweep.answer_all(manifest, prompts, responder, store, LABELS, write_every=2, what="test")
    return store.compile(sweep.wanted(prompts)), computed, responder
