"""The verdict: in one word, whether a model uses its cues, ignores them or follows them, with the numbers that decide.

The rule reads intervals, not point estimates. Where they do not separate two verdicts, it says that it cannot decide, and why. Its
errors were measured on simulated studies of known truth (``benchmarks/verdict.py``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cuealign.config.entries.grounding import Margins
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS
from cuealign.evaluation.grounding.clusters import Quantity, quantity
from cuealign.evaluation.grounding.names import BLANK, CONFLICT, CORRECT, NONE, RANDOM, SHUFFLE
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.tables import spread
from cuealign.evaluation.grounding.verdicts import ANCHORED, FOLLOWS, FORMAT, HARMED, IGNORES, MISREADS, PARTLY, UNDECIDABLE
from cuealign.evaluation.jackknife import FEWEST_WORTH, worth

HETEROGENEOUS = 0.7
"""Standard deviation over mean of the speakers' follow indices above which following differs between speakers."""

_EQUIVALENCE, _LEVEL, _DIRECTION = 0.90, 0.95, 0.975  # two one-sided tests at 5 %; the two looks at the direction share 5 %


@dataclass(frozen=True)
class Bounds:
    """A value with its interval; a missing one is NaN, for which no comparison holds."""

    value: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Evidence:
    """What the rule reads.

    Attributes:
        speakers, labels: numbers of them.
        noise: share of answers that change if the same prompts are answered in other packs.
        none: UAR of the audio-only prompt.
        moved, share: answers moved by foreign blocks (F), and their share of all variation (T).
        shift: UAR of correct, shuffle and conflict minus none, each with an interval of 90 %.
        shuffle: UAR of shuffle minus none.
        follow, benefit: follow index, and UAR of correct minus shuffle, with intervals of 97.5 %.
        own: index against the model's own additive reader.
        gain: UAR of correct minus none.
        cost: UAR of conflict and of shuffle minus that of the reference.
        reference: what costs are measured against: ``log-odds``, ``blank`` or ``audio-only``.
        worth: how many speakers of equal size the speakers are worth.
        missing: conditions that the rule needs and the study did not run.
    """

    speakers: int
    worth: float
    labels: int
    noise: float
    none: Bounds
    moved: Bounds
    share: Bounds
    shift: dict[str, Bounds]
    shuffle: Bounds
    follow: Bounds
    benefit: Bounds
    own: Bounds
    gain: Bounds
    cost: dict[str, Bounds]
    reference: str
    missing: tuple[str, ...] = ()


def evidence(grounding: Grounding, noise: float) -> Evidence:
    """What the rule reads, from a model's trials.

    Args:
        grounding: of the model.
        noise: share of answers that change in other packs, from the checks of its jobs; 0 where nobody measured it.
    """
    speakers = grounding.speakers
    found = grounding.quantities(speakers)
    uars = {condition: grounding.uar(condition, speakers) for condition in (NONE, CORRECT, SHUFFLE, CONFLICT)}

    def bounds(of: Quantity | None, confidence: float = _LEVEL) -> Bounds:
        if of is None:
            return Bounds(float("nan"), float("nan"), float("nan"), confidence)
        enough = speakers.count >= FEWEST_SPEAKERS
        return Bounds(of.shown, *(of.interval(confidence) if enough else (float("nan"), float("nan"))), confidence)

    def difference(a: str, b: str, confidence: float = _LEVEL) -> Bounds:
        one, two = uars[a], uars[b]
        return bounds(None if one is None or two is None else quantity(one - two, speakers), confidence)

    return Evidence(
        speakers=speakers.count,
        worth=worth(speakers.sizes),
        labels=int((np.bincount(grounding.trials.labels, minlength=grounding.count) > 0).sum()),
        noise=noise,
        none=bounds(None if uars[NONE] is None else quantity(uars[NONE], speakers)),
        moved=bounds(found.get("answers_moved")),
        share=bounds(found.get("share_answers")),
        shift={condition: difference(condition, NONE, _EQUIVALENCE) for condition in (CORRECT, SHUFFLE, CONFLICT)},
        shuffle=difference(SHUFFLE, NONE),
        follow=bounds(found.get("follow_index"), _DIRECTION),
        benefit=difference(CORRECT, SHUFFLE, _DIRECTION),
        own=bounds(found.get("own_reader_index")),
        gain=difference(CORRECT, NONE),
        cost={condition: bounds(found.get(f"cost_{condition}")) for condition in (CONFLICT, SHUFFLE)},
        reference=grounding.reference,
        missing=_missing(grounding),
    )


def _missing(grounding: Grounding) -> tuple[str, ...]:
    """Conditions that the rule cannot do without, as a user would ask for them."""
    needed = {NONE: 1, CORRECT: 1, SHUFFLE: 2, CONFLICT: 1}
    return tuple(
        f"{condition} with {least} seeds" if least > 1 else condition
        for condition, least in needed.items()
        if grounding.draws(condition, least=least) is None
    )


def judge(seen: Evidence, margins: Margins) -> tuple[str, str]:
    """Apply the rule.

    Returns:
        One of :data:`VERDICTS`, and the reason.
    """
    if seen.missing:
        return UNDECIDABLE, f"the study does not run {', '.join(seen.missing)}"
    if seen.speakers < FEWEST_SPEAKERS:
        return UNDECIDABLE, f"too few speakers ({seen.speakers}; at least {FEWEST_SPEAKERS})"
    if seen.worth < FEWEST_WORTH:
        return UNDECIDABLE, "one speaker has most of the utterances, so that there are no intervals"
    if not np.isfinite([seen.none.low, seen.moved.low, seen.shuffle.low, seen.gain.low]).all():
        return UNDECIDABLE, "a class is spoken by one speaker only, so that there are no intervals"
    chance = seen.none.low <= 1 / seen.labels
    still = margins.answers + seen.noise
    if seen.moved.high < still:
        return _unmoved(seen, margins, chance=chance)
    if seen.moved.low <= still:
        return UNDECIDABLE, "the answers that foreign blocks move are not separated from the margin"
    return _moved(seen, margins, chance=chance)


def _unmoved(seen: Evidence, margins: Margins, *, chance: bool) -> tuple[str, str]:
    """What the block says moves no answers: whether the block as such does."""
    if chance:
        return UNDECIDABLE, "the audio-only prompt is at chance"
    if all(-margins.uar < shift.low and shift.high < margins.uar for shift in seen.shift.values()):
        return IGNORES, "what the block says moves no answers, and the block as such moves no UAR"
    if seen.shuffle.low > 0:
        return FORMAT, "any block raises the UAR, whatever it says"
    if seen.shuffle.high < 0:
        return HARMED, "any block lowers the UAR, whatever it says"
    return UNDECIDABLE, "differences in UAR are not resolved to the margin"


def _moved(seen: Evidence, margins: Margins, *, chance: bool) -> tuple[str, str]:
    """What the block says moves answers: where to, and at what price."""
    looks = (seen.follow, seen.benefit)
    up = any(look.value > margins.direction and look.low > 0 for look in looks)
    down = any(look.value < -margins.direction and look.high < 0 for look in looks)
    if up and down:
        return UNDECIDABLE, "where answers go and what correct tokens gain contradict each other"
    if not up and not down:
        return UNDECIDABLE, "answers move, but not with what the tokens say"
    if seen.share.low > margins.share and seen.own.low > margins.own_reader:
        return (FOLLOWS, "the cues decide the answers") if up else (MISREADS, "the cues decide the answers, against what they mean")
    if down:
        return MISREADS, "answers move against what the tokens mean"
    if chance:
        return UNDECIDABLE, "the audio-only prompt is at chance"
    if seen.gain.value < -margins.uar and seen.gain.high < 0:
        return HARMED, "correct tokens lower the UAR"
    costs = seen.cost.values()
    if all(cost.low > -margins.uar for cost in costs):
        return ANCHORED, "correct tokens are read, and wrong ones cost next to nothing"
    if any(cost.value < -margins.uar and cost.high < 0 for cost in costs):
        return PARTLY, "correct tokens are read, and wrong ones cost UAR"
    return UNDECIDABLE, _COST_OPEN


_COST_OPEN = "the cost of wrong tokens is not separated from the margin"

_NAMES = {
    "log-odds": "the block without content",
    BLANK: "the blank block",
    "audio-only": "the audio-only prompt",
}


def verdict(grounding: Grounding, margins: Margins, noise: float | None) -> dict[str, Any]:
    """The verdict as ``verdict.json`` has it.

    Args:
        grounding: of the model.
        margins: of the rule.
        noise: share of answers that change in other packs; None where nobody measured it, which counts as 0.

    Returns:
        ``verdict``, ``reason``, ``sentence``; ``at_chance``, whether the audio-only prompt is; ``numbers``, each with value, low,
        high and the level of the interval; ``margins``; ``other_margins``, the verdict with margins of UAR and answers that are half
        and twice as large; ``missing``.
    """
    seen = evidence(grounding, noise or 0.0)
    name, reason = judge(seen, margins)
    others = [
        {
            "factor": factor,
            "verdict": judge(seen, margins.model_copy(update={"uar": factor * margins.uar, "answers": factor * margins.answers}))[0],
        }
        for factor in (0.5, 2.0)
    ]
    speakers_differ = spread(grounding.follow_index_by_speaker())
    missing = [f"the condition {condition}" for condition in seen.missing]
    if noise is None:
        missing.append("the noise floor of the answers: 0 is taken")
    if grounding.random is None:
        missing.append(f"log-probabilities under {RANDOM}, two seeds at least: costs are against {_NAMES[seen.reference]}")
    elif grounding.log_odds is None:
        missing.append(f"a second label with more than 1 % of the answers under {RANDOM}: costs are against {_NAMES[seen.reference]}")
    elif grounding.by_speaker is None:
        missing.append(f"enough utterances or seeds under {RANDOM}: costs are against {_NAMES[seen.reference]}")
    if not np.isfinite(seen.own.value):
        missing.append("the model's own reader: a verdict of following cannot be given")
    return {
        "verdict": name,
        "reason": reason,
        "sentence": sentence(seen, name, reason, others, speakers_differ),
        "at_chance": bool(seen.none.low <= 1 / seen.labels) if np.isfinite(seen.none.low) else None,
        "numbers": _numbers(seen),
        "margins": margins.model_dump(),
        "reference": seen.reference,
        "follow_index_spread": _plain(speakers_differ),
        "other_margins": others,
        "missing": missing,
    }


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _numbers(seen: Evidence) -> dict[str, Any]:
    named = {
        "uar_none": seen.none,
        "answers_moved": seen.moved,
        "share_answers": seen.share,
        **{f"{condition}_minus_none": shift for condition, shift in seen.shift.items()},
        "shuffle_minus_none_95": seen.shuffle,
        "follow_index": seen.follow,
        "correct_minus_shuffle": seen.benefit,
        "own_reader_index": seen.own,
        "correct_minus_none_95": seen.gain,
        **{f"cost_{condition}": cost for condition, cost in seen.cost.items()},
    }
    found: dict[str, Any] = {
        name: {"value": _plain(bounds.value), "low": _plain(bounds.low), "high": _plain(bounds.high), "confidence": bounds.confidence}
        for name, bounds in named.items()
    }
    return found | {"speakers": seen.speakers, "chance": 1 / seen.labels, "noise_floor": seen.noise}


def sentence(seen: Evidence, name: str, reason: str, others: list[dict[str, Any]], speakers_differ: float) -> str:
    """The verdict in words, with the numbers that decided."""
    said = f"{name[0].upper()}{name[1:]}: {reason}."
    if np.isfinite(seen.moved.value):
        said += f" Foreign blocks change {_percent(seen.moved)} of the answers"
        said += f", {_percent(seen.share)} of all their variation." if np.isfinite(seen.share.value) else "."
    if name not in (IGNORES, FORMAT) and np.isfinite(seen.follow.value):
        said += f" The follow index is {_signed(seen.follow)}"
        said += f", that against the model's own reading {_signed(seen.own)}." if name in (FOLLOWS, MISREADS) else "."
        said += f" Correct tokens give {_signed(seen.benefit)} UAR more than foreign ones."
    if name != UNDECIDABLE or np.isfinite(seen.gain.value):
        said += f" Correct tokens change UAR by {_signed(seen.gain)}"
        if name in (IGNORES, FORMAT, HARMED):
            said += f", foreign ones by {_signed(seen.shuffle)}, contradictory ones by {_signed(seen.shift[CONFLICT])}"
        said += ", against audio-only."
    if name in (ANCHORED, PARTLY, FOLLOWS) or (name == UNDECIDABLE and reason == _COST_OPEN):
        costs = " and ".join(f"{_signed(cost)} ({condition})" for condition, cost in seen.cost.items())
        said += f" Against {_NAMES[seen.reference]}, wrong tokens change UAR by {costs}."
        if seen.reference == "audio-only":
            said += " Without a reference for the format, its effect is part of these costs."
    if name == UNDECIDABLE and np.isfinite(seen.none.value):
        said += f" UAR of audio-only is {seen.none.value:.3f} (chance {1 / seen.labels:.3f})."
    if np.isfinite(speakers_differ) and speakers_differ > HETEROGENEOUS and name in (ANCHORED, PARTLY, FOLLOWS):
        said += f" Following differs between speakers (sd over mean {speakers_differ:.2f})."
    if np.isfinite(seen.moved.low):
        said += f" Intervals are of {100 * _LEVEL:g} % where no other level is given."
    other = [
        f"{each['verdict']!r} if they were {'half' if each['factor'] < 1 else 'twice'} as large"
        for each in others
        if each["verdict"] != name
    ]
    return said + (f" With other margins: {', '.join(other)}." if other else " Margins half or twice as large give the same verdict.")


def _percent(bounds: Bounds) -> str:
    return f"{100 * bounds.value:.1f} %" + _interval(bounds, f"{100 * bounds.low:.1f}, {100 * bounds.high:.1f}")


def _signed(bounds: Bounds) -> str:
    return f"{bounds.value:+.3f}" + _interval(bounds, f"{bounds.low:+.3f}, {bounds.high:+.3f}")


def _interval(bounds: Bounds, shown: str) -> str:
    """An interval in brackets, with its level if that is not 95 %. A missing interval is left out."""
    level = "" if bounds.confidence == _LEVEL else f"; {100 * bounds.confidence:g} %"
    return f" [{shown}{level}]" if np.isfinite(bounds.low) else ""
