"""The whole configuration: every section, with its defaults."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.base import Plugins, Slug
from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.emosynth import Emosynth
from cuealign.config.entries.figures import FigureEntry, Scope
from cuealign.config.entries.grid import GridEntry
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.core.validation import NONE_AS_TEXT, StrictModel

RENAMED = {
    "models.group": "is called heading now; say by kind what the model is: alm, contrastive or control",
    "models.pack": "is called write_every now",
    "models.pack_tokens": "is called batch_tokens now",
}
"""Keys of earlier versions, without ids, and what became of them."""


def _drawn(value: Any) -> Any:
    """A figure whose entry is null is left out."""
    if not isinstance(value, dict):
        return value
    return {name: entry for name, entry in value.items() if entry is not None and entry not in NONE_AS_TEXT}


class Config(StrictModel):
    """The whole configuration."""

    grid: list[GridEntry] = Field(min_length=1, description="What is run: a list of entries.")
    datasets: dict[Slug, Dataset] = Field(description="Registry of corpora.")
    models: dict[Slug, Model] = Field(description="Registry of models.")
    prompts: dict[str, str] = Field(description="Registry of instructions, each with {labels}, and of captions, each with {label}.")
    cue_block: str = Field(description="How tokens are written: one line with each of the six concepts in braces.")
    answers: dict[str, Answer] = Field(description="How each label is spoken, for all datasets.")
    intervention_options: dict[str, dict[str, Any]] = Field(default={}, description="Options of interventions, by name; see below.")
    readout: Literal["generate", "score"] = Field(
        default="generate", description="Where predictions come from: the greedy answer, or the label of highest probability."
    )
    statistics: Statistics = Field(default=Statistics(), description="Resampling.")
    emosynth: Emosynth = Field(default=Emosynth(), description="The embedded corpus.")
    analyses: Plugins = Field(
        default={name: {} for name in ("conditions", "comparisons", "trend", "confusion")},
        description="Analyses to compute for every model and split: a list of names, or a mapping of names to their options. "
        "Modules of `cuealign.evaluation.analyses`.",
    )
    tables: Plugins = Field(
        default={name: {} for name in ("concepts", "corpora", "aibo", "iemocap", "uar", "interventions", "sensitivity")},
        description="Tables to make: a list of names, or a mapping of names to their options. Modules of `cuealign.reporting.tables`.",
    )
    figures: Annotated[
        dict[str, FigureEntry],
        BeforeValidator(_drawn, json_schema_input_type=dict[str, Scope | dict[str, Any] | None]),
    ] = Field(
        default={
            "tokens": FigureEntry(scope="dataset"),
            "confusions": FigureEntry(scope="model"),
            "corruption": FigureEntry(scope="split"),
            "grounding": FigureEntry(scope="study"),
        },
        description="Figures to draw, each with its scope, or with a mapping of `scope` and the figure's own options, or null for none. "
        "Modules of `cuealign.reporting.figures`.",
    )
