"""Text of a config can be read by people and held by files, wherever it stands."""

import copy
import json

import pytest
import yaml

from cuealign.config.loading import load
from cuealign.core.errors import ConfigError
from tests.support.config import shipped


@pytest.fixture(scope="module")
def demo() -> dict:
    return shipped()


def at(values, *path):
    for part in path:
        values = values[part]
    return values


TEXTS = [
    ("datasets", "emosynth", "title"),
    ("datasets", "emosynth", "note"),
    ("datasets", "emosynth", "licence"),
    ("datasets", "emosynth", "root"),
    ("models", "cue-tiny", "title"),
    ("models", "cue-tiny", "heading"),
    ("models", "cue-tiny", "obtain"),
    ("prompts", "emotion"),
    ("cue_block",),
    ("answers", "sad", "word"),
    ("intervention_options", "blank", "word"),
]


@pytest.mark.parametrize("half", [[0xD800], [0xDFFF], [0xDE00, 0xD83D], [0xDCE4]], ids=str)
@pytest.mark.parametrize("path", TEXTS, ids=".".join)
def test_half_of_a_character_is_refused_with_its_key(demo, path, half):
    values = copy.deepcopy(demo) | {"intervention_options": {"blank": {}}}
    at(values, *path[:-1])[path[-1]] = f"a{''.join(map(chr, half))}x"
    with pytest.raises(ConfigError) as error:
        load(values)
    assert str(error.value) == (
        f"config: {'.'.join(path)}: contains U+{half[0]:04X}, half of a character, which no file can hold; "
        "write the character itself, or take it out"
    )


def test_half_of_a_character_in_a_key_or_a_list_is_refused(demo):
    values = copy.deepcopy(demo)
    values["models"]["af3"]["training_data"] = {"\ud800": "source"}
    values["answers"]["sad"]["synonyms"] = ["down", "\udc00"]
    with pytest.raises(ConfigError) as error:
        load(values)
    lines = str(error.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["models.af3.training_data.\\ud800", "answers.sad.synonyms[1]"]


@pytest.mark.parametrize("read", [yaml.safe_load, lambda text: yaml.load(text, Loader=yaml.BaseLoader)], ids=["file", "command line"])
def test_both_halves_of_a_character_are_the_character(demo, read):
    """As json.dumps writes an emoji, and as YAML reads that."""
    wanted = {"title": "EmoSynth 😀", "note": "😀", "licence": "𝄞 a"}
    values = copy.deepcopy(demo)
    values["datasets"]["emosynth"] |= read(json.dumps(wanted))
    values["models"]["cue-tiny"]["training_data"] = read(json.dumps({"😀": "🎵"}))
    settings = load(values)
    corpus = settings.datasets["emosynth"]
    assert {key: getattr(corpus, key) for key in wanted} == wanted
    assert settings.models["cue-tiny"].training_data == {"😀": "🎵"}
    json.dumps(settings.model_dump(mode="json"), ensure_ascii=False).encode("utf-8")


def test_a_list_that_contains_itself_is_one_mistake(demo):
    endless = []
    endless.append(endless)
    with pytest.raises(ConfigError, match=r"config: cue_block\[0\]: contains itself by an alias"):
        load(copy.deepcopy(demo) | {"cue_block": endless})


@pytest.mark.parametrize("character", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200E, 0x2060, 0xFEFF, 0xAD, 0x7], ids=hex)
@pytest.mark.parametrize("path", [path for path in TEXTS if path[-1] in ("title", "note", "licence", "heading", "obtain")], ids=".".join)
def test_a_character_that_nobody_sees_is_refused_in_what_people_read(demo, path, character):
    values = copy.deepcopy(demo)
    at(values, *path[:-1])[path[-1]] = f"a{chr(character)}b"
    with pytest.raises(ConfigError, match=rf"^config: {'.'.join(path)}: contains U\+{character:04X} \([a-z -]+\), which nobody sees"):
        load(values)


def test_a_character_that_nobody_sees_is_refused_in_labels_and_training_data(demo):
    values = copy.deepcopy(demo)
    values["datasets"]["emosynth"]["labels"] = ["sad", "an\u200bgry"]
    values["models"]["af3"]["training_data"] = {"a\u202e": "source"}
    with pytest.raises(ConfigError) as error:
        load(values)
    assert str(error.value).splitlines() == [
        "config: datasets.emosynth.labels[1]: 'an\\u200bgry' contains a line break or an invisible character (U+200B); take it out",
        "config: models.af3.training_data.a\\u202e: contains U+202E (right-to-left override), which nobody sees; take it out",
    ]


@pytest.mark.parametrize("title", ["\u3164", "\u2800 \u2800", "\u034f", "\u115f\u1160", " \u00a0\u3000", "\ufe0f"], ids=ascii)
def test_a_title_with_nothing_to_see_is_empty(demo, title):
    values = copy.deepcopy(demo)
    values["models"]["cue-tiny"]["title"] = title
    with pytest.raises(ConfigError, match=r"^config: models\.cue-tiny\.title: is empty, or nobody sees what it holds; write a text$"):
        load(values)


@pytest.mark.parametrize(
    "title", ["LISTENER (cues)", "Ｌistener (cues)", "Listener\u00a0(cues)", "Listener  (cues)\u3164", "Lı\u034fstener (cues)"]
)
def test_titles_that_look_alike_are_one_title(demo, title):
    values = copy.deepcopy(demo)
    values["models"]["listener-cues"]["title"] = "Listener (cues)" if "ı" not in title else "Lıstener (cues)"
    values["models"]["cue-tiny"]["title"] = title
    with pytest.raises(ConfigError, match=r"is the title of [a-z-]+ too; tables need titles of their own$"):
        load(values)


@pytest.mark.parametrize("title", ["می\u200cخواهم", "👩\u200d💻", "क्\u200dष", "❤\ufe0f", "Ünï"])
def test_letters_and_signs_of_any_script_are_a_title(demo, title):
    values = copy.deepcopy(demo)
    values["models"]["cue-tiny"] |= {"title": title, "heading": title}
    assert load(values).models["cue-tiny"].title == title
