"""Contrastive systems: published key layouts load strictly, and embed as a straight-line computation does."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cuealign.core.errors import ModelError
from cuealign.models import tensors as tensor_files
from cuealign.models.backends import clap_laion, clap_msclap, paraclap, pengi
from cuealign.models.base import Request
from cuealign.models.contrastive import ContrastiveResponder, windows
from cuealign.prompts.templates import CaptionTemplate
from tests.support import published
from tests.support.inference import ENTRY
from tests.support.prompts import LABELS, TEMPLATE, random_tokens
from tests.support.sound import tone

CAPTIONS = CaptionTemplate("this person is feeling {label}.", TEMPLATE.cue_block)
WORDS = CaptionTemplate("{label}", TEMPLATE.cue_block)
BACKENDS = {"paraclap": paraclap, "msclap": clap_msclap, "pengi": pengi, "laion": clap_laion}
RATES = {"paraclap": 16_000, "msclap": 44_100, "pengi": 44_100, "laion": 48_000}
# fp32 sums in another order; embeddings have length 1.
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def laion(folder: Path) -> dict[str, torch.Tensor]:
    """A tiny CLAP of transformers' own classes."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    published.paraclap(folder / "other")  # for its tokenizer
    torch.manual_seed(0)
    text = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    sound = {"patch_embeds_hidden_size": 8, "hidden_size": 16, "depths": [2, 2], "num_attention_heads": [2, 2]}
    model = ClapModel(ClapConfig(text_config=text, audio_config=sound, projection_dim=10))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    model.save_pretrained(folder)
    ClapFeatureExtractor().save_pretrained(folder)
    for file in (folder / "other" / "text").glob("tokenizer*"):
        shutil.copy(file, folder)
    shutil.rmtree(folder / "other")
    return {}


WRITERS = {"paraclap": published.paraclap, "msclap": published.msclap, "pengi": published.pengi, "laion": laion}


@pytest.fixture(scope="session", params=WRITERS)
def checkpoint_of(request, tmp_path_factory):
    """(name, folder, tensors as published)."""
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder, WRITERS[request.param](folder)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    found = {}
    for name, write in WRITERS.items():
        folder = tmp_path_factory.mktemp(name)
        found[name] = (folder, write(folder))
    return found


def load(name, folder, labels=LABELS, **entry):
    torch.set_num_threads(1)
    return BACKENDS[name].load(ENTRY | {"path": str(folder), "max_new_tokens": 8} | entry, name, labels, CAPTIONS)


def captions(name, block=""):
    return (WORDS if name == "pengi" else CAPTIONS).render([label.word for label in LABELS], block)


def ask(responder, name, *sounds):
    return list(responder.respond([Request(f"u{number}", sound, (captions(name),)) for number, sound in enumerate(sounds)]))


def noise(seconds, rate, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


# ---------------------------------------------------------------- the same numbers as a straight-line computation


@pytest.mark.parametrize("seconds", [0.3, 1.7, 3.0])
def test_paraclap_embeds_as_the_oracle_does(folders, seconds):
    folder, tensors = folders["paraclap"]
    model = load("paraclap", folder).model
    samples = noise(seconds, 16_000)
    with torch.inference_mode():
        found = torch.nn.functional.normalize(model.embed_clips([samples]), dim=-1)[0]
        ids = model.tokenizer("this person is feeling sad.")["input_ids"]
        read = torch.nn.functional.normalize(model.embed_captions(["this person is feeling sad."]), dim=-1)[0]
    torch.testing.assert_close(found, published.paraclap_audio(tensors, samples), **TOLERANCE)
    torch.testing.assert_close(read, published.paraclap_text(tensors, ids), **TOLERANCE)
    assert model.scale == pytest.approx(float(tensors["logit_scale"].exp()))


@pytest.mark.parametrize("seed", [0, 1])
def test_msclap_embeds_as_the_oracle_does(folders, seed):
    folder, tensors = folders["msclap"]
    model = load("msclap", folder).model
    samples = noise(7, 44_100, seed)
    with torch.inference_mode():
        found = torch.nn.functional.normalize(model.embed_clips([samples]), dim=-1)[0]
        ids = model.tokenizer("this person is feeling sad. <|endoftext|>", add_special_tokens=False)["input_ids"]
        read = torch.nn.functional.normalize(model.embed_captions(["this person is feeling sad."]), dim=-1)[0]
    torch.testing.assert_close(found, published.msclap_audio(tensors, samples), **TOLERANCE)
    torch.testing.assert_close(read, published.msclap_text(tensors, ids), **TOLERANCE)
    other = published.msclap_audio(tensors, noise(7, 44_100, seed + 7))
    assert (other - published.msclap_audio(tensors, samples)).abs().max() > 20 * TOLERANCE["atol"]  # the comparison bites


@pytest.mark.parametrize("seed", [0, 1])
def test_pengi_writes_as_the_oracle_does(folders, seed):
    folder, tensors = folders["pengi"]
    model = load("pengi", folder)
    samples = noise(7, 44_100, seed)
    request = model.reader(pengi.REQUEST)["input_ids"]
    with torch.inference_mode():
        heard = model.network.audio_prefix(torch.from_numpy(samples)[None])
        asked = model.network.text_prefix(torch.tensor([request]))
        [said] = model._write(torch.cat([heard, asked], dim=1))
        word = torch.nn.functional.normalize(model.network.text_features(model._read("angry")), dim=-1)[0]
    torch.testing.assert_close(heard[0], published.pengi_audio_prefix(tensors, samples), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(asked[0], published.pengi_text_prefix(tensors, request), atol=1e-4, rtol=1e-4)
    assert said == published.pengi_greedy(tensors, torch.cat([heard, asked], dim=1)[0], len(said))
    torch.testing.assert_close(word, published.pengi_label(tensors, model.reader("angry")["input_ids"]), **TOLERANCE)


def test_pengi_ends_each_of_several_texts_at_its_own_stop(folders, monkeypatch):
    model = load("pengi", folders["pengi"][0])
    samples = torch.from_numpy(np.stack([noise(7, 44_100, seed) * 3**seed for seed in range(4)]))
    with torch.inference_mode():
        heard = model.network.audio_prefix(samples)
        prefix = torch.cat([heard, model.network.text_prefix(model._read("what is heard")).expand(4, -1, -1)], dim=1)
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
    # A sound is repeated up to the limit here, as in training; transformers repeats it whole and fills up with silence.
    assert torch.nn.functional.cosine_similarity(found, expected, dim=0) > 0.9
    whole = noise(10, 48_000)
    with torch.inference_mode():
        batch = model.extractor(whole, sampling_rate=48_000, truncation="rand_trunc", padding="repeatpad", return_tensors="pt")
        expected = model.model.get_audio_features(**batch).pooler_output[0]
        torch.testing.assert_close(model.embed_clips(model.clips(whole)[0])[0], expected, **TOLERANCE)


# ---------------------------------------------------------------- what may not matter


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
    turned = ask(in_batches(), name, *sounds[::-1])[::-1]
    again = ask(in_batches(), name, *sounds)
    assert together == again
    for found in (alone, turned):
        for mine, theirs in zip(found, together, strict=True):
            np.testing.assert_allclose(mine[0].label_logprobs, theirs[0].label_logprobs, atol=1e-4)
            assert (mine[0].answer, mine[0].reasoning, mine[0].answer_tokens) == (
                theirs[0].answer,
                theirs[0].reasoning,
                theirs[0].answer_tokens,
            )
    scores = np.array([responses[0].label_logprobs for responses in together])
    if name != "pengi":  # which may write the same of all of them
        assert np.ptp(scores, axis=0).max() > 1e-3  # sounds are told apart
    np.testing.assert_allclose(np.exp(scores).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.001, 0.2, 7.0, 10.0, 30.0])
def test_silence_and_any_length_are_defined(checkpoint_of, seconds):
    name, folder, _ = checkpoint_of
    for sound in (np.zeros(round(seconds * 16_000), np.float32), noise(seconds, 16_000)):
        ((response,),) = ask(load(name, folder), name, sound)
        assert np.isfinite(response.label_logprobs).all()
        assert response.path == "similarity"
        limit = {"paraclap": 1e9, "laion": 10, "msclap": 7, "pengi": 7}[name]
        assert response.audio_truncated == (seconds > limit)


def test_the_rate_is_the_models_own(checkpoint_of):
    name, folder, _ = checkpoint_of
    asked = []

    def sound(rate=16_000):
        asked.append(rate)
        return noise(0.5, rate)

    ask(load(name, folder), name, sound)
    assert asked == [RATES[name]]


def test_windows_are_cut_without_chance():
    samples = np.arange(10)
    assert windows(samples[:3], 7, "centre") == ([pytest.approx([0, 1, 2, 0, 1, 2, 0])], False)
    assert windows(samples, 4, "centre") == ([pytest.approx([3, 4, 5, 6])], True)
    pieces, cut = windows(samples, 4, "tiled")
    assert [piece.tolist() for piece in pieces] == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert not cut
    assert [piece.tolist() for piece in windows(samples, 5, "tiled")[0]] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert len(windows(samples, 10, "centre")[0]) == 1


def test_tiles_hear_everything(folders):
    """A sound whose middle is silent: its middle alone says nothing."""
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
    with pytest.raises(ModelError, match=r"models\.msclap\.options\.crop: 'random' is none of centre, tiled"):
        load("msclap", folder, options={"crop": "random"})


def test_cues_in_captions_change_scores(checkpoint_of):
    name, folder, _ = checkpoint_of
    if name == "pengi":
        pytest.skip("its captions are single words")
    blocks = random_tokens(["a", "b"])["cue_block"]
    responder = load(name, folder)
    (plain, one, two) = next(responder.respond([Request("u", noise(1, 16_000), tuple(captions(name, block) for block in ("", *blocks)))]))
    assert len({plain.label_logprobs, one.label_logprobs, two.label_logprobs}) == 3


def test_captions_are_as_many_as_labels(checkpoint_of):
    name, folder, _ = checkpoint_of
    with pytest.raises(ModelError, match="a prompt has 1 captions for 4 labels"):
        list(load(name, folder).respond([Request("u", noise(1, 16_000), ("this person is feeling sad.",))]))


# ---------------------------------------------------------------- checkpoints that do not fit

WEIGHTS = {"paraclap": "best.pth.tar", "msclap": "CLAP_weights_2023.pth", "pengi": "base.pth"}


@pytest.fixture(params=WEIGHTS)
def broken(request, folders, tmp_path):
    """(name, a copy of its folder, its weights, a function that writes other weights)."""
    name = request.param
    folder = shutil.copytree(folders[name][0], tmp_path / name)
    content = {key: tensor.clone() for key, tensor in tensor_files.read_tensors(folder / WEIGHTS[name]).items()}
    return name, folder, content, lambda other: torch.save(other, folder / WEIGHTS[name])


def refused(name, folder, message):
    with pytest.raises(ModelError, match=message):
        load(name, folder)


def test_a_stranger_among_the_tensors_is_named(broken):
    name, folder, content, write = broken
    write(content | {"audio_encoder.extra.weight": torch.zeros(2)})
    refused(name, folder, rf"{WEIGHTS[name]}: nothing is loaded:\n  - 1 tensors have no place in the model: audio_encoder\.extra\.weight")


@pytest.mark.parametrize("pattern", [r"projection\.linear2\.weight$", r"logit_scale|prefix_const", r"(qkv|k_proj)\.weight$"])
def test_a_tensor_that_is_missing_is_named(broken, pattern):
    name, folder, content, write = broken
    lost = next(key for key in content if re.search(pattern, key))
    write({key: tensor for key, tensor in content.items() if key != lost})
    refused(name, folder, r"nothing is loaded:\n  - \d tensors are missing: ")


def test_a_tensor_of_another_shape_is_named(broken):
    name, folder, content, write = broken
    key = next(key for key in content if re.search(r"(audio_|encoder\.)projection\.layer_norm\.bias$", key))
    write(content | {key: torch.zeros(3)})
    refused(name, folder, r"layer_norm\.bias has the shape \(3,\), not \(10,\)")


def test_a_pickle_that_is_not_tensors_is_refused(broken, capsys):
    class Code:
        def __reduce__(self):
            return (print, ("code ran",))

    name, folder, _, write = broken
    write({"model": Code()})
    refused(name, folder, "not a file of tensors alone")
    write({"model": {"a": 1}})
    refused(name, folder, "not a file of named tensors")
    (folder / WEIGHTS[name]).write_bytes(b"")
    refused(name, folder, "not a file of tensors alone")
    (folder / WEIGHTS[name]).unlink()
    refused(name, folder, rf"{WEIGHTS[name]}: no such file; docs/models\.md lists")
    assert "code ran" not in capsys.readouterr().out


def test_the_config_of_a_part_that_is_missing_is_named(broken):
    name, folder, _, _ = broken
    (folder / "text" / "config.json").unlink()
    refused(name, folder, r"text/config\.json: no such file; docs/models\.md lists what model")


def test_names_of_several_generations_load_alike(folders, tmp_path):
    """Weight norm under old and new names, wrapped or not, with the prefix of parallel training, as safetensors."""
    folder, _ = folders["paraclap"]
    content = tensor_files.read_tensors(folder / "best.pth.tar")
    assert any("parametrizations" in key for key in content)
    expected = ask(load("paraclap", folder), "paraclap", noise(1, 16_000))
    for number, (name, saved) in enumerate(
        {
            "new.pth": content,
            "wrapped.pth": {"state_dict": content},
            "parallel.pth": {f"module.{key}": tensor for key, tensor in content.items()},
            "smooth.pth": content | {"local_audio_branch.base.encoder.weight": torch.zeros(3)},
            "best.safetensors": None,
        }.items()
    ):
        copy = shutil.copytree(folder, tmp_path / str(number))
        if saved is None:
            save_file({key: tensor.contiguous() for key, tensor in content.items()}, copy / name)
        else:
            torch.save(saved, copy / name)
        found = ask(load("paraclap", copy, options={"weights": name}), "paraclap", noise(1, 16_000))
        assert found == expected


def test_other_weights_are_another_model(broken):
    name, folder, content, write = broken
    before = load(name, folder).fingerprint
    key = next(key for key in content if key.endswith("linear1.weight"))
    write(content | {key: content[key] + 1})
    assert load(name, folder).fingerprint != before


def test_a_repository_of_the_hub_needs_its_parts_pinned(folders):
    folder, _ = folders["paraclap"]
    assert isinstance(load("paraclap", folder), ContrastiveResponder)
    entry = ENTRY | {"path": None, "hub_id": "KeiKinn/paraclap", "revision": "0" * 40, "options": {"text": "google-bert/bert-base-uncased"}}
    with pytest.raises(ModelError, match=r"models\.p\.options\.(speech|text): give a repository of the hub and a commit"):
        paraclap.load(entry, "p", LABELS, CAPTIONS)


def test_a_sound_at_sixteen_kilohertz_is_resampled(folders):
    folder, _ = folders["msclap"]
    responder = load("msclap", folder)
    request = Request("u", tone(1.0), (captions("msclap"),))
    assert len(request.load_audio(44_100)) == 44_100
    assert len(next(responder.respond([request]))) == 1
