"""Models side by side, against one model's own comparisons and brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.columns import MODEL_PAIRS
from cuealign.evaluation.evaluation import Evaluation
from cuealign.evaluation.model_pairs import compare
from tests.support import grounding_oracle as oracle
from tests.support.predictions import (
    CORRECT,
    LABELS,
    NONE,
    SHUFFLES,
    STATISTICS,
    exact_uar,
    holm_step_down,
    jackknife_t,
    random_predictions,
)


def evaluation(seed, keys=(NONE, CORRECT), gold_of=0):
    """Predictions of a model; all models see the same utterances."""
    gold, study = random_predictions(gold_of, keys=keys), random_predictions(seed, keys=keys)
    shared = {key: study[key].assign(**{name: gold[key][name] for name in ("utterance", "speaker", "session", "label")}) for key in keys}
    return Evaluation(shared, LABELS, STATISTICS)


def uar(table, positions):
    return float(exact_uar(*([table[column].iloc[i] for i in positions] for column in ("label", "prediction"))))


def test_differences_and_intervals_are_those_of_brute_force():
    one, two = evaluation(1), evaluation(2)
    found = compare({"one": one, "two": two}, {}).set_index("quantity")
    speakers = list(one.predictions[NONE]["speaker"])
    wanted = {"uar_none": {NONE: 1}, "uar_correct": {CORRECT: 1}, "gain": {CORRECT: 1, NONE: -1}}
    for quantity, weights in wanted.items():

        def difference(positions, weights=weights):
            return sum(w * (uar(one.predictions[c], positions) - uar(two.predictions[c], positions)) for c, w in weights.items())

        low, high, _ = jackknife_t(difference, speakers, STATISTICS.confidence)
        row = found.loc[quantity]
        assert [row["delta"], row["low"], row["high"]] == pytest.approx([difference(range(len(speakers))), low, high], abs=1e-9)
    assert found["holm_p"].tolist() == pytest.approx(holm_step_down(found["p"].tolist()))


def tokens_of(keys, seed=0):
    """Random tokens under some conditions."""
    rng = np.random.default_rng(seed)
    utterances = random_predictions(0, keys=(NONE,))[NONE]["utterance"]
    return {key: pd.DataFrame({"utterance": utterances, **{c: rng.choice(TOKENS[c], len(utterances)) for c in CONCEPTS}}) for key in keys}


def as_indices(tables, column, names):
    return np.stack([pd.Index(names).get_indexer(table[column]) for table in tables], axis=1)


def test_reliance_is_that_of_the_oracle_with_the_t_test_of_its_jackknife():
    keys = (NONE, CORRECT, *SHUFFLES)
    one, two, tokens = evaluation(1, keys), evaluation(2, keys), tokens_of((CORRECT, *SHUFFLES))
    found = compare({"one": one, "two": two}, tokens).set_index("quantity")
    speakers = list(one.predictions[NONE]["speaker"])
    levels = {key: np.stack([pd.Index(TOKENS[c]).get_indexer(table[c]) for c in CONCEPTS], axis=1) for key, table in tokens.items()}
    labels = as_indices([one.predictions[NONE]], "label", LABELS)[:, 0]
    foreign = np.stack([levels[key] for key in SHUFFLES], axis=1)
    meant = oracle.cue_reader(labels, levels[CORRECT], np.array(speakers))(foreign)
    answers = [
        np.where(given < 0, len(LABELS), given)
        for given in (as_indices([model.predictions[key] for key in SHUFFLES], "prediction", LABELS) for model in (one, two))
    ]
    statistics = {
        "share_answers": lambda given, kept: oracle.share_answers(given[kept]),
        "follow_index": lambda given, kept: oracle.follow_index(given[kept], None, meant[kept]),
    }
    for quantity, statistic in statistics.items():

        def difference(positions, statistic=statistic):
            kept = np.array(list(positions))
            return statistic(answers[0], kept) - statistic(answers[1], kept)

        low, high, _ = jackknife_t(difference, speakers, STATISTICS.confidence)
        row = found.loc[quantity]
        whole = difference(range(len(speakers)))
        assert [row["delta"], row["low"], row["high"]] == pytest.approx([whole, low, high], abs=1e-9)
        sizes = [speakers.count(name) for name in set(speakers)]
        degrees = sum(sizes) ** 2 / sum(size**2 for size in sizes) - 1
        half = stats.t.isf((1 - STATISTICS.confidence) / 2, degrees)
        assert row["p"] == pytest.approx(2 * stats.t.sf(abs(whole) / ((high - low) / 2 / half), degrees), rel=1e-6)


def test_every_pair_is_compared_once_and_a_model_with_itself_differs_by_nothing():
    models = {name: evaluation(seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))}
    table = compare(models, {})
    assert list(table.columns) == list(MODEL_PAIRS)
    assert sorted(set(zip(table["a"], table["b"], strict=True))) == [("a", "b"), ("a", "c"), ("b", "c")]
    same = table[(table["a"] == "a") & (table["b"] == "b")]
    assert same[["delta", "low", "high"]].to_numpy().tolist() == [[0.0] * 3] * 3
    assert (same["p"] == 1).all()


def test_the_other_order_mirrors_a_pair():
    one, two = evaluation(1), evaluation(2)
    forth, back = compare({"a": one, "b": two}, {}), compare({"b": two, "a": one}, {})
    np.testing.assert_allclose(forth["delta"], -back["delta"], atol=1e-12)
    np.testing.assert_allclose(forth["low"], -back["high"], atol=1e-12)
    np.testing.assert_allclose(forth["p"], back["p"])


def test_models_without_common_utterances_or_conditions_are_not_paired():
    short = Evaluation({NONE: evaluation(1).predictions[NONE].head(40)}, LABELS, STATISTICS)
    assert len(compare({"whole": evaluation(1), "part": short}, {})) == 0
    without = evaluation(1, keys=(NONE,))
    assert list(compare({"a": evaluation(2), "b": without}, {})["quantity"]) == ["uar_none"]
    assert len(compare({"a": evaluation(1)}, {})) == 0


def test_shares_differ_as_they_are_reported():
    """Chance takes the share of a model that answers at random beyond 1 in some studies; none is reported so."""
    keys, beyond = (NONE, *SHUFFLES), 0
    tokens = tokens_of(SHUFFLES)
    still = evaluation(0, keys)
    kept = dict.fromkeys(keys, still.predictions[NONE])
    for seed in range(6):
        rng = np.random.default_rng(seed)
        thrown = {key: table.assign(prediction=rng.choice(LABELS, len(table))) for key, table in still.predictions.items()}
        models = {"moved": Evaluation(thrown, LABELS, STATISTICS), "still": Evaluation(kept, LABELS, STATISTICS)}
        row = compare(models, tokens).set_index("quantity").loc["share_answers"]
        given = as_indices([thrown[key] for key in SHUFFLES], "prediction", LABELS)
        share = oracle.share_answers(given)
        assert row["delta"] == pytest.approx(min(share, 1.0), abs=1e-9)
        assert -1 <= row["low"] <= row["delta"] <= row["high"] <= 1
        beyond += share > 1
    assert beyond > 0
