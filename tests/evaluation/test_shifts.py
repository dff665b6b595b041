"""Shifts of answers, against counts by hand."""

import warnings

import numpy as np
import pytest

from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.analyses import ANALYSES
from cuealign.evaluation.evaluation import Evaluation
from tests.support.predictions import (
    CORRECT,
    LABELS,
    NONE,
    SESSIONS,
    SHUFFLES,
    STATISTICS,
    exact_uar,
    jackknife_t,
    predictions_of,
    random_predictions,
)


def shifts(study, labels=LABELS, **options):
    evaluation = Evaluation(study, labels, STATISTICS)
    return ANALYSES.get("shifts")(evaluation, ANALYSES.options("shifts", options, "analyses.shifts"))


@pytest.fixture(scope="module")
def tables():
    return random_predictions(3, keys=(NONE, CORRECT, *SHUFFLES))


def share(frames, positions, *, errors):
    """Share of predictions, or of wrong ones, that are neutral, averaged over tables."""
    found = []
    for frame in frames:
        pairs = [(frame["label"].iloc[i], frame["prediction"].iloc[i]) for i in positions]
        pairs = [pair for pair in pairs if not errors or pair[0] != pair[1]]
        found.append(sum(prediction == "neutral" for _, prediction in pairs) / len(pairs))
    return sum(found) / len(found)


@pytest.mark.parametrize(("quantity", "errors"), [("share_of_predictions", False), ("share_of_errors", True)])
def test_the_shift_towards_a_label_and_its_interval_are_those_of_brute_force(tables, quantity, errors):
    row = shifts(tables).set_index(["intervention", "quantity"]).loc[("shuffle", quantity)]
    shuffled, right = [tables[key] for key in SHUFFLES], [tables[CORRECT]]
    everything = range(len(right[0]))

    def difference(positions):
        return share(shuffled, positions, errors=errors) - share(right, positions, errors=errors)

    low, high, _ = jackknife_t(difference, list(right[0]["speaker"]), STATISTICS.confidence)
    expected = [share(shuffled, everything, errors=errors), difference(everything), low, high]
    assert row[["value", "delta", "low", "high"]].tolist() == pytest.approx(expected, abs=1e-9)


def test_changed_answers_classes_recalls_and_sessions_are_counted(tables):
    found = shifts(tables).set_index(["intervention", "quantity"])["value"]
    for name, reference in (("changed_from_correct", CORRECT), ("changed_from_none", NONE)):
        changed = [(tables[key]["prediction"] != tables[reference]["prediction"]).mean() for key in SHUFFLES]
        assert found["shuffle", name] == pytest.approx(np.mean(changed))
    assert found["correct", "changed_from_correct"] == 0
    frame = tables[CORRECT]
    for label in LABELS:
        assert found["correct", f"predicted:{label}"] == pytest.approx((frame["prediction"] == label).mean())
        of_class = frame[frame["label"] == label]
        assert found["correct", f"recall:{label}"] == pytest.approx((of_class["prediction"] == label).mean())
    for session in set(SESSIONS.values()):
        part = frame[frame["session"] == session]
        assert found["correct", f"uar:{session}"] == pytest.approx(float(exact_uar(list(part["label"]), list(part["prediction"]))))


def test_a_corpus_without_the_label_has_no_shift_and_another_label_is_an_option(tables):
    assert not shifts(tables, towards="calm")["quantity"].str.startswith("share_of").any()
    joy = shifts(tables, towards="joy").set_index(["intervention", "quantity"]).loc[("none", "share_of_predictions"), "value"]
    assert joy == pytest.approx((tables[NONE]["prediction"] == "joy").mean())


def test_without_errors_or_correct_tokens_there_is_no_difference(tables):
    perfect = {key: frame.assign(prediction=frame["label"]) for key, frame in tables.items() if key in (NONE, CORRECT)}
    row = shifts(perfect).set_index(["intervention", "quantity"]).loc[("none", "share_of_errors")]
    assert row[["value", "delta", "low", "high"]].isna().all()
    alone = shifts({NONE: tables[NONE].assign(prediction=INVALID)}).set_index("quantity")
    assert alone["delta"].isna().all()
    assert alone.loc["share_of_predictions", "value"] == 0


def test_one_speaker_and_no_errors_give_missing_values_without_a_warning():
    study = {key: predictions_of([("a", label, label) for label in LABELS]) for key in (NONE, CORRECT)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = shifts(study).set_index(["intervention", "quantity"])
    assert found.loc[("none", "share_of_predictions"), "value"] == 0.25
    assert found.loc[("none", "share_of_predictions"), "delta"] == 0
    assert np.isnan(found.loc[("none", "share_of_errors"), "value"])
    assert found[["low", "high"]].isna().all(axis=None)
