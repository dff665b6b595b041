"""Tests of the simulated studies."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.grounding.trials import Draws, Trials
from cuealign.interventions import INTERVENTIONS
from tests.support.studies import AIBO, DEMO, IEMOCAP, Size, World, conflicting, responders, simulate, simulate_with_listeners, truth

DRAWS = {"none": 1, "correct": 1, "shuffle": 5, "conflict": 1, "corrupt(1.0)": 5, "blank": 1}
LARGE = Size(300, 30_000, 4, (1, 1, 1, 1))


@pytest.fixture(scope="module")
def world() -> World:
    """One world for all tests."""
    return World(0)


def uar(trials: Trials, condition: str) -> float:
    """Unweighted average recall over all draws."""
    answers = trials.conditions[condition].answers
    return float(np.mean([(answers[trials.labels == y] == y).mean() for y in range(len(trials.names))]))


def centred(draws: Draws) -> np.ndarray:
    """Centred log-probabilities."""
    return draws.scores - draws.scores.mean(axis=-1, keepdims=True)


def mean_uar(kind: str, condition: str, world: World, studies: int = 5) -> float:
    """UAR over a few studies of the demo's size."""
    return float(np.mean([uar(simulate(kind, DEMO, world, seed), condition) for seed in range(studies)]))


@pytest.mark.parametrize("size", [DEMO, IEMOCAP, AIBO])
@pytest.mark.parametrize("kind", responders)
def test_shapes_and_normalised_scores(kind: str, size: Size, world: World) -> None:
    trials = simulate(kind, size, world, 1)
    assert trials.labels.shape == trials.speakers.shape == (size.utterances,)
    assert len(np.unique(trials.speakers)) == size.speakers
    assert len(trials.names) == size.classes == len(np.unique(trials.labels))
    assert list(trials.conditions) == list(DRAWS)
    for condition, draws in trials.conditions.items():
        shape = (size.utterances, DRAWS[condition])
        assert draws.answers.shape == shape
        assert draws.scores is not None
        assert draws.scores.shape == (*shape, size.classes)
        assert np.allclose(logsumexp(draws.scores, axis=-1), 0, atol=1e-9)
        if kind != "wording":
            assert (draws.answers == draws.scores.argmax(axis=-1)).all()
        if condition in ("none", "blank"):
            assert draws.tokens is None
        else:
            assert draws.tokens is not None
            assert draws.tokens.shape == (*shape, len(CONCEPTS))
            assert draws.tokens.min() == 0
            assert draws.tokens.max() == 4


def test_same_seed_same_study(world: World) -> None:
    first, again, other = (simulate("jitter", DEMO, w, seed) for w, seed in ((world, 3), (World(0), 3), (world, 4)))
    for condition in DRAWS:
        assert (first.conditions[condition].scores == again.conditions[condition].scores).all()
    assert not np.array_equal(first.conditions["none"].scores, other.conditions["none"].scores)
    assert not np.array_equal(first.labels, other.labels)
    assert not np.array_equal(first.conditions["none"].scores, simulate("jitter", DEMO, World(1), 3).conditions["none"].scores)


def test_kinds_and_listeners_share_the_study(world: World) -> None:
    trials, audio, cue = simulate_with_listeners("mixture(0.25)", IEMOCAP, world, 5)
    alone, hears = simulate("mixture(0.25)", IEMOCAP, world, 5), simulate("hears", IEMOCAP, world, 5, blank=False)
    assert "blank" not in hears.conditions
    for condition in hears.conditions:
        assert (trials.conditions[condition].scores == alone.conditions[condition].scores).all()
        assert (audio.conditions[condition].scores == hears.conditions[condition].scores).all()
        for other in (audio, cue, hears):
            assert (other.labels == trials.labels).all()
            assert np.array_equal(other.conditions[condition].tokens, trials.conditions[condition].tokens)
    heard, read, mixed = (centred(t.conditions["shuffle"]) for t in (audio, cue, trials))
    weights = ((mixed - heard) * (read - heard)).sum(axis=(1, 2)) / ((read - heard) ** 2).sum(axis=(1, 2))
    assert np.allclose(mixed, heard + weights[:, None, None] * (read - heard))
    assert max(np.ptp(weights[trials.speakers == g]) for g in range(IEMOCAP.speakers)) < 1e-9
    assert 0.1 < weights.min() < weights.max() < 0.8


def test_presets(world: World) -> None:
    demo, iemocap, aibo = (simulate("hears", size, world, 0) for size in (DEMO, IEMOCAP, AIBO))
    assert np.bincount(demo.labels).tolist() == [240] * 4
    assert np.bincount(aibo.labels).tolist() == [611, 1508, 5377, 215, 546]
    assert demo.sessions is None
    assert aibo.sessions is None
    assert iemocap.sessions is not None
    assert (iemocap.sessions == iemocap.speakers // 2).all()
    assert len(np.unique(iemocap.sessions)) == 5


def test_tokens(world: World) -> None:
    trials = simulate("hears", IEMOCAP, world, 0)
    tokens = {condition: trials.conditions[condition].tokens for condition in ("correct", "shuffle", "conflict", "corrupt(1.0)")}
    correct = tokens["correct"][:, 0]
    for k in range(5):
        assert np.ptp(np.bincount(correct[:, k])) <= 1
        assert (tokens["conflict"][:, 0, k] == 4 - correct[:, k]).all()
    assert 0.5 < (correct[:, 5] == 0).mean() < 0.7
    for draw in range(5):
        shuffled = tokens["shuffle"][:, draw]
        assert (shuffled[np.lexsort(shuffled.T)] == correct[np.lexsort(correct.T)]).all()
        assert (shuffled == correct).all(axis=1).mean() < 0.02
    shares = np.array([np.bincount(tokens["corrupt(1.0)"][..., k].ravel()) for k in range(6)]) / correct.shape[0] / 5
    assert np.allclose(shares, 0.2, atol=0.02)


def test_conflict_is_the_projects_except_for_modal() -> None:
    options = INTERVENTIONS.options(
        "conflict",
        {"voice_quality": {"MODAL": "MODAL", "ROUGH": "MODAL", "CREAKY": "MODAL", "BREATHY": "PRESSED", "PRESSED": "BREATHY"}},
        "options",
    )
    tokens = np.repeat(np.arange(5)[:, None], 6, axis=1)
    names = np.array([[TOKENS[concept][level] for concept, level in zip(CONCEPTS, row, strict=True)] for row in tokens], dtype=object)
    opposites = INTERVENTIONS.get("conflict").apply(names, 0.0, None, options)
    ours = conflicting(tokens)
    assert [[TOKENS[c][level] for c, level in zip(CONCEPTS, row, strict=True)] for row in ours] == opposites.tolist()


@pytest.mark.parametrize("size", [DEMO, IEMOCAP, AIBO])
def test_hears_answers_alike_in_all_conditions(size: Size, world: World) -> None:
    conditions = simulate("hears", size, world, 2).conditions
    for draws in conditions.values():
        assert (draws.answers == conditions["none"].answers).all()


@pytest.mark.parametrize("number", range(4))
def test_recalls(number: int) -> None:
    world = World(number)
    assert 0.5 < mean_uar("hears", "none", world) < 0.7
    assert mean_uar("mixture(1.0)", "correct", world) > 0.4
    assert mean_uar("mixture(1.0)", "conflict", world) < mean_uar("mixture(1.0)", "correct", world) - 0.1
    assert mean_uar("mixture(0.25)", "correct", world) > mean_uar("mixture(0.25)", "blank", world) + 0.02
    assert mean_uar("format_helps", "blank", world) > mean_uar("format_helps", "none", world) + 0.05
    assert mean_uar("format_harms", "blank", world) < mean_uar("format_harms", "none", world) - 0.05
    assert abs(mean_uar("chance_ignores", "none", world) - 0.25) < 0.03
    assert mean_uar("inverts_all", "conflict", world) > mean_uar("inverts_all", "correct", world) + 0.05


def test_listeners_are_calibrated(world: World) -> None:
    _, audio, cue = simulate_with_listeners("hears", LARGE, world, 0)
    at_labels = np.arange(LARGE.utterances), audio.labels
    for trials in (audio, cue):
        scores = trials.conditions["correct"].scores[:, 0]
        losses = [-log_softmax(t * scores, axis=1)[at_labels].mean() for t in (0.85, 1.0, 1.15)]
        assert losses[1] == min(losses)


@pytest.mark.parametrize("kind", responders)
def test_truth(kind: str, world: World) -> None:
    facts = truth(kind, LARGE, world)
    trials = simulate(kind, LARGE, world, 0)
    responder = responders[kind]
    z = centred(trials.conditions["corrupt(1.0)"])
    tokens = trials.conditions["corrupt(1.0)"].tokens
    within = z.var(axis=1, ddof=1).sum(axis=-1).mean()
    assert within == pytest.approx(facts.within_variance, rel=0.08, abs=1e-9)
    answers = trials.conditions["shuffle"].answers
    assert facts.moves == bool(within > 1e-9 or (answers != answers[:, :1]).any())
    for k in range(len(CONCEPTS)):
        means = np.array([z[tokens[..., k] == level].mean(axis=0) for level in range(5)])
        assert np.allclose(means - means.mean(axis=0), facts.effects[k], atol=0.035 * responder.sharpness)
    none, blank = (centred(trials.conditions[condition]).mean(axis=(0, 1)) for condition in ("none", "blank"))
    assert np.allclose(blank - none, facts.format_prior, atol=0.05)


def test_text_jitter_is_a_function_of_utterance_and_block(world: World) -> None:
    conditions = simulate("jitter", DEMO, world, 0).conditions
    jitter = {name: centred(draws) - centred(conditions["none"]) for name, draws in conditions.items()}
    assert np.std(jitter["shuffle"]) == pytest.approx(0.5 * np.sqrt(3 / 4), rel=0.05)
    correct, shuffle = conditions["correct"].tokens[:, 0], conditions["shuffle"].tokens
    same = (shuffle == correct[:, None]).all(axis=-1)
    assert same.any()
    assert np.allclose(jitter["shuffle"][same], np.broadcast_to(jitter["correct"], jitter["shuffle"].shape)[same])
    assert abs(np.corrcoef(jitter["shuffle"][:, 0].ravel(), jitter["shuffle"][:, 1].ravel())[0, 1]) < 0.06


def test_half_of_the_speakers_follow(world: World) -> None:
    trials = simulate("follows_half", DEMO, world, 0)
    answers = trials.conditions["shuffle"].answers
    moved = (answers != answers[:, :1]).any(axis=1)
    shares = np.array([moved[trials.speakers == g].mean() for g in range(DEMO.speakers)])
    assert (shares == 0).sum() == 6
    assert (shares > 0.3).sum() == 6


def test_sessions_share_deviations(world: World) -> None:
    size = replace(IEMOCAP, speakers=400, sessions=200, utterances=20_000)

    def correlation(session_effect: float) -> float:
        trials, audio, _ = simulate_with_listeners("mixture(0.25)", size, world, 0, session_effect=session_effect)
        distance = np.abs(centred(trials.conditions["shuffle"]) - centred(trials.conditions["blank"])).mean(axis=(1, 2))
        assert (audio.labels == trials.labels).all()
        means = np.array([np.log(distance[trials.speakers == g].mean()) for g in range(size.speakers)])
        return float(np.corrcoef(means[::2], means[1::2])[0, 1])

    assert abs(correlation(0.0)) < 0.2
    assert 0.4 < correlation(0.6) < 0.75
    assert correlation(1.0) > 0.85


def test_wrong_arguments(world: World) -> None:
    with pytest.raises(ValueError, match="session effect"):
        simulate("hears", DEMO, world, 0, session_effect=0.3)
    with pytest.raises(ValueError, match="shares"):
        Size(10, 100, 4, (1, 1))
    with pytest.raises(ValueError, match="sessions"):
        Size(10, 100, 2, (1, 1), sessions=3)
