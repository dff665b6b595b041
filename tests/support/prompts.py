"""Labels, a wording and tokens to ask with."""

import numpy as np
import pandas as pd

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CueBlockTemplate, PromptTemplate

LABELS = [Label(word, word) for word in ("angry", "happy", "neutral", "sad")]
TEMPLATE = PromptTemplate(
    "How does the speaker feel? Answer with one of: {labels}.",
    CueBlockTemplate("Cues: " + "; ".join(f"{concept}={{{concept}}}" for concept in CONCEPTS)),
)


def random_tokens(utterances: list[str], seed: int = 0) -> pd.DataFrame:
    """Random tokens with their cue block."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"utterance": utterances} | {concept: random.choice(TOKENS[concept], len(utterances)) for concept in CONCEPTS})
    table["cue_block"] = [TEMPLATE.cue_block.serialise(row._asdict()) for row in table.itertuples()]
    return table
