"""The verdict's rule, against an independent transcription of it, and what a verdict says."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cuealign.config.entries.grounding import Margins
from cuealign.evaluation.grounding import tables
from cuealign.evaluation.grounding.names import BLANK, CONFLICT, CORRECT, NONE, RANDOM, SHUFFLE, names
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import Trials
from cuealign.evaluation.grounding.verdict import Bounds, Evidence, evidence, judge, verdict
from cuealign.evaluation.grounding.verdicts import (
    ANCHORED,
    FOLLOWS,
    FORMAT,
    HARMED,
    IGNORES,
    MISREADS,
    PARTLY,
    UNDECIDABLE,
    VERDICTS,
)
from tests.support import grounding_oracle as oracle
from tests.support.studies import DEMO, Size, World, responders, simulate

NAN = float("nan")
BLOCKS = (CORRECT, SHUFFLE, CONFLICT)
COSTS = (CONFLICT, SHUFFLE)
SINGLE = ("none", "moved", "share", "shuffle", "follow", "benefit", "own", "gain")
MARGINS = Margins()
WITHOUT_SCORES = {"share_logodds", "share_logodds_additive", "equivalent_cue_weight", "direction", "information_bits", "reading_agreement"}


# the whole space of inputs -----------------------------------------------------------------------------------------------------------


def intervals(*edges: float) -> list[Bounds]:
    """All intervals with their values whose three numbers lie on, next to or between some edges."""
    beside = sorted({edge + step for edge in edges for step in (-1e-9, 0.0, 1e-9)} | {(a + b) / 2 for a, b in pairwise(edges)})
    return [Bounds(value, low, high, 0.95) for low, value, high in combinations_with_replacement(beside, 3)]


DIFFERENCES = intervals(-0.2, -0.02, -0.01, 0.0, 0.01, 0.02, 0.2)
SPACE: dict[str, list] = {
    "speakers": [2, 5, 6, 6, 12, 12, 12, 12],
    "worth": [2.0, 5.5],
    "labels": [2, 4, 5],
    "noise": [0.0, 0.005, 0.03],
    "none": intervals(0.1, 0.2, 0.25, 0.5, 1.0),
    "moved": intervals(0.0, 0.02, 0.025, 0.05, 1.0),
    "share": intervals(0.0, 0.8, 1.0),
    "shuffle": DIFFERENCES,
    "follow": intervals(-0.3, -0.01, 0.0, 0.01, 1.0),
    "benefit": DIFFERENCES,
    "own": intervals(-0.1, 0.5, 1.0),
    "gain": DIFFERENCES,
}
"""Values of the single numbers."""
SHIFTS = [*DIFFERENCES, *[bounds for bounds in DIFFERENCES if bounds.low > -0.02 and bounds.high < 0.02] * 5]
"""Equivalence needs three at once, so there are more of those that lie inside the margin."""
CLEAR = {
    "speakers": [12],
    "none": [Bounds(0.6, 0.55, 0.65, 0.95)],
    "moved": [Bounds(0.3, 0.2, 0.4, 0.95), Bounds(0.0, 0.0, 0.001, 0.95)],
    "share": [Bounds(0.9, 0.85, 0.95, 0.95)],
    "own": [Bounds(0.7, 0.6, 0.8, 0.95)],
    "follow": [Bounds(0.2, 0.1, 0.3, 0.975)],
    "gain": [Bounds(0.03, 0.01, 0.05, 0.95)],
    "benefit": [Bounds(0.0, -0.01, 0.01, 0.975)],
}
"""What lets the later lines of the rule decide; half of the time in :func:`many`."""


def put_together(choose: Callable[[list], Any]) -> Evidence:
    """Anything that a study may show, by a way to choose from a list."""
    return Evidence(
        **{name: choose(values) for name, values in SPACE.items()},
        shift={condition: choose(SHIFTS) for condition in BLOCKS},
        cost={condition: choose(DIFFERENCES) for condition in COSTS},
        reference="log-odds",
    )


@st.composite
def seen(draw) -> Evidence:
    """Anything that a study may show."""
    return put_together(lambda values: draw(st.sampled_from(values)))


def many(count: int) -> list[Evidence]:
    """The same at random, in large numbers and with clear numbers among them."""
    random = np.random.default_rng(5)

    def clear() -> dict[str, Any]:
        return {name: values[random.integers(len(values))] for name, values in CLEAR.items() if random.random() < 0.5}

    return [replace(put_together(lambda values: values[random.integers(len(values))]), **clear()) for _ in range(count)]


def transcribed(found: Evidence) -> str:
    """The verdict by the independent transcription."""
    m = MARGINS.uar
    return oracle.verdict(
        {
            "speakers": found.speakers,
            "classes": found.labels,
            "none_low": found.none.low,
            "m": m,
            "m_f": MARGINS.answers + found.noise,
            "moved_low": found.moved.low,
            "moved_high": found.moved.high,
            "within": {condition: -m < shift.low and shift.high < m for condition, shift in found.shift.items()},
            "shuffle_low": found.shuffle.low,
            "shuffle_high": found.shuffle.high,
            "phi": found.follow.value,
            "phi_low975": found.follow.low,
            "phi_high975": found.follow.high,
            "benefit": found.benefit.value,
            "benefit_low975": found.benefit.low,
            "benefit_high975": found.benefit.high,
            "share_low": found.share.low,
            "own_low": found.own.low,
            "gain": found.gain.value,
            "gain_high": found.gain.high,
            "cost_conflict": found.cost[CONFLICT].value,
            "cost_conflict_low": found.cost[CONFLICT].low,
            "cost_conflict_high": found.cost[CONFLICT].high,
            "cost_shuffle": found.cost[SHUFFLE].value,
            "cost_shuffle_low": found.cost[SHUFFLE].low,
            "cost_shuffle_high": found.cost[SHUFFLE].high,
        }
    )


@settings(max_examples=600, deadline=None, derandomize=True)
@given(seen())
def test_every_input_has_the_one_verdict_of_the_transcription(found):
    name, reason = judge(found, MARGINS)
    assert name in VERDICTS
    assert reason
    assert name == transcribed(found)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seen(), st.integers(0, 5))
def test_fewer_than_six_speakers_are_undecidable(found, speakers):
    name, reason = judge(replace(found, speakers=speakers), MARGINS)
    assert name == UNDECIDABLE
    assert f"({speakers}; at least 6)" in reason


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seen(), st.lists(st.sampled_from(["none", "correct", "conflict", "shuffle with 2 seeds"]), min_size=1, unique=True))
def test_missing_conditions_are_undecidable_and_named(found, missing):
    name, reason = judge(replace(found, missing=tuple(missing)), MARGINS)
    assert name == UNDECIDABLE
    assert all(condition in reason for condition in missing)


def absent(found: Evidence, names: set[tuple[str, str]], *, value: bool) -> Evidence:
    """The evidence without the intervals of some numbers, and without their values too if asked."""

    def strip(bounds: Bounds) -> Bounds:
        return Bounds(bounds.value if value else NAN, NAN, NAN, bounds.confidence)

    changed = {name: strip(getattr(found, name)) for name, condition in names if not condition}
    for group in ("shift", "cost"):
        parts = getattr(found, group)
        changed[group] = {condition: strip(bounds) if (group, condition) in names else bounds for condition, bounds in parts.items()}
    return replace(found, **changed)


def needs(name: str, found: Evidence) -> list[set[tuple[str, str]]]:
    """Numbers without which a definite verdict cannot be given; of each set, one is enough."""
    up = name != MISREADS
    follow = found.follow.value > 0.01 and found.follow.low > 0 if up else found.follow.value < -0.01 and found.follow.high < 0
    benefit = found.benefit.value > 0.01 and found.benefit.low > 0 if up else found.benefit.value < -0.01 and found.benefit.high < 0
    direction = {key for key, shows in ((("follow", ""), follow), (("benefit", ""), benefit)) if shows}
    always = [{("none", "")}, {("moved", "")}]
    still = found.moved.high < MARGINS.answers + found.noise
    if name == IGNORES:
        return always + [{("shift", condition)} for condition in BLOCKS]
    if name == FORMAT or (name == HARMED and still):
        return [*always, {("shuffle", "")}]
    if name == HARMED:
        return [*always, direction, {("gain", "")}]
    if name == ANCHORED:
        return [*always, direction, {("gain", "")}, *[{("cost", condition)} for condition in COSTS]]
    if name == PARTLY:
        below = {("cost", c) for c in COSTS if found.cost[c].value < -MARGINS.uar and found.cost[c].high < 0}
        return [*always, direction, {("gain", "")}, below]
    if name == FOLLOWS:
        return [*always, direction, {("share", "")}, {("own", "")}]
    return [*always, direction]


def test_a_definite_verdict_is_not_given_without_a_number_that_it_needs():
    met = Counter()
    for found in many(20_000):
        name, _ = judge(found, MARGINS)
        assert name == transcribed(found)
        met[name] += 1
        if name == UNDECIDABLE:
            continue
        for removed in needs(name, found):
            assert judge(absent(found, removed, value=False), MARGINS)[0] != name
            assert judge(absent(found, removed, value=True), MARGINS)[0] != name
    assert set(met) == set(VERDICTS)
    assert min(met.values()) >= 50, met


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seen(), st.booleans())
def test_nothing_is_said_where_every_number_is_missing(found, value):
    names = {(name, "") for name in SINGLE} | {("shift", c) for c in BLOCKS} | {("cost", c) for c in COSTS}
    assert judge(absent(found, names, value=value), MARGINS)[0] == UNDECIDABLE


# studies -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo():
    """Trials of a kind at the demo's size, in a fixed world."""
    world = World(3)
    return lambda kind, seed=0: simulate(kind, DEMO, world, seed)


def without_scores(trials: Trials) -> Trials:
    """The trials of a model that gives answers only."""
    return replace(trials, conditions={name: replace(draws, scores=None) for name, draws in trials.conditions.items()})


def without(trials: Trials, *conditions: str) -> Trials:
    """The trials of a study that does not run some conditions."""
    return replace(trials, conditions={name: draws for name, draws in trials.conditions.items() if name not in conditions})


@pytest.mark.parametrize(("condition", "said"), [(NONE, NONE), (CORRECT, CORRECT), (CONFLICT, CONFLICT), (SHUFFLE, "shuffle with 2 seeds")])
def test_a_condition_that_was_not_run_is_named(demo, condition, said):
    given_ = verdict(Grounding(without(demo("mixture(0.25)"), condition), {}), MARGINS, 0.0)
    assert given_["verdict"] == UNDECIDABLE
    assert said in given_["reason"]
    assert said in given_["sentence"]
    assert f"the condition {said}" in given_["missing"]


def test_what_does_not_need_a_condition_is_there_without_it(demo):
    trials = demo("mixture(0.25)")
    everything = tables.reliance(Grounding(trials, {}), 0.95).set_index("quantity")
    for condition, kept, lost in (
        (CORRECT, ["format", "cost_shuffle", "cost_conflict"], ["gain", "format_ratio"]),
        (NONE, ["gain", "cost_shuffle", "cost_conflict"], ["format", "format_ratio"]),
    ):
        found = tables.reliance(Grounding(without(trials, condition), {}), 0.95).set_index("quantity")
        assert found.loc[kept].equals(everything.loc[kept])
        assert found.loc[lost].isna().all(axis=None)


def test_what_keeps_a_follower_from_being_one_is_named(demo):
    """Without random tokens the model's own reader is missing too, which a verdict of following needs."""
    given_ = verdict(Grounding(without(demo("mixture(1.0)"), RANDOM), {}), MARGINS, 0.0)
    assert given_["verdict"] != FOLLOWS
    assert any("a verdict of following cannot be given" in each for each in given_["missing"])


def test_a_model_that_always_says_one_label_is_told_what_its_costs_are_against(demo):
    trials = demo("mixture(0.25)")
    constant = {name: replace(draws, answers=np.zeros_like(draws.answers)) for name, draws in trials.conditions.items()}
    given_ = verdict(Grounding(without(replace(trials, conditions=constant), BLANK), {}), MARGINS, 0.0)
    assert given_["reference"] == "audio-only"
    assert any("second label" in each and "the audio-only prompt" in each for each in given_["missing"])


def test_one_seed_of_foreign_blocks_is_too_few(demo):
    trials = demo("mixture(0.25)")
    draws = trials.conditions[SHUFFLE]
    once = replace(draws, answers=draws.answers[:, :1], scores=draws.scores[:, :1], tokens=draws.tokens[:, :1])
    given_ = verdict(Grounding(replace(trials, conditions={**trials.conditions, SHUFFLE: once}), {}), MARGINS, 0.0)
    assert given_["verdict"] == UNDECIDABLE
    assert "shuffle with 2 seeds" in given_["sentence"]


def test_a_study_of_five_speakers_is_undecidable():
    trials = simulate("mixture(0.5)", Size(5, 400, 4, (1, 1, 1, 1)), World(3), 0)
    given_ = verdict(Grounding(trials, {}), MARGINS, 0.0)
    assert given_["verdict"] == UNDECIDABLE
    assert "too few speakers (5; at least 6)" in given_["sentence"]
    assert "[" not in given_["sentence"]
    assert given_["at_chance"] is None
    stated = [number for number in given_["numbers"].values() if isinstance(number, dict)]
    assert all(number["value"] is not None and number["low"] is None and number["high"] is None for number in stated)


def test_one_speaker_with_most_of_the_utterances_leaves_no_intervals(demo):
    """Student's t with less than one degree of freedom would give intervals as wide as 10⁹, or without an end."""
    trials = demo("mixture(0.25)")
    firsts = [int(np.flatnonzero(trials.speakers == speaker)[0]) for speaker in range(1, 12)]
    uneven = np.zeros_like(trials.speakers)
    uneven[firsts] = np.arange(1, 12)
    grounding = Grounding(replace(trials, speakers=uneven, sessions=None), {})
    given_ = verdict(grounding, MARGINS, 0.0)
    assert given_["verdict"] == UNDECIDABLE
    assert given_["reason"] == "one speaker has most of the utterances, so that there are no intervals"
    assert "[" not in given_["sentence"]
    found = tables.reliance(grounding, 0.95)
    assert found[["low", "high"]].isna().all(axis=None)
    assert found["value"].notna().any()


@pytest.mark.parametrize(
    ("kind", "name"), [("hears", IGNORES), ("mixture(0.25)", PARTLY), ("format_helps", FORMAT), ("inverts_all", MISREADS)]
)
@pytest.mark.parametrize("reference", [BLANK, "audio-only"])
def test_answers_alone_give_a_verdict_and_say_what_costs_are_measured_against(demo, kind, name, reference):
    trials = without_scores(demo(kind))
    grounding = Grounding(trials if reference == BLANK else without(trials, BLANK), {})
    given_ = verdict(grounding, MARGINS, 0.0)
    assert (given_["verdict"], given_["reference"]) == (name, reference)
    words = "the blank block" if reference == BLANK else "the audio-only prompt"
    assert any(words in each for each in given_["missing"])
    if name == PARTLY:
        assert f"Against {words}, wrong tokens change UAR by" in given_["sentence"]
        assert ("its effect is part of these costs" in given_["sentence"]) == (reference == "audio-only")
    base = BLANK if reference == BLANK else NONE
    expected = oracle.uar(trials.labels, trials.conditions[CONFLICT].answers, 4) - oracle.uar(
        trials.labels, trials.conditions[base].answers, 4
    )
    assert given_["numbers"]["cost_conflict"]["value"] == pytest.approx(expected)


def test_quantities_of_log_probabilities_are_missing_without_them_and_not_0(demo):
    grounding = Grounding(without(without_scores(demo("mixture(0.25)")), BLANK), {})
    found = tables.reliance(grounding, 0.95).set_index("quantity")
    named = [
        name
        for name in found.index
        if name in WITHOUT_SCORES or name.startswith(("js_bits", "prior_shift", "calibration_error", "discrimination", "share_"))
    ]
    named.remove("share_answers")
    assert len(named) > 20
    assert found.loc[[*named, "format", "format_ratio"]].isna().all(axis=None)
    answers = ["answers_moved", "share_answers", "follow_index", "own_reader_index", "conflict_follow_rate", "gain", "cost_shuffle"]
    assert found.loc[answers, ["value", "low", "high"]].notna().all(axis=None)
    assert tables.reading(grounding, 0.95).empty
    assert tables.interactions(grounding, 0.95).empty


@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("kind", responders)
def test_every_quantity_has_its_row(grounding_of, kind, scores):
    grounding = grounding_of(kind)
    if not scores:
        grounding = Grounding(without_scores(grounding.trials), {}, towards="L0")
    listed = names(list(grounding.trials.conditions))
    assert len(listed) == len(set(listed))
    for clusters in (grounding.speakers, grounding.sessions):
        assert set(grounding.quantities(clusters)) <= set(listed)
    # What is left is the spread over speakers, and the slope, for which this study has too few strengths of corruption.
    if scores and kind == "mixture(0.25)":
        assert set(listed) - set(grounding.quantities(grounding.speakers)) == {"follow_index_spread", "trend_slope"}


def test_margins_half_and_twice_as_large_are_reported(demo):
    grounding = Grounding(demo("mixture(0.1)"), {})
    given_ = verdict(grounding, MARGINS, 0.0)
    found = evidence(grounding, 0.0)
    others = {factor: judge(found, Margins(uar=0.02 * factor, answers=0.02 * factor))[0] for factor in (0.5, 2.0)}
    assert [(other["factor"], other["verdict"]) for other in given_["other_margins"]] == list(others.items())
    assert given_["verdict"] == PARTLY
    assert others == {0.5: PARTLY, 2.0: UNDECIDABLE}
    assert "With other margins: 'undecidable' if they were twice as large." in given_["sentence"]
    assert given_["margins"] == Margins().model_dump()


def test_a_verdict_that_no_margin_changes_says_so(demo):
    assert verdict(Grounding(demo("hears"), {}), MARGINS, 0.0)["sentence"].endswith("Margins half or twice as large give the same verdict.")


def test_the_noise_floor_is_added_to_the_margin(demo):
    grounding = Grounding(demo("numeric_noise"), {})
    strict = Margins(answers=0.002)
    assert verdict(grounding, strict, 0.0)["verdict"] != IGNORES
    given_ = verdict(grounding, strict, 0.03)
    assert given_["verdict"] == IGNORES
    assert given_["numbers"]["noise_floor"] == 0.03


def percent(bounds: Bounds) -> str:
    return f"{100 * bounds.value:.1f} % [{100 * bounds.low:.1f}, {100 * bounds.high:.1f}]"


def signed(bounds: Bounds) -> str:
    level = {0.95: "", 0.975: "; 97.5 %", 0.9: "; 90 %"}[bounds.confidence]
    return f"{bounds.value:+.3f} [{bounds.low:+.3f}, {bounds.high:+.3f}{level}]"


@pytest.mark.parametrize(
    ("kind", "name", "decided"),
    [
        ("hears", IGNORES, ("gain", "shuffle")),
        ("format_helps", FORMAT, ("shuffle",)),
        ("format_harms", HARMED, ("shuffle",)),
        ("mixture(0.25)", PARTLY, ("follow", "gain", "conflict", "shuffled")),
        ("chance_reads", FOLLOWS, ("share", "follow")),
        ("inverts_all", MISREADS, ("follow", "gain")),
    ],
)
def test_the_sentence_holds_the_numbers_that_decided(demo, kind, name, decided):
    grounding = Grounding(demo(kind), {})
    given_, found = verdict(grounding, MARGINS, 0.0), evidence(grounding, 0.0)
    assert given_["verdict"] == name
    said = {
        "gain": signed(found.gain),
        "shuffle": signed(found.shuffle),
        "follow": signed(found.follow),
        "conflict": f"{signed(found.cost[CONFLICT])} (conflict)",
        "shuffled": f"{signed(found.cost[SHUFFLE])} (shuffle)",
        "share": f"{percent(found.share)} of all their variation",
    }
    assert f"change {percent(found.moved)} of the answers" in given_["sentence"]
    assert "Intervals are of 95 % where no other level is given." in given_["sentence"]
    for number in decided:
        assert said[number] in given_["sentence"]
    for condition, bounds in found.shift.items():
        assert given_["numbers"][f"{condition}_minus_none"] == {
            "value": bounds.value,
            "low": bounds.low,
            "high": bounds.high,
            "confidence": 0.90,
        }
    assert given_["numbers"]["follow_index"]["confidence"] == 0.975


def test_a_missing_number_is_null_and_never_nan(demo):
    given_ = verdict(Grounding(without(without_scores(demo("mixture(0.25)")), SHUFFLE, RANDOM), {}), MARGINS, 0.0)
    values = [value for number in given_["numbers"].values() if isinstance(number, dict) for value in number.values()]
    assert not any(isinstance(value, float) and math.isnan(value) for value in values)
    assert given_["numbers"]["follow_index"] == {"value": None, "low": None, "high": None, "confidence": 0.975}
    assert given_["follow_index_spread"] is None
    assert "nan" not in given_["sentence"]


def test_a_class_of_one_speaker_leaves_no_intervals(demo):
    trials = demo("mixture(0.25)")
    lonely = replace(trials, labels=np.where((trials.labels == 3) & (trials.speakers != 0), 0, trials.labels))
    given_ = verdict(Grounding(lonely, {}), MARGINS, 0.0)
    assert given_["verdict"] == UNDECIDABLE
    assert "a class is spoken by one speaker only" in given_["sentence"]
