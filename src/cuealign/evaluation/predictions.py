"""From responses to predictions: one row per utterance and condition."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cuealign.core.errors import InputError
from cuealign.core.plain_files import ADVICE
from cuealign.core.schema import PREDICTIONS, RESPONSES, rows_of
from cuealign.core.vocabulary import INVALID
from cuealign.prompts.answers import AnswerParser
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template, prompt_id

_ADVICE = "delete the Parquet files of the shards and run the workflow again (answers are kept in the store beside them)"


def read_responses(paths: Sequence[Path]) -> pd.DataFrame:
    """Responses of all shards of a model on a split.

    Raises:
        InputError: if a file cannot be read, or two have the same response.
    """
    tables = [RESPONSES.read(path) for path in paths]
    responses = pd.concat([table.assign(path_of_shard=str(path)) for table, path in zip(tables, paths, strict=True)], ignore_index=True)
    if len(again := responses[responses.duplicated(["utterance", "prompt_id"])]):
        row = again.iloc[0]
        raise InputError(f"{row['path_of_shard']}: has utterance {row['utterance']!r}, which another shard has too; {_ADVICE}")
    return responses.drop(columns="path_of_shard")


def read_predictions(path: Path, manifest: pd.DataFrame, labels: Sequence[str], *, whole: bool = True) -> pd.DataFrame:
    """Predictions of one condition, in the order of the manifest, in whatever order the file has them.

    Args:
        path: of a table of kind :data:`cuealign.core.schema.PREDICTIONS`.
        manifest: of the utterances that the model was asked about.
        labels: of the dataset.
        whole: whether the model was asked about all of them.

    Raises:
        InputError: if the file cannot be read, its utterances, speakers, sessions or labels are not the manifest's, or it
            predicts what is no label.
    """
    table = PREDICTIONS.read(path)
    if missing := [label for label in labels if f"logprob_{label}" not in table]:
        raise InputError(f"{path}: has no log-probabilities of {missing[0]!r}; {ADVICE}")
    finite = np.isfinite(table[[f"logprob_{label}" for label in labels]].to_numpy(dtype=float)).all(axis=1)
    if not finite.all():
        raise InputError(f"{path}: lacks a log-probability of utterance {table['utterance'][int(np.argmin(finite))]!r}; {ADVICE}")
    if len(strange := table[~table["prediction"].isin([*labels, INVALID])]):
        row = strange.iloc[0]
        raise InputError(f"{path}: predicts {row['prediction']!r} of utterance {row['utterance']!r}, which is no label; {ADVICE}")
    place = pd.Index(table["utterance"]).get_indexer(manifest["utterance"])
    if len(table) != (place >= 0).sum() or (whole and (place < 0).any()):
        strange = sorted(set(table["utterance"]) ^ set(manifest["utterance"] if whole else manifest["utterance"][place >= 0]))
        raise InputError(f"{path}: its utterances are not those of the manifest (first difference: {strange[0]!r}); {ADVICE}")
    table, rows = table.iloc[place[place >= 0]].reset_index(drop=True), manifest[place >= 0]
    for name in ("speaker", "session", "label"):
        if len(wrong := np.flatnonzero((table[name] != rows[name].to_numpy()).to_numpy())):
            at = int(wrong[0])
            raise InputError(
                f"{path}: the {name} of utterance {table['utterance'][at]!r} is {table[name][at]!r}, in the manifest "
                f"{rows[name].iloc[at]!r}; {ADVICE}"
            )
    return table


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
    blocks = rows_of(condition, manifest["utterance"], "tokens of the condition")["cue_block"]
    needed = pd.MultiIndex.from_arrays([manifest["utterance"], [prompt_id(template.render(words, block)) for block in blocks]])
    found = responses.set_index(["utterance", "prompt_id"])
    missing = needed.difference(found.index)
    if len(missing):
        raise InputError(f"responses: {len(missing)} missing, first to prompt {missing[0][1]} of utterance {missing[0][0]!r}; {_ADVICE}")
    found = found.loc[needed]
    if (found["label_logprobs"].map(len) != len(names)).any():
        raise InputError(f"responses: a response does not have one log-probability for each of the {len(names)} labels; {_ADVICE}")
    if set(found["label_order"]) != {"|".join(names)}:
        raise InputError(f"responses: scored labels are {sorted(set(found['label_order']))}, not {'|'.join(names)}; {_ADVICE}")
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
