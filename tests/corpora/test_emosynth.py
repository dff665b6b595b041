"""The embedded corpus: the same seed gives the same bytes, and the classes differ where they should."""

import hashlib
import multiprocessing

import numpy as np
import pytest

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.corpora.emosynth import corpus, espeak, voice
from tests.support import ROOT
from tests.support.sound import RATE, tone

SENTENCES = (ROOT / "resources/sentences.txt").read_text(encoding="utf-8").splitlines()


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emosynth")
    table = corpus.synthesise(folder, SENTENCES, train_speakers=2, test_speakers=2, per_emotion=2, seed=7, workers=2)
    return folder, table


def test_speakers_are_disjoint_and_half_are_women(corpus):
    _, table = corpus
    assert len(table) == 4 * 4 * 2
    assert table.groupby("speaker")["split"].nunique().eq(1).all()
    for _, part in table.groupby("split"):
        assert part.groupby("gender")["speaker"].nunique().to_dict() == {"female": 1, "male": 1}
        assert part["emotion"].value_counts().eq(4).all()


def test_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(corpus, tmp_path):
    folder, _ = corpus
    corpus.synthesise(tmp_path, SENTENCES, train_speakers=2, test_speakers=2, per_emotion=2, seed=7, workers=1)
    assert hashes(tmp_path) == hashes(folder)


def test_more_utterances_change_no_earlier_one(corpus, tmp_path):
    folder, _ = corpus
    corpus.synthesise(tmp_path, SENTENCES, train_speakers=2, test_speakers=2, per_emotion=3, seed=7, workers=2)
    more = hashes(tmp_path)
    assert len(more) == 48
    assert {name: more[name] for name in hashes(folder)} == hashes(folder)


def test_another_seed_gives_other_sound(corpus, tmp_path):
    folder, _ = corpus
    corpus.synthesise(tmp_path, SENTENCES, train_speakers=2, test_speakers=0, per_emotion=1, seed=8, workers=2)
    assert not set(hashes(tmp_path).values()) & set(hashes(folder).values())


def test_text_tells_nothing_about_the_emotion():
    utterances = list(corpus.plan(corpus.speakers(1, 1), SENTENCES, per_emotion=4, seed=1))
    texts = {emotion: [u.text for u in utterances if u.emotion == emotion] for emotion in corpus.EMOTIONS}
    assert len({tuple(found) for found in texts.values()}) == 1


def test_classes_overlap():
    utterances = list(corpus.plan(corpus.speakers(4, 4), SENTENCES, per_emotion=20, seed=1))
    pitch = {emotion: np.array([u.controls.pitch for u in utterances if u.emotion == emotion]) for emotion in corpus.EMOTIONS}
    assert pitch["happy"].mean() > pitch["neutral"].mean() > pitch["sad"].mean()
    assert pitch["neutral"].max() > pitch["happy"].min()


def test_too_many_speakers_are_refused():
    with pytest.raises(InputError, match="voices for 24"):
        corpus.speakers(20, 5)


def test_an_utterance_that_cannot_be_synthesised_is_named(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("no voice")

    monkeypatch.setattr(corpus, "_render_to", fail)
    with pytest.raises(InputError, match="spk01_angry_01 could not be synthesised"):
        corpus.synthesise(tmp_path, SENTENCES, train_speakers=2, test_speakers=0, per_emotion=1, seed=1, workers=1)


def _speak_twice(queue):
    arguments = {"voice": "en-us+f1", "rate": 180, "pitch": 50, "pitch_range": 50, "seed": 1}
    samples, rate = espeak.synthesise("One.", **arguments)
    try:
        espeak.synthesise("Two.", **arguments)
    except RuntimeError as error:
        queue.put((len(samples) / rate, str(error)))


def test_espeak_is_not_used_twice_in_a_process():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_speak_twice, args=(queue,))
    process.start()
    seconds, message = queue.get(timeout=60)
    process.join()
    assert 0.2 < seconds < 2
    assert "fork a fresh process" in message


def test_clips_fit_the_small_models_window(corpus):
    folder, table = corpus
    lengths = [len(audio.read(folder / file)) / RATE for file in table["file"]]
    assert min(lengths) > 0.5
    assert max(lengths) < 4


# ---------------------------------------------------------------- phonation


def band(samples, low, high):
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return power[(frequencies >= low) & (frequencies < high)].sum()


def test_tilt_changes_the_balance_by_its_decibels_per_octave():
    noise = np.random.default_rng(0).standard_normal(RATE)
    change = [band(voice.tilt(noise, RATE, slope), 1900, 2100) / band(voice.tilt(noise, RATE, slope), 480, 520) for slope in (0, 3)]
    # Two octaves at 3 dB each; narrow bands, so within half a decibel.
    assert 10 * np.log10(change[1] / change[0]) == pytest.approx(6, abs=0.5)


def test_level_sets_the_loudness_and_never_clips():
    loud = voice.level(tone(0.5).astype(float), -3.0)
    assert np.abs(loud).max() < 1
    quiet = voice.level(tone(0.5).astype(float), -30.0)
    assert 20 * np.log10(voice.rms(quiet)) == pytest.approx(-30, abs=0.01)


def test_breath_adds_noise_at_its_level():
    samples = tone(0.5).astype(float)
    noise = voice.aspirate(samples, RATE, -10, np.random.default_rng(0)) - samples
    assert 20 * np.log10(voice.rms(noise) / voice.rms(samples)) == pytest.approx(-10, abs=0.01)
    assert band(noise, 2000, 8000) > 5 * band(noise, 0, 1000)


def test_softening_raises_what_lies_below_the_cutoff():
    noise = np.random.default_rng(0).standard_normal(RATE)
    soft = voice.soften(noise, RATE, 6, cutoff=300)
    assert 10 * np.log10(band(soft, 20, 150) / band(noise, 20, 150)) == pytest.approx(6, abs=0.2)
    assert 10 * np.log10(band(soft, 1000, 4000) / band(noise, 1000, 4000)) == pytest.approx(0, abs=0.1)


def test_roughness_raises_jitter_and_shimmer_as_opensmile_measures_them():
    from cuealign.core.vocabulary import DESCRIPTORS
    from cuealign.cues.descriptors import low_level_descriptors, mean_descriptors

    samples = tone(1.0).astype(float)
    assert voice.roughen(samples, RATE, 0.0, np.random.default_rng(0)) is samples
    smooth, rough = (
        dict(zip(DESCRIPTORS, mean_descriptors(low_level_descriptors(sound.astype(np.float32))), strict=False))
        for sound in (samples, voice.roughen(samples, RATE, 0.7, np.random.default_rng(0)))
    )
    for name in ("jitterLocal_sma3nz", "shimmerLocaldB_sma3nz"):
        assert rough[name] > 2 * smooth[name]


def test_trim_keeps_a_margin_around_the_sound():
    samples = np.concatenate([np.zeros(RATE), tone(0.5), np.zeros(RATE)])
    assert len(voice.trim(samples, RATE)) / RATE == pytest.approx(0.6, abs=0.02)
