"""``emosynth``: emotional speech that the workflow synthesises itself, so that it runs without a licence or a download.

espeak-ng speaks each utterance, and signal processing sets its loudness, spectral tilt, breathiness
and roughness. All controls are drawn from a Gaussian per emotion plus a speaker offset plus a
speaker-by-emotion offset, so that the classes overlap as they do in real speech. The class means
follow the vocal correlates that reviews of emotional speech agree on (Scherer 2003, Juslin & Laukka
2003): anger is loud, bright and rough; happiness high and lively; sadness soft, dark, slow and breathy.

The corpus is designed so that prosody carries the emotion. It tests the workflow. It is no evidence
about how people speak or how large models use acoustic cues.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr

from cuealign.config.entries.emosynth import Emosynth
from cuealign.core.errors import InputError, raise_all
from cuealign.core.seeding import derive_seed, generator
from cuealign.corpora.emosynth import espeak, voice
from cuealign.runtime.parallel import parallel_map

RATE = 16_000
EMOTIONS = ("angry", "happy", "neutral", "sad")


@dataclass(frozen=True)
class Controls:
    """How an utterance is spoken, relative to the speaker's neutral voice.

    Attributes:
        pitch: semitones.
        pitch_range: espeak's range setting, -50 to 50.
        rate: natural logarithm of the tempo ratio.
        loudness: dB.
        tilt: dB per octave.
        breath: dB, relative to a modal voice's breath noise.
        rough: 0 to 1.
    """

    pitch: float
    pitch_range: float
    rate: float
    loudness: float
    tilt: float
    breath: float
    rough: float

    def array(self) -> np.ndarray:
        return np.array([getattr(self, field.name) for field in fields(self)])


MEANS = {
    "angry": Controls(2.0, 12, 0.06, 2.5, 1.5, -6, 0.70),
    "happy": Controls(4.0, 28, 0.08, 1.2, 0.6, -1, 0.05),
    "neutral": Controls(0.0, 0, 0.00, 0.0, 0.0, 0, 0.10),
    "sad": Controls(-2.0, -20, -0.14, -2.5, -1.3, 12, 0.12),
}
WITHIN = Controls(1.4, 13, 0.07, 2.1, 1.0, 3.8, 0.17)
"""Standard deviations within a class. Those of the two kinds of offsets are smaller by the factor ``SPEAKER_SHARE``."""
SPEAKER_SHARE = 0.4

_NEUTRAL_RATE = 178  # words per minute
_NEUTRAL_LEVEL = -27.0  # dBFS
_MODAL_BREATH = -27.0  # dB relative to the voice
_FIRST_HARMONIC = {"female": 300.0, "male": 160.0}  # Hz; the second harmonic is above
_PITCH_STEPS_PER_SEMITONE = 4.2  # espeak's pitch setting, measured on its voices

VOICES = {
    "female": ("f1", "f2", "f3", "f4", "f5", "linda", "belinda", "steph", "anika", "Andrea", "Alicia", "aunty"),
    "male": ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "david", "adam", "marcelo", "Denis"),
}
ACCENTS = ("en-us", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-gb-x-gbclan", "en-gb-x-gbcwmd")


@dataclass(frozen=True)
class Speaker:
    """One synthetic speaker."""

    name: str
    gender: str
    voice: str
    split: str


@dataclass(frozen=True)
class Utterance:
    """One utterance to synthesise."""

    name: str
    speaker: Speaker
    emotion: str
    text: str
    controls: Controls
    seed: int


def speakers(train: int, test: int) -> list[Speaker]:
    """The speakers: women and men in turn, each with another voice.

    Args:
        train: number of speakers of the split ``train``.
        test: number of speakers of the split ``test``.

    Raises:
        InputError: if there are not enough voices.
    """
    available = 2 * min(len(names) for names in VOICES.values())
    if train + test > available:
        raise InputError(f"emosynth: {train} + {test} speakers are too many, as there are voices for {available}")
    result = []
    for index in range(train + test):
        gender = ("female", "male")[index % 2]
        accent = ACCENTS[(index // 2) % len(ACCENTS)]
        result.append(
            Speaker(
                name=f"spk{index + 1:02d}",
                gender=gender,
                voice=f"{accent}+{VOICES[gender][index // 2]}",
                split="train" if index < train else "test",
            )
        )
    return result


def plan(cast: Sequence[Speaker], sentences: Sequence[str], *, per_emotion: int, seed: int) -> Iterator[Utterance]:
    """Draw the controls of every utterance.

    Each draw is keyed by the seed and by the speaker, emotion or utterance it is for. Adding speakers
    or utterances does not change the others.

    Args:
        cast: the speakers.
        sentences: texts, used in turn; the same for all emotions, so that the text does not tell the emotion.
        per_emotion: utterances per speaker and emotion.
        seed: of the corpus.
    """
    spread = WITHIN.array()
    for speaker in cast:
        personal = generator(seed, speaker.name).standard_normal(len(spread)) * spread * SPEAKER_SHARE
        for emotion in EMOTIONS:
            habit = generator(seed, speaker.name, emotion).standard_normal(len(spread)) * spread * SPEAKER_SHARE
            for number in range(per_emotion):
                name = f"{speaker.name}_{emotion}_{number + 1:02d}"
                random = generator(seed, name)
                noise = random.standard_normal(len(spread))
                # Vocal effort raises loudness and brightness together.
                effort = random.standard_normal()
                loudness, tilt = 3, 4
                noise[[loudness, tilt]] = 0.8 * noise[[loudness, tilt]] + 0.6 * effort
                values = MEANS[emotion].array() + personal + habit + noise * spread
                yield Utterance(
                    name=name,
                    speaker=speaker,
                    emotion=emotion,
                    text=sentences[number % len(sentences)],
                    controls=Controls(*values),
                    seed=derive_seed(seed, name, "samples") % 2**31,
                )


def render(utterance: Utterance) -> np.ndarray:
    """Synthesise one utterance.

    Returns:
        float64 samples at 16 kHz, shape ``(n,)``.
    """
    controls, random = utterance.controls, generator(utterance.seed)
    samples, rate = espeak.synthesise(
        utterance.text,
        voice=utterance.speaker.voice,
        rate=round(float(np.clip(_NEUTRAL_RATE * np.exp(controls.rate), 80, 400))),
        pitch=round(float(np.clip(50 + _PITCH_STEPS_PER_SEMITONE * controls.pitch, 0, 99))),
        pitch_range=round(float(np.clip(50 + controls.pitch_range, 0, 99))),
        seed=utterance.seed,
    )
    samples = voice.trim(soxr.resample(samples, rate, RATE), RATE)
    samples = voice.roughen(samples, RATE, float(np.clip(controls.rough, 0, 1)), random)
    samples = voice.tilt(samples, RATE, controls.tilt)
    cutoff = _FIRST_HARMONIC[utterance.speaker.gender] * 2 ** (controls.pitch / 12)
    samples = voice.soften(samples, RATE, 0.7 * controls.breath, cutoff=cutoff)
    samples = voice.aspirate(samples, RATE, min(_MODAL_BREATH + controls.breath, 0.0), random)
    samples = voice.level(samples, _NEUTRAL_LEVEL + controls.loudness)
    room = 10 ** (random.uniform(-66, -54) / 20)
    return samples + room * random.standard_normal(len(samples))


def _render_to(job: tuple[Utterance, Path]) -> str:
    """Write one utterance; return the sha256 of its file, or what went wrong."""
    utterance, path = job
    try:
        soundfile.write(path, np.clip(render(utterance), -1, 1 - 2**-15), RATE, subtype="PCM_16")
    except (RuntimeError, ValueError) as error:
        return f"{utterance.name} could not be synthesised: {error}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def synthesise(folder: Path, sentences: Sequence[str], corpus: Emosynth, *, workers: int) -> pd.DataFrame:
    """Write the corpus into ``folder`` and return its table, in the format of the reader ``manifest``.

    Args:
        folder: receives one FLAC file per utterance (16 kHz, mono, 16 bit).
        sentences: texts.
        corpus: size and seed; the same values give the same bytes.
        workers: processes.

    Returns:
        One row per utterance: file (relative to ``folder``), speaker, gender, emotion, split, language, sha256 (of the file).

    Raises:
        InputError: if an utterance cannot be synthesised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cast = speakers(corpus.train_speakers, corpus.test_speakers)
    utterances = list(plan(cast, sentences, per_emotion=corpus.per_emotion, seed=corpus.seed))
    jobs = [(utterance, folder / f"{utterance.name}.flac") for utterance in utterances]
    hashes = list(parallel_map(_render_to, jobs, "synthesis", unit="utterance", workers=workers))
    raise_all((found for found in hashes if " " in found), where="emosynth")
    return pd.DataFrame(
        {
            "file": [f"{utterance.name}.flac" for utterance in utterances],
            "speaker": [utterance.speaker.name for utterance in utterances],
            "gender": [utterance.speaker.gender for utterance in utterances],
            "emotion": [utterance.emotion for utterance in utterances],
            "split": [utterance.speaker.split for utterance in utterances],
            "language": "eng",
            # Without the hashes, later steps would not notice that another seed gave other files.
            "sha256": hashes,
        }
    )
