"""What no section can check by itself: names that lead nowhere, options of plug-ins, runs that cannot be."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cuealign.config.entries.model import Model, Training
from cuealign.config.grid import expand
from cuealign.config.settings import Config
from cuealign.core.characters import as_seen
from cuealign.core.errors import ConfigError
from cuealign.core.registry import Registry
from cuealign.core.validation import NONE_AS_TEXT, unknown
from cuealign.core.vocabulary import CONCEPTS
from cuealign.corpora.readers import READERS
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.grounding import MADE
from cuealign.interventions import INTERVENTIONS
from cuealign.models.backends import BACKENDS
from cuealign.models.training import RECIPES
from cuealign.prompts.answers import AnswerParser
from cuealign.prompts.templates import CueBlockTemplate, parse_template
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.tables import TABLES

_ASKED = {"contrastive": "a caption, with {label}", "alm": "an instruction, with {labels}", "control": "an instruction, with {labels}"}


def mistakes_across(config: Config) -> list[str]:
    """One line per mistake that only several sections together show; those of the grid only where there are no others."""
    found = [*_wording(config), *_plugins(config), *_references(config)]
    return list(dict.fromkeys(found or [*_titles(config), *_grid(config)]))


def left_out_by_mistake(values: Mapping[str, Any]) -> list[str]:
    """One line per analysis, table or figure that is left out by null and that there is not."""
    found = []
    for key, registry in (("analyses", ANALYSES), ("tables", TABLES), ("figures", FIGURES)):
        section = values.get(key)
        for name, entry in section.items() if isinstance(section, Mapping) else ():
            if entry is None or entry in NONE_AS_TEXT:
                found += unknown(name, registry.names(), registry.kind, key)
    return found


def with_checked_options(config: Config) -> Config:
    """The config with the options of every plug-in as its own model reads them; what is left at its default stays left out."""

    def read(registry: Registry, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return registry.options(name, values, "").model_dump(mode="json", exclude_unset=True)

    def trained(model: Model) -> Model:
        if model.training is None:
            return model
        options = read(RECIPES, model.training.recipe, model.training.options)
        return model.model_copy(update={"training": model.training.model_copy(update={"options": options})})

    return config.model_copy(
        update={
            "datasets": {
                name: entry.model_copy(update={"options": read(READERS, entry.reader, entry.options)})
                for name, entry in config.datasets.items()
            },
            "models": {
                name: trained(entry.model_copy(update={"options": read(BACKENDS, entry.backend, entry.options)}))
                for name, entry in config.models.items()
            },
            "intervention_options": {name: read(INTERVENTIONS, name, options) for name, options in config.intervention_options.items()},
            "analyses": {name: read(ANALYSES, name, options) for name, options in config.analyses.items()},
            "tables": {name: read(TABLES, name, options) for name, options in config.tables.items()},
            "figures": {
                name: entry.model_copy(update={"options": read(FIGURES, name, entry.options)}) for name, entry in config.figures.items()
            },
        }
    )


def _wording(config: Config) -> Iterator[str]:
    """Templates and answers that cannot be used."""
    shared: dict[str, list[str]] = {}  # what is wrong with the words of several corpora is told once
    for name, dataset in config.datasets.items():
        if all(label in dataset.answers or label in config.answers for label in dataset.labels):
            words = {label: [answer.word, *answer.synonyms] for label, answer in config.answers_of(name).items()}
            for problem in _invalid("answers", AnswerParser, words):
                shared.setdefault(problem, []).append(name)
    yield from (f"{problem} (on {', '.join(names)})" for problem, names in shared.items())
    yield from _invalid("cue_block", CueBlockTemplate, config.cue_block)
    any_block = CueBlockTemplate(" ".join(f"{{{concept}}}" for concept in CONCEPTS))
    for name, prompt in config.prompts.items():
        yield from _invalid(f"prompts.{name}", parse_template, prompt.text, any_block, prompt.words)


def _invalid(where: str, build: Callable[..., Any], *arguments: Any) -> Iterator[str]:
    """What is wrong with a part, with where in the config it comes from."""
    try:
        build(*arguments)
    except ConfigError as error:
        yield f"{where}: {error}"


def _plugins(config: Config) -> Iterator[str]:
    """Plug-ins that do not exist, and options that they do not have."""
    for name, dataset in config.datasets.items():
        yield from _plugin(READERS, dataset.reader, f"datasets.{name}.reader", dataset.options, f"datasets.{name}.options")
    for name, model in config.models.items():
        where = f"models.{name}"
        yield from _plugin(BACKENDS, model.backend, f"{where}.backend", model.options, f"{where}.options")
        if model.backend in BACKENDS.names() and model.kind != (kind := BACKENDS.constant(model.backend, "KIND", "alm")):
            yield f"{where}.kind: is {model.kind!r}, but the backend {model.backend} runs a model of the kind {kind!r}"
        if model.training is not None:
            where += ".training"
            yield from _plugin(RECIPES, model.training.recipe, f"{where}.recipe", model.training.options, f"{where}.options")
            yield from _calibration(model.training, where)
    for name, options in config.intervention_options.items():
        yield from _plugin(INTERVENTIONS, name, "intervention_options", options, f"intervention_options.{name}")
    for key, registry, entries in (("analyses", ANALYSES, config.analyses), ("tables", TABLES, config.tables)):
        for name, options in entries.items():
            yield from _plugin(registry, name, key, options, f"{key}.{name}")
    for name, entry in config.figures.items():
        yield from _plugin(FIGURES, name, "figures", entry.options, f"figures.{name}")
        if name in FIGURES.names() and entry.scope not in (scopes := FIGURES.constant(name, "SCOPES")):
            yield f"figures.{name}: cannot show a {entry.scope}; its scope is {' or '.join(scopes)}"
        widths = FIGURES.constant(name, "WIDTHS", (1, 2)) if name in FIGURES.names() else ()
        if entry.width is not None and widths and entry.width not in widths:
            yield f"figures.{name}.width: is {entry.width}, but this figure needs {widths[0]} columns"
    for name in config.analyses:
        if name in (*MADE, "checks"):
            yield f"analyses.{name}: the workflow makes a file of that name itself; give the analysis another name"
    for key, registry, names in (("tables", TABLES, config.tables), ("figures", FIGURES, config.figures)):
        for name in names:
            needed = registry.constant(name, "NEEDS", ()) if name in registry.names() else ()
            if missing := [analysis for analysis in needed if analysis not in (*config.analyses, *MADE)]:
                yield f"{key}.{name}: needs the analyses {', '.join(missing)}; add them to analyses"


def _calibration(training: Training, where: str) -> Iterator[str]:
    """A calibration split belongs to a recipe that calibrates, and only to that."""
    if training.recipe not in RECIPES.names():
        return
    calibrates = RECIPES.constant(training.recipe, "CALIBRATES", False)
    if calibrates and training.calibration_split is None:
        yield f"{where}.calibration_split: is missing; the recipe {training.recipe!r} calibrates on a split"
    if not calibrates and training.calibration_split is not None:
        yield f"{where}.calibration_split: the recipe {training.recipe!r} does not calibrate; leave it out"


def _plugin(registry: Registry, name: str, where: str, options: Mapping[str, Any], where_options: str) -> Iterator[str]:
    if name not in registry.names():
        yield from unknown(name, registry.names(), registry.kind, where)
        return
    try:
        registry.options(name, options, where_options)
    except ConfigError as error:
        yield from str(error).splitlines()


def _references(config: Config) -> Iterator[str]:
    """Names that lead nowhere."""
    for name, dataset in config.datasets.items():
        for label in dataset.labels:
            if label not in dataset.answers:
                yield from unknown(label, config.answers, "label", f"datasets.{name}.labels (add it to `answers`)")
    labels = {*config.answers, *(label for dataset in config.datasets.values() for label in dataset.labels)}
    for name, prompt in config.prompts.items():
        for label in prompt.words:
            yield from unknown(label, labels, "label", f"prompts.{name}.words")
    for name, model in config.models.items():
        yield from unknown(model.prompt, config.prompts, "prompt", f"models.{name}.prompt")
        if model.prompt in config.prompts and ("{label}" in config.prompts[model.prompt].text) != (model.kind == "contrastive"):
            yield f"models.{name}.prompt: a model of the kind {model.kind} needs {_ASKED[model.kind]}, but {model.prompt!r} is not one"
        if model.training is not None:
            if model.path != f"results/models/{name}":
                yield f"models.{name}.path: a model that the workflow trains lies in results/models/{name}"
            splits = {"split": model.training.split, "calibration_split": model.training.calibration_split}
            for key, split in splits.items():
                if split is not None:
                    yield from _unknown_split(config, f"models.{name}.training", model.training.dataset, [split], key=key)
    for index, entry in enumerate(config.grid):
        where = f"grid[{index}]"
        yield from _unknown_split(config, where, entry.dataset, entry.splits, key="splits")
        for model_name in entry.models:
            yield from unknown(model_name, config.models, "model", f"{where}.models")
        for name in entry.interventions:
            yield from unknown(name, INTERVENTIONS.names(), "intervention", f"{where}.interventions")
    for name in config.exclude.models:
        yield from unknown(name, config.models, "model", "exclude.models")
    for name in config.exclude.datasets:
        yield from unknown(name, config.datasets, "dataset", "exclude.datasets")


def _titles(config: Config) -> Iterator[str]:
    """Datasets and models of the grid without a title, and those that tables and figures could not tell apart."""
    for key, names, registry in (
        ("datasets", [entry.dataset for entry in config.grid], config.datasets),
        ("models", [name for entry in config.grid for name in entry.models], config.models),
    ):
        first: dict[str, str] = {}
        for name in dict.fromkeys(names):
            title = as_seen(registry[name].title)
            if not title:
                yield f"{key}.{name}.title: is empty, or nobody sees what it holds; write a text"
            elif (other := first.setdefault(title, name)) != name:
                yield f"{key}.{name}.title: {registry[name].title!r} is the title of {other} too; tables need titles of their own"


def _unknown_split(config: Config, where: str, dataset: str, splits: Iterable[str], *, key: str) -> Iterator[str]:
    if dataset not in config.datasets:
        yield from unknown(dataset, config.datasets, "dataset", f"{where}.dataset")
        return
    for split in splits:
        yield from unknown(split, config.datasets[dataset].splits, "split", f"{where}.{key}")


def _grid(config: Config) -> Iterator[str]:
    """Runs that occur twice, and models that would be tested on what they were trained on."""
    seen: dict[tuple, int] = {}
    limits: dict[Any, int | None] = {}
    leaks: dict[Any, None] = {}
    for index, entry in enumerate(config.grid):
        for name in entry.models:
            model = config.models[name]
            if model.kind == "contrastive" and not model.cue_captions and set(entry.interventions) != {"none"}:
                yield f"grid[{index}]: {name} reads captions without cues: set interventions: [none], or cue_captions: true for the model"
            yield from (f"grid[{index}]: {problem}" for problem in _equal_captions(config, entry.dataset, name))
        for run in expand(entry):
            key = (run.experiment, run.intervention, float(run.p), run.seed)
            if key in seen:
                yield f"grid[{index}]: {run} occurs more than once (also in grid[{seen[key]}])"
                break
            seen[key] = index
            if limits.setdefault(run.experiment, entry.limit) != entry.limit:
                yield f"grid[{index}].limit: {run.experiment} has another limit in an earlier entry"
                break
            training = config.models[run.model].training
            if training is not None and training.dataset == run.dataset:
                splits = config.datasets[run.dataset].splits
                if set(splits[training.split]) & set(splits[run.split]):
                    leaks[run.experiment] = None
    for leak in leaks:
        yield (
            f"models.{leak.model}.training: the model is trained on utterances of {leak.dataset} that the grid tests it on "
            f"(split {leak.split!r})"
        )


def mistakes_of_exclusion(config: Config) -> list[str]:
    """Mistakes of `exclude`: nothing is left to run, or a model is trained on a corpus that is left out.

    Args:
        config: with the grid that is left.
    """
    if not config.grid:
        return ["exclude: leaves nothing of the grid"]
    trainings = {name: config.models[name].training for entry in config.grid for name in entry.models}
    return [
        f"exclude.datasets: {training.dataset} is left out, but {name} is trained on it; add {name} to exclude.models"
        for name, training in trainings.items()
        if training is not None and training.dataset in config.exclude.datasets
    ]


def _equal_captions(config: Config, dataset: str, model: str) -> Iterator[str]:
    """Labels of a dataset that a contrastive model could not tell apart."""
    prompt, labels_of = config.models[model].prompt, {}
    for label, answer in config.answers_of(dataset).items():
        labels_of.setdefault(config.prompts[prompt].words.get(label, answer.word).casefold(), []).append(label)
    for word, labels in labels_of.items():
        if len(labels) > 1:
            yield f"{model} has the same caption for {' and '.join(labels)} on {dataset} ({word!r}); change prompts.{prompt}.words"
