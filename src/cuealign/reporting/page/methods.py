"""The paragraph on methods, written from the config of a study."""

from collections.abc import Sequence
from dataclasses import dataclass

from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.model import Model
from cuealign.config.entries.statistics import Statistics
from cuealign.interventions import INTERVENTIONS
from cuealign.reporting.page.content import Key


@dataclass(frozen=True)
class Method:
    """What was done on a split.

    Attributes:
        dataset, split: the entry, and the name of the split.
        utterances, speakers: numbers of those that were asked.
        models: entries, in the grid's order.
        conditions: that each of them was asked under.
        readout, cue_block: of the config.
        statistics, judgement: of the config.
    """

    dataset: Dataset
    split: str
    utterances: int
    speakers: int
    models: Sequence[Model]
    conditions: Sequence[Sequence[Key]]
    readout: str
    cue_block: str
    statistics: Statistics
    judgement: Judgement


def methods(done: Method) -> list[str]:
    """Paragraphs that say what was done: corpus and tokens, models and conditions, statistics."""
    return [_tokens(done), _models(done), _statistics(done)]


def _tokens(done: Method) -> str:
    options = done.dataset.tokens
    frames = "voiced descriptors over voiced frames" if options.voiced_mean else "voiced descriptors over all frames too"
    fitted = "all utterances" if options.fit_on == "all" else f"the split {options.fit_on}"
    utterances, speakers = _count(done.utterances, "utterance"), _count(done.speakers, "speaker")
    text = (
        f"The split “{done.split}” of {done.dataset.title} has {utterances} of {speakers} here, with the labels "
        f"{_and(done.dataset.labels)}. The eGeMAPS low-level descriptors (openSMILE) were averaged over each utterance, {frames}, and "
        "standardised by median and interquartile range. They became six tokens. The edges of the five levels of ENERGY, PITCH, "
        f"BRIGHTNESS, DYNAMICS and FORMANTS are the quintiles of {fitted}"
    )
    text += f", those of {_and(options.gender_specific)} by gender. " if options.gender_specific else ". "
    if not options.signed_brightness:
        text += "BRIGHTNESS is the plain average of its descriptors. "
    if options.f0 == "median":
        text += "F0 is its median. "
    if options.brightness_frames == "voiced":
        text += "BRIGHTNESS is that of voiced frames. "
    rule = "the largest of three scores" if options.voice_quality.rule == "scores" else "four thresholds"
    return text + f"VOICE_QUALITY follows {rule}. The tokens stand on the last line of the prompt: “{done.cue_block}”."


def _models(done: Method) -> str:
    together: dict[tuple[Key, ...], list[Model]] = {}
    for model, conditions in zip(done.models, done.conditions, strict=True):
        together.setdefault(tuple(conditions), []).append(model)
    asked = [_asked(models, conditions, about=not number) for number, (conditions, models) in enumerate(together.items())]
    readout = "the greedy answer, read by a fixed list of words" if done.readout == "generate" else "the label of highest probability"
    return (
        f"{' '.join(asked)} Only the tokens change between conditions, never the sound. A prediction is {readout}; an answer that names "
        "no label, or several, is INVALID and counts as an error."
    )


def _asked(models: Sequence[Model], conditions: Sequence[Key], *, about: bool) -> str:
    """A sentence on models that were asked under the same conditions; the first one says about what."""
    names = [f"{model.title} ({model.dtype}{', trained by this workflow' if model.training else ''})" for model in models]
    were, sound = "was" if len(names) == 1 else "were", "about the same sound " if about else ""
    found = _and(_interventions(conditions))
    return f"{_and(names)} {were} asked {sound}under {_count(len(conditions), 'condition')}: {found}."


def _interventions(conditions: Sequence[Key]) -> list[str]:
    """Each intervention with its strengths and its number of seeds."""
    found = []
    for name in dict.fromkeys(intervention for intervention, _, _ in conditions):
        intervention = INTERVENTIONS.get(name)
        strengths = list(dict.fromkeys(p for each, p, _ in conditions if each == name))
        seeds = len({seed for each, _, seed in conditions if each == name})
        details = [f"p = {', '.join(strengths)}"] * intervention.has_strength
        details += [_count(seeds, "seed")] * intervention.is_random
        found.append(f"{intervention.title} ({'; '.join(details)})" if details else intervention.title)
    return found


def _statistics(done: Method) -> str:
    level, margins = f"{100 * done.statistics.confidence:g} %", done.judgement.margins
    return (
        "Performance is the unweighted average recall (UAR), the mean of the recalls of the classes. Intervals leave out one speaker at a "
        f"time (jackknife, Student's t) or resample speakers ({done.statistics.resamples:,} times), at {level}. Tests are McNemar's, and "
        "the permutation of conditions within speakers, corrected by Holm. The verdict takes differences of UAR within "
        f"{margins.uar:g} and {100 * margins.answers:g} % of answers moved for too little to matter."
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
