"""Fitting a tokenizer as the config says."""

import pandas as pd
import pytest

from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.errors import InputError
from cuealign.core.vocabulary import PLAIN, VOICED_DESCRIPTORS
from cuealign.cues.fitting import fit_tokenizer
from cuealign.cues.tokenizer import ConceptTokenizer
from tests.support.descriptors import SPLITS


def test_default_options_are_those_of_the_tokenizer(means):
    table, manifest = means
    mine = fit_tokenizer(table, manifest, TokenOptions(), SPLITS)
    assert mine.to_dict() == ConceptTokenizer().fit(table, manifest["gender"]).to_dict()


def test_edges_of_a_split_are_those_of_its_rows(means):
    table, manifest = means
    rows = (manifest["split"] == "a").to_numpy()
    mine = fit_tokenizer(table, manifest, TokenOptions(fit_on="train"), SPLITS)
    theirs = ConceptTokenizer().fit(table[rows].reset_index(drop=True), manifest["gender"][rows])
    assert mine.to_dict() == theirs.to_dict()
    changed = table.copy()
    changed.loc[~rows, "Loudness_sma3"] *= 5
    assert fit_tokenizer(changed, manifest, TokenOptions(fit_on="train"), SPLITS).to_dict() == mine.to_dict()


def test_means_over_all_frames_are_used_if_the_options_ask_for_them(means):
    """The oracle is the same tokenizer on a table whose voiced means are replaced by the plain ones."""
    table, manifest = means
    swapped = table.assign(**{name: table[PLAIN + name] for name in VOICED_DESCRIPTORS})
    mine = fit_tokenizer(table, manifest, TokenOptions(voiced_mean=False), SPLITS).transform(table, manifest["gender"])
    theirs = ConceptTokenizer().fit(swapped, manifest["gender"]).transform(swapped, manifest["gender"])
    pd.testing.assert_frame_equal(mine, theirs)
    assert not mine.equals(ConceptTokenizer().fit(table, manifest["gender"]).transform(table, manifest["gender"]))


def test_a_saved_tokenizer_keeps_its_kind_of_means(means):
    table, manifest = means
    fitted = fit_tokenizer(table, manifest, TokenOptions(voiced_mean=False), SPLITS)
    again = ConceptTokenizer.from_dict(fitted.to_dict())
    assert not again.voiced_mean
    assert again.transform(table, manifest["gender"]).equals(fitted.transform(table, manifest["gender"]))


def test_unknown_gender_is_refused_where_edges_are_per_gender(means):
    table, manifest = means
    unknown = manifest.assign(gender=["unknown", *manifest["gender"][1:]])
    with pytest.raises(
        InputError, match=r"gender-specific edges of PITCH need the gender of every utterance, but it is unknown for 1 \(first: u0000\)"
    ):
        fit_tokenizer(table, unknown, TokenOptions(gender_specific=["PITCH"]), SPLITS)
