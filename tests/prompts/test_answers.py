"""How a label is read from an answer: against a reader that cuts the answer into words."""

import itertools
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cuealign.config.entries.answers import Answer
from cuealign.core.errors import ConfigError
from cuealign.core.vocabulary import INVALID
from cuealign.prompts.answers import AnswerParser, answer_parser
from tests.support.config import shipped

SYNONYMS = {
    "happy": ["happy", "happiness", "joyful"],
    "sad": ["sad", "sadness"],
    "angry": ["angry", "anger", "mad"],
    "neutral": ["neutral", "calm"],
}
WORDS = [(label, word) for label, words in SYNONYMS.items() for word in words]
PARSE = AnswerParser(SYNONYMS)

SHIPPED = {name: Answer(**answer) for name, answer in shipped()["answers"].items()}
PARSE_SHIPPED = answer_parser(SHIPPED)
MANY_SCRIPTS = {
    "angry": ["wütend", "生气", "โกรธ", "분노", "гнев", "غاضب", "怒り"],
    "happy": ["fröhlich", "高兴", "มีความสุข", "기쁨", "खुश", "χαρά", "בי\u05b4ש"],
    "none": ["none of these", "keines davon"],
}
PARSE_MANY_SCRIPTS = AnswerParser(MANY_SCRIPTS)
EVERY_WORD = [
    *((PARSE_SHIPPED, name, word) for name, answer in SHIPPED.items() for word in (answer.word, *answer.synonyms)),
    *((PARSE_MANY_SCRIPTS, name, word) for name, words in MANY_SCRIPTS.items() for word in words),
]


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
    [word for _, word in WORDS] + ["the", "speaker", "ur", "ly", "er", "é", "7", "_", " ", " ", " ", ". ", ", ", "!", "\n", '"', "**"]
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


FRAMES = [
    *(
        "{}",
        "{}.",
        "_{}_",
        "__{}__",
        "*{}*",
        "***{}***",
        "`{}`",
        "```\n{}\n```",
        "# {}",
        "- {}",
        "1. {}",
        "> {}",
        "[{}]",
        "<answer>{}</answer>",
    ),
    *(
        '{{"emotion": "{}"}}',
        "{{'emotion': '{}'}}",
        "“{}”",
        "‘{}’",
        "«{}»",
        "「{}」",
        "（{}）",
        "答案：{}。",
        "Answer: {}",
        "\\boxed{{{}}}",
        "¨{}¨",
    ),
    *("\u00a0{}\u00a0", "\u3000{}\u2003", "\ufeff{}", "\u200e{}\u200f", "é {} é", "label_{}", "❤️{}", "The\u00a0speaker\u202fis\u00a0{}."),
]


@pytest.mark.parametrize("frame", FRAMES)
def test_every_word_reads_as_its_label_in_any_spelling_and_markup(frame):
    for parse, label, word in EVERY_WORD:
        for cased in {word, word.upper(), word.title(), word.swapcase()}:
            for form in ("NFC", "NFD", "NFKD"):
                assert parse(frame.format(unicodedata.normalize(form, cased))) == label, (frame, word)
        wide = "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in word)
        assert parse(frame.format(wide)) == label, (frame, word)


punctuation = st.text(st.characters(categories=["P", "S", "Z"], exclude_characters="_"), max_size=4)
format_characters = st.text(st.characters(categories=["Cf"]), min_size=1, max_size=2)


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(EVERY_WORD), before=punctuation, after=punctuation)
@example(which=(PARSE, "sad", "sad"), before="\u2017", after="\u00b4")  # NFKC writes these as a mark on a space
def test_every_word_reads_as_its_label_between_any_punctuation(which, before, after):
    parse, label, word = which
    # Some symbols are letters or digits in another form, such as the circled 1.
    if not any(map(str.isalnum, unicodedata.normalize("NFKC", before + after))):
        assert parse(f"{before}{word}{after}") == label


answers = st.text(st.sampled_from("sad unhappy wütend nicht not, 生气不โกรธ분노.\n"), max_size=20) | st.sampled_from(
    ["The speaker is not angry.", "Angry? No.", "neither happy nor sad, but neutral", "Nicht wütend.", "他不生气", "angry: no\nhappy: yes"]
)


@settings(max_examples=300, deadline=None)
@given(answer=answers, invisible=format_characters, data=st.data())
def test_format_characters_and_normal_forms_do_not_change_the_reading(answer, invisible, data):
    at = data.draw(st.integers(0, len(answer)))
    for parse in (PARSE_SHIPPED, PARSE_MANY_SCRIPTS):
        assert parse(answer[:at] + invisible + answer[at:]) == parse(answer)
        assert parse(unicodedata.normalize("NFD", answer)) == parse(answer)


@settings(max_examples=300, deadline=None)
@given(answer=st.text(st.characters(exclude_characters="hsamncHSAMNC"), max_size=40).filter(lambda text: text.isascii()))
@example(answer="not, no, neither (but) ...")
def test_an_answer_without_any_word_of_a_label_is_invalid(answer):
    assert PARSE(answer) == INVALID


@pytest.mark.parametrize(("label", "word"), WORDS)
def test_word_within_a_longer_word_names_nothing(label, word):
    for frame in ("un{}", "{}x", "x{}x", "{}7", "é{}", "{}ü", "{}\u0301", "{}n\u0303", "e\u0301{}", "я{}", "{}α"):
        assert PARSE(frame.format(word)) == INVALID
        other = next(other for other, _ in WORDS if other != label)
        assert PARSE(f"{frame.format(word)} {other}") == other  # the other label is still found


SCRIPTS = {
    "说话人的情绪是angry。": "angry",
    "情感为happy": "happy",
    "感情はsadです": "sad",
    "감정은 angry입니다": "angry",
    "ผู้พูดangry": "angry",
    "ผู้พูดรู้สึกangryมาก": "angry",
    "说话人很生气。": "angry2",
    "ผู้พูดโกรธ": "angry2",
    "ผู้พูดโกรธมาก": "angry2",
    "분노": "angry2",
    "그의 분노입니다.": "angry2",
    "대분노": INVALID,
    "분노 3": "angry2",
    "सब खुश हैं": "happy2",
    "खुशी": INVALID,  # joy: a mark follows
    "нерадость": INVALID,
    "Радость.": "happy2",
    "радостью": INVALID,
    "радостьsad": INVALID,
    "A生气B": "angry2",
    "悲しみsad悲しみ": "sad",
    "sad\u0301": INVALID,
    "sad\u200d": "sad",
}


@pytest.mark.parametrize("answer", SCRIPTS)
def test_words_end_as_their_script_demands(answer):
    parse = AnswerParser(
        {
            **{label: [label] for label in ("angry", "happy", "sad")},
            "angry2": ["愤怒", "生气", "โกรธ", "분노"],
            "happy2": ["खुश", "радость"],
        }
    )
    assert parse(answer) == SCRIPTS[answer]


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(SYNONYMS, 2)))
def test_answer_that_names_several_labels_is_invalid(first, second):
    for one, two in itertools.product(SYNONYMS[first], SYNONYMS[second]):
        assert PARSE(f"{one} or {two}") == INVALID
        assert PARSE(f"{one}, {one} and {two.upper()}") == INVALID


@pytest.mark.parametrize("label", SYNONYMS)
def test_label_named_twice_or_by_several_words_counts_once(label):
    assert PARSE(", ".join(SYNONYMS[label] * 2)) == label


@pytest.mark.parametrize(
    "answer",
    ["", " ", "\n", ".", "I cannot tell.", "unhappy", "happyness", "madam", "madness", "sadly", "angrily", "h a p p y", "\\nangry"],
    ids=repr,
)
def test_answer_that_names_no_label_is_invalid(answer):
    assert PARSE(answer) == INVALID


@settings(max_examples=200, deadline=None)
@example(answer="\u017fad")  # a long s: its casefold is s, its lower case is not
@example(answer="happ\u0131ness")  # a dotless i: lower case already
@example(answer="\ud800 sad")
@given(answer=st.text(max_size=30))
def test_any_answer_gives_a_label_or_invalid_and_no_error(answer):
    assert PARSE(answer) in {*SYNONYMS, INVALID}


PHRASES = {
    "none of these": "rest",
    "None of these.": "rest",
    "none\u00a0of  these": "rest",
    "none_of_these": "rest",
    "none\nof these": "rest",
    "None of these: not angry.": "rest",
    "none of those": INVALID,
    "not happy": "sad",
    "She is NOT\nhappy.": "sad",
    "she isn't not happy": INVALID,
    "never happy": INVALID,
    "happy": "happy",
    "no doubt": INVALID,
    "doubt": "doubt",
}


@pytest.mark.parametrize("answer", PHRASES)
def test_a_phrase_with_a_negator_wins_over_the_words_in_it(answer):
    parse = AnswerParser(
        {"sad": ["sad", "not happy"], "happy": ["happy"], "rest": ["none of these"], "doubt": ["doubt"], "angry": ["angry"]}
    )
    assert parse(answer) == PHRASES[answer]


@pytest.mark.parametrize(
    "synonyms",
    [
        {"happy": ["glad"], "sad": ["glad"]},
        {"happy": ["glad", "happy"], "sad": ["sad", "Glad"]},
        {"a": ["one"], "b": ["two"], "c": ["three", "ONE"]},
        {"a": ["wütend"], "b": ["wu\u0308tend"]},
        {"a": ["glad"], "b": ["ｇｌａｄ"]},
        {"a": ["so so"], "b": ["so_so"]},
        {"a": ["it's"], "b": ["it’s"]},
    ],
)
def test_word_that_stands_for_two_labels_is_refused(synonyms):
    with pytest.raises(ConfigError, match="stands for both"):
        AnswerParser(synonyms)


@pytest.mark.parametrize("word", ["", " ", "**", "\u200b", "\u3164", "_"])
def test_word_without_a_letter_is_refused(word):
    with pytest.raises(ConfigError, match="no letter or digit"):
        AnswerParser({"sad": ["sad", word]})


def test_word_given_twice_for_the_same_label_is_accepted():
    assert AnswerParser({"happy": ["glad", "Glad"], "sad": ["sad"]})("GLAD") == "happy"


def test_without_labels_every_answer_is_invalid():
    assert AnswerParser({})("sad") == INVALID


@pytest.mark.parametrize(
    "unit", ["angry, ", "not sad ", "angry. No ", "not ", ", a", "(", "\n", "no any ", "' ", "too a ", "sad, x", "a b, ", "e.g."]
)
def test_answers_that_repeat_forever_are_read_in_time(unit):
    assert PARSE(unit * 20_000 + "neutral") in {*SYNONYMS, INVALID}
