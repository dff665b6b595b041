"""Simulated studies of known truth: what responders of known behaviour answer under every condition.

A :class:`World` fixes how labels show in audio and tokens, a :class:`Size` how large a study is. :func:`simulate` draws the
answers of one of the :data:`responders`, :func:`simulate_with_listeners` also those of the two listeners on the same utterances
and blocks, and :func:`truth` says what holds in the population. Nothing here estimates a quantity from answers.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_softmax, ndtr, ndtri, softmax

from cuealign.core.vocabulary import CONCEPTS, ORDINAL, TOKENS
from cuealign.evaluation.grounding.trials import Draws, Trials

LEVELS = 5
DRAWS = 5
"""Draws of the random conditions."""
VOICE_QUALITY = CONCEPTS.index("VOICE_QUALITY")
WEIGHTS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Weights of the cue listener in the kinds ``mixture(w)``."""

_VOICE_OPPOSITES = {"MODAL": "MODAL", "BREATHY": "PRESSED", "PRESSED": "BREATHY", "ROUGH": "MODAL", "CREAKY": "MODAL"}
_MAX_CLASSES = 5
_AUDIO_STRENGTH = 1.2  # distance of a label's audio evidence from the others', in sd of the noise
_AUDIO_OFFSET = 0.3  # sd of speakers' offsets in audio evidence
_AUDIO_SPREAD = 0.15  # sd over speakers of log audio strength
_CUE_STRENGTH = 0.88  # root of the labels' total variance over the five ordinal concepts' latents, whose noise has sd 1
_CUE_OFFSET = 0.4  # sd of speakers' offsets in the latents
_VOICE_STRENGTH = 0.6  # sd of the labels' effects on the log-odds of a voice quality
_MODAL_SHARE = 0.61  # of a speaker without offsets; .6 of all
_READING_SPREAD = 0.3  # sd over speakers of log reading weight, format and product effects
_DEAF_NOISE = 0.2  # sd of what a responder without audio evidence hears, in nats
_GATE_ENTROPY, _GATE_WIDTH = 0.75, 0.05  # of the audio listener's relative entropy, for ``reads_when_uncertain``
_POPULATION = 24_000  # utterances to which the listeners are fitted


@dataclass(frozen=True)
class Size:
    """How large a study is.

    Attributes:
        speakers: number.
        utterances: number.
        classes: number of labels, at most 5.
        class_shares: of the labels, in any unit.
        sessions: number; speakers are dealt to them in equal, consecutive groups. None without sessions.
        unevenness: sd over speakers of the log number of utterances.
        names: of the labels; ``L0``, ``L1``, ... by default.
    """

    speakers: int
    utterances: int
    classes: int
    class_shares: tuple[float, ...]
    sessions: int | None = None
    unevenness: float = 0.0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the numbers agree."""
        if not 2 <= self.classes <= _MAX_CLASSES or len(self.class_shares) != self.classes:
            raise ValueError(f"{self.classes} classes (2 to {_MAX_CLASSES}) with {len(self.class_shares)} shares")
        if self.sessions is not None and self.speakers % self.sessions:
            raise ValueError(f"{self.speakers} speakers cannot be dealt to {self.sessions} sessions")
        if self.names and len(self.names) != self.classes:
            raise ValueError(f"{self.classes} classes with {len(self.names)} names")
        if not self.names:
            object.__setattr__(self, "names", tuple(f"L{label}" for label in range(self.classes)))


DEMO = Size(12, 960, 4, (0.25, 0.25, 0.25, 0.25))
IEMOCAP = Size(10, 5531, 4, (0.31, 0.29, 0.2, 0.2), sessions=5, unevenness=0.1, names=("neutral", "happy", "angry", "sad"))
AIBO = Size(25, 8257, 5, (611, 1508, 5377, 215, 546), unevenness=0.3, names=("A", "E", "N", "P", "R"))


@dataclass(frozen=True)
class _Population:
    """Labels of one study size in one world.

    Attributes:
        means: of the latents, shape ``(5 ordinal concepts, C)``.
        voice: log-odds of voice qualities, shape ``(5, C)``.
        audio: distance of a label's audio evidence.
        temperature: factor of the audio evidence, so that the audio listener is calibrated.
        effects: of the cue listener: log-odds by concept, level and label, shape ``(6, 5, C)``; mean 0 over labels and levels.
        intercept: of the cue listener, shape ``(C,)``, which is also its answer to a block without content.
        gate: weights of ``reads_when_uncertain`` in a population of utterances with balanced labels, before the reading weight.
    """

    means: np.ndarray
    voice: np.ndarray
    audio: float
    temperature: float
    effects: np.ndarray
    intercept: np.ndarray
    gate: np.ndarray


@dataclass(frozen=True)
class World:
    """A population: how labels show in audio and in tokens.

    Both listeners are calibrated for balanced labels: they are told nothing of a study's class shares.

    Attributes:
        seed: of the structure.
        cues: factor of the strength of all tokens' dependence on the label.
    """

    seed: int
    cues: float = 1.0
    _populations: dict[Size, _Population] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def _structure(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng([self.seed, 0])
        strength = rng.uniform(0.5, 1.0, len(ORDINAL)) * np.where(np.isin(ORDINAL, ("ENERGY", "PITCH")), 1.4, 1.0)
        voice = rng.normal(size=(LEVELS, _MAX_CLASSES))
        return {
            "means": rng.normal(size=(len(ORDINAL), _MAX_CLASSES)),
            "strength": strength,
            "voice": voice,
            "loadings": rng.uniform(0.2, 0.7, len(ORDINAL)) * rng.choice([-1, 1], len(ORDINAL), p=(0.2, 0.8)),
            "voice_loadings": rng.normal(0, 0.3, LEVELS),
            "factors": rng.uniform(0.95, 1.05, 2),
            "product": rng.normal(size=_MAX_CLASSES),
        }

    def population(self, size: Size) -> _Population:
        """Labels and listeners for one study size; fitted at the first call."""
        if size not in self._populations:
            self._populations[size] = self._draw_population(size)
        return self._populations[size]

    def product(self, classes: int) -> np.ndarray:
        """Label vector of the kind ``product``, shape ``(C,)``, mean 0 and root mean square 1."""
        vector = self._structure["product"][:classes]
        vector = vector - vector.mean()
        return vector / np.sqrt((vector**2).mean())

    def _draw_population(self, size: Size) -> _Population:
        structure, classes = self._structure, size.classes
        means = structure["means"][:, :classes]
        means = means - means.mean(axis=1, keepdims=True)
        means *= (structure["strength"] / np.sqrt((means**2).mean(axis=1)))[:, None]
        means *= self.cues * structure["factors"][0] * _CUE_STRENGTH / np.sqrt((means**2).mean(axis=1).sum())
        voice = structure["voice"][:, :classes]
        voice = voice - voice.mean(axis=1, keepdims=True)
        voice *= self.cues * _VOICE_STRENGTH / np.sqrt((voice**2).mean())
        shares = np.asarray(size.class_shares, dtype=float) / np.sum(size.class_shares)

        def excess(bonus: float) -> float:
            return softmax(voice + bonus * (np.arange(LEVELS) == 0)[:, None], axis=0)[0] @ shares - _MODAL_SHARE

        voice[0] += brentq(excess, -10, 10)
        audio = _AUDIO_STRENGTH * structure["factors"][1]

        rng = np.random.default_rng([self.seed, 1, classes])
        labels = np.repeat(np.arange(classes), -(-_POPULATION // classes))
        mix = shares[labels]
        offsets = rng.normal(0, _CUE_OFFSET, (len(labels), len(ORDINAL)))
        voice_offsets = rng.normal(0, _CUE_OFFSET, (len(labels), LEVELS))
        latents, qualities = _latents(self, means, voice, labels, offsets, voice_offsets, rng)
        tokens = np.column_stack([_cut(latents, mix), qualities])
        intercept, effects = _additive_log_odds(tokens, labels, classes)

        quality = np.exp(_AUDIO_SPREAD * rng.normal(size=len(labels)))
        evidence = _evidence(audio * quality, rng.normal(0, _AUDIO_OFFSET, (len(labels), classes)), labels, rng)
        at_labels = np.arange(len(labels)), labels

        def loss(temperature: float) -> float:
            return -log_softmax(temperature * evidence, axis=1)[at_labels].mean()

        temperature = float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x)
        gate = _gate(log_softmax(temperature * evidence, axis=1))
        return _Population(means, voice, audio, temperature, effects, intercept, gate)


@dataclass(frozen=True)
class Study:
    """Utterances of one study, before anybody answers.

    Attributes:
        labels, speakers: shape ``(N,)``.
        sessions: shape ``(N,)``, or None.
        audio: log-probabilities of the audio listener, shape ``(N, C)``.
        deaf: log-probabilities that do not depend on the label, shape ``(N, C)``.
        tokens: shape ``(N, 6)``.
        deviations: of the utterances' speakers, standard normal: how much is read; shape ``(N,)``.
        readers: whether the utterance's speaker is in the half that ``follows_half`` follows, shape ``(N,)``.
        population: with the cue listener.
        product: label vector of the kind ``product``.
        key: of the text jitter, a function of utterance and block.
    """

    labels: np.ndarray
    speakers: np.ndarray
    sessions: np.ndarray | None
    audio: np.ndarray
    deaf: np.ndarray
    tokens: np.ndarray
    deviations: np.ndarray
    readers: np.ndarray
    population: _Population
    product: np.ndarray
    key: int


@dataclass(frozen=True)
class Prompts:
    """What a responder is given under one condition, for S draws.

    Attributes:
        tokens: shape ``(N, S, 6)``; None without a block or with one that has no content.
        has_block: whether the prompt has a block.
        noise: standard normal, independent in every condition and draw, shape ``(N, S, C)``.
    """

    tokens: np.ndarray | None
    has_block: bool
    noise: np.ndarray


@dataclass(frozen=True)
class Responder:
    """A model of known behaviour: a function of study and prompts that returns log-probabilities.

    ``(1 − w)·audio + w·cue listener`` in log-probabilities, w = weight·exp(N(0, .3)) by speaker, in [0, 1]; without a block, or
    with one without content, the cue listener's answer is its mean over all blocks.

    Attributes:
        weight: w, before the speakers' deviations.
        hears: whether there is audio evidence.
        mirrored: concepts whose levels are read in reverse.
        concepts: those that are read.
        gate: what w also depends on: ``speakers`` (half of them have w = 0) or ``uncertainty`` (w is large where the audio's
            entropy is).
        product: nats by which the product of two concepts' centred levels moves log-odds.
        prior_without: nats for label 0 without a block.
        prior_with: nats for label 1 with any block.
        prior_always: nats for label 0.
        text_jitter: sd in nats of a function of utterance and block that reads no content.
        numeric_jitter: sd in nats, in every condition and draw.
        sharpness: factor of all log-probabilities.
        dead: nats by which the last label is lowered.
        replaced: share of answers with a block that are replaced by random labels.
    """

    weight: float = 0.0
    hears: bool = True
    mirrored: tuple[str, ...] = ()
    concepts: tuple[str, ...] = CONCEPTS
    gate: Literal["speakers", "uncertainty"] | None = None
    product: float = 0.0
    prior_without: float = 0.0
    prior_with: float = 0.0
    prior_always: float = 0.0
    text_jitter: float = 0.0
    numeric_jitter: float = 0.0
    sharpness: float = 1.0
    dead: float = 0.0
    replaced: float = 0.0

    def read_effects(self, effects: np.ndarray) -> np.ndarray:
        """Effects of the tokens as this responder reads them at w = 1, from the cue listener's."""
        result = np.zeros_like(effects)
        for k, concept in enumerate(CONCEPTS):
            if concept in self.concepts:
                result[k] = effects[k, ::-1] if concept in self.mirrored else effects[k]
        return result

    def weights(self, study: Study) -> np.ndarray:
        """Reading weights w of the utterances, shape ``(N,)``."""
        weights = np.clip(self.weight * np.exp(_READING_SPREAD * study.deviations), 0, 1)
        if self.gate == "speakers":
            return np.where(study.readers, weights, 0.0)
        return weights * _gate(study.audio) if self.gate == "uncertainty" else weights

    def __call__(self, study: Study, prompts: Prompts) -> np.ndarray:
        """Normalised log-probabilities, shape ``(N, S, C)``."""
        spread = np.exp(_READING_SPREAD * study.deviations)[:, None, None]
        weights = self.weights(study)[:, None, None]
        heard = (study.audio if self.hears else study.deaf)[:, None, :]
        scores = (1 - weights) * heard + np.zeros_like(prompts.noise)
        if self.weight:
            scores += weights * study.population.intercept
        if self.weight and prompts.tokens is not None:
            scores += weights * _look_up(self.read_effects(study.population.effects), prompts.tokens)
        if self.product and prompts.tokens is not None:
            first, second = _product_concepts()
            levels = (prompts.tokens[..., first] - 2.0) * (prompts.tokens[..., second] - 2.0)
            scores += self.product * spread * levels[..., None] * study.product
        if self.prior_with and prompts.has_block:
            scores[..., 1] += self.prior_with * spread[..., 0]
        if self.prior_without and not prompts.has_block:
            scores[..., 0] += self.prior_without * spread[..., 0]
        scores[..., 0] += self.prior_always
        if self.text_jitter and prompts.has_block:
            scores += self.text_jitter * ndtri(_text_uniform(study, prompts, range(scores.shape[-1])))
        scores += self.numeric_jitter * prompts.noise
        scores[..., -1] -= self.dead
        return log_softmax(self.sharpness * scores, axis=-1)

    def answers(self, study: Study, prompts: Prompts, scores: np.ndarray) -> np.ndarray:
        """Answers, shape ``(N, S)``."""
        best = scores.argmax(axis=-1)
        if not self.replaced or not prompts.has_block:
            return best
        classes = scores.shape[-1]
        uniform = _text_uniform(study, prompts, range(classes, classes + 2))
        return np.where(uniform[..., 0] < self.replaced, (uniform[..., 1] * classes).astype(best.dtype), best)


responders: dict[str, Responder] = {
    "hears": Responder(),
    **{f"mixture({weight})": Responder(weight) for weight in WEIGHTS},
    "format_helps": Responder(prior_without=1.5),
    "format_harms": Responder(prior_with=1.5),
    "chance_ignores": Responder(hears=False),
    "chance_reads": Responder(0.5, hears=False),
    "inverts_pitch": Responder(0.5, mirrored=("PITCH",)),
    "inverts_all": Responder(0.3, mirrored=ORDINAL),
    "follows_half": Responder(0.9, gate="speakers"),
    "reads_when_uncertain": Responder(0.8, gate="uncertainty"),
    "reads_one": Responder(0.5, concepts=("ENERGY",)),
    "product": Responder(product=0.3),
    "jitter": Responder(text_jitter=0.5),
    "numeric_noise": Responder(numeric_jitter=0.02),
    "extreme_neutral": Responder(0.1, prior_always=4.0),
    "overconfident": Responder(0.25, sharpness=10.0),
    "dead_label": Responder(0.25, dead=30.0),
    "wording": Responder(replaced=0.1),
}
"""Responders by kind."""

AUDIO_LISTENER = Responder()
CUE_LISTENER = Responder(np.inf, hears=False)
"""Has w = 1 for every speaker."""


@dataclass(frozen=True)
class Truth:
    """What is true of a kind in the population.

    Log-odds are centred log-probabilities, before a dead label is lowered. Blocks are drawn as by ``corrupt(1.0)``.

    Attributes:
        hears: whether answers depend on audio evidence of the label.
        reads: whether log-odds depend on what the block says.
        moves: whether log-odds or answers differ between blocks: by content, jitter or wording.
        additive: whether log-odds are a sum over tokens for every utterance.
        homogeneous: whether all speakers are read alike, up to the spread of w.
        weight: mean of w.
        effects: mean main effects of tokens in nats, shape ``(6, 5, C)``, mean 0 over labels and over levels.
        direction: correlation of ``effects`` with the cue listener's; nan where there are none.
        cue_variance: Σ over concepts and labels of the mean over levels of ``effects`` squared.
        within_variance: mean variance of log-odds between blocks on the same utterance, summed over labels (W).
        format_prior: nats that a block without content adds to each label's log-odds against none, shape ``(C,)``.
        replaced: share of answers under a block that are replaced.
    """

    hears: bool
    reads: bool
    moves: bool
    additive: bool
    homogeneous: bool
    weight: float
    effects: np.ndarray
    direction: float
    cue_variance: float
    within_variance: float
    format_prior: np.ndarray
    replaced: float


def truth(kind: str, size: Size, world: World) -> Truth:
    """What is true of a kind in the population, by the responder's definition."""
    responder, population, classes = responders[kind], world.population(size), size.classes
    weight, square = (_weight_moment(responder, population, power) for power in (1, 2))
    read = responder.read_effects(population.effects)
    effects = responder.sharpness * weight * read
    size_of_spread = np.exp(_READING_SPREAD**2 / 2)
    product = responder.product**2 * np.exp(2 * _READING_SPREAD**2) * 4 * classes  # 4: variance of a product of uniform levels
    jitter = (responder.text_jitter**2 + responder.numeric_jitter**2) * (classes - 1)
    prior = np.zeros(classes)
    prior[0], prior[1] = -responder.prior_without, responder.prior_with
    prior *= size_of_spread * responder.sharpness
    reads = bool(responder.weight or responder.product)
    return Truth(
        hears=responder.hears,
        reads=reads,
        moves=bool(reads or responder.text_jitter or responder.numeric_jitter or responder.replaced),
        additive=not responder.product,
        homogeneous=responder.gate != "speakers",
        weight=weight,
        effects=effects,
        direction=float(np.corrcoef(effects.ravel(), population.effects.ravel())[0, 1]) if responder.weight else float("nan"),
        cue_variance=_variance(effects),
        within_variance=float(responder.sharpness**2 * (square * _variance(read) + product + jitter)),
        format_prior=prior - prior.mean(),
        replaced=responder.replaced,
    )


def simulate(kind: str, size: Size, world: World, seed: int, *, session_effect: float = 0.0, blank: bool = True) -> Trials:
    """Draw one study and let one kind of responder answer.

    Utterances, blocks and speakers' deviations depend on size, world, seed and session effect, not on the kind.

    Args:
        kind: one of the :data:`responders`.
        size: of the study.
        world: that it is from.
        seed: of all random numbers of the study.
        session_effect: intraclass correlation, in [0, 1], of the deviations (how much is read, how clear the audio is) of
            speakers in one session.
        blank: whether to include the condition ``blank``.

    Returns:
        The responder's trials under ``none``, ``correct``, ``conflict`` (one draw each), ``shuffle``, ``corrupt(1.0)`` (five) and
        ``blank`` (one).
    """
    study, prompts = _draw(size, world, seed, session_effect, blank)
    return _answer(responders[kind], study, prompts, size)


def simulate_with_listeners(
    kind: str, size: Size, world: World, seed: int, *, session_effect: float = 0.0, blank: bool = True
) -> tuple[Trials, Trials, Trials]:
    """The same study as :func:`simulate`, with trials of responder, audio listener and cue listener."""
    study, prompts = _draw(size, world, seed, session_effect, blank)
    responder, audio, cue = (_answer(who, study, prompts, size) for who in (responders[kind], AUDIO_LISTENER, CUE_LISTENER))
    return responder, audio, cue


def conflicting(tokens: np.ndarray) -> np.ndarray:
    """Opposites of tokens, last axis concepts: levels mirrored, voice qualities by the map."""
    names = TOKENS["VOICE_QUALITY"]
    opposite = np.array([names.index(_VOICE_OPPOSITES[name]) for name in names], dtype=tokens.dtype)
    result = LEVELS - 1 - tokens
    result[..., VOICE_QUALITY] = opposite[tokens[..., VOICE_QUALITY]]
    return result


def _draw(size: Size, world: World, seed: int, session_effect: float, blank: bool) -> tuple[Study, dict[str, Prompts]]:
    """Draw a study and its prompts."""
    rng = np.random.default_rng(seed)
    study = _draw_study(size, world, rng, session_effect)
    count = len(study.labels)
    shuffled = np.stack([study.tokens[rng.permutation(count)] for _ in range(DRAWS)], axis=1)
    corrupted = rng.integers(LEVELS, size=(count, DRAWS, len(CONCEPTS)), dtype=study.tokens.dtype)
    blocks: dict[str, tuple[np.ndarray | None, bool]] = {
        "none": (None, False),
        "correct": (study.tokens[:, None], True),
        "shuffle": (shuffled, True),
        "conflict": (conflicting(study.tokens)[:, None], True),
        "corrupt(1.0)": (corrupted, True),
        "blank": (None, True),
    }
    prompts = {}
    for condition, (tokens, has_block) in blocks.items():
        noise = rng.normal(size=(count, 1 if tokens is None else tokens.shape[1], size.classes))
        prompts[condition] = Prompts(tokens, has_block, noise)
    if not blank:
        del prompts["blank"]
    return study, prompts


def _draw_study(size: Size, world: World, rng: np.random.Generator, session_effect: float) -> Study:
    """Draw utterances of a study."""
    if not 0 <= session_effect <= 1 or (session_effect and size.sessions is None):
        raise ValueError(f"session effect {session_effect} with {size.sessions} sessions")
    population, classes = world.population(size), size.classes
    labels = rng.permutation(np.repeat(np.arange(classes), _allot(size.class_shares, size.utterances)))
    frequencies = np.exp(size.unevenness * rng.normal(size=size.speakers))
    speakers = np.repeat(np.arange(size.speakers), _allot(frequencies, size.utterances))
    session_of = np.arange(size.speakers) // (size.speakers // (size.sessions or size.speakers))
    shared = rng.normal(size=(3, session_of.max() + 1))[:, session_of]
    deviations = np.sqrt(session_effect) * shared + np.sqrt(1 - session_effect) * rng.normal(size=(3, size.speakers))
    reading, clarity, favour = deviations
    readers = np.zeros(size.speakers, dtype=bool)
    readers[np.argsort(favour)[: (size.speakers + rng.integers(2)) // 2]] = True

    strength = population.audio * np.exp(_AUDIO_SPREAD * clarity)
    offsets = rng.normal(0, _AUDIO_OFFSET, (size.speakers, classes))
    evidence = _evidence(strength[speakers], offsets[speakers], labels, rng)
    offsets = rng.normal(0, _CUE_OFFSET, (size.speakers, len(ORDINAL)))
    voice_offsets = rng.normal(0, _CUE_OFFSET, (size.speakers, LEVELS))
    means, voice = population.means, population.voice
    latents, qualities = _latents(world, means, voice, labels, offsets[speakers], voice_offsets[speakers], rng)
    return Study(
        labels=labels,
        speakers=speakers,
        sessions=session_of[speakers] if size.sessions is not None else None,
        audio=log_softmax(population.temperature * evidence, axis=1),
        deaf=log_softmax(rng.normal(0, _DEAF_NOISE, evidence.shape), axis=1),
        tokens=np.column_stack([_cut(latents), qualities]),
        deviations=reading[speakers],
        readers=readers[speakers],
        population=population,
        product=world.product(classes),
        key=int(rng.integers(2**63)),
    )


def _answer(responder: Responder, study: Study, prompts: dict[str, Prompts], size: Size) -> Trials:
    """Let a responder answer all prompts."""
    conditions = {}
    for condition, given in prompts.items():
        scores = responder(study, given)
        conditions[condition] = Draws(responder.answers(study, given, scores), scores, given.tokens)
    return Trials(study.labels, study.speakers, study.sessions, size.names, conditions)


def _evidence(strength: np.ndarray, offsets: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Audio evidence, shape ``(N, C)``: strength at the label, plus the speaker's offsets and noise of sd 1."""
    evidence = offsets + rng.normal(size=offsets.shape)
    evidence[np.arange(len(labels)), labels] += strength
    return evidence


def _latents(
    world: World,
    means: np.ndarray,
    voice: np.ndarray,
    labels: np.ndarray,
    offsets: np.ndarray,
    voice_offsets: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Latents of ordinal concepts, shape ``(N, 5)``, and voice qualities, shape ``(N,)``; all share a factor per utterance."""
    structure = world._structure
    factor = rng.normal(size=(len(labels), 1))
    noise = rng.normal(size=offsets.shape) * np.sqrt(1 - structure["loadings"] ** 2)
    latents = means.T[labels] + offsets + factor * structure["loadings"] + noise
    utility = voice.T[labels] + voice_offsets + factor * structure["voice_loadings"] + rng.gumbel(size=voice_offsets.shape)
    return latents, utility.argmax(axis=1).astype(np.int8)


def _cut(latents: np.ndarray, mix: np.ndarray | None = None) -> np.ndarray:
    """Quintiles of each column, with weights if given; ``int8``."""
    order = latents.argsort(axis=0)
    mix = np.ones(len(latents)) if mix is None else mix
    levels = np.empty(latents.shape, dtype=np.int8)
    for column, rows in enumerate(order.T):
        below = mix[rows].cumsum() - mix[rows] / 2
        levels[rows, column] = (below / mix.sum() * LEVELS).astype(np.int8)
    return levels


def _additive_log_odds(tokens: np.ndarray, labels: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Additive log-odds of balanced labels given tokens, by Newton's method with a slight ridge: intercept, effects."""
    concepts = range(len(CONCEPTS))
    pairs = {(k, m): tokens[:, k].astype(np.intp) * LEVELS + tokens[:, m] for k in concepts for m in range(k, len(CONCEPTS))}

    def count(first: int, second: int, weights: np.ndarray) -> np.ndarray:
        return np.bincount(pairs[first, second], weights, LEVELS**2).reshape(LEVELS, LEVELS)

    target = np.eye(classes)[labels]
    effects = np.zeros((len(CONCEPTS), LEVELS, classes))
    for _ in range(20):
        p = softmax(_look_up(effects, tokens), axis=1)
        gradient = -effects
        hessian = np.eye(effects.size).reshape(effects.shape * 2)
        for y in range(classes):
            for k in concepts:
                gradient[k, :, y] += np.diag(count(k, k, target[:, y] - p[:, y]))
            for z in range(y, classes):
                curvature = p[:, y] * ((y == z) - p[:, z])
                for k, m in pairs:
                    block = count(k, m, curvature)
                    hessian[k, :, y, m, :, z] += block
                    if k != m:
                        hessian[m, :, y, k, :, z] += block.T
                    if y != z:
                        hessian[k, :, z, m, :, y] += block
                    if k != m and y != z:
                        hessian[m, :, z, k, :, y] += block.T
        step = np.linalg.solve(hessian.reshape(effects.size, effects.size), gradient.ravel()).reshape(effects.shape)
        effects += step
        if np.abs(step).max() < 1e-6:
            break
    effects = effects - effects.mean(axis=2, keepdims=True)
    level_means = effects.mean(axis=1, keepdims=True)
    return level_means.sum(axis=(0, 1)), effects - level_means


def _look_up(effects: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Sum over concepts of the tokens' effects: shape ``(..., 6)`` to ``(..., C)``."""
    total = effects[0][tokens[..., 0]]
    for k in range(1, len(CONCEPTS)):
        total += effects[k][tokens[..., k]]
    return total


def _product_concepts() -> tuple[int, int]:
    return CONCEPTS.index("BRIGHTNESS"), CONCEPTS.index("DYNAMICS")


def _gate(log_p: np.ndarray) -> np.ndarray:
    """Near 1 where log-probabilities are uncertain, near 0 elsewhere."""
    entropy = -(np.exp(log_p) * log_p).sum(axis=-1) / np.log(log_p.shape[-1])
    return 1 / (1 + np.exp(-(entropy - _GATE_ENTROPY) / _GATE_WIDTH))


def _allot(shares: np.ndarray | tuple[float, ...], total: int) -> np.ndarray:
    """Whole numbers that sum to ``total``, in proportion to shares, by largest remainder."""
    exact = np.asarray(shares, dtype=float) / np.sum(shares) * total
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts


def _text_uniform(study: Study, prompts: Prompts, channels: range) -> np.ndarray:
    """Uniform numbers that are a function of utterance, block and channel, shape ``(N, S, channels)``."""
    count, draws = prompts.noise.shape[:2]
    if prompts.tokens is None:
        blocks = np.full((count, draws), LEVELS ** len(CONCEPTS), dtype=np.uint64)
    else:
        blocks = (prompts.tokens.astype(np.int64) @ LEVELS ** np.arange(len(CONCEPTS))).astype(np.uint64)
    state = _mix(np.arange(count, dtype=np.uint64) + np.uint64(study.key))[:, None]
    state = _mix(state + blocks)[..., None]
    state = _mix(state + np.array(channels, dtype=np.uint64))
    return ((state >> np.uint64(11)).astype(float) + 0.5) / 2.0**53


def _mix(state: np.ndarray) -> np.ndarray:
    """Hash of 64-bit numbers (the output function of SplitMix64)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _variance(effects: np.ndarray) -> float:
    """Σ over concepts and labels of the mean over levels of squared effects."""
    return float((effects**2).mean(axis=1).sum())


def _weight_moment(responder: Responder, population: _Population, power: int) -> float:
    """Mean over speakers and utterances of w to a power; w is clipped at 1."""
    if not responder.weight:
        return 0.0
    log_weight, sd = np.log(responder.weight), _READING_SPREAD
    edge = -log_weight / sd  # deviation from which on w is 1
    below = np.exp(power * log_weight + (power * sd) ** 2 / 2) * ndtr(edge - power * sd)
    moment = below + ndtr(-edge)
    if responder.gate == "speakers":
        moment /= 2
    if responder.gate == "uncertainty":
        moment *= (population.gate**power).mean()
    return float(moment)
