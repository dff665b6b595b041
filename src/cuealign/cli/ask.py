"""``cuealign ask``: what a model says to one utterance without tokens, with its own, with conflicting and with given ones."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cuealign.cli.study import Utterance, find_utterance, stored_responses
from cuealign.config.entries.model import Model
from cuealign.config.settings import Config
from cuealign.core import audio
from cuealign.core.errors import ConfigError, InputError
from cuealign.core.validation import unknown
from cuealign.core.vocabulary import CONCEPTS, INVALID, TOKENS, UNVOICED
from cuealign.cues.descriptor_store import known_descriptors
from cuealign.inference.asked import asked_model
from cuealign.interventions.apply import apply_intervention
from cuealign.models.backends import BACKENDS
from cuealign.models.base import Request, Response
from cuealign.prompts.answers import answer_parser
from cuealign.prompts.cue_blocks import serialise_cue_blocks
from cuealign.prompts.labels import Label, label_words
from cuealign.prompts.templates import CueBlockTemplate, Template, parse_template, prompt_id
from cuealign.runtime import gpu_lock

STORED, NOW = "stored", "asked now"


@dataclass(frozen=True)
class Heard:
    """What a model said under one condition.

    Attributes:
        condition: ``none``, ``own``, ``conflicting`` or ``given``.
        block: the cue block; empty without one.
        answer: text; ``reasoning`` is what came before it.
        reasoning: of a model that reasons first.
        read_as: label that the answer names, or INVALID.
        logprobs: natural logarithm of the probability of each label's answer, by label.
        source: :data:`STORED` by a job of the study, or :data:`NOW`.
    """

    condition: str
    block: str
    answer: str
    reasoning: str
    read_as: str
    logprobs: dict[str, float]
    source: str

    @property
    def mass(self) -> float:
        """Probability of all labels' answers together."""
        return sum(map(math.exp, self.logprobs.values()))

    @property
    def shares(self) -> dict[str, float]:
        """Probability of each label among the labels."""
        highest = max(self.logprobs.values())
        weights = {name: math.exp(value - highest) for name, value in self.logprobs.items()}
        return {name: weight / sum(weights.values()) for name, weight in weights.items()}


@dataclass(frozen=True)
class Asked:
    """A question and what came of it.

    Attributes:
        model: id.
        utterance: that was asked about.
        prompt: as the model gets it if ``whole``, else its text without the chat around it.
        whole: whether the model was loaded, so that its chat is known.
        heard: by condition.
    """

    model: str
    utterance: Utterance
    prompt: str
    whole: bool
    heard: list[Heard]


def ask(
    settings: Config,
    model: str,
    utterance: str,
    given: Mapping[str, str],
    *,
    dataset: str | None = None,
    device: str | None = None,
    load: bool = False,
) -> Asked:
    """Ask a model about one utterance.

    What a job of the study has answered is taken from its responses. The model is loaded if something is left to ask, if it
    runs on the CPU, or if ``load`` says so. Nothing is written.

    Args:
        settings: config of the study, whose folder is the current one.
        model, utterance: ids.
        given: tokens by concept that replace the utterance's own in the condition ``given``; empty for no such condition.
        dataset: id of the corpus, None to look into all.
        device: instead of that of the model's entry.
        load: load the model in any case.

    Raises:
        ConfigError: if there is no such model.
        InputError: if there is no such utterance, or no device.
        ModelError: if the model cannot be loaded.
    """
    for problem in unknown(model, settings.models, "model", "ask"):
        raise ConfigError(problem)
    found = find_utterance(settings, model, utterance, dataset)
    entry = settings.models[model]
    entry = entry.model_copy(update={"device": device}) if device else entry
    answers, instruction = settings.answers_of(found.dataset), settings.prompts[entry.prompt]
    template, labels = parse_template(instruction.text, CueBlockTemplate(settings.cue_block), instruction.words), label_words(answers)
    blocks = blocks_of(found.tokens, template, given, settings.intervention_options.get("conflict", {}))
    prompts = {condition: template.render(template.words(labels), block) for condition, block in blocks.items()}
    order = "|".join(label.name for label in labels)
    stored = stored_responses(found.experiment, utterance) if found.experiment else pd.DataFrame(columns=["prompt_id", "label_order"])
    known = {row.prompt_id: row for row in stored.itertuples() if row.label_order == order}
    shown, whole, now = prompts["given" if given else "own"], False, {}
    if load or not entry.on_gpu or any(prompt_id(prompt) not in known for prompt in prompts.values()):
        shown, fingerprint, now = _asked_now(entry, model, found, labels, template, prompts, known, shown)
        known = {key: row for key, row in known.items() if row.fingerprint == fingerprint}
        whole = True
    parse = answer_parser(answers)
    heard = []
    for condition, prompt in prompts.items():
        response = now.get(prompt) or known[prompt_id(prompt)]
        heard.append(
            Heard(
                condition,
                blocks[condition],
                response.answer,
                response.reasoning,
                INVALID if response.cut else parse(response.answer),
                dict(zip((label.name for label in labels), map(float, response.label_logprobs), strict=True)),
                NOW if prompt in now else STORED,
            )
        )
    return Asked(model, found, shown, whole, heard)


def blocks_of(tokens: pd.DataFrame, template: Template, given: Mapping[str, str], conflict: Mapping) -> dict[str, str]:
    """Cue blocks by condition.

    Args:
        tokens: of one utterance, of kind :data:`cuealign.core.schema.TOKEN_SEQUENCES`.
        template: of the prompts.
        given: tokens by concept that replace the utterance's own; empty for none.
        conflict: options of the intervention.
    """
    key = {"dataset": "", "split": "", "p": "0", "seed": "0"}
    opposite = apply_intervention("conflict", tokens, template.cue_block, options=conflict, **key)
    blocks = {"none": "", "own": tokens["cue_block"].item(), "conflicting": opposite["cue_block"].item()}
    if given:
        (blocks["given"],) = serialise_cue_blocks(tokens.assign(**given), template.cue_block)
    return blocks


def read_given(words: Sequence[str]) -> dict[str, str]:
    """Tokens by concept, of words such as ``PITCH=VERY_HIGH``; case does not count.

    Raises:
        InputError: if a word is of another form, or names no concept or no token of it.
    """
    given: dict[str, str] = {}
    for word in words:
        concept, sign, token = word.upper().partition("=")
        if not sign:
            raise InputError(f"{word!r}: write a concept and its token, such as PITCH=VERY_HIGH")
        for problem in unknown(concept, CONCEPTS, "concept", word):
            raise InputError(problem)
        if concept in given:
            raise InputError(f"{concept} is given twice, {given[concept]} and {token}; give it once")
        voiced = [UNVOICED] if concept in ("PITCH", "FORMANTS", "VOICE_QUALITY") else []
        for problem in unknown(token, [*TOKENS[concept], *voiced], f"token of {concept}", word):
            raise InputError(problem)
        given[concept] = token
    return given


@contextmanager
def _device(entry: Model, name: str) -> Iterator[str]:
    """The device of a model. An error names the key, and the option for a machine without a GPU."""
    with ExitStack() as stack:
        try:
            device = stack.enter_context(gpu_lock.device(entry.device))
        except InputError as error:
            raise InputError(f"models.{name}.device: {error}; or ask with --device cpu, if the memory is enough") from error
        yield device


def _asked_now(
    entry: Model,
    name: str,
    utterance: Utterance,
    labels: Sequence[Label],
    template: Template,
    prompts: Mapping[str, str],
    known: Mapping,
    shown: str,
) -> tuple[str, str, dict[str, Response]]:
    """Load the model, and ask it what its weights have not answered yet: a prompt as it gets it, its fingerprint, the responses."""
    store = Path(f"results/corpora/{utterance.dataset}/descriptors")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # read by transformers, which is not yet imported
    with _device(entry, name) as device, known_descriptors(store):
        entry = entry.model_copy(update={"device": device})
        loaded = BACKENDS.get(entry.backend)(entry, name, labels, template)
        (row,) = utterance.row.itertuples()
        left = [
            prompt
            for prompt in dict.fromkeys(prompts.values())
            if (stored := known.get(prompt_id(prompt))) is None or stored.fingerprint != loaded.fingerprint
        ]
        request = Request(row.utterance, audio.deferred_read(row), tuple(left))
        asked = asked_model(loaded, entry, labels)
        responses = next(iter((asked.engine if asked else loaded).respond([request]))) if left else []
        text = asked.as_asked(shown) if asked else shown
    return text, loaded.fingerprint, dict(zip(left, responses, strict=True))


def report(asked: Asked) -> str:
    """What was asked and heard, as text."""
    (row,) = asked.utterance.row.itertuples()
    where = f"split {row.split} of {asked.utterance.dataset}"
    lines = [
        f"{asked.model} on {row.utterance} ({where}), label {row.label}",
        f"sound: {row.file}, {row.start:.2f} to {row.end:.2f} s",
        "",
        "The prompt as the model gets it, the sound at its placeholder:" if asked.whole else "The text of the prompt:",
        *(f"  {line}" for line in asked.prompt.rstrip("\n").split("\n")),
    ]
    if not asked.whole:
        lines += ["  (--load loads the model, and shows the chat around this text)"]
    lines += [
        "",
        "Tokens",
        *(f"  {heard.condition:<12} {heard.block or '(no cue block)'}" for heard in asked.heard),
        "",
        *_table(asked.heard),
    ]
    lines += [f"  reasoning, {heard.condition}: {heard.reasoning}" for heard in asked.heard if heard.reasoning]
    return "\n".join(lines)


def _table(heard: Sequence[Heard]) -> list[str]:
    """A row per condition: answer, label read from it, probabilities, source."""
    names = list(heard[0].logprobs)
    rows = [["", "answer", "read as", *names, "all labels", "from"]]
    for each in heard:
        shares = [f"{each.shares[name]:.3f}" for name in names]
        rows.append([each.condition, repr(each.answer), each.read_as, *shares, f"{min(each.mass, 1):.3g}", each.source])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    note = "  Probabilities among the labels; all labels: the probability that the answer is a label at all."
    return ["Answers and probabilities", *lines, note]
