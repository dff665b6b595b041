"""Responses of a model to five utterances."""

import numpy as np
import pandas as pd

from cuealign.prompts.templates import prompt_id
from tests.support.prompts import LABELS, TEMPLATE

WORDS = [label.word for label in LABELS]
SAID = ["angry", "I think she is happy.", "sad or neutral", "no idea", "SAD"]


def five_utterances() -> pd.DataFrame:
    """A manifest."""
    count = len(SAID)
    return pd.DataFrame(
        {
            "utterance": [f"u{index}" for index in range(count)],
            "file": "f",
            "start": 0.0,
            "end": 1.0,
            "speaker": ["a", "a", "b", "b", "b"],
            "gender": "female",
            "language": "",
            "label": ["angry", "happy", "neutral", "sad", "sad"],
            "split": ["x", "x", "y", "y", "z"],
            "session": "",
            "duration": 1.0,
            "audio_sha256": "0",
        }
    )


def responses_to(manifest: pd.DataFrame, condition: pd.DataFrame) -> pd.DataFrame:
    """Answers :data:`SAID` to the prompts of a condition, with random scores, in random order."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "utterance": manifest["utterance"],
            "prompt_id": [prompt_id(TEMPLATE.render(WORDS, block)) for block in condition["cue_block"]],
            "answer": SAID,
            "reasoning": "",
            "label_logprobs": [np.log(random.dirichlet(np.ones(4))) for _ in SAID],
            "label_order": "|".join(label.name for label in LABELS),
            "path": "label",
            "answer_tokens": 2,
            "prompt_tokens": 9,
            "audio_tokens": 4,
            "audio_truncated": False,
            "cut": False,
            "fingerprint": "f",
        }
    )
    return table.sample(frac=1, random_state=0)  # shards come in any order
