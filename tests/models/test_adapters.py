"""The thinking adapter of Audio Flamingo 3: all of its tensors are loaded or none; only the final answer is evaluated."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AudioFlamingo3ForConditionalGeneration

from cuealign.core.errors import ConfigError, ModelError
from cuealign.models.adapters import overwrite_weights
from cuealign.models.backends import BACKENDS, audio_flamingo_3, audio_flamingo_3_think
from cuealign.models.backends.audio_flamingo_3_think import SUFFIX, rename, split_answer
from tests.support import families
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("think")
    families.audio_flamingo_3_think(folder)
    return folder


@pytest.fixture
def folder(published, tmp_path):
    return shutil.copytree(published, tmp_path / "checkpoint")


def load(folder, **options):
    return audio_flamingo_3_think.load(entry(path=str(folder), options=options), "ft-af3", LABELS, TEMPLATE)


def test_merged_updates_are_those_that_peft_applies(published, tmp_path):
    """Oracle: PEFT's own model, which leaves the matrices unchanged and computes the updates separately."""
    plain = AudioFlamingo3ForConditionalGeneration.from_pretrained(published)
    overwrite_weights(plain, published / "think" / "non_lora_trainables.bin", rename)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    shutil.copy(published / "think" / "adapter_config.json", adapter)
    tensors = load_file(published / "think" / "adapter_model.safetensors")
    save_file({f"base_model.model.{rename(name.removeprefix('base_model.model.'))}": value for name, value in tensors.items()},
              adapter / "adapter_model.safetensors")  # fmt: skip
    oracle = PeftModel.from_pretrained(plain, adapter).eval()

    model = load(published)
    audio = model.frontend.prepare(tone(1.3))
    ids = torch.tensor([model.frontend.tokenise("How does it sound?", audio.tokens)])
    with torch.inference_mode():
        expected = oracle(input_ids=ids, attention_mask=torch.ones_like(ids), **model.inputs([audio])).logits[0]
        without = audio_flamingo_3.load(entry(path=str(published)), "af3", LABELS, TEMPLATE).full_logits(ids[0].tolist(), audio)
        found = model.full_logits(ids[0].tolist(), audio)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)  # sums in another order, fp32
    assert (found - without).abs().max() > 1
    assert not [name for name, _ in model.model.named_modules() if "lora" in name]


def test_whole_weights_of_the_adapter_are_loaded(published):
    whole = torch.load(published / "think" / "non_lora_trainables.bin", weights_only=True)
    parameters = dict(load(published).model.named_parameters())
    assert len(whole) == 2
    for name, tensor in whole.items():
        torch.testing.assert_close(parameters[rename(name.removeprefix("base_model.model."))], tensor)


def test_names_of_this_version_of_transformers_are_not_changed():
    for name in ("model.language_model.layers.0.mlp.up_proj", "lm_head.weight", "model.audio_tower.conv1.weight"):
        assert rename(name) == name
    assert rename("language_model.lm_head.weight") == "lm_head.weight"


class Code:
    """A pickle that would run something."""

    def __reduce__(self):
        return (print, ("code ran",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"audio_tower.convX.weight": torch.zeros(2)},
            r"nothing is loaded; .*:\n  - unknown to the model \(1\): model\.audio_tower\.convX\.weight",
        ),
        (
            {"multi_modal_projector.linear_1.bias": torch.zeros(3)},
            r"nothing is loaded; .*:\n  - model\.multi_modal_projector\.linear_1\.bias has the shape \(3,\), not \(64,\)",
        ),
        ({}, "contains no named tensors"),
        ([torch.zeros(2)], "contains no named tensors"),
        ({"x": Code()}, "contains more than tensors, or is damaged"),
    ],
)
def test_weights_that_do_not_match_the_model_are_refused(folder, content, message, capsys):
    torch.save(content, folder / "think" / "non_lora_trainables.bin")
    with pytest.raises(ModelError, match=message):
        load(folder)
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "layers.0.self_attn.q_proj",
            "layers.7.self_attn.q_proj",
            r"nothing is loaded; unknown to the model: model\.language_model\.layers\.7\.self_attn\.q_proj",
        ),
        (
            "layers.0.self_attn.q_proj.lora_A",
            "layers.0.self_attn.q_proj.lora_magnitude",
            "nothing is loaded; unknown to the model: .*lora_magnitude",
        ),
    ],
)
def test_an_update_of_an_unknown_matrix_is_refused(folder, old, new, message):
    file = folder / "think" / "adapter_model.safetensors"
    tensors = {name.replace(old, new) if "language_model" in name else name: tensor for name, tensor in load_file(file).items()}
    save_file(tensors, file)
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_half_an_update_is_refused(folder):
    file = folder / "think" / "adapter_model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("lora_B.weight"))
    save_file({other: tensor for other, tensor in tensors.items() if other != name}, file)
    with pytest.raises(ModelError, match=r"the adapter is unusable; missing: \S*lora_B\.\S*weight"):
        load(folder)


@pytest.mark.parametrize("name", ["non_lora_trainables.bin", "adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / "think" / name).unlink()
    with pytest.raises(ModelError, match=rf"think/{name}: no such file; the adapter is incomplete"):
        load(folder)


def test_another_adapter_is_another_model(folder):
    before = load(folder).fingerprint
    config = json.loads((folder / "think" / "adapter_config.json").read_text())
    (folder / "think" / "adapter_config.json").write_text(json.dumps(config | {"lora_alpha": 2 * config["lora_alpha"]}))
    assert load(folder).fingerprint != before
    (folder / "think").rename(folder / "reason")
    load(folder, adapter="reason")
    with pytest.raises(ConfigError, match=r"^models\.m\.options\.adaptor: unknown key, did you mean 'adapter'\?; known: adapter$"):
        BACKENDS.options("audio_flamingo_3_think", {"adaptor": "reason"}, "models.m.options")


def test_the_request_to_reason_comes_after_the_cue_block(published):
    chat = load(published).frontend.chat("What is it?\nAcoustic cues: ENERGY=LOW")
    assert f"Acoustic cues: ENERGY=LOW\n{SUFFIX}<|im_end|>" in chat


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("angry", "", "angry"),
        ("The voice is loud. It is not sad. The speaker sounds angry.", "The voice is loud. It is not sad.", "The speaker sounds angry."),
        ("<think>sad? no, happy</think>\nneutral", "<think>sad? no, happy</think>", "neutral"),
        ("Pitch is high, as if happy. The answer is: angry", "Pitch is high, as if happy. The answer is:", "angry"),
        ("Happy is out.\nFinal answer: sad.", "Happy is out.\nFinal answer:", "sad."),
        ("To answer this, listen: happy people speak fast.\n\nsad", "To answer this, listen: happy people speak fast.", "sad"),
        ("The speaker is sad. That is the final answer.", "The speaker is sad.", "That is the final answer."),
        ("", "", ""),
    ],
)
def test_the_final_answer_comes_last(text, reasoning, answer):
    assert split_answer(text) == (reasoning, answer)


def test_reasoning_that_hits_the_token_limit_has_no_answer(published):
    frontend = load(published).frontend
    ids = frontend.tokenizer("loud. angry", add_special_tokens=False)["input_ids"]
    assert frontend.read(ids) == ("loud. angry", "")
    assert frontend.read([*ids, frontend.end_of_turn]) == ("loud.", "angry")
