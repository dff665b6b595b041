"""blank: the form of a cue block without its content."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cuealign.core.errors import ConfigError, InputError
from cuealign.core.schema import TOKEN_SEQUENCES, blank_tokens, read_tokens, tokens_schema
from cuealign.core.validation import NONE_AS_TEXT
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, is_blank_word
from cuealign.interventions import INTERVENTIONS
from cuealign.interventions.apply import apply_intervention
from cuealign.prompts.templates import CueBlockTemplate
from tests.prompts.test_cue_blocks import literals, template_text
from tests.support.token_sequences import TEMPLATE, distinct, fast, perturb, sequences, sequences_of, table_of

WORD = INTERVENTIONS.options("blank", {}, "").word

words = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=8).filter(
    lambda word: is_blank_word(word) and word not in NONE_AS_TEXT
)


def blank(tokens, template=TEMPLATE, **options):
    return apply_intervention("blank", table_of(tokens), template, dataset="d", split="s", p="0", seed="0", options=options)


@fast
@given(tokens=sequences(), word=words)
def test_every_token_becomes_the_word_and_every_block_the_same(tokens, word):
    table = blank(tokens, word=word)
    assert set(sequences_of(table).values()) == {(word,) * 6}
    assert set(table["cue_block"]) == {"Cues: " + "; ".join(f"{concept}={word}" for concept in CONCEPTS)}


def test_without_an_option_the_word_is_one_that_says_nothing():
    assert is_blank_word(WORD)
    assert perturb("blank", distinct(2)) == {"u000": (WORD,) * 6, "u001": (WORD,) * 6}


@settings(max_examples=150, deadline=None)
@example(text="{{" + TEMPLATE.text + "}}", word="x", before="")
@example(text="".join(f"{{{concept}}}" for concept in CONCEPTS), word="aa", before="")
@example(text="a".join(f"{{{concept}}}" for concept in CONCEPTS), word="aa", before="aaa")
@given(
    text=st.builds(template_text, st.permutations(CONCEPTS), st.lists(literals, min_size=7, max_size=7)),
    word=words,
    before=st.text(max_size=20),
)
def test_a_blank_block_of_every_template_can_be_read_back(text, word, before):
    try:
        template = CueBlockTemplate(text)
    except ConfigError:
        return
    (block,) = set(blank(distinct(2), template, word=word)["cue_block"])
    assert template.parse(block) == dict.fromkeys(CONCEPTS, word)
    assert template.parse(f"{before}\n{block}") == dict.fromkeys(CONCEPTS, word)


def test_a_block_in_which_two_words_stand_or_a_token_and_a_word_is_not_read():
    whole = dict.fromkeys(CONCEPTS, WORD)
    for concept in CONCEPTS:
        for other in (WORD + "X", WORD.lower(), TOKENS[concept][0]):
            assert TEMPLATE.parse(TEMPLATE.serialise(whole | {concept: other})) is None


@pytest.mark.parametrize(
    "word",
    [
        *("", " ", "two words", "under_score", "a;b", "{PITCH}", "W1", "line\nbreak", "-"),
        *("LOW", "low", "VERY", "very_low", "Mid", "QUALITY", "Pitch", UNVOICED),
    ],
    ids=repr,
)
def test_what_is_no_word_or_has_a_meaning_in_the_block_is_refused(word):
    with pytest.raises(ConfigError, match=r"^intervention_options\.blank\.word: must be one word of letters only"):
        INTERVENTIONS.options("blank", {"word": word}, "intervention_options.blank")


@fast
@given(tokens=sequences(), word=words)
def test_its_table_survives_the_disk_as_a_table_of_tokens_of_its_own_kind(tokens, word, tmp_path_factory):
    path = tmp_path_factory.mktemp("blank") / "t.parquet"
    table = blank(tokens, word=word)
    assert tokens_schema(table) == blank_tokens(word)
    tokens_schema(table).write(table, path)
    assert read_tokens(path).to_dict("list") == table.to_dict("list")
    with pytest.raises(InputError, match="ENERGY is"):
        TOKEN_SEQUENCES.check(table, "tokens of a corpus")


def test_a_table_that_is_blank_in_part_is_refused():
    table = blank(distinct(3))
    table.loc[1, "PITCH"] = "LOW"
    with pytest.raises(InputError, match=f"row 0: ENERGY is '{WORD}', not one of VERY_LOW"):
        tokens_schema(table).check(table, "here")
