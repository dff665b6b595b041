"""Checkpoints that come with code of their own: MiDashengLM."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from cuealign.core.errors import ModelError
from cuealign.models.backends import midashenglm
from tests.support import families
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE
from tests.support.sound import tone


@pytest.fixture
def remote(tmp_path):
    families.midashenglm(tmp_path / "remote")
    return tmp_path / "remote"


def load(folder, **changes):
    return midashenglm.load(entry(path=str(folder), **changes), "ft-qw-omni", LABELS, TEMPLATE)


def test_code_of_a_checkpoint_runs_only_with_consent(remote):
    (remote / "configuration_standin.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(ModelError, match=r"models\.ft-qw-omni: .* set trust_remote_code: true"):
        load(remote, trust_remote_code=False)


def test_a_missing_package_of_the_code_is_named(remote):
    code = remote / "configuration_standin.py"
    code.write_text(code.read_text() + "\nimport package_of_that_code\n")
    with pytest.raises(ModelError, match=r"cannot be imported \(.*package_of_that_code.*torchaudio"):
        load(remote)


def test_missing_and_unknown_tensors_are_named(remote):
    file = remote / "model.safetensors"
    tensors = load_file(file)
    name = "audio_projector.net.0.weight"
    save_file({other: tensor for other, tensor in tensors.items() if other != name}, file)
    with pytest.raises(ModelError, match=rf"tensors of the model are missing from the checkpoint \(1\): {name}$"):
        load(remote)
    save_file(tensors | {"extra.weight": torch.zeros(1)}, file)
    with pytest.raises(ModelError, match=r"model\.safetensors: nothing is loaded; .*:\n  - unknown to the model \(1\): extra\.weight"):
        load(remote)


def test_the_system_message_and_the_longest_sound_are_options(remote):
    frontend = load(remote, options={"system": "Listen.", "seconds": 1.0}).frontend
    assert frontend.chat("What?").startswith("<|im_start|>system\nListen.<|im_end|>\n<|im_start|>user\n<|audio_bos|>")
    prepared = frontend.prepare(tone(2.6))
    assert (prepared.tokens, prepared.truncated) == (5, True)
