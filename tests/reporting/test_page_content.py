"""What a page says of a study, and what it refuses."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from cuealign.config.entries.answers import Answer
from cuealign.config.entries.dataset import Dataset
from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.grounding import Judgement
from cuealign.config.entries.model import Model
from cuealign.config.entries.prompts import Prompt
from cuealign.config.entries.report import Report
from cuealign.config.entries.statistics import Statistics
from cuealign.core.audio import fingerprint, read
from cuealign.core.errors import InputError
from cuealign.reporting.page.assemble import changes, citation, shown_in
from cuealign.reporting.page.content import NO_PROBABILITY, NOT_ASKED
from cuealign.reporting.page.methods import Method, methods
from cuealign.reporting.page.reading import BLOCK, answers_of, conditions_of, prompts_of
from cuealign.reporting.page.sound import checksum, most_changed, sound_of
from tests.support.pages import made_up_page
from tests.support.sound import tone

LABELS = ["happy", "angry"]
EXPERIMENT = Experiment("corpus", "test", "model")


def predictions(*rows: tuple[str, str, str], logprobs: list[tuple[float, float]] | None = None) -> pd.DataFrame:
    """Predictions from (utterance, answer, prediction)."""
    table = pd.DataFrame(rows, columns=["utterance", "answer", "prediction"]).set_index("utterance", drop=False)
    if logprobs is not None:
        table[["logprob_happy", "logprob_angry"]] = logprobs
    return table


def answers(*tables: pd.DataFrame):
    named = {"experiment": EXPERIMENT, "title": "M", "colour": "#000000", "prompts": ("p", "q")}
    return answers_of(iter(tables), range(len(tables)), pd.Index(["a", "b", "c"]), LABELS, **named)


def test_answers_are_matched_by_utterance_not_by_position():
    found = answers(
        predictions(("c", "so happy", "happy"), ("a", "?", "INVALID")), predictions(("a", "angry", "angry"), ("c", "angry", "angry"))
    )
    assert found.predictions.tolist() == [[2, NOT_ASKED, 0], [1, NOT_ASKED, 1]]
    assert [found.words[found.answers[0, 2]], found.words[found.answers[1, 0]]] == ["so happy", "angry"]
    assert found.probabilities is None


def test_probabilities_are_shares_of_the_labels_in_thousandths():
    table = predictions(("a", "x", "happy"), ("b", "x", "happy"), ("c", "x", "angry"), logprobs=[(-9, -9), (np.nan, -1), (-np.inf, -7)])
    assert answers(table).probabilities[0].T.tolist() == [[500, 500], [NO_PROBABILITY] * 2, [0, 1000]]


def test_long_answers_are_cut():
    found = answers(predictions(("a", "x" * 400, "happy"), ("b", "y" * 401, "happy")))
    assert [found.words[code] for code in found.answers[0, :2]] == ["x" * 400, "y" * 400 + "…"]


@pytest.mark.parametrize(
    ("row", "message"), [(("strange", "x", "happy"), "'strange' is not in the split"), (("a", "x", "sad"), "'sad' is no label")]
)
def test_predictions_that_do_not_belong_here_are_refused(row, message):
    with pytest.raises(InputError, match=message):
        answers(predictions(row))


def test_conditions_are_told_apart_by_seed_only_where_they_have_one():
    keys = [("none", "0", "0"), ("shuffle", "0", "1"), ("corrupt", "0.4", "2"), ("none", "0", "0")]
    assert [each.title for each in conditions_of(keys)] == ["Audio-only", "Shuffle, seed 1", "Corrupt(0.4), seed 2"]
    assert [each.id for each in conditions_of(keys)] == ["none/0/0", "shuffle/0/1", "corrupt/0.4/2"]


CUE_BLOCK = "Cues: {ENERGY} {PITCH} {BRIGHTNESS} {DYNAMICS} {FORMANTS} {VOICE_QUALITY}"


def test_prompts_have_one_place_for_the_cue_block_or_one_per_caption():
    spoken = {"happy": Answer(word="glad"), "angry": Answer(word="cross")}
    assert prompts_of(Prompt(text="Say {labels}."), CUE_BLOCK, spoken) == (f"Say glad or cross.\n{BLOCK}", "Say glad or cross.")
    captions, plain = prompts_of(Prompt(text="a {label} voice", words={"angry": "furious"}), CUE_BLOCK, spoken)
    assert captions == f"a glad voice {BLOCK}\na furious voice {BLOCK}"
    assert plain == "a glad voice\na furious voice"


# ---------------------------------------------------------------- sound


@pytest.fixture
def manifest(tmp_path, monkeypatch) -> pd.DataFrame:
    """Two utterances in one file in the home folder of somebody."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "home" / "somebody" / "a b.wav"
    file.parent.mkdir(parents=True)
    soundfile.write(file, tone(2.0), 16_000)
    parts = []
    for start, end in ((0.0, 0.5), (0.5, 2.0)):
        samples = soundfile.read(file, dtype="float32", always_2d=True)[0][round(16_000 * start) : round(16_000 * end)]
        parts.append({"file": str(file), "start": start, "end": end, "duration": end - start, "audio_sha256": fingerprint(samples, 16_000)})
    return pd.DataFrame(parts).assign(channel="mean", remove_offset=False)


def test_no_path_is_told_unless_links_are_asked_for(manifest):
    for options in (Report(), Report(audio="embed")):
        found = sound_of(manifest, Path("results/report"), options, np.zeros(2))
        assert found.links == {}
        assert "home" not in found.note
    links = sound_of(manifest, Path("results/report"), Report(audio="link"), np.zeros(2)).links
    assert links == {0: "../../home/somebody/a%20b.wav#t=0.0,0.5", 1: "../../home/somebody/a%20b.wav#t=0.5,2.0"}


def test_sound_that_the_workflow_made_is_linked_within_the_results(manifest):
    own = manifest.assign(file="results/emosynth/audio/x.flac", start=0.0, end=1.25)
    for audio in ("none", "embed"):
        links = sound_of(own, Path("results/report"), Report(audio=audio), np.zeros(2)).links
        assert links == dict.fromkeys((0, 1), "../emosynth/audio/x.flac#t=0.0,1.25")
    elsewhere = own.assign(file=str(Path("results/emosynth/audio/x.flac").resolve()))
    assert sound_of(elsewhere, Path("results/report"), Report(), np.zeros(2)).links == {}


def test_embedded_sound_is_what_the_models_heard(manifest, tmp_path):
    found = sound_of(manifest, Path("results/report"), Report(audio="embed", embedded=1), np.array([1, 3]))
    assert list(found.embedded) == [1]
    assert found.note == "This page holds only the sound of the utterance whose answers change most."
    (tmp_path / "x.ogg").write_bytes(found.embedded[1])
    heard, rate = soundfile.read(tmp_path / "x.ogg", dtype="float32")
    original = read(manifest["file"][1], 0.5, 2.0)
    assert len(heard) / rate == pytest.approx(1.5, abs=0.01)  # Opus works in frames of a hundredth of a second
    spectra = [
        np.abs(np.fft.rfft(signal, 16_000))[:4000]
        for signal in (np.interp(np.arange(0, 1.5, 1 / 16_000), np.arange(len(heard)) / rate, heard), original)
    ]
    assert np.corrcoef(*spectra)[0, 1] > 0.95  # a lossy codec


def test_embedding_twice_gives_the_same_bytes(manifest):
    once, again = (sound_of(manifest, Path("results/report"), Report(audio="embed"), np.zeros(2)).embedded for _ in range(2))
    assert once == again


def testchecksums_of_ogg_pages_are_those_of_the_standard():
    """Written out bit by bit, as RFC 3533 defines it; and the encoder's own, with its own number."""
    file = io.BytesIO()
    soundfile.write(file, tone(0.1), 16_000, format="OGG", subtype="OPUS")
    content = file.getvalue()
    page = bytearray(content[: 27 + content[26] + sum(content[27 : 27 + content[26]])])
    theirs = int.from_bytes(page[22:26], "little")
    page[22:26] = bytes(4)
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x104C11DB7 if register & 0x80000000 else 0)
    assert theirs == register == checksum(bytes(page))


def test_a_sound_that_changed_is_not_embedded(manifest):
    with pytest.raises(InputError, match="has changed since the corpus was audited"):
        sound_of(manifest.assign(audio_sha256="0" * 64), Path("results/report"), Report(audio="embed"), np.zeros(2))


def test_sounds_whose_answers_change_most_are_embedded_first():
    assert most_changed(np.array([0, 5, 2, 5, 1]), 3) == [1, 2, 3]
    assert most_changed(np.zeros(5), 2) == [0, 1]
    assert most_changed(np.array([1, 2]), 9) == [0, 1]


def test_changes_count_conditions_that_differ_from_the_first():
    page = made_up_page(8)
    expected = np.zeros(8, int)
    for each in page.answers:
        for row in each.predictions[1:]:
            for number, (first, now) in enumerate(zip(each.predictions[0], row, strict=True)):
                expected[number] += NOT_ASKED not in (first, now) and first != now
    assert changes(page.answers).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("scope", "models"),
    [
        ({}, ["one", "two"]),
        ({"dataset": "corpus"}, []),
        ({"dataset": "corpus", "split": "test"}, ["one", "two"]),
        ({"dataset": "corpus", "split": "test", "model": "two"}, ["two"]),
    ],
)
def test_drawings_lead_to_the_models_whose_answers_they_show(scope, models):
    assert [model for model, _ in shown_in(scope, made_up_page(4).answers)] == models


# ---------------------------------------------------------------- words


def dataset(**changes) -> Dataset:
    return Dataset(title="Corpus", licence="l", reader="manifest", labels=LABELS, splits=["test"], **changes)


def model(**changes) -> Model:
    return Model(**{"title": "Model", "licence": "l", "backend": "listener", "path": "p", "dtype": "float32", **changes})


FEW = [("none", "0", "0"), ("shuffle", "0", "0"), ("shuffle", "0", "1"), ("corrupt", "0.5", "0"), ("corrupt", "1.0", "0")]


def method(**changes) -> Method:
    values = {
        "dataset": dataset(),
        "split": "test",
        "utterances": 1200,
        "speakers": 1,
        "models": [model(), model(title="Other", dtype="bfloat16")],
        "conditions": [FEW, FEW],
        "readout": "generate",
        "cue_block": CUE_BLOCK,
        "statistics": Statistics(resamples=500, confidence=0.9),
        "judgement": Judgement(),
    }
    return Method(**values | changes)


def test_methods_say_what_the_config_says():
    text = " ".join(methods(method()))
    for part in (
        "1,200 utterances of 1 speaker",
        "happy and angry",
        "quintiles of all utterances.",
        "Model (float32) and Other (bfloat16) were asked",
        "5 conditions: Audio-only, Shuffle (2 seeds) and Corrupt (p = 0.5, 1.0; 1 seed)",
        "the greedy answer",
        "500 times), at 90 %",
        "within 0.02 and 2 % of answers",
        CUE_BLOCK,
    ):
        assert part in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"readout": "score"}, "the label of highest probability"),
        ({"models": [model()], "conditions": [FEW]}, "Model (float32) was asked"),
        (
            {"conditions": [FEW, FEW[:2]]},
            "Corrupt (p = 0.5, 1.0; 1 seed). Other (bfloat16) was asked under 2 conditions: Audio-only and Shuffle (1 seed).",
        ),
        ({"dataset": dataset(tokens={"gender_specific": ["PITCH"]})}, "those of PITCH by gender"),
        ({"dataset": dataset(tokens={"fit_on": "test"})}, "quintiles of the split test"),
        ({"dataset": dataset(tokens={"f0": "median"})}, "F0 is its median"),
        ({"dataset": dataset(tokens={"voiced_mean": False})}, "over all frames too"),
        ({"dataset": dataset(tokens={"signed_brightness": False})}, "the plain average of its descriptors"),
        ({"dataset": dataset(tokens={"brightness_frames": "voiced"})}, "BRIGHTNESS is that of voiced frames"),
        ({"dataset": dataset(tokens={"voice_quality": {"rule": "thresholds"}})}, "follows four thresholds"),
    ],
)
def test_methods_change_with_the_config(changed, said):
    assert said in " ".join(methods(method(**changed)))
    assert said not in " ".join(methods(method()))


def test_citation_names_the_software_and_the_study():
    found = {
        "authors": [{"name": "The authors"}],
        "title": "software",
        "version": "1.2",
        "references": [
            {"authors": [{"given-names": "A", "family-names": "B"}, {"given-names": "C", "family-names": "D"}], "title": "study"}
        ],
    }
    assert citation(found) == ["The authors: software, version 1.2.", "A B, C D: study."]
