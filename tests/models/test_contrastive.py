"""Contrastive systems: they embed as a straight-line computation does, and batches, order and padding change nothing."""

import numpy as np
import pytest
import torch
from transformers import ClapFeatureExtractor

from cuealign.core.errors import ConfigError, ModelError
from cuealign.models.backends import BACKENDS, pengi
from cuealign.models.backends.clap_laion import log_mel
from cuealign.models.base import Request
from cuealign.models.contrastive import ContrastiveResponder, windows
from tests.support import published_oracle
from tests.support.contrastive import NAMES, WRITERS, ask, captions, load, noise
from tests.support.prompts import random_tokens
from tests.support.sound import tone

RATES = {"paraclap": 16_000, "msclap": 44_100, "msclap-2022": 44_100, "pengi": 44_100, "laion": 48_000}
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
"""float32 sums in another order; embeddings have length 1."""


@pytest.fixture(scope="session", params=WRITERS)
def checkpoint_of(request, tmp_path_factory):
    """(name, folder, tensors as published)."""
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder, WRITERS[request.param](folder)


# ---------------------------------------------------------------- the same numbers as a straight-line computation


@pytest.mark.parametrize("seconds", [0.3, 1.7, 3.0])
def test_paraclap_embeds_as_a_straight_line_computation_does(folders, seconds):
    folder, tensors = folders["paraclap"]
    model = load("paraclap", folder).model
    samples = noise(seconds, 16_000)
    with torch.inference_mode():
        found = torch.nn.functional.normalize(model.embed_clips([samples]), dim=-1)[0]
        ids = model.tokenizer("this person is feeling sad.")["input_ids"]
        text = torch.nn.functional.normalize(model.embed_captions(["this person is feeling sad."]), dim=-1)[0]
    torch.testing.assert_close(found, published_oracle.paraclap_audio(tensors, samples), **TOLERANCE)
    torch.testing.assert_close(text, published_oracle.paraclap_text(tensors, ids), **TOLERANCE)
    assert model.scale == pytest.approx(float(tensors["logit_scale"].exp()))


@pytest.mark.parametrize("seed", [0, 1])
def test_msclap_embeds_as_a_straight_line_computation_does(folders, seed):
    folder, tensors = folders["msclap"]
    model = load("msclap", folder).model
    samples = noise(7, 44_100, seed)
    with torch.inference_mode():
        found = torch.nn.functional.normalize(model.embed_clips([samples]), dim=-1)[0]
        ids = model.tokenizer("this person is feeling sad. <|endoftext|>", add_special_tokens=False)["input_ids"]
        text = torch.nn.functional.normalize(model.embed_captions(["this person is feeling sad."]), dim=-1)[0]
    torch.testing.assert_close(found, published_oracle.msclap_audio(tensors, samples), **TOLERANCE)
    torch.testing.assert_close(text, published_oracle.msclap_text(tensors, ids), **TOLERANCE)
    other = published_oracle.msclap_audio(tensors, noise(7, 44_100, seed + 7))
    assert (other - published_oracle.msclap_audio(tensors, samples)).abs().max() > 20 * TOLERANCE["atol"]  # the comparison is not trivial


@pytest.mark.parametrize("seed", [0, 1])
def test_msclap_of_2022_embeds_as_a_straight_line_computation_does(folders, seed):
    folder, tensors = folders["msclap-2022"]
    model = load("msclap-2022", folder).model
    samples = noise(5, 44_100, seed)
    caption = "this person is feeling sad."
    with torch.inference_mode():
        (clip,), cut = model.clips(samples)
        found = torch.nn.functional.normalize(model.embed_clips([clip]), dim=-1)[0]
        text = torch.nn.functional.normalize(model.embed_captions([caption]), dim=-1)[0]
    assert not cut
    torch.testing.assert_close(found, published_oracle.msclap_2022_audio(tensors, samples), **TOLERANCE)
    torch.testing.assert_close(text, published_oracle.msclap_2022_text(tensors, model.tokenizer(caption)["input_ids"]), **TOLERANCE)
    assert model.scale == pytest.approx(float(tensors["logit_scale"].exp()))
    other = published_oracle.msclap_2022_audio(tensors, noise(5, 44_100, seed + 7))
    assert (other - published_oracle.msclap_2022_audio(tensors, samples)).abs().max() > 20 * TOLERANCE["atol"]


def test_msclap_of_2022_reads_a_caption_of_more_than_a_hundred_tokens_whole_and_refuses_one_beyond_its_positions(folders):
    folder, tensors = folders["msclap-2022"]
    model = load("msclap-2022", folder).model
    caption = "this person is feeling sad. " * 15
    ids = model.tokenizer(caption)["input_ids"]
    assert 100 < len(ids) < 256
    with torch.inference_mode():
        text = torch.nn.functional.normalize(model.embed_captions([caption]), dim=-1)[0]
    torch.testing.assert_close(text, published_oracle.msclap_2022_text(tensors, ids), **TOLERANCE)
    with pytest.raises(ModelError, match=r"the caption '.*' has \d+ tokens, more than the model's 256"):
        model.embed_captions(["sad " * 300])


@pytest.mark.parametrize("seed", [0, 1])
def test_pengi_generates_as_a_straight_line_computation_does(folders, seed):
    folder, tensors = folders["pengi"]
    model = load("pengi", folder)
    samples = noise(7, 44_100, seed)
    request = model.reader(pengi.Options().request)["input_ids"]
    with torch.inference_mode():
        of_audio = model.network.audio_prefix(torch.from_numpy(samples)[None])
        of_text = model.network.text_prefix(torch.tensor([request]))
        [written] = model._write(torch.cat([of_audio, of_text], dim=1))
        word = torch.nn.functional.normalize(model.network.text_features(model._read("angry")), dim=-1)[0]
    torch.testing.assert_close(of_audio[0], published_oracle.pengi_audio_prefix(tensors, samples), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(of_text[0], published_oracle.pengi_text_prefix(tensors, request), atol=1e-4, rtol=1e-4)
    assert written == published_oracle.pengi_greedy(tensors, torch.cat([of_audio, of_text], dim=1)[0], len(written))
    torch.testing.assert_close(word, published_oracle.pengi_label(tensors, model.reader("angry")["input_ids"]), **TOLERANCE)


def test_pengi_ends_each_text_of_a_batch_at_its_first_stop(folders, monkeypatch):
    model = load("pengi", folders["pengi"][0])
    samples = torch.from_numpy(np.stack([noise(7, 44_100, seed) * 3**seed for seed in range(4)]))
    with torch.inference_mode():
        of_audio = model.network.audio_prefix(samples)
        prefix = torch.cat([of_audio, model.network.text_prefix(model._read("this emotion is")).expand(4, -1, -1)], dim=1)
        free = model._write(prefix)
        assert {len(ids) for ids in free} == {8}
        stop = free[0][2]
        monkeypatch.setattr(model, "writer", lambda _text, **_options: {"input_ids": [stop]})
        ended = model._write(prefix)
        alone = [model._write(each[None])[0] for each in prefix]
    expected = [ids[: ids.index(stop) + 1] if stop in ids else ids for ids in free]
    assert ended == alone == expected
    assert len(ended[0]) <= 3


def test_laion_embeds_as_transformers_does(folders):
    folder, _ = folders["laion"]
    model = load("laion", folder).model
    samples = noise(2.5, 48_000)
    with torch.inference_mode():
        (clip,), cut = model.clips(samples)
        found = model.embed_clips([clip])[0]
        batch = model.extractor(samples, sampling_rate=48_000, truncation="rand_trunc", padding="repeatpad", return_tensors="pt")
        expected = model.model.get_audio_features(**batch).pooler_output[0]
    assert not cut
    # Repeated whole, then silence, as in training and in the published inference.
    torch.testing.assert_close(found, expected, **TOLERANCE)
    whole = noise(10, 48_000)
    with torch.inference_mode():
        batch = model.extractor(whole, sampling_rate=48_000, truncation="rand_trunc", padding="repeatpad", return_tensors="pt")
        expected = model.model.get_audio_features(**batch).pooler_output[0]
        torch.testing.assert_close(model.embed_clips(model.clips(whole)[0])[0], expected, **TOLERANCE)


@pytest.mark.parametrize("fused", [False, True])
def test_features_of_laion_are_those_of_its_extractor(fused):
    extractor = ClapFeatureExtractor()
    count = extractor.nb_max_samples
    clips = [noise(10, 48_000, 1), np.zeros(count, np.float32), 1e-4 * noise(10, 48_000, 2), np.eye(1, count, 7, dtype=np.float32)[0]]
    found = log_mel(torch.from_numpy(np.stack(clips)), extractor, fused=fused)
    kind = "fusion" if fused else "rand_trunc"
    for mine, clip in zip(found, clips, strict=True):
        batch = extractor(clip, sampling_rate=48_000, truncation=kind, padding="repeatpad", return_tensors="pt")
        (theirs,) = batch["input_features"]
        assert len(theirs) == (4 if fused else 1)
        for channel in theirs:
            torch.testing.assert_close(mine, channel, atol=1e-4, rtol=0)  # decibels
    assert np.ptp(found[0].numpy()) > 10


def test_features_of_laion_do_not_depend_on_the_other_clips():
    extractor = ClapFeatureExtractor()
    clips = torch.from_numpy(np.stack([noise(10, 48_000, seed) * 10.0**-seed for seed in range(3)]))
    together = log_mel(clips, extractor, fused=False)
    alone = torch.cat([log_mel(clip[None], extractor, fused=False) for clip in clips])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


# ---------------------------------------------------------------- what must not change a response


def test_batches_and_order_change_nothing(checkpoint_of):
    name, folder, _ = checkpoint_of

    def in_batches():
        responder = load(name, folder)
        responder.batch = 4  # as on a GPU; here each sound would be embedded by itself
        return responder

    responder = in_batches()
    longest = 4.0 if name == "paraclap" else 30.0  # the tiny one has 800 frames a second
    sounds = [noise(seconds, 16_000, number) for number, seconds in enumerate((0.2, 2.0, 1.1, longest, 2.3))]
    together = ask(responder, name, *sounds)
    alone = [ask(load(name, folder), name, sound)[0] for sound in sounds]
    reverse = ask(in_batches(), name, *sounds[::-1])[::-1]
    again = ask(in_batches(), name, *sounds)
    assert together == again
    for found in (alone, reverse):
        for mine, theirs in zip(found, together, strict=True):
            np.testing.assert_allclose(mine[0].label_logprobs, theirs[0].label_logprobs, atol=1e-4)
            assert (mine[0].answer, mine[0].reasoning, mine[0].answer_tokens) == (
                theirs[0].answer,
                theirs[0].reasoning,
                theirs[0].answer_tokens,
            )
    scores = np.array([responses[0].label_logprobs for responses in together])
    if name != "pengi":  # it may generate the same text for all of them
        assert np.ptp(scores, axis=0).max() > 1e-3  # scores depend on the sound
    np.testing.assert_allclose(np.exp(scores).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.001, 0.2, 5.0, 7.0, 10.0, 30.0])
def test_silence_and_sounds_of_any_length_get_finite_scores(checkpoint_of, seconds):
    name, folder, _ = checkpoint_of
    for sound in (np.zeros(round(seconds * 16_000), np.float32), noise(seconds, 16_000)):
        ((response,),) = ask(load(name, folder), name, sound)
        assert np.isfinite(response.label_logprobs).all()
        assert response.path == "similarity"
        limit = {"paraclap": 1e9, "laion": 10, "msclap": 7, "msclap-2022": 5, "pengi": 7}[name]
        assert response.audio_truncated == (seconds > limit)


def test_sounds_are_loaded_at_the_rate_of_the_model(checkpoint_of):
    name, folder, _ = checkpoint_of
    rates = []

    def sound(rate=16_000):
        rates.append(rate)
        return noise(0.5, rate)

    ask(load(name, folder), name, sound)
    assert rates == [RATES[name]]


def test_windows_repeat_short_sounds_and_cut_long_ones():
    samples = np.arange(10)
    assert windows(samples[:3], 7, "centre") == ([pytest.approx([0, 1, 2, 0, 1, 2, 0])], False)
    assert windows(samples, 4, "centre") == ([pytest.approx([3, 4, 5, 6])], True)
    pieces, cut = windows(samples, 4, "tiled")
    assert [piece.tolist() for piece in pieces] == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert not cut
    assert [piece.tolist() for piece in windows(samples, 5, "tiled")[0]] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert len(windows(samples, 10, "centre")[0]) == 1


def test_tiles_use_the_whole_sound_and_the_centre_only_the_middle(folders):
    """The middle of the sound is silent."""
    folder, _ = folders["msclap"]
    sound = noise(21, 16_000)
    sound[16_000 * 6 : 16_000 * 15] = 0
    silent = np.zeros_like(sound)
    centre = [ask(load("msclap", folder), "msclap", one)[0][0] for one in (sound, silent)]
    tiled = [ask(load("msclap", folder, options={"crop": "tiled"}), "msclap", one)[0][0] for one in (sound, silent)]
    np.testing.assert_allclose(centre[0].label_logprobs, centre[1].label_logprobs, atol=1e-3)
    assert np.abs(np.subtract(tiled[0].label_logprobs, tiled[1].label_logprobs)).max() > 1e-2
    assert centre[0].audio_truncated
    assert not tiled[0].audio_truncated


@pytest.mark.parametrize("name", ["msclap", "msclap-2022", "pengi", "laion"])
def test_an_unknown_crop_is_refused_with_the_known_ones(name):
    with pytest.raises(ConfigError, match=r"models\.m\.options\.crop: is 'random', but must be centre or tiled"):
        BACKENDS.options(NAMES[name], {"crop": "random"}, "models.m.options")


def test_cues_in_captions_change_scores(checkpoint_of):
    name, folder, _ = checkpoint_of
    if name == "pengi":
        pytest.skip("its captions are single words")
    blocks = random_tokens(["a", "b"])["cue_block"]
    responder = load(name, folder)
    (plain, one, two) = next(responder.respond([Request("u", noise(1, 16_000), tuple(captions(name, block) for block in ("", *blocks)))]))
    assert len({plain.label_logprobs, one.label_logprobs, two.label_logprobs}) == 3


def test_another_number_of_captions_than_labels_is_refused(checkpoint_of):
    name, folder, _ = checkpoint_of
    with pytest.raises(ModelError, match="a prompt has 1 captions for 4 labels"):
        list(load(name, folder).respond([Request("u", noise(1, 16_000), ("this person is feeling sad.",))]))


def test_samples_at_sixteen_kilohertz_are_resampled(folders):
    folder, _ = folders["msclap"]
    responder = load("msclap", folder)
    assert isinstance(responder, ContrastiveResponder)
    request = Request("u", tone(1.0), (captions("msclap"),))
    assert len(request.load_audio(44_100)) == 44_100
    assert len(next(responder.respond([request]))) == 1
