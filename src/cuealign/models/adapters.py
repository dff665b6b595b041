"""Adapters: low-rank updates of a checkpoint's matrices (LoRA; Hu et al., 2022), and whole weights that come with them.

Libraries silently skip tensors of an adapter whose names do not match. Here, either every tensor matches or nothing is loaded.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedModel

from cuealign.core.errors import ModelError
from cuealign.core.text import some
from cuealign.models.tensors import load_strictly, read_tensors

_PREFIX = "base_model.model."
_FACTORS = ("lora_A.weight", "lora_B.weight")


def overwrite_weights(model: PreTrainedModel, file: Path, rename: Callable[[str], str]) -> None:
    """Overwrite some weights of a model with the tensors of a file.

    Args:
        model: on the CPU.
        file: written by ``torch.save``; read without running code.
        rename: maps a name in the file to that of a parameter.

    Raises:
        ModelError: if the file is missing or contains anything but named tensors, or if a tensor is unknown to the model or has
            another shape.
    """
    _require(file)
    tensors = {rename(name.removeprefix(_PREFIX)): tensor for name, tensor in read_tensors(file).items()}
    load_strictly(model, tensors, file, required=())


def merge_lora(model: PreTrainedModel, folder: Path, rename: Callable[[str], str]) -> PreTrainedModel:
    """Add an adapter's low-rank updates to a model's matrices.

    The sums are rounded to the model's dtype.

    Args:
        model: on the CPU.
        folder: with ``adapter_config.json`` and ``adapter_model.safetensors``, as PEFT writes them.
        rename: maps the name of a module or parameter in the adapter to that in the model.

    Returns:
        The model, without PEFT's wrappers.

    Raises:
        ModelError: if a file is missing, a tensor is unknown to the model, or half of an update is missing.
    """
    weights = folder / "adapter_model.safetensors"
    _require(folder / "adapter_config.json")
    _require(weights)
    tensors = {rename(name.removeprefix(_PREFIX)): tensor for name, tensor in load_file(weights).items()}
    modules = {name.removesuffix(f".{factor}") for name in tensors for factor in _FACTORS if name.endswith(factor)}
    known = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    unexpected = {name for name in tensors if not name.endswith(_FACTORS)} | (modules - known)
    if unexpected:
        raise ModelError(f"{weights}: nothing is loaded; unknown to the model: {some(sorted(unexpected))}")
    config = LoraConfig.from_pretrained(folder)
    # The config lists the modules by the names that they had in training; the tensors tell which ones have an update.
    config.target_modules, config.inference_mode = sorted(modules), True
    adapted = get_peft_model(model, config)
    wanted = {name for name, _ in adapted.named_parameters() if "lora_" in name}
    outcome = set_peft_model_state_dict(adapted, {f"{_PREFIX}{name}": tensor for name, tensor in tensors.items()})
    lost = sorted(wanted & set(outcome.missing_keys))
    if lost or outcome.unexpected_keys:
        raise ModelError(
            f"{weights}: the adapter is unusable; missing: {some(sorted(lost))}; "
            f"unknown to the model: {some(sorted(outcome.unexpected_keys))}"
        )
    return adapted.merge_and_unload()


def _require(file: Path) -> None:
    if not file.is_file():
        raise ModelError(f"{file}: no such file; the adapter is incomplete")
