"""Which words a config may give to a label."""

import pytest
from pydantic import ValidationError

from cuealign.config.entries.answers import Answer
from cuealign.core.validation import mistakes

REFUSED = {
    "": "needs a number of letters of at least 1, but is ''",
    " ": "' ' is only white space; write a word",
    "\u00a0": "is only white space; write a word",
    " sad": "' sad' has white space at its ends; take it away",
    "sad\n": "'sad\\n' has white space at its ends; take it away",
    "so\nso": "'so\\nso' contains a line break or an invisible character (U+000A); take it out",
    "so\tso": "contains a line break or an invisible character (U+0009); take it out",
    "so\u2028so": "contains a line break or an invisible character (U+2028); take it out",
    "sa\u200bd": "contains a line break or an invisible character (U+200B); take it out",
    "s\u200dad": "contains a line break or an invisible character (U+200D); take it out",
    "sad\x00": "contains a line break or an invisible character (U+0000); take it out",
    "<|im_end|>": "<|im_end|> looks like a special token or a tag",
    "<｜end｜>": "<|end|> looks like a special token or a tag",
    "<s>": "'<s>': <s> looks like a special token or a tag, which is no text to a model; write it without",
    "sad</think>": "</think> looks like a special token or a tag",
    "**": "'**' contains no letter or digit, and answers are searched for words; write a word",
    "😊": "contains no letter or digit",
}


@pytest.mark.parametrize("word", REFUSED, ids=repr)
@pytest.mark.parametrize("key", ["word", "synonyms"])
def test_a_word_that_cannot_be_offered_or_found_is_refused_in_one_line(key, word):
    values = {"word": "sad"} | ({"word": word} if key == "word" else {"synonyms": ["sorrow", word]})
    with pytest.raises(ValidationError) as error:
        Answer.model_validate(values)
    (line,) = mistakes(error.value, Answer, where="answers.sad")
    assert line.startswith(f"answers.sad.{'word' if key == 'word' else 'synonyms[1]'}: ")
    assert REFUSED[word] in line


@pytest.mark.parametrize(
    "word",
    [
        "sad",
        "none of these",
        "not happy",
        "wütend",
        "wu\u0308tend",
        "生气",
        "โกรธ",
        "بی\u200cتفاوت",
        "1",
        "C++",
        "<3 days",
        "a < b",
        "[laughter]",
    ],
)
def test_other_words_are_accepted_as_they_are(word):
    answer = Answer(word=word, synonyms=[word])
    assert (answer.word, answer.synonyms) == (word, [word])
