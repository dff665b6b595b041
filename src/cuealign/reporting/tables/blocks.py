"""How many perturbed cue blocks say what no utterance of the corpus does."""

from collections.abc import Sequence

import pandas as pd

from cuealign.config.entries.grid import GridRun
from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.conditions import condition_id, condition_title
from cuealign.interventions.impossible import distance, impossible, impossible_among_others
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "How many perturbed cue blocks hold a pair of tokens that no utterance of the corpus has."
NEEDS = ("conditions",)
READS_BLOCKS = True

COLUMNS = ["dataset", "split", "condition", "impossible", "distance"]


def shows(runs: Sequence[GridRun]) -> bool:
    """Whether a perturbation whose cue block has tokens is run."""
    return any(run.intervention not in ("none", "correct") and INTERVENTIONS.get(run.intervention).has_tokens for run in runs)


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per condition whose cue blocks say something, seeds pooled, and one for real blocks of other speakers."""
    rows, titles = [], []
    for dataset, split in dict.fromkeys((experiment.dataset, experiment.split) for experiment in results.select()):
        corpus = results.tokens(dataset)
        speakers = corpus[["utterance"]].merge(results.manifest(dataset)[["utterance", "speaker"]], on="utterance")["speaker"]
        if speakers.nunique() > 1:
            rows.append((dataset, split, "", impossible_among_others(corpus, speakers).mean(), float("nan")))
            titles.append("Real, against other speakers")
        for (intervention, p), seeds in results.conditions_with_block(dataset, split).items():
            if not INTERVENTIONS.get(intervention).has_tokens:
                continue
            blocks = pd.concat([results.blocks(dataset, split, intervention, p, seed) for seed in seeds], ignore_index=True)
            shares = impossible(blocks[list(CONCEPTS)], corpus).mean(), distance(blocks, corpus).mean()
            rows.append((dataset, split, condition_id(intervention, p), *shares))
            titles.append(condition_title(intervention, p))
    values = pd.DataFrame(rows, columns=COLUMNS)
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Condition": titles,
            "Impossible blocks (%)": [f"{100 * share:.1f}" for share in values["impossible"]],
            "Tokens to the nearest real block": ["–" if pd.isna(steps) else f"{steps:.2f}" for steps in values["distance"]],
        }
    )
    note = (
        "Impossible: with a pair of tokens that no utterance of the corpus has. A model may react to such a block because it cannot be, "
        "not because it is wrong. The shares depend on the size of the corpus; the first row says how many real blocks hold a pair "
        "that no other speaker has."
    )
    return TableContent("Impossible cue blocks under each condition.", values, display, note, cautions=tuple(results.cautions_of_corpora()))
