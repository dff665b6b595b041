"""From responses to predictions: one row per utterance and condition."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.schema import PREDICTIONS
from cuealign.prompts.answers import AnswerParser
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template, prompt_id


def predict(
    manifest: pd.DataFrame,
    condition: pd.DataFrame,
    responses: pd.DataFrame,
    template: Template,
    labels: Sequence[Label],
    parser: AnswerParser,
    *,
    readout: str,
) -> pd.DataFrame:
    """Read the predictions of one condition.

    Args:
        manifest: utterances of the split.
        condition: their (perturbed) tokens.
        responses: of the model, all shards.
        template, labels: render the prompts, to find the response to each.
        parser: reads one of the labels from an answer.
        readout: ``generate`` or ``score``.

    Returns:
        Table of kind :data:`cuealign.core.schema.PREDICTIONS`, one row per utterance of the split, none left out.

    Raises:
        InputError: if a response is missing or has other labels.
    """
    words, names = [label.word for label in labels], [label.name for label in labels]
    blocks = dict(zip(condition["utterance"], condition["cue_block"], strict=True))
    asked = pd.MultiIndex.from_arrays(
        [manifest["utterance"], [prompt_id(template.render(words, blocks[utterance])) for utterance in manifest["utterance"]]]
    )
    found = responses.set_index(["utterance", "prompt_id"])
    lost = asked.difference(found.index)
    if len(lost):
        raise InputError(f"{len(lost)} responses are missing, first to prompt {lost[0][1]} of utterance {lost[0][0]!r}")
    found = found.loc[asked]
    if set(found["label_order"]) != {"|".join(names)}:
        raise InputError(f"responses score the labels {sorted(set(found['label_order']))}, not {'|'.join(names)}")
    logprobs = np.stack(found["label_logprobs"].to_list())
    answers = found["answer"].to_list()
    predicted = {"generate": map(parser, answers), "score": (names[best] for best in logprobs.argmax(axis=1))}[readout]
    table = pd.DataFrame(
        {
            "utterance": manifest["utterance"],
            "speaker": manifest["speaker"],
            "label": manifest["label"],
            "answer": answers,
            "prediction": list(predicted),
        }
    )
    for column, name in enumerate(names):
        table[f"logprob_{name}"] = logprobs[:, column]
    return PREDICTIONS.check(table, "predictions")
