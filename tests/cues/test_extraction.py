"""Descriptors of a whole corpus: resumable, and never twice for the same sound."""

import numpy as np
import pandas as pd
import pytest

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.vocabulary import DESCRIPTORS, PLAIN, VOICED_DESCRIPTORS
from cuealign.cues import descriptor_store, descriptors, extraction
from cuealign.cues.descriptor_store import descriptors_of, known_descriptors
from cuealign.cues.extraction import extract
from tests.support import ROOT
from tests.support.config import changed
from tests.support.corpora import build_corpus
from tests.support.sound import tone, write

RAVDESS = ROOT.parent / "shared/data/ravdess4/flac16k"


@pytest.fixture
def built(corpus, dataset):
    folder, _ = corpus
    return build_corpus(changed(dataset, manifest=str(folder / "manifest.csv")))[0]


def test_means_over_voiced_and_over_all_frames_are_stored(built, tmp_path):
    table = extract(built, tmp_path)
    for row in range(0, 12, 5):
        frames = descriptors.low_level_descriptors(extraction.audio.read_utterance(built.loc[row]))
        for voiced_mean in (True, False):
            expected = dict(zip(DESCRIPTORS, descriptors.mean_descriptors(frames, voiced_mean=voiced_mean), strict=False))
            for name in DESCRIPTORS:
                column = name if voiced_mean or name not in VOICED_DESCRIPTORS else PLAIN + name
                assert table.loc[row, column] == expected[name], column


def test_number_of_processes_and_order_of_utterances_change_nothing(built, tmp_path):
    one = extract(built, tmp_path / "one")
    two = extract(built[::-1].reset_index(drop=True), tmp_path / "two", workers=2)[::-1].reset_index(drop=True)
    assert one.equals(two)
    assert list(one["utterance"]) == list(built["utterance"])


@pytest.fixture
def counted(monkeypatch):
    """Files that were extracted, in order."""
    seen = []
    monkeypatch.setattr(extraction, "_extract_one", lambda row, original=extraction._extract_one: (seen.append(row[0]), original(row))[1])
    return seen


def test_the_same_sound_is_extracted_once(built, tmp_path, counted):
    first = extract(built, tmp_path)
    assert len(counted) == 12
    relabelled = built.assign(label="sad", split="train", utterance=[f"u{row:02d}" for row in range(12)])
    again = extract(relabelled, tmp_path)
    assert len(counted) == 12
    assert again.drop(columns="utterance").equals(first.drop(columns="utterance"))
    doubled = extract(pd.concat([relabelled, built], ignore_index=True), tmp_path / "other")
    assert len(counted) == 24
    assert len(doubled) == 24


def test_what_was_finished_before_a_kill_is_not_extracted_again(built, tmp_path, counted, monkeypatch):
    monkeypatch.setattr(extraction, "UTTERANCES_PER_WRITE", 4)
    original = extraction._extract_one

    def killed(row):
        if len(counted) == 10:
            raise KeyboardInterrupt
        return original(row)

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "_extract_one", killed)
        with pytest.raises(KeyboardInterrupt):
            extract(built, tmp_path)
    del counted[:]
    resumed = extract(built, tmp_path)
    assert len(counted) == 12 - 8
    assert resumed.equals(extract(built, tmp_path / "whole"))


def test_another_method_extracts_anew(built, tmp_path, counted, monkeypatch):
    extract(built, tmp_path)
    monkeypatch.setattr(descriptor_store, "method", lambda: "another")
    extract(built, tmp_path)
    assert len(counted) == 24


def test_a_damaged_part_is_set_aside_and_extracted_again(built, tmp_path, counted, caplog):
    first = extract(built, tmp_path)
    (part,) = tmp_path.glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-9] + b"x" * 9)
    assert extract(built, tmp_path).equals(first)
    assert len(counted) == 24
    assert "checksum does not match" in caplog.text
    assert part.with_suffix(".damaged").exists()


def test_a_file_that_vanished_is_named(built, tmp_path):
    built.loc[3, "file"] = str(tmp_path / "gone.wav")
    with pytest.raises(InputError, match=r"gone\.wav: no such file"):
        extract(built, tmp_path / "store")


def test_sound_that_changed_since_the_manifest_is_refused(built, tmp_path):
    built.loc[3, "file"] = str(write(tmp_path / "other.wav", tone(0.5, seed=77)))
    with pytest.raises(InputError, match=r"other\.wav: the sound has changed"):
        extract(built, tmp_path / "store")


def test_descriptors_that_are_known_are_not_computed_again(built, tmp_path, monkeypatch):
    stored = extract(built, tmp_path / "store")
    sounds = [audio.read_utterance(row) for row in built.itertuples()]
    computed = np.stack([descriptors_of(samples) for samples in sounds])
    np.testing.assert_array_equal(computed, stored[list(descriptor_store.COLUMNS)])

    asked = []
    monkeypatch.setattr(descriptor_store.descriptors, "utterance_descriptors", lambda samples: asked.append(samples) or np.zeros(41))
    with known_descriptors(tmp_path / "store"):
        np.testing.assert_array_equal(np.stack([descriptors_of(samples) for samples in sounds]), computed)
        assert asked == []
        descriptors_of(sounds[0][:-1])  # a sound that differs in a single sample is another one
        assert len(asked) == 1
    descriptors_of(sounds[0])
    assert len(asked) == 2
