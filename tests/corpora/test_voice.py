"""Vocal effort and phonation change what they should, by the amount that they are given."""

import numpy as np
import pytest

from cuealign.core.vocabulary import DESCRIPTORS
from cuealign.corpora.emosynth import voice
from cuealign.cues.descriptors import low_level_descriptors, mean_descriptors
from tests.support.sound import RATE, tone


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


def test_breath_is_high_frequency_noise_at_the_given_level():
    samples = tone(0.5).astype(float)
    noise = voice.aspirate(samples, RATE, -10, np.random.default_rng(0)) - samples
    assert 20 * np.log10(voice.rms(noise) / voice.rms(samples)) == pytest.approx(-10, abs=0.01)
    assert band(noise, 2000, 8000) > 5 * band(noise, 0, 1000)


def test_softening_raises_frequencies_below_the_cutoff_only():
    noise = np.random.default_rng(0).standard_normal(RATE)
    soft = voice.soften(noise, RATE, 6, cutoff=300)
    assert 10 * np.log10(band(soft, 20, 150) / band(noise, 20, 150)) == pytest.approx(6, abs=0.2)
    assert 10 * np.log10(band(soft, 1000, 4000) / band(noise, 1000, 4000)) == pytest.approx(0, abs=0.1)


def test_roughness_raises_jitter_and_shimmer_as_opensmile_measures_them():
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
