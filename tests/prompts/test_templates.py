"""Templates of prompts and captions."""

import pytest
from hypothesis import given

from cuealign.core.errors import ConfigError
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CaptionTemplate, PromptTemplate, parse_template
from tests.support.token_sequences import TEMPLATE, fast, token_mappings

QUESTION = PromptTemplate("Which emotion: {labels}?", TEMPLATE)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["happy", "sad"], "happy or sad"),
        (["a", "b", "c"], "a, b or c"),
        (["anger", "joy", "sadness", "calm"], "anger, joy, sadness or calm"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_labels_are_joined_by_commas_and_or(labels, text):
    assert QUESTION.render(labels, "") == f"Which emotion: {text}?"


@fast
@given(tokens=token_mappings)
def test_rendered_prompt_ends_with_the_block_on_its_own_line_and_is_read_back(tokens):
    block = TEMPLATE.serialise(tokens)
    prompt = QUESTION.render(["a", "b", "c"], block)
    assert prompt == f"Which emotion: a, b or c?\n{block}"
    assert TEMPLATE.parse(prompt) == tokens


def test_prompt_without_cues_has_no_block_and_no_empty_line():
    prompt = QUESTION.render(["a", "b"], "")
    assert prompt == "Which emotion: a or b?"
    assert TEMPLATE.parse(prompt) is None


@pytest.mark.parametrize("instruction", ["Which emotion?", "{labels} {labels}", "{labels} {ENERGY}", "{labels", "{}"])
def test_instruction_without_labels_once_is_refused(instruction):
    with pytest.raises(ConfigError):
        PromptTemplate(instruction, TEMPLATE)


CAPTION = CaptionTemplate("this person is {label}.", TEMPLATE)


@fast
@given(tokens=token_mappings)
def test_captions_are_one_line_per_label_and_each_ends_with_the_block(tokens):
    block = TEMPLATE.serialise(tokens)
    assert CAPTION.render(["happy", "sad"], block) == f"this person is happy. {block}\nthis person is sad. {block}"
    assert CAPTION.render(["happy", "sad"], "") == "this person is happy.\nthis person is sad."


@pytest.mark.parametrize(
    "caption", ["no field", "{label} {label}", "{label} {labels}", "{label\nx", "{label}\nx", "{label:>9}", "{label!r}"]
)
def test_caption_that_is_not_one_line_with_the_label_once_is_refused(caption):
    with pytest.raises(ConfigError):
        CaptionTemplate(caption, TEMPLATE)


def test_words_of_captions_stand_for_labels_and_those_of_answers_for_the_others():
    labels = [Label("angry", "cross"), Label("happy", "glad")]
    template = parse_template(CAPTION.caption, TEMPLATE, {"angry": "anger"})
    assert template.words(labels) == ["anger", "glad"]
    assert CAPTION.words(labels) == QUESTION.words(labels) == ["cross", "glad"]
    with pytest.raises(ConfigError, match=r"only captions, with \{label\}, have words of their own; set datasets.<id>.answers"):
        parse_template(QUESTION.instruction, TEMPLATE, {"angry": "anger"})


def test_text_with_the_field_label_is_a_caption_and_any_other_an_instruction():
    assert parse_template(CAPTION.caption, TEMPLATE) == CAPTION
    assert parse_template(QUESTION.instruction, TEMPLATE) == QUESTION
    with pytest.raises(ConfigError, match=r"must contain \{labels\} once"):
        parse_template("Which emotion?", TEMPLATE)
