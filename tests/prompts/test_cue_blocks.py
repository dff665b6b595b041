"""Cue blocks: how six tokens are written as one line, and read back."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import CONCEPTS
from cuealign.prompts.templates import CueBlockTemplate
from tests.support.token_sequences import STATES, TEMPLATE, fast, token_mappings

EXAMPLE = dict(zip(CONCEPTS, ("VERY_LOW", "HIGH", "MID", "DYNAMIC", "UNVOICED", "BREATHY"), strict=True))


def test_serialise_writes_each_token_where_its_concept_stood():
    assert TEMPLATE.serialise(EXAMPLE) == (
        "Cues: ENERGY=VERY_LOW; PITCH=HIGH; BRIGHTNESS=MID; DYNAMICS=DYNAMIC; FORMANTS=UNVOICED; VOICE_QUALITY=BREATHY"
    )


def test_parse_is_the_inverse_of_serialise_on_every_combination_of_tokens():
    for tokens in itertools.product(*STATES.values()):
        mapping = dict(zip(CONCEPTS, tokens, strict=True))
        assert TEMPLATE.parse(TEMPLATE.serialise(mapping)) == mapping


literals = st.lists(st.sampled_from([*"aZ09 _=,;:.*+?()[]|\\^$#-/'\"é·\t", "{{", "}}"]), max_size=4).map("".join)


def template_text(order, separators) -> str:
    parts = [part for separator, concept in zip(separators, order, strict=False) for part in (separator, f"{{{concept}}}")]
    return "".join([*parts, separators[-1]])


@settings(max_examples=150, deadline=None)
@example(text="{{" + TEMPLATE.text + "}}", tokens=EXAMPLE, before="")
@example(text=TEMPLATE.text.replace("{PITCH}", "{PITCH:>12}"), tokens=EXAMPLE, before="")
@example(text=TEMPLATE.text.replace("{PITCH}", "{PITCH!r}"), tokens=EXAMPLE, before="")
@given(
    text=st.builds(template_text, st.permutations(CONCEPTS), st.lists(literals, min_size=7, max_size=7)),
    tokens=token_mappings,
    before=st.text(max_size=20),
)
def test_every_template_that_is_not_refused_can_be_read_back(text, tokens, before):
    try:
        template = CueBlockTemplate(text)
    except ConfigError:
        return
    block = template.serialise(tokens)
    assert template.parse(block) == tokens
    assert template.parse(f"{before}\n{block}") == tokens


@fast
@given(
    separators=st.lists(literals.filter(lambda text: "{" not in text and "}" not in text), min_size=7, max_size=7),
    order=st.permutations(CONCEPTS),
)
def test_template_with_each_concept_once_is_accepted_with_any_text_between(separators, order):
    template = CueBlockTemplate(template_text(order, separators))
    expected = "".join(part for separator, concept in zip(separators, order, strict=False) for part in (separator, EXAMPLE[concept]))
    assert template.serialise(EXAMPLE) == expected + separators[-1]


@fast
@given(tokens=token_mappings, before=st.text(max_size=20))
def test_block_is_read_only_at_the_end_of_a_prompt_and_on_a_separate_line(tokens, before):
    block = TEMPLATE.serialise(tokens)
    assert TEMPLATE.parse(f"{before}\n{block}") == tokens
    assert TEMPLATE.parse(f"{before} {block}") is None
    assert TEMPLATE.parse(f"{block}\n{before}.") is None
    assert TEMPLATE.parse(block[:-1]) is None


@pytest.mark.parametrize("after", [" ", ".", "S", "\n", "\nAnswer:", "\n\n"], ids=repr)
def test_block_that_something_follows_is_not_read(after):
    assert TEMPLATE.parse(TEMPLATE.serialise(EXAMPLE) + after) is None


def test_of_two_blocks_the_last_is_read():
    other = dict.fromkeys(CONCEPTS, "MID") | {"VOICE_QUALITY": "MODAL"}
    assert TEMPLATE.parse(TEMPLATE.serialise(other) + "\n" + TEMPLATE.serialise(EXAMPLE)) == EXAMPLE


@pytest.mark.parametrize("concept", CONCEPTS)
def test_word_that_is_not_a_token_of_its_concept_is_not_read(concept):
    known = set(itertools.chain.from_iterable(STATES.values()))
    for word in [*sorted(known), "", "mid", "EXTREME", "."]:
        text = TEMPLATE.text.format(**(EXAMPLE | {concept: word}))
        assert TEMPLATE.parse(text) == (EXAMPLE | {concept: word} if word in STATES[concept] else None)


@pytest.mark.parametrize("prompt", ["", "\n", "Cues:", "What does the speaker feel?", TEMPLATE.text], ids=repr)
def test_prompt_without_a_block_reads_as_none(prompt):
    assert TEMPLATE.parse(prompt) is None


@pytest.mark.parametrize("concept", CONCEPTS)
def test_template_that_lacks_or_doubles_a_concept_is_refused(concept):
    with pytest.raises(ConfigError):
        CueBlockTemplate(TEMPLATE.text.replace(f"{{{concept}}}", concept))
    with pytest.raises(ConfigError):
        CueBlockTemplate(f"{TEMPLATE.text} {{{concept}}}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEMPLATE.text + "\n",
        TEMPLATE.text.replace("; ", "\n"),
        TEMPLATE.text + "{",
        TEMPLATE.text + "}",
        TEMPLATE.text.replace("{PITCH}", "{PITCH"),
        TEMPLATE.text.replace("{PITCH}", "PITCH}"),
        TEMPLATE.text.replace("{PITCH}", "{pitch}"),
        TEMPLATE.text + " {}",
        TEMPLATE.text + " {RHYTHM}",
    ],
    ids=repr,
)
def test_template_with_several_lines_or_wrong_fields_is_refused(text):
    with pytest.raises(ConfigError):
        CueBlockTemplate(text)
