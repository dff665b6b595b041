"""How a label is read from an answer: against a reader that cuts the answer into words."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import INVALID
from cuealign.prompts.answers import AnswerParser

SYNONYMS = {
    "happy": ["happy", "happiness", "joyful"],
    "sad": ["sad", "sadness"],
    "angry": ["angry", "anger", "mad"],
    "neutral": ["neutral", "calm"],
}
WORDS = [(label, word) for label, words in SYNONYMS.items() for word in words]
PARSE = AnswerParser(SYNONYMS)


def label_by_rule(answer: str) -> str:
    """Cut the answer into its words, and see which labels they name."""
    words, word = [], ""
    for character in answer.lower() + " ":
        if character.isalnum():
            word += character
        else:
            words.append(word)
            word = ""
    named = {label for label, synonym in WORDS if synonym in words}
    return named.pop() if len(named) == 1 else INVALID


pieces = st.sampled_from(
    [word for _, word in WORDS] + ["the", "speaker", "un", "ly", "not", "er", "é", "7", " ", " ", " ", ". ", ", ", "!", "\n", '"', "**"]
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(pieces, max_size=7), upper=st.sets(st.integers(0, 6)))
def test_answer_equals_brute_force_on_answers_made_of_labels_words_and_punctuation(parts, upper):
    answer = "".join(part.upper() if index in upper else part for index, part in enumerate(parts))
    assert PARSE(answer) == label_by_rule(answer)


@pytest.mark.parametrize(("label", "word"), WORDS)
def test_word_names_its_label_in_any_case_and_punctuation(label, word):
    for written in (word, word.upper(), word.capitalize(), word.swapcase(), word[0] + word[1:].upper()):
        for frame in ("{}", " {} ", "{}.", "{}!", '"{}"', "({})", "**{}**", "The speaker is {}, I think.", "Answer:\n{}\n", "emotion:{};"):
            assert PARSE(frame.format(written)) == label


@pytest.mark.parametrize(("label", "word"), WORDS)
def test_word_within_a_longer_word_names_nothing(label, word):
    for frame in ("un{}", "{}x", "x{}x", "{}7", "é{}", "{}ü"):
        assert PARSE(frame.format(word)) == INVALID
        other = next(other for other, _ in WORDS if other != label)
        assert PARSE(f"{frame.format(word)} {other}") == other  # the other label is still found


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(SYNONYMS, 2)))
def test_answer_that_names_several_labels_is_invalid(first, second):
    for one, two in itertools.product(SYNONYMS[first], SYNONYMS[second]):
        assert PARSE(f"{one} or {two}") == INVALID
        assert PARSE(f"{one}, {one} and {two.upper()}") == INVALID


@pytest.mark.parametrize("label", SYNONYMS)
def test_label_named_twice_or_by_several_words_counts_once(label):
    assert PARSE(", ".join(SYNONYMS[label] * 2)) == label


@pytest.mark.parametrize(
    "answer", ["", " ", "\n", ".", "I cannot tell.", "unhappy", "happyness", "madam", "sadly", "angrily", "h a p p y"], ids=repr
)
def test_answer_that_names_no_label_is_invalid(answer):
    assert PARSE(answer) == INVALID


@settings(max_examples=200, deadline=None)
@example(answer="\u017fad")  # a long s: its casefold is s, its lower case is not
@example(answer="happ\u0131ness")  # a dotless i: lower case already
@given(answer=st.text(max_size=30))
def test_any_answer_gives_a_label_or_invalid_and_no_error(answer):
    assert PARSE(answer) in {*SYNONYMS, INVALID}


@pytest.mark.parametrize(
    "synonyms",
    [
        {"happy": ["glad"], "sad": ["glad"]},
        {"happy": ["glad", "happy"], "sad": ["sad", "Glad"]},
        {"a": ["one"], "b": ["two"], "c": ["three", "ONE"]},
    ],
)
def test_word_that_stands_for_two_labels_is_refused(synonyms):
    with pytest.raises(ConfigError):
        AnswerParser(synonyms)


def test_word_given_twice_for_the_same_label_is_accepted():
    assert AnswerParser({"happy": ["glad", "Glad"], "sad": ["sad"]})("GLAD") == "happy"
