"""Confusion counts and UAR, against brute force and scikit-learn."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, recall_score

from cuealign.core.errors import InputError
from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.recall import confusion_counts, unweighted_average_recall
from tests.support.predictions import LABELS, ROUNDING, SPEAKERS, items, predictions_of, quick, table_uar


@quick
@given(items)
def test_confusion_counts_every_item_in_the_cell_of_its_speaker_label_and_prediction(rows):
    counts = confusion_counts(predictions_of(rows), LABELS, SPEAKERS)
    cells = Counter(rows)
    assert counts.shape == (len(SPEAKERS), len(LABELS), len(LABELS) + 1)
    assert np.issubdtype(counts.dtype, np.integer)
    for (s, speaker), (c, label), (d, prediction) in itertools.product(
        enumerate(SPEAKERS), enumerate(LABELS), enumerate((*LABELS, INVALID))
    ):
        assert counts[s, c, d] == cells[speaker, label, prediction]


@quick
@given(items)
def test_confusion_summed_over_speakers_is_the_confusion_matrix_of_scikit_learn(rows):
    frame = predictions_of(rows)
    expected = confusion_matrix(frame["label"], frame["prediction"], labels=[*LABELS, INVALID])
    np.testing.assert_array_equal(confusion_counts(frame, LABELS, SPEAKERS).sum(axis=0), expected[:-1])


@quick
@given(items, st.randoms(use_true_random=False))
def test_confusion_does_not_depend_on_the_order_or_the_index_of_the_items(rows, random):
    shuffled = random.sample(rows, len(rows))
    frame = predictions_of(shuffled).set_index(pd.Index(random.sample(range(100), len(rows))))
    np.testing.assert_array_equal(confusion_counts(frame, LABELS, SPEAKERS), confusion_counts(predictions_of(rows), LABELS, SPEAKERS))


@quick
@given(items, st.permutations(range(len(LABELS))), st.permutations(range(len(SPEAKERS))))
def test_confusion_follows_the_order_of_labels_and_speakers(rows, labels, speakers):
    counts = confusion_counts(predictions_of(rows), LABELS, SPEAKERS)
    permuted = confusion_counts(predictions_of(rows), [LABELS[i] for i in labels], [SPEAKERS[i] for i in speakers])
    np.testing.assert_array_equal(permuted, counts[np.ix_(speakers, labels, [*labels, len(LABELS)])])


@pytest.mark.parametrize(
    ("row", "unknown"),
    [
        (("9", "boredom", "joy"), "boredom"),
        (("unknown", "joy", "joy"), "unknown"),
        (("9", "joy", "boredom"), "boredom"),
        (("9", INVALID, "joy"), INVALID),
    ],
    ids=["label", "speaker", "prediction", "invalid-as-label"],
)
def test_confusion_refuses_and_names_an_unknown_value(row, unknown):
    frame = predictions_of([("9", "joy", "joy"), row, ("10", "fear", INVALID)])
    with pytest.raises(InputError, match=unknown):
        confusion_counts(frame, LABELS, SPEAKERS)


@quick
@given(items)
def test_uar_is_the_mean_recall_of_the_classes_with_gold_items(rows):
    frame = predictions_of(rows)
    uar = unweighted_average_recall(confusion_counts(frame, LABELS, SPEAKERS).sum(axis=0))
    present = sorted(set(frame["label"]))
    assert uar == pytest.approx(float(table_uar(frame)), abs=ROUNDING)
    assert uar == pytest.approx(recall_score(frame["label"], frame["prediction"], labels=present, average="macro"), abs=ROUNDING)


def test_invalid_answers_count_as_errors():
    rows = [("9", "joy", "joy"), ("9", "joy", INVALID), ("9", "fear", INVALID), ("9", "anger", "anger")]
    invalid = unweighted_average_recall(confusion_counts(predictions_of(rows), LABELS, SPEAKERS).sum(axis=0))
    wrong = [(speaker, label, "neutral" if prediction == INVALID else prediction) for speaker, label, prediction in rows]
    assert invalid == 0.5  # (1/2 + 0 + 1) / 3, exact in binary: every term and the sum are
    assert unweighted_average_recall(confusion_counts(predictions_of(wrong), LABELS, SPEAKERS).sum(axis=0)) == invalid


@quick
@given(items, st.data())
def test_turning_a_right_answer_into_an_invalid_one_lowers_the_uar(rows, data):
    rows = [*rows, ("9", "joy", "joy")]
    right = [i for i, (_, label, prediction) in enumerate(rows) if label == prediction]
    hit = data.draw(st.sampled_from(right))
    spoiled = [(*row[:2], INVALID) if i == hit else row for i, row in enumerate(rows)]
    before, after = (
        unweighted_average_recall(confusion_counts(predictions_of(each), LABELS, SPEAKERS).sum(axis=0)) for each in (rows, spoiled)
    )
    assert after < before


def test_a_class_without_gold_items_is_left_out_of_the_uar():
    # Class 2 is predicted but never gold; averaging over three classes would give 0.5.
    confusion = np.array([[4, 0, 0, 0], [0, 2, 2, 0], [0, 0, 0, 0]])
    assert unweighted_average_recall(confusion) == 0.75


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_uar_without_any_gold_item_is_refused(shape):
    with pytest.raises(ValueError, match="no class has a gold item"):
        unweighted_average_recall(np.zeros(shape, dtype=int))


@quick
@given(st.lists(items, min_size=6, max_size=6))
def test_uar_of_a_stack_is_the_stack_of_the_uars(studies):
    confusions = [confusion_counts(predictions_of(rows), LABELS, SPEAKERS).sum(axis=0) for rows in studies]
    stack = np.stack(confusions).reshape(2, 3, *confusions[0].shape)
    uars = unweighted_average_recall(stack)
    assert np.shape(uars) == (2, 3)
    expected = [float(table_uar(predictions_of(rows))) for rows in studies]
    np.testing.assert_allclose(np.ravel(uars), expected, rtol=0, atol=ROUNDING)
