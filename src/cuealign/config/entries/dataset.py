"""``datasets.<id>``: one corpus."""

import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.base import Line, Place, Slug
from cuealign.core.characters import hidden
from cuealign.core.validation import NONE_AS_TEXT, StrictModel
from cuealign.core.vocabulary import INVALID


class VoiceQuality(StrictModel):
    """How VOICE_QUALITY is told."""

    rule: Literal["scores", "thresholds"] = Field(
        default="scores",
        description="`scores`: the largest of three scores, if it stands out; `thresholds`: the first of four conditions, the rule of "
        "version 0.1.",
    )
    first_harmonic: Literal["phonetic", "opensmile"] = Field(
        default="phonetic",
        description="The H1 of H1-H2 and H1-A3: `phonetic`, the fundamental; `opensmile`, the first overtone, as the descriptors of "
        "Table I have it.",
    )
    high: float = Field(default=0.4, gt=0, description="For `thresholds`: high from here, in interquartile ranges from the median.")
    low: float = Field(default=-0.4, lt=0, description="For `thresholds`: low up to here, in interquartile ranges from the median.")


class TokenOptions(StrictModel):
    """How descriptors become tokens."""

    voiced_mean: bool = Field(
        default=True, description="Average voiced descriptors over voiced frames, as openSMILE's functionals do; otherwise over all frames."
    )
    gender_specific: list[Literal["PITCH", "FORMANTS"]] = Field(default=[], description="Concepts with edges per gender.")
    signed_brightness: bool = Field(
        default=True,
        description="Let the Hammarberg index enter BRIGHTNESS negatively, so that VERY_BRIGHT is bright; otherwise the plain average.",
    )
    fit_on: str = Field(default="all", description="`all` utterances (the paper), or the split to fit on.")
    f0: Literal["mean", "median"] = Field(
        default="mean",
        description="F0 of an utterance: `mean` or `median` over voiced frames, in semitones. The median needs `voiced_mean`.",
    )
    brightness_frames: Literal["all", "voiced"] = Field(
        default="all",
        description="Average the descriptors of BRIGHTNESS over `all` frames (the paper), or over `voiced` ones where there are any.",
    )
    voice_quality: VoiceQuality = Field(default=VoiceQuality(), description="How VOICE_QUALITY is told.")

    @model_validator(mode="after")
    def _one_f0(self) -> "TokenOptions":
        if self.f0 == "median" and not self.voiced_mean:
            raise ValueError("f0: the median is over voiced frames; voiced_mean: false asks for means over all frames")
        return self


def _text_keys(value: Any) -> Any:
    """YAML reads a key 1 as a number; what stands in a table is text."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else value


def _none_values(value: Any) -> Any:
    """The command line hands null over as text."""
    return {key: None if inner in NONE_AS_TEXT else inner for key, inner in value.items()} if isinstance(value, dict) else value


class Column(StrictModel):
    """Where a value comes from: a column, a part of one, or the same for all rows."""

    column: str | None = Field(default=None, description="The file's own name of the column.")
    pattern: str | None = Field(
        default=None, description="Regular expression for a part of that column: its groups joined, or the match if it has none."
    )
    map: Annotated[dict[str, str], BeforeValidator(_text_keys)] = Field(
        default={}, description="From every value that occurs to its meaning, such as `{0: female, 1: male}`."
    )
    value: str | None = Field(default=None, description="Value of every row, instead of a column.")

    @model_validator(mode="after")
    def _one_source(self) -> "Column":
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either a column or a value")
        if self.column is None and (self.pattern is not None or self.map):
            raise ValueError("a pattern or a map needs a column")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"pattern {self.pattern!r} is no regular expression ({error})") from None
        return self


class DrawnSplit(StrictModel):
    """Splits `train` and `test`, drawn by speaker."""

    by: Literal["speaker"] = Field(default="speaker", description="`speaker`: all utterances of a speaker are in one split.")
    test: float = Field(default=0.5, gt=0, lt=1, description="Share of the speakers in the split `test`; at least one is in each split.")
    seed: int = Field(default=0, ge=0, description="Another seed draws other speakers.")


DRAWN = ("train", "test")
"""Values of the split column where the splits are drawn."""


def _drawn_by_name(value: Any) -> Any:
    """``split: speaker`` stands for the defaults."""
    return {"by": value} if isinstance(value, str) else value


Draw = Annotated[DrawnSplit | None, BeforeValidator(_drawn_by_name, json_schema_input_type=Literal["speaker"] | DrawnSplit | None)]


def _named_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _identity_splits(value: Any) -> Any:
    """A plain list of splits; what is no name is left for the check of types."""
    return {name: [name] for name in value} if isinstance(value, list) and all(map(_is_scalar, value)) else value


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _legible(label: str) -> str:
    if label != label.strip():
        raise ValueError(f"{label!r} has white space at its ends; take it away")
    if found := hidden(label):
        raise ValueError(f"{label!r} contains a line break or an invisible character (U+{ord(found):04X}); take it out")
    return label


# Labels and values of the split column are compared with those of the corpus, in Unicode's composed form.
Name = Annotated[str, AfterValidator(lambda value: unicodedata.normalize("NFC", value))]


def _tables_form(value: Any) -> str | None:
    """Which form of a manifest was written, so that a mistake is told of that alone. Errors leave out what is named after a function."""
    forms = {str: "function-path", list: "function-list", dict: "function-mapping"}
    return next((form for kind, form in forms.items() if isinstance(value, kind)), None)


_Path = Annotated[Place, Tag("function-path")]
_Paths = Annotated[
    _Path | Annotated[list[Place], Field(min_length=1), Tag("function-list")],
    Discriminator(
        _tables_form,
        custom_error_type="form",
        custom_error_message="must be a path or a list of paths",
    ),
]
_Tables = Annotated[
    _Path | Annotated[dict[str, _Paths], Field(min_length=1), Tag("function-mapping")],
    Discriminator(
        _tables_form,
        custom_error_type="form",
        custom_error_message="must be a path, or a mapping of splits to a path or a list of paths each",
    ),
]


class Dataset(StrictModel):
    """One corpus."""

    title: Line = Field(description="Name in tables and figures.")
    licence: Line = Field(description="Licence of the recordings; goes into the provenance.")
    note: Line | None = Field(default=None, description="Caution that goes with every number on this corpus.")
    reader: str = Field(description="How the corpus is read: one of the readers that docs/corpora.md lists.")
    root: Place | None = Field(
        default=None,
        description="Folder of the corpus. For the reader `manifest`: what files are relative to, by default the folder of the table.",
    )
    manifest: _Tables | None = Field(
        default=None,
        description="For the reader `manifest`: table (csv, tsv, parquet, jsonl) with one row per utterance; or tables by split.",
    )
    columns: dict[
        Literal["utterance", "file", "start", "end", "speaker", "gender", "language", "label", "split", "session"],
        Annotated[Column, BeforeValidator(_named_column, json_schema_input_type=str | Column)],
    ] = Field(
        default={},
        description="For the readers `manifest` and `filenames`: the name of a column, or `{column, pattern, map}`, or `{value}`.",
    )
    options: dict[str, Any] = Field(default={}, description="Options of the reader; see below.")
    labels: list[Annotated[Name, Field(pattern=r"^[^|\s][^|]*$"), AfterValidator(_legible)]] = Field(
        min_length=2, description="Labels, in the order of figures and prompts."
    )
    answers: dict[Name, Answer] = Field(
        default={}, description="How labels are spoken on this corpus, instead of what `answers` says of them for all corpora."
    )
    label_map: Annotated[dict[Name, Name | None], BeforeValidator(_none_values)] = Field(
        default={}, description="Raw label to label; null leaves such utterances out, and they are counted."
    )
    splits: Annotated[
        dict[Slug, list[Name]], BeforeValidator(_identity_splits, json_schema_input_type=list[str] | dict[str, list[str]])
    ] = Field(
        min_length=1, description="Evaluation split to the values of the manifest's split column that it consists of, or a plain list."
    )
    split: Draw = Field(
        default=None,
        description="For a corpus without a split column: `speaker`, or a mapping, draws the values `train` and `test` of that column "
        "by speaker; see below.",
    )
    speaker_disjoint: bool = Field(
        default=True, description="Refuse a speaker or a sound that occurs under two values of the split column."
    )
    unnamed_speakers: Literal["error", "separate", "exclude", "keep"] = Field(
        default="error",
        description="What becomes of utterances whose speaker is `unknown`, `n/a`, `?` or the like: refuse them, make each a cluster of "
        "its own, exclude and count them, or take the word for a name.",
    )
    all_classes: bool = Field(default=True, description="Refuse an evaluation split that lacks a label.")
    partial: bool = Field(
        default=False,
        description="Accept a copy of a released corpus whose counts are not the published ones; tables and provenance then say so.",
    )
    on_bad_audio: Literal["error", "exclude"] = Field(
        default="error", description="Refuse a corpus with bad audio, or exclude such utterances; tables then count them."
    )
    channel: Literal["mean", "first", "loudest"] = Field(
        default="mean",
        description="How several channels become one: their mean, the first, or the one with the most energy in each utterance.",
    )
    remove_offset: bool = Field(
        default=False, description="Subtract the mean of each channel in each utterance, which cheap sound cards add."
    )
    tokens: TokenOptions = Field(default=TokenOptions(), description="How descriptors become tokens.")

    @property
    def gender_needed(self) -> bool:
        """True if tokens need the gender of every speaker."""
        return bool(self.tokens.gender_specific)

    @model_validator(mode="after")
    def _consistent(self) -> "Dataset":
        if INVALID in self.labels:
            raise ValueError(f"labels: {INVALID} stands for answers that name no label")
        if braced := [path for path in (self.root, *self.manifest_files()) if path and set(path) & set("{}")]:
            raise ValueError(f"{braced[0]}: a path must not contain braces, which Snakemake reads as wildcards")
        if strange := sorted(set(self.answers) - set(self.labels)):
            raise ValueError(f"answers: {strange[0]!r} is not among the labels {', '.join(self.labels)}")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: a label is listed twice")
        wrong = sorted({str(target) for target in self.label_map.values() if target is not None and target not in self.labels})
        if wrong:
            raise ValueError(f"label_map leads to {', '.join(wrong)}, not among the labels {', '.join(self.labels)}")
        if self.split is not None:
            self._only_drawn()
        if self.tokens.fit_on != "all" and self.tokens.fit_on not in self.splits:
            raise ValueError(f"tokens.fit_on: unknown split {self.tokens.fit_on!r}; known: all, {', '.join(self.splits)}")
        return self

    def _only_drawn(self) -> None:
        """Refuse a second origin of the splits."""
        if "split" in self.columns:
            raise ValueError("columns.split: remove it, as split draws the splits")
        if isinstance(self.manifest, dict):
            raise ValueError("manifest: gives tables by split, but split draws the splits; give one table, or leave split out")
        for name, values in self.splits.items():
            if strange := sorted(set(values) - set(DRAWN)):
                raise ValueError(f"splits.{name}: {strange[0]!r} is not drawn; known: {', '.join(DRAWN)}")

    def manifest_files(self) -> list[str]:
        """Table files of the reader `manifest`."""
        tables = self.manifest.values() if isinstance(self.manifest, dict) else [self.manifest]
        return [file for table in tables if table for file in ([table] if isinstance(table, str) else table)]
