"""Engines by name; the place where another engine slides in."""

from collections.abc import Mapping, Sequence
from typing import Any

from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Label, Responder

ENGINES = {"packed": PackedEngine, "prefix": PrefixEngine, "reference": ReferenceEngine}


def responder(loaded: Responder | CausalModel, entry: Mapping[str, Any], labels: Sequence[Label]) -> Responder:
    """What answers sweeps: the loaded system itself, or the engine of the model's entry over the loaded language model."""
    if isinstance(loaded, Responder):
        return loaded
    if entry["engine"] != "packed":
        return ENGINES[entry["engine"]](loaded, labels)
    gpu = entry["device"].startswith("cuda")
    if entry["compile"] and gpu:
        loaded.compile()
    # Dense attention takes the square of a pass's length: off the GPU, every utterance has a pass of its own.
    options = {"budget": entry["pack_tokens"] if gpu else 1, "workers": entry["workers"]}
    return ENGINES[entry["engine"]](loaded, labels, **options)
