"""The whole configuration: every section, with its defaults."""

from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FieldSerializationInfo, SerializerFunctionWrapHandler, field_serializer

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.base import Slug
from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.emosynth import Emosynth
from cuealign.config.entries.exclude import Exclude
from cuealign.config.entries.figure_style import FigureStyle
from cuealign.config.entries.figures import FigureEntry, Scope
from cuealign.config.entries.grid import GridEntry
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.model import Model
from cuealign.config.entries.prompts import Prompt, text_alone
from cuealign.config.entries.report import Report
from cuealign.config.entries.statistics import Statistics
from cuealign.core.validation import NONE_AS_TEXT, StrictModel

RENAMED = {
    "models.group": "is called heading now; say by kind what the model is: alm, contrastive or control",
    "models.pack": "is called write_every now",
    "models.pack_tokens": "is called batch_tokens now",
}
"""Keys of earlier versions, without ids, and what became of them."""


ANALYSES = ("conditions", "comparisons", "trend", "confusion", "shifts")
TABLES = (
    *("verdicts", "reliance", "reading", "concepts", "corpora", "checks", "aibo", "iemocap", "uar", "interventions", "shifts"),
    *("models", "sensitivity", "blocks"),
)
FIGURES = {
    "reliance": "split",
    "reading": "model",
    "grounding": "study",
    "tokens": "dataset",
    "confusions": "model",
    "corruption": "split",
}
"""What is made unless the config says otherwise."""


def _merged(defaults: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Reads a list of names as all that is made, and a mapping as what differs from the defaults, null for what is left out."""

    def read(value: Any) -> Any:
        if isinstance(value, list):
            if not all(isinstance(name, str) for name in value):
                raise ValueError("must be a list of names, or a mapping of names to options")
            if doubled := sorted({str(name) for name in value if value.count(name) > 1}):
                raise ValueError(f"{doubled[0]!r} is listed twice")
            return {name: {} for name in value}
        if isinstance(value, Mapping):
            # A figure that only has other options is shown as it would be without them.
            scoped = {name: {"scope": defaults[name]} for name in value if isinstance(defaults.get(name), str)}
            given = {name: scoped.get(name, {}) | entry if isinstance(entry, Mapping) else entry for name, entry in value.items()}
            merged = {**defaults, **given}
            return {name: entry for name, entry in merged.items() if entry is not None and entry not in NONE_AS_TEXT}
        return value

    return read


def _named(names: Collection[str]) -> Any:
    """Type of plug-ins of one kind with their options."""
    return Annotated[
        dict[str, dict[str, Any]],
        BeforeValidator(_merged({name: {} for name in names}), json_schema_input_type=list[str] | dict[str, dict[str, Any] | None]),
    ]


class Config(StrictModel):
    """The whole configuration."""

    grid: list[GridEntry] = Field(min_length=1, description="What is run: a list of entries.")
    datasets: dict[Slug, Dataset] = Field(description="Registry of corpora.")
    models: dict[Slug, Model] = Field(description="Registry of models.")
    prompts: dict[str, Annotated[Prompt, BeforeValidator(text_alone, json_schema_input_type=str | Prompt)]] = Field(
        description="Registry of instructions, each with {labels}, and of captions, each with {label}: a text, or `{text, words}`."
    )
    cue_block: str = Field(description="How tokens are written: one line with each of the six concepts in braces.")
    answers: dict[str, Answer] = Field(description="How each label is spoken, unless its dataset says otherwise.")
    intervention_options: dict[str, dict[str, Any]] = Field(default={}, description="Options of interventions, by name; see below.")
    readout: Literal["generate", "score"] = Field(
        default="generate", description="Where predictions come from: the greedy answer, or the label of highest probability."
    )
    statistics: Statistics = Field(default=Statistics(), description="Resampling.")
    grounding: Judgement = Field(default=Judgement(), description="How the use of the cues is judged.")
    emosynth: Emosynth = Field(default=Emosynth(), description="The embedded corpus.")
    exclude: Exclude = Field(default=Exclude(), description="What the grid names and this study leaves out, in all of its entries.")
    analyses: _named(ANALYSES) = Field(
        default={name: {} for name in ANALYSES},
        description="Analyses to compute for every model and split: a list of all of them, or a mapping of what differs from the default, "
        "names to options or null. Modules of `cuealign.evaluation.analyses`.",
    )
    tables: _named(TABLES) = Field(
        default={name: {} for name in TABLES},
        description="Tables to make: a list of all of them, or a mapping of what differs from the default, names to options or null. "
        "Modules of `cuealign.reporting.tables`.",
    )
    figures: Annotated[
        dict[str, FigureEntry],
        BeforeValidator(_merged(FIGURES), json_schema_input_type=dict[str, Scope | dict[str, Any] | None]),
    ] = Field(
        default={name: FigureEntry(scope=scope) for name, scope in FIGURES.items()},
        description="Figures to draw, as far as they differ from the default: each with its scope, or with a mapping of `scope`, `width` "
        "and the figure's own options, or null for none. Modules of `cuealign.reporting.figures`.",
    )
    figure_style: FigureStyle = Field(default=FigureStyle(), description="What all figures have in common.")

    report: Report = Field(default=Report(), description="The results page.")

    def answers_of(self, dataset: str) -> dict[str, Answer]:
        """How the labels of a dataset are spoken, in their order."""
        entry = self.datasets[dataset]
        return {label: entry.answers[label] if label in entry.answers else self.answers[label] for label in entry.labels}

    @field_serializer("analyses", "tables", "figures", mode="wrap")
    def _with_those_left_out(self, value: Any, plain: SerializerFunctionWrapHandler, info: FieldSerializationInfo) -> dict[str, Any]:
        """Say by null which defaults are left out, so that reading the plain values gives the same config."""
        defaults = {"analyses": ANALYSES, "tables": TABLES, "figures": FIGURES}[info.field_name]
        return plain(value) | {name: None for name in defaults if name not in value}
