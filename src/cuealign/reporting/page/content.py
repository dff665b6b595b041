"""What a results page shows, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NOT_ASKED = 255
"""Code of the prediction on an utterance that a model was not asked about."""

NO_PROBABILITY = 65535
"""Code of the probability of a label that a model does not give."""

Key = tuple[str, str, str]
"""(intervention, p, seed)"""


@dataclass(frozen=True)
class Condition:
    """A condition of the study.

    Attributes:
        key: (intervention, p, seed).
        title: for people, with the seed where there are several.
    """

    key: Key
    title: str

    @property
    def id(self) -> str:
        """Text that names the condition in addresses: ``corrupt/0.4/2``."""
        return "/".join(self.key)


@dataclass(frozen=True)
class Point:
    """UAR of a model under an intervention at a strength, over all seeds.

    Attributes:
        title: of the condition.
        condition: id of the condition that the point leads to: the first seed.
        value, low, high: UAR with its interval; the bounds are NaN where there is none.
    """

    title: str
    condition: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """What the study found about a model.

    Attributes:
        model, title, colour: of the model; the colour is that of the figures.
        verdict: one of :data:`cuealign.evaluation.grounding.verdicts.VERDICTS`.
        sentence: with its numbers.
        cautions: that belong beside it.
        points: UAR under each condition, in the grid's order.
    """

    model: str
    title: str
    colour: str
    verdict: str
    sentence: str
    cautions: Sequence[str]
    points: Sequence[Point] = ()


@dataclass(frozen=True)
class Place:
    """A place of a figure that stands for utterances.

    Attributes:
        says: what is to be seen there.
        box: left, top, width and height as shares of the figure.
        utterances: as :class:`cuealign.reporting.figures.places.Utterances` names them.
    """

    says: str
    box: Sequence[float]
    utterances: Mapping[str, Any]


@dataclass(frozen=True)
class Drawing:
    """A figure.

    Attributes:
        name: of its file, without ending.
        svg: its bytes.
        caption, alternative_text: what it shows, and for who cannot see it.
        cautions: that belong beside it.
        models: (id, title) of the models whose answers it shows.
        places: that lead to utterances.
    """

    name: str
    svg: bytes
    caption: str
    alternative_text: str
    cautions: Sequence[str] = ()
    models: Sequence[tuple[str, str]] = ()
    places: Sequence[Place] = ()


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of its file, without ending.
        caption, note: above and below it.
        cautions: that belong beside it.
        columns, rows: text cells.
        csv: content of the file for programs.
    """

    name: str
    caption: str
    note: str
    cautions: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    csv: str


@dataclass(frozen=True)
class Answers:
    """What a model answered. N utterances of the page, C conditions of the model, L labels.

    Attributes:
        model, title, colour: of the model; the colour is that of the figures.
        prompt: with :data:`cuealign.reporting.page.reading.BLOCK` in the place of the cue block.
        prompt_alone: without a cue block.
        conditions: indices into the conditions of the page.
        predictions: uint8, shape ``(C, N)``: a label, L for INVALID, or :data:`NOT_ASKED`.
        words: every different answer.
        answers: index into ``words``, shape ``(C, N)``.
        probabilities: uint16, in thousandths, shape ``(C, L, N)``, or :data:`NO_PROBABILITY`; None if the model gives none.
    """

    model: str
    title: str
    colour: str
    prompt: str
    prompt_alone: str
    conditions: Sequence[int]
    predictions: np.ndarray
    words: Sequence[str]
    answers: np.ndarray
    probabilities: np.ndarray | None


@dataclass(frozen=True)
class Sound:
    """The sound of some utterances.

    Attributes:
        links: address by position of the utterance, relative to the page's folder.
        embedded: content of an Ogg Opus file by position of the utterance.
        note: why an utterance may have none.
    """

    links: Mapping[int, str] = field(default_factory=dict)
    embedded: Mapping[int, bytes] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Utterances:
    """The utterances of a page and their tokens. N utterances, K conditions with a cue block.

    Attributes:
        columns: text by column: utterance, speaker, gender, label.
        durations: in seconds, shape ``(N,)``.
        vocabulary: every token that occurs.
        tokens: index into ``vocabulary``, uint8, shape ``(K, 6, N)``.
        with_tokens: per condition of the page its place in ``tokens``, None for one without a cue block.
    """

    columns: Mapping[str, Sequence[str]]
    durations: np.ndarray
    vocabulary: Sequence[str]
    tokens: np.ndarray
    with_tokens: Sequence[int | None]


@dataclass(frozen=True)
class Page:
    """One dataset and split.

    Attributes:
        dataset, split: ids.
        title: of the dataset.
        labels: in the dataset's order.
        label_colours: by label, as in the figures.
        level: of the intervals, such as ``95%``.
        cautions: about the dataset.
        verdicts, drawings, tables: in the grid's and the config's order.
        cue_block: literals and concepts of the cue block in turn: ``(literal, concept or "")``.
        conditions: of all models.
        utterances, answers, sound: for the explorer.
        methods: paragraphs.
        provenance: content of ``provenance.json``.
        licences: (what, licence).
        citation: lines.
    """

    dataset: str
    split: str
    title: str
    labels: Sequence[str]
    label_colours: Sequence[str]
    level: str
    cautions: Sequence[str]
    verdicts: Sequence[Verdict]
    drawings: Sequence[Drawing]
    tables: Sequence[Table]
    cue_block: Sequence[tuple[str, str]]
    conditions: Sequence[Condition]
    utterances: Utterances
    answers: Sequence[Answers]
    sound: Sound
    methods: Sequence[str]
    provenance: Mapping[str, Any]
    licences: Sequence[tuple[str, str]]
    citation: Sequence[str]
