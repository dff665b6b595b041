"""Adapters: low-rank updates of a checkpoint's matrices (LoRA; Hu et al., 2022), and weights that lie beside them.

Loading an adapter whose names do not fit leaves a model as it was, without a word. Here every tensor finds its place or
nothing is loaded.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedModel

from cuealign.core.errors import ModelError
from cuealign.models.tensors import load_strictly, read_tensors, some

_PREFIX = "base_model.model."
_FACTORS = ("lora_A.weight", "lora_B.weight")


def overwrite_weights(model: PreTrainedModel, file: Path, rename: Callable[[str], str]) -> None:
    """Overwrite some weights of a model by those of a file of tensors.

    Args:
        model: on the CPU.
        file: written by ``torch.save``; read without running code.
        rename: from a name in the file to that of a parameter.

    Raises:
        ModelError: if the file is missing or holds something else than named tensors, or a tensor has no place in the model or
            another shape.
    """
    tensors = {rename(name.removeprefix(_PREFIX)): tensor for name, tensor in read_tensors(file).items()}
    load_strictly(model, tensors, file, required=())


def merge_lora(model: PreTrainedModel, folder: Path, rename: Callable[[str], str]) -> PreTrainedModel:
    """Add an adapter's low-rank updates to a model's matrices.

    The sums are rounded to the model's dtype, as the matrices are.

    Args:
        model: on the CPU.
        folder: with ``adapter_config.json`` and ``adapter_model.safetensors``, as PEFT writes them.
        rename: from a module's or parameter's name in the adapter to its name in the model.

    Returns:
        The model, without any trace of PEFT.

    Raises:
        ModelError: if a file is not there, or a tensor has no place in the model.
    """
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: no such file; the adapter is incomplete")
    weights = folder / "adapter_model.safetensors"
    tensors = {rename(name.removeprefix(_PREFIX)): tensor for name, tensor in load_file(weights).items()}
    modules = {name.removesuffix(f".{factor}") for name in tensors for factor in _FACTORS if name.endswith(factor)}
    known = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    unexpected = {name for name in tensors if not name.endswith(_FACTORS)} | (modules - known)
    if unexpected:
        raise ModelError(f"{weights}: the model has no place for {some(unexpected)}; nothing is loaded")
    config = LoraConfig.from_pretrained(folder)
    # Which modules have an update is said by the tensors; the config says it in names of the model as it was in training.
    config.target_modules, config.inference_mode = sorted(modules), True
    adapted = get_peft_model(model, config)
    wanted = {name for name, _ in adapted.named_parameters() if "lora_" in name}
    outcome = set_peft_model_state_dict(adapted, {f"{_PREFIX}{name}": tensor for name, tensor in tensors.items()})
    lost = sorted(wanted & set(outcome.missing_keys))
    if lost or outcome.unexpected_keys:
        raise ModelError(f"{weights}: {some(lost)} not found, {some(outcome.unexpected_keys)} without a place; nothing is loaded")
    return adapted.merge_and_unload()
