"""Published checkpoints that are no transformers folder: read without running code, every tensor accounted for."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from cuealign.core.errors import ModelError

Tensors = dict[str, torch.Tensor]

_WRAPPERS = ("model", "state_dict")
_PARALLEL = "module."

RENAMED = (
    # The two factors of a weight-normalised convolution, before torch 2.
    (re.compile(r"\.weight_g$"), ".parametrizations.weight.original0"),
    (re.compile(r"\.weight_v$"), ".parametrizations.weight.original1"),
)

HARMLESS = {
    re.compile(r"\.attn\.bias$"): "GPT-2's causal mask, a constant that was once stored",
    re.compile(r"\.attn\.masked_bias$"): "GPT-2's value of what is masked, likewise",
    re.compile(r"\bembeddings\.position_ids$"): "numbers from 0 on, a constant that was once stored",
    re.compile(r"\bmasked_spec_embed$"): "stands for masked frames in training",
}
"""Tensors of published checkpoints that no embedding depends on, and why."""


def read_tensors(file: Path) -> Tensors:
    """Named tensors of a checkpoint file: safetensors, or what ``torch.save`` wrote, read without running code.

    A dictionary around them (``model``, ``state_dict``) and the prefix that parallel training leaves are taken off.

    Raises:
        ModelError: if the file is not there or holds something else than named tensors.
    """
    if not file.is_file():
        raise ModelError(f"{file}: no such file")
    try:
        found = load_file(file) if file.suffix == ".safetensors" else torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(f"{file}: not a file of tensors alone ({type(error).__name__}); it is not loaded") from None
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not found or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ModelError(f"{file}: not a file of named tensors; it is not loaded")
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
    """Load tensors into a module, all or nothing.

    Args:
        module: to be filled.
        tensors: under the module's own names.
        source: where they come from, for messages.
        required: names that must be among them; None for all that the module has.
        ignored: names that may be there without a place, or have a place without being there, with reasons; besides
            :data:`HARMLESS`.

    Raises:
        ModelError: naming the tensors that are unexpected, missing or have another shape.
    """
    places = module.state_dict()
    wanted = places if required is None else required
    unexpected = [name for name in tensors if name not in places and not _is_ignored(name, ignored)]
    missing = [name for name in wanted if name not in tensors and not _is_ignored(name, ignored)]
    shapes = [
        f"{name} has the shape {tuple(tensors[name].shape)}, not {tuple(places[name].shape)}"
        for name in tensors
        if name in places and tensors[name].shape != places[name].shape
    ]
    problems = [
        *([f"{len(unexpected)} tensors have no place in the model: {some(unexpected)}"] if unexpected else []),
        *([f"{len(missing)} tensors are missing: {some(missing)}"] if missing else []),
        *shapes[:5],
    ]
    if problems:
        raise ModelError(f"{source}: nothing is loaded:\n" + "\n".join(f"  - {problem}" for problem in problems))
    module.load_state_dict({name: tensor for name, tensor in tensors.items() if name in places}, strict=False)


def _is_ignored(name: str, ignored: Mapping[re.Pattern, str] | None) -> bool:
    return any(pattern.search(name) for pattern in (*HARMLESS, *(ignored or {})))


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few of some names, and how many more there are."""
    names = sorted(names)
    return (", ".join(names[:most]) or "nothing") + (f" and {len(names) - most} more" if len(names) > most else "")
