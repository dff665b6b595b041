"""Published checkpoints that are not a folder of transformers: read without running code, and loaded completely or not at all."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from cuealign.core import file_kinds
from cuealign.core.errors import ModelError, listed
from cuealign.core.text import some

Tensors = dict[str, torch.Tensor]

_WRAPPERS = ("model", "state_dict")
_PARALLEL = "module."

RENAMED = (
    # The two factors of a weight-normalised convolution, before torch 2.
    (re.compile(r"\.weight_g$"), ".parametrizations.weight.original0"),
    (re.compile(r"\.weight_v$"), ".parametrizations.weight.original1"),
)

HARMLESS = {
    re.compile(r"\.attn\.bias$"): "GPT-2's causal mask, a constant that old versions stored",
    re.compile(r"\.attn\.masked_bias$"): "GPT-2's value for masked scores, a constant that old versions stored",
    re.compile(r"\bembeddings\.position_ids$"): "numbers from 0, a constant that old versions stored",
    re.compile(r"\bmasked_spec_embed$"): "embedding of masked frames, used in training only",
}
"""Tensors of published checkpoints that do not affect embeddings, with the reason."""


def read_tensors(file: Path) -> Tensors:
    """Named tensors of a checkpoint file (safetensors or ``torch.save``), read without running code.

    A dictionary around them (``model``, ``state_dict``) and the prefix of parallel training (``module.``) are removed.

    Raises:
        ModelError: if the file is missing or contains anything but named tensors.
    """
    if not file.is_file():
        raise ModelError(f"{file}: no such file")
    if what := file_kinds.kind(file, file_kinds.ANY):
        raise ModelError(f"{file}: is {what}")
    try:
        found = load_file(file) if file.suffix == ".safetensors" else torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{file}: contains more than tensors, or is damaged ({type(error).__name__}); it is not loaded") from None
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ModelError(f"{file}: contains no named tensors, or other things too; it is not loaded")
    if all(name.startswith(_PARALLEL) for name in found):
        found = {name.removeprefix(_PARALLEL): tensor for name, tensor in found.items()}
    for pattern, new in RENAMED:
        found = {pattern.sub(new, name): tensor for name, tensor in found.items()}
    return dict(found)


def load_strictly(
    module: nn.Module,
    tensors: Tensors,
    source: Path,
    *,
    required: Collection[str] | None = None,
    ignored: Mapping[re.Pattern, str] | None = None,
) -> None:
    """Load tensors into a module: all of them or none.

    Args:
        module: to load into.
        tensors: under the module's names.
        source: their file, for messages.
        required: names that must be among them; None for all names of the module.
        ignored: patterns of names that may be unknown to the module or missing from the tensors, with reasons, in addition to
            :data:`HARMLESS`.

    Raises:
        ModelError: with the tensors that are unknown to the module, missing, or of another shape.
    """
    own = module.state_dict()
    wanted = own if required is None else required
    unexpected = [name for name in tensors if name not in own and not _is_ignored(name, ignored)]
    missing = [name for name in wanted if name not in tensors and not _is_ignored(name, ignored)]
    shapes = [
        f"{name} has the shape {tuple(tensors[name].shape)}, not {tuple(own[name].shape)}"
        for name in tensors
        if name in own and tensors[name].shape != own[name].shape
    ]
    problems = [
        *([f"unknown to the model ({len(unexpected)}): {some(sorted(unexpected))}"] if unexpected else []),
        *([f"missing ({len(missing)}): {some(sorted(missing))}"] if missing else []),
        *shapes[:5],
    ]
    if problems:
        raise ModelError(f"{source}: nothing is loaded; the tensors do not match the model:\n" + listed(problems))
    module.load_state_dict({name: tensor for name, tensor in tensors.items() if name in own}, strict=False)


def _is_ignored(name: str, ignored: Mapping[re.Pattern, str] | None) -> bool:
    return any(pattern.search(name) for pattern in (*HARMLESS, *(ignored or {})))
