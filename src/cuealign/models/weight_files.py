"""The files of weights in the folder of a checkpoint: exactly one set, whole and undamaged.

A loader takes the first set that it finds. Beside a copy of the base, a fine-tuned one would not be heard of.
"""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cuealign.core import file_kinds
from cuealign.core.errors import ModelError

ADAPTER = "adapter_model.safetensors"
"""Weights of an adapter, as PEFT writes them."""

_INDEX = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_WHOLE = ("model.safetensors", "pytorch_model.bin")
_OTHER = {
    "*.gguf": "GGUF, which these families are not read from",
    "tf_model.h5": "weights of TensorFlow",
    "flax_model.msgpack": "weights of Flax",
}
_FEW_LAYERS = 64
_DEPTHS = ("num_hidden_layers", "encoder_layers", "decoder_layers", "num_layers", "depth")
_MOST = {
    "chunk_length": 3600,
    "max_length_s": 3600,
    "n_samples": 1 << 28,
    "nb_max_frames": 1 << 24,
    "n_fft": 1 << 16,
    "hop_length": 1 << 16,
    "feature_size": 1 << 12,
}
_LAYER = re.compile(r"\.(\d+)\.")
_SHARD = re.compile(r"(?:model|pytorch_model)-\d+-of-\d+\.(?:safetensors|bin)")


def check(folder: Path) -> None:
    """Check the files of weights of a checkpoint.

    Args:
        folder: of the checkpoint.

    Raises:
        ModelError: if there is no set of weights or more than one, a shard is missing, or a file is damaged.
    """
    sets = _sets(folder)
    if not sets:
        raise ModelError(f"{folder}: {_instead(folder)}")
    if len(sets) > 1:
        raise ModelError(f"{folder}: holds two sets of weights, {' and '.join(sets)}; remove the one that is not meant")
    ((name, files),) = sets.items()
    for file in files:
        if not file.is_file():
            raise ModelError(f"{file}: is missing, but {name} names it; download the checkpoint again")
        check_file(file)


def _sets(folder: Path) -> dict[str, list[Path]]:
    """Files by the name that stands for their set."""
    sets: dict[str, list[Path]] = {}
    for name in _INDEX:
        if (folder / name).is_file():
            sets[name] = [folder / shard for shard in sorted(set(read_json(folder / name).get("weight_map", {}).values()))]
    taken = {file.name for files in sets.values() for file in files} | {ADAPTER}
    for name in _WHOLE:
        if name not in taken and (folder / name).exists():
            sets[name] = [folder / name]
            taken.add(name)
    for file in sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]):
        if file.name not in taken:
            sets[file.name] = [file]
    if len(sets) > 1 and all(_SHARD.fullmatch(name) for name in sets):
        raise ModelError(f"{folder}: holds shards of weights, but not the file that lists them ({' or '.join(_INDEX)})")
    return sets


def _instead(folder: Path) -> str:
    """What is there where weights should be, and what to do."""
    config = folder / "adapter_config.json"
    if config.is_file():
        base = read_json(config).get("base_model_name_or_path") or "its base"
        return (
            f"holds an adapter without its base; merge it with {base} (PEFT: merge_and_unload(), then save_pretrained()), and name "
            "that folder"
        )
    for pattern, what in _OTHER.items():
        if found := sorted(folder.glob(pattern)):
            return f"holds {found[0].name}, {what}; name a folder with model.safetensors"
    if pickles := sorted(file.name for kind in ("*.pt", "*.pth", "*.ckpt", "*.pkl") for file in folder.glob(kind)):
        return f"holds {pickles[0]}, which may run code when it is read; convert it to safetensors (transformers: save_pretrained())"
    return "holds no weights (model.safetensors or shards with their index); download the checkpoint again"


def check_file(file: Path) -> None:
    """Check that a file of weights is what its name says, and whole.

    Raises:
        ModelError: if it is empty, a pointer of git-lfs, a web page or the like, or cut short.
    """
    size = file.stat().st_size
    if size == 0:
        raise ModelError(f"{file}: is empty (0 bytes); download it again")
    if what := file_kinds.kind(file, file_kinds.ANY):
        raise ModelError(f"{file}: is {what}")
    if file.suffix != ".safetensors":
        return
    with file.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if length > size - 8:
            raise ModelError(f"{file}: is no safetensors file, or cut short; download it again")
        try:
            tensors = json.loads(stream.read(length))
            end = max((entry["data_offsets"][1] for name, entry in tensors.items() if name != "__metadata__"), default=0)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ModelError(f"{file}: is no safetensors file: its list of tensors cannot be read; download it again") from None
    if end + length + 8 != size:
        raise ModelError(f"{file}: cut short or damaged: its tensors take {end + length + 8} bytes, the file has {size}; download it again")


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors in the safetensors files of a checkpoint that :func:`check` passed, by name."""
    found: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        if file.name != ADAPTER:
            with file.open("rb") as stream:
                tensors = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
            found |= {name: tuple(entry["shape"]) for name, entry in tensors.items() if name != "__metadata__"}
    return found


def check_depth(folder: Path, config: Mapping[str, Any]) -> None:
    """Check that a config does not ask for far more layers than the weights have, before a model of that depth is built.

    A few too many are found when the weights are loaded.

    Raises:
        ModelError: otherwise.
    """
    numbers = [int(number) for name in shapes(folder) for number in _LAYER.findall(name)]
    for key, value in _entries(config):
        if key in _DEPTHS and isinstance(value, int | float) and numbers and value > 4 * max(numbers) + _FEW_LAYERS:
            raise ModelError(
                f"{folder}/config.json: {key} is {value}, but the weights have at most {max(numbers) + 1} layers; the others are missing"
            )


def check_extractor(folder: Path) -> None:
    """Check the sizes of a feature extractor before one is made: a window of weeks is filled up with zeros until memory runs out.

    Raises:
        ModelError: if a size is larger than that of any model of these families, or no number.
    """
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            for key, size in _entries(read_json(folder / name)):
                if key in _MOST and size is not None and not (isinstance(size, int) and 0 < size <= _MOST[key]):
                    raise ModelError(f"{folder / name}: the feature extractor has {key} {size!r}, which no model of these families has")


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values of a config and of its sections."""
    for key, value in config.items():
        yield key, value
        if isinstance(value, Mapping):
            yield from _entries(value)


def read_json(file: Path) -> dict:
    """Content of a JSON file that holds an object.

    Raises:
        ModelError: if it cannot be read or holds something else.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = file_kinds.kind(file, file_kinds.ANY) if file.is_file() else None
        raise ModelError(f"{file}: {f'is {what}' if what else f'cannot be read as JSON ({error})'}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{file}: is no JSON object; download it again")
    return content
