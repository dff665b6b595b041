"""Responders of known behaviour: every quantity, and the verdict, say what is true of them.

Studies of the demo's size in one world, with fixed seeds, so that the result is always the same. An interval of 95 % misses what it
should hold in one of twenty studies; where many intervals are asked, a share of them has to hold it.
"""

from functools import cache

import numpy as np
import pytest

from cuealign.config.entries.grounding import Margins
from cuealign.core.vocabulary import CONCEPTS
from cuealign.evaluation.grounding import tables
from cuealign.evaluation.grounding.clusters import Quantity
from cuealign.evaluation.grounding.effects import PAIRS
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.verdict import HETEROGENEOUS, verdict
from tests.support.studies import CUE_LISTENER, DEMO, World, responders, simulate_with_listeners, truth

WORLD = World(3)
SEEDS = range(1, 7)
ROUNDING = 1e-12
"""Log-probabilities are of order one; sums over 960 utterances are exact to about 1e-13."""


@cache
def study(kind: str, seed: int = 1) -> Grounding:
    own, audio, cues = simulate_with_listeners(kind, DEMO, WORLD, seed)
    return Grounding(own, {"audio": audio, "cues": cues}, towards="L0")


@cache
def found(kind: str, seed: int = 1) -> dict[str, Quantity]:
    grounding = study(kind, seed)
    return grounding.quantities(grounding.speakers)


@cache
def judged(kind: str, seed: int = 1) -> dict:
    return verdict(study(kind, seed), Margins(), 0.0)


def bounds(kind: str, name: str, seed: int = 1) -> tuple[float, float]:
    return found(kind, seed)[name].interval(0.95)


def holds(kind: str, name: str, value: float, seed: int = 1) -> bool:
    low, high = bounds(kind, name, seed)
    return low - ROUNDING <= value <= high + ROUNDING


def above(kind: str, name: str, seed: int = 1) -> bool:
    return bounds(kind, name, seed)[0] > ROUNDING


def below(kind: str, name: str, seed: int = 1) -> bool:
    return bounds(kind, name, seed)[1] < -ROUNDING


def marked(kind: str, seed: int = 1) -> set[str]:
    """Concepts with a marked effect."""
    table = tables.reading(study(kind, seed), 0.95)
    return set(table["concept"][table["marked"]])


# reading -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_reader_of_one_concept_owes_all_to_it(seed):
    quantities, true = found("reads_one", seed), truth("reads_one", DEMO, WORLD)
    additive = quantities["share_logodds_additive"].value
    assert additive > 0.05
    # what the other concepts add is noise of the fit: draws of utterances whose weights differ
    assert quantities["share_ENERGY"].value == pytest.approx(additive, rel=0.02)
    assert above("reads_one", "share_ENERGY", seed)
    assert all(abs(quantities[f"share_{concept}"].value) < 0.001 for concept in CONCEPTS if concept != "ENERGY")
    assert marked("reads_one", seed) == {"ENERGY"}
    # the listener to cues has all six concepts; noise moves the correlation by less than the effects that are 0 are wrong by
    assert quantities["direction"].value == pytest.approx(true.direction, abs=0.02)
    assert above("reads_one", "follow_index", seed)


def test_the_shares_of_concepts_that_are_not_read_hold_0():
    held = [holds("reads_one", f"share_{concept}", 0.0, seed) for seed in range(4) for concept in CONCEPTS if concept != "ENERGY"]
    assert np.mean(held) >= 0.85


def test_a_product_of_two_concepts_is_found_by_interactions_alone():
    quantities, true = found("product"), truth("product", DEMO, WORLD)
    assert not true.additive
    assert quantities["share_logodds"].value > 0.1
    assert abs(quantities["share_logodds_additive"].value) < 0.005
    assert marked("product") == set()
    table = tables.interactions(study("product"), 0.95)
    assert len(table) == len(PAIRS)
    pair = (table["concept_a"] == "BRIGHTNESS") & (table["concept_b"] == "DYNAMICS")
    # All movement is this pair's. Effects are means over speakers, whose spread of 30 % leaves exp(-.3²) = .91 of their mean square.
    assert 0.8 < table["share"][pair].item() / quantities["share_logodds"].value < 1
    assert table["low"][pair].item() > 0.05
    assert (table["share"][~pair].abs() < 0.005).all()
    assert (table["low"][~pair] > 0).sum() <= 2
    assert above("product", "answers_moved")
    assert not above("product", "follow_index")


def test_a_reader_where_the_audio_is_uncertain_reads_as_the_listener_does_and_not_additively():
    quantities = found("reads_when_uncertain")
    assert quantities["direction"].value > 0.98
    assert quantities["share_logodds_additive"].value < 0.75 * quantities["share_logodds"].value
    assert above("reads_when_uncertain", "follow_index")
    assert above("reads_when_uncertain", "gain")
    assert below("reads_when_uncertain", "cost_conflict")
    assert judged("reads_when_uncertain")["follow_index_spread"] < HETEROGENEOUS
    assert judged("reads_when_uncertain")["verdict"] == "uses, partly follows"


@pytest.mark.parametrize("seed", range(3))
def test_an_inverter_of_pitch_reads_pitch_in_reverse_and_the_rest_aright(seed):
    quantities, true = found("inverts_pitch", seed), truth("inverts_pitch", DEMO, WORLD)
    assert 0 < true.direction < 0.9
    assert quantities["direction"].value == pytest.approx(true.direction, abs=0.02)
    assert quantities["direction"].interval(0.95)[1] < 0.9
    assert bounds("inverts_pitch", "reading_agreement_PITCH", seed)[1] < -0.6
    for concept in CONCEPTS:
        if concept != "PITCH":
            assert bounds("inverts_pitch", f"reading_agreement_{concept}", seed)[0] > 0
    table = tables.reading(study("inverts_pitch", seed), 0.95)
    pitch = table[(table["concept"] == "PITCH") & table["marked"] & (table["corpus"].abs() > 0.3)]
    assert len(pitch) >= 5
    assert (np.sign(pitch["effect"]) == -np.sign(pitch["corpus"])).all()
    # as much is read as by the mixture of the same weight, only elsewhere
    assert quantities["equivalent_cue_weight"].value == pytest.approx(found("mixture(0.5)", seed)["equivalent_cue_weight"].value, abs=0.01)
    assert quantities["follow_index"].value < found("mixture(0.5)", seed)["follow_index"].value


def test_an_inverter_of_all_misreads():
    assert below("inverts_all", "direction")
    assert below("inverts_all", "reading_agreement")
    assert below("inverts_all", "follow_index")
    assert below("inverts_all", "gain")
    assert below("inverts_all", "conflict_follow_rate")
    assert above("inverts_all", "cost_conflict")
    assert judged("inverts_all")["verdict"] == "misreads"


@pytest.mark.parametrize("kind", [kind for kind, responder in responders.items() if responder.weight and kind != "extreme_neutral"])
def test_effects_of_tokens_are_those_of_the_responder(kind):
    grounding, true = study(kind), truth(kind, DEMO, WORLD)
    expected = true.effects[..., grounding.live]
    expected = expected - expected.mean(axis=-1, keepdims=True)
    effects = grounding.by_speaker.effects[0]
    assert np.corrcoef(effects.ravel(), expected.ravel())[0, 1] > 0.985
    if true.homogeneous:
        # the weights of twelve speakers, with a spread of 30 %, have a mean that is off by 9 % of itself
        assert np.sum(effects * expected) / np.sum(expected**2) == pytest.approx(1, abs=0.27)


# format, harm, chance ----------------------------------------------------------------------------------------------------------------


def test_a_responder_to_the_format_alone():
    assert found("format_helps")["follow_index"].value == 0
    assert found("format_helps")["answers_moved"].value == 0
    assert above("format_helps", "format")
    assert found("format_helps")["gain"].value == pytest.approx(0, abs=ROUNDING)
    assert found("format_helps")["format_ratio"].value == pytest.approx(1)
    assert found("format_helps")["cost_conflict"].value == pytest.approx(0, abs=ROUNDING)
    assert found("format_helps")["prior_shift_shuffle"].value > 0.1
    assert marked("format_helps") == set()
    assert judged("format_helps")["verdict"] == "format prior only"


def test_a_responder_that_any_block_harms():
    assert below("format_harms", "format")
    assert found("format_harms")["follow_index"].value == 0
    assert found("format_harms")["gain"].value == pytest.approx(0, abs=ROUNDING)
    assert judged("format_harms")["verdict"] == "harmed by the cues"
    assert "any block lowers the UAR" in judged("format_harms")["reason"]


@pytest.mark.parametrize("kind", ["format_helps", "format_harms"])
def test_a_shift_of_the_prior_moves_no_discrimination(kind):
    quantities, true = found(kind), truth(kind, DEMO, WORLD)
    assert quantities["discrimination_shuffle"].value == pytest.approx(quantities["discrimination_none"].value, abs=0.02)
    # of twelve speakers with a spread of 30 % around the mean
    assert quantities["prior_shift_shuffle"].value == pytest.approx(np.sqrt(np.mean(true.format_prior**2)), rel=0.25)


def test_a_responder_at_chance_that_ignores_is_undecidable():
    assert judged("chance_ignores")["verdict"] == "undecidable"
    assert "at chance" in judged("chance_ignores")["reason"]
    assert found("chance_ignores")["answers_moved"].value == 0
    assert found("chance_ignores")["discrimination_none"].value == pytest.approx(0, abs=0.05)


def test_a_reader_at_chance_follows():
    assert judged("chance_reads")["verdict"] == "follows"
    assert bounds("chance_reads", "share_answers")[0] > 0.8
    assert above("chance_reads", "gain")
    # nothing is heard, so what a block says decides, and a foreign one leaves the answers at chance
    assert found("chance_reads")["discrimination_none"].value == pytest.approx(0, abs=0.05)


def test_an_extreme_prior_leaves_neutral_and_no_log_odds():
    """One live label: what moves the others' log-odds is not seen in any answer."""
    quantities = found("extreme_neutral")
    assert bounds("extreme_neutral", "neutral_none")[0] > 0.9
    assert not {"share_logodds", "share_logodds_additive", "equivalent_cue_weight", "direction"} & set(quantities)
    assert quantities["information_bits"].value > 0
    assert study("extreme_neutral").reference == "blank"
    assert tables.reading(study("extreme_neutral"), 0.95).empty
    given = judged("extreme_neutral")
    assert given["verdict"] in ("ignores", "undecidable")
    assert given["reference"] == "blank"


# whose answers ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_following_on_half_of_the_speakers_is_said_to_differ(seed):
    given = judged("follows_half", seed)
    assert given["follow_index_spread"] > HETEROGENEOUS
    if given["verdict"] != "undecidable":
        assert f"Following differs between speakers (sd over mean {given['follow_index_spread']:.2f})" in given["sentence"]
    index = study("follows_half", seed).follow_index_by_speaker()
    assert (np.abs(index) < ROUNDING).sum() == (DEMO.speakers + 1) // 2
    assert (index > 0.3).sum() == DEMO.speakers // 2


def test_the_sentence_on_half_of_the_speakers_is_met():
    assert any(judged("follows_half", seed)["verdict"] == "uses, partly follows" for seed in range(3))


@pytest.mark.parametrize("kind", ["mixture(0.25)", "mixture(0.5)", "mixture(0.75)", "overconfident"])
def test_homogeneous_readers_are_not_said_to_differ(kind):
    assert judged(kind)["follow_index_spread"] < HETEROGENEOUS
    assert "differs between speakers" not in judged(kind)["sentence"]


# movement without reading ------------------------------------------------------------------------------------------------------------


def raw_follow_rate(grounding: Grounding) -> np.ndarray:
    """Conflict follow rate without the share under foreign blocks: answers that leave the audio's for the contradicting label.

    Returns:
        Of each speaker, shape ``(G,)``.
    """
    conditions = grounding.trials.conditions
    contradicted = grounding.cue_reader(conditions["conflict"].tokens)[:, 0]
    counted = contradicted != grounding.cue_reader(conditions["correct"].tokens)[:, 0]
    answers, none = conditions["conflict"].answers[:, 0], conditions["none"].answers[:, 0]
    hits = (answers == contradicted) & (none != contradicted)
    return np.array([hits[counted & (grounding.trials.speakers == g)].mean() for g in range(grounding.speakers.count)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["jitter", "wording"])
def test_jitter_of_the_wording_moves_answers_and_follows_nothing(kind, seed):
    assert above(kind, "answers_moved", seed)
    assert holds(kind, "conflict_follow_rate", 0.0, seed)
    assert holds(kind, "follow_index", 0.0, seed)
    raw = raw_follow_rate(study(kind, seed))
    assert raw.mean() - 2.2 * raw.std(ddof=1) / np.sqrt(len(raw)) > 0.005  # t(.975, 11): the raw rate would be above 0
    assert judged(kind, seed)["verdict"] == "undecidable"
    assert "not with what the tokens say" in judged(kind, seed)["reason"]


@pytest.mark.parametrize("seed", range(3))
def test_jitter_of_log_odds_counts_as_movement_and_not_as_reading(seed):
    true = truth("jitter", DEMO, WORLD)
    assert above("jitter", "share_logodds", seed)
    assert found("jitter", seed)["share_logodds"].value > 0.1
    assert abs(found("jitter", seed)["share_logodds_additive"].value) < 0.002
    assert true.cue_variance == 0 < true.within_variance
    table = tables.interactions(study("jitter", seed), 0.95)
    assert (table["share"].abs() < 0.01).all()


def test_numerical_noise_is_no_reading():
    assert found("numeric_noise")["answers_moved"].value < 0.03
    assert marked("numeric_noise") == set()
    assert verdict(study("numeric_noise"), Margins(), 0.02)["verdict"] == "ignores"


# scale ---------------------------------------------------------------------------------------------------------------------------------


def test_over_confidence_changes_nothing_but_information_and_divergence():
    """``overconfident`` is ``mixture(0.25)`` with tenfold log-probabilities."""
    sharp, plain = found("overconfident"), found("mixture(0.25)")
    scaled = {name for name in plain if name.startswith(("js_bits", "calibration_error", "discrimination", "prior_shift", "information"))}
    assert set(sharp) == set(plain)
    for name in set(plain) - scaled:
        np.testing.assert_allclose(
            [sharp[name].value, *sharp[name].interval(0.95)], [plain[name].value, *plain[name].interval(0.95)], rtol=1e-6, atol=1e-9
        )
    for name in scaled:
        if name.startswith(("discrimination", "prior_shift")):
            assert sharp[name].value == pytest.approx(10 * plain[name].value, rel=1e-6)  # in nats
        if name.startswith("js_bits"):
            assert plain[name].value <= sharp[name].value <= 1  # it is bounded, unlike Kullback and Leibler's
    assert plain["js_bits_shuffle"].value < sharp["js_bits_shuffle"].value
    assert judged("overconfident") | {"sentence": ""} == judged("mixture(0.25)") | {"sentence": ""}


def test_a_dead_label_counts_for_nothing():
    """Log-odds are those of the live labels, as if the dead one did not exist."""
    dead, whole = study("dead_label"), study("mixture(0.25)")
    assert dead.live.tolist() == [0, 1, 2]
    scores = whole.trials.conditions["corrupt(1.0)"].scores[..., :3]
    np.testing.assert_allclose(dead.log_odds, scores - scores.mean(axis=-1, keepdims=True), atol=1e-9)
    assert found("dead_label")["share_logodds"].value == pytest.approx(found("mixture(0.25)")["share_logodds"].value, rel=0.3)
    table = tables.reading(dead, 0.95)
    assert set(table["label"]) == {"L0", "L1", "L2"}


@pytest.mark.parametrize("kind", ["mixture(0.1)", "mixture(0.25)", "mixture(0.5)", "mixture(0.75)", "dead_label"])
def test_the_equivalent_cue_weight_is_that_of_the_mixture(kind):
    """A weight of every speaker's own, with a spread of 30 %: a mixture of .75 has 1 for some, and the ratio of the two spreads is .72."""
    true = truth(kind, DEMO, WORLD).weight
    held = [holds(kind, "equivalent_cue_weight", true, seed) for seed in SEEDS]
    assert held[0]
    assert np.mean(held) >= 0.8
    assert np.mean([found(kind, seed)["equivalent_cue_weight"].value for seed in SEEDS]) == pytest.approx(true, rel=0.1)


def test_quantities_rank_mixtures_by_their_weight():
    kinds = ["hears", "mixture(0.05)", "mixture(0.1)", "mixture(0.25)", "mixture(0.5)", "mixture(0.75)", "mixture(1.0)"]
    for name in ("answers_moved", "share_answers", "share_logodds", "equivalent_cue_weight", "follow_index", "information_bits"):
        values = [found(kind)[name].value for kind in kinds]
        assert values == sorted(values)
        assert values[0] == pytest.approx(0, abs=ROUNDING)


def test_a_verdict_says_what_is_true_of_mixtures():
    given = {kind: judged(kind)["verdict"] for kind in ("hears", "mixture(0.25)", "mixture(0.5)")}
    assert given == {"hears": "ignores", "mixture(0.25)": "uses, partly follows", "mixture(0.5)": "uses, partly follows"}
    assert study("mixture(0.25)").reference == "log-odds"
    listener = Grounding(study("hears").listeners["cues"], study("hears").listeners)
    assert CUE_LISTENER.weight == np.inf
    assert verdict(listener, Margins(), 0.0)["verdict"] == "follows"
    # It is held against its own log-odds, divided by temperatures that differ a little between speakers.
    quantities = listener.quantities(listener.speakers)
    assert quantities["direction"].value == pytest.approx(1, abs=1e-4)
    assert quantities["share_answers"].value == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(quantities["reading_agreement"].value, quantities["reading_ceiling"].value, atol=1e-4)
