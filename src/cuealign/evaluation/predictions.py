"""From responses to predictions: one row per utterance and condition."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.schema import PREDICTIONS
from cuealign.core.vocabulary import INVALID
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
    """Read the predictions of one condition from the responses.

    Args:
        manifest: of the utterances of the split.
        condition: their tokens under the condition.
        responses: of the model, from all shards.
        template, labels: for the prompts, by which responses are found.
        parser: of answers.
        readout: ``generate`` parses the answer (one that was cut is INVALID), ``score`` takes the label with the highest log-probability.

    Returns:
        Table of kind :data:`cuealign.core.schema.PREDICTIONS`, one row per utterance of the split.

    Raises:
        InputError: if a response is missing or was scored with other labels.
    """
    words, names = template.words(labels), [label.name for label in labels]
    blocks = dict(zip(condition["utterance"], condition["cue_block"], strict=True))
    needed = pd.MultiIndex.from_arrays(
        [manifest["utterance"], [prompt_id(template.render(words, blocks[utterance])) for utterance in manifest["utterance"]]]
    )
    found = responses.set_index(["utterance", "prompt_id"])
    missing = needed.difference(found.index)
    if len(missing):
        raise InputError(f"responses: {len(missing)} missing, first to prompt {missing[0][1]} of utterance {missing[0][0]!r}")
    found = found.loc[needed]
    if set(found["label_order"]) != {"|".join(names)}:
        raise InputError(f"responses: scored labels are {sorted(set(found['label_order']))}, not {'|'.join(names)}")
    logprobs = np.stack(found["label_logprobs"].to_list())
    answers, cut = found["answer"].to_list(), found["cut"].to_list()
    # What an answer would have said behind the limit of tokens, nobody knows.
    read = (INVALID if unfinished else parser(answer) for answer, unfinished in zip(answers, cut, strict=True))
    predicted = {"generate": read, "score": (names[best] for best in logprobs.argmax(axis=1))}[readout]
    table = pd.DataFrame(
        {
            "utterance": manifest["utterance"],
            "speaker": manifest["speaker"],
            "session": manifest["session"],
            "label": manifest["label"],
            "answer": answers,
            "cut": cut,
            "prediction": list(predicted),
        }
    )
    for column, name in enumerate(names):
        table[f"logprob_{name}"] = logprobs[:, column]
    return PREDICTIONS.check(table, "predictions")
