"""Training: one module per recipe. Each defines ``train(manifest, tokens, template, labels, folder, *, options)``.

A recipe's rule hands it the utterances of one split, their tokens, the wording of the prompts and the labels; it
leaves a checkpoint in ``folder`` that the model's backend loads.
"""

import importlib
from types import ModuleType


def recipe_module(name: str) -> ModuleType:
    """Import a recipe."""
    return importlib.import_module(f"{__name__}.{name}")
