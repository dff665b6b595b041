"""The embedded corpus: the same seed gives the same bytes, and the classes differ as they should."""

import _ctypes
import ctypes
import hashlib
import multiprocessing

import espeakng_loader
import numpy as np
import pytest

from cuealign.config.entries.emosynth import Emosynth
from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.corpora.emosynth import espeak
from cuealign.corpora.emosynth.corpus import EMOTIONS, plan, speakers, synthesise
from tests.support import ROOT
from tests.support.config import changed
from tests.support.sound import RATE

SENTENCES = (ROOT / "resources/sentences.txt").read_text(encoding="utf-8").splitlines()


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


SMALL = Emosynth(train_speakers=2, test_speakers=2, per_emotion=2, seed=7)


@pytest.fixture(scope="module")
def synthesised(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emosynth")
    return folder, synthesise(folder, SENTENCES, SMALL, workers=2)


def test_speakers_are_disjoint_and_half_are_women(synthesised):
    _, table = synthesised
    assert len(table) == 4 * 4 * 2
    assert table.groupby("speaker")["split"].nunique().eq(1).all()
    for _, part in table.groupby("split"):
        assert part.groupby("gender")["speaker"].nunique().to_dict() == {"female": 1, "male": 1}
        assert part["emotion"].value_counts().eq(4).all()


def test_same_seed_gives_the_same_bytes_for_any_number_of_processes(synthesised, tmp_path):
    folder, _ = synthesised
    synthesise(tmp_path, SENTENCES, SMALL, workers=1)
    assert hashes(tmp_path) == hashes(folder)


def test_more_utterances_change_no_earlier_one(synthesised, tmp_path):
    folder, _ = synthesised
    synthesise(tmp_path, SENTENCES, changed(SMALL, per_emotion=3), workers=2)
    more = hashes(tmp_path)
    assert len(more) == 48
    assert {name: more[name] for name in hashes(folder)} == hashes(folder)


def test_another_seed_gives_other_sound(synthesised, tmp_path):
    folder, _ = synthesised
    synthesise(tmp_path, SENTENCES, changed(SMALL, per_emotion=1, seed=8), workers=2)
    assert not set(hashes(tmp_path).values()) & set(hashes(folder).values())


def test_all_emotions_have_the_same_texts():
    utterances = list(plan(speakers(1, 1), SENTENCES, per_emotion=4, seed=1))
    texts = {emotion: [u.text for u in utterances if u.emotion == emotion] for emotion in EMOTIONS}
    assert len({tuple(found) for found in texts.values()}) == 1


def test_classes_differ_in_pitch_and_overlap():
    utterances = list(plan(speakers(4, 4), SENTENCES, per_emotion=20, seed=1))
    pitch = {emotion: np.array([u.controls.pitch for u in utterances if u.emotion == emotion]) for emotion in EMOTIONS}
    assert pitch["happy"].mean() > pitch["neutral"].mean() > pitch["sad"].mean()
    assert pitch["neutral"].max() > pitch["happy"].min()


def test_too_many_speakers_are_refused():
    with pytest.raises(InputError, match="voices for 24"):
        speakers(20, 5)


def test_an_utterance_that_cannot_be_synthesised_is_named(tmp_path, monkeypatch):
    def fail(*_arguments, **_more):
        raise RuntimeError("no voice")

    monkeypatch.setattr(espeak, "synthesise", fail)
    with pytest.raises(InputError, match="spk01_angry_01 could not be synthesised: no voice"):
        synthesise(tmp_path, SENTENCES, changed(SMALL, per_emotion=1), workers=1)


ARGUMENTS = {"voice": "en-us+f1", "rate": 180, "pitch": 50, "pitch_range": 50, "seed": 1}


def speak(text: str) -> np.ndarray:
    return espeak.synthesise(text, **ARGUMENTS)[0]


def speak_first(text: str, queue) -> None:
    queue.put(speak(text))


def test_what_was_spoken_before_changes_nothing():
    """Each sentence gives the samples that it gives in a process that has spoken nothing else."""
    texts = ["One.", "The boat was red.", "One."]
    context = multiprocessing.get_context("spawn")
    for text, found in zip(texts, [speak(text) for text in texts], strict=True):
        queue = context.Queue()
        process = context.Process(target=speak_first, args=(text, queue))
        process.start()
        np.testing.assert_array_equal(found, queue.get(timeout=900))
        process.join()


def test_a_library_that_stays_loaded_is_refused():
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        with pytest.raises(RuntimeError, match="may keep state from earlier calls"):
            speak("One.")
    finally:
        _ctypes.dlclose(library._handle)
    assert 0.2 < len(speak("One.")) / 22_050 < 2


def test_utterances_fit_the_window_of_the_small_model(synthesised):
    folder, table = synthesised
    lengths = [len(audio.read(folder / file)) / RATE for file in table["file"]]
    assert min(lengths) > 0.5
    assert max(lengths) < 4
