"""The results of a study, as tables and figures read them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.core.errors import InputError
from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.evaluation.evaluation import MEAN
from cuealign.interventions import INTERVENTIONS

_TEXT = dict.fromkeys(
    ("p", "seed", "intervention", "label", "prediction", "a", "b", "quantity", "concept", "token", "concept_a", "concept_b", "speaker"), str
)


@dataclass(frozen=True)
class Results:
    """Results under a folder, read when asked for.

    Attributes:
        results: the folder.
        experiments: what was run, in the grid's order.
        datasets, models: registries of the config.
        confidence: level of the intervals.
        deviations: what differs from the paper's run (:func:`cuealign.config.comparability.deviations`).
    """

    results: Path | str
    experiments: Sequence[Experiment]
    datasets: Mapping[str, Dataset]
    models: Mapping[str, Model]
    confidence: float = 0.95
    deviations: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Level of the intervals in percent, as text."""
        return f"{100 * self.confidence:g}%"

    def select(self, *, dataset: str | None = None, split: str | None = None) -> list[Experiment]:
        """Experiments on a dataset and split, or all."""
        return [
            experiment for experiment in self.experiments if dataset in (None, experiment.dataset) and split in (None, experiment.split)
        ]

    def used_datasets(self) -> list[str]:
        """Datasets that were run, in the grid's order."""
        return list(dict.fromkeys(experiment.dataset for experiment in self.select()))

    def cautions(self, *, dataset: str | None = None) -> str:
        """Sentences that belong beside every number on the datasets that were run."""
        names = [name for name in self.used_datasets() if dataset in (None, name)]
        return " ".join(f"{self.datasets[name].title}: {caution}" for name in names for caution in self._cautions(name))

    def _cautions(self, dataset: str) -> Iterator[str]:
        counts, note = self.counts(dataset), self.datasets[dataset].note
        if note:
            yield note
        if counts["not_as_published"]:
            yield "a partial copy, whose counts are not the published ones."
        tried: dict[tuple[str, int, int], list[str]] = {}
        for experiment in self.select(dataset=dataset):
            tried.setdefault((experiment.split, *self._sizes(experiment)), []).append(self.models[experiment.model].title)
        for (split, run, whole), models in tried.items():
            if run < whole:
                verb = "was" if len(models) == 1 else "were"
                yield f"{'; '.join(models)} {verb} tried on {run} of {whole} utterances of {split} only."
        known = {name.casefold() for name in (dataset, self.datasets[dataset].title)}
        for model in dict.fromkeys(experiment.model for experiment in self.select(dataset=dataset)):
            for corpus, source in self.models[model].training_data.items():
                if corpus.casefold() in known:
                    yield f"{self.models[model].title} was trained on this corpus ({source})."
        for experiment in self.select(dataset=dataset):
            for caution in self.checks(experiment)["caution"].dropna():
                yield f"{self.models[experiment.model].title} on {experiment.split}: {caution}"
        if excluded := len(counts["excluded"]):
            yield f"{excluded} utterance{'s' * (excluded > 1)} excluded for bad audio."
        if doubled := sum(len(group["splits"]) > 1 for group in counts["same_sound"]):
            yield f"{doubled} sound{'s' * (doubled > 1)} found in more than one split."
        if overlaps := counts["overlaps"]:
            yield f"{overlaps} pair{'s' * (overlaps > 1)} of segments of one recording overlap{'s' * (overlaps == 1)} across splits."

    def differs_from_paper(self, experiment: Experiment, *interventions: str) -> list[str]:
        """What keeps a published value from standing beside ours; empty if all that makes it is the paper's.

        Args:
            experiment: which ran on the corpus.
            interventions: that the value is about.
        """
        known = self.deviations.get(str(experiment), {"": ()})
        found = [*known[""], *(reason for name in interventions for reason in known.get(name, ()))]
        run, whole = self._sizes(experiment)
        counts = self.counts(experiment.dataset)
        found += ["utterances (a part of the split)"] * (run < whole)
        found += ["utterances (not the published counts)"] * bool(counts["not_as_published"])
        found += ["utterances (bad audio excluded)"] * bool(counts["excluded"])
        return list(dict.fromkeys(found))

    def comparable(self, published: pd.DataFrame, experiment: Experiment, *interventions: str) -> pd.DataFrame:
        """Rows of the paper's values that may stand beside ours: all or none."""
        if not _of(published, experiment).any():
            return published.iloc[:0]
        return published.iloc[:0] if self.differs_from_paper(experiment, *interventions) else published

    def not_compared(self, published: pd.DataFrame, experiments: Sequence[Experiment]) -> str:
        """Sentences that say why published values do not stand beside some of ours."""
        said = []
        for experiment in experiments:
            if _of(published, experiment).any() and (reasons := self.differs_from_paper(experiment)):
                title = f"{self.models[experiment.model].title} on {self.datasets[experiment.dataset].title} ({experiment.split})"
                said.append(f"{title} is not compared with the paper, as these differ: {', '.join(reasons)}.")
        return " ".join(said)

    def _sizes(self, experiment: Experiment) -> tuple[int, int]:
        """Number of utterances that were run, and of those in the split."""
        whole = select_split(self.manifest(experiment.dataset), self.datasets[experiment.dataset].splits, experiment.split)
        return int(self.metrics(experiment, "conditions")["n"].iloc[0]), len(whole)

    def counts(self, dataset: str) -> dict[str, Any]:
        """Counts of what is not in a dataset's manifest (:func:`cuealign.corpora.manifests.build_manifest`)."""
        return _json(self.results, "corpora", dataset, "counts.json")

    def manifest(self, dataset: str) -> pd.DataFrame:
        """Manifest of a dataset."""
        return MANIFEST.read(Path(self.results, "corpora", dataset, "manifest.parquet"))

    def descriptors(self, dataset: str) -> pd.DataFrame:
        """Descriptor means of a dataset, in the manifest's order."""
        return DESCRIPTOR_MEANS.read(Path(self.results, "corpora", dataset, "descriptors.parquet"))

    def metrics(self, experiment: Experiment, analysis: str) -> pd.DataFrame:
        """What an analysis made of an experiment."""
        path = Path(self.results, "metrics", experiment.dataset, experiment.split, experiment.model, f"{analysis}.csv")
        try:
            # Only an empty cell is missing: "NA" and "null" may be labels.
            return pd.read_csv(path, dtype=_TEXT, keep_default_na=False, na_values=[""])
        except (OSError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path}: cannot be read ({error})") from error

    def checks(self, experiment: Experiment) -> pd.DataFrame:
        """Checks of an experiment (:func:`cuealign.evaluation.model_checks.summarise`); no caution is a missing value."""
        return self.metrics(experiment, "checks")

    def reliance(self, experiment: Experiment) -> pd.DataFrame:
        """Quantities of grounding of an experiment, indexed by their names (:mod:`cuealign.evaluation.grounding`)."""
        return self.metrics(experiment, "reliance").set_index("quantity")

    def verdict(self, experiment: Experiment) -> dict[str, Any]:
        """The verdict on an experiment, with its numbers (:func:`cuealign.evaluation.grounding.verdict.verdict`)."""
        return _json(self.results, "metrics", experiment.dataset, experiment.split, experiment.model, "verdict.json")

    def model_pairs(self, dataset: str, split: str) -> pd.DataFrame:
        """Differences between the models on a split (:func:`cuealign.evaluation.model_pairs.compare`)."""
        path = Path(self.results, "metrics", dataset, split, "models.csv")
        try:
            return pd.read_csv(path, dtype={"a": str, "b": str, "quantity": str}, keep_default_na=False, na_values=[""])
        except (OSError, pd.errors.EmptyDataError) as error:
            raise InputError(f"{path}: cannot be read ({error})") from error

    def summary(self, experiment: Experiment) -> pd.DataFrame:
        """One row per intervention and strength: the mean over seeds where there are several, indexed by both."""
        table = self.metrics(experiment, "conditions")
        seeded = table.groupby(["intervention", "p"])["seed"].transform(lambda seeds: (seeds == MEAN).any())
        return table[(table["seed"] == MEAN) | ~seeded].set_index(["intervention", "p"])

    def conditions_with_block(self, dataset: str, split: str) -> dict[tuple[str, str], list[str]]:
        """Seeds of every intervention and strength that was run on a split and has a cue block."""
        found: dict[tuple[str, str], list[str]] = {}
        for experiment in self.select(dataset=dataset, split=split):
            for row in self.metrics(experiment, "conditions").itertuples():
                seeds = found.setdefault((row.intervention, row.p), [])
                if row.seed != MEAN and row.seed not in seeds:
                    seeds.append(row.seed)
        return {condition: seeds for condition, seeds in found.items() if INTERVENTIONS.get(condition[0]).has_cue_block}

    def blocks(self, dataset: str, split: str, intervention: str, p: str, seed: str) -> pd.DataFrame:
        """Tokens of a split under a condition."""
        return read_tokens(Path(self.results, "interventions", dataset, split, intervention, f"p{p}", f"seed{seed}.parquet"))

    def tokens(self, dataset: str) -> pd.DataFrame:
        """Tokens of all utterances of a dataset, with their labels."""
        tokens = TOKEN_SEQUENCES.read(Path(self.results, "corpora", dataset, "tokens.parquet"))
        return tokens.merge(self.manifest(dataset)[["utterance", "label"]], on="utterance", validate="one_to_one")


def _of(published: pd.DataFrame, experiment: Experiment) -> pd.Series:
    """Which of the paper's values are about an experiment."""
    return published[["dataset", "split", "model"]].eq([experiment.dataset, experiment.split, experiment.model]).all(axis=1)


def _json(*parts: Path | str) -> dict[str, Any]:
    """Content of a JSON file."""
    path = Path(*parts)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
