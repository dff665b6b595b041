# The validated config, and what the grid asks for. No rules.

import logging
import sys
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import product
from os import environ, pathsep
from pathlib import Path
from re import fullmatch
from shutil import which

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

# The library lies beside this workflow. This process and every job import it from there, in any environment. If Snakemake
# fetches the workflow from a repository, file by file, the library must be installed.
SOURCE = workflow.current_basedir.get_path_or_uri(secret_free=True)
CLONE = Path(SOURCE, "../..").resolve()
IN_CLONE = Path(CLONE, "src").is_dir()
if IN_CLONE:
    sys.path.insert(0, str(CLONE / "src"))
    environ.update(PYTHONPATH=pathsep.join(filter(None, [str(CLONE / "src"), environ.get("PYTHONPATH")])))

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
from cuealign.config.entries.figures import SCOPES
from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import runs as expand_grid
from cuealign.config.loading import load
from cuealign.config.workflow import limit, missing_checkpoints, missing_sources, wildcard
from cuealign.config.yaml_files import misread
from cuealign.core.errors import CuealignError
from cuealign.corpora.file_states import states
from cuealign.corpora.readers import READERS
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.grounding import MADE
from cuealign.interventions import INTERVENTIONS
from cuealign.models.backends import BACKENDS
from cuealign.models.checkpoints import hub_commit
from cuealign.models.training import RECIPES
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.tables import TABLES
from cuealign.runtime.code_version import code_version
from cuealign.runtime.environment import announce_commit, workflow_commit

announce_commit(workflow_commit(CLONE) if IN_CLONE else f"unknown (fetched from {SOURCE})")


@contextmanager
def user_mistakes(about=""):
    """A user's mistake ends in clear lines, without a traceback."""
    try:
        yield
    except CuealignError as error:
        raise WorkflowError(f"{about}{error}")


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


values = shipped("datasets", "models", "prompts", "config")
update_config(values, config)

# The config of a module is part of another workflow's config files, which are not ours to check.
if len(workflow.modifier_stack) == 1 and (
    problems := [line for file in workflow.configfiles for line in misread(file)]
):
    raise WorkflowError("\n".join(problems))

with user_mistakes():
    settings = load(values)

if problems := missing_sources(settings):
    raise WorkflowError(
        "\n".join([*problems, "(in a file of your own given with --configfile, or on the command line with --config)"])
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


onstart:
    # A dry run shows the whole plan. A real run must not start what it cannot finish.
    jobs = list(workflow.dag.needrun_jobs())
    asked = sorted({job.wildcards.model for job in jobs if job.rule.name.endswith(("respond", "respond_on_gpu"))})
    if problems := missing_checkpoints(settings, asked):
        raise WorkflowError("\n".join(problems))


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
    with user_mistakes(f"dataset {wildcards.dataset}: "):
        return READERS.module(entry.reader).sources(entry)


def corpus_content(wildcards):
    """Content of what describes a corpus: a copy that keeps an older time stamp is a change all the same."""
    entry = settings.datasets[wildcards.dataset]
    # What a rule makes has none yet.
    own = [Path(source) for source in corpus_sources(wildcards) if not source.startswith("results/")]
    contents = [source.read_bytes() for source in own if source.is_file()]
    reader = READERS.module(entry.reader)
    if hasattr(reader, "listing"):
        with user_mistakes(f"dataset {wildcards.dataset}: "):
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


def checkpoint_content(wildcards):
    """Names, sizes and times of the files of a local checkpoint: one that is changed in place is another model."""
    entry = settings.models[wildcards.model]
    folder = Path(entry.path) if entry.path and not entry.training else None
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    return [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]


# Entries as rules get them, without the keys that their results do not depend on.
_PLANNING = ("memory", "runtime", "seconds_per_utterance", "threads")
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
TABLE_FILES = expand("results/tables/{table}.{format}", table=settings.tables, format=["csv", "tex", "md"])

# Every drawing of the study: its file name without ending, the figure, and what it shows.
DRAWINGS = {
    "_".join([figure, *(getattr(run, part) for part in SCOPES[entry.scope])]): {
        "figure": figure,
        "scope": {part: getattr(run, part) for part in SCOPES[entry.scope]},
    }
    for figure, entry in settings.figures.items()
    for run in RUNS
}
FIGURE_FILES = expand("results/figures/{drawing}.{format}", drawing=DRAWINGS, format=["pdf", "svg", "png"])


def shown_in(wildcards):
    """Runs that a drawing may show."""
    return runs_of(DRAWINGS[wildcards.drawing]["scope"])


def needs_of_figure(wildcards):
    """Analyses that a drawing reads; one that reads none shows no model."""
    return FIGURES.constant(DRAWINGS[wildcards.drawing]["figure"], "NEEDS", ())


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
    """What a drawing reads: tokens, and the metrics that the figure needs."""
    tokens = paths("results/corpora/{dataset}/{table}.parquet", shown_in(wildcards), table=["manifest", "tokens"])
    return tokens + metrics_of(evaluated_in(wildcards), needs_of_figure(wildcards))


# ---------------------------------------------------------------- resources


def growing(memory):
    """Resource function: main memory, as much again at every further attempt."""
    size, unit = fullmatch(r"([0-9.]+) *([A-Za-z]+)", memory).groups()
    return lambda wildcards, attempt: f"{float(size) * attempt:g}{unit}"


def memory_of_model(wildcards, attempt):
    """Resource function: main memory of a job that loads the model."""
    return growing(settings.models[wildcards.model].memory)(wildcards, attempt)


def refuse_prefix(output):
    """Scripts read and write below results/; a module with a prefix would read another study's results without a word."""
    if not str(output).startswith("results/"):
        raise WorkflowError(
            f"this workflow cannot be a module with prefix or replace_prefix (its first output became {output}); leave them out, "
            "and run it in a folder of its own with --directory"
        )
