"""``cuealign ask`` tells of one utterance what the study stored, and asks for what it did not; both agree."""

import json
import shutil

import numpy as np
import pytest
import torch
from scipy.special import softmax

from cuealign.cli.ask import NOW, STORED, ask, read_given, report
from cuealign.cli.main import main
from cuealign.cli.study import find_utterance
from cuealign.core.errors import InputError
from cuealign.core.schema import MANIFEST, PREDICTIONS, TOKEN_SEQUENCES
from cuealign.core.vocabulary import CONCEPTS

LABELS = ["angry", "happy", "neutral", "sad"]


@pytest.fixture(scope="module")
def utterance(small_study):
    """An utterance of the test split."""
    return PREDICTIONS.read(small_study / "results/predictions/emosynth/test/cue-tiny/none/p0/seed0.parquet")["utterance"].iloc[5]


@pytest.fixture
def in_study(small_study, monkeypatch):
    monkeypatch.chdir(small_study)
    return small_study


@pytest.mark.parametrize("model", ["cue-tiny", "listener-audio", "listener-cues"])
def test_what_is_told_is_what_the_study_found(in_study, small_settings, model, utterance):
    asked = ask(small_settings, model, utterance, {})
    assert [heard.source for heard in asked.heard] == [STORED] * 3
    for heard, intervention in zip(asked.heard, ("none", "correct", "conflict"), strict=True):
        table = PREDICTIONS.read(in_study / f"results/predictions/emosynth/test/{model}/{intervention}/p0/seed0.parquet")
        (row,) = table[table["utterance"] == utterance].itertuples()
        logprobs = [getattr(row, f"logprob_{label}") for label in LABELS]
        assert (heard.answer, heard.read_as) == (row.answer, row.prediction)
        np.testing.assert_allclose([heard.shares[label] for label in LABELS], softmax(logprobs), atol=1e-12)
        assert heard.mass == pytest.approx(np.exp(logprobs).sum())


def test_what_is_asked_now_is_what_was_stored(own_study, small_settings, utterance, monkeypatch):
    monkeypatch.chdir(own_study)
    stored = ask(small_settings, "cue-tiny", utterance, {})
    shutil.rmtree(own_study / "results/responses")
    before = sorted(own_study.rglob("*"))
    now = ask(small_settings, "cue-tiny", utterance, {})
    assert [heard.source for heard in now.heard] == [NOW] * 3
    for first, second in zip(stored.heard, now.heard, strict=True):
        assert (first.answer, first.read_as, first.block) == (second.answer, second.read_as, second.block)
        np.testing.assert_allclose(list(first.logprobs.values()), list(second.logprobs.values()), atol=1e-4)
    assert sorted(own_study.rglob("*")) == before  # nothing is written


def test_given_tokens_that_conflict_are_the_conflicting_ones(in_study, small_settings, utterance):
    table = TOKEN_SEQUENCES.read(in_study / "results/interventions/emosynth/test/conflict/p0/seed0.parquet")
    (row,) = table[table["utterance"] == utterance].itertuples()
    asked = ask(small_settings, "listener-cues", utterance, {concept: getattr(row, concept) for concept in CONCEPTS})
    conflicting, given = asked.heard[2:]
    assert (given.condition, given.block) == ("given", row.cue_block)
    assert (given.answer, given.logprobs) == (conflicting.answer, conflicting.logprobs)


@pytest.mark.usefixtures("in_study")
def test_given_tokens_leave_the_others_as_they_are(small_settings, utterance):
    own = ask(small_settings, "listener-cues", utterance, {}).heard[1]
    token = "VERY_LOW" if "PITCH=VERY_LOW" not in own.block else "VERY_HIGH"
    given = ask(small_settings, "listener-cues", utterance, {"PITCH": token, "ENERGY": "MID", "DYNAMICS": "STATIC"}).heard[3]
    assert f"PITCH={token}" in given.block
    kept = [part for part in own.block.split("; ") if "BRIGHTNESS" in part or "FORMANTS" in part]
    assert all(part in given.block for part in kept)


def test_a_checkpoint_that_has_changed_is_asked_anew(own_study, small_settings, utterance, monkeypatch):
    monkeypatch.chdir(own_study)
    config = own_study / "results/models/listener-cues/config.json"
    config.write_text(config.read_text() + "\n")
    assert {heard.source for heard in ask(small_settings, "listener-cues", utterance, {}).heard} == {NOW}


@pytest.mark.usefixtures("in_study")
def test_a_model_on_a_gpu_is_not_loaded_for_what_is_stored(small_settings, utterance, monkeypatch):
    entry = small_settings.models["cue-tiny"].model_copy(update={"device": "cuda"})
    settings = small_settings.model_copy(update={"models": small_settings.models | {"cue-tiny": entry}})
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    asked = ask(settings, "cue-tiny", utterance, {})
    assert "--load loads the model" in report(asked)
    with pytest.raises(InputError, match=r"^models.cue-tiny.device: .*torch finds no GPU here.* or ask with --device cpu"):
        ask(settings, "cue-tiny", utterance, {}, load=True)
    assert ask(settings, "cue-tiny", utterance, {}, load=True, device="cpu").whole


@pytest.mark.usefixtures("in_study")
def test_the_prompt_is_shown_as_the_model_gets_it(small_settings, utterance):
    shown = report(ask(small_settings, "cue-tiny", utterance, {"PITCH": "VERY_HIGH"}))
    assert "<|im_start|>user\n" in shown
    assert "PITCH=VERY_HIGH" in shown.split("Tokens")[0]
    assert "Answer with exactly one of these words: angry, happy, neutral or sad." in shown


@pytest.mark.parametrize(
    ("words", "given"),
    [([], {}), (["pitch=very_high"], {"PITCH": "VERY_HIGH"}), (["PITCH=UNVOICED", "ENERGY=LOW"], {"PITCH": "UNVOICED", "ENERGY": "LOW"})],
)
def test_given_tokens_are_read_in_any_case(words, given):
    assert read_given(words) == given


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("PITCH", "'PITCH': write a concept and its token, such as PITCH=VERY_HIGH"),
        ("PTCH=LOW", "PTCH=LOW: unknown concept 'PTCH', did you mean 'PITCH'?; known: BRIGHTNESS, "),
        ("PITCH=HIHG", "PITCH=HIHG: unknown token of PITCH 'HIHG', did you mean 'HIGH'?; known: HIGH, "),
        ("ENERGY=UNVOICED", "ENERGY=UNVOICED: unknown token of ENERGY 'UNVOICED'; known: HIGH, "),
    ],
)
def test_a_word_that_is_no_token_is_refused_in_one_line(word, message):
    with pytest.raises(InputError) as error:
        read_given([word])
    assert str(error.value).startswith(message)


def test_a_concept_that_is_given_twice_is_refused():
    with pytest.raises(InputError, match="PITCH is given twice, LOW and HIGH; give it once"):
        read_given(["PITCH=LOW", "PITCH=HIGH"])


@pytest.mark.parametrize(("excluded", "why"), [("cut short", r"bad audio \(cut short\)"), ("", "label_map or unnamed_speakers says so")])
def test_an_utterance_that_the_study_leaves_out_is_said_to_be(own_study, small_settings, utterance, excluded, why, monkeypatch):
    monkeypatch.chdir(own_study)
    corpus = own_study / "results/corpora/emosynth"
    manifest = MANIFEST.read(corpus / "manifest.parquet")
    MANIFEST.write(manifest[manifest["utterance"] != utterance].reset_index(drop=True), corpus / "manifest.parquet")
    counts = json.loads((corpus / "counts.json").read_text())
    counts["excluded"] = [{"utterance": utterance, "problem": excluded}] * bool(excluded)
    (corpus / "counts.json").write_text(json.dumps(counts))
    with pytest.raises(InputError, match=f"utterance '{utterance}' of emosynth is left out: {why}"):
        find_utterance(small_settings, "cue-tiny", utterance, None)


def test_a_forgotten_utterance_is_all_that_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["ask", "cue-tiny"])
    assert capsys.readouterr().err.endswith("the following arguments are required: UTTERANCE\n")


def test_the_command_takes_the_study_as_snakemake_does(small_study, utterance, capsys, monkeypatch):
    monkeypatch.chdir(small_study.parent)
    study = ["--configfile", f"{small_study.name}/small.yaml", "--directory", str(small_study)]
    assert main(["ask", "listener-cues", utterance, "ENERGY=LOW", *study]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"listener-cues on {utterance} (split test of emosynth), label ")
    assert [line.split()[0] for line in shown.splitlines() if line.endswith((STORED, NOW))] == ["none", "own", "conflicting", "given"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cue-tny", "u"], "error: ask: unknown model 'cue-tny', did you mean 'cue-tiny'?; known: af3, "),
        (["cue-tiny", "u"], "error: there is no utterance 'u' in emosynth; known: "),
        (
            ["cue-tiny", "u", "--dataset", "iemocap"],
            "no tokens of iemocap are there; make them first, by the target tokens of the workflow",
        ),
        (["cue-tiny", "u", "--configfile", "lost.yaml"], "lost.yaml: cannot be read ("),
        (["cue-tiny", "u", "--directory", "/lost"], "error: /lost: there is no such folder"),
    ],
)
@pytest.mark.usefixtures("in_study")
def test_a_mistake_on_the_command_line_is_one_line(capsys, words, message):
    assert main(["ask", *words]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert len(shown.splitlines()) == 1
    assert len(shown) < 1000
