"""Descriptor means against openSMILE's own functionals."""

import numpy as np
import opensmile
import pytest

from cuealign.core.schema import DESCRIPTOR_MEANS
from cuealign.core.vocabulary import DESCRIPTORS, MEDIAN_F0, SPECTRAL_DESCRIPTORS, VOICED, VOICED_DESCRIPTORS
from cuealign.cues import descriptors
from tests.support import ROOT
from tests.support.sound import RATE, tone

RAVDESS = ROOT.parent / "shared/data/ravdess4/flac16k"


EXACT = (
    "F0semitoneFrom27.5Hz_sma3nz",
    "jitterLocal_sma3nz",
    "shimmerLocaldB_sma3nz",
    "HNRdBACF_sma3nz",
    "logRelF0-H1-H2_sma3nz",
    "logRelF0-H1-A3_sma3nz",
)


@pytest.fixture(scope="module")
def functionals():
    return opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)


def speech_like(seed: int) -> np.ndarray:
    """Gliding, irregular, noisy, with pauses: voiced and unvoiced frames, jitter and shimmer."""
    random = np.random.default_rng(seed)
    pieces = [np.zeros(RATE // 2)]
    for _ in range(4):
        count = int(RATE * random.uniform(0.2, 0.5))
        pitch = random.uniform(90, 260) * 2 ** np.linspace(0, random.uniform(-0.3, 0.3), count)
        pitch *= 1 + 0.01 * np.repeat(random.standard_normal(count // 80 + 1), 80)[:count]
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        voice = sum(np.sin(k * phase) / k ** random.uniform(0.8, 1.4) for k in range(1, 15))
        pieces += [0.1 * voice * np.hanning(count), 0.002 * random.standard_normal(int(RATE * 0.15))]
    pieces.append(np.zeros(RATE // 2))
    return np.concatenate(pieces).astype(np.float32)


def compare(samples, functionals):
    """Our voiced means and openSMILE's, for silence at both ends: there the two see the same voiced frames.

    (At the very end of a file openSMILE's functionals and its descriptors differ by a frame or two.)
    """
    frames = descriptors.low_level_descriptors(samples)
    ours = dict(zip(DESCRIPTORS, descriptors.mean_descriptors(frames), strict=False))
    theirs = functionals.process_signal(samples, RATE).iloc[0]
    for name in EXACT:
        # float32 frames averaged in double here, in openSMILE's order there: 5 digits and more.
        assert ours[name] == pytest.approx(theirs[f"{name}_amean"], rel=1e-5, abs=1e-6), name
    for name in ("F1frequency_sma3nz", "F2frequency_sma3nz", "F3frequency_sma3nz"):
        # openSMILE's functionals smooth formants after unvoiced frames were blanked: differences at the edges of voicing,
        # some 2 % in a sentence with its hundred voiced frames, more with fewer.
        voiced = (frames[:, DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")] > 0).sum()
        assert ours[name] == pytest.approx(theirs[f"{name}_amean"], rel=0.03 if voiced > 50 else 0.1), name


@pytest.mark.parametrize("seed", range(3))
def test_voiced_means_are_opensmiles_functionals(functionals, seed):
    compare(speech_like(seed), functionals)


@pytest.mark.skipif(not RAVDESS.is_dir(), reason="no real recordings beside the project")
def test_voiced_means_are_opensmiles_functionals_on_real_speech(functionals):
    from cuealign.core import audio

    for path in sorted(RAVDESS.glob("*.flac"))[::80]:
        compare(np.pad(audio.read(path), RATE // 2), functionals)


def test_means_over_all_frames_are_the_plain_average():
    frames = descriptors.low_level_descriptors(speech_like(5))
    np.testing.assert_allclose(descriptors.mean_descriptors(frames, voiced_mean=False)[:-1], frames.astype(float).mean(axis=0))


def test_voiced_means_differ_from_plain_ones_by_the_share_of_voicing():
    frames = descriptors.low_level_descriptors(speech_like(6))
    voiced, plain = (descriptors.mean_descriptors(frames, voiced_mean=kind) for kind in (True, False))
    f0 = DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")
    assert 0.2 < voiced[-1] < 0.9
    assert plain[f0] == pytest.approx(voiced[f0] * voiced[-1])


def test_silence_has_no_voiced_descriptor():
    for voiced_mean in (True, False):
        means = dict(
            zip(
                DESCRIPTORS,
                descriptors.mean_descriptors(descriptors.low_level_descriptors(np.zeros(RATE)), voiced_mean=voiced_mean),
                strict=False,
            )
        )
        assert all(np.isnan(means[name]) for name in VOICED_DESCRIPTORS)
        assert all(np.isfinite(means[name]) for name in DESCRIPTORS if name not in VOICED_DESCRIPTORS)


@pytest.mark.parametrize("seconds", [1 / RATE, 0.005, 0.03, 0.09, 0.1])
def test_the_shortest_clips_have_descriptors(seconds):
    frames = descriptors.low_level_descriptors(tone(seconds))
    assert frames.shape[1] == 25
    assert len(frames) >= 1


def test_the_frames_are_those_of_opensmiles_own_table():
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    for seed in range(2):
        samples = speech_like(seed)
        theirs = smile.process_signal(samples, RATE)[list(DESCRIPTORS)]
        np.testing.assert_array_equal(descriptors.low_level_descriptors(samples), theirs.to_numpy())


def voice(*, partials: dict[int, float], seconds: float = 1.0) -> np.ndarray:
    """A vowel at 150 Hz whose partials fall by 6 dB an octave, some of them changed by so many dB."""
    time = np.arange(int(seconds * RATE)) / RATE
    levels = {number: -6 * np.log2(number) + partials.get(number, 0.0) for number in range(1, 40)}
    return (0.05 * sum(10 ** (level / 20) * np.sin(2 * np.pi * 150 * number * time) for number, level in levels.items())).astype(np.float32)


def test_phonetic_h1_is_the_fundamental_and_opensmiles_is_the_first_overtone():
    def measured(**partials: float) -> np.ndarray:
        frames = descriptors.low_level_descriptors(voice(partials={int(name[1:]): level for name, level in partials.items()}))
        theirs = descriptors.mean_descriptors(frames)[
            [DESCRIPTORS.index("logRelF0-H1-H2_sma3nz"), DESCRIPTORS.index("logRelF0-H1-A3_sma3nz")]
        ]
        return np.concatenate([descriptors.phonetic_harmonics(frames), theirs])

    plain = measured()
    # openSMILE searches a peak near each harmonic in bins of 15 Hz: neighbours move it by about one dB.
    np.testing.assert_allclose(measured(p1=12.0) - plain, [12, 12, 0, 0], atol=1.5)
    np.testing.assert_allclose(measured(p2=12.0) - plain, [-12, 0, 12, 12], atol=1.5)


def test_phonetic_harmonics_are_those_of_the_spectrum():
    samples = voice(partials={1: 4.0, 2: -3.0})
    spectrum = np.abs(np.fft.rfft(samples[:RATE] * np.hanning(RATE)))  # bins of 1 Hz
    first, second = (20 * np.log10(spectrum[150 * number]) for number in (1, 2))
    assert descriptors.phonetic_harmonics(descriptors.low_level_descriptors(samples))[0] == pytest.approx(first - second, abs=1)


def test_frames_without_a_harmonic_at_the_third_formant_do_not_count():
    frames = np.zeros((4, 25))
    frames[:, DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")] = [30, 30, 30, 0]
    frames[:, DESCRIPTORS.index("logRelF0-H1-A3_sma3nz")] = [10, 20, 15, 99]
    frames[:, DESCRIPTORS.index("F3amplitudeLogRelF0_sma3nz")] = [-20, -30, -90, -5]
    np.testing.assert_allclose(descriptors.phonetic_harmonics(frames), [10, 25])
    assert np.isnan(descriptors.phonetic_harmonics(frames[2:])).all()


def test_the_last_columns_are_about_voiced_frames():
    samples = np.concatenate([voice(partials={}), 0.02 * np.random.default_rng(0).normal(size=RATE).astype(np.float32)])
    frames = descriptors.low_level_descriptors(samples).astype(float)
    voiced = frames[:, DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")] > 0
    assert 0 < voiced.sum() < len(frames)
    means = dict(
        zip([name for name in DESCRIPTOR_MEANS.columns if name != "utterance"], descriptors.utterance_descriptors(samples), strict=True)
    )
    for name in SPECTRAL_DESCRIPTORS:
        assert means[VOICED + name] == pytest.approx(frames[voiced, DESCRIPTORS.index(name)].mean(), rel=1e-12)
    assert means[MEDIAN_F0] == np.median(frames[voiced, DESCRIPTORS.index("F0semitoneFrom27.5Hz_sma3nz")])
