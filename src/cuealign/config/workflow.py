"""What the workflow asks of a validated config."""

import re
from collections.abc import Iterable
from pathlib import Path

from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs
from cuealign.config.settings import Config


def limit(config: Config, experiment: Experiment) -> int | None:
    """Utterances of a split that a model answers, None for all."""
    for entry in config.grid:
        if (entry.dataset, True, True) == (experiment.dataset, experiment.split in entry.splits, experiment.model in entry.models):
            return entry.limit
    return None


def used_datasets(config: Config) -> list[str]:
    """Datasets that the grid runs on or that its models are trained on."""
    found = runs(config.grid)
    trainings = [config.models[run.model].training for run in found]
    return list(dict.fromkeys([run.dataset for run in found] + [training.dataset for training in trainings if training]))


def missing_sources(config: Config) -> list[str]:
    """One line per dataset used whose location is not set."""
    problems = []
    for name in used_datasets(config):
        key = "manifest" if config.datasets[name].reader == "manifest" else "root"
        if getattr(config.datasets[name], key) is None:
            problems.append(f"datasets.{name}.{key} is not set: give the location of {config.datasets[name].title} there")
    return problems


def missing_checkpoints(config: Config, models: Iterable[str]) -> list[str]:
    """One line per model whose local checkpoint is not there and is not trained by a rule."""
    problems = []
    for name in models:
        model = config.models[name]
        if model.path is not None and model.training is None and not Path(model.path).is_dir():
            problems.append(f"models.{name}.path: there is no folder {model.path}; docs/models.md says what belongs there")
    return problems


def wildcard(values: Iterable[object]) -> str:
    """Regular expression that matches exactly ``values``."""
    return "|".join(re.escape(value) for value in sorted(set(map(str, values)), key=lambda value: (-len(value), value))) or "(?!)"
