"""Labels and the words by which they are read."""

from cuealign.config.entries.answers import Answer
from cuealign.prompts.answers import answer_parser
from cuealign.prompts.labels import label_words
from tests.support.prompts import LABELS

ANSWERS = {label.name: Answer(word=label.word) for label in LABELS}


def test_labels_carry_their_words_in_the_order_of_the_dataset():
    assert label_words(ANSWERS) == LABELS


def test_the_word_and_the_synonyms_of_a_label_are_read_as_it():
    parse = answer_parser({"joy": Answer(word="happy", synonyms=["glad", "cheerful"]), "sadness": Answer(word="sad")})
    assert [parse(answer) for answer in ("Happy.", "glad", "cheerful!", "sad", "joy")] == ["joy", "joy", "joy", "sadness", "INVALID"]
