"""Two ways to write a name are one speaker, and a word for nobody is no speaker."""

import logging
import unicodedata

import pandas as pd
import pytest

from cuealign.core.errors import InputError
from cuealign.corpora.identities import look_alikes, names_nobody
from tests.support.corpora import put


def speakers(names: dict[str, str]):
    """A change of the shared corpus: speakers under other names."""
    return lambda table: table.assign(speaker=table["speaker"].astype(str).str.zfill(2).replace(names))


def test_two_unicode_forms_of_a_name_are_one_speaker(build):
    one, other = unicodedata.normalize("NFC", "Jürg"), unicodedata.normalize("NFD", "Jürg")
    assert one != other
    plain = build(speakers({"00": one}))
    mixed = build(lambda table: put(1, "speaker", other)(speakers({"00": one})(table)))
    pd.testing.assert_frame_equal(mixed, plain)
    with pytest.raises(InputError, match="speaker 'Jürg' occurs in several splits"):
        build(speakers({"00": one, "02": other}))


def test_labels_and_splits_of_table_and_config_may_be_in_other_forms(build):
    composed, decomposed = (unicodedata.normalize(form, "fröhlich") for form in ("NFC", "NFD"))
    plain = build()
    for there, here in ((composed, decomposed), (decomposed, composed)):
        built = build(lambda table, there=there: table.replace({"label": {"happy": there}}), label_map={here: "happy"})
        pd.testing.assert_frame_equal(built, plain)
        built = build(lambda table, there=there: table.replace({"split": {"test": there}}), splits={"train": ["train"], "test": [here]})
        assert (built["split"] == composed).sum() == (plain["split"] == "test").sum()


@pytest.mark.parametrize(("character", "name"), [("\u200b", "zero width space"), ("\u00ad", "soft hyphen"), ("\u00a0", "no-break space")])
@pytest.mark.parametrize("column", ["speaker", "label", "split", "language"])
def test_a_character_that_nobody_sees_is_named_with_its_line(build, column, character, name):
    change = put(4, column, f"a{character}b")
    with pytest.raises(InputError) as error:
        build(lambda table: change(table.assign(language="deu")))
    assert "line 6: " in str(error.value)
    assert f"{column} {f'a{character}b'!r} contains U+{ord(character):04X} ({name}), which nobody sees" in str(error.value)


@pytest.mark.parametrize("word", ["Unknown", "unknown", "N/A", "NA", "none", "?", "-", "<unk>", "[Anonymous]"])
def test_a_word_for_nobody_is_refused_with_what_to_do(build, word):
    with pytest.raises(InputError) as error:
        build(lambda table: put(2, "speaker", word)(put(1, "speaker", word)(table)))
    assert f"speaker {word!r} names nobody in 2 rows, first in" in str(error.value)
    assert "unnamed_speakers: separate makes each such utterance a cluster of its own, exclude leaves them out" in str(error.value)


def test_utterances_of_nobody_are_each_a_cluster_of_their_own(build, caplog):
    plain = build()
    with caplog.at_level(logging.WARNING):
        built = build(lambda table: put(11, "speaker", "?")(put(1, "speaker", "?")(table)), unnamed_speakers="separate")
    assert len(built) == len(plain)
    changed = built[built["speaker"].str.startswith("? ")]
    assert changed["speaker"].nunique() == len(changed) == 2
    assert set(changed["split"]) == {"train", "test"}  # so they are not one speaker in two splits
    assert "2 utterances without a named speaker, each a cluster of its own" in caplog.text


def test_utterances_of_nobody_that_are_excluded_are_counted(build, caplog):
    plain = build()
    with caplog.at_level(logging.WARNING):
        built = build(lambda table: put(1, "speaker", "n/a")(table), unnamed_speakers="exclude", all_classes=False)
    assert len(built) == len(plain) - 1
    assert (build.counts["rows"], build.counts["without_speaker"], build.counts["left_out"]) == (12, 1, {})
    assert "1 utterance without a named speaker left out, as unnamed_speakers says" in caplog.text


def test_a_word_can_be_kept_as_a_name(build):
    built = build(speakers({"00": "NA"}), unnamed_speakers="keep")
    assert "NA" in set(built["speaker"])
    assert build.counts["without_speaker"] == 0


def test_speakers_that_differ_in_case_or_width_are_named_but_kept(build, caplog):
    with caplog.at_level(logging.WARNING):
        built = build(speakers({"00": "Anna", "02": "anna"}))
    assert {"Anna", "anna"} < set(built["speaker"])
    assert "speakers 'Anna', 'anna' differ in case or width only; are they one?" in caplog.text


def test_look_alikes_are_grouped():
    assert look_alikes(["Ann", "ann", "\uff21nn", "Bob", "Ünal", "ünal"]) == [["Ann", "ann", "\uff21nn"], ["Ünal", "ünal"]]


def test_names_are_not_taken_for_nobody():
    names = pd.Series(["Nana", "0", "1", "x", "Ann", "unknown01", "spk-1"])
    assert not names_nobody(names).any()
