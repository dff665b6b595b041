"""The grid, expanded into runs."""

from collections.abc import Iterable, Iterator

from cuealign.config.entries.exclude import Exclude
from cuealign.config.entries.grid import Experiment, GridEntry, GridRun
from cuealign.interventions import INTERVENTIONS


def runs(entries: Iterable[GridEntry]) -> list[GridRun]:
    """Every run of some entries, in their order."""
    return [run for entry in entries for run in expand(entry)]


def remaining(entries: Iterable[GridEntry], exclude: Exclude) -> list[GridEntry]:
    """What is left of a grid without some models and datasets; an entry of which nothing is left is dropped."""
    kept = [
        (entry, [model for model in entry.models if model not in exclude.models])
        for entry in entries
        if entry.dataset not in exclude.datasets
    ]
    return [entry.model_copy(update={"models": models}) for entry, models in kept if models]


def experiments(entries: Iterable[GridEntry]) -> list[Experiment]:
    """Every model on every split that it runs on, each once."""
    return list(dict.fromkeys(run.experiment for run in runs(entries)))


def expand(entry: GridEntry) -> Iterator[GridRun]:
    """Runs of an entry; interventions without strength or seed occur once, as p 0 and seed 0."""
    for split in entry.splits:
        for model in entry.models:
            for name in entry.interventions:
                intervention = INTERVENTIONS.get(name)
                for p in entry.p if intervention.has_strength else ["0"]:
                    for seed in entry.seeds if intervention.is_random else [0]:
                        yield GridRun(entry.dataset, split, model, name, p, str(seed))
