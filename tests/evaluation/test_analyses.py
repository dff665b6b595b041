"""Tables of metrics, against brute force: conditions, comparisons, trend and confusions."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.evaluation import INTERVALS
from tests.support.predictions import (
    CONFLICT,
    CORRECT,
    CORRUPTS,
    LABELS,
    NONE,
    ROUNDING,
    SHUFFLES,
    SPEAKERS,
    STRENGTHS,
    assert_rows,
    by_key,
    comparison_rows,
    condition_rows,
    draws_of,
    evaluate,
    group_of,
    holm_step_down,
    predictions_of,
    random_predictions,
    table_uar,
)

CONDITION_COLUMNS = ["intervention", "p", "seed", "n", "uar", *INTERVALS, "uar_mean_of_sessions", "invalid_rate", "cut"]
COMPARISON_COLUMNS = [
    *("a", "b", "delta", *INTERVALS),
    *("mcnemar_p", "holm_paper_p", "holm_p", "swap_p", "swap_holm_p", "detectable"),
]
TREND_COLUMNS = ["intervention", "spearman_rho", "spearman_p", "n", "slope", "slope_low", "slope_high", "slope_swap_p"]
CONFUSION_COLUMNS = ["intervention", "p", "label", "prediction", "count"]


def test_the_random_predictions_cover_the_hard_cases(study):
    frame = study[NONE]
    present = set(frame["label"])
    assert present == set(LABELS)
    assert all((each["prediction"] == INVALID).any() for each in study.values())
    assert any({frame["label"][i] for i in draw} < present for draw in draws_of(study))
    assert list(dict.fromkeys(frame["speaker"])) != sorted(set(frame["speaker"]))


def test_metrics_have_the_documented_columns(metrics):
    assert list(metrics.conditions.columns) == CONDITION_COLUMNS
    assert list(metrics.comparisons.columns) == COMPARISON_COLUMNS
    assert list(metrics.trend.columns) == TREND_COLUMNS
    assert list(metrics.confusion.columns) == CONFUSION_COLUMNS


def test_conditions_match_literal_resampling_of_the_utterances(metrics, expected):
    assert_rows(condition_rows(metrics), expected[0])


def test_the_mean_of_sessions_is_that_of_their_uars_by_counting(study, metrics):
    found = by_key(metrics.conditions, ["intervention", "p", "seed"], ["uar_mean_of_sessions"])
    expected = {key: float(np.mean([table_uar(session) for _, session in frame.groupby("session")])) for key, frame in study.items()}
    for key, value in expected.items():
        assert found[key] == pytest.approx([value], abs=ROUNDING), key
    of_seeds = np.mean([expected[key] for key in SHUFFLES])
    assert found["shuffle", "0", "mean"] == pytest.approx([of_seeds], abs=ROUNDING)
    assert any(abs(value - float(table_uar(study[key]))) > 0.005 for key, value in expected.items())


@pytest.mark.parametrize("session", ["", "session5"])
def test_one_session_or_none_has_no_mean_of_sessions(study, session):
    metrics = evaluate({NONE: study[NONE].assign(session=session)})
    assert metrics.conditions["uar_mean_of_sessions"].isna().all()


def test_conditions_count_all_utterances(metrics):
    assert set(metrics.conditions["n"]) == {90}


def test_comparisons_match_literal_resampling_of_the_utterances(metrics, expected):
    assert_rows(comparison_rows(metrics), expected[1])


def test_comparisons_are_of_correct_with_all_others_and_of_perturbations_with_audio_only(metrics):
    perturbations = ["shuffle", "conflict", "corrupt(0.2)", "corrupt(0.4)", "corrupt(1.0)"]
    pairs = [("correct", "none"), *(("correct", name) for name in perturbations), *((name, "none") for name in perturbations)]
    assert sorted(zip(metrics.comparisons["a"], metrics.comparisons["b"], strict=True)) == sorted(pairs)


def test_holm_runs_over_all_rows_of_the_table(metrics):
    for raw, corrected in (("mcnemar_p", "holm_p"), ("swap_p", "swap_holm_p")):
        adjusted = holm_step_down(metrics.comparisons[raw].tolist())
        np.testing.assert_allclose(metrics.comparisons[corrected], adjusted, rtol=ROUNDING)
        assert len(adjusted) == 11


def test_holm_of_the_papers_family_runs_over_perturbations_at_full_strength(metrics):
    table = metrics.comparisons.set_index(["a", "b"])
    family = [pair for name in ("shuffle", "conflict", "corrupt(1.0)") for pair in (("correct", name), (name, "none"))]
    np.testing.assert_allclose(table.loc[family, "holm_paper_p"], holm_step_down(table.loc[family, "mcnemar_p"].tolist()), rtol=ROUNDING)
    assert table["holm_paper_p"].notna().sum() == len(family)


def test_a_blank_block_is_compared_with_both_and_is_not_of_the_papers_family(study, metrics):
    more = evaluate(study | {("blank", "0", "0"): study[CONFLICT]}).comparisons.set_index(["a", "b"])
    pairs = [("correct", "blank"), ("blank", "none")]
    plain = metrics.comparisons.set_index(["a", "b"])
    assert more.index.difference(plain.index).sort_values().tolist() == sorted(pairs)
    assert more.loc[pairs, "holm_paper_p"].isna().all()
    np.testing.assert_array_equal(more.loc[plain.index, "holm_paper_p"], plain["holm_paper_p"])
    np.testing.assert_allclose(more["holm_p"], holm_step_down(more["mcnemar_p"].tolist()), rtol=ROUNDING)


def test_trend_correlates_strength_and_uar_over_every_corrupt_run(study, metrics):
    uars = [float(table_uar(study[key])) for key in CORRUPTS]
    # Equal UARs could be told apart by rounding on either side; with none equal the ranks are certain.
    assert len({table_uar(study[key]) for key in CORRUPTS}) == len(CORRUPTS)
    rho, p = stats.spearmanr([float(key[1]) for key in CORRUPTS], uars)
    (row,) = metrics.trend.to_dict("records")
    assert (row["intervention"], row["n"]) == ("corrupt", 12)
    assert (row["spearman_rho"], row["spearman_p"]) == (pytest.approx(rho, abs=ROUNDING), pytest.approx(p, rel=1e-6))


def test_confusion_pools_the_seeds_of_a_condition(study, metrics):
    counts = Counter()
    for key, frame in study.items():
        counts.update((*group_of(key), *pair) for pair in zip(frame["label"], frame["prediction"], strict=True))
    cells = itertools.product({group_of(key) for key in study}, LABELS, (*LABELS, INVALID))
    wanted = {(*group, label, prediction): [counts[*group, label, prediction]] for group, label, prediction in cells}
    assert by_key(metrics.confusion, ["intervention", "p", "label", "prediction"], ["count"]) == wanted


def test_audio_only_alone_leaves_nothing_to_compare():
    metrics = evaluate(random_predictions(0, keys=(NONE,)))
    assert len(metrics.comparisons) == 0
    assert list(metrics.comparisons.columns) == COMPARISON_COLUMNS
    assert len(metrics.trend) == 0
    assert list(metrics.trend.columns) == TREND_COLUMNS
    assert list(condition_rows(metrics)) == [NONE]


@pytest.mark.parametrize("keys", [CORRUPTS[:2], CORRUPTS[:4]], ids=["two-runs", "one-strength"])
def test_trend_is_undefined_for_two_runs_or_one_strength(keys):
    (row,) = evaluate(random_predictions(0, keys=(NONE, *keys))).trend.to_dict("records")
    assert math.isnan(row["spearman_rho"])
    assert math.isnan(row["spearman_p"])
    assert row["n"] == len(keys)


def test_trend_ties_runs_of_equal_uar():
    # The same four recalls in every order have the same mean; rounding must not rank them.
    orders = list(itertools.permutations((0, 1, 2, 3)))
    study = {
        ("corrupt", STRENGTHS[number % 3], str(number)): predictions_of(
            (SPEAKERS[k % 5], label, label if k < hits else INVALID) for label, hits in zip(LABELS, order, strict=True) for k in range(10)
        )
        for number, order in enumerate(orders)
    }
    assert {table_uar(frame) for frame in study.values()} == {Fraction(3, 20)}
    (row,) = evaluate(study | {NONE: next(iter(study.values()))}).trend.to_dict("records")
    assert math.isnan(row["spearman_rho"])
    assert math.isnan(row["spearman_p"])
    assert row["n"] == len(orders)


@pytest.mark.parametrize(
    ("keys", "pairs"),
    [
        ((CORRECT, CONFLICT, SHUFFLES[0]), {("correct", "conflict"), ("correct", "shuffle")}),
        ((NONE, CONFLICT, CORRUPTS[0]), {("conflict", "none"), ("corrupt(0.2)", "none")}),
        ((NONE, CORRECT), {("correct", "none")}),
        ((SHUFFLES[0], CONFLICT), set()),
    ],
    ids=["no-audio-only", "no-correct", "no-perturbation", "perturbations-only"],
)
def test_only_conditions_that_were_run_are_compared(keys, pairs):
    comparisons = evaluate(random_predictions(0, keys=keys)).comparisons
    assert set(zip(comparisons["a"], comparisons["b"], strict=True)) == pairs
    assert len(comparisons) == len(pairs)


def test_one_seed_has_a_mean_row_equal_to_it():
    rows = condition_rows(evaluate(random_predictions(0, keys=(NONE, SHUFFLES[2], CORRUPTS[1]))))
    assert rows["shuffle", "0", "mean"] == rows[SHUFFLES[2]]
    assert rows["corrupt", "0.2", "mean"] == rows[CORRUPTS[1]]
    assert len(rows) == 5


def test_the_largest_p_value_over_the_seeds_is_kept():
    rows = [("a", "joy", "joy"), ("b", "joy", "joy")] * 5
    wrong = [(speaker, label, INVALID) for speaker, label, _ in rows]
    study = {
        CORRECT: predictions_of(rows),
        SHUFFLES[0]: predictions_of(wrong),
        SHUFFLES[1]: predictions_of([*wrong[:6], *rows[6:]]),
        NONE: predictions_of(rows),
    }
    rows_found = comparison_rows(evaluate(study))
    # Ten discordant pairs against the one seed (2^-9) and six against the other (2^-5); Holm over three rows (the third is 1).
    assert rows_found["correct", "shuffle"][7] == pytest.approx(2.0**-5, rel=1e-9)
    assert rows_found["shuffle", "none"][7] == pytest.approx(2.0**-5, rel=1e-9)
    assert rows_found["correct", "none"][7] == 1.0
    holm_p = by_key(evaluate(study).comparisons, ["a", "b"], ["holm_p"])
    assert holm_p["correct", "shuffle"] == pytest.approx([3 * 2.0**-5], rel=1e-9)
