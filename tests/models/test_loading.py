"""A checkpoint is loaded whole or not at all, and one line says why not."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from cuealign.core.errors import ConfigError, ModelError
from cuealign.inference.packed import PackedEngine
from cuealign.models.backends import BACKENDS
from cuealign.models.checkpoints import hub_commit
from tests.support import ROOT, families
from tests.support.inference import entry, requests
from tests.support.mutations import mutations
from tests.support.prompts import LABELS, TEMPLATE

FAMILIES = ("qwen2_audio", *families.FAMILIES)


@pytest.fixture(scope="module")
def originals(tmp_path_factory, checkpoint):
    """A checkpoint of every family."""
    folders = {"qwen2_audio": checkpoint}
    for family, make in families.FAMILIES.items():
        folders[family] = tmp_path_factory.mktemp(family)
        make(folders[family])
    return folders


@pytest.fixture
def copy(originals, tmp_path):
    """A function that copies the checkpoint of a family, to be damaged."""

    def of(family):
        return Path(shutil.copytree(originals[family], tmp_path / family, dirs_exist_ok=True))

    return of


def load(family, folder, **changes):
    torch.set_num_threads(1)
    return BACKENDS.get(family)(entry(path=str(folder), backend=family, **changes), "tiny", LABELS, TEMPLATE)


def change_tensors(folder, change):
    file = folder / "model.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in change(load_file(file)).items()}, file, metadata={"format": "pt"})


def change_json(file, change):
    content = json.loads(file.read_text())
    file.write_text(json.dumps(change(content) or content))


def without(part):
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if part not in name}


AUDIO = {"midashenglm": "audio_encoder."}
PROJECTOR = {"qwen2_5_omni": "audio_tower.proj.", "qwen3_omni": "audio_tower.proj2.", "midashenglm": "audio_projector."}
WEIGHTS = {
    "without the audio encoder": lambda family: without(AUDIO.get(family, "audio_tower.")),
    "without the projector": lambda family: without(PROJECTOR.get(family, "multi_modal_projector.")),
    "without the output layer": lambda _: without("lm_head"),
    "without one layer": lambda _: without("layers.1."),
    "without one bias": lambda _: lambda tensors: without(next(name for name in tensors if name.endswith(".bias")))(tensors),
    "with another prefix": lambda _: lambda tensors: {f"wrapped.{name}": tensor for name, tensor in tensors.items()},
    "with a tensor too many": lambda _: lambda tensors: tensors | {"model.extra.weight": torch.ones(3)},
    "with a bias too many": lambda _: lambda tensors: tensors | {"lm_head.bias": torch.ones(3)},
    "with another shape": lambda _: lambda tensors: tensors | {n: t[:-1] for n, t in tensors.items() if "lm_head" in n},
    "with LoRA weights alone": lambda _: lambda _tensors: {"base_model.model.x.lora_A.weight": torch.ones(2, 2)},
}


@pytest.mark.parametrize("fault", WEIGHTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_that_do_not_fit_are_refused_with_their_names(copy, family, fault):
    folder = copy(family)
    change_tensors(folder, WEIGHTS[fault](family))
    with pytest.raises(ModelError) as error:
        load(family, folder)
    message = str(error.value)
    assert str(folder) in message
    assert len(message.splitlines()) <= 4
    assert "missing" in message or "unknown to the model" in message or "shape" in message or "many" in message


@pytest.mark.parametrize("family", FAMILIES)
def test_a_config_of_another_depth_is_refused(copy, family):
    folder = copy(family)

    def deeper(config):
        text = config.get("text_config", config)
        text["num_hidden_layers"] += 1
        if "layer_types" in text:
            text["layer_types"] = [*text["layer_types"], text["layer_types"][-1]]

    change_json(folder / "config.json", deeper)
    with pytest.raises(ModelError, match="missing"):
        load(family, folder)


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "midashenglm"])
def test_a_bias_of_zeros_that_the_model_does_not_know_does_nothing(copy, family):
    folder = copy(family)
    change_tensors(folder, lambda tensors: tensors | {"lm_head.bias": torch.zeros(3)})
    load(family, folder)


def whole_omni(folder, prefix="thinker."):
    """Turn a thinker into a full checkpoint with a talker."""
    kind = json.loads((folder / "config.json").read_text())["model_type"].removesuffix("_thinker")
    change_json(folder / "config.json", lambda config: {"model_type": kind, "thinker_config": config})
    change_tensors(folder, lambda tensors: {f"{prefix}{name}": tensor for name, tensor in tensors.items()} | {"talker.x": torch.ones(2)})


@pytest.mark.parametrize("family", ["qwen2_5_omni", "qwen3_omni"])
def test_the_thinker_of_a_full_checkpoint_is_the_thinker_alone(copy, originals, family):
    folder = copy(family)
    whole_omni(folder)
    found, expected = (list(PackedEngine(load(family, each), LABELS).respond(requests((3,)))) for each in (folder, originals[family]))
    assert found == expected


@pytest.mark.parametrize("family", ["qwen2_5_omni", "qwen3_omni"])
def test_fp8_weights_of_a_full_checkpoint_keep_their_scales(copy, originals, family):
    """Against the weights that were multiplied with their scales here."""
    folder, dequantised = copy(family), {}

    def quantise(tensors):
        found = {}
        for name, tensor in tensors.items():
            if name.startswith("model.layers") and name.endswith("proj.weight"):
                scale = float(tensor.abs().max() / 448)
                found[name] = (tensor / scale).to(torch.float8_e4m3fn)
                found[f"{name}_scale_inv"] = torch.full((-(-tensor.shape[0] // 128), -(-tensor.shape[1] // 128)), scale)
                dequantised[name] = found[name].float() * scale
            else:
                found[name] = dequantised[name] = tensor
        return found

    change_tensors(folder, quantise)
    whole_omni(folder)
    fp8 = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
    change_json(folder / "config.json", lambda config: config | {"quantization_config": fp8})
    truth = Path(shutil.copytree(originals[family], folder.parent / "truth"))
    change_tensors(truth, lambda _: dequantised)
    found, expected = (list(PackedEngine(load(family, each), LABELS).respond(requests((3,)))) for each in (folder, truth))
    for mine, theirs in zip(found[0], expected[0], strict=True):
        assert mine.label_logprobs == pytest.approx(theirs.label_logprobs, abs=1e-3)  # the same product in another order


@pytest.mark.parametrize("method", ["gptq", "awq", "bitsandbytes", "compressed-tensors"])
@pytest.mark.parametrize("family", ["qwen2_audio", "qwen2_5_omni"])
def test_a_quantisation_whose_package_is_not_here_is_named(copy, family, method):
    more = {
        "gptq": {"bits": 4, "group_size": 128, "desc_act": False},
        "awq": {"bits": 4, "group_size": 128, "zero_point": True, "version": "gemm"},
        "bitsandbytes": {"load_in_4bit": True},
        "compressed-tensors": {"format": "pack-quantized", "config_groups": {}},
    }[method]
    folder = copy(family)
    if family == "qwen2_5_omni":
        whole_omni(folder)
    change_json(folder / "config.json", lambda config: config | {"quantization_config": {"quant_method": method, **more}})
    with pytest.raises(ModelError, match=r"models\.tiny: .*the checkpoint cannot be loaded \(ImportError: .*"):
        load(family, folder)


def adapter_beside(folder, **config):
    """Put a LoRA adapter beside a checkpoint of Qwen2-Audio; returns its tensors."""
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen2AudioForConditionalGeneration

    base = Qwen2AudioForConditionalGeneration.from_pretrained(folder)
    torch.manual_seed(1)
    adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules=r".*language_model.*(q_proj|v_proj)", **config))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(0, 0.3)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    return load_file(folder / "adapter_model.safetensors"), adapted.merge_and_unload()


def scores(model):
    return [response.label_logprobs for responses in PackedEngine(model, LABELS).respond(requests((4,))) for response in responses]


def test_an_adapter_beside_its_base_gives_the_merged_model(copy):
    folder = copy("qwen2_audio")
    base = scores(load("qwen2_audio", folder))
    _, merged = adapter_beside(folder)
    found = scores(load("qwen2_audio", folder))
    for file in folder.glob("adapter*"):
        file.unlink()
    merged.save_pretrained(folder)
    expected = scores(load("qwen2_audio", folder))
    for mine, theirs, without_adapter in zip(found, expected, base, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3)
        assert mine != pytest.approx(without_adapter, abs=0.1)


ADAPTERS = {
    "of another class": lambda tensors: {
        n.replace("base_model.model.model.language_model.", "base_model.model.model."): t for n, t in tensors.items()
    },
    "with the adapter's name": lambda tensors: {name.replace(".weight", ".emotion.weight"): tensor for name, tensor in tensors.items()},
    "with half an update": lambda tensors: dict(list(tensors.items())[1:]) | {"base_model.model.model.y.lora_A.weight": torch.ones(4, 64)},
    "of another model": lambda _: {"base_model.model.decoder.q_proj.lora_A.weight": torch.ones(4, 64)},
}


@pytest.mark.parametrize("fault", ADAPTERS)
def test_an_adapter_that_does_not_fit_is_refused(copy, fault):
    folder = copy("qwen2_audio")
    tensors, _ = adapter_beside(folder)
    save_file(ADAPTERS[fault](tensors), folder / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"adapter|lora"):
        load("qwen2_audio", folder)


@pytest.mark.parametrize("key", ["alpha_pattern", "rank_pattern"])
def test_a_pattern_of_an_adapter_that_matches_nothing_is_refused(copy, key):
    folder = copy("qwen2_audio")
    adapter_beside(folder)
    change_json(folder / "adapter_config.json", lambda config: config | {key: {"k_proj": 4}})
    with pytest.raises(ModelError, match=f"{key} 'k_proj' matches no module of the model; merge it with the base"):
        load("qwen2_audio", folder)


def test_an_adapter_is_refused_where_the_backend_reads_none(copy):
    folder = copy("midashenglm")
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    save_file({"x.lora_A.weight": torch.ones(2, 2)}, folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="adapter"):
        load("midashenglm", folder)


def sharded(folder):
    model = load("qwen2_audio", folder).model
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="300KB")
    return sorted(folder.glob("model-*"))


def two_sets(folder):
    sharded(shutil.copytree(folder, folder.parent / "shards"))
    for file in (folder.parent / "shards").glob("model*"):
        shutil.copy(file, folder)


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3945426872\n"
BROKEN = {
    "git-lfs pointer": (
        lambda folder: (folder / "model.safetensors").write_text(LFS),
        r"model\.safetensors: is a git-lfs pointer.*git lfs pull",
    ),
    "empty": (lambda folder: (folder / "model.safetensors").write_bytes(b""), r"model\.safetensors: is empty"),
    "cut short": (lambda folder: cut(folder / "model.safetensors", 0.7), r"model\.safetensors: cut short or damaged: its tensors take"),
    "cut within its list": (
        lambda folder: cut(folder / "model.safetensors", 0.001),
        r"model\.safetensors: is no safetensors file, or cut short",
    ),
    "a shard is missing": (
        lambda folder: sharded(folder)[1].unlink(),
        r"model-00002-of-.*\.safetensors: is missing, but model\.safetensors\.index\.json",
    ),
    "a shard is cut short": (lambda folder: cut(sharded(folder)[1], 0.5), r"model-00002-of-.*: cut short or damaged"),
    "shards without a list": (
        lambda folder: (sharded(folder), (folder / "model.safetensors.index.json").unlink()),
        "holds shards of weights, but not the file that lists them",
    ),
    "two sets, one of torch": (
        lambda folder: torch.save({"x": torch.ones(1)}, folder / "pytorch_model.bin"),
        r"holds two sets of weights, model\.safetensors and pytorch_model\.bin; remove",
    ),
    "two sets, one of shards": (two_sets, r"holds two sets of weights, model\.safetensors\.index\.json and model\.safetensors"),
    "GGUF": (lambda folder: (folder / "model.safetensors").rename(folder / "model.gguf"), r"holds model\.gguf, GGUF, which"),
    "a pickle": (lambda folder: (folder / "model.safetensors").rename(folder / "model.pt"), r"holds model\.pt, which may run code"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "holds no weights"),
    "no config": (lambda folder: (folder / "config.json").unlink(), r"config\.json is missing"),
    "a config that is no JSON": (lambda folder: (folder / "config.json").write_text("{"), r"config\.json: cannot be read as JSON"),
    "another family": (
        lambda folder: change_json(folder / "config.json", lambda config: config | {"model_type": "llama"}),
        r"is a checkpoint of the family 'llama', but backend qwen2_audio reads 'qwen2_audio'",
    ),
    "no tokenizer": (lambda folder: [file.unlink() for file in folder.glob("token*")], "the tokenizer has no token"),
    "no processor": (lambda folder: (folder / "processor_config.json").unlink(), "the checkpoint cannot be loaded|parts do not belong"),
    "a template that raises": (
        lambda folder: (folder / "chat_template.jinja").write_text("{{ raise_exception('no audio') }}"),
        "its parts do not belong together: .*no audio",
    ),
    "another vocabulary": (
        lambda folder: change_json(
            folder / "config.json", lambda c: c["text_config"].update(vocab_size=c["text_config"]["vocab_size"] + 8)
        ),
        "2 of another shape: ",
    ),
    "another audio token": (
        lambda folder: change_json(folder / "config.json", lambda config: config | {"audio_token_index": 7}),
        r"the audio token is 7 in config\.json, but \d+ in the tokenizer",
    ),
    "an extractor for 8 kHz": (lambda folder: extractor(folder, sampling_rate=8000), "made for 8000 Hz"),
    "an extractor of another size": (lambda folder: extractor(folder, feature_size=80), "its parts do not belong together"),
    "a million layers": (
        lambda folder: change_json(folder / "config.json", lambda config: config["text_config"].update(num_hidden_layers=10**6)),
        r"num_hidden_layers is 1000000, but the weights have at most \d+ layers; the others are missing",
    ),
    "a million words": (
        lambda folder: change_json(folder / "config.json", lambda config: config["text_config"].update(vocab_size=10**6)),
        r"config\.json describes a model of [\d,]+ parameters, but the weights have [\d,]+; the others are missing",
    ),
    "an extractor with windows of weeks": (
        lambda folder: extractor(folder, chunk_length=10**6),
        "the feature extractor has chunk_length 1000000",
    ),
    "an extractor that pads in front": (lambda folder: extractor(folder, padding_side="left"), r"pads in front \(padding_side: left\)"),
    "an adapter without its base": (
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "Qwen/Qwen2-Audio-7B-Instruct"}'),
            save_file({}, folder / "adapter_model.safetensors"),
        ),
        "holds an adapter without its base; merge it with Qwen/Qwen2-Audio-7B-Instruct",
    ),
}


def cut(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])


def extractor(folder, **changes):
    change_json(folder / "processor_config.json", lambda config: config["feature_extractor"].update(changes))


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_checkpoint_is_one_line(copy, fault):
    damage, message = BROKEN[fault]
    folder = copy("qwen2_audio")
    damage(folder)
    with pytest.raises(ModelError, match=message) as error:
        load("qwen2_audio", folder)
    assert len(str(error.value).splitlines()) == 1
    assert str(folder) in str(error.value)


EVERYWHERE = ("git-lfs pointer", "empty", "cut short", "two sets, one of torch", "GGUF", "a pickle", "no weights", "no config")


@pytest.mark.parametrize("fault", EVERYWHERE)
@pytest.mark.parametrize("family", families.FAMILIES)
def test_broken_files_of_every_family_are_one_line(copy, family, fault):
    damage, message = BROKEN[fault]
    folder = copy(family)
    damage(folder)
    with pytest.raises(ModelError, match=message) as error:
        load(family, folder)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("family", ["audio_flamingo_3", "midashenglm"])
def test_a_checkpoint_without_a_chat_template_is_one_line(copy, family):
    folder = copy(family)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    if family == "midashenglm":
        code = folder / "processing_standin.py"
        code.write_text(code.read_text().replace("def apply_chat_template", "def another"))
    with pytest.raises(ModelError, match=str(folder)) as error:
        load(family, folder)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_refuses_the_checkpoint_of_another(originals, family):
    other = "qwen2_audio" if family.startswith("audio_flamingo") else "audio_flamingo_3"
    with pytest.raises(ModelError, match=r"is a checkpoint of the family '\w+', but backend"):
        load(family, originals[other])


def test_a_hub_id_that_nobody_can_reach_is_one_line():
    model = entry(path=None, hub_id="nobody/nothing", revision="0" * 40)
    with pytest.raises(
        ModelError, match=r"models\.tiny: nobody/nothing@0{40} is not in the hub's cache, and the hub does not give it"
    ) as error:
        BACKENDS.get("qwen2_audio")(model, "tiny", LABELS, TEMPLATE)
    assert f"hf download nobody/nothing --revision {'0' * 40}" in str(error.value)


TEMPLATE_OF_OTHERS = (
    "{% for m in messages %}<|im_start|>user\nYou are an expert. {% for p in m.content %}"
    "{% if p.type == 'audio' %}<|audio_bos|><|AUDIO|><|audio_eos|>{% else %}{{ p.text }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)


@pytest.mark.parametrize("family", ["qwen2_5_omni", "qwen3_omni"])
def test_another_chat_template_than_the_familys_is_refused_with_both(copy, family):
    folder = copy(family)
    (folder / "chat_template.jinja").write_text(TEMPLATE_OF_OTHERS)
    with pytest.raises(ModelError, match=r"the checkpoint's chat template gives .*You are an expert.*, but the family's form is") as error:
        load(family, folder)
    assert "options.chat: checkpoint" in str(error.value)
    own = load(family, folder, options={"chat": "checkpoint", "system": ""}).frontend
    # jinja drops the line break at the end of a template
    audio = "<|audio_bos|><|AUDIO|><|audio_eos|>"
    assert own.chat("PROMPT") == f"<|im_start|>user\nYou are an expert. {audio}PROMPT<|im_end|>\n<|im_start|>assistant"
    usual = load(family, folder, options={"chat": "family"}).frontend
    (folder / "chat_template.jinja").unlink()
    assert usual.chat("PROMPT") == load(family, folder).frontend.chat("PROMPT")
    with pytest.raises(ModelError, match="the checkpoint has no chat template"):
        load(family, folder, options={"chat": "checkpoint"})


@pytest.mark.parametrize("family", ["qwen2_5_omni", "qwen3_omni"])
def test_the_familys_own_template_is_accepted(copy, family):
    folder = copy(family)
    usual = load(family, folder).frontend.chat("{{ messages[-1].content[-1].text }}")
    (folder / "chat_template.jinja").write_text(usual.removesuffix("\n") + "\n\n")  # jinja drops one line break at the end
    load(family, folder)


def test_remote_code_never_runs_without_consent_and_nobody_is_asked(copy, tmp_path):
    """In a process whose standard input says yes."""
    folder = copy("qwen2_audio")
    ran = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Evil:\n    pass\n")
    autos = {"AutoProcessor": "evil.Evil", "AutoConfig": "evil.Evil", "AutoTokenizer": ["evil.Evil", None]}
    for name in ("processor_config.json", "config.json", "tokenizer_config.json"):
        change_json(folder / name, lambda config: config | {"auto_map": autos})
    code = (
        "from cuealign.models.backends import BACKENDS\nfrom tests.support.inference import entry\n"
        "from tests.support.prompts import LABELS, TEMPLATE\n"
        f"BACKENDS.get('qwen2_audio')(entry(path={str(folder)!r}, trust_remote_code=False), 'tiny', LABELS, TEMPLATE)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="y\n" * 9,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": "src", "PATH": "/usr/bin"},
        check=False,
    )
    assert not ran.exists()
    assert "[y/N]" not in done.stdout + done.stderr


def test_a_failure_leaves_its_traceback_in_the_debug_log(copy, caplog):
    folder = copy("qwen2_audio")
    (folder / "tokenizer.json").write_text("[]")
    with caplog.at_level(logging.DEBUG, logger="cuealign"), pytest.raises(ModelError):
        load("qwen2_audio", folder)
    assert any(record.exc_info for record in caplog.records)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_commit_of_a_folder_from_the_hub_is_found(tmp_path):
    assert hub_commit(tmp_path) is None
    metadata = tmp_path / ".cache/huggingface/download"
    metadata.mkdir(parents=True)
    (metadata / "config.json.metadata").write_text(f"{COMMIT}\netag\n1700000000.0\n")
    assert hub_commit(tmp_path) == COMMIT
    (metadata / "model.safetensors.metadata").write_text(f"{COMMIT[::-1]}\netag\n1700000000.0\n")
    assert hub_commit(tmp_path) is None
    snapshot = tmp_path / "models--a--b/snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    assert hub_commit(snapshot) == COMMIT


@mutations
@given(data=st.data())
def test_a_mutated_checkpoint_is_refused_in_one_line_or_gives_the_same_scores(originals, tmp_path_factory, data):
    """Names, shapes, types, values of configs and bytes of the list of tensors, one at a time."""
    folder = tmp_path_factory.mktemp("mutated")
    shutil.copytree(originals["qwen2_audio"], folder, dirs_exist_ok=True)
    kind = data.draw(st.sampled_from(["name", "drop", "shape", "config", "bytes"]))
    if kind in ("name", "drop", "shape"):

        def change(tensors):
            name = data.draw(st.sampled_from(sorted(tensors)))
            tensor = tensors.pop(name)
            if kind == "name":
                tensors[name[: data.draw(st.integers(1, len(name) - 1))] + name[-1] * 2] = tensor
            if kind == "shape":
                tensors[name] = torch.cat([tensor, tensor[:1]])
            return tensors

        change_tensors(folder, change)
    elif kind == "config":
        file = folder / data.draw(st.sampled_from(["config.json", "processor_config.json", "tokenizer_config.json"]))
        content = json.loads(file.read_text())
        section = data.draw(st.sampled_from([content, *(value for value in content.values() if isinstance(value, dict))]))
        key = data.draw(st.sampled_from(sorted(section)))
        section[key] = data.draw(st.sampled_from([None, 0, 1, -1, 3, "x", [], {}, 10**6]))
        file.write_text(json.dumps(content))
    else:
        file = folder / "model.safetensors"
        content = bytearray(file.read_bytes())
        content[data.draw(st.integers(0, 600))] = data.draw(st.integers(0, 255))
        file.write_bytes(content)
    refused = ""
    try:
        assert len(scores(load("qwen2_audio", folder))) == 4
    except (ModelError, ConfigError) as error:
        refused = str(error)
    finally:
        shutil.rmtree(folder)
    assert len(refused.splitlines()) <= 1
