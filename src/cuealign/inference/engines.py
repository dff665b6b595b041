"""Engines by name; a further engine is added here."""

from collections.abc import Sequence

from cuealign.config.entries.model import Model
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import CausalModel, Responder
from cuealign.prompts.labels import Label

ENGINES = {"packed": PackedEngine, "prefix": PrefixEngine, "reference": ReferenceEngine}


def make_engine(model: CausalModel, entry: Model, labels: Sequence[Label]) -> Responder:
    """The engine named in a model's entry, around the model."""
    if entry.engine != "packed":
        return ENGINES[entry.engine](model, labels)
    if entry.compile and entry.on_gpu:
        model.compile()
    # Off the GPU, attention is dense and its cost grows with the square of a pass: one utterance per pass.
    options = {"budget": entry.batch_tokens if entry.on_gpu else 1, "workers": entry.workers}
    return ENGINES[entry.engine](model, labels, **options)
