"""Recipes: one module per way to train a model in the workflow.

A recipe module defines ``train(manifest, tokens, template, labels, folder, *, options)``: it gets the utterances of one split, their
tokens, the wording of the prompts and the labels, and writes a checkpoint for the model's backend to ``folder``. It may define
``Options``, a :class:`cuealign.core.registry.PluginOptions` for ``models.<id>.training.options``.

To add one, add a module and name it as ``recipe`` in a model's ``training``.
"""

from cuealign.core.registry import Registry

RECIPES = Registry("recipe", __name__, "train")
"""All recipes."""
