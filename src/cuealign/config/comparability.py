"""Whether a run is the paper's: a published value stands beside ours only if all that makes it is the same.

The paper prints neither its prompts nor its checkpoints. ``config/paper.yaml``, with the registries that ship with it, is our
reading of it.
"""

from collections.abc import Mapping
from pathlib import Path

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.model import Model
from cuealign.config.grid import experiments
from cuealign.config.settings import Config

_DATASET = {
    "labels": "labels",
    "label_map": "label map",
    "reader": "reader",
    "options": "options of the reader",
    "columns": "columns",
    "tokens": "token options",
    "split": "draw of the splits",
    "channel": "channel",
    "remove_offset": "removal of offsets",
    "all_classes": "classes that may be missing",
}
_MODEL = {
    "backend": "backend",
    "dtype": "dtype",
    "options": "options of the model",
    "max_new_tokens": "length of answers",
    "cue_captions": "cue captions",
    "training": "training",
}


def deviations(ours: Config, paper: Config, commits: Mapping[str, str | None]) -> dict[str, dict[str, list[str]]]:
    """What differs from the paper's run, for every experiment.

    Args:
        ours: config of the study.
        paper: config of the paper's study, with the registries as they ship.
        commits: by model with a local folder, the hub's commit that lies there, None if it is not known.

    Returns:
        By experiment and intervention, the names of what differs; ``""`` stands for all interventions. Experiments on a dataset
        or with a model that the paper's study does not have are left out.
    """
    found = {}
    for experiment in experiments(ours.grid):
        if experiment.dataset in paper.datasets and experiment.model in paper.models:
            found[str(experiment)] = {
                "": [
                    *_of_dataset(ours.datasets[experiment.dataset], paper.datasets[experiment.dataset], experiment.split),
                    *_of_model(ours.models[experiment.model], paper.models[experiment.model], commits.get(experiment.model)),
                    *_of_prompt(ours, paper, experiment),
                ],
                **_of_interventions(ours, paper),
            }
    return found


def _of_dataset(ours: Dataset, paper: Dataset, split: str) -> list[str]:
    found = [name for key, name in _DATASET.items() if getattr(ours, key) != getattr(paper, key)]
    return found + (["definition of the split"] if ours.splits[split] != paper.splits.get(split) else [])


def _of_model(ours: Model, paper: Model, commit: str | None) -> list[str]:
    found = [name for key, name in _MODEL.items() if getattr(ours, key) != getattr(paper, key)]
    if ours.path is None or ours.path == paper.path:
        same = (ours.hub_id, ours.revision, ours.path) == (paper.hub_id, paper.revision, paper.path)
    else:
        same = commit is not None and commit == paper.revision
    return found + ([] if same else ["checkpoint"])


def _of_prompt(ours: Config, paper: Config, experiment: Experiment) -> list[str]:
    mine, theirs = ours.models[experiment.model].prompt, paper.models[experiment.model].prompt
    checks = {
        "instruction": ours.prompts[mine] != paper.prompts.get(theirs),
        "wording of the cue block": ours.cue_block != paper.cue_block,
        "label words": ours.answers_of(experiment.dataset) != paper.answers_of(experiment.dataset),
        "readout": ours.readout != paper.readout,
    }
    return [name for name, differs in checks.items() if differs]


def _of_interventions(ours: Config, paper: Config) -> dict[str, list[str]]:
    names = sorted({*ours.intervention_options, *paper.intervention_options})
    return {
        name: ["options of the intervention"]
        for name in names
        if ours.intervention_options.get(name) != paper.intervention_options.get(name)
    }


def local_folders(config: Config) -> dict[str, Path]:
    """Folders of the local checkpoints of models that no rule trains."""
    return {name: Path(model.path) for name, model in config.models.items() if model.path is not None and model.training is None}
