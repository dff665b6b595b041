"""conflict: tokens that say the opposite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS, ORDINAL, TOKENS, UNVOICED
from tests.support.token_sequences import STATES, distinct, fast, perturb, random_sequences, sequences

MIRROR = {
    "ENERGY": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW"},
    "PITCH": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW", "UNVOICED": "UNVOICED"},
    "BRIGHTNESS": {"VERY_DARK": "VERY_BRIGHT", "DARK": "BRIGHT", "MID": "MID", "BRIGHT": "DARK", "VERY_BRIGHT": "VERY_DARK"},
    "DYNAMICS": {"VERY_STATIC": "VERY_DYNAMIC", "STATIC": "DYNAMIC", "MID": "MID", "DYNAMIC": "STATIC", "VERY_DYNAMIC": "VERY_STATIC"},
    "FORMANTS": {"VERY_LOW": "VERY_HIGH", "LOW": "HIGH", "MID": "MID", "HIGH": "LOW", "VERY_HIGH": "VERY_LOW", "UNVOICED": "UNVOICED"},
    "VOICE_QUALITY": {
        "BREATHY": "PRESSED",
        "PRESSED": "BREATHY",
        "MODAL": "MODAL",
        "ROUGH": "MODAL",
        "CREAKY": "MODAL",
        "UNVOICED": "UNVOICED",
    },
}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_conflict_equals_the_written_out_map(seed):
    tokens = random_sequences(300, seed=seed)
    assert {(concept, token) for row in tokens.values() for concept, token in zip(CONCEPTS, row, strict=True)} == {
        (concept, token) for concept in CONCEPTS for token in STATES[concept]
    }
    expected = {name: tuple(MIRROR[concept][token] for concept, token in zip(CONCEPTS, row, strict=True)) for name, row in tokens.items()}
    assert perturb("conflict", tokens) == expected


@fast
@given(tokens=sequences())
def test_conflict_twice_is_identity_on_ordinal_tokens(tokens):
    twice = perturb("conflict", perturb("conflict", tokens))
    for name, row in tokens.items():
        for concept, before, after in zip(CONCEPTS, row, twice[name], strict=True):
            if concept in ORDINAL:
                assert after == before
            else:  # what becomes MODAL stays MODAL
                assert after == ("MODAL" if before in ("ROUGH", "CREAKY") else before)


@fast
@given(tokens=sequences())
def test_conflict_changes_every_ordinal_token_but_mid_and_unvoiced(tokens):
    for before, after in zip(tokens.values(), perturb("conflict", tokens).values(), strict=True):
        for concept, old, new in zip(CONCEPTS, before, after, strict=True):
            if concept in ORDINAL:
                assert (old == new) == (old in ("MID", UNVOICED))


@fast
@given(tokens=sequences(), images=st.tuples(*(st.sampled_from(TOKENS["VOICE_QUALITY"]) for _ in range(5))))
def test_conflict_takes_the_voice_quality_map_of_the_options_and_keeps_unvoiced(tokens, images):
    chosen = dict(zip(TOKENS["VOICE_QUALITY"], images, strict=True))
    result = perturb("conflict", tokens, options={"voice_quality": chosen})
    plain = perturb("conflict", tokens)
    for name, row in tokens.items():
        assert result[name][-1] == (UNVOICED if row[-1] == UNVOICED else chosen[row[-1]])
        assert result[name][:-1] == plain[name][:-1]
    assert CONCEPTS[-1] == "VOICE_QUALITY"


@pytest.mark.parametrize(
    "chosen",
    [
        {"BREATHY": "PRESSED"},
        dict.fromkeys(TOKENS["VOICE_QUALITY"], "HOARSE"),
        dict.fromkeys(TOKENS["VOICE_QUALITY"], "MODAL") | {"UNVOICED": "MODAL"},
    ],
    ids=["incomplete", "to-no-token", "from-unvoiced"],
)
def test_conflict_refuses_a_voice_quality_map_that_does_not_map_each_token_to_one_of_them(chosen):
    with pytest.raises(ConfigError, match=r"intervention_options\.conflict\.voice_quality: must map each of MODAL, BREATHY"):
        perturb("conflict", distinct(2), options={"voice_quality": chosen})


@fast
@given(tokens=sequences(), chosen=st.sets(st.sampled_from(CONCEPTS), min_size=1))
def test_conflict_leaves_the_concepts_alone_that_are_not_chosen(tokens, chosen):
    whole, part = perturb("conflict", tokens), perturb("conflict", tokens, options={"concepts": sorted(chosen)})
    for name, row in tokens.items():
        expected = [whole[name][place] if concept in chosen else row[place] for place, concept in enumerate(CONCEPTS)]
        assert list(part[name]) == expected
