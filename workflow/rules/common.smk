# The validated config, and what the grid asks for. No rules.

import logging
import sys
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import product
from os import environ, pathsep
from pathlib import Path
from shutil import which

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger as snakemake_logger
from snakemake.utils import update_config

# The library lies beside this workflow. This process and every job import it from there, in any environment. If Snakemake
# fetches the workflow from a repository, file by file, the library must be installed.
SOURCE = workflow.current_basedir.get_path_or_uri(secret_free=True)
CLONE = Path(SOURCE, "../..").resolve()
IN_CLONE = Path(CLONE, "src").is_dir()
if IN_CLONE:
    sys.path.insert(0, str(CLONE / "src"))
    environ.update(PYTHONPATH=pathsep.join(filter(None, [str(CLONE / "src"), environ.get("PYTHONPATH")])))

# Notebooks set a backend for all their children that no job has.
environ.update(MPLBACKEND="agg")

# On a cluster, the executor asks sacct for the states of its jobs. The profile's own sacct gives answers that it understands.
ANSWERS = CLONE / "profiles/slurm/bin"
if IN_CLONE and which("sbatch") and str(ANSWERS) not in environ["PATH"].split(pathsep):
    environ.update(PATH=f"{ANSWERS}{pathsep}{environ['PATH']}")

try:
    import cuealign
except ImportError:
    raise WorkflowError(
        f"{SOURCE}: the library cuealign is not beside this workflow; "
        "name the Snakefile of a clone, or pip install the repository in the version of the module"
    )

from cuealign.config.comparability import deviations, local_folders
from cuealign.config.entries.base import amount
from cuealign.config.entries.figures import SCOPES
from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs as expand_grid
from cuealign.config.loading import load
from cuealign.config.workflow import limit, missing_checkpoints, missing_sources, not_writable, wildcard
from cuealign.config.yaml_files import misread
from cuealign.core.errors import ConfigError, CuealignError
from cuealign.corpora.file_states import states
from cuealign.corpora.readers import READERS
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.grounding import MADE
from cuealign.inference import loaded_for
from cuealign.interventions import INTERVENTIONS
from cuealign.models.backends import BACKENDS
from cuealign.models.checkpoints import hub_commit
from cuealign.models.training import RECIPES
from cuealign.reporting.colours import model_colours
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.page.assets import look_version
from cuealign.reporting.tables import TABLES
from cuealign.runtime.code_version import code_version
from cuealign.runtime.environment import announce_commit, workflow_commit
from cuealign.terminal.mistakes import show_mistakes_in_clear_lines

show_mistakes_in_clear_lines(snakemake_logger)

announce_commit(workflow_commit(CLONE) if IN_CLONE else f"unknown (fetched from {SOURCE})")


@contextmanager
def told_about(dataset):
    """A mistake of the user names the dataset."""
    try:
        yield
    except CuealignError as error:
        raise ConfigError(f"dataset {dataset}: {error}") from error


@contextmanager
def silenced():
    """No message of the library is shown."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


# The defaults lie beside this workflow. The user's config overrides them, in any folder, and also in a module of another
# workflow, for which Snakemake reads no config file of ours.
def shipped(*names):
    """Plain values of config files that ship with the workflow, the later ones over the earlier ones."""
    merged = {}
    for name in names:
        update_config(merged, load_configfile(workflow.source_path(f"../../config/{name}.yaml")))
    return merged


if problems := not_writable(Path.cwd()):
    raise ConfigError("\n".join(problems))

values = shipped("datasets", "models", "prompts", "config")
update_config(values, config)

# The config of a module is part of another workflow's config files, which are not ours to check.
if len(workflow.modifier_stack) == 1 and (
    problems := [line for file in workflow.configfiles for line in misread(file)]
):
    raise ConfigError("\n".join(problems))

settings = load(values)

if problems := missing_sources(settings):
    raise ConfigError(
        "\n".join(
            [
                *problems,
                "(in a file of your own given with --configfile, or on the command line with --config; what you lack is left out by "
                "exclude: {datasets: [...]})",
            ]
        )
    )

# Published values stand beside those of runs that are the paper's.
DEVIATIONS = deviations(
    settings,
    load(shipped("datasets", "models", "prompts", "paper")),
    {name: hub_commit(folder) for name, folder in local_folders(settings).items() if folder.is_dir()},
)

PLAIN = settings.model_dump(mode="json")
# The report finds captions here.
config = PLAIN | {"captions": {name: TABLES.constant(name, "CAPTION", name) for name in settings.tables}}
RUNS = expand_grid(settings.grid)
RUNS_OF = {}
for each in RUNS:
    RUNS_OF.setdefault(each.experiment, []).append(each)
EXPERIMENTS = list(RUNS_OF)


wildcard_constraints:
    dataset=wildcard(settings.datasets),
    split=wildcard(split for dataset in settings.datasets.values() for split in dataset.splits),
    model=wildcard(settings.models),
    intervention=wildcard(run.intervention for run in RUNS),
    p=wildcard(run.p for run in RUNS),
    seed=wildcard(run.seed for run in RUNS),
    shard=r"\d+",


# ---------------------------------------------------------------- what rules depend on


def version(script, *plugins):
    """Version of the code of a rule: its script, all that it imports, and the plug-ins that its parameters name."""
    return code_version(Path(workflow.source_path(f"../../scripts/{script}.py")), *plugins)


def resource(name):
    """Text of a file that ships with the workflow. It is a parameter: as an input, the place of the clone would count."""
    return Path(workflow.source_path(f"../../resources/{name}")).read_text(encoding="utf-8")


def intervention_modules(runs):
    """Modules of the interventions of some runs."""
    return [INTERVENTIONS.module_name(name) for name in sorted({run.intervention for run in runs})]


def corpus_sources(wildcards):
    """Files that a corpus is described by."""
    entry = settings.datasets[wildcards.dataset]
    with told_about(wildcards.dataset):
        return READERS.module(entry.reader).sources(entry)


def corpus_content(wildcards):
    """Content of what describes a corpus: a copy that keeps an older time stamp is a change all the same."""
    entry = settings.datasets[wildcards.dataset]
    # What a rule makes has none yet.
    own = [Path(source) for source in corpus_sources(wildcards) if not source.startswith("results/")]
    contents = [source.read_bytes() for source in own if source.is_file()]
    reader = READERS.module(entry.reader)
    if hasattr(reader, "listing"):
        with told_about(wildcards.dataset):
            contents.append("\n".join(reader.listing(entry)).encode())
    return [sha256(content).hexdigest() for content in contents]


@cache
def states_of_sounds(dataset):
    """Names, sizes and times of the sound files of a corpus as one hash, None if a rule makes them or nobody knows them yet."""
    entry = settings.datasets[dataset]
    sources = READERS.module(entry.reader).sources(entry)
    if any(source.startswith("results/") for source in sources):
        return None
    with silenced():  # what a reader has to say belongs into the log of its rule
        return states(READERS.get(entry.reader)(entry, sources)["file"])


def sound_files(wildcards):
    """What tells whether a sound file was replaced. A description with mistakes is for read_corpus to report."""
    try:
        return states_of_sounds(wildcards.dataset)
    except CuealignError:
        return None


def code_of_model(wildcards):
    """Version of the code that asks a model."""
    entry = settings.models[wildcards.model]
    return version("respond", BACKENDS.module_name(entry.backend), *loaded_for(entry.kind))


def checkpoint_content(wildcards):
    """Names, sizes and times of the files of a local checkpoint: one that is changed in place is another model."""
    entry = settings.models[wildcards.model]
    folder = Path(entry.path) if entry.path and not entry.training else None
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    return [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]


# Entries as rules get them, without the keys that their results do not depend on.
_PLANNING = ("memory", "runtime", "seconds_per_utterance", "seconds_to_load", "threads", "obtain")
_TOLD = ("title", "licence", "heading", "training_data")
_HEARD = ("on_bad_audio", "channel", "remove_offset")
DESCRIBED = {
    name: entry.without(("title", "licence", "note", "answers", *_HEARD, "tokens"))
    | {"tokens": {"gender_specific": entry.tokens.gender_specific}}
    for name, entry in settings.datasets.items()
}
BUILT = {
    name: DESCRIBED[name] | {key: getattr(entry, key) for key in _HEARD} for name, entry in settings.datasets.items()
}
ASKED = {name: entry.without((*_TOLD, "prompt", "training", *_PLANNING)) for name, entry in settings.models.items()}
SHOWN_DATASETS = {run.dataset: config["datasets"][run.dataset] for run in RUNS}
SHOWN_MODELS = {run.model: settings.models[run.model].without(_PLANNING) for run in RUNS}
# The same without places on this machine: pages are sent to others, and reports show the parameters of their rules.
SENT_DATASETS = {run.dataset: settings.datasets[run.dataset].without(("root", "manifest")) for run in RUNS}
SENT_MODELS = {
    name: entry | {"path": "local folder"} if entry.get("path") else entry for name, entry in SHOWN_MODELS.items()
}


def of_dataset(key):
    """Function of wildcards: a value of the dataset's entry."""
    return lambda wildcards: config["datasets"][wildcards.dataset][key]


def of_model(key):
    """Function of wildcards: a value of the model's entry."""
    return lambda wildcards: config["models"][wildcards.model][key]


def training_of(wildcards):
    """How a model is trained."""
    return settings.models[wildcards.model].training


def training_source(name):
    """Input function: a file of the corpus that a model is trained on."""
    return lambda wildcards: f"results/corpora/{training_of(wildcards).dataset}/{name}"


def answers_of(dataset):
    """Labels of a dataset, each with the words by which it is spoken and read."""
    return {label: answer.model_dump(mode="json") for label, answer in settings.answers_of(dataset).items()}


def instruction_of(wildcards):
    """Wording of the question that a model is asked, or of its captions."""
    return settings.prompts[settings.models[wildcards.model].prompt].model_dump(mode="json")


def limit_of(wildcards):
    """Utterances of the split that the model answers, None for all."""
    return limit(settings, Experiment(wildcards.dataset, wildcards.split, wildcards.model))


# ---------------------------------------------------------------- the grid


def runs_of(wildcards):
    """Runs of the grid that agree with the wildcards."""
    names = dict(wildcards.items())
    if {"dataset", "split", "model"} <= set(names):
        found = RUNS_OF.get(Experiment(names.pop("dataset"), names.pop("split"), names.pop("model")), [])
    else:
        found = RUNS
    return [run for run in found if all(getattr(run, name, value) == value for name, value in names.items())]


def runs_of_experiment(wildcards):
    """Runs of a model on a split."""
    return RUNS_OF.get(Experiment(wildcards.dataset, wildcards.split, wildcards.model), [])


def paths(pattern, runs, **more):
    """The pattern filled for every run and every combination of further values, each path once, in the grid's order."""
    combinations = [dict(zip(more, values)) for values in product(*more.values())]
    return list(dict.fromkeys(pattern.format(**vars(run), **further) for run in runs for further in combinations))


def metrics_of(runs, analyses):
    """What some analyses make of the models and splits in some runs; ``models`` is about all models of a split."""
    own = [f"{analysis}.{'json' if analysis == 'verdict' else 'csv'}" for analysis in analyses if analysis != "models"]
    found = paths("results/metrics/{dataset}/{split}/{model}/{file}", runs, file=own)
    return found + (paths("results/metrics/{dataset}/{split}/models.csv", runs) if "models" in analyses else [])


def responses_of(experiment):
    """Responses of a model on a split, all shards."""
    shards = range(settings.models[experiment.model].shards)
    return [f"results/responses/{experiment}/shard{shard}.parquet" for shard in shards]


def compared_runs(wildcards):
    """Runs of all models on a split that are compared with each other: audio-only, correct and foreign tokens."""
    return [run for run in runs_of(wildcards) if run.intervention in ("none", "correct", "shuffle")]


def with_block(runs):
    """Those of some runs whose prompts have a cue block."""
    return [run for run in runs if INTERVENTIONS.get(run.intervention).has_cue_block]


def hears_of(model):
    """What a control listener hears, ``audio`` or ``cues``; None for every other model."""
    training = settings.models[model].training
    if training is None or training.recipe != "listener":
        return None
    return RECIPES.options("listener", training.options, f"models.{model}.training.options").hears


def runs_of_listeners(wildcards):
    """Runs of the listeners to audio and to cues on the same split that are the ruler of a model's cue weight."""
    asked = {run.condition for run in runs_of_experiment(wildcards)}
    first = {}
    for experiment in EXPERIMENTS:
        if (experiment.dataset, experiment.split) == (wildcards.dataset, wildcards.split) and (
            hears := hears_of(experiment.model)
        ):
            first.setdefault(hears, experiment)
    return [
        run
        for experiment in first.values()
        for run in RUNS_OF[experiment]
        if run.condition in asked
        and (run.intervention == "correct" or (run.intervention, float(run.p)) == ("corrupt", 1.0))
    ]


def checks_of(experiment):
    """What the jobs of a model found out about it, all shards."""
    return [path.replace(".parquet", ".checks.json") for path in responses_of(experiment)]


PREDICTION = "results/predictions/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.parquet"
CONDITION = "results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet"
METRIC_FILES = metrics_of(RUNS, [*settings.analyses, "checks", *MADE, "models"])
RESPONSE_FILES = [path for experiment in EXPERIMENTS for path in responses_of(experiment)]


def shown(registry, name, runs):
    """Whether some runs have what a table or a figure shows."""
    return registry.constant(name, "shows", bool)(runs)


def drawings(figure, entry):
    """Every drawing of a figure that has something to show: its file name without ending, the figure, and what it shows."""
    found = {}
    for run in RUNS:
        if entry.scope != "model" or entry.controls or run.model not in RULER:
            found.setdefault(tuple(getattr(run, part) for part in SCOPES[entry.scope]), []).append(run)
    return {
        "_".join([figure, *names]): {"figure": figure, "scope": dict(zip(SCOPES[entry.scope], names))}
        for names, runs in found.items()
        if shown(FIGURES, figure, runs)
    }


# Control models beside others are a ruler: tables and figures of a split show them, and no figure of their own.
CONTROLS = {run.model for run in RUNS if settings.models[run.model].kind == "control"}
RULER = CONTROLS if CONTROLS != {run.model for run in RUNS} else set()
TABLES_SHOWN = [name for name in settings.tables if shown(TABLES, name, RUNS)]
TABLE_FILES = expand("results/tables/{table}.{format}", table=TABLES_SHOWN, format=["csv", "tex", "md", "json"])
DRAWINGS = {
    name: drawing for figure, entry in settings.figures.items() for name, drawing in drawings(figure, entry).items()
}
FIGURE_FILES = expand(
    "results/figures/{drawing}.{format}", drawing=DRAWINGS, format=["pdf", "svg", "png", "tex", "json"]
)
MODEL_COLOURS = model_colours(settings.models, (run.model for run in RUNS))
PAGES = paths("results/report/{dataset}_{split}.html", RUNS)
REPORT_FILES = [*PAGES, "results/report/index.html"]
PAGE_NEEDS = [name for name in ("conditions", "checks", "verdict") if name in (*settings.analyses, "checks", *MADE)]


def shown_in(wildcards):
    """Runs that a drawing may show."""
    return runs_of(DRAWINGS[wildcards.drawing]["scope"])


def figure_of(wildcards):
    """The figure of a drawing as the config has it."""
    return settings.figures[DRAWINGS[wildcards.drawing]["figure"]]


def needs_of_figure(wildcards):
    """Analyses that a drawing reads; one that reads none shows no model."""
    return FIGURES.constant(DRAWINGS[wildcards.drawing]["figure"], "NEEDS", ())


def drawings_of_page(wildcards):
    """Drawings that a page shows, with their scopes: those of the study, of its dataset, its split and its models."""
    own = dict(wildcards.items())
    return {
        name: drawing["scope"]
        for name, drawing in DRAWINGS.items()
        if all(own.get(part, value) == value for part, value in drawing["scope"].items())
    }


def needs_of_table(wildcards):
    """Analyses that a table reads, and the checks of the models that it shows; one that reads none shows no model."""
    needs = TABLES.constant(wildcards.table, "NEEDS", ())
    pairs = ["models"] * TABLES.constant(wildcards.table, "COMPARES_MODELS", False)
    return [*needs, "checks", *pairs] if needs else []


def blocks_of_table(wildcards):
    """Tokens of the corpora and of every condition, for a table that reads them."""
    if not TABLES.constant(wildcards.table, "READS_BLOCKS", False):
        return []
    return paths("results/corpora/{dataset}/tokens.parquet", RUNS) + paths(CONDITION, RUNS)


def evaluated_in(wildcards):
    """Runs whose metrics a drawing may show."""
    return shown_in(wildcards) if needs_of_figure(wildcards) else []


def figure_inputs(wildcards):
    """What a drawing reads: corpora, and the metrics that the figure needs, with what its cautions come from."""
    corpora = ["manifest.parquet", "tokens.parquet", "counts.json"]
    needs = [*needs_of_figure(wildcards), "conditions", "checks"]
    return paths("results/corpora/{dataset}/{file}", shown_in(wildcards), file=corpora) + metrics_of(
        evaluated_in(wildcards), dict.fromkeys(needs)
    )


# ---------------------------------------------------------------- resources


def growing(memory):
    """Resource function: main memory, as much again at every further attempt."""
    size, unit = amount(memory)
    return lambda wildcards, attempt: f"{size * attempt:f}{unit}"


def memory_of_model(wildcards, attempt):
    """Resource function: main memory of a job that loads the model."""
    return growing(settings.models[wildcards.model].memory)(wildcards, attempt)


def refuse_prefix(output):
    """Scripts read and write below results/; a module with a prefix would read another study's results without a word."""
    if not str(output).startswith("results/"):
        raise ConfigError(
            f"this workflow cannot be a module with prefix or replace_prefix (its first output became {output}); leave them out, "
            "and run it in a folder of its own with --directory"
        )
