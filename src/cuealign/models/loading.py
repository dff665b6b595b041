"""Load a checkpoint of transformers: every tensor finds its place, or one line says which does not.

``from_pretrained`` draws at random what it does not find, and drops what it does not know, with a note in its log. A model
with a random audio encoder still answers. Here, both are an error.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi, snapshot_download
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import GenerationConfig, PreTrainedModel

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.core.text import some
from cuealign.models import weight_files
from cuealign.models.checkpoints import hash_folder, local_folder
from cuealign.models.tensors import HARMLESS

logger = logging.getLogger(__name__)

_TIMEOUT = 10
"""Seconds to wait for the hub."""

_FILES = re.compile(r"[^/]+\.(?:json|txt|model|jinja|tiktoken|py|safetensors)")
_BIN = re.compile(r"pytorch_model[^/]*\.bin(?:\.index\.json)?")

_MERGE = (
    "merge it with the base that it was trained on (PEFT: PeftModel.from_pretrained(base, adapter).merge_and_unload(), then "
    "save_pretrained()), and name that folder"
)

_CONSTANTS = {**HARMLESS, re.compile(r"\brotary_emb\.inv_freq$"): "frequencies of rotary embeddings, a constant that old versions stored"}


@dataclass(frozen=True)
class Origin:
    """Source of a checkpoint.

    Attributes:
        folder: with its files; of a hub id, in the hub's cache.
        arguments: of every ``from_pretrained``: whether its code may run, and that nothing is downloaded.
        config: content of ``config.json``.
        fingerprint: of weights and dtype.
    """

    folder: Path
    arguments: dict[str, Any]
    config: dict[str, Any]
    fingerprint: str


def origin(entry: Model, name: str, families: Collection[str], folders: Sequence[str] = ()) -> Origin:
    """Source of a checkpoint, from the model's entry in the config. Its files are checked before anything is loaded.

    Args:
        entry, name: of the model in the config.
        families: values of ``model_type`` that the backend reads.
        folders: of the repository that are needed besides its files.

    Raises:
        ModelError: if there is no checkpoint, it is of another family, or its weights are not one whole set.
    """
    if entry.path is not None:
        folder = local_folder(entry.path, name)
        fingerprint = f"{hash_folder(folder)} {entry.dtype}"
    else:
        folder = hub_folder(entry, name, folders)
        fingerprint = f"{entry.hub_id}@{entry.revision} {entry.dtype}"
    config = weight_files.read_json(folder / "config.json")
    if config.get("model_type") not in families:
        raise ModelError(
            f"models.{name}: {folder} is a checkpoint of the family {config.get('model_type')!r}, but backend {entry.backend} reads "
            f"{' and '.join(map(repr, families))}; docs/models.md lists the backends"
        )
    weight_files.check(folder)
    weight_files.check_depth(folder, config)
    weight_files.check_extractor(folder)
    return Origin(folder, {"trust_remote_code": entry.trust_remote_code, "local_files_only": True}, config, fingerprint)


def hub_folder(entry: Model, name: str, folders: Sequence[str] = ()) -> Path:
    """Folder in the hub's cache with the files of a repository, downloaded if they are not there.

    Raises:
        ModelError: if they are not in the cache and the hub does not give them.
    """
    place = {"repo_id": entry.hub_id, "revision": entry.revision}
    try:
        files = [sibling.rfilename for sibling in HfApi().repo_info(**place, timeout=_TIMEOUT).siblings]
    except Exception as error:  # no network, no such repository, terms that were not accepted
        logger.debug("the hub does not answer", exc_info=True)
        try:
            return Path(snapshot_download(**place, local_files_only=True))
        except (OSError, ValueError):
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(
                f"models.{name}: {entry.hub_id}@{entry.revision} is not in the hub's cache, and the hub does not give it ({reason}); "
                f"where there is a network: hf download {entry.hub_id} --revision {entry.revision}; or set models.{name}.path"
            ) from None
    wanted = [file for file in files if _FILES.fullmatch(file) or file.startswith(tuple(f"{folder}/" for folder in folders))]
    if not any(file.endswith(".safetensors") and "/" not in file for file in wanted):
        wanted += [file for file in files if _BIN.fullmatch(file)]
    return Path(snapshot_download(**place, allow_patterns=wanted))


def load_weights(
    family: type[PreTrainedModel],
    source: Origin,
    entry: Model,
    *,
    attention: str = "sdpa",
    config: Any = None,
    unused: Mapping[re.Pattern, str] | None = None,
) -> PreTrainedModel:
    """Load the weights of a checkpoint onto the device of the model's entry, in its dtype.

    Args:
        family: class of transformers.
        source, entry: of the checkpoint.
        attention: implementation of attention.
        config: instead of that of the folder.
        unused: patterns of names that the class does not know and need not, with reasons.

    Raises:
        ModelError: if a tensor of the model is not in the checkpoint, a tensor of the checkpoint is unknown to the model, shapes
            differ, or an adapter beside the weights does not fit.
    """
    _check_size(family, source, config)
    model, report = family.from_pretrained(
        source.folder,
        **({"config": config} if config is not None else {}),
        dtype=getattr(torch, entry.dtype),
        attn_implementation=attention,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are reported, and refused below
        **source.arguments,
    )
    ignored = {**_CONSTANTS, **(unused or {})}
    unexpected = [name for name in report["unexpected_keys"] if not any(pattern.search(name) for pattern in ignored)]
    missing = [name for name in report["missing_keys"] if "lora_" not in name]
    problems = [
        *_listed("missing from the checkpoint", missing),
        *_listed("unknown to the model", _not_zero(source.folder, unexpected)),
        *_listed("of another shape", [str(each[0] if isinstance(each, tuple) else each) for each in report["mismatched_keys"]]),
        *_listed("messages", list(map(str, report["error_msgs"]))),
    ]
    if problems:
        quantised = quantisation(source.config)
        more = f" (the checkpoint is quantised by {quantised}, which this class does not read; name one that is not)" if quantised else ""
        raise ModelError(f"{source.folder}: the weights do not fit the model{more}: {'; '.join(problems)}")
    if (source.folder / "adapter_config.json").is_file():
        check_adapter(model, source.folder)
    return model.to(entry.device)


def _check_size(family: type[PreTrainedModel], source: Origin, config: Any) -> None:
    """Refuse a config of a far larger model than the weights are of: what they lack would be drawn at random, in memory.

    Raises:
        ModelError: if the model has more than twice as many parameters as the weights.
    """
    there = sum(math.prod(shape) for shape in weight_files.shapes(source.folder).values())
    if not there or quantisation(source.config):
        return  # quantised weights are packed
    if config is None:
        config = family.config_class.from_pretrained(source.folder, local_files_only=True)
    with torch.device("meta"):
        wanted = sum(parameter.numel() for parameter in family(config).parameters())
    if wanted > 2 * there:
        raise ModelError(
            f"{source.folder}: config.json describes a model of {wanted:,} parameters, but the weights have {there:,}; the others are "
            "missing, or one of both belongs to another checkpoint"
        )


def _listed(what: str, names: Collection[str]) -> list[str]:
    return [f"{len(names)} {what}: {some(sorted(names))}"] if names else []


def _not_zero(folder: Path, names: Iterable[str]) -> list[str]:
    """Names without the biases that are all zero, and so do nothing."""
    left = [name for name in names if not name.endswith(".bias")]
    biases = {name for name in names if name.endswith(".bias")}
    for file in sorted(folder.glob("*.safetensors")) if biases else []:
        with safe_open(file, "pt") as stored:
            for key in stored.keys():  # noqa: SIM118  (not a mapping)
                name = next((bias for bias in biases if key == bias or key.endswith(f".{bias}")), None)
                if name and not stored.get_tensor(key).any():
                    biases.discard(name)
    return left + sorted(biases)


def quantisation(config: Mapping[str, Any]) -> str | None:
    """Method by which a checkpoint says that its weights are quantised."""
    found = config.get("quantization_config")
    return str(found.get("quant_method", "an unknown method")) if isinstance(found, Mapping) else None


def check_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Check that every tensor of the adapter beside a base is in the model, and every pattern of its config has a module.

    Tensors are compared by their values, so that it does not matter by which names they were found.

    Raises:
        ModelError: otherwise; the results would be those of the base.
    """
    file = folder / weight_files.ADAPTER
    if not file.is_file():
        raise ModelError(f"{folder}: has an adapter_config.json, but no {file.name}; remove the one, or add the other")
    weight_files.check_file(file)
    own = {name: tensor for name, tensor in model.state_dict().items() if "lora_" in name or "modules_to_save" in name}
    there = Counter(_value(tensor, tensor.dtype) for tensor in own.values())
    kinds = {tensor.dtype for tensor in own.values()} or {torch.float32}
    lost = []
    for name, tensor in load_file(file).items():
        values = {_value(tensor, kind) for kind in kinds}
        found = next((value for value in values if there[value] > 0), None)
        if found is None:
            lost.append(name)
        else:
            there[found] -= 1
    if lost:
        raise ModelError(f"{file}: {len(lost)} tensors of the adapter find no place in the model, such as {some(sorted(lost))}; {_MERGE}")
    modules = {name.split(".lora_")[0] for name in own if ".lora_" in name}
    check_patterns(folder, modules)


def check_patterns(folder: Path, modules: Collection[str]) -> None:
    """Check that the patterns of an adapter's config, which give some modules another rank or scale, each match one.

    Raises:
        ModelError: otherwise; these modules would silently get the usual rank or scale.
    """
    config = weight_files.read_json(folder / "adapter_config.json")
    for key in ("alpha_pattern", "rank_pattern"):
        for pattern in config.get(key) or {}:
            if not any(re.match(rf"(?:.*\.)?(?:{pattern})$", module) for module in modules):
                raise ModelError(f"{folder}/adapter_config.json: {key} {pattern!r} matches no module of the model; {_MERGE}")


def _value(tensor: torch.Tensor, kind: torch.dtype) -> tuple[Any, ...]:
    converted = tensor.detach().cpu().to(kind).contiguous()
    return (str(kind), tuple(converted.shape), hash(converted.view(torch.uint8).numpy().tobytes()))


def take_ends(model: PreTrainedModel, usual: int) -> tuple[int, ...]:
    """Ids that end an answer by the checkpoint's own generation config, and ``usual``, sorted.

    Everything else of that config is emptied in the model and its parts: transformers fills what a call leaves open from
    there, and answers here are greedy.
    """
    ends = {usual}
    for module in model.modules():
        config = getattr(module, "generation_config", None)
        if config is not None:
            found = config.eos_token_id
            ends |= set([] if found is None else [found] if isinstance(found, int) else found)
            module.generation_config = GenerationConfig()
    return tuple(sorted(ends))
