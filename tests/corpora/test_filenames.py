"""A corpus that is described by its file names alone: RAVDESS, by the entry that ships with the project."""

import logging
import os

import pytest

from cuealign.config.loading import load
from cuealign.core.errors import ConfigError, InputError
from cuealign.corpora.readers import READERS
from cuealign.corpora.release import visible
from tests.support.config import changed, merge, shipped
from tests.support.corpora import build_corpus, describe
from tests.support.sound import tone, write


@pytest.fixture
def ravdess(tmp_path):
    """Four actors with four emotions each; beside them an emotion that is not used, a song, and the companion of an archive."""
    for number in range(16):
        actor, emotion = 1 + number // 4 * 7, ("05", "03", "01", "04")[number % 4]
        write(tmp_path / f"Actor_{actor:02d}/03-01-{emotion}-01-01-01-{actor:02d}.wav", tone(0.3, seed=number))
    write(tmp_path / "Actor_01/03-01-08-01-01-01-01.wav", tone(0.3))
    write(tmp_path / "Actor_01/03-02-05-01-01-01-01.wav", tone(0.3))
    (tmp_path / "Actor_01/._03-01-05-01-01-01-01.wav").write_bytes(b"x")
    return load(merge(shipped(), {"datasets": {"ravdess": {"root": str(tmp_path)}}})).datasets["ravdess"]


def test_file_names_give_speaker_gender_label_and_split(ravdess):
    entry = changed(ravdess, tokens={"gender_specific": ["PITCH"]})
    built, counts = build_corpus(entry)
    assert len(built) == 16
    assert built.groupby("speaker")["gender"].first().to_dict() == {"01": "male", "08": "female", "15": "male", "22": "female"}
    row = built.set_index("utterance").loc["Actor_08/03-01-03-01-01-01-08"]
    assert (row.label, row.split, row.language) == ("happy", "08", "eng")
    assert counts["left_out"] == {"08": 1}


def test_a_file_name_that_does_not_fit_is_named(ravdess, tmp_path):
    write(tmp_path / "Actor_01/03-01-x.wav", tone(0.3))
    with pytest.raises(InputError, match=r"file '.*03-01-x\.wav' does not match the pattern of speaker"):
        build_corpus(ravdess)


def test_a_pattern_without_files_and_a_missing_folder_are_named(ravdess, tmp_path):
    with pytest.raises(InputError, match=r"no file matches '\*\.ogg' \(options\.files\)"):
        build_corpus(changed(ravdess, options={"files": "*.ogg"}))
    with pytest.raises(InputError, match="there is no such folder"):
        build_corpus(changed(ravdess, root=str(tmp_path / "gone")))


@pytest.mark.parametrize("pattern", ["", "/data/*.wav"])
def test_a_pattern_must_be_relative(pattern):
    with pytest.raises(ConfigError, match=r"datasets\.d\.options\.files: "):
        READERS.options("filenames", {"files": pattern}, "datasets.d.options")


def test_another_file_changes_the_listing(ravdess, tmp_path):
    reader = READERS.module("filenames")
    before = reader.listing(ravdess)
    assert len(before) == 17
    assert "Actor_22/03-01-04-01-01-01-22.wav" in before
    write(tmp_path / "Actor_01/03-01-05-02-01-01-01.wav", tone(0.3))
    assert set(reader.listing(ravdess)) == {*before, "Actor_01/03-01-05-02-01-01-01.wav"}
    assert reader.sources(ravdess) == []


def test_a_file_name_that_is_not_utf_8_is_named(dataset, tmp_path):
    write(tmp_path / "a.wav", tone(0.1)).rename(tmp_path / os.fsdecode(b"x\xfc.wav"))
    with pytest.raises(InputError, match=r"the name of x\\udcfc\.wav is not UTF-8; rename it"):
        build_corpus(changed(dataset, reader="filenames", root=str(tmp_path)))


def test_linked_folders_are_followed(tmp_path):
    write(tmp_path / "elsewhere/b.wav", tone(0.1))
    (tmp_path / "root").mkdir()
    (tmp_path / "root/linked").symlink_to(tmp_path / "elsewhere")
    assert [path.name for path in visible(tmp_path / "root", "**/*.wav")] == ["b.wav"]


def test_endings_match_in_any_case(ravdess, tmp_path):
    for number, path in enumerate(sorted(tmp_path.glob("Actor_08/*.wav"))):
        path.rename(path.with_suffix((".WAV", ".Wav")[number % 2]))
    assert len(build_corpus(ravdess)[0]) == 16


def test_no_file_is_read_twice_through_links(ravdess, tmp_path, caplog):
    plain, counts = build_corpus(ravdess)
    (tmp_path / "Actor_01/back").symlink_to(tmp_path, target_is_directory=True)
    with caplog.at_level(logging.WARNING):
        linked, linked_counts = build_corpus(ravdess)
    assert linked["utterance"].tolist() == plain["utterance"].tolist()
    assert linked_counts["rows"] == counts["rows"]
    assert "files a second time, such as Actor_01/back/" in caplog.text


def test_a_linked_folder_outside_of_the_root_is_followed(ravdess, tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (tmp_path / "Actor_08").rename(elsewhere / "Actor_08")
    (tmp_path / "Actor_08").symlink_to(elsewhere / "Actor_08", target_is_directory=True)
    assert len(build_corpus(ravdess)[0]) == 16


def test_a_dangling_link_or_a_pipe_that_matches_is_no_lost_utterance(ravdess, tmp_path):
    (tmp_path / "Actor_01/03-01-05-01-01-01-01.wav.wav").symlink_to(tmp_path / "gone.wav")
    os.mkfifo(tmp_path / "Actor_01/03-01-05-01-01-02-01.wav")
    with pytest.raises(InputError, match=r"matches what is no file: 2 problems") as error:
        describe(ravdess)
    assert f"is a link to {tmp_path}/gone.wav, which does not exist" in str(error.value)
    assert f"{tmp_path}/Actor_01/03-01-05-01-01-02-01.wav: is a pipe or a device, no file" in str(error.value)
