# The validated config, and what the grid asks for. No rules.

import sys
from contextlib import contextmanager
from hashlib import sha256
from itertools import product
from os import environ, pathsep
from pathlib import Path
from re import fullmatch
from shutil import which

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

# The library lies beside this workflow and is imported from there, by this process and by every job, in whatever
# environment it runs. Where Snakemake fetches the workflow from a repository, file by file, the library must be installed.
SOURCE = workflow.current_basedir.get_path_or_uri(secret_free=True)
LIBRARY = Path(SOURCE, "../../src").resolve()
if LIBRARY.is_dir():
    sys.path.insert(0, str(LIBRARY))
    environ.update(PYTHONPATH=pathsep.join(filter(None, [str(LIBRARY), environ.get("PYTHONPATH")])))

# On a cluster, the executor asks sacct how its jobs are: it gets answers that it understands.
ANSWERS = Path(SOURCE, "../profiles/slurm/bin").resolve()
if ANSWERS.is_dir() and which("sbatch") and str(ANSWERS) not in environ["PATH"].split(pathsep):
    environ.update(PATH=f"{ANSWERS}{pathsep}{environ['PATH']}")

try:
    import cuealign
except ImportError:
    raise WorkflowError(
        f"{SOURCE}: the library cuealign is not beside this workflow; "
        "name the Snakefile of a clone, or pip install the repository in the version of the module"
    )

from cuealign.config import load, wildcard
from cuealign.corpora import readers
from cuealign.errors import CuealignError
from cuealign.sources import digest

# The defaults lie beside this workflow, and the user's config goes over them, in whatever folder the workflow runs and
# also where it is a module of another (for which Snakemake reads no configfile of ours).
values = {}
for name in ("datasets", "models", "prompts", "config"):
    update_config(values, load_configfile(workflow.source_path(f"../../config/{name}.yaml")))
update_config(values, config)

try:
    settings = load(values)
except CuealignError as error:
    raise WorkflowError(str(error))

if settings.missing_sources():
    raise WorkflowError(
        "\n".join(settings.missing_sources())
        + "\n(in a file of your own given with --configfile, or on the command line with --config)"
    )

# Rules look their parameters up here: defaults are filled in and every value is checked.
config = settings.model_dump(mode="json")
RUNS = settings.runs()
CELLS = list(dict.fromkeys((run.dataset, run.split, run.model) for run in RUNS))


onstart:
    # A dry run shows the whole plan; a real one must not start what it cannot finish.
    jobs = list(workflow.dag.needrun_jobs())
    datasets = sorted({job.wildcards.dataset for job in jobs if job.rule.name == "read_corpus"})
    models = sorted({job.wildcards.model for job in jobs if job.rule.name in ("respond", "respond_on_gpu")})
    if problems := settings.unbuilt(datasets, models) + settings.missing_checkpoints(models):
        raise WorkflowError("\n".join(problems))


wildcard_constraints:
    dataset=wildcard(settings.datasets),
    split=wildcard(split for dataset in settings.datasets.values() for split in dataset.splits),
    model=wildcard(settings.models),
    intervention=wildcard(run.intervention for run in RUNS),
    p=wildcard(run.p for run in RUNS),
    seed=wildcard(run.seed for run in RUNS),
    shard=r"\d+",


@contextmanager
def named(dataset):
    """A user's mistake ends in one clear line that names the dataset."""
    try:
        yield
    except CuealignError as error:
        raise WorkflowError(f"dataset {dataset}: {error}")


def corpus_sources(wildcards):
    """Files that a corpus is described by."""
    dataset = config["datasets"][wildcards.dataset]
    # A reader that is not included has no files to name: the dry run shows the plan, onstart stops a real run.
    with named(wildcards.dataset):
        return readers.module(dataset["reader"]).sources(dataset) if dataset["reader"] in readers.names() else []


def corpus_of(wildcards):
    """What the description of a corpus depends on; another title or other tokens must not have it read again."""
    entry = config["datasets"][wildcards.dataset]
    unrelated = ("title", "licence", "note", "tokens", "on_bad_audio")
    kept = {key: value for key, value in entry.items() if key not in unrelated}
    return kept | {"gender_needed": bool(entry["tokens"]["gender_specific"])}


def source_hashes(wildcards):
    """Content of what describes a corpus: a copy that keeps an older time stamp is a change all the same."""
    dataset = config["datasets"][wildcards.dataset]
    # What a rule makes has none yet.
    own = [Path(source) for source in corpus_sources(wildcards) if not source.startswith("results/")]
    contents = [source.read_bytes() for source in own if source.is_file()]
    with named(wildcards.dataset):
        reader = readers.module(dataset["reader"]) if dataset["reader"] in readers.names() else None
        if hasattr(reader, "listing"):
            contents.append("\n".join(reader.listing(dataset)).encode())
    return [sha256(content).hexdigest() for content in contents]


def backend_of(wildcards):
    """What responses depend on; another title or time limit must not load a model again."""
    planning = ("shards", "memory", "runtime", "seconds_per_utterance", "threads")
    unrelated = ("title", "licence", "group", "prompt", "training", *planning)
    entry = config["models"][wildcards.model]
    # A local checkpoint that is changed in place is another model.
    folder = Path(entry["path"]) if entry["path"] and not entry["training"] else None
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    stamps = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return {key: value for key, value in entry.items() if key not in unrelated} | {"files": stamps}


def of_dataset(key):
    """Function of wildcards: a value of the dataset's entry. (Snakemake's own lookup walks the whole config each time.)"""
    return lambda wildcards: config["datasets"][wildcards.dataset][key]


def of_model(key):
    """Function of wildcards: a value of the model's entry."""
    return lambda wildcards: config["models"][wildcards.model][key]


RUNS_OF_CELL = {cell: [] for cell in CELLS}
for each in RUNS:
    RUNS_OF_CELL[each.dataset, each.split, each.model].append(each)


def runs_of(wildcards):
    """Runs of the grid that agree with the wildcards."""
    names = dict(wildcards.items())
    if {"dataset", "split", "model"} <= set(names):
        found = RUNS_OF_CELL.get((names.pop("dataset"), names.pop("split"), names.pop("model")), [])
    else:
        found = RUNS
    return [run for run in found if all(getattr(run, name, value) == value for name, value in names.items())]


def paths(pattern, runs, **more):
    """The pattern filled for every run and every combination of further values, each path once, in the grid's order."""
    combinations = [dict(zip(more, values)) for values in product(*more.values())]
    return list(dict.fromkeys(pattern.format(**vars(run), **further) for run in runs for further in combinations))


def growing(memory):
    """Resource function: main memory, as much again at every further attempt."""
    size, unit = fullmatch(r"([0-9.]+) *([A-Za-z]+)", memory).groups()
    return lambda wildcards, attempt: f"{float(size) * attempt:g}{unit}"


def memory_of_model(wildcards, attempt):
    """Resource function: main memory of a job that loads the model."""
    return growing(config["models"][wildcards.model]["memory"])(wildcards, attempt)


def shards(wildcards):
    """Numbers of the shards of a model."""
    return range(config["models"][wildcards.model]["shards"])


def labels_of(dataset):
    """Labels of a dataset, each with the word by which it is spoken."""
    return {label: config["answers"][label] for label in config["datasets"][dataset]["labels"]}


def prompt_of(wildcards):
    """Wording that a model is asked with."""
    return {
        "instruction": config["prompts"][config["models"][wildcards.model]["prompt"]],
        "cue_block": config["cue_block"],
    }


def training_of(wildcards):
    """How a model is trained."""
    return config["models"][wildcards.model]["training"]


def training_source(name):
    """Input function: a file of the corpus that a model is trained on."""
    return lambda wildcards: f"results/corpora/{training_of(wildcards)['dataset']}/{name}"


def metrics_of(runs):
    """Metrics of the models and splits that occur in some runs."""
    return paths(
        "results/metrics/{dataset}/{split}/{model}/{name}.csv",
        runs,
        name=["conditions", "comparisons", "trend", "confusion"],
    )


# Every figure of the study: its file name without ending, the kind of figure, and what it shows.
SCOPES = {"study": [], "dataset": ["dataset"], "split": ["dataset", "split"], "model": ["dataset", "split", "model"]}
FIGURES = {
    "_".join([figure, *(getattr(run, part) for part in SCOPES[scope])]): {
        "figure": figure,
        "scope": {part: getattr(run, part) for part in SCOPES[scope]},
    }
    for figure, scope in settings.figures.items()
    if scope is not None
    for run in RUNS
}


def figure_inputs(wildcards):
    """All that a figure of some scope may show: tokens and metrics."""
    runs = runs_of(FIGURES[wildcards.name]["scope"])
    return paths("results/corpora/{dataset}/{table}.parquet", runs, table=["manifest", "tokens"]) + metrics_of(runs)
