"""Engines by name; the place where another engine slides in."""

from collections.abc import Sequence

from cuealign.config.entries.model import Model
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Responder
from cuealign.prompts.labels import Label

ENGINES = {"packed": PackedEngine, "prefix": PrefixEngine, "reference": ReferenceEngine}


def responder(loaded: Responder | CausalModel, entry: Model, labels: Sequence[Label]) -> Responder:
    """What answers requests: the loaded system itself, or the engine of the model's entry over the loaded language model."""
    if isinstance(loaded, Responder):
        return loaded
    if entry.engine != "packed":
        return ENGINES[entry.engine](loaded, labels)
    if entry.compile and entry.on_gpu:
        loaded.compile()
    # Dense attention takes the square of a pass's length: off the GPU, every utterance has a pass of its own.
    options = {"budget": entry.batch_tokens if entry.on_gpu else 1, "workers": entry.workers}
    return ENGINES[entry.engine](loaded, labels, **options)
