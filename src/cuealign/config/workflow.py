"""What the workflow asks of a validated config."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs
from cuealign.config.settings import Config
from cuealign.core.text import some


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
    """One line per dataset used whose location is not set, or whose folder is not there. A rule may still make a table."""
    problems = []
    for name in used_datasets(config):
        dataset = config.datasets[name]
        key = "manifest" if dataset.reader == "manifest" else "root"
        if getattr(dataset, key) is None:
            problems.append(f"datasets.{name}.{key} is not set: give the location of {dataset.title} there")
        elif key == "root" and not Path(dataset.root).is_dir():
            problems.append(f"datasets.{name}.root: there is no folder {dataset.root}; give the location of {dataset.title} there")
    return problems


def missing_checkpoints(config: Config, models: Iterable[str]) -> list[str]:
    """One line per model whose local checkpoint is not there and is not trained by a rule."""
    problems = []
    for name in models:
        model = config.models[name]
        if model.path is not None and model.training is None and not Path(model.path).is_dir():
            found = f" ({model.obtain})" if model.obtain else ""
            problems.append(
                f"models.{name}.path: there is no folder {model.path}{found}; docs/models.md says what belongs there. "
                f"Without it: exclude: {{models: [{name}]}}"
            )
    return problems


def not_writable(folder: Path) -> list[str]:
    """One line per folder of a study that is there and into which this account cannot write.

    Args:
        folder: of the study, in which ``results``, ``logs`` and Snakemake's own notes lie.
    """
    own = [folder / name for name in (".snakemake", "logs", "results")]
    inner = [path for parent in own if os.access(parent, os.R_OK | os.X_OK) for path in sorted(parent.iterdir()) if path.is_dir()]
    shut = [path for path in (folder, *own, *inner) if path.exists() and not os.access(path, os.W_OK | os.X_OK)]
    return [f"{path}: this account cannot write there; run the study in a folder of your own with --directory" for path in shut]


def missing_downloads(config: Config, models: Iterable[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """One line per model whose weights come from the hub and are not in its cache on this machine."""
    home = Path(environment.get("HF_HOME") or Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface"))
    cache = Path(environment.get("HF_HUB_CACHE") or home / "hub")
    offline = environment.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    then = "and HF_HUB_OFFLINE forbids to fetch them" if offline else "its job fetches them from the hub"
    found = []
    for name in models:
        model = config.models[name]
        if model.path is None and not (cache / f"models--{model.hub_id.replace('/', '--')}/snapshots/{model.revision}").is_dir():
            found.append(f"models.{name}: the weights {model.hub_id} are not on this machine, {then} (see docs/models.md)")
    return found


def missing_devices(config: Config, models: Iterable[str], gpus: Sequence[str]) -> list[str]:
    """One line if models need a GPU and this machine has none.

    Args:
        config: of the study.
        models: that will be run.
        gpus: names of the GPUs of this machine.
    """
    needing = [name for name in models if config.models[name].on_gpu]
    if gpus or not needing:
        return []
    return [
        f"a GPU: this machine has none, and {some(needing)} {'need' if len(needing) > 1 else 'needs'} one; run them on a cluster "
        "(docs/slurm.md), or set device: cpu for a model that is small enough"
    ]


def wildcard(values: Iterable[object]) -> str:
    """Regular expression that matches exactly ``values``."""
    return "|".join(re.escape(value) for value in sorted(set(map(str, values)), key=lambda value: (-len(value), value))) or "(?!)"
