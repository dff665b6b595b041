"""The results of a study, as tables and figures read them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.core.errors import InputError
from cuealign.core.plain_files import ADVICE, read_csv, read_json, read_written
from cuealign.core.registry import OUTSIDE
from cuealign.core.schema import DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES, read_tokens, rows_of
from cuealign.core.text import counted
from cuealign.corpora.splits import select_split
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.columns import COLUMNS, KEYS, MAY_BE_EMPTY, MODEL_PAIRS, PAIR, TEXT
from cuealign.evaluation.compared import BETWEEN_MODELS, compared
from cuealign.evaluation.evaluation import MEAN
from cuealign.evaluation.grounding.stated import Judged
from cuealign.interventions.conditions import condition_id, known
from cuealign.reporting.escaping import one_line
from cuealign.reporting.metric_rows import first_misfit

Row = tuple[str, ...]
"""What names a row of a table."""

_COUNTED = {
    **dict.fromkeys(("rows", "overlaps", "silent", "clipped"), int),
    **dict.fromkeys(("left_out", "unused_splits", "rates", "channels"), dict),
    **dict.fromkeys(("excluded", "same_sound", "not_as_published"), list),
}


@dataclass(frozen=True)
class Results:
    """Results under a folder, read when asked for.

    Attributes:
        results: the folder.
        experiments: what was run, in the grid's order.
        datasets, models: registries of the config.
        statistics: level of the intervals, and resamples of the bootstrap over speakers.
        deviations: what differs from the paper's run (:func:`cuealign.config.comparability.deviations`).
    """

    results: Path | str
    experiments: Sequence[Experiment]
    datasets: Mapping[str, Dataset]
    models: Mapping[str, Model]
    statistics: Statistics = field(default_factory=Statistics)
    deviations: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """Level of the intervals in percent, as text."""
        return f"{100 * self.statistics.confidence:g}%"

    def select(self, *, dataset: str | None = None, split: str | None = None) -> list[Experiment]:
        """Experiments on a dataset and split, or all."""
        return [
            experiment for experiment in self.experiments if dataset in (None, experiment.dataset) and split in (None, experiment.split)
        ]

    def used_datasets(self) -> list[str]:
        """Datasets that were run, in the grid's order."""
        return list(dict.fromkeys(experiment.dataset for experiment in self.select()))

    def cautions(self, *, dataset: str | None = None, split: str | None = None, model: str | None = None) -> list[str]:
        """Sentences that belong beside every number on what was run, or on a part of it."""
        shown = [run for run in self.select(dataset=dataset, split=split) if model in (None, run.model)]
        names = dict.fromkeys(run.dataset for run in shown)
        said = [
            f"{self.datasets[name].title}: {caution}"
            for name in names
            for caution in (*self._cautions_of_corpus(name), *self._cautions_of_models([run for run in shown if run.dataset == name]))
        ]
        return list(dict.fromkeys(map(one_line, said)))

    def cautions_of_corpora(self, *, dataset: str | None = None) -> list[str]:
        """Those of these sentences that are about corpora, for numbers that no model gave."""
        names = self.used_datasets() if dataset is None else [dataset]
        return [one_line(f"{self.datasets[name].title}: {caution}") for name in names for caution in self._cautions_of_corpus(name)]

    def _cautions_of_corpus(self, dataset: str) -> Iterator[str]:
        counts, note = self.counts(dataset), self.datasets[dataset].note
        if note:
            yield note
        if counts["not_as_published"]:
            yield "a partial copy, whose counts are not the published ones."
        if excluded := len(counts["excluded"]):
            yield f"{counted(excluded, 'utterance')} excluded for bad audio."
        if doubled := sum(len(group["splits"]) > 1 for group in counts["same_sound"]):
            yield f"{counted(doubled, 'sound')} found in more than one split."
        if overlaps := counts["overlaps"]:
            yield f"{counted(overlaps, 'pair')} of segments of one recording overlap{'s' * (overlaps == 1)} across splits."

    def _cautions_of_models(self, shown: Sequence[Experiment]) -> Iterator[str]:
        """What is to be said of models that ran on a corpus."""
        tried: dict[tuple[str, int, int], list[str]] = {}
        for experiment in shown:
            tried.setdefault((experiment.split, *self._sizes(experiment)), []).append(self.models[experiment.model].title)
        for (split, run, whole), models in tried.items():
            if run < whole:
                verb = "was" if len(models) == 1 else "were"
                yield f"{'; '.join(models)} {verb} tried on {run} of {whole} utterances of {split} only."
        for experiment in shown:
            yield from self._cautions_of_training(experiment)
        found: dict[tuple[str, str], list[str]] = {}
        for experiment in shown:
            cautions = list(self.checks(experiment)["caution"].dropna())
            if self.models[experiment.model].kind != "control" and self.at_chance(experiment):
                cautions.append("the audio-only prompt is at chance, so that costs of wrong tokens mean little.")
            for caution in cautions:
                found.setdefault((experiment.split, caution), []).append(self.models[experiment.model].title)
        for (split, caution), models in found.items():
            every = len(models) == sum(run.split == split for run in shown) > 1
            yield f"{f'all {len(models)} models' if every else '; '.join(models)} on {split}: {caution}"

    def _cautions_of_training(self, experiment: Experiment) -> Iterator[str]:
        """Where a model met the corpus in training, or another corpus than it is tested on."""
        entry, dataset = self.models[experiment.model], experiment.dataset
        known = {name.casefold() for name in (dataset, self.datasets[dataset].title)}
        for corpus, source in entry.training_data.items():
            if corpus.casefold() in known:
                yield f"{entry.title} was trained on this corpus ({source})."
        if entry.training is not None and entry.training.dataset != dataset:
            yield f"{entry.title} was trained on another corpus, {entry.training.dataset}."

    def at_chance(self, experiment: Experiment) -> bool:
        """Whether the jackknife-t interval of the audio-only UAR reaches down to chance; False where there is none."""
        summary = self.summary(experiment)
        if ("none", "0") not in summary.index:
            return False
        return bool(summary.loc[("none", "0"), "t_low"] <= self.chance(experiment.dataset, experiment.split))

    def chance(self, dataset: str, split: str) -> float:
        """UAR of guessing: a split may lack a label, whose recall nobody can have."""
        return 1 / select_split(self.manifest(dataset), self.datasets[dataset].splits, split)["label"].nunique()

    def sample(self, *, dataset: str | None = None, split: str | None = None, models: Collection[str] | None = None) -> str:
        """Numbers of utterances, speakers and seeds behind what was run, as captions give them: "960 utterances, 12 speakers"."""
        shown = [run for run in self.select(dataset=dataset, split=split) if models is None or run.model in models]
        said = []
        places = dict.fromkeys((run.dataset, run.split) for run in shown)
        for dataset_, split_ in places:
            runs = [run for run in shown if (run.dataset, run.split) == (dataset_, split_)]
            sizes = {self._sizes(run)[0] for run in runs}
            part = select_split(self.manifest(dataset_), self.datasets[dataset_].splits, split_, limit=max(sizes))
            asked = counted(len(part), "utterance") if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)} utterances by model"
            where = f"{self.datasets[dataset_].title} ({split_}): " if len(places) > 1 else ""
            said.append(f"{where}{asked}, {counted(part['speaker'].nunique(), 'speaker')}{self._seeds(runs)}")
        return "; ".join(said)

    def _seeds(self, runs: Sequence[Experiment]) -> str:
        """The number of seeds if there are several, with that of control models or of all models where they differ."""
        counts = {run.model: len(self._seeds_of(run)) for run in runs}
        controls = {count for model, count in counts.items() if self.models[model].kind == "control"}
        others = {count for model, count in counts.items() if self.models[model].kind != "control"} or controls
        if len(controls) == len(others) == 1 and controls != others:
            return f", {counted(*others, 'seed')} (control models: {counted(*controls, 'seed')})"
        fewest, most = min(counts.values()), max(counts.values())
        if fewest < most:
            return f", {fewest} to {most} seeds by model"
        return f", {most} seeds" if most > 1 else ""

    def _seeds_of(self, run: Experiment) -> set[str]:
        """Seeds of the random interventions of an experiment; the others have a 0 in their place."""
        table = self.metrics(run, "conditions")
        random = [name for name in table["intervention"].unique() if known(name).is_random]
        return set(table.loc[table["intervention"].isin(random), "seed"]) - {MEAN}

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
        asked = self.metrics(experiment, "conditions")["n"].dropna()
        if asked.empty:
            raise InputError(f"results/metrics/{experiment}/conditions.csv: has no rows with a number of utterances; {ADVICE}")
        return int(asked.iloc[0]), len(whole)

    def counts(self, dataset: str) -> dict[str, Any]:
        """Counts of what is not in a dataset's manifest (:func:`cuealign.corpora.manifests.build_manifest`)."""
        return read_json(Path(self.results, "corpora", dataset, "counts.json"), _COUNTED)

    def manifest(self, dataset: str) -> pd.DataFrame:
        """Manifest of a dataset."""
        return MANIFEST.read(Path(self.results, "corpora", dataset, "manifest.parquet"))

    def descriptors(self, dataset: str) -> pd.DataFrame:
        """Descriptor means of a dataset, in the manifest's order."""
        path = Path(self.results, "corpora", dataset, "descriptors.parquet")
        return rows_of(DESCRIPTOR_MEANS.read(path), self.manifest(dataset)["utterance"], path)

    def metrics(self, experiment: Experiment, analysis: str) -> pd.DataFrame:
        """What an analysis made of an experiment."""
        path = Path(self.results, "metrics", experiment.dataset, experiment.split, experiment.model, f"{analysis}.csv")
        if analysis not in KEYS:
            # Of an analysis from outside, nobody knows which columns hold numbers.
            ours = not ANALYSES.module_name(analysis).startswith(OUTSIDE)
            return read_csv(path, columns=ANALYSES.constant(analysis, "COLUMNS", ()), text=TEXT, numbers=ours)
        columns = COLUMNS[analysis] if analysis in COLUMNS else ANALYSES.constant(analysis, "COLUMNS")
        table = read_csv(path, columns=columns, text=TEXT, key=KEYS[analysis], may_be_empty=analysis in MAY_BE_EMPTY)
        if wrong := first_misfit(analysis, table, self.datasets[experiment.dataset].labels):
            raise InputError(f"{path}{wrong}; {ADVICE}")
        return table

    def comparisons(self, experiment: Experiment) -> pd.DataFrame:
        """Comparisons of an experiment, of exactly the conditions that it has (:mod:`cuealign.evaluation.analyses.comparisons`)."""
        table = self.metrics(experiment, "comparisons")
        expected = [(condition_id(*a), condition_id(*b)) for a, b in compared(self._groups(experiment))]
        self._check_fit(experiment, "comparisons", list(zip(table["a"], table["b"], strict=True)), expected)
        return table

    def trends(self, experiment: Experiment) -> pd.DataFrame:
        """Trends of an experiment, of exactly the interventions with a strength (:mod:`cuealign.evaluation.analyses.trend`)."""
        table = self.metrics(experiment, "trend")
        names = dict.fromkeys(name for name, _ in self._groups(experiment) if known(name).has_strength)
        self._check_fit(experiment, "trend", [(name,) for name in table["intervention"]], [(name,) for name in names])
        return table

    def effects(self, experiment: Experiment) -> pd.DataFrame:
        """Effects of the tokens on a model's log-odds; none only where ``reliance.csv`` has no share of them either."""
        table = self.metrics(experiment, "reading")
        if table.empty and pd.notna(self.reliance(experiment).loc["share_logodds_additive", "value"]):
            path = Path(self.results, "metrics", str(experiment), "reading.csv")
            raise InputError(f"{path}: has no rows, unlike reliance.csv; delete both and run the workflow again")
        return table

    def _groups(self, experiment: Experiment) -> list[tuple[str, str]]:
        """Interventions and strengths of an experiment, in the grid's order."""
        return list(self.summary(experiment).index)

    def _check_fit(self, experiment: Experiment, analysis: str, rows: Collection[Row], expected: Collection[Row]) -> None:
        """Whether a file has the rows that belong to those of conditions.csv."""
        path = Path(self.results, "metrics", str(experiment), f"{analysis}.csv")
        for found, wanted, what in ((rows, expected, "has no row of"), (expected, rows, "has a row of")):
            if lost := [row for row in wanted if row not in found]:
                advice = "delete both and run the workflow again"
                raise InputError(f"{path}: {what} {' and '.join(lost[0])}, unlike conditions.csv; {advice}")

    def checks(self, experiment: Experiment) -> pd.DataFrame:
        """Checks of an experiment (:func:`cuealign.evaluation.model_checks.summarise`); no caution is a missing value."""
        return self.metrics(experiment, "checks")

    def reliance(self, experiment: Experiment) -> pd.DataFrame:
        """Quantities of grounding of an experiment, indexed by their names (:mod:`cuealign.evaluation.grounding`)."""
        return self.metrics(experiment, "reliance").set_index("quantity")

    def verdict(self, experiment: Experiment) -> dict[str, Any]:
        """The verdict on an experiment, with its numbers (:func:`cuealign.evaluation.grounding.verdict.verdict`)."""
        return read_written(Path(self.results, "metrics", str(experiment), "verdict.json"), Judged).model_dump()

    def model_pairs(self, dataset: str, split: str) -> pd.DataFrame:
        """Differences between the models on a split (:func:`cuealign.evaluation.model_pairs.compare`)."""
        path = Path(self.results, "metrics", dataset, split, "models.csv")
        table = read_csv(path, columns=MODEL_PAIRS, text=PAIR, key=PAIR)
        for side in ("a", "b"):
            if unknown := [(line, name) for line, name in enumerate(table[side], start=2) if name not in self.models]:
                raise InputError(f"{path}, line {unknown[0][0]}: {unknown[0][1]!r} is no model of the study; {ADVICE}")
        there = set(table[list(PAIR)].itertuples(index=False, name=None))
        if lost := [row for row in self._pairs_compared(dataset, split) if row not in there]:
            raise InputError(f"{path}: has no row of {' '.join(lost[0])}; {ADVICE}")
        return table

    def _pairs_compared(self, dataset: str, split: str) -> Iterator[Row]:
        """Two models and a quantity that both have: the models answered the same utterances under its conditions."""
        experiments = self.select(dataset=dataset, split=split)
        conditions = {run.model: set(self._groups(run)) for run in experiments}
        sizes = {run.model: self._sizes(run)[0] for run in experiments}
        for a, b in combinations(sizes, 2):
            for quantity, weights in BETWEEN_MODELS.items():
                if sizes[a] == sizes[b] and {condition[:2] for condition in weights} <= conditions[a] & conditions[b]:
                    yield a, b, quantity

    def speakers(self, experiment: Experiment) -> pd.DataFrame:
        """Follow index of each speaker of an experiment."""
        table = self.metrics(experiment, "speakers")
        limit, _ = self._sizes(experiment)
        part = select_split(self.manifest(experiment.dataset), self.datasets[experiment.dataset].splits, experiment.split, limit=limit)
        if lost := sorted(set(part["speaker"]) - set(table["speaker"])):
            raise InputError(f"{Path(self.results, 'metrics', str(experiment), 'speakers.csv')}: has no row of {lost[0]}; {ADVICE}")
        return table

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
        return {condition: seeds for condition, seeds in found.items() if known(condition[0]).has_cue_block}

    def blocks(self, dataset: str, split: str, intervention: str, p: str, seed: str) -> pd.DataFrame:
        """Tokens of a split under a condition."""
        return read_tokens(Path(self.results, "interventions", dataset, split, intervention, f"p{p}", f"seed{seed}.parquet"))

    def tokens(self, dataset: str) -> pd.DataFrame:
        """Tokens of all utterances of a dataset, with their labels."""
        path, manifest = Path(self.results, "corpora", dataset, "tokens.parquet"), self.manifest(dataset)
        return rows_of(TOKEN_SEQUENCES.read(path), manifest["utterance"], path).assign(label=manifest["label"])


def _of(published: pd.DataFrame, experiment: Experiment) -> pd.Series:
    """Which of the paper's values are about an experiment."""
    return published[["dataset", "split", "model"]].eq([experiment.dataset, experiment.split, experiment.model]).all(axis=1)
