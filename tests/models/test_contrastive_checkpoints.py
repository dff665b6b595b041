"""Checkpoints of contrastive systems: published names of tensors load completely, or nothing is loaded."""

import re
import shutil

import pytest
import torch
from safetensors.torch import save_file

from cuealign.core.errors import ConfigError, ModelError
from cuealign.models import tensors as tensor_files
from cuealign.models.backends import BACKENDS, clap_msclap, paraclap
from tests.support.contrastive import CAPTIONS, WEIGHTS, ask, load, noise
from tests.support.inference import entry
from tests.support.prompts import LABELS


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


def test_an_unknown_tensor_is_named(broken):
    name, folder, content, write = broken
    write(content | {"audio_encoder.extra.weight": torch.zeros(2)})
    refused(name, folder, rf"{WEIGHTS[name]}: nothing is loaded; .*:\n  - unknown to the model \(1\): audio_encoder\.extra\.weight")


@pytest.mark.parametrize("pattern", [r"projection\.linear2\.weight$", r"logit_scale|prefix_const", r"(qkv|k_proj|conv2)\.weight$"])
def test_a_missing_tensor_is_named(broken, pattern):
    name, folder, content, write = broken
    lost = next(key for key in content if re.search(pattern, key))
    write({key: tensor for key, tensor in content.items() if key != lost})
    refused(name, folder, r"nothing is loaded; .*:\n  - missing \(\d\): ")


def test_a_tensor_of_another_shape_is_named(broken):
    name, folder, content, write = broken
    key = next(key for key in content if re.search(r"(audio_|encoder\.)projection\.layer_norm\.bias$", key))
    write(content | {key: torch.zeros(3)})
    refused(name, folder, r"layer_norm\.bias has the shape \(3,\), not \(10,\)")


def test_a_pickle_with_more_than_tensors_is_refused_and_does_not_run(broken, capsys):
    class Code:
        def __reduce__(self):
            return (print, ("code ran",))

    name, folder, _, write = broken
    write({"model": Code()})
    refused(name, folder, "contains more than tensors, or is damaged")
    write({"model": {"a": 1}})
    refused(name, folder, "contains no named tensors")
    (folder / WEIGHTS[name]).write_bytes(b"")
    refused(name, folder, "contains more than tensors, or is damaged")
    (folder / WEIGHTS[name]).unlink()
    refused(name, folder, rf"{WEIGHTS[name]}: no such file; docs/models\.md lists")
    assert "code ran" not in capsys.readouterr().out


def test_a_missing_config_of_a_part_is_named(broken):
    name, folder, _, _ = broken
    (folder / "text" / "config.json").unlink()
    refused(name, folder, r"text/config\.json: no such file; docs/models\.md lists the files of model")


def test_names_of_tensors_from_several_versions_load_alike(folders, tmp_path):
    """Weight norm under old and new names, in a dictionary or not, with the prefix of parallel training, as safetensors."""
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


def test_the_other_version_of_msclap_is_named_with_what_to_set(folders, tmp_path):
    folder = folders["msclap-2022"][0]
    with pytest.raises(
        ModelError, match=r"has CLAP_weights_2022\.pth, but no CLAP_weights_2023\.pth; .* models\.m\.options\.version: 2022$"
    ):
        clap_msclap.load(entry(path=str(folder)), "m", LABELS, CAPTIONS)
    copy = shutil.copytree(folder, tmp_path / "renamed")
    (copy / "CLAP_weights_2022.pth").rename(copy / "CLAP_weights_2023.pth")
    (copy / "text" / "config.json").write_bytes((folders["msclap"][0] / "text" / "config.json").read_bytes())
    refused("msclap", copy, r"CLAP_weights_2023\.pth: nothing is loaded; .*:\n  - unknown to the model \(\d+\): audio_encoder\.base\.bn0")
    with pytest.raises(ConfigError, match=r"models\.m\.options\.version: is the number 2024, but must be 2022 or 2023"):
        BACKENDS.options("clap_msclap", {"version": 2024}, "models.m.options")


def test_a_repository_of_the_hub_needs_its_parts_pinned():
    with pytest.raises(ConfigError, match=r"models\.p\.options\.text: is 'google-bert/bert-base-uncased'; wanted: .*repository@commit"):
        BACKENDS.options("paraclap", {"text": "google-bert/bert-base-uncased"}, "models.p.options")
    pinned = {"text": f"google-bert/bert-base-uncased@{'0' * 40}"}
    assert BACKENDS.options("paraclap", pinned, "models.p.options").text == pinned["text"]
    hub = entry(hub_id="KeiKinn/paraclap", path=None, revision="0" * 40, options=pinned)
    with pytest.raises(ModelError, match=r"models\.p\.options\.speech: is missing; with hub_id it must be repository@commit"):
        paraclap.load(hub, "p", LABELS, CAPTIONS)
