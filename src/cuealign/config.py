"""The configuration: one strict model, from which the JSON schema and the reference in ``config/README.md`` are made.

This module is read by every job that parses the Snakefile: it imports nothing heavy.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from cuealign import figures, tables
from cuealign import interventions as registry
from cuealign.corpora import readers
from cuealign.errors import ConfigError
from cuealign.models import backends
from cuealign.prompts import AnswerParser, CueBlockTemplate, template
from cuealign.vocabulary import CONCEPTS, INVALID

CUE_CAPTIONS = ", cue captions"
"""Marks a contrastive model whose captions carry cues, in every table and figure."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _number_label(value: Any) -> Any:
    """``0.2`` becomes ``"0.2"``: a number's shortest form, used as text in paths from here on."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None
    if not 0 <= number <= 1:
        raise ValueError(f"{value} lies outside of 0 to 1")
    return str(value) if isinstance(value, str) else repr(number)


Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Ids appear in paths: lower-case letters, digits and single hyphens."""

Probability = Annotated[str, BeforeValidator(_number_label)]


class Block(_Strict):
    """One block of the grid: every combination of what it lists."""

    dataset: Slug = Field(description="Key of `datasets`.")
    splits: list[Slug] = Field(min_length=1, description="Evaluation splits of the dataset.")
    models: list[Slug] = Field(min_length=1, description="Keys of `models`.")
    interventions: list[str] = Field(min_length=1, description="Token interventions.")
    p: list[Probability] = Field(
        min_length=1, default=["0.2", "0.4", "0.6", "0.8", "1.0"], description="Strengths of `corrupt`, in [0, 1]."
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        min_length=1, default=[0, 1, 2, 3, 4], description="Seeds of the random interventions (`shuffle`, `corrupt`)."
    )
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Utterances of each split that are put to the models, of all classes in turn: for a first try."
    )


class VoiceQualityThresholds(_Strict):
    """When a standardised descriptor counts as high or low, in interquartile ranges from the median."""

    high: float = Field(default=0.4, gt=0, description="At or above: high.")
    low: float = Field(default=-0.4, lt=0, description="At or below: low.")


class TokenOptions(_Strict):
    """How descriptors become tokens."""

    voiced_mean: bool = Field(
        default=True, description="Average voiced descriptors over voiced frames, as openSMILE's functionals do; else over all."
    )
    gender_specific: list[Literal["PITCH", "FORMANTS"]] = Field(default=[], description="Concepts with edges per gender.")
    signed_brightness: bool = Field(
        default=True, description="Hammarberg index enters BRIGHTNESS negatively, so that VERY_BRIGHT is bright; else the plain average."
    )
    fit_on: str = Field(default="all", description="`all` utterances (the paper) or the name of the split to fit on.")
    voice_quality: VoiceQualityThresholds = Field(default=VoiceQualityThresholds(), description="Thresholds of VOICE_QUALITY.")


def _text_keys(value: Any) -> Any:
    """YAML reads a key 1 as a number; what stands in a table is text."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else value


class Column(_Strict):
    """Where a value comes from: a column, a part of one, or the same for all rows."""

    column: str | None = Field(default=None, description="The file's own name of the column.")
    pattern: str | None = Field(
        default=None, description="Regular expression for a part of that column: its groups joined, or the match if it has none."
    )
    map: Annotated[dict[str, str], BeforeValidator(_text_keys)] = Field(
        default={}, description="What stands there to what it means, such as `{0: female, 1: male}`; complete."
    )
    value: str | None = Field(default=None, description="Value of every row, in the place of a column.")

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either a column or a value")
        if self.column is None and (self.pattern is not None or self.map):
            raise ValueError("a pattern or a map needs a column")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern {self.pattern!r} is no regular expression ({error})") from None
        return self


def _named_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _identity_splits(value: Any) -> Any:
    return {name: [name] for name in value} if isinstance(value, list) else value


class Dataset(_Strict):
    """One corpus."""

    title: str = Field(description="Name in tables and figures.")
    licence: str = Field(description="Licence of the recordings; goes into the provenance.")
    note: str = Field(default="", description="Caution that goes with every number on this corpus.")
    reader: str = Field(description="How the corpus is read: a module of `cuealign.corpora.readers`.")
    root: str | None = Field(
        default=None,
        description="Folder of the corpus; for the reader `manifest`, what files are relative to: the folder of the table if none.",
    )
    manifest: str | dict[str, str | list[str]] | None = Field(
        default=None,
        description="For the reader `manifest`: table (csv, tsv, parquet, jsonl) with one row per utterance; or tables by split.",
    )
    columns: dict[
        Literal["utterance", "file", "start", "end", "speaker", "gender", "language", "label", "split"],
        Annotated[Column, BeforeValidator(_named_column, json_schema_input_type=str | Column)],
    ] = Field(
        default={},
        description="For the readers `manifest` and `filenames`: a column's own name, or `{column, pattern, map}`, or `{value}`.",
    )
    options: dict[str, Any] = Field(default={}, description="Of the reader; see below.")
    labels: list[Annotated[str, Field(pattern=r"^[^|\s][^|]*$")]] = Field(
        min_length=2, description="Labels, in the order of figures and prompts."
    )
    label_map: dict[str, str | None] = Field(
        default={}, description="Raw label to label; null leaves such utterances out, and they are counted."
    )
    splits: Annotated[dict[Slug, list[str]], BeforeValidator(_identity_splits)] = Field(
        min_length=1, description="Evaluation split to the values of the manifest's split column that it consists of, or a plain list."
    )
    speaker_disjoint: bool = Field(default=True, description="Refuse a speaker who occurs under two values of the split column.")
    all_classes: bool = Field(default=True, description="Refuse an evaluation split that lacks a label.")
    partial: bool = Field(
        default=False,
        description="Accept a copy of a released corpus whose counts are not the published ones; tables and provenance then say so.",
    )
    on_bad_audio: Literal["error", "exclude"] = Field(
        default="error", description="Refuse a corpus with bad audio, or exclude such utterances; tables then count them."
    )
    tokens: TokenOptions = Field(default=TokenOptions(), description="How descriptors become tokens.")

    @model_validator(mode="after")
    def _consistent(self) -> "Dataset":
        if INVALID in self.labels:
            raise ValueError(f"labels: {INVALID} stands for answers that name no label")
        if braced := [path for path in (self.root, *self.manifest_files()) if path and set(path) & set("{}")]:
            raise ValueError(f"{braced[0]}: a path must not contain braces, which Snakemake reads as wildcards")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: a label is listed twice")
        wrong = sorted({str(target) for target in self.label_map.values() if target is not None and target not in self.labels})
        if wrong:
            raise ValueError(f"label_map leads to {', '.join(wrong)}, not among the labels {', '.join(self.labels)}")
        if self.tokens.fit_on != "all" and self.tokens.fit_on not in self.splits:
            raise ValueError(f"tokens.fit_on: unknown split {self.tokens.fit_on!r}; known: all, {', '.join(self.splits)}")
        return self

    def manifest_files(self) -> list[str]:
        """Table files of the reader `manifest`."""
        tables = self.manifest.values() if isinstance(self.manifest, dict) else [self.manifest]
        return [file for table in tables if table for file in ([table] if isinstance(table, str) else table)]


class Training(_Strict):
    """How a rule of the workflow trains the model."""

    recipe: Literal["cue_tiny", "listener"] = Field(description="Training code.")
    dataset: Slug = Field(description="Key of `datasets`.")
    split: Slug = Field(description="Split to train on.")
    options: dict[str, Any] = Field(default={}, description="Of the recipe.")


class Model(_Strict):
    """One model."""

    title: str = Field(description="Name in tables and figures.")
    licence: str = Field(description="Licence of the weights; goes into the provenance.")
    backend: str = Field(description="Code that runs it: a module of `cuealign.models.backends`.")
    group: Literal["zero-shot", "fine-tuned", "contrastive", "embedded", "control"] = Field(description="Heading in tables.")
    path: str | None = Field(default=None, description="Folder of a local checkpoint.")
    hub_id: str | None = Field(default=None, description="Hugging Face id; a path goes first.")
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="Commit of the hub id; required with it."
    )
    trust_remote_code: bool = Field(default=False, description="Run code that comes with the checkpoint: your explicit consent.")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(default="bfloat16", description="Of the weights.")
    device: str = Field(default="cuda", description="torch device; `cuda` makes it a GPU job.")
    threads: int = Field(default=2, ge=1, description="CPU threads of the job.")
    engine: Literal["packed", "prefix", "reference"] = Field(
        default="packed",
        description="`packed`: all conditions of several utterances in one pass; `prefix`: those of one over a cache of what they "
        "share; `reference`: one prompt at a time.",
    )
    pack_tokens: int = Field(
        default=8192,
        ge=256,
        description="Tokens of a packed pass on a GPU, halved where memory runs out; elsewhere every utterance has a pass of its own.",
    )
    compile: bool = Field(default=True, description="Compile the layers for packed passes on a GPU, which takes a quarter of a minute.")
    workers: int = Field(default=0, ge=0, description="Threads that make audio and prompts ready ahead of packed passes.")
    prompt: str = Field(default="emotion", description="Key of `prompts`.")
    cue_captions: bool = Field(
        default=False,
        description="Of a contrastive model: end each caption with the cue block, so that it can be put under interventions; "
        "beyond the paper, and marked in every table.",
    )
    max_new_tokens: int = Field(default=32, ge=1, description="Limit of a decoded answer.")
    pack: int = Field(default=16, ge=1, description="Utterances answered between two writes to the response store.")
    shards: int = Field(default=1, ge=1, description="Jobs per dataset and split.")
    memory: Annotated[str, Field(pattern=r"^[0-9.]+ *[A-Za-z]+$")] = Field(
        default="4GB", description="Main memory of the job; as much again at every further attempt."
    )
    runtime: Annotated[str, Field(pattern=r"^[0-9.]+ *(m|min|h|d)$")] = Field(
        default="1h", description="Time limit of the job on a cluster."
    )
    seconds_per_utterance: float | None = Field(
        default=None, gt=0, description="As measured elsewhere, for `snakemake plan` before a job of the model has run here."
    )
    training: Training | None = Field(default=None, description="Given where a rule trains the model.")
    options: dict[str, Any] = Field(default={}, description="Of the backend.")

    @model_validator(mode="before")
    @classmethod
    def _marked(cls, value: Any) -> Any:
        """Captions with cues are named wherever the model is."""
        if isinstance(value, dict) and value.get("cue_captions") is True and not str(value.get("title")).endswith(CUE_CAPTIONS):
            return value | {"title": f"{value.get('title')}{CUE_CAPTIONS}"}
        return value

    @model_validator(mode="after")
    def _source(self) -> "Model":
        if self.path is None and self.hub_id is None:
            raise ValueError("needs a path or a hub_id")
        if self.hub_id is not None and self.path is None and self.revision is None:
            raise ValueError("hub_id needs a pinned revision (a commit), or set path to a local checkpoint")
        if self.training is not None and self.path is None:
            raise ValueError("a trained model needs a path, where the checkpoint goes")
        if self.cue_captions and self.group != "contrastive":
            raise ValueError("cue_captions: only a contrastive model has captions")
        return self


class Answer(_Strict):
    """How a label is spoken."""

    word: Annotated[str, Field(min_length=1)] = Field(description="The word by which prompts offer the label.")
    synonyms: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[], description="Further words read as the label, matched whole, without regard to case."
    )


class Statistics(_Strict):
    """Resampling."""

    resamples: int = Field(default=10_000, ge=100, description="Bootstrap resamples over speakers.")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="Level of the intervals.")
    seed: int = Field(default=0, ge=0, description="Of the bootstrap.")


class Emosynth(_Strict):
    """The embedded corpus."""

    seed: int = Field(default=2026, ge=0, description="Of the corpus.")
    train_speakers: int = Field(default=12, ge=2, description="Speakers of the split `train`.")
    test_speakers: int = Field(default=12, ge=2, description="Speakers of the split `test`.")
    per_emotion: int = Field(default=20, ge=1, description="Utterances per speaker and emotion.")


class Config(_Strict):
    """The whole configuration."""

    grid: list[Block] = Field(min_length=1, description="What is run: a list of blocks.")
    datasets: dict[Slug, Dataset] = Field(description="Registry of corpora.")
    models: dict[Slug, Model] = Field(description="Registry of models.")
    prompts: dict[str, str] = Field(description="Registry of instructions, each with {labels}.")
    cue_block: str = Field(description="How tokens are written: one line with each of the six concepts in braces.")
    answers: dict[str, Answer] = Field(description="How each label is spoken, for all datasets.")
    intervention_options: dict[str, dict[str, Any]] = Field(default={}, description="Options of interventions, by name.")
    readout: Literal["generate", "score"] = Field(
        default="generate", description="Where predictions come from: the greedy answer, or the label of highest probability."
    )
    statistics: Statistics = Field(default=Statistics(), description="Resampling.")
    emosynth: Emosynth = Field(default=Emosynth(), description="The embedded corpus.")
    tables: list[str] = Field(
        default=["concepts", "corpora", "aibo", "iemocap", "uar", "interventions", "sensitivity"],
        description="Tables to make: modules of `cuealign.tables`.",
    )
    figures: dict[str, Literal["study", "dataset", "split", "model"] | None] = Field(
        default={"tokens": "dataset", "confusions": "model", "corruption": "split", "grounding": "study"},
        description="Figures to draw, each with what one drawing shows, or null for none: modules of `cuealign.figures`.",
    )

    @model_validator(mode="after")
    def _cross_checks(self) -> "Config":
        problems = [*self._wording(), *self._references()] or [*self._grid()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _wording(self) -> Iterator[str]:
        """Templates and answers that cannot be used."""
        words = {label: [answer.word, *answer.synonyms] for label, answer in self.answers.items()}
        yield from _invalid("answers", AnswerParser, words)
        yield from _invalid("cue_block", CueBlockTemplate, self.cue_block)
        for name, instruction in self.prompts.items():
            any_block = CueBlockTemplate(" ".join(f"{{{concept}}}" for concept in CONCEPTS))
            yield from _invalid(f"prompts.{name}", template, instruction, any_block)

    def _references(self) -> Iterator[str]:
        """Names that lead nowhere."""
        for name in self.intervention_options:
            yield from _unknown(name, registry.names(), "intervention", "intervention_options")
            if name in registry.names():
                known = list(inspect.signature(registry.get(name).apply).parameters)[3:]
                for option in self.intervention_options[name]:
                    yield from _unknown(option, known, "option", f"intervention_options.{name}")
        for name in self.tables:
            yield from _unknown(name, tables.names(), "table", "tables")
        for name in self.figures:
            yield from _unknown(name, figures.names(), "figure", "figures")
        for name, dataset in self.datasets.items():
            for label in dataset.labels:
                yield from _unknown(label, self.answers, "label", f"datasets.{name}.labels (add it to `answers`)")
        for name, model in self.models.items():
            yield from _unknown(model.prompt, self.prompts, "prompt", f"models.{name}.prompt")
            if model.prompt in self.prompts:
                yield from self._kind_of_prompt(name, model)
            if model.training is not None:
                if model.path != f"results/models/{name}":
                    yield f"models.{name}.path: a model that is trained by the workflow lies in results/models/{name}"
                yield from self._unknown_split(f"models.{name}.training", model.training.dataset, [model.training.split], key="split")
        for index, block in enumerate(self.grid):
            where = f"grid[{index}]"
            yield from self._unknown_split(where, block.dataset, block.splits, key="splits")
            for model in block.models:
                yield from _unknown(model, self.models, "model", f"{where}.models")
            for name in block.interventions:
                yield from _unknown(name, registry.names(), "intervention", f"{where}.interventions")

    def _kind_of_prompt(self, name: str, model: Model) -> Iterator[str]:
        """Captions go to contrastive models, instructions to all others."""
        if ("{label}" in self.prompts[model.prompt]) != (model.group == "contrastive"):
            needed = "a caption, with {label}" if model.group == "contrastive" else "an instruction, with {labels}"
            yield f"models.{name}.prompt: a model of the group {model.group} needs {needed}; {model.prompt!r} is none"

    def _unknown_split(self, where: str, dataset: str, splits: list[str], *, key: str) -> Iterator[str]:
        if dataset not in self.datasets:
            yield from _unknown(dataset, self.datasets, "dataset", f"{where}.dataset")
        else:
            for split in splits:
                yield from _unknown(split, self.datasets[dataset].splits, "split", f"{where}.{key}")

    def _grid(self) -> Iterator[str]:
        """Runs that occur twice, and models that would be tested on what they were trained on."""
        seen: dict[tuple, int] = {}
        limits: dict[tuple[str, str, str], int | None] = {}
        leaks: dict[tuple[str, str, str], None] = {}
        for index, block in enumerate(self.grid):
            for model in block.models:
                asked = self.models[model]
                if asked.group == "contrastive" and not asked.cue_captions and set(block.interventions) != {"none"}:
                    yield f"grid[{index}]: {model} reads captions without cues; its only intervention is none, or set cue_captions: true"
            for run in _expand(block):
                key = (run.dataset, run.split, run.model, run.intervention, float(run.p), run.seed)
                if key in seen:
                    yield f"grid[{index}]: {run} occurs more than once (also in grid[{seen[key]}])"
                    break
                seen[key] = index
                if limits.setdefault(cell := (run.dataset, run.split, run.model), block.limit) != block.limit:
                    yield f"grid[{index}].limit: {'/'.join(cell)} has another limit in an earlier block"
                    break
                training = self.models[run.model].training
                if training is not None and training.dataset == run.dataset:
                    splits = self.datasets[run.dataset].splits
                    if set(splits[training.split]) & set(splits[run.split]):
                        leaks[run.dataset, run.split, run.model] = None
        for dataset, split, model in leaks:
            yield f"models.{model}.training: the model is trained on utterances of {dataset} that the grid tests it on (split {split!r})"

    # ---------------------------------------------------------------- what the workflow asks

    def runs(self) -> list["Run"]:
        """Every run of the grid."""
        return [run for block in self.grid for run in _expand(block)]

    def limit(self, dataset: str, split: str, model: str) -> int | None:
        """Utterances of a split that are put to a model, None for all."""
        for block in self.grid:
            if block.dataset == dataset and split in block.splits and model in block.models:
                return block.limit
        return None

    def used_datasets(self) -> list[str]:
        """Datasets that the grid runs on or that its models are trained on."""
        trainings = [self.models[run.model].training for run in self.runs()]
        return list(dict.fromkeys([run.dataset for run in self.runs()] + [training.dataset for training in trainings if training]))

    def missing_sources(self) -> list[str]:
        """One line per dataset used whose location is not set."""
        problems = []
        for name in self.used_datasets():
            key = "manifest" if self.datasets[name].reader == "manifest" else "root"
            if getattr(self.datasets[name], key) is None:
                problems.append(f"datasets.{name}.{key} is not set: give the location of {self.datasets[name].title} there")
        return problems

    def missing_checkpoints(self, models: Iterable[str]) -> list[str]:
        """One line per model whose local checkpoint is not there and is not trained by a rule."""
        problems = []
        for name in models:
            model = self.models[name]
            if model.path is not None and model.training is None and not Path(model.path).is_dir():
                problems.append(f"models.{name}.path: there is no folder {model.path}")
        return problems

    def unbuilt(self, datasets: Iterable[str], models: Iterable[str]) -> list[str]:
        """One line per dataset or model whose code this version does not include."""
        problems = []
        for name in datasets:
            reader = self.datasets[name].reader
            if reader not in readers.names():
                included = ", ".join(readers.names())
                problems.append(f"dataset {name!r} needs the reader {reader!r}, which this version does not include (included: {included})")
        for name in models:
            backend = self.models[name].backend
            if backend not in backends.names():
                included = ", ".join(backends.names())
                problems.append(f"model {name!r} needs the backend {backend!r}, which this version does not include (included: {included})")
        return problems


@dataclass(frozen=True)
class Run:
    """One cell of the grid: a condition put to a model on a split."""

    dataset: str
    split: str
    model: str
    intervention: str
    p: str
    seed: str

    @property
    def condition(self) -> tuple[str, str, str]:
        """(intervention, p, seed)."""
        return self.intervention, self.p, self.seed

    def __str__(self) -> str:
        return f"{self.dataset}/{self.split}/{self.model}/{self.intervention}/p{self.p}/seed{self.seed}"


def _expand(block: Block) -> Iterator[Run]:
    """Runs of a block; interventions without strength or seed occur once, as p 0 and seed 0."""
    for split in block.splits:
        for model in block.models:
            for name in block.interventions:
                intervention = registry.get(name)
                for p in block.p if intervention.uses_p else ["0"]:
                    for seed in block.seeds if intervention.uses_seed else [0]:
                        yield Run(block.dataset, split, model, name, p, str(seed))


def _invalid(where: str, build: Callable[..., Any], *arguments: Any) -> Iterator[str]:
    """What is wrong with a part, with where in the config it comes from."""
    try:
        build(*arguments)
    except ConfigError as error:
        yield f"{where}: {error}"


def _unknown(name: str, known: Any, what: str, where: str) -> Iterator[str]:
    if name not in known:
        yield f"{where}: unknown {what} {name!r}; known: {', '.join(sorted(known))}"


def load(values: Mapping[str, Any]) -> Config:
    """Validate a configuration.

    Raises:
        ConfigError: with one line per mistake: the key's path, what is wrong, the values allowed.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        lines = sorted(line for problem in error.errors() for line in _line(problem).splitlines())
        raise ConfigError("config: " + "\nconfig: ".join(lines)) from None


def _line(problem: Mapping[str, Any]) -> str:
    path = ""
    for part in problem["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith(("function-", "[")):
            path += f".{part}" if path else part
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "unknown key" + _suggestion(problem["loc"])
    elif problem["type"] == "missing":
        message = "is missing"
    elif problem["type"] in ("model_type", "dict_type", "list_type", "string_type", "int_parsing"):
        message += f", but is {problem['input']!r}"
    return f"{path}: {message}" if path else message


def _suggestion(location: tuple) -> str:
    """The keys that are allowed beside an unknown one."""
    model: Any = Config
    for part in location[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = _inner(model.model_fields[part].annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return f"; known: {', '.join(model.model_fields)}"
    return ""


def _inner(annotation: Any) -> Any:
    """The model class inside of list[…], dict[…, …] or … | None."""
    arguments = [argument for argument in getattr(annotation, "__args__", ()) if argument is not type(None)]
    return _inner(arguments[-1]) if arguments else annotation


def wildcard(values: Any) -> str:
    """Regular expression that matches exactly ``values``."""
    return "|".join(re.escape(value) for value in sorted(set(map(str, values)), key=lambda value: (-len(value), value))) or "(?!)"
