"""Files of a corpus, from its description to its tokens under each condition."""

from cuealign.core.schema import AUDIT, DESCRIPTOR_MEANS, MANIFEST, TOKEN_SEQUENCES, UTTERANCES
from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, MEDIAN_F0, PHONETIC, PLAIN, SPECTRAL_DESCRIPTORS, VOICED, VOICED_DESCRIPTORS
from cuealign.corpora.audit import Sound
from cuealign.reporting.files.entry import ResultFile, described

_HEARD = {
    "duration": "s",
    "rate": "Hz",
    "channels": "number of channels",
    "peak": "largest absolute sample of the mono audio, 1 at full scale",
    "clipped": "share of samples at full scale",
    "offset": "largest mean of a channel without its sign, 1 at full scale",
    "channel_gap": "from the softest channel to the loudest, dB",
    "mono_loss": "from the mono audio to the loudest channel, dB",
    "cancelled": "whether the channels cancel each other",
    "silent": "whether nothing is heard",
}
_SPOKEN = {
    "file": "path of the sound file",
    "start": "begin of the utterance in the file, s",
    "end": "end of the utterance in the file, s; empty for the end of the file",
    "gender": "`female`, `male` or `unknown`",
    "language": "as the corpus names it; may be empty",
    "split": "split of the corpus, before the config names its own",
    "session": "recording session; empty where the corpus has none",
}

_UNITS = {
    "Loudness_sma3": "loudness, auditory scale of openSMILE",
    "alphaRatio_sma3": "energy of 1 to 5 kHz over that of 50 Hz to 1 kHz, dB",
    "hammarbergIndex_sma3": "peak below 2 kHz over the peak of 2 to 5 kHz, dB",
    "slope0-500_sma3": "slope of the spectrum from 0 to 500 Hz, scale of openSMILE",
    "slope500-1500_sma3": "slope of the spectrum from 500 to 1500 Hz, scale of openSMILE",
    "spectralFlux_sma3": "change of the spectrum between frames, scale of openSMILE",
    **{f"mfcc{number}_sma3": f"mel-frequency cepstral coefficient {number}" for number in range(1, 5)},
    "F0semitoneFrom27.5Hz_sma3nz": "fundamental frequency, semitones above 27.5 Hz",
    "jitterLocal_sma3nz": "difference of neighbouring periods over their mean",
    "shimmerLocaldB_sma3nz": "difference of neighbouring peaks, dB",
    "HNRdBACF_sma3nz": "harmonics-to-noise ratio, dB",
    "logRelF0-H1-H2_sma3nz": "first harmonic over the second, dB",
    "logRelF0-H1-A3_sma3nz": "first harmonic over the highest one at the third formant, dB",
    **{f"F{number}frequency_sma3nz": f"formant {number}, Hz" for number in (1, 2, 3)},
    **{f"F{number}bandwidth_sma3nz": f"bandwidth of formant {number}, Hz" for number in (1, 2, 3)},
    **{f"F{number}amplitudeLogRelF0_sma3nz": f"level of formant {number} against the fundamental, dB" for number in (1, 2, 3)},
}
_MEANS = {
    **{name: f"{_UNITS[name]}; mean over {'voiced' if name in VOICED_DESCRIPTORS else 'all'} frames" for name in DESCRIPTORS},
    "voiced_fraction": "share of frames that are voiced",
    **{PLAIN + name: "the same, mean over all frames with 0 in unvoiced ones" for name in VOICED_DESCRIPTORS},
    **{VOICED + name: "the same, mean over voiced frames" for name in SPECTRAL_DESCRIPTORS},
    MEDIAN_F0: "fundamental frequency, semitones above 27.5 Hz; median over voiced frames",
    **{name: f"as `{of}` with the first harmonic of phonetics, dB" for of, name in PHONETIC.items()},
}
_TOKENS = {
    **dict.fromkeys(CONCEPTS, "token of the concept; UNVOICED where it needs voice and none is heard"),
    "cue_block": "the text that is appended to the prompt",
}

CORPUS_FILES = (
    ResultFile(
        "results/emosynth/manifest.csv",
        "synthesise",
        "Description of the embedded corpus, in the form of any other corpus",
        described(
            ("file", "speaker", "gender", "emotion", "split", "language", "sha256"),
            {
                **{name: _SPOKEN[name] for name in ("gender", "language")},
                "file": "name of the sound file",
                "emotion": "the true label",
                "split": "`train` or `test`",
                "sha256": "of the file",
            },
        ),
    ),
    ResultFile("results/emosynth/audio/", "synthesise", "Sound files of the embedded corpus, FLAC at 16 kHz"),
    ResultFile(
        "results/corpora/{dataset}/utterances.parquet",
        "read_corpus",
        "Description of a corpus as its reader finds it, before any sound is decoded",
        described(
            UTTERANCES.columns,
            _SPOKEN
            | {
                "raw_label": "label as the corpus has it",
                "label": "label of the study; empty where the config leaves the raw label out",
                "origin": "file and row that describe the utterance",
            },
        ),
    ),
    ResultFile(
        "results/corpora/{dataset}/audit.csv",
        "audit_audio",
        "What decoding each utterance showed",
        described(
            AUDIT.columns,
            _HEARD
            | {
                "file": _SPOKEN["file"],
                "origin": "file and row that describe the utterance",
                "problem": "what is wrong with the sound; empty if it can be used, and only then are there measures",
                "same_sound_as": "first utterance of the corpus with the same samples",
            },
        ),
    ),
    ResultFile(
        "results/corpora/{dataset}/audit/audit-{sha256}.parquet",
        "audit_audio",
        "Store of what was decoded, so that only files that changed are decoded again",
        described(("key", *Sound.__annotations__), _HEARD | {"key": "sha256 of the file's state, the segment and the code"}),
    ),
    ResultFile(
        "results/corpora/{dataset}/manifest.parquet",
        "build_manifest",
        "Utterances of the study that can be used; all later stages read them",
        described(
            MANIFEST.columns,
            _SPOKEN
            | {
                "end": "end of the utterance in the file, s",
                "duration": "s",
                "channel": "channel that is heard: `mean`, or a single one",
                "remove_offset": "whether a constant offset is removed before anything else",
            },
        ),
    ),
    ResultFile(
        "results/corpora/{dataset}/counts.json",
        "build_manifest",
        "What is in the corpus, what was left out, and what is odd about its sound",
        {
            "rows": "utterances that the reader found",
            "left_out": "utterances of each raw label that the study leaves out",
            "without_speaker": "utterances without a named speaker that were left out",
            "excluded": "utterances with bad audio that were excluded, and what is wrong with them",
            "drawn": "how the splits were drawn, and the speakers of each; empty if they were given",
            "unused_splits": "utterances of splits that the config does not name",
            "same_sound": "groups of utterances with the same samples",
            "overlaps": "pairs of segments of different splits that share sound",
            "overlapping": "these pairs in words, up to a limit",
            "silent": "utterances in which nothing is heard",
            "clipped": "utterances with samples at full scale",
            "cancelled": "utterances whose channels cancel each other",
            "soft_channel": "utterances with a channel that is silent or 20 dB softer than another",
            "offset": "utterances with a constant offset",
            "rates": "utterances by sampling rate",
            "channels": "utterances by number of channels",
            "not_as_published": "counts that differ from those that are published",
        },
        optional=("overlapping",),
    ),
    ResultFile(
        "results/corpora/{dataset}/descriptors.parquet",
        "extract_descriptors",
        "Means of the eGeMAPS descriptors of each utterance",
        described(DESCRIPTOR_MEANS.columns, _MEANS),
    ),
    ResultFile(
        "results/corpora/{dataset}/descriptors/descriptors-{sha256}.parquet",
        "extract_descriptors",
        "Store of descriptors by sound, so that none is computed twice; the same means as in `descriptors.parquet`",
        described(
            ("audio_sha256", "samples_sha256", "method", *_MEANS),
            _MEANS
            | {
                "samples_sha256": "sha256 of the samples as openSMILE gets them, mono at 16 kHz",
                "method": "versions of our code, openSMILE and the resampler",
            },
        ),
    ),
    ResultFile(
        "results/corpora/{dataset}/tokenizer.json",
        "fit_tokenizer",
        "The fitted tokenizer",
        {
            **dict.fromkeys(
                ("voiced_mean", "gender_specific", "signed_brightness", "f0", "brightness_frames", "voice_quality"),
                "the option of this name, as the config has it (`datasets.<id>.tokens`)",
            ),
            "centre": "median of each descriptor, in its unit",
            "scale": "interquartile range of each descriptor, in its unit",
            "edges": "four edges of each concept and group, in units of its standardised score",
            "quality": "what the rule of VOICE_QUALITY learned of each group",
        },
    ),
    ResultFile(
        "results/corpora/{dataset}/tokens.parquet",
        "tokenise",
        "The six correct tokens of each utterance",
        described(TOKEN_SEQUENCES.columns, _TOKENS),
    ),
    ResultFile(
        "results/interventions/{dataset}/{split}/{intervention}/p{p}/seed{seed}.parquet",
        "intervene",
        "Tokens of each utterance of a split under one condition; all empty without cues, the blank word under `blank`",
        described(TOKEN_SEQUENCES.columns, _TOKENS),
    ),
)
"""Files of the stages ``corpora``, ``descriptors``, ``tokens`` and ``interventions``."""
